"""Partial files that larger ones followed are served still: they must begin those."""

from pathlib import Path

from monitor.evidence.log.journal import FOLDER
from monitor.evidence.log.tiles import Tiles
from tests.support.journals import Rows, sealed

OLD = ("tile/0/001.p/44", "tile/entries/001.p/44.gz")


def grown(data: Path) -> Tiles:
    """Seal 300 leaves, then 320."""
    rows = Rows()
    for size in (300, 320):
        sealed(data, rows, size)
    return Tiles(data / FOLDER)


def test_partial_files_that_begin_the_next_ones_are_good(tmp_path: Path) -> None:
    tiles = grown(tmp_path)
    assert all((tiles.folder / name).exists() for name in OLD)
    assert list(tiles.stale(320)) == []
    assert list(tiles.stale(300)) == []  # those of a larger tree are not judged


def test_a_changed_partial_file_is_named(tmp_path: Path) -> None:
    tiles = grown(tmp_path)
    for name in OLD:
        path = tiles.folder / name
        data = path.read_bytes()
        path.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])
    assert sorted(tiles.stale(320)) == sorted(OLD)


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    tiles = grown(tmp_path)
    (tiles.folder / "tile/0/001.p/.half.tmp").write_bytes(b"half")
    (tiles.folder / "tile/0/001.p/more").write_bytes(b"")
    assert list(tiles.stale(320)) == ["tile/0/001.p/more"]
