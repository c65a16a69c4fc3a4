"""A record for dossiers: three days of three pages, with all that a dossier must tell."""

import asyncio
import shutil
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from monitor.config import Config
from monitor.core.model import (
    Annotation,
    AnnotationKind,
    Capture,
    Exchange,
    Gap,
    GapCause,
    Incident,
    Judgement,
    Kind,
    Observation,
    Outcome,
    Platform,
    Reason,
    Target,
    Verdict,
)
from monitor.core.outages.fold import FAILING
from monitor.core.text.page import Page
from monitor.dossier.dossier_files import DossierFile, DossierSummary
from monitor.dossier.dossier_question import DossierQuestion
from monitor.dossier.dossier_record import DossierSource
from monitor.evidence.captures.capture_policy import CAPTURES, Captures
from monitor.evidence.log.journal import Journal
from monitor.store import Store, migrate
from tests.support.captured import spoken
from tests.support.folds import Folds
from tests.support.followed import outcomes as readings
from tests.support.journals import KEY
from tests.support.open_data import config as shipped
from tests.support.outcomes import OK, REASON_OF, a_run, answer, observation, panel, refusal
from tests.support.readings import page
from tests.support.sites import answer as on_the_wire

USAGERS, SSO, PREFECTURE, PAGE = "anef-usagers", "anef-sso", "pref-93", "pref-93-etrangers"
START = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)  # Sunday 22 November, midnight in Paris
END = START + timedelta(days=3)
STEP = timedelta(minutes=10)
SIGNED = END + timedelta(hours=3)
# Text of others: markup, typst, directions, controls, what no font has, a word without end.
HOSTILE = (
    'Service indisponible #import "@preview/x:1.0.0": * #read("/etc/passwd") $x^2$ *gras* _it_ '
    "`code` <etiquette> @ref = titre // suite \\ \u202eesrevni\u202c \u0007 中文 العربية שלום "
    "a\u0301\u0301\u0301\u0301\u0301\u0301 " + "x" * 10_000
)
MESSAGE = (
    "<html><head><title>Erreur #strong[503]</title></head><body><h1>Service momentanément "
    "indisponible</h1><p>Nous travaillons pour le résoudre. Incapsula incident ID: "
    f"443000240-1234567</p><p>{HOSTILE.replace('<', '&lt;')}</p></body></html>"
)
HOSTILE_NAME = 'Portail “usagers” #eval("1+1") \u202e<b>'

