"""What the record says of targets now and over the past day, read for no more than is shown."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.config import Config
from monitor.core.model import Target
from monitor.core.outages.time_accounts import HOLD
from monitor.web.record_reads import RecordReads
from monitor.web.views.platforms import Past

DAY = timedelta(days=1)
_ROUNDS = timedelta(hours=1)  # in which the last round of the control panel is looked for
_MICROSECOND = timedelta(microseconds=1)


def recent_past(
    reads: RecordReads, config: Config, targets: Sequence[Target], *, now: datetime, drawn: bool
) -> Past:
    """Read the states of targets, all or some; `drawn` reads the spans of their timelines too."""
    since = now - DAY
    rounds = reads.rounds(now - _ROUNDS, now)
    slugs = [target.slug for target in targets]
    some = slugs if len(slugs) < len(config.targets) else None
    # An older gap says nothing of the present: the check before it would no longer hold either.
    longest = timedelta(seconds=max((HOLD * one.interval_s for one in targets), default=0.0))
    gaps = reads.gaps(max(since, now - longest - _MICROSECOND), now, targets=some)
    holds = {target.slug: HOLD * target.interval_s for target in targets} if drawn else {}
    return Past(
        since=since,
        now=now,
        line_works=not rounds or rounds[-1].line_works,
        states={state.target: state for state in reads.states(some)},
        spans=reads.spans(holds, since, now) if holds else {},
        missed={gap.target: gap for gap in gaps},
    )
