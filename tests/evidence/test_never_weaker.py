"""`vigie verify` refuses whatever `verifier.py` refuses: both judge the same mutants."""

import gzip
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.evidence.log.note import Note
from tests.support import mirror
from tests.support.hostile_files import HOSTILE
from tests.support.mirror import LOG, WITNESS
from tests.support.stranger import run_verifier

CONFIG = Path(__file__).parents[1] / "config" / "good"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deux") / "copie"
    folder.mkdir()
    mirror.make(folder, size=700)
    return folder


def refused_by_both(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[bool, bool, str]:
    """Return whether the stranger's verifier refuses it, whether ours does, and what ours said."""
    mirror.list_files(folder)
    roots = folder / "racines.pem"
    stranger, _ = run_verifier(folder, "--cle", str(LOG.verifier))
    words = ["verify", str(folder), "--key", str(LOG.verifier), "--config", str(CONFIG)]
    code = main([*words, *(["--roots", str(roots)] if roots.is_file() else [])])
    return stranger != 0, code != 0, capsys.readouterr().out


def flip(path: Path, seed: int) -> None:
    data = bytearray(path.read_bytes())
    place = random.Random(seed).randrange(len(data))  # noqa: S311 -- a test's dice
    data[place] ^= 1 << place % 8
    path.write_bytes(data)


def stamp(folder: Path) -> Path:
    return min((folder / "journal" / "horodatages").iterdir())


def false_cosignature(folder: Path) -> None:
    path = folder / "journal" / "checkpoint"
    note = Note.parse(path.read_bytes())
    lines = str(note.signatures[1])
    path.write_bytes(path.read_bytes().replace(lines[-9:-5].encode(), b"AAAA"))


def junk(folder: Path) -> None:
    path = min((folder / "captures").iterdir())
    path.write_bytes(path.read_bytes() + b"junk")


def junk_member(folder: Path) -> None:
    path = min((folder / "captures").iterdir())
    path.write_bytes(path.read_bytes() + gzip.compress(b"junk"))


MUTANTS: dict[str, Callable[[Path], object]] = {
    "a token is gone": lambda folder: (stamp(folder) / "token.tst").unlink(),
    "its folder is gone": lambda folder: shutil.rmtree(stamp(folder)),
    "its chain is gone": lambda folder: (stamp(folder) / "chain.pem").unlink(),
    "its chain is another": lambda folder: shutil.copy(
        folder / "racines.pem", stamp(folder) / "chain.pem"
    ),
    "a false cosignature": false_cosignature,
    "an upper tile": lambda folder: flip(folder / "journal/tile/1/000.p/2", 1),
    "a tile too many": lambda folder: shutil.copy(
        folder / "journal/tile/0/000", folder / "journal/tile/0/007"
    ),
    "junk after a capture": junk,
    "a member of junk": junk_member,
    "a capture that no leaf names": lambda folder: shutil.copy(
        min((folder / "captures").iterdir()), folder / "captures/2030-01-01.warc.gz"
    ),
    "a token that is a pipe": lambda folder: HOSTILE["a pipe"](stamp(folder) / "token.tst"),
    "a proof": lambda folder: flip(folder / "preuves/3.feuille", 5),
    "weak key of a witness": lambda folder: (folder / "cles.txt").write_text(
        (folder / "cles.txt").read_text().replace(str(WITNESS.verifier), "x+y+z")
    ),
}


def test_a_good_copy_is_good_for_both(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """But for the fields of its leaves: this one's are made up."""
    copy = Path(shutil.copytree(good, tmp_path / "copie"))

    stranger, _, faults = refused_by_both(copy, capsys)

    assert not stranger
    assert "Vérificateur remis aux tiers" not in faults


@pytest.mark.parametrize("name", MUTANTS)
def test_what_the_stranger_refuses_we_name_too(
    name: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(good, tmp_path / "copie"))
    MUTANTS[name](copy)

    stranger, ours, faults = refused_by_both(copy, capsys)

    assert stranger, name
    assert ours
    assert "Vérificateur remis aux tiers : REFUSÉ" in faults


@pytest.mark.parametrize("seed", range(12))
def test_any_bit_of_any_file(
    seed: int, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(good, tmp_path / "copie"))
    files = sorted(
        path
        for folder in ("journal", "captures", "preuves")
        for path in (copy / folder).rglob("*")
        if path.is_file()
    )
    flip(files[seed * 7 % len(files)], seed)

    stranger, ours, faults = refused_by_both(copy, capsys)

    assert not stranger or (ours and "Vérificateur remis aux tiers : REFUSÉ" in faults)
