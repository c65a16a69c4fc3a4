"""A small record with one of everything, made by the parts of the service itself."""

import asyncio
import zlib
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

from sqlmodel import Session, create_engine

from monitor.attest.sealing import KEY_FILE, Sealer
from monitor.core.model import (
    Annotation,
    AnnotationKind,
    Capture,
    ClockReading,
    ControlStatus,
    Exchange,
    Family,
    Gap,
    GapCause,
    Judgement,
    Kind,
    LaneState,
    Reason,
    Target,
    Verdict,
)
from monitor.core.model.anchors import Cosignature, Stamp, Standing
from monitor.core.notices.notice import MessageState, NoticeKind, Pace, SubscriberState, Suppression
from monitor.core.outages.fold import in_outage
from monitor.evidence import bounded, durable
from monitor.evidence.captures.capture_policy import Captures
from monitor.evidence.log import note
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.note import Algorithm, Note, SignerKey, VerifierKey
from monitor.evidence.timestamps.certificate_files import as_pem
from monitor.evidence.timestamps.rfc3161 import Question, check_answer
from monitor.probe.dead_link_tracker import DeadLinkTracker
from monitor.probe.page_tracker import PageTracker
from monitor.runtime.clock import SystemClock
from monitor.store import Store, cosignature_work, migrate, stamp_work
from monitor.store.dossier_rows import RegisteredFile, register_work
from monitor.store.tables.alert_tables import (
    AlertCursorRow,
    AlertThreadRow,
    NoticeRow,
    OutboxRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)
from tests.support.captured import spoken
from tests.support.folds import Folds
from tests.support.linking import body
from tests.support.outcomes import DEAD, OK, SHOWN, a_run, at, observation, panel, refusal
from tests.support.service_days import ENVIRONMENT
from tests.support.sites import answer
from tests.support.tsa import Authority

GONE = Judgement(verdict=Verdict.DOWN, reason=Reason.GONE, rule="gone")
TARGETS = {
    slug: Target(
        slug=slug,
        name=f"Cible {slug}",
        url=f"https://{slug}.test/page",
        kind=Kind.PAGE,
        platform="anef",
        interval_s=60,
    )
    for slug in ("etrangers", "rendez-vous", "connexion")
}
LINK = '<a href="https://rendez-vous.test/page">Prendre rendez-vous</a>'
# Of each minute: what the page says ("x": it fails, "g": it is gone).
WEATHER = {
    "etrangers": "AAABBBBAACACxBBBBB",
    "rendez-vous": "AAAggggggAAAAAAAAA",
    "connexion": ".xxxx....x..xxxxxx".replace(".", "D"),
}
SAID = {
    "A": "Téléphone : 01 99 00 12 34.",
    "B": "Téléphone : 01 99 00 56 78. Ouvert du lundi au jeudi de 8h30 à 11h30.",
    "C": "La procédure est suspendue.",
    "D": "Votre espace personnel.",
}
ROUNDS = 130
WITNESS = SignerKey("temoin.test", Algorithm.COSIGNATURE, b"w" * 32)
ORIGIN = "vigie.test/journal"


@dataclass(frozen=True, slots=True)
class Made:
    """Where a record is, and what a person who verifies it must be given."""

    data: Path
    roots: Path


def exchange_of(slug: str, now: datetime, sky: str) -> tuple[Exchange, Judgement]:
    if sky == "x":
        return replace(refusal(now), url=TARGETS[slug].url), DEAD
    said = "" if sky == "g" else SAID[sky]
    page = body(said, LINK if slug == "etrangers" else "Une démarche.")
    status = "410 Gone" if sky == "g" else "200 OK"
    exchange = spoken(now, answer(page, status=status), url=TARGETS[slug].url)
    if slug == "etrangers":
        exchange = replace(exchange, rendering=SHOWN)
    return exchange, GONE if sky == "g" else OK


class Life:
    """What a service does, minute after minute, from what its store holds."""

    def __init__(self, store: Store, data: Path) -> None:
        self._store = store
        self._pages = PageTracker(store.tracks(), point="local")
        dead = store.dead_links(dead_only=True)
        self._links = DeadLinkTracker(TARGETS.values(), dead, point="local")
        self._folds = Folds(TARGETS, states=store.states(), outages=store.outages())
        self._captures = Captures(data / "captures", software="essai/1", clock_limit_us=500_000)

    async def check(self, slug: str, now: datetime, sky: str, *, keep: bool = True) -> None:
        exchange, judgement = exchange_of(slug, now, sky)
        seen = observation(slug, now, judgement, exchange=exchange)
        outcome = self._folds.outcome(seen)
        version, changes = await self._pages.read(TARGETS[slug], seen, outcome.events)
        shown = self._pages.shown(slug)
        if version is not None and shown is not None:
            changes += self._links.read(slug, shown, now, self._folds.states)
        lasting = in_outage(outcome.state, outcome.events)
        captures: tuple[Capture, ...] = ()
        if keep:
            captures = await self._captures.keep(
                TARGETS[slug], seen, known_good=True, in_outage=lasting
            )
        await self._store.record(
            replace(outcome, version=version, changes=changes, captures=captures)
        )


