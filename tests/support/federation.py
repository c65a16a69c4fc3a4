"""Three associations and a reader: what the reader says when one of them is not itself.

Each point has its key, its operator, its line and its clock, and cosigns the journals of the
others. The scenes are one story, in this order: `rehearse` tells what the reader says at each.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus
from pathlib import Path

from monitor.attest.following import FollowedPoint, PointFollower
from monitor.attest.point_reader import PointReader
from monitor.config import Config, Cosigner, Cosigning, OtherPoint
from monitor.core.model import Platform
from monitor.core.points.combine import CommonWord
from monitor.evidence.log import tlog
from monitor.evidence.log.journal import JournalError
from monitor.evidence.log.note import Algorithm, Checkpoint, Note
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.outbound_http import OutboundHttp, Reply
from monitor.evidence.witness.cosigning import require_newest
from monitor.evidence.witness.witness_memory import Witness, hash_of
from monitor.evidence.witness.witness_protocol import Request
from tests.support.clock import FakeClock
from tests.support.couriers import FakeCourier
from tests.support.outcomes import SPOILED
from tests.support.points import WATCHED, LivingPoint, instant
from tests.support.reads import config as config_of

WEEK = 7 * 24 * 60  # minutes
OPERATORS = {"paris": "Association A", "lyon": "Association B", "lille": "Association C"}
SITE = "accueil"  # the page that fails


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What happened, and what the reader says of the page then."""

    name: str
    word: CommonWord
    why: dict[str, str]  # of each point, why it is silent


class Federation:
    """Three points below a folder, and a reader. `serve` gives the address of a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        serve: Callable[[str, Path], str] = lambda _, journal: str(journal),
        courier: Callable[[], OutboundHttp] = lambda: FakeCourier({}),
    ) -> None:
        self._folder = folder
        self._courier = courier
        self.points = {
            name: LivingPoint(folder / name, name, clock_s=20.0 * rank)
            for rank, name in enumerate(OPERATORS)
        }
        self._urls = {name: serve(name, point.journal) for name, point in self.points.items()}
        self.witnesses = {
            name: Witness(
                folder / f"temoin-{name}",
                name=f"{name}.example.test/temoin",
                logs=[one.key.verifier for one in self.points.values() if one is not point],
            )
            for name, point in self.points.items()
        }

    def live(self, minutes: range, name: str, *, down: bool = False, line: bool = True) -> None:
        """Have a point live, and the others cosign what it signed."""
        point = self.points[name]
        failing = minutes if down or not line else range(0)
        if line:
            point.live(minutes, failing=failing)
        else:
            point.live(minutes, failing=failing, failure=SPOILED, line=0)
        for other, witness in self.witnesses.items():
            if other != name:
                assert self.cosign(point, witness) is HTTPStatus.OK

    def cosign(self, point: LivingPoint, witness: Witness) -> HTTPStatus:
        note = Note.parse((point.journal / "checkpoint").read_bytes())
        size = Checkpoint.parse(note.text).size
        last = witness.checkpoint(hash_of(point.key.name))
        old = Checkpoint.parse(Note.parse(last).text).size if last else 0
        nodes = tlog.nodes_from_tiles(cache(Tiles(point.journal).tile), size)
        proof = tuple(tlog.prove_consistency(nodes, old, size)) if 0 < old <= size else ()
        request = Request(old=old, proof=proof, note=note)
        return witness.add_checkpoint(bytes(request), at=int(instant(0).timestamp())).status

    @property
    def config(self) -> Config:
        """The configuration of the reader."""
        some = config_of(
            WATCHED.values(), [Platform(slug="anef", name="ANEF", spacing_s=1, hosts=())]
        )
        points = tuple(
            OtherPoint(
                name=name, operator=operator, key=str(self.points[name].key.verifier),
                url=self._urls[name],
            )
            for name, operator in OPERATORS.items()
        )  # fmt: skip
        return replace(some, points=points)

    def read(self, scene: str, minute: int, *, only: tuple[str, ...] = tuple(OPERATORS)) -> Scene:
        """Have the reader visit the points, and return what it says of the page."""
        reader = self._folder / "reader"
        why = asyncio.run(self._visit(reader, minute, only))
        words = PointReader(self.config, reader).common_words(None, instant(minute))
        return Scene(name=scene, word=words[SITE], why=why)

    async def _visit(self, reader: Path, minute: int, only: tuple[str, ...]) -> dict[str, str]:
        why = {}
        for name in only:
            point = self.points[name]
            courier = self._courier()
            followed = FollowedPoint(name=name, key=point.key.verifier, url=self._urls[name])
            clock = FakeClock(instant(minute))
            follower = PointFollower(followed, reader, clock=clock, courier=courier)
            try:
                why[name] = (await follower.visit()).why
            finally:
                if not isinstance(courier, FakeCourier):
                    await courier.aclose()
        return why

    def restored_may_sign(self, name: str) -> bool:
        """Return whether a service that was restored would sign, once it has asked a witness."""
        point = self.points[name]
        other, witness = next(one for one in self.witnesses.items() if one[0] != name)
        key = witness.key.verifier
        assert key.algorithm is Algorithm.COSIGNATURE

        def answer(body: bytes) -> Reply:
            reply = witness.add_checkpoint(body, at=int(instant(0).timestamp()))
            return Reply(status=reply.status, media_type=reply.media_type, body=reply.body)

        courier = FakeCourier({f"https://{other}.example.test/temoin/add-checkpoint": answer})
        cosigning = Cosigning(
            witnesses=(Cosigner(key=str(key), url=f"https://{other}.example.test/temoin"),)
        )
        try:
            note = (point.journal / "checkpoint").read_bytes()
            asyncio.run(require_newest(cosigning, note, courier=courier))
        except JournalError:
            return False
        return True


def rehearse(federation: Federation, folder: Path) -> Iterator[Scene]:
    """Play the story, and yield what the reader says at each scene."""
    live, read = federation.live, federation.read
    for name in OPERATORS:
        live(range(6), name)
    yield read("all is well", 6)
    shutil.copytree(federation.points["paris"].data, folder / "backup")
    for name in OPERATORS:
        live(range(6, 14), name, down=True)
    yield read("the site is down", 14)
    for name in OPERATORS:
        live(range(14, 22), name, line=name != "lyon")
    yield read("lyon lost its line", 22)
    shutil.copytree(federation.points["lyon"].data, folder / "lie")
    for name in OPERATORS:
        live(range(22, 30), name, down=name == "lille")
    yield read("only lille sees it down", 30)
    liar = LivingPoint(folder / "lie", "lyon", clock_s=20.0)
    liar.live(range(22, 38))
    _replace(liar.data, federation.points["lyon"].data)
    lyon, witness = federation.points["lyon"], federation.witnesses["paris"]
    assert federation.cosign(lyon, witness) is not HTTPStatus.OK
    for name in ("paris", "lille"):
        live(range(30, 38), name, down=True)
    yield read("lyon signed two histories", 38)
    _replace(folder / "backup", federation.points["paris"].data)
    live(range(38, 42), "lille", down=True)
    yield read("paris was restored from a backup", 42)
    yield read("nobody came by for a week", WEEK)
    live(range(WEEK, WEEK + 6), "lille")
    yield read("lille is back", WEEK + 6, only=("lille",))


def _replace(new: Path, old: Path) -> None:
    shutil.rmtree(old)
    shutil.copytree(new, old)
