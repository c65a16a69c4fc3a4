"""Files that survive: whole or not at all."""

from pathlib import Path

import pytest

from monitor.evidence import durable


def test_a_file_is_replaced_whole_and_leaves_nothing_behind(tmp_path: Path) -> None:
    durable.write(tmp_path / "a", b"one")
    durable.write(tmp_path / "a", b"two", mode=durable.OWNER_ONLY)

    assert (tmp_path / "a").read_bytes() == b"two"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_what_a_crash_left_is_no_obstacle_and_lends_no_mode(tmp_path: Path) -> None:
    (tmp_path / "a.tmp").write_bytes(b"torn")
    (tmp_path / "a.tmp").chmod(0o666)

    durable.write(tmp_path / "a", b"whole", mode=durable.OWNER_ONLY)

    assert (tmp_path / "a").read_bytes() == b"whole"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable.write(tmp_path / "a", b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        durable.write(tmp_path / "a", b"new")

    assert (tmp_path / "a").read_bytes() == b"old"


def test_appending_says_where_it_began(tmp_path: Path) -> None:
    assert durable.append(tmp_path / "a", b"abc") == 0
    assert durable.append(tmp_path / "a", b"d") == 3
    durable.cut(tmp_path / "a", 2)
    assert (tmp_path / "a").read_bytes() == b"ab"


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    durable.make_folder(tmp_path / "b" / "c")
    durable.make_folder(tmp_path / "b" / "c")
    assert (tmp_path / "b" / "c").is_dir()
    durable.remove(tmp_path / "b" / "absent")