async def stamp(store: Store, data: Path, signed: bytes, size: int, tsa: Authority) -> None:
    question = Question(note=signed, nonce=7)
    now = SystemClock().now()
    judge = partial(check_answer, roots=[tsa.root.der], now=now)
    token = await asyncio.to_thread(judge, tsa.answer(question.der), question)
    folder = Path("journal", "horodatages", token.sha256.hex())
    (data / folder).mkdir(parents=True)
    (data / folder / "checkpoint").write_bytes(signed)
    (data / folder / "chain.pem").write_bytes(as_pem(token.chain))
    (data / folder / "token.tst").write_bytes(token.der)
    stamp = Stamp(
        size=size,
        authority="essai",
        asked_at=now,
        standing=Standing.VERIFIED,
        at=token.at,
        sha256=token.sha256,
        file=folder.as_posix(),
    )
    await store.write(stamp_work(stamp))
    refused = replace(stamp, standing=Standing.REFUSED, at=None, sha256=None, detail="refus")
    await store.write(stamp_work(replace(refused, file="horodatages-refuses/essai/1")))


async def _stopped(store: Store, slug: str, since: int, until: int) -> None:
    """Claim that planned checks were not made, between two instants in seconds."""
    slot, slots = observation(slug, at(since)).slot_at, -(-(until - since) // 60)
    lost = Gap(
        point="local",
        target=slug,
        from_at=slot,
        to_at=slot + timedelta(minutes=slots),
        slots=slots,
        cause=GapCause.STOPPED,
    )
    await store.record_gap(lost)


ANNOUNCED = b"Maintenance le 24 novembre, de 8 h a 9 h."


ORIGINAL = RegisteredFile(
    code="K7Q2-9FDM-4XWB",
    name="01-Releve.pdf",
    sha256="cd" * 32,
    size_bytes=85_000,
    size=3,
    root="ef" * 32,
)


def maintenance(announced: bytes, now: datetime) -> Annotation:
    return Annotation(
        kind=AnnotationKind.MAINTENANCE,
        at=now,
        targets=("connexion", "etrangers"),
        from_at=at(25_000),
        to_at=at(28_600),
        sha256=sha256(announced).hexdigest(),
        url="https://www.exemple.gouv.test/travaux",
    )


async def _announce(store: Store, data: Path) -> None:
    """Record an announcement, withdraw another one that rests on a change of a page, and reply."""
    durable.write(data / "annonces" / sha256(ANNOUNCED).hexdigest(), ANNOUNCED)
    one = maintenance(ANNOUNCED, at(15_000))
    await store.annotate(one, request=store.request_annotation(one))
    other = replace(one, sha256=None, url=None, change=store.page_changes(limit=1)[0].number)
    await store.annotate(other, request=store.request_annotation(other))
    withdrawal = Annotation(
        kind=AnnotationKind.WITHDRAWAL,
        at=at(15_060),
        targets=one.targets,
        withdraws=store.annotations()[-1].number,
    )
    await store.annotate(withdrawal, request=store.request_annotation(withdrawal))
    reply = Annotation(
        kind=AnnotationKind.REPLY,
        at=at(15_120),
        targets=one.targets,
        from_at=at(120),
        text="Le service fonctionnait.\nNous contestons ce relevé.",
    )
    await store.annotate(reply, request=store.request_annotation(reply))


async def _live(store: Store, data: Path, tsa: Authority) -> None:
    key = own_key(data / KEY_FILE, name=ORIGIN, algorithm=Algorithm.ED25519)
    with closing(Sealer(store, data, key, clock=SystemClock())) as sealer:
        await sealer.open()
        run = a_run(at(-1))
        await store.start_run(run)
        lost = Gap(
            point="local",
            target="etrangers",
            from_at=at(-60),
            to_at=at(0),
            slots=1,
            cause=GapCause.OVERRUN,
        )
        await store.record_gap(lost)
        reading = ClockReading(
            at=at(-2), server="ntp.test", offset_us=-5, dispersion_us=9, stratum=2
        )
        life = Life(store, data)
        for n in range(len(WEATHER["etrangers"])):
            for second, (slug, line) in enumerate(WEATHER.items()):
                await life.check(slug, at(60 * n + second), line[n])
            said = {
                "www.example.test": ControlStatus.PROMPT,
                "www.exemple.gouv.test": ControlStatus.LATE,
            }
            round_ = replace(panel(at(60 * n + 30), ok=n % 4), families={Family.IPV4: said})
            await store.record_round(round_, reading)
        for n in range(ROUNDS):
            await store.record_round(panel(at(3600 + 60 * n)), None)
        await _announce(store, data)
        store.write_apart(register_work([ORIGINAL]))
        signed = await sealer.seal()
        assert signed is not None
        text = Note.parse(signed.note).text
        when = int(at(20_000).timestamp())
        line = str(note.cosign(text, WITNESS, at=when))
        one = Cosignature(size=signed.size, witness=WITNESS.name, at=at(20_000), line=line)
        await store.write(cosignature_work(one))
        await stamp(store, data, signed.note, signed.size, tsa)
        await store.save_lane(LaneState(platform="anef", strikes=1))
        await store.keep_robots("https://etrangers.test", "User-agent: *", 200, at(0))
        minutes = 60 * len(WEATHER["etrangers"])
        await _stopped(store, "connexion", minutes + 2, 20_000)
        for n in range(6):
            await life.check("connexion", at(20_000 + 60 * n), "D")
        for slug, since in (("etrangers", minutes), ("rendez-vous", minutes + 1)):
            await _stopped(store, slug, since, 60_120)
        await _stopped(store, "connexion", 20_360, 60_000)
        # The next day, so that the first one is over. Its copy would be a daily one, which may go.
        await life.check("connexion", at(60_002), "D", keep=False)
        await _stopped(store, "connexion", 60_062, 60_120)
        assert await store.roll_up(at(90_000))
        await store.stop_run(at(60_120))
        await sealer.seal()
        await store.start_run(replace(run, started_at=at(69_000), alive_at=at(69_000)))
        await store.record_round(panel(at(70_000)), None)  # waits to be signed
    store.set_pause("anef", paused=True, why="travaux")
    store.request_annotation(maintenance(ANNOUNCED, at(80_000)))


def _subscribe(url: str) -> None:
    """Write one of everything that alerts keep."""
    subscriber = SubscriberRow(
        lookup=b"l" * 32,
        address=b"a" * 60,
        nonce=b"n" * 16,
        standing=SubscriberState.CONFIRMED,
        pace=Pace.AT_ONCE,
        rests=False,
        asked_at=at(30_000),
        confirmed_at=at(30_060),
    )
    notice = NoticeRow(
        key="opened:1", kind=NoticeKind.OPENED, thread="1", at=at(31_000), numbers="1",
        hours=0, again=False,
    )  # fmt: skip
    engine = create_engine(url)
    with Session(engine) as session:
        session.add_all([subscriber, notice])
        session.flush()
        assert subscriber.id is not None
        assert notice.id is not None
        session.add_all(
            [
                AlertCursorRow(id=1, leaf=40),
                AlertThreadRow(number=1, state="{}"),
                SubscriptionRow(subscriber_id=subscriber.id, topic="anef"),
                SuppressionRow(lookup=b"s" * 32, at=at(30_000), why=Suppression.LEFT),
                OutboxRow(
                    notice_id=notice.id, subscriber_id=subscriber.id, thread="1",
                    state=MessageState.SENT, rank=0, created_at=at(31_000), due_at=at(31_000),
                    attempts=1, ended_at=at(31_002),
                ),
            ]
        )  # fmt: skip
        session.commit()
    engine.dispose()


def make(data: Path, tsa: Authority) -> Made:
    """Record it all below `data`, sealed, but for one last leaf."""
    data.mkdir()
    url = f"sqlite:///{data / 'vigie.sqlite'}"
    migrate(url)
    with Store.open(
        url, point="local", writer=True, rest_s=0, environment=ENVIRONMENT, targets=TARGETS
    ) as store:
        asyncio.run(_live(store, data, tsa))
    _subscribe(url)
    return Made(data, tsa.root_pem)


def key_of(made: Made) -> VerifierKey:
    path = made.data / KEY_FILE
    return own_key(path, name=ORIGIN, algorithm=Algorithm.ED25519).verifier


def same(path: Path, other: Path) -> bool:
    """Return whether two files are proved to say the same: they hold the same, unpacked."""
    try:
        return unpacked(path) == unpacked(other)
    except (OSError, EOFError, zlib.error):
        return False


def unpacked(path: Path) -> bytes:
    """Return what a file holds, without the unfinished record that a kill leaves at its end."""
    data = bounded.read(path, 10_000_000)
    if not path.name.endswith(".gz"):
        return data
    found = b""
    while data:
        member = zlib.decompressobj(wbits=31)
        text = member.decompress(data)
        if not member.eof:
            if not path.name.endswith(".warc.gz"):
                raise EOFError(path)
            break
        found, data = found + text, member.unused_data
    return found
