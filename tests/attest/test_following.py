"""Follow other points: what is imported, what is refused, what is kept of it."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from monitor.attest import following
from monitor.attest.following import FollowedPoint
from monitor.attest.point_reader import PointReader
from monitor.config import OtherPoint
from monitor.core.journal.jcs import canonical
from monitor.core.points.combine import Agreement
from monitor.evidence.log import tlog
from monitor.evidence.log.edge import TreeEdge
from monitor.evidence.log.mirror import copy_tree
from monitor.evidence.log.note import Checkpoint, Note, SignerKey, sign
from monitor.evidence.log.reading import LogReading
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.other_points.point_folder import FaultKind, FollowFault, PointFolder
from monitor.store import Store
from tests.support.clock import FakeClock
from tests.support.points import WATCHED, LivingPoint, instant, record_of, visited
from tests.support.reads import config as config_of

FAILING = range(30, 38)


def _same_record(peer: LivingPoint, store: Store) -> None:
    with Store.open(peer.url, point="local", writer=False) as own:
        assert store.states() == own.states()
        assert store.outages() == own.outages()
        assert store.incidents() == own.incidents()
        assert store.runs() == own.runs()
        assert store.definitions() == own.definitions()
        span = instant(-10), instant(10_000)
        for slug in ("accueil", "connexion"):
            assert store.observations(slug, *span) == own.observations(slug, *span)
        assert store.rounds(*span) == own.rounds(*span)


def _whole(tiles: Tiles) -> int:
    """Return the size of a copy whose every file is as its checkpoint says."""
    checkpoint = Checkpoint.parse(Note.parse(tiles.checkpoint() or b"").text)
    reading = LogReading(tiles, checkpoint.size)
    assert len(list(reading)) == checkpoint.size
    assert reading.root == checkpoint.root
    return checkpoint.size


def test_a_record_is_imported_as_its_point_has_it(tmp_path: Path) -> None:
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    peer.live(range(110), failing=FAILING)
    follower, state = visited(peer, tmp_path / "here", new=True)
    assert not state.why
    assert state.leaves == state.size == _whole(follower.place.tiles)
    with record_of(follower) as store:
        _same_record(peer, store)


@pytest.mark.parametrize("steps", [(1, 29, 30, 32, 110), (31, 37, 39)])
def test_visits_in_any_rhythm_import_the_same(tmp_path: Path, steps: tuple[int, ...]) -> None:
    """Each visit is a process that knows nothing but its folder; the point is restarted too."""
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    start, follower = 0, visited(peer, tmp_path / "here")[0]
    for stop in steps:
        peer.live(range(start, stop), failing=FAILING)
        start = stop
        visited(peer, tmp_path / "here")
        follower, state = visited(peer, tmp_path / "here")  # idempotent
        assert not state.why, state.why
        assert state.leaves == state.size
    _whole(follower.place.tiles)
    with record_of(follower) as store:
        _same_record(peer, store)


class _Hurried(FakeClock):
    """A second passes whenever somebody looks."""

    def monotonic_us(self) -> int:
        self.looks = getattr(self, "looks", 0) + 1
        return self.looks * 1_000_000


def test_a_visit_that_is_cut_short_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.store.rebuild.followed_rows._COMMIT", 100)
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    peer.live(range(150), failing=FAILING)
    leaves, visits = 0, 0
    while True:
        follower, state = visited(peer, tmp_path / "here", slice_s=0.5, clock=_Hurried())
        visits += 1
        assert state.leaves > leaves
        leaves = state.leaves
        if leaves == state.size:
            break
    assert visits >= 2
    with record_of(follower) as store:
        _same_record(peer, store)


def test_an_export_on_a_stick_is_read_as_well(tmp_path: Path) -> None:
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    peer.live(range(100))
    copy_tree(peer.journal, tmp_path / "stick")
    stick = FollowedPoint(name="lyon", key=peer.key.verifier, url=str(tmp_path / "stick"))
    _, state = visited(stick, tmp_path / "here")
    assert state.leaves == state.size > 256
    peer.live(range(100, 120), failing=range(102, 110))
    _, state = visited(peer, tmp_path / "here")  # the line is back
    assert state.leaves == state.size
    assert not state.why


def _forked(tmp_path: Path, until: int) -> tuple[LivingPoint, LivingPoint]:
    """Return a point, and another one of the same key with another past from minute 60 on."""
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    peer.live(range(60))
    shutil.copytree(peer.data, tmp_path / "other")
    other = LivingPoint(tmp_path / "other", "lyon")
    peer.live(range(60, 80))
    other.live(range(60, until), failing=range(62, 70))
    return peer, other


@pytest.mark.parametrize("until", [72, 80, 190])
def test_two_histories_under_one_key_are_kept_as_proof(tmp_path: Path, until: int) -> None:
    peer, other = _forked(tmp_path, until)
    visited(peer, tmp_path / "here")
    follower, state = visited(other, tmp_path / "here")
    (fault,) = follower.place.faults()
    assert (
        fault.kind is FaultKind.FORK and "deux racines" in fault.text
    ) or "ne commencent" in fault.text
    assert state.why == fault.text
    (folder,) = (follower.place.folder / "fautes").iterdir()
    notes = [(folder / name).read_bytes() for name in ("ancien-checkpoint", "checkpoint")]
    for note in notes:
        assert Note.parse(note).verified_by((peer.key.verifier,))
    first, second = (Checkpoint.parse(Note.parse(note).text) for note in notes)
    _prove_fork(folder, first, second, follower.place.tiles)
    # It stays unheard, even when the first history is served again.
    _, state = visited(peer, tmp_path / "here")
    assert state.why == fault.text


def _prove_fork(folder: Path, first: Checkpoint, second: Checkpoint, own: Tiles) -> None:
    """Prove from the files alone that no history has both checkpoints."""
    if second.size <= first.size:
        nodes = tlog.nodes_from_tiles(own.tile, first.size)
        assert tlog.root(nodes, first.size) == first.root
        assert tlog.root(nodes, second.size) != second.root
        return
    read = {path.name: path.read_bytes() for path in folder.glob("autre-*")}

    def data(tile: tlog.Tile) -> bytes:
        return read[f"autre-{tile.path.replace('/', '-')}"]

    assert TreeEdge.load(second.size, data).root == second.root
    assert tlog.root(tlog.nodes_from_tiles(data, second.size), first.size) != first.root


def test_an_older_checkpoint_is_no_fault(tmp_path: Path) -> None:
    """A stale copy, or a point that was restored: it is silent until it goes on."""
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    peer.live(range(20))
    shutil.copytree(peer.journal, tmp_path / "old")
    peer.live(range(20, 30))
    visited(peer, tmp_path / "here")
    old = FollowedPoint(name="lyon", key=peer.key.verifier, url=str(tmp_path / "old"))
    follower, state = visited(old, tmp_path / "here")
    assert "sauvegarde" in state.why
    assert not follower.place.faults()
    peer.live(range(30, 40))
    _, state = visited(peer, tmp_path / "here")
    assert not state.why
    assert state.leaves == state.size


@pytest.mark.parametrize("damage", ["missing", "changed", "shorter"])
def test_files_that_do_not_lead_to_what_was_signed(tmp_path: Path, damage: str) -> None:
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    peer.live(range(100))
    copy_tree(peer.journal, tmp_path / "copy")
    bundle = tmp_path / "copy" / "tile" / "entries" / "000"
    good = bundle.read_bytes()
    changed = good.replace(b'"up"', b'"no"', 1)
    match damage:
        case "missing":
            bundle.unlink()
        case "changed":
            bundle.write_bytes(changed)
        case _:
            bundle.write_bytes(tlog.pack_bundle(tlog.unpack_bundle(good)[:-1]))
    served = FollowedPoint(name="lyon", key=peer.key.verifier, url=str(tmp_path / "copy"))
    follower = visited(peer, tmp_path / "elsewhere")[0]
    for visit in range(1, following.PATIENCE + 1):
        follower, state = visited(served, tmp_path / "here")
        assert state.why
        assert state.leaves == 0
        assert bool(follower.place.faults()) == (visit == following.PATIENCE)
    (fault,) = follower.place.faults()
    assert fault.kind is FaultKind.SIZE
    assert "ne prouve rien à un tiers" in fault.text
    bundle.write_bytes(good)  # a copy that was slow, after all
    follower, state = visited(served, tmp_path / "here")
    assert not state.why
    assert not follower.place.faults()
    assert state.leaves == state.size


def test_a_size_beyond_reason_is_no_work(tmp_path: Path) -> None:
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    peer.live(range(10))
    huge = Checkpoint(peer.key.name, 1 << 60, bytes(32))
    _sign(peer, huge)
    _, state = visited(peer, tmp_path / "here")
    assert state.misses == 1
    assert "feuilles" in state.why


def _sign(peer: LivingPoint, checkpoint: Checkpoint, key: SignerKey | None = None) -> None:
    note = Note(str(checkpoint), (sign(str(checkpoint), key or peer.key),))
    (peer.journal / "checkpoint").write_bytes(bytes(note))


def test_another_key_proves_nothing_and_changes_nothing(tmp_path: Path) -> None:
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    peer.live(range(10))
    _, before = visited(peer, tmp_path / "here")
    stranger = LivingPoint(tmp_path / "x", "lyon", seed=b"x" * 32)
    _sign(peer, Checkpoint(peer.key.name, 4, bytes(32)), stranger.key)
    follower, state = visited(peer, tmp_path / "here")
    assert "changé de clé" in state.why
    assert state.leaves == before.leaves
    assert not follower.place.faults()


def _with_leaves(peer: LivingPoint, more: list[bytes]) -> None:
    """Sign more leaves than the point's record has, as a program that lies would."""
    tiles = Tiles(peer.journal)
    checkpoint = Checkpoint.parse(Note.parse(tiles.checkpoint() or b"").text)
    entries = [*LogReading(tiles, checkpoint.size), *more]
    shutil.rmtree(peer.journal)
    edge = TreeEdge()
    for tile, data in edge.add(map(tlog.leaf_hash, entries)):
        tiles.put_tile(tile, data)
    for tile, data in edge.partial():
        tiles.put_tile(tile, data)
    for start in range(0, len(entries), 256):
        tiles.put_entries(start // 256, entries[start : start + 256])
    _sign(peer, Checkpoint(peer.key.name, len(entries), edge.root))


_AT = "2026-11-23T08:00:00.000000Z"
BAD = {
    "not JSON": b"bonjour",
    "deep": b"[" * 30_000,
    "not canonical": b'{"v": 1}',
    "unknown type": b'{"type":"rumeur","v":1}',
    "type without end": canonical({"type": "\u202e" + "x" * 60_000, "v": 1}),
    "edge of nothing": canonical(
        {
            "v": 1,
            "type": "blip",
            "target": "accueil",
            "point": "local",
            "at": _AT,
            "observation": 5,
            "first_at": _AT,
            "last_at": _AT,
            "count": 1,
            "downs": 1,
            "reason": "http_5xx",
        }
    ),
    "stop without a start": canonical(
        {"v": 1, "type": "run", "edge": "stop", "at": _AT, "start": 999_999}
    ),
    "same instant twice": canonical(
        {"v": 1, "type": "round", "at": _AT, "point": "local", "panel": 4}
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_leaf_that_cannot_be_read_is_kept_as_proof(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    peer.live(range(20))
    _, before = visited(peer, tmp_path / "here")
    _with_leaves(peer, [BAD[name]])
    follower, state = visited(peer, tmp_path / "here")
    (fault,) = follower.place.faults()
    assert fault.kind is FaultKind.LEAF
    assert state.why == fault.text, fault
    assert len(fault.text) < 1_100
    assert fault.text.isprintable()
    assert follower.place.state() == state
    assert state.leaves == before.leaves
    (folder,) = (follower.place.folder / "fautes").iterdir()
    (bundle,) = folder.glob("paquet-*")
    assert BAD[name] in tlog.unpack_bundle(bundle.read_bytes())
    assert Note.parse((folder / "checkpoint").read_bytes()).verified_by((peer.key.verifier,))
    # A later version of this program may read it.
    monkeypatch.setattr(following, "__version__", "99")
    _, state = visited(peer, tmp_path / "here")
    assert "99" in state.why


def test_no_point_says_how_seldom_it_may_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last word would hold for as long as it likes, or be beyond all times."""
    points = []
    for name, interval_s in (("lyon", 10**6), ("lille", 2**50)):
        seldom = {slug: replace(one, interval_s=interval_s) for slug, one in WATCHED.items()}
        monkeypatch.setattr("tests.support.points.WATCHED", seldom)
        peer = LivingPoint(tmp_path / name, name)
        peer.live(range(10), failing=range(3, 10))
        visited(peer, tmp_path / "here", now=instant(10))
        points.append(
            OtherPoint(name=name, operator=name, key=str(peer.key.verifier), url=str(peer.journal))
        )
    config = replace(config_of(WATCHED.values()), points=tuple(points))
    for minute, agreement in ((11, Agreement.ALL), (40, Agreement.NONE)):
        words = PointReader(config, tmp_path / "here").common_words(None, instant(minute))
        assert words["accueil"].agreement is agreement


def test_the_proofs_of_faults_that_come_and_go_do_not_pile_up(tmp_path: Path) -> None:
    place = PointFolder(tmp_path, "lyon")
    for number in range(30):
        fault = FollowFault(kind=FaultKind.SIZE, text="x", at=instant(number), program="1")
        place.put_fault(fault, {"checkpoint": b"%d" % number})
        place.forget_fault(FaultKind.SIZE)
    assert len(list((place.folder / "fautes").iterdir())) == 20
    assert not place.faults()


def test_a_disk_that_fills_up_while_it_is_read_ends_the_visit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    peer.live(range(110))
    left = iter([10**12, 10**12, 0])
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=next(left, 10**12)))
    _, state = visited(peer, tmp_path / "here")
    assert "presque plein" in state.why
    _, state = visited(peer, tmp_path / "here")
    assert state.leaves == state.size > 256


def test_the_state_says_when_a_point_was_heard(tmp_path: Path) -> None:
    peer = LivingPoint(tmp_path / "lyon", "lyon")
    peer.live(range(20))
    visited(peer, tmp_path / "here", now=instant(21))
    shutil.move(peer.journal, tmp_path / "away")
    follower, state = visited(peer, tmp_path / "here", now=instant(60))
    assert state.heard_at == instant(21)
    assert state.asked_at == instant(60)
    assert "checkpoint" in state.why
    raw = json.loads((follower.place.folder / "suivi.json").read_bytes())
    assert raw["heard_at"] == instant(21).isoformat()
    assert state.asked_at - state.heard_at == timedelta(minutes=39)


def test_the_first_checkpoint_of_each_hour_is_kept_and_the_newest(tmp_path: Path) -> None:
    """A dossier that is made again finds the one that it was made by."""
    peer, sizes = LivingPoint(tmp_path / "lyon", "lyon"), []
    for start, now in ((0, 55), (4, 65), (8, 75), (12, 85)):  # 08:55, 09:05, 09:15, 09:25
        peer.live(range(start, start + 4))
        sizes.append(visited(peer, tmp_path / "here", now=instant(now))[1].size)
    with record_of(visited(peer, tmp_path / "here", now=instant(90))[0]) as store:
        over = [store.checkpoint_over(0, instant(minute)) for minute in (0, 60, 66)]
        assert store.checkpoint() == over[-1]
    assert [one.size for one in over if one] == [sizes[0], sizes[1], sizes[3]]
