"""Our own keys: made once, kept to ourselves, never silently replaced."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitor.evidence.log.keys import KeyFileError, own_key
from monitor.evidence.log.note import Algorithm

NAME = "vigie.example/temoin"


def made(path: Path, name: str = NAME, algorithm: Algorithm = Algorithm.COSIGNATURE) -> str:
    return str(own_key(path, name=name, algorithm=algorithm))


def test_a_key_is_made_once_for_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "cles" / "temoin"

    first = made(path)

    assert first == made(path)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_two_first_uses_at_once_give_one_key(tmp_path: Path) -> None:
    path = tmp_path / "temoin"
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: made(path), range(8)))

    assert 1 == len(keys)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "temoin"
    made(path)
    path.chmod(0o644)

    with pytest.raises(KeyFileError, match="chmod 600"):
        made(path)


@pytest.mark.parametrize("text", ["", "autre chose", "PRIVATE+KEY+a+00000000+AAAA"])
def test_a_file_that_is_no_key_is_refused_and_left(tmp_path: Path, text: str) -> None:
    path = tmp_path / "temoin"
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(KeyFileError, match="illisible"):
        made(path)
    assert text == path.read_text()


def test_a_key_serves_one_name_and_one_use(tmp_path: Path) -> None:
    """A log's key that also cosigned would let one statement pass for the other."""
    path = tmp_path / "temoin"
    made(path)

    with pytest.raises(KeyFileError, match=r"autre\.example"):
        made(path, name="autre.example/temoin")
    with pytest.raises(KeyFileError):
        made(path, algorithm=Algorithm.ED25519)
