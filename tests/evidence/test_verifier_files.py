"""`verify/verifier.py` in a folder whose files are hostile: a sentence, soon, in little memory."""

import os
import resource
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import mirror
from tests.support.hostile_files import HOSTILE, key_text, weak_keys
from tests.support.mirror import LOG, VERIFIER, WITNESS

MEMORY = 1_500_000_000  # bytes of address space
PATIENCE_S = 100  # a bomb of 10 GB takes ten times that to unpack whole, on a busy machine


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fichiers") / "copie"
    folder.mkdir()
    mirror.make(folder, size=310)
    return folder


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "copie"))


def run(folder: Path, *options: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(folder), *map(str, options)],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.defpath},
        timeout=PATIENCE_S,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


PLACES = ["MANIFESTE", "cles.txt", "racines.pem", "journal/checkpoint", "journal/tile/0/000",
          "journal/tile/entries/000", "preuves/3.tlog-proof", "preuves/3.feuille",
          "captures/2026-11-23.warc.gz", "journal/horodatages/*/token.tst",
          "journal/horodatages/*/chain.pem", "journal/horodatages/*/checkpoint",
          "journal/horodatages/*/crl-1.crl", "autre"]  # fmt: skip


def one(folder: Path, place: str) -> Path:
    return min(folder.glob(place)) if "*" in place else folder / place


# Each place meets two kinds, and each kind three places: all pairs would take minutes.
PAIRS = [
    (place, list(HOSTILE)[(2 * rank + more) % len(HOSTILE)])
    for rank, place in enumerate(PLACES)
    for more in (0, 1)
]
HARMLESS = {("MANIFESTE", "a folder"), ("autre", "a folder")}  # an empty folder says nothing


@pytest.mark.parametrize(("place", "kind"), sorted(set(PAIRS) - HARMLESS))
def test_any_file_may_be_hostile(place: str, kind: str, copy: Path) -> None:
    path = one(copy, place)
    HOSTILE[kind](path)

    code, output = run(copy)

    assert code == 1
    assert "ÉCHEC" in output


def test_a_bundle_may_be_a_bomb_of_its_own(copy: Path) -> None:
    path = copy / "journal/tile/entries/000"
    path.unlink()
    HOSTILE["a bomb"](path.with_name("000.gz"))

    code, output = run(copy)

    assert code == 1
    assert "000.gz" in output


def test_a_folder_may_be_a_link(copy: Path, tmp_path: Path) -> None:
    for name in ("journal", "captures", "journal/tile", "journal/horodatages"):
        moved = tmp_path / "ailleurs"
        (copy / name).rename(moved)
        (copy / name).symlink_to(moved)
        code, output = run(copy)
        assert code == 1
        assert f"{copy / name} : lien symbolique" in output
        (copy / name).unlink()
        moved.rename(copy / name)
    assert run(copy)[0] == 0


def test_a_file_that_a_person_gives_may_be_a_link(copy: Path, tmp_path: Path) -> None:
    for name in ("racines.pem", "cles.txt"):
        (tmp_path / name).symlink_to(copy / name)

    code, output = run(copy, "--racines", tmp_path / "racines.pem", "--cles", tmp_path / "cles.txt")

    assert code == 0, output


def test_names_in_the_list_of_files_lead_nowhere(copy: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    manifest = copy / "MANIFESTE"
    manifest.write_text(f"{manifest.read_text()}{'0' * 64}  ../secret\n{'0' * 64}  /etc/passwd\n")

    code, output = run(copy)

    assert code == 1
    assert "../secret : manque" in output


def test_a_name_cannot_drive_a_terminal(copy: Path) -> None:
    (copy / "x\x1b[31m\ny").write_text("")

    code, output = run(copy)

    assert code == 1
    assert "\x1b" not in output


WORDS = [
    "quorum ²",
    "quorum -1",
    f"quorum {'9' * 5000}",
    "quorum 01",
    "witness a b",
    "log x\nlog y",
]


@pytest.mark.parametrize("words", WORDS)
def test_keys_may_say_anything(words: str, copy: Path) -> None:
    path = copy / "cles.txt"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("quorum")]
    path.write_text("\n".join([*lines, words, ""]))
    mirror.list_files(copy)

    assert run(copy)[0] == 1


def test_a_key_under_which_any_text_is_signed_is_refused(copy: Path) -> None:
    path, good = copy / "cles.txt", (copy / "cles.txt").read_text()
    for kind, old in ((1, str(LOG.verifier)), (4, str(WITNESS.verifier))):
        text = key_text(old.partition("+")[0], kind, weak_keys()["order 8, sign 1"])
        path.write_text(good.replace(old, text))
        code, output = run(copy)
        assert code == 1
        assert "clé faible" in output


@pytest.mark.parametrize("name", weak_keys())
def test_all_keys_of_small_order_are_known(name: str) -> None:
    program = runpy.run_path(str(VERIFIER), run_name="verifier")
    with pytest.raises(program["Fault"], match="faible"):
        program["Key"](key_text("vigie.example/x", 1, weak_keys()[name]), 1, "cles.txt")


def test_a_key_of_the_other_kind_is_refused(copy: Path) -> None:
    """A witness's key is no log's: what the one signs would pass for what the other does."""
    path = copy / "cles.txt"
    for kind, key in ((4, LOG), (1, WITNESS)):
        good = path.read_text()
        wrong = key_text(key.name, kind, key.verifier.public)
        path.write_text(good.replace(str(key.verifier), wrong))
        assert run(copy)[0] == 1
        path.write_text(good)
