"""Asking witnesses: our log against our own witness, and against lying ones."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.config import Cosigner, Cosigning
from monitor.core.model.anchors import Cosignature
from monitor.evidence.log import note
from monitor.evidence.log.note import Algorithm, Note, NoteError, Signature, SignerKey, VerifierKey
from monitor.evidence.outbound_http import Reply
from monitor.evidence.witness.cosigning import GRACE_S, TICK_S, Cosigners, quorum
from monitor.evidence.witness.witness_memory import Witness
from monitor.evidence.witness.witness_protocol import (
    CosignatureError,
    Request,
    accept,
    with_signatures,
)
from tests.support.clock import FakeClock
from tests.support.couriers import FakeCourier, Server
from tests.support.small_log import SmallLog

LOG = SmallLog()
URL = "https://temoin.example"
ASK = f"{URL}/add-checkpoint"
LIAR = SignerKey("temoin.example/w", Algorithm.COSIGNATURE, bytes(range(32)))


class Scene:
    """Our log, asking witnesses that live in folders."""

    def __init__(
        self, tmp_path: Path, *, size: int = 5, names: Sequence[str] = ("temoin",)
    ) -> None:
        self.clock = FakeClock()
        self.size = size
        self.recorded: list[Cosignature] = []
        self.witnesses = {
            name: Witness(tmp_path / name, name=f"{name}.example/w", logs=[LOG.key.verifier])
            for name in names
        }
        self.courier = FakeCourier(
            {f"https://{name}.example/add-checkpoint": self.honest(name) for name in names}
        )
        self.cosigning = Cosigning(
            witnesses=tuple(
                Cosigner(key=str(one.key.verifier), url=f"https://{name}.example/")
                for name, one in self.witnesses.items()
            )
        )
        self.cosigners = self.restarted()

    def honest(self, name: str) -> Server:
        def serve(body: bytes) -> Reply:
            at = int(self.clock.now().timestamp())
            answer = self.witnesses[name].add_checkpoint(body, at=at)
            media_type = answer.media_type.partition(";")[0]
            return Reply(status=answer.status, media_type=media_type, body=answer.body)

        return serve

    def restarted(
        self, cosigning: Cosigning | None = None, *, last: Mapping[str, int] | None = None
    ) -> Cosigners:
        async def record(line: Cosignature) -> None:
            self.recorded.append(line)

        return Cosigners(
            cosigning or self.cosigning,
            clock=self.clock,
            courier=self.courier,
            newest=lambda: bytes(LOG.note(self.size)),
            prove=LOG.proof,
            record=record,
            last=last or {},
        )

    def live(self, seconds: float) -> int:
        """Let time pass, tick by tick; return how many requests were carried."""

        async def live() -> int:
            asked = len(self.courier.asked)
            for _ in range(round(seconds / TICK_S)):
                await self.clock.advance(TICK_S)
                await asyncio.gather(*map(self.cosigners._visit, self.cosigners.parties))
            return len(self.courier.asked) - asked

        return asyncio.run(live())


def test_each_new_checkpoint_is_cosigned_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path)

    requests = [scene.live(60)]
    for size in (9, 200):
        scene.size = size
        requests.append(scene.live(60))

    assert [1, 1, 1] == requests
    assert [5, 9, 200] == [line.size for line in scene.recorded]
    last = scene.recorded[-1]
    cosigned = with_signatures(LOG.note(200), [Signature.parse(last.line)])
    assert ("temoin.example/w",) == quorum(cosigned, scene.cosigning).signed
    assert scene.clock.now() >= last.at


def test_a_restart_or_a_lost_answer_goes_on_from_what_the_witness_holds(tmp_path: Path) -> None:
    """409 says its size: smaller than ours, or the very same, whose answer we never kept."""
    scene = Scene(tmp_path)
    scene.live(60)
    for size in (9, 9):
        scene.size, scene.cosigners = size, scene.restarted()
        assert 2 == scene.live(60)

    assert [5, 9, 9] == [line.size for line in scene.recorded]


def test_what_is_remembered_saves_a_request(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.live(60)
    scene.size = 9
    scene.cosigners = scene.restarted(last={"temoin.example/w": 5})

    assert 1 == scene.live(60)


def test_a_witness_that_is_dead_is_asked_ever_less_and_stops_nobody(tmp_path: Path) -> None:
    scene = Scene(tmp_path, names=("temoin", "autre"))
    del scene.courier.servers[ASK]

    assert 8 <= scene.live(3 * 3600) <= 14
    assert ["autre.example/w"] == [line.witness for line in scene.recorded]


def test_a_witness_that_holds_a_larger_tree_of_ours_is_said(tmp_path: Path) -> None:
    """Our journal was put back from a backup, or the witness lies: nothing is cosigned."""
    scene = Scene(tmp_path, size=9)
    scene.live(60)
    scene.size, scene.cosigners = 5, scene.restarted()

    scene.live(60)

    assert [9] == [line.size for line in scene.recorded]


def liar(sign_text: str, *, at: int, key: SignerKey = LIAR) -> Server:
    return lambda _: f"{note.cosign(sign_text, key, at=at)}\n".encode()


NOW = int(FakeClock().now().timestamp())
TEXT = LOG.note(5).text


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(liar(TEXT, at=NOW, key=replace(LIAR, seed=bytes(32))), id="another key"),
        pytest.param(liar(TEXT, at=NOW + 86_400), id="a time in the future"),
        pytest.param(liar(TEXT, at=NOW - 86_400), id="a time in the past: a replay"),
        pytest.param(liar(LOG.note(4).text, at=NOW), id="a replay of another checkpoint"),
        pytest.param(liar(TEXT, at=0), id="no time"),
        pytest.param(lambda _: b"", id="nothing"),
        pytest.param(lambda _: b"\xff" * 99, id="garbage"),
        pytest.param(lambda _: bytes(100_000), id="too much"),
        pytest.param(
            lambda _: Reply(status=409, media_type="text/plain", body=b"3\n"), id="409, other type"
        ),
        pytest.param(
            lambda _: Reply(status=409, media_type="text/x.tlog.size", body=b"-3\n"),
            id="409 with no size",
        ),
        pytest.param(
            lambda _: Reply(status=409, media_type="text/x.tlog.size", body=b"3\n"),
            id="409 for ever",
        ),
        pytest.param(lambda _: Reply(status=422, media_type="", body=b"\xff"), id="422"),
        pytest.param(lambda _: Reply(status=500, media_type="", body=b""), id="500"),
    ],
)
def test_a_lying_witness_is_refused(tmp_path: Path, server: Server) -> None:
    scene = Scene(tmp_path)
    liars = Cosigning(witnesses=(Cosigner(key=str(LIAR.verifier), url=f"{URL}/"),))
    scene.courier.servers[ASK] = server
    scene.cosigners = scene.restarted(liars)

    assert scene.live(15) in {1, 2}
    assert [] == scene.recorded


def test_a_cosignature_by_mail_may_be_days_old_but_never_of_tomorrow() -> None:
    line = f"{note.cosign(TEXT, LIAR, at=NOW)}\n".encode()
    later = NOW + 7 * 86_400

    accepted = accept(line, LOG.note(5), LIAR.verifier, now=later)

    assert NOW == note.cosigned_at(accepted)
    with pytest.raises(CosignatureError):
        accept(line, LOG.note(5), LIAR.verifier, now=NOW - 3600)
    with pytest.raises(CosignatureError):
        accept(line, LOG.note(6), LIAR.verifier, now=later)


@pytest.mark.parametrize("at", [0, 1_514_764_800])  # 1970 and 2018
def test_a_cosignature_by_mail_of_before_this_program_is_refused(at: int) -> None:
    line = f"{note.cosign(TEXT, LIAR, at=at)}\n".encode()

    with pytest.raises(CosignatureError):
        accept(line, LOG.note(5), LIAR.verifier, now=NOW)


def test_cosignatures_of_strangers_are_left_aside() -> None:
    stranger = SignerKey("autre.example/w", Algorithm.COSIGNATURE, bytes(32))
    lines = "".join(f"{note.cosign(TEXT, key, at=NOW)}\n" for key in (stranger, LIAR))

    assert LIAR.name == accept(lines.encode(), LOG.note(5), LIAR.verifier, now=NOW).name


def test_a_checkpoint_waits_a_minute_for_its_cosignatures_before_it_is_dated(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path)
    newest = bytes(LOG.note(5))

    assert not scene.cosigners.settled(newest)
    scene.live(20)
    assert scene.cosigners.settled(newest)

    dead = Scene(tmp_path / "autre")
    dead.courier.servers.clear()
    assert not dead.cosigners.settled(newest)
    dead.live(GRACE_S - TICK_S)
    assert not dead.cosigners.settled(newest)
    dead.live(TICK_S)
    assert dead.cosigners.settled(newest)


@pytest.mark.parametrize("every_s", [5, 20, 55])
@pytest.mark.parametrize("dead", [True, False], ids=["dead", "slow"])
def test_edges_that_come_fast_are_dated_though_a_witness_is_late(
    tmp_path: Path, every_s: int, *, dead: bool
) -> None:
    """A national incident: checkpoints come faster than grace runs out."""
    scene = Scene(tmp_path, size=1)
    scene.live(60)
    assert scene.cosigners.settled(bytes(LOG.note(1)))
    honest = scene.courier.servers.pop(ASK)
    waited = []
    for second in range(0, 600, 5):
        if second % every_s == 0:
            scene.size += 1
        if not dead and second % 100 == 95:  # it answers now and then, and is late again at once
            scene.courier.servers[ASK] = honest
        scene.live(5)
        scene.courier.servers.pop(ASK, None)
        waited.append(scene.cosigners.settled(bytes(LOG.note(scene.size))))

    longest = max(len(run) for run in "".join(" x"[not one] for one in waited).split() or [""])
    assert longest * 5 <= GRACE_S
    scene.courier.servers[ASK] = honest
    scene.live(3 * 3600)
    assert scene.cosigners.settled(bytes(LOG.note(scene.size)))
    scene.size += 1
    scene.courier.servers.pop(ASK)
    assert not scene.cosigners.settled(bytes(LOG.note(scene.size)))  # it is waited for again


def keys(*names: str) -> list[SignerKey]:
    return [SignerKey(name, Algorithm.COSIGNATURE, bytes(32)) for name in names]


@pytest.mark.parametrize(
    ("needed", "signed", "reached"),
    [(0, 3, True), (0, 2, False), (2, 2, True), (2, 1, False), (1, 3, True)],
)
def test_a_quorum_counts_what_was_checked(needed: int, signed: int, *, reached: bool) -> None:
    """0 needed is all of them."""
    ours = keys("a", "b", "c")
    cosigning = Cosigning(
        witnesses=tuple(Cosigner(key=str(key.verifier)) for key in ours), needed=needed
    )
    lines = [note.cosign(TEXT, key, at=NOW) for key in (*keys("x", "y"), *ours[:signed])]

    found = quorum(with_signatures(LOG.note(5), lines), cosigning)

    assert (reached, signed, 3) == (found.reached, len(found.signed), len(found.asked))


def test_a_wrong_cosignature_is_no_part_of_a_quorum() -> None:
    (key,) = keys("a")
    cosigning = Cosigning(witnesses=(Cosigner(key=str(key.verifier)),))
    forged = with_signatures(LOG.note(5), [note.cosign(LOG.note(4).text, key, at=NOW)])

    with pytest.raises(NoteError):
        quorum(forged, cosigning)


def test_joining_a_cosignature_twice_changes_nothing() -> None:
    line = note.cosign(TEXT, LIAR, at=NOW)
    once = with_signatures(LOG.note(5), [line])

    assert once == with_signatures(once, [line])
    assert Note.parse(bytes(once)) == once


def test_a_witness_by_mail_is_not_asked(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    mail = Cosigning(witnesses=(Cosigner(key=str(LIAR.verifier)),))
    scene.cosigners = scene.restarted(mail)

    assert 0 == scene.live(60)
    assert scene.cosigners.settled(bytes(LOG.note(5)))


def test_the_request_is_the_one_that_the_witness_reads(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    bodies: list[bytes] = []
    honest = scene.honest("temoin")

    def serve(body: bytes) -> bytes | Reply:
        bodies.append(body)
        return honest(body)

    scene.courier.servers[ASK] = serve
    scene.live(30)
    scene.size = 9
    scene.live(30)

    assert [LOG.request(0, 5), LOG.request(5, 9)] == [Request.parse(body) for body in bodies]
    assert VerifierKey.parse(scene.cosigning.witnesses[0].key).name == scene.recorded[0].witness
