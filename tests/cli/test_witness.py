"""`vigie witness`: two associations exchange requests and cosignatures as files."""

import asyncio
import gzip
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.attest.sealing import Sealer
from monitor.cli import main
from monitor.core.model import Gap, GapCause
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.note import Algorithm, Checkpoint, Note, Signature
from monitor.evidence.log.tiles import Tiles
from monitor.runtime.clock import SystemClock
from monitor.store import Store, migrate
from tests.support.mirror import VERIFIER
from tests.support.small_log import SmallLog

GOOD = Path(__file__).parents[1] / "config" / "good"
ORIGIN = "vigie.association.fr/journal"
AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Association:
    """A folder of configuration, a folder of data, and a terminal."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = Path(shutil.copytree(GOOD, folder / "config"))
        self.data = folder / "data"
        self.data.mkdir()
        self.url = f"sqlite:///{self.data.absolute() / 'vigie.sqlite'}"
        self._capsys = capsys
        migrate(self.url)

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command; return what it printed, errors when it fails."""
        command, *rest = words
        where = ["--config", str(self.config), "--data", str(self.data)]
        assert code == main(["witness", command, *where, *rest])
        out, err = self._capsys.readouterr()
        return err if code else out

    def trusts(self, text: str) -> None:
        path = self.config / "vigie.toml"
        path.write_text(f"{path.read_text()}\n{text}\n")

    def received(self, text: str) -> str:
        path = self.data.parent / "piece-jointe.txt"
        path.write_text(text)
        return str(path)

    def grow(self, leaves: int) -> None:
        """Record that many gaps, and seal them."""

        async def grow() -> None:
            with Store.open(self.url, point="local", writer=True, rest_s=0) as store:
                key = own_key(self.data / "journal.key", name=ORIGIN, algorithm=Algorithm.ED25519)
                sealer = Sealer(store, self.data, key, clock=SystemClock())
                await sealer.open()
                for slots in range(1, leaves + 1):
                    await store.record_gap(
                        Gap(
                            target="cible",
                            point="local",
                            from_at=AT,
                            to_at=AT + timedelta(seconds=1),
                            slots=slots,
                            cause=GapCause.STOPPED,
                        )
                    )
                await sealer.seal()
                sealer.close()

        asyncio.run(grow())
        self._capsys.readouterr()  # what the service logs

    @property
    def size(self) -> int:
        with Store.open(self.url, point="local", writer=False) as store:
            return store.signed_size()

    @property
    def log_key(self) -> str:
        key = own_key(self.data / "journal.key", name=ORIGIN, algorithm=Algorithm.ED25519)
        return str(key.verifier)


@pytest.fixture
def ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Association:
    return Association(tmp_path / "nous", capsys)


@pytest.fixture
def theirs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Association:
    return Association(tmp_path / "eux", capsys)


@pytest.fixture
def partners(ours: Association, theirs: Association) -> tuple[Association, Association, str]:
    """Return both, after they exchanged keys; and the name of the witness."""
    ours.grow(3)
    key = theirs.run("show-key").strip()
    ours.trusts(f'[cosigning]\nwitness = [{{ key = "{key}" }}]')
    theirs.trusts(f'[witness]\nlog = [{{ key = "{ours.log_key}" }}]')
    return ours, theirs, key.partition("+")[0]


def test_a_key_is_made_at_first_use_and_stays(ours: Association) -> None:
    first = ours.run("show-key")

    assert first == ours.run("show-key")
    assert first.startswith("vigie.association.fr/temoin+")
    assert 0o600 == (ours.data / "temoin" / "cle").stat().st_mode & 0o777


def test_a_journal_is_cosigned_by_mail_and_again_when_it_has_grown(
    partners: tuple[Association, Association, str],
) -> None:
    ours, theirs, name = partners
    for leaves in (1, 300):
        ours.grow(leaves)
        asked = ours.run("request", name)
        line = theirs.run("cosign", theirs.received(asked))
        told = ours.run("add", ours.received(line))

        assert Signature.parse(line.strip()).name == name
        assert told.startswith(f"{name} : {ours.size}")
        with Store.open(ours.url, point="local", writer=False) as store:
            assert ours.size == store.last_cosignatures()[name].size
    assert "cosigné 1 fois, 1 demandées" in ours.run("status")


def test_a_file_that_went_through_another_system_or_a_mail_is_read(
    partners: tuple[Association, Association, str],
) -> None:
    """Line ends may have changed, and words of courtesy surround the line."""
    ours, theirs, name = partners
    asked = ours.run("request", name).replace("\n", "\r\n")
    path = Path(theirs.received(""))
    path.write_bytes(asked.encode())
    line = theirs.run("cosign", str(path)).strip()

    ours.run("add", ours.received(f"Bonjour,\r\n\r\n{line}\r\n\r\nBien à vous\r\n"))


def test_a_wrong_starting_point_is_said_with_the_cure(
    partners: tuple[Association, Association, str],
) -> None:
    ours, theirs, name = partners
    theirs.run("cosign", theirs.received(ours.run("request", name)))
    held = str(ours.size)
    ours.grow(2)
    refused = theirs.run("cosign", theirs.received(ours.run("request", name)), code=1)

    assert f"--old {held}" in refused
    theirs.run("cosign", theirs.received(ours.run("request", name, "--old", held)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "illisible"),
        (bytes(SmallLog().request(0, 5)).decode(), "pas de ceux que nous cosignons"),
    ],
)
def test_what_is_not_cosigned_is_said_why(theirs: Association, text: str, expected: str) -> None:
    assert expected in theirs.run("cosign", theirs.received(text), code=1)


