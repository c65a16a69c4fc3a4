"""A copy holds what its checkpoint vouches for, and nothing that came later."""

from pathlib import Path

import pytest

from monitor.evidence.log import mirror
from tests.support import mirror as support
from tests.support.mirror import Tree


@pytest.fixture
def tree() -> Tree:
    told = [support.leaf("round", number=number) for number in range(300)]
    for rank, name in ((10, "2026-11-23.warc.gz"), (280, "2026-11-24.warc.gz")):
        told[rank] = support.leaf("capture", file=name)
    told[11] = support.leaf("annotation", text='a "capture" is spoken of', file="x")
    return Tree(told)


def test_only_files_that_the_copied_leaves_name_are_wanted(tree: Tree, tmp_path: Path) -> None:
    for size in (279, 300):
        tree.write(tmp_path, size)
    both = {"2026-11-23.warc.gz", "2026-11-24.warc.gz"}

    assert both == mirror.capture_files(tmp_path, 300)
    assert {"2026-11-23.warc.gz"} == mirror.capture_files(tmp_path, 279)


def test_stamps_of_later_checkpoints_and_unfinished_ones_are_left_out(
    tree: Tree, tmp_path: Path
) -> None:
    stamps = tmp_path / "horodatages"
    for size in (100, 200, 201):
        support.put(stamps / str(size) / "checkpoint", tree.checkpoint(size))
        support.put(stamps / str(size) / "token.tst", b"")
    support.put(stamps / "unfinished" / "checkpoint", tree.checkpoint(1))

    copied = mirror.copy_stamps(stamps, tmp_path / "copie", size=200)

    assert copied == 2
    assert {"100", "200"} == {each.name for each in (tmp_path / "copie").iterdir()}
    assert mirror.copy_stamps(tmp_path / "absent", tmp_path / "vide", size=9) == 0
