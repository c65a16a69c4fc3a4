"""Make the record of a year of national incidents, and tell what its verification takes.

Ten incidents, spread over the year, in each of which every target fails for hours and each
failing check is kept; between them a check a target and day, and a gap. The files are real ones,
made by the parts of the service itself, except that nothing waits for the disk. Linux only.

    python -m bench.verify --captures 100000
"""

import argparse
import asyncio
import os
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.attest.sealing import KEY_FILE, Sealer
from monitor.cli import main as vigie
from monitor.core.model import (
    Exchange,
    Gap,
    GapCause,
    Hop,
    Judgement,
    Kind,
    Observation,
    Reason,
    Run,
    Target,
    Verdict,
)
from monitor.core.outages.fold import in_outage
from monitor.evidence.captures.capture_policy import Captures
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.note import Algorithm
from monitor.fetch.reparse import reread
from monitor.runtime.clock import SystemClock
from monitor.store import Store, migrate
from tests.support.folds import Folds

START = datetime(2026, 1, 1, tzinfo=UTC)
TARGETS = 100
INCIDENTS = 10
TOGETHER = 500  # checks that are recorded at once
PAGE = b"<html><body>" + b"<p>Service temporairement indisponible.</p>" * 60 + b"</body></html>"
GOOD = Judgement(verdict=Verdict.UP, reason=Reason.OK, rule="ok")
BAD = Judgement(verdict=Verdict.DOWN, reason=Reason.HTTP_5XX, rule="http-5xx")


def targets() -> dict[str, Target]:
    return {
        slug: Target(
            slug=slug,
            name=slug,
            url=f"https://{slug}.test/",
            kind=Kind.HOME,
            platform="anef",
            interval_s=300,
        )
        for slug in (f"cible-{n:03}" for n in range(TARGETS))
    }


def exchange(url: str, at: datetime, *, bad: bool) -> Exchange:
    status = "503 Service Unavailable" if bad else "200 OK"
    head = (
        f"HTTP/1.1 {status}\r\nDate: {at:%a, %d %b %Y %H:%M:%S} GMT\r\nContent-Type: text/html"
        f"\r\nContent-Length: {len(PAGE)}\r\n\r\n"
    )
    hop = Hop(
        url=url,
        started_at=at,
        address="192.0.2.1",
        request_bytes=b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n",
        response_bytes=head.encode() + PAGE,
    )
    return reread(Exchange(url=url, started_at=at, duration_us=80_000, hops=(hop,)))


def instants(captures: int) -> Iterator[tuple[datetime, bool]]:
    """Yield the instants of rounds of checks, and whether they fail."""
    rounds = max(3, captures // TARGETS // INCIDENTS)
    for incident in range(INCIDENTS):
        begin = START + timedelta(days=36 * incident)
        for hour in range(24 * 35):
            if hour % 24 == 0:  # a good check a day, of which a copy is kept
                yield begin + timedelta(hours=hour), False
        for n in range(rounds):
            yield begin + timedelta(days=35, minutes=5 * n), True


class Maker:
    def __init__(self, store: Store, data: Path) -> None:
        self._store = store
        self._targets = targets()
        self._folds = Folds(self._targets)
        self._captures = Captures(data / "captures", software="bench/1", clock_limit_us=500_000)
        self.kept = 0

    async def make(self, captures: int) -> None:
        waiting = []
        for at, bad in instants(captures):
            for rank, target in enumerate(self._targets.values()):
                lost = self._lost(target, at + timedelta(milliseconds=rank))
                if lost is not None:
                    waiting.append(asyncio.ensure_future(self._store.record_gap(lost)))
                seen = self._seen(target, at + timedelta(milliseconds=rank), bad=bad)
                outcome = self._folds.outcome(seen)
                lasting = in_outage(outcome.state, outcome.events)
                kept = await self._captures.keep(target, seen, known_good=True, in_outage=lasting)
                self.kept += len(kept)
                outcome = replace(outcome, captures=kept)
                waiting.append(asyncio.ensure_future(self._store.record(outcome)))
            if len(waiting) >= TOGETHER:
                await asyncio.gather(*waiting)
                waiting = []
        await asyncio.gather(*waiting)

    def _lost(self, target: Target, at: datetime) -> Gap | None:
        """Return the slots between the last check of a target and the next; None when none is."""
        step = timedelta(seconds=target.interval_s)
        before = self._folds.states.get(target.slug)
        last = before.last_at if before else None
        if last is None or at - last <= step:
            return None
        return Gap(
            point="local",
            target=target.slug,
            from_at=last + step,
            to_at=at,
            slots=(at - last) // step - 1,
            cause=GapCause.OVERRUN,
        )

    def _seen(self, target: Target, at: datetime, *, bad: bool) -> Observation:
        return Observation(
            target=target.slug,
            point="local",
            slot_at=at,
            at=at,
            judgement=BAD if bad else GOOD,
            exchange=exchange(target.url, at, bad=bad),
            controls=None,
            config_sha256="0" * 64,
            ruleset="bench",
        )


async def fill(data: Path, captures: int) -> int:
    url = f"sqlite:///{data / 'vigie.sqlite'}"
    migrate(url)
    known = targets()
    with Store.open(url, point="local", writer=True, rest_s=0, targets=known) as store:
        key = own_key(data / KEY_FILE, name="bench.test/journal", algorithm=Algorithm.ED25519)
        with closing(Sealer(store, data, key, clock=SystemClock())) as sealer:
            await sealer.open()
            run = Run(
                point="local",
                started_at=START,
                alive_at=START,
                stopped_at=None,
                version="bench",
                config_sha256="0" * 64,
                ruleset="bench",
            )
            await store.start_run(run)
            maker = Maker(store, data)
            await maker.make(captures)
            await sealer.seal()
            return maker.kept


def _no_wait(fd: object) -> None:
    del fd


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.verify")
    parser.add_argument("--captures", type=int, default=100_000, help="of failing checks")
    parser.add_argument("--keep", type=Path, help="an empty folder to keep the record in")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as name:
        data = asked.keep or Path(name)
        data.mkdir(exist_ok=True)
        os.fsync = _no_wait
        clock = SystemClock()
        begun = clock.monotonic_us()
        kept = asyncio.run(fill(data, asked.captures))
        sys.stdout.write(f"made: {kept} captures in {(clock.monotonic_us() - begun) / 1e6:.0f} s\n")
        sys.stdout.flush()
        before = resource.getrusage(resource.RUSAGE_SELF)
        begun = clock.monotonic_us()
        code = vigie(["verify", str(data)])
        after = resource.getrusage(resource.RUSAGE_SELF)
        sys.stdout.write(
            f"verified: {(clock.monotonic_us() - begun) / 1e6:.0f} s, of processor"
            f" {after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime:.0f} s;"
            f" memory {before.ru_maxrss // 1024} MB before, {after.ru_maxrss // 1024} MB at most\n"
        )
    return code


if __name__ == "__main__":
    sys.exit(main())