def test_a_forged_request_is_refused(partners: tuple[Association, Association, str]) -> None:
    ours, theirs, name = partners
    forged = ours.run("request", name).replace(f"\n{ours.size}\n", "\n99\n")

    assert "signature" in theirs.run("cosign", theirs.received(forged), code=1)


def test_a_fork_is_refused_kept_and_shown(
    partners: tuple[Association, Association, str],
) -> None:
    ours, theirs, name = partners
    asked = ours.run("request", name)
    theirs.run("cosign", theirs.received(asked))
    other = _forked(ours, asked)

    assert "REFUSÉ" in theirs.run("cosign", theirs.received(other), code=1)
    main(["witness", "status", "--config", str(theirs.config), "--data", str(theirs.data)])
    assert "deux histoires" in theirs._capsys.readouterr().out


def _forked(ours: Association, asked: str) -> str:
    """Return a request for another tree of the same size, signed by the genuine key."""
    lie = SmallLog(history="autre", origin=ORIGIN)
    lie.key = own_key(ours.data / "journal.key", name=ORIGIN, algorithm=Algorithm.ED25519)
    return (
        asked.partition("\n")[0].replace("old 0", f"old {ours.size}")
        + f"\n\n{bytes(lie.note(ours.size)).decode()}"
    )


def test_a_line_of_somebody_else_is_not_added(
    partners: tuple[Association, Association, str],
) -> None:
    ours, theirs, name = partners
    line = theirs.run("cosign", theirs.received(ours.run("request", name)))
    ours.config.joinpath("vigie.toml").write_text((GOOD / "vigie.toml").read_text())

    assert "[cosigning]" in ours.run("add", ours.received(line), code=1)
    assert "inconnu" in ours.run("request", name, code=2)


@pytest.mark.parametrize("old", ["99", "98"])
def test_a_size_that_the_journal_does_not_have_is_said(
    partners: tuple[Association, Association, str], old: str
) -> None:
    ours, _, name = partners

    assert "--old" in ours.run("request", name, f"--old={old}", code=2)


def test_a_size_that_is_no_number_is_refused(
    partners: tuple[Association, Association, str],
) -> None:
    ours, _, name = partners
    with pytest.raises(SystemExit) as refused:
        ours.run("request", name, "--old=-1", code=2)
    assert 2 == refused.value.code


def test_a_file_that_is_not_there_is_said(ours: Association) -> None:
    assert "illisible" in ours.run("cosign", "rien.txt", code=2)


def test_without_a_checkpoint_there_is_nothing_to_cosign(
    ours: Association, theirs: Association
) -> None:
    key = theirs.run("show-key").strip()
    ours.trusts(f'[cosigning]\nwitness = [{{ key = "{key}" }}]')

    assert "aucun point de contrôle" in ours.run("request", key.partition("+")[0], code=2)
    assert "aucun point de contrôle" in ours.run("status")


def test_the_published_checkpoint_is_the_one_that_is_sent(
    partners: tuple[Association, Association, str],
) -> None:
    ours, _, name = partners
    published = Tiles(ours.data / "journal").checkpoint() or b""

    assert ours.run("request", name).endswith(
        Note.parse(published).text + "\n" + published.decode().partition("\n\n")[2]
    )


def exported(ours: Association, name: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Export, and return how many leaves the copy has, and what was said."""
    out = ours.data.parent / name
    where = ["--config", str(ours.config), "--data", str(ours.data)]
    assert main(["export", *where, "--out", str(out)]) == 0, capsys.readouterr().err
    output = capsys.readouterr().out
    note = Note.parse((out / "journal" / "checkpoint").read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(out), "--cle", ours.log_key],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return Checkpoint.parse(note.text).size, output + done.stdout


def test_the_newest_checkpoint_that_has_its_cosignatures_is_exported(
    partners: tuple[Association, Association, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Right after a seal, and whenever a witness signs by mail, the newest has none."""
    ours, theirs, name = partners
    size, output = exported(ours, "sans", capsys)
    assert size == ours.size
    assert "Aucun point de contrôle récent" in output
    assert "rien ne date ni n’atteste ce journal" in output

    line = theirs.run("cosign", theirs.received(ours.run("request", name)))
    ours.run("add", ours.received(line))
    cosigned = ours.size
    assert exported(ours, "avec", capsys)[0] == cosigned
    for part in (2, 300):
        ours.grow(part)
        size, output = exported(ours, f"apres-{part}", capsys)
        assert size == cosigned < ours.size
        assert f"s’arrête à {cosigned} feuilles sur {ours.size}" in output
        assert f"contresigné par : {name}" in output


def test_a_copy_that_its_own_verifier_refuses_is_not_handed_over(
    partners: tuple[Association, Association, str], capsys: pytest.CaptureFixture[str]
) -> None:
    ours, _, _ = partners
    entries = next((ours.data / "journal" / "tile" / "entries").rglob("*.gz"))
    bundle = gzip.decompress(entries.read_bytes())
    entries.write_bytes(gzip.compress(bundle.replace(b"stopped", b"overrun", 1)))
    out = ours.data.parent / "copie"
    where = ["--config", str(ours.config), "--data", str(ours.data)]

    assert main(["export", *where, "--out", str(out)]) == 2
    assert "refusé par son propre vérificateur" in capsys.readouterr().err
    assert not out.exists()
