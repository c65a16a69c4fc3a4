"""The store and the journal's folder together: sealed, cut short, restored."""

import asyncio
import shutil
from pathlib import Path

import pytest

from monitor.attest.sealing import KEY_FILE, Sealer, journal_key, require_journal
from monitor.attest.verification import verify
from monitor.evidence.log.journal import FOLDER, LAST, JournalError
from monitor.evidence.log.note import Algorithm, SignerKey
from tests.support.clock import FakeClock
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.journals import KEY, ORIGIN
from tests.support.outcomes import at, panel
from tests.support.service_days import live, open_store

__all__ = ["database_url", "postgres", "sqlite_template"]


def rounds(first: int, count: int) -> list[int]:
    return [60 * n for n in range(first, first + count)]


def test_a_store_is_sealed_again_and_again_and_always_verifies(
    database_url: str, tmp_path: Path
) -> None:
    """Over several bundles: leaves leave SQL, and the store still agrees with the journal."""
    with open_store(database_url) as store:
        live(store)

        async def seal_often() -> None:
            sealer = Sealer(store, tmp_path, KEY, clock=FakeClock())
            await sealer.open()
            for part in range(6):
                instants = rounds(100_000 + part * 100, 100)
                await asyncio.gather(
                    *(store.record_round(panel(at(instant)), None) for instant in instants)
                )
                signed = await sealer.seal()
                assert signed is not None
                assert store.first_leaf() == signed.bundled
                assert await sealer.seal() is None
            sealer.close()

        asyncio.run(seal_often())
        assert store.first_leaf() >= 512
        steps = list(verify(tmp_path / FOLDER, key=KEY.verifier, store=store))
    assert [step.faults for step in steps] == [()] * 5


def test_a_seal_that_the_store_did_not_hear_of_is_told_again(
    database_url: str, tmp_path: Path
) -> None:
    """The service dies between the published note and the store's own line."""
    with open_store(database_url) as store:
        live(store)
        sealer = Sealer(store, tmp_path, KEY, clock=FakeClock())
        sealer.journal.open(at(0))
        unheard = sealer.journal.seal(at(0))
        assert unheard is not None
        sealer.close()
        assert store.signed_size() == 0
        again = Sealer(store, tmp_path, KEY, clock=FakeClock())
        asyncio.run(again.open())
        again.close()
        assert store.signed_size() == unheard.size


def test_a_database_put_back_refuses_to_fork(sqlite_template: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(sqlite_template, tmp_path / "vigie.sqlite"))
    url = f"sqlite:///{path}"

    def seal() -> None:
        with open_store(url) as store:
            sealer = Sealer(store, tmp_path, KEY, clock=FakeClock())
            try:
                asyncio.run(sealer.open())
                asyncio.run(sealer.seal())
            finally:
                sealer.close()

    with open_store(url) as store:
        live(store)
    seal()
    backup = Path(shutil.copy(path, tmp_path / "backup"))
    with open_store(url) as store:
        asyncio.run(store.record_round(panel(at(90_000)), None))
    seal()
    shutil.copy(backup, path)
    with pytest.raises(JournalError, match="« vigie rebuild »"):
        seal()
    with open_store(url) as store:  # another past, as long as the first
        asyncio.run(store.record_round(panel(at(90_001)), None))
    with pytest.raises(JournalError, match="« vigie rebuild »"):
        seal()


def test_the_key_is_made_once_or_given(tmp_path: Path) -> None:
    made = journal_key(tmp_path, origin=ORIGIN, text="")
    assert journal_key(tmp_path, origin=ORIGIN, text="") == made
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert journal_key(tmp_path, origin=ORIGIN, text=str(KEY)) == KEY
    other = SignerKey("other.test", Algorithm.ED25519, b"o" * 32)
    for text in ("PRIVATE+KEY+nonsense", str(other)):
        with pytest.raises(JournalError, match="VIGIE_JOURNAL_KEY"):
            journal_key(tmp_path, origin=ORIGIN, text=text)


def test_a_key_that_signed_nothing_before_a_crash_may_sign(
    sqlite_template: Path, tmp_path: Path
) -> None:
    """Killed between the making of the key and the first note, the service starts again."""
    path = Path(shutil.copy(sqlite_template, tmp_path / "vigie.sqlite"))
    with open_store(f"sqlite:///{path}") as store:
        made = journal_key(tmp_path, origin=ORIGIN, text="")
        require_journal(tmp_path, store, text="")
        assert journal_key(tmp_path, origin=ORIGIN, text="") == made

        sealer = Sealer(store, tmp_path, made, clock=FakeClock())
        asyncio.run(sealer.open())
        sealer.close()
        (tmp_path / LAST).unlink()
        with pytest.raises(JournalError, match="--new-journal"):
            require_journal(tmp_path, store, text="")
