"""Files are whole or absent."""

from pathlib import Path

import pytest

from monitor.evidence import durable


def test_a_file_is_written_with_the_folders_above_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c"

    durable.write(path, b"un")
    durable.write(path, b"deux")

    assert b"deux" == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "a"
    durable.write(path, b"un")
    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(OSError, match="No space"):
        durable.write(path, b"deux")
    assert b"un" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())
