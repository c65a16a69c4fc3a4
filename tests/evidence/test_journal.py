"""No fork, no lost leaf, whatever the operator, the disk or the power supply does."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from monitor.evidence import durable
from monitor.evidence.log import tlog
from monitor.evidence.log.journal import FOLDER, LAST, Journal, JournalError
from monitor.evidence.log.note import Algorithm, Checkpoint, Note, SignerKey, sign
from monitor.evidence.log.tiles import Tiles
from tests.support.journals import KEY, ORIGIN, Rows, entry, sealed
from tests.support.outcomes import START

SIZES = [1, 2, 255, 256, 257, 300, 512, 513, 700]


def assert_whole(data: Path, entries: list[bytes]) -> Checkpoint:
    """Read the folder as a stranger would: note, every tile, every bundle, the root."""
    tiles = Tiles(data / FOLDER)
    published = tiles.checkpoint()
    assert published is not None
    note = Note.parse(published)
    assert note.verified_by([KEY.verifier])
    checkpoint = Checkpoint.parse(note.text)
    assert checkpoint.origin == ORIGIN
    size = checkpoint.size
    found: list[bytes] = []
    for start in range(0, size, 256):
        width = min(256, size - start)
        bundle = tiles.entries(start // 256, width)
        hashes = b"".join(map(tlog.leaf_hash, bundle))
        assert tiles.tile(tlog.Tile(0, start // 256, width)) == hashes
        found += bundle
    assert found == entries[:size]
    nodes = tlog.nodes_from_tiles(tiles.tile, size)
    assert tlog.root(nodes, size) == checkpoint.root
    for tile in tlog.tiles(size):
        assert tiles.tile(tile)
    return checkpoint


def test_a_journal_grows_by_any_steps_and_is_whole_after_each(tmp_path: Path) -> None:
    rows = Rows()
    for size in SIZES:
        sealed(tmp_path, rows, size)
        assert assert_whole(tmp_path, rows.entries).size == size
        assert rows.first == size - size % 256


def test_the_steps_do_not_change_the_tree(tmp_path: Path) -> None:
    rows = Rows()
    for size in SIZES:
        sealed(tmp_path / "many", rows, size)
    sealed(tmp_path / "one", Rows(), SIZES[-1])
    many = (tmp_path / "many" / FOLDER / "checkpoint").read_bytes()
    assert (tmp_path / "one" / FOLDER / "checkpoint").read_bytes() == many


def test_a_tree_of_three_levels_is_whole(tmp_path: Path) -> None:
    rows = Rows()
    for size in (65_530, 65_536, 65_800):
        sealed(tmp_path, rows, size)
    assert assert_whole(tmp_path, rows.entries).size == 65_800


def test_nothing_new_signs_nothing(tmp_path: Path) -> None:
    rows = Rows()
    sealed(tmp_path, rows, 10)
    before = (tmp_path / LAST).stat().st_mtime_ns
    sealed(tmp_path, rows, 10)
    assert (tmp_path / LAST).stat().st_mtime_ns == before


def test_an_empty_journal_has_no_checkpoint(tmp_path: Path) -> None:
    sealed(tmp_path, Rows(), 0)
    assert not (tmp_path / FOLDER / "checkpoint").exists()


def test_partial_tiles_last_until_the_full_one_is_there(tmp_path: Path) -> None:
    """A reader of an older checkpoint finds its tiles, or the full ones (tlog-tiles)."""
    rows = Rows()
    for size in (100, 200, 250):
        sealed(tmp_path, rows, size)
    folder = tmp_path / FOLDER / "tile"
    assert sorted(path.name for path in (folder / "0/000.p").iterdir()) == ["100", "200", "250"]
    sealed(tmp_path, rows, 300)
    assert not (folder / "0/000.p").exists()
    assert not (folder / "entries/000.p").exists()
    assert (folder / "0/001.p/44").exists()


class Crash(Exception):  # noqa: N818 -- the power supply's, not ours
    """The machine stops here."""


def crash_at(monkeypatch: pytest.MonkeyPatch, step: int, *, persisted: bool) -> Callable[[], bool]:
    """Make the machine stop at the n-th durable write, before or after it took effect.

    Returns a function that tells whether it did.
    """
    real, seen = durable.write, 0

    def write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
        nonlocal seen
        seen += 1
        if seen == step and not persisted:
            raise Crash
        real(path, data, mode=mode)
        if seen == step:
            raise Crash

    monkeypatch.setattr(durable, "write", write)
    return lambda: seen >= step


@pytest.mark.parametrize("persisted", [False, True], ids=["not-persisted", "persisted-anyway"])
@pytest.mark.parametrize("noted", [False, True], ids=["store-did-not-note", "store-noted"])
def test_a_crash_at_any_step_forks_nothing_and_loses_no_leaf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, persisted: bool, noted: bool
) -> None:
    """Between commit, bundle, tile, note and checkpoint; then the service starts again."""
    step = 1
    while True:
        data = tmp_path / str(step)
        rows = Rows()
        sealed(data, rows, 250)
        with monkeypatch.context() as broken:
            happened = crash_at(broken, step, persisted=persisted)
            with suppress(Crash):
                sealed(data, rows if noted else rows.copy(), 530)
            rows.entries += [entry(n) for n in range(len(rows.entries), 530)]
            over = not happened()  # the last time, only the store may have missed it
        before = Checkpoint.parse(Note.parse((data / LAST).read_bytes()).text)
        sealed(data, rows, 531)  # the same function recovers; what was signed must be extended
        after = assert_whole(data, rows.entries)
        assert after.size == 531
        nodes = tlog.nodes_from_tiles(Tiles(data / FOLDER).tile, 531)
        tlog.check_consistency(
            tlog.prove_consistency(nodes, before.size, 531),
            old=before.size,
            size=531,
            old_root=before.root,
            root=after.root,
        )
        if over:
            break
        step += 1
    assert step == 10  # three bundles, four tiles, two notes


def test_a_backup_put_back_refuses_to_fork_and_says_what_to_do(tmp_path: Path) -> None:
    rows = Rows()
    sealed(tmp_path, rows, 300)
    backup = rows.copy()
    sealed(tmp_path, rows, 600)
    with pytest.raises(JournalError, match=r"sauvegarde ancienne.*« vigie rebuild »"):
        sealed(tmp_path, backup, 0)
    with pytest.raises(JournalError, match="sauvegarde ancienne"):
        sealed(tmp_path, backup, 650, word="other")
    assert assert_whole(tmp_path, rows.entries).size == 600
    sealed(tmp_path, rows, 601)


def test_a_changed_leaf_that_was_signed_is_found_at_the_start(tmp_path: Path) -> None:
    rows = Rows()
    sealed(tmp_path, rows, 300)
    rows.entries[299] = b"another"
    with pytest.raises(JournalError, match="modifiée"):
        sealed(tmp_path, rows, 301)


def test_a_journal_that_is_taken_away_under_the_service_is_not_begun_again(tmp_path: Path) -> None:
    rows = Rows()
    journal = Journal(tmp_path, KEY, rows)
    rows.entries += [b"leaf %d" % n for n in range(300)]
    journal.open(START)
    signed = journal.seal(START)
    assert signed is not None
    rows.signed = signed.size
    shutil.rmtree(tmp_path / FOLDER)
    rows.entries += [b"more"] * 10

    with pytest.raises(JournalError, match="retiré ou déplacé"):
        journal.seal(START)
    assert not (tmp_path / FOLDER).exists()
    journal.close()


def test_files_of_a_backup_refuse_to_fork(tmp_path: Path) -> None:
    """The folder and the copy beside it are older than what the store knows as signed."""
    rows = Rows()
    sealed(tmp_path / "now", rows, 300)
    shutil.copytree(tmp_path / "now", tmp_path / "old")
    sealed(tmp_path / "now", rows, 600)
    with pytest.raises(JournalError, match="perdus, ou viennent d’une sauvegarde"):
        sealed(tmp_path / "old", rows, 601)
    with pytest.raises(JournalError, match="perdus"):
        sealed(tmp_path / "empty", rows, 601)


def test_the_folder_alone_put_back_is_repaired_or_refused(tmp_path: Path) -> None:
    """The copy of the last note, outside the folder, tells that more was signed."""
    rows = Rows()
    sealed(tmp_path, rows, 300)
    shutil.copytree(tmp_path / FOLDER, tmp_path / "backup")
    sealed(tmp_path, rows, 600)
    shutil.rmtree(tmp_path / FOLDER)
    shutil.copytree(tmp_path / "backup", tmp_path / FOLDER)
    with pytest.raises(JournalError, match="manquant ou abîmé"):
        sealed(tmp_path, rows, 601)


def test_two_processes_do_not_append_to_one_journal(tmp_path: Path) -> None:
    rows = Rows([entry(0)])
    first = Journal(tmp_path, KEY, rows)
    first.open(START)
    second = Journal(tmp_path, KEY, rows)
    with pytest.raises(JournalError, match="Un autre service"):
        second.open(START)
    first.close()
    second.open(START)
    second.close()


@pytest.mark.parametrize("name", [FOLDER, "captures", "journal.key", "journal.lock"])
@pytest.mark.parametrize("hard", [True, False])
def test_two_folders_that_share_a_part_by_a_link_have_one_service(
    tmp_path: Path, name: str, *, hard: bool
) -> None:
    one, other = tmp_path / "un", tmp_path / "deux"
    for folder in (one / FOLDER, one / "captures", other):
        folder.mkdir(parents=True)
    for file in ("journal.key", "journal.lock"):
        (one / file).touch()
    if hard and (one / name).is_file():
        (other / name).hardlink_to(one / name)
    else:
        (other / name).symlink_to(one / name)
    first, second = Journal(one, KEY, Rows()), Journal(other, KEY, Rows())
    first.open(START)
    with pytest.raises(JournalError, match=f"Un autre service Vigie tient déjà .*{name}"):
        second.open(START)
    first.close()
    second.open(START)
    second.close()


def test_a_rewritten_history_signed_again_is_betrayed_by_an_old_checkpoint(tmp_path: Path) -> None:
    """The operator has the key: only what others hold, cosigned or stamped, stops him."""
    rows = Rows()
    sealed(tmp_path / "true", rows, 300)
    old = assert_whole(tmp_path / "true", rows.entries)
    sealed(tmp_path / "true", rows, 400)
    forged = Rows([entry(n) for n in range(400)])
    forged.entries[10] = b"nothing happened"
    sealed(tmp_path / "false", forged, 400)
    new = assert_whole(tmp_path / "false", forged.entries)  # valid by itself: same key, same name
    nodes = tlog.nodes_from_tiles(Tiles(tmp_path / "false" / FOLDER).tile, 400)
    with pytest.raises(tlog.ProofError, match="old root"):
        tlog.check_consistency(
            tlog.prove_consistency(nodes, 300, 400),
            old=300,
            size=400,
            old_root=old.root,
            root=new.root,
        )


def test_the_program_does_not_go_on_from_a_rewritten_journal(tmp_path: Path) -> None:
    rows = Rows()
    sealed(tmp_path, rows, 300)
    forged = Rows([b"x", *rows.entries[1:]])
    sealed(tmp_path / "false", forged, 300)
    shutil.copytree(tmp_path / "false" / FOLDER, tmp_path / FOLDER, dirs_exist_ok=True)
    with pytest.raises(JournalError, match="deux histoires"):
        sealed(tmp_path, rows, 301)


def test_another_key_or_another_name_is_refused(tmp_path: Path) -> None:
    rows = Rows()
    sealed(tmp_path, rows, 3)
    for key in (
        SignerKey(ORIGIN, Algorithm.ED25519, b"x" * 32),
        SignerKey("other.test/journal", Algorithm.ED25519, KEY.seed),
    ):
        with pytest.raises(JournalError, match="n’est pas signé par notre clé"):
            Journal(tmp_path, key, rows).open(START)


def test_a_flipped_bit_in_a_file_of_the_edge_stops_the_start(tmp_path: Path) -> None:
    rows = Rows()
    sealed(tmp_path, rows, 300)
    for name in ("tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44.gz"):
        path = tmp_path / FOLDER / name
        good = path.read_bytes()
        path.write_bytes(good[:-9] + bytes([good[-9] ^ 1]) + good[-8:])
        with pytest.raises(JournalError):
            sealed(tmp_path, rows, 301)
        path.write_bytes(good)
    sealed(tmp_path, rows, 301)


def test_keys_change_by_a_checkpoint_that_both_sign(tmp_path: Path) -> None:
    """The old key vouches for the new one; from then on the new one alone signs."""
    rows = Rows()
    sealed(tmp_path, rows, 300)
    new = SignerKey(ORIGIN, Algorithm.ED25519, b"n" * 32)
    journal = Journal(tmp_path, KEY, rows)
    journal.open(START)
    rows.keep(journal.seal(START, also=new))
    journal.close()
    note = Note.parse((tmp_path / FOLDER / "checkpoint").read_bytes())
    assert len(note.verified_by([KEY.verifier, new.verifier])) == 2
    rows.entries.append(entry(300))
    journal = Journal(tmp_path, new, rows)
    journal.open(START)
    rows.keep(journal.seal(START))
    journal.close()
    note = Note.parse((tmp_path / FOLDER / "checkpoint").read_bytes())
    assert [key for key, _ in note.verified_by([KEY.verifier, new.verifier])] == [new.verifier]


def test_cosignatures_on_the_published_note_are_left_there(tmp_path: Path) -> None:
    rows = Rows()
    sealed(tmp_path, rows, 3)
    tiles = Tiles(tmp_path / FOLDER)
    note = Note.parse(tiles.checkpoint() or b"")
    other = SignerKey("witness.test", Algorithm.ED25519, b"w" * 32)
    tiles.publish(bytes(Note(note.text, (*note.signatures, sign(note.text, other)))))
    sealed(tmp_path, rows, 3)
    assert b"witness.test" in (tiles.checkpoint() or b"")
