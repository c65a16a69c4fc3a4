"""`vigie verify` and the time-stamps kept beside a journal."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.attest.verification_stamps import JudgedStamps, stamped_notes
from monitor.evidence.timestamps.certificate_files import as_pem
from monitor.evidence.timestamps.rfc3161 import Question, check_answer
from tests.support.small_log import SmallLog
from tests.support.tsa import Authority, authority

NOTE = bytes(SmallLog().note(5))


@pytest.fixture
def tsa(tmp_path: Path) -> Authority:
    return authority(tmp_path / "tsa")


@pytest.fixture
def folder(tmp_path: Path, tsa: Authority) -> Path:
    """Return the folder of a token that was kept."""
    question = Question(note=NOTE, nonce=7)
    now = datetime.now(UTC)  # noqa: TID251 -- openssl stamps by the real clock
    token = check_answer(tsa.answer(question.der), question, roots=[tsa.root.der], now=now)
    kept = tmp_path / "journal" / "horodatages" / token.sha256.hex()
    kept.mkdir(parents=True)
    (kept / "token.tst").write_bytes(token.der)
    (kept / "checkpoint").write_bytes(NOTE)
    (kept / "chain.pem").write_bytes(as_pem(token.chain))
    return kept


def test_a_kept_token_is_verified_and_its_checkpoint_is_one_to_extend(
    folder: Path, tsa: Authority
) -> None:
    journal = folder.parents[1]
    step = JudgedStamps.of(journal, roots=[tsa.root.der]).step()

    assert step is not None
    assert step.ok
    assert step.done.startswith("jetons vérifiés : 1, du ")
    assert [folder / "checkpoint"] == stamped_notes(journal)


def test_without_its_root_a_token_proves_nothing_and_says_so(folder: Path) -> None:
    step = JudgedStamps.of(folder.parents[1], roots=[]).step()

    assert step is not None
    assert step.ok
    assert step.done.endswith("(--roots) : 1")
    assert step.proves.startswith("Rien")


@pytest.mark.parametrize("name", ["token.tst", "checkpoint"])
def test_a_changed_file_is_named(folder: Path, tsa: Authority, name: str) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    step = JudgedStamps.of(folder.parents[1], roots=[tsa.root.der]).step()

    assert step is not None
    assert str(folder) in step.faults[0]


def test_a_checkpoint_that_is_gone_is_named(folder: Path, tsa: Authority) -> None:
    (folder / "checkpoint").unlink()

    step = JudgedStamps.of(folder.parents[1], roots=[tsa.root.der]).step()

    assert step is not None
    assert not step.ok


def test_a_token_under_another_name_is_refused(folder: Path, tsa: Authority) -> None:
    moved = folder.rename(folder.with_name("0" * 64))

    step = JudgedStamps.of(moved.parents[1], roots=[tsa.root.der]).step()

    assert step is not None
    assert not step.ok


def test_a_journal_without_tokens_has_no_such_step(tmp_path: Path) -> None:
    assert JudgedStamps.of(tmp_path, roots=[]).step() is None