_NAMES = {
    USAGERS: HOSTILE_NAME,
    SSO: "Connexion à l’ANEF",
    PREFECTURE: "Préfecture de la Seine-Saint-Denis",
    PAGE: "Page des étrangers de la Seine-Saint-Denis",
}
TARGETS = {
    slug: Target(
        slug=slug,
        name=name,
        url=f"https://{slug}.example.test/",
        kind=Kind.PAGE,
        platform="prefectures" if slug.startswith("pref") else "anef",
        department="93" if slug.startswith("pref") else "",
        interval_s=600,
    )
    for slug, name in _NAMES.items()
}
SERVER_ERROR = Judgement(verdict=Verdict.DOWN, reason=Reason.HTTP_5XX, rule="server-error")
NO_ANSWER = Judgement(verdict=Verdict.DOWN, reason=Reason.CONNECTION_REFUSED, rule="no-answer")
BLOCKED = Judgement(verdict=Verdict.BLOCKED, reason=REASON_OF[Verdict.BLOCKED], rule="refusal-mark")
SPOILED = Judgement(
    verdict=Verdict.UNKNOWN, reason=REASON_OF[Verdict.UNKNOWN], rule="line-in-doubt"
)
SKIES = {"x": SERVER_ERROR, "-": NO_ANSWER, "b": BLOCKED, "?": SPOILED}
# Of each target: which steps were not good, from which on.
TROUBLES = {
    USAGERS: {30: "x", 200: "xxxxxx", 260: "bb", 300: "?", 350: "xxxxx"},
    SSO: {202: "---"},
    PREFECTURE: {203: "----"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRecord:
    """A folder with a record; `url` is that of its database."""

    data: Path
    url: str

    def open(self, *, writer: bool = False) -> Store:
        return Store.open(
            self.url, point="local", writer=writer, rest_s=0, targets=TARGETS if writer else None
        )

    def copied(self, folder: Path) -> "MadeRecord":
        """Return a copy of the record that may be changed."""
        shutil.copytree(self.data, folder)
        return MadeRecord(data=folder, url=f"sqlite:///{folder / 'vigie.sqlite'}")

    def source(self, store: Store) -> DossierSource:
        return DossierSource(store=store, config=config(), data=self.data, config_folder=CONFIG)


CONFIG = Path(__file__).parents[2] / "config"
EXPIRY = date(2027, 2, 15)
REPLY = "Le service était en maintenance ce jour-là.\n#set text(red) Nous contestons ce relevé."
QUESTION = DossierQuestion(
    scope=None,
    targets=(USAGERS,),
    since=START,
    until=END,
    title=HOSTILE_NAME,
    expiry=EXPIRY,
    pages=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A dossier in a folder."""

    folder: Path
    summary: DossierSummary

    def file(self, title: str) -> DossierFile:
        return next(file for file in self.summary.files if file.title == title)

    def bytes_of(self, title: str) -> bytes:
        return (self.folder / self.file(title).name).read_bytes()


def config() -> Config:
    """Return the shipped configuration, of these targets only."""
    base = shipped()
    publisher = base.publisher.model_copy(update={"site": "https://vigie.example.test/"})
    return replace(
        base,
        targets=tuple(TARGETS.values()),
        platforms={
            "anef": Platform(slug="anef", name="ANEF", spacing_s=2),
            "prefectures": Platform(slug="prefectures", name="Préfectures", spacing_s=10),
        },
        publisher=publisher,
    )


def make_record(folder: Path, *, pages: tuple[Page, ...] | None = None) -> MadeRecord:
    """Make a record in an empty folder."""
    made = MadeRecord(data=folder, url=f"sqlite:///{folder / 'vigie.sqlite'}")
    migrate(made.url)
    with made.open(writer=True) as store:
        asyncio.run(_live(store, folder, pages or tuple(page(letter) for letter in "AABBB")))
        seal(store, folder, SIGNED)
    return made


def seal(store: Store, folder: Path, at: datetime) -> None:
    """Sign what is recorded, as the service does."""
    journal = Journal(folder, KEY, store)
    try:
        for signed in (journal.open(at), journal.seal(at)):
            if signed is not None:
                kept = store.keep_checkpoint(
                    size=signed.size, root=signed.root, at=at, note=signed.note, bundled=0
                )
                asyncio.run(kept)
    finally:
        journal.close()


def go_on(store: Store, folder: Path) -> None:
    """Record a day more, with an outage, and sign it."""
    folds = Folds(TARGETS, states=store.states())
    start = END + 6 * STEP

    async def record() -> None:
        for step in range(30):
            for rank, slug in enumerate(TROUBLES):
                at = start + step * STEP + timedelta(seconds=rank)
                judgement = NO_ANSWER if step > 10 else OK
                seen = observation(slug, at, judgement, exchange=_exchange(slug, at, judgement))
                await store.record(folds.outcome(seen))

    asyncio.run(record())
    seal(store, folder, SIGNED + timedelta(days=1))


async def _live(store: Store, folder: Path, pages: tuple[Page, ...]) -> None:
    await store.start_run(a_run(START - timedelta(minutes=1)))
    note = Annotation(
        kind=AnnotationKind.MAINTENANCE,
        at=START,
        targets=(USAGERS,),
        from_at=START + 349 * STEP,
        to_at=START + 356 * STEP,
        sha256="ab" * 32,
    )
    await store.annotate(note, request=store.request_annotation(note))
    await store.record_gap(
        Gap(
            point="local",
            target=SSO,
            from_at=START + 100 * STEP,
            to_at=START + 103 * STEP,
            slots=3,
            cause=GapCause.OVERRUN,
        )
    )
    recorded = [outcome async for outcome in _outcomes(folder)]
    recorded += readings(pages, target=PAGE, removed=False)
    await asyncio.gather(*map(store.record, recorded))  # many in one transaction
    opened = min(one.opened_at for one in store.incidents() if (USAGERS,) == _pages_of(one))
    reply = Annotation(
        kind=AnnotationKind.REPLY, at=END, targets=(USAGERS,), from_at=opened, text=REPLY
    )
    await store.annotate(reply, request=store.request_annotation(reply))
    await store.record_round(panel(END + timedelta(hours=1)), None)


def _pages_of(incident: Incident) -> tuple[str, ...]:
    return tuple(sorted({slug for slug, _ in incident.outages}))


async def _outcomes(folder: Path) -> AsyncIterator[Outcome]:
    """Yield what the service would record: three days, and an hour after them."""
    folds = Folds(TARGETS)
    captures = Captures(folder / CAPTURES, software="essai/1", clock_limit_us=500_000)
    skies = {slug: _skies(troubles) for slug, troubles in TROUBLES.items()}
    for step in range((END - START) // STEP + 6):
        for rank, slug in enumerate(TROUBLES):
            at = START + step * STEP + timedelta(seconds=rank)
            if slug == SSO and 100 <= step < 103:
                continue
            judgement = SKIES.get(skies[slug].get(step, "."), OK)
            seen = observation(slug, at, judgement, exchange=_exchange(slug, at, judgement))
            outcome = folds.outcome(seen)
            yield replace(outcome, captures=await _kept(captures, seen, outcome))


def _skies(troubles: dict[int, str]) -> dict[int, str]:
    return {first + rank: sky for first, line in troubles.items() for rank, sky in enumerate(line)}


async def _kept(captures: Captures, seen: Observation, outcome: Outcome) -> tuple[Capture, ...]:
    if seen.judgement.verdict not in FAILING:
        return ()
    return await captures.keep(
        TARGETS[seen.target], seen, known_good=True, in_outage=outcome.state.outage is not None
    )


def _exchange(slug: str, at: datetime, judgement: Judgement) -> Exchange:
    url = TARGETS[slug].url
    if judgement is SERVER_ERROR:
        body = on_the_wire(MESSAGE.encode(), status="503 Service Unavailable")
        return replace(spoken(at, body, url=url), duration_us=150_000)
    if judgement is NO_ANSWER:
        return replace(refusal(at), url=url)
    return replace(answer(at), url=url)


def png(width: int, height: int) -> bytes:
    """Return a picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    rows = (b"\0" + b"\x26\x63\x5a" * width) * height
    header = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
