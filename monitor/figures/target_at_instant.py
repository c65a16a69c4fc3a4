"""What is read to answer of a target at one instant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.core.model import Gap, Incident, Outage, Run
from monitor.core.outages.at import Around, CitedCheck, InstantAnswer, answer
from monitor.figures.recorded_targets import RecordedTarget, RecordedTargets
from monitor.store.reads.plan_reads import Definition

_MICROSECOND = timedelta(microseconds=1)


class InstantReads(Protocol):
    """InstantReads of one point of measure. `monitor.store.Store` is one."""

    @property
    def point(self) -> str: ...

    def around(self, target: str, at: datetime) -> Around:
        """Return the checks of a target on both sides of an instant."""
        ...

    def gaps(self, since: datetime, until: datetime) -> Sequence[Gap]:
        """Return the gaps that touch a span."""
        ...

    def outages(
        self,
        targets: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Outage]:
        """Return the outages that touch a span."""
        ...

    def incidents(self, *, number: int | None = None) -> Sequence[Incident]:
        """Return the incident that has the outage of a number."""
        ...

    def definitions(self) -> Sequence[Definition]:
        """Return the newest plan of each target."""
        ...

    def runs(self) -> Sequence[Run]:
        """Return each life of the service."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetAtInstant:
    """An answer, of which target, and the incident that its outage is in."""

    target: RecordedTarget
    point: str
    answer: InstantAnswer
    incident: Incident | None


def answer_of(
    reads: InstantReads,
    known: RecordedTargets,
    target: RecordedTarget,
    at: datetime,
    *,
    now: datetime,
) -> TargetAtInstant:
    """Return what can be said of a target at an instant. Nothing is known after `now`."""
    around = reads.around(target.slug, at)
    before, after = around.before, around.telling_after
    until = (after.check.at if after else at) + _MICROSECOND
    reply = answer(
        at,
        now=now,
        around=around,
        hold=known.hold(target.slug, before.check.at if before else at),
        gaps=[gap for gap in reads.gaps(at, at + _MICROSECOND) if gap.target in {"", target.slug}],
        runs=reads.runs(),
        outages=reads.outages([target.slug], at, until),
    )
    number = reply.outage.number if reply.outage else None
    incidents = reads.incidents(number=number) if number is not None else ()
    return TargetAtInstant(
        target=known.of(target.slug, at),
        point=reads.point,
        answer=reply,
        incident=incidents[0] if incidents else None,
    )


def seconds_apart(reply: InstantAnswer, cited: CitedCheck | None) -> float | None:
    """Return the seconds between the instant and a check; None without one."""
    return abs((cited.check.at - reply.at).total_seconds()) if cited else None
