"""The slots that were missed since the last run, determined when the service starts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from monitor.core.model import Gap, GapCause
from monitor.core.outages.gaps import gap, merged, missing, stops
from monitor.core.scheduling.slots import Grid
from monitor.store import Store

log = structlog.get_logger(__name__)

IN_HAND = timedelta(hours=2)  # how long a slot may wait in a lane: far more than it ever does


def log_missed(gap: Gap) -> None:
    """Log a gap."""
    log.info(
        "slots missed",
        target=gap.target,
        since=gap.from_at.isoformat(),
        slots=gap.slots,
        cause=gap.cause.value,
    )


def missed_slots(
    store: Store, plan: Mapping[str, Grid], now: datetime, *, config_sha256: str
) -> tuple[Gap, ...]:
    """Return the slots since the last run that have neither a check nor a gap.

    Those while the service was stopped, and, when that run was killed, those that it had begun or
    that were waiting. Nothing before a first run. `config_sha256` is that of the configuration of
    `plan`: a run with another one may have had other slots.
    """
    runs = store.runs()
    if not runs:
        return ()
    last = runs[-1]
    if last.stopped_at is not None:
        return stops([last], plan, now, point=store.point)
    # Its last check may be later than the last round, which sets `alive_at`.
    checked = [state.last_at for state in store.states() if state.last_at is not None]
    last = replace(last, alive_at=min(now, max([last.alive_at, *checked])))
    same = last.config_sha256 == config_sha256
    in_hand = _in_hand(store, plan, last.started_at, last.alive_at, same_plan=same)
    return (*in_hand, *stops([last], plan, now, point=store.point))


def _in_hand(
    store: Store,
    plan: Mapping[str, Grid],
    started_at: datetime,
    until: datetime,
    *,
    same_plan: bool,
) -> tuple[Gap, ...]:
    """Return the slots of a killed run that nothing accounts for.

    Slots of a target are accounted for in order, except those in progress. A target with nothing
    recorded for longer than `IN_HAND`, as after a suspension of the machine, is examined from its
    last record on. Under another plan the old slots are not known: a gap is then only where no
    check was made at all.
    """
    since = until - IN_HAND
    checked = {state.target: state.last_at for state in store.states()}
    last_gap_ends = store.last_gaps(since)
    gaps_since = store.gaps(since, until)
    after = until + timedelta(microseconds=1)  # the last check may be the last sign of life
    gaps: list[Gap] = []
    for target, grid in plan.items():
        records = (checked.get(target), last_gap_ends.get(target), last_gap_ends.get(""))
        last = max((at for at in records if at is not None), default=started_at)
        first = max(started_at, min(since, last))
        observed = {check.slot_at for check in store.observations(target, first, after)}
        checked_slots = {grid.latest(at) for at in observed}
        own_gaps = [gap_ for gap_ in gaps_since if gap_.target in {target, ""}]
        gaps += [
            gap(grid, slot, GapCause.STOPPED, point=store.point, target=target)
            for slot in missing(grid.between(first, until), observed, own_gaps)
            if same_plan or slot not in checked_slots
        ]
    return merged(gaps)
