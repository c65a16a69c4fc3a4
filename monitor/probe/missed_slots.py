"""What was not observed while the service was not there, told when it starts again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from monitor.core.model import Gap, GapCause
from monitor.core.outages.gaps import gap, merged, missing, stops
from monitor.core.scheduling.slots import Grid
from monitor.store import Store

log = structlog.get_logger(__name__)

IN_HAND = timedelta(hours=2)  # how long a slot may wait in a lane: far more than it does


def log_missed(one: Gap) -> None:
    """Write the one line of a gap."""
    log.info(
        "slots missed",
        target=one.target,
        since=one.from_at.isoformat(),
        slots=one.slots,
        cause=one.cause.value,
    )


def missed_slots(
    store: Store, plan: Mapping[str, Grid], now: datetime, *, config_sha256: str
) -> tuple[Gap, ...]:
    """Return the slots since the last run that nobody accounted for.

    Those of our absence, and, when that run was killed, those that it had begun or kept
    waiting. Nothing before a first run. `config_sha256` is of the configuration that `plan`
    is made from: a run of another one may have had other slots.
    """
    runs = store.runs()
    if not runs:
        return ()
    last = runs[-1]
    if last.stopped_at is not None:
        return stops([last], plan, now, point=store.point)
    # Its last check may be later than the last round that says it was alive.
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

    Slots of a target are accounted for in their order, but for those in hand. One that was
    silent for longer than a slot may wait, as after a sleep of the machine, is looked at from
    its last word on. Under another plan the old slots are not known: a gap is then only where no
    check was made at all.
    """
    since = until - IN_HAND
    checked = {state.target: state.last_at for state in store.states()}
    ended = store.last_gaps(since)
    known = store.gaps(since, until)
    after = until + timedelta(microseconds=1)  # the last check may be the last sign of life
    gaps: list[Gap] = []
    for target, grid in plan.items():
        words = (checked.get(target), ended.get(target), ended.get(""))
        last = max((at for at in words if at is not None), default=started_at)
        first = max(started_at, min(since, last))
        seen = {check.slot_at for check in store.observations(target, first, after)}
        checked_slots = {grid.latest(at) for at in seen}
        mine = [one for one in known if one.target in {target, ""}]
        gaps += [
            gap(grid, slot, GapCause.STOPPED, point=store.point, target=target)
            for slot in missing(grid.between(first, until), seen, mine)
            if same_plan or slot not in checked_slots
        ]
    return merged(gaps)
