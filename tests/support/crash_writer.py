"""A program to kill: records a script of outcomes, in which everything follows from a number.

The n-th check of a target decides its state, its outages, its events and its incidents, so
that whoever finds n checks in a store knows what else must be there: no more, no less.
"""

import asyncio
import sys

from monitor.core.journal.recorded import check_of
from monitor.core.model import (
    Event,
    Incident,
    Nature,
    Outage,
    Outcome,
    Reason,
    State,
    Transition,
    Verdict,
)
from monitor.store import Store
from tests.support.outcomes import DEAD, OK, answer, at, observation, refusal

TARGETS = ("anef", "login", "prefecture-75")
STEP_S = 60
CYCLE = 10  # of which checks 3, 4 and 5 are an outage, that 6 closes


def outage_at(target: str, n: int) -> Outage | None:
    """Return the outage of the cycle of check n as check n leaves it, if it has begun."""
    start, phase = n - n % CYCLE, n % CYCLE
    if phase < 3:
        return None
    first = at((start + 3) * STEP_S)
    return Outage(
        target=target,
        point="local",
        nature=Nature.DOWN,
        reason=Reason.CONNECTION_REFUSED,
        last_ok_at=at((start + 2) * STEP_S),
        first_fail_at=first,
        last_fail_at=at((start + min(phase, 5)) * STEP_S),
        confirmed_at=first,
        first_ok_at=at((start + 6) * STEP_S) if phase >= 6 else None,
        recovered_at=at((start + 6) * STEP_S) if phase >= 6 else None,
        checks=min(phase, 5) - 2,
    )


def state_at(target: str, n: int) -> State:
    failing = n % CYCLE in {3, 4, 5}
    return State(
        target=target,
        point="local",
        verdict=Verdict.DOWN if failing else Verdict.UP,
        last_at=at(n * STEP_S),
        outage=outage_at(target, n) if failing else None,
    )


def incident_at(target: str, n: int) -> Incident | None:
    outage = outage_at(target, n)
    if outage is None:
        return None
    return Incident(
        platform=target,
        point="local",
        opened_at=outage.first_fail_at,
        closed_at=outage.first_ok_at,
        outages=((target, outage.first_fail_at),),
    )


def events_at(target: str, n: int) -> tuple[Event, ...]:
    edge = {3: Transition.OUTAGE_OPENED, 6: Transition.OUTAGE_CLOSED}.get(n % CYCLE)
    if edge is None:
        return ()
    now = at(n * STEP_S)
    return (Event(edge=edge, at=now, target=target, point="local", outage=outage_at(target, n)),)


def outcome_at(target: str, n: int) -> Outcome:
    now = at(n * STEP_S)
    failing = n % CYCLE in {3, 4, 5}
    exchange = refusal(now) if failing else answer(now, f"page {n % 4}".encode())
    incident = incident_at(target, n)
    return Outcome(
        check=check_of(observation(target, now, DEAD if failing else OK, exchange=exchange)),
        state=state_at(target, n),
        events=events_at(target, n),
        incidents=(incident,) if incident and n % CYCLE in {3, 6} else (),
    )


async def _record(store: Store, target: str) -> None:
    n = len(store.observations(target, at(0), at(10**8)))
    while True:
        await store.record(outcome_at(target, n))
        sys.stdout.write(f"{target} {n}\n")
        sys.stdout.flush()
        n += 1


async def _record_all(url: str) -> None:
    with Store.open(url, point="local", writer=True, rest_s=0) as store:
        async with asyncio.TaskGroup() as group:
            for target in TARGETS:
                group.create_task(_record(store, target))


if __name__ == "__main__":
    asyncio.run(_record_all(sys.argv[1]))
