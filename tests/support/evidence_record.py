"""A record with all its evidence: checks, copies, outages, a journal cosigned and stamped."""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.attest.sealing import Sealer
from monitor.config import Config, Cosigner, Cosigning, StampAuthority, Stamping
from monitor.core.model import Kind, Target
from monitor.core.model.anchors import Cosignature, Stamp, Standing
from monitor.core.scheduling.slots import grids
from monitor.dossier.bundle import BundleQuestion, write_bundle
from monitor.evidence.captures.capture_policy import CAPTURES, Captures
from monitor.evidence.log import note as notes
from monitor.evidence.log.note import Algorithm, Note, SignerKey
from monitor.store import Store, migrate
from monitor.store.anchor_rows import cosignature_work, stamp_work
from tests.support import tsa
from tests.support.captured import ANSWERS, spoken
from tests.support.clock import FakeClock
from tests.support.folds import Folds
from tests.support.mirror import stamp
from tests.support.outcomes import (
    DEAD,
    OK,
    SHOWN,
    a_run,
    at,
    observation,
    panel,
    refusal,
)
from tests.support.reads import config

ORIGIN = "vigie.example.test/journal"
KEY = SignerKey(ORIGIN, Algorithm.ED25519, b"k" * 32)
WITNESS = SignerKey("temoin.example.test", Algorithm.COSIGNATURE, b"w" * 32)
AUTHORITY = "essai"
CODE = "K7Q2-9FDM-4XWB"
TARGETS = {
    slug: Target(
        slug=slug,
        name=f"Page {slug}",
        url=f"http://{slug}.example.test/",
        kind=Kind.PAGE,
        platform=platform,
        interval_s=60,
    )
    for slug, platform in (("accueil", "anef"), ("connexion", "anef"), ("prefecture", "autre"))
}
MINUTES = 300
# Minutes of failures: of a page that is asked about, of another one, and of one that is not.
FAILING = {
    "accueil": {*range(100, 110), 130},
    "connexion": {*range(150, 156)},
    "prefecture": {*range(100, 140)},
}
SINCE, UNTIL = at(90 * 60), at(170 * 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """Where a record lies, and by which configuration it was made.

    `roots` is the certificate that its time-stamps lead to.
    """

    data: Path
    url: str
    config: Config
    roots: Path

    def open(self) -> Store:
        return Store.open(self.url, point="local", writer=False)

    def bundle(
        self,
        path: Path,
        *,
        targets: tuple[str, ...] = ("accueil", "connexion"),
        since: datetime = SINCE,
        until: datetime = UNTIL,
    ) -> None:
        """Write the bundle of a question, at the first checkpoint that settles it."""
        with self.open() as store:
            settled = max(store.settled_by(slug, until) or 0 for slug in targets)
            checkpoint = store.checkpoint_over(settled, until)
            assert checkpoint is not None
            question = BundleQuestion(
                targets=targets,
                since=since,
                until=until,
                code=CODE,
                title="Deux pages",
                checkpoint=checkpoint,
            )
            write_bundle(
                path, question, store=store, data=self.data, config=self.config, key=KEY.verifier
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceBundle:
    """A bundle, and the record that it is made of."""

    record: EvidenceRecord
    path: Path


def make(folder: Path) -> EvidenceRecord:
    """Record some hours of three pages of two platforms, sealed every hundred minutes."""
    data = folder / "data"
    data.mkdir(parents=True)
    authority = tsa.authority(folder / "tsa", between=1)
    url = f"sqlite:///{data / 'vigie.sqlite'}"
    migrate(url)
    asyncio.run(_lived(url, data, authority))
    return EvidenceRecord(data=data, url=url, config=_config(authority), roots=authority.root_pem)


def _config(authority: tsa.Authority) -> Config:
    roots = authority.root.pem.decode()
    return replace(
        config(TARGETS.values()),
        stamping=Stamping(
            authorities=(
                StampAuthority(
                    slug=AUTHORITY,
                    name=AUTHORITY,
                    url="http://tsa.test/",
                    operator="essai",
                    roots=roots,
                ),
            )
        ),
        cosigning=Cosigning(
            witnesses=(Cosigner(key=str(WITNESS.verifier), url="http://temoin.example.test/"),)
        ),
    )


async def _lived(url: str, data: Path, authority: tsa.Authority) -> None:
    captures = Captures(data / CAPTURES, software="essai/1", clock_limit_us=500_000)
    plan, folds = grids(TARGETS.values()), Folds(TARGETS)
    with Store.open(url, point="local", writer=True, rest_s=0, targets=TARGETS) as store:
        sealer = Sealer(store, data, KEY, clock=FakeClock(_end()))
        await sealer.open()
        await store.start_run(a_run(at(-1)), plan=plan)
        slots = sorted(
            (slot, slug) for slug, grid in plan.items() for slot in grid.between(at(0), _end())
        )
        for rank, (slot, slug) in enumerate(slots):
            minute = (slot - at(0)) // timedelta(minutes=1)
            now = slot + timedelta(milliseconds=12)
            failing = minute in FAILING[slug]
            body = ANSWERS[("plain", "gzip", "chunked")[minute // 40 % 3]]
            target = TARGETS[slug]
            exchange = (
                replace(refusal(now), url=target.url)
                if failing and minute % 2
                else spoken(now, ANSWERS["server error"] if failing else body, url=target.url)
            )
            if slug == "connexion" and minute % 20 == 0:
                exchange = replace(exchange, rendering=SHOWN)
            seen = observation(slug, now, DEAD if failing else OK, exchange=exchange)
            outcome = folds.outcome(seen)
            kept = await captures.keep(
                target,
                seen,
                known_good=minute > 0,
                in_outage=folds.states[slug].outage is not None or bool(outcome.events),
            )
            if rank % 3 == 0:
                await store.record_round(panel(now - timedelta(seconds=1)), None)
            await store.record(replace(outcome, captures=kept))
            if rank % 300 == 299:
                await sealer.seal()
                await _attested(store, data, authority)
        await store.stop_run(_end())
        await sealer.seal()
        await _attested(store, data, authority)
        await sealer.seal()  # the leaf of the last token
        sealer.close()


def _end() -> datetime:
    return at(60 * MINUTES)


async def _attested(store: Store, data: Path, authority: tsa.Authority) -> None:
    """Have the newest checkpoint cosigned and time-stamped."""
    checkpoint = store.checkpoint()
    assert checkpoint is not None
    note = Note.parse(checkpoint.note)
    signed_at = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 -- as openssl stamps
    line = notes.cosign(note.text, WITNESS, at=int(signed_at.timestamp()))
    await store.write(
        cosignature_work(
            Cosignature(size=checkpoint.size, witness=WITNESS.name, at=signed_at, line=str(line))
        )
    )
    stamped = bytes(Note(note.text, (*note.signatures, line)))
    leaf = json.loads(stamp(data / "journal" / "horodatages", authority, stamped))
    await store.write(
        stamp_work(
            Stamp(
                size=checkpoint.size,
                authority=AUTHORITY,
                asked_at=signed_at,
                standing=Standing.VERIFIED,
                at=datetime.fromisoformat(leaf["at"]),
                sha256=bytes.fromhex(leaf["sha256"]),
                file=f"journal/horodatages/{leaf['sha256']}",
            )
        )
    )
