"""Grouping of outages into incidents."""

import dataclasses
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.model import Incident, Nature, Outage, Reason
from monitor.core.outages.incidents import REMEMBERED, RecentOutages, absorb, group, supersedes

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def outage(target: str, first_fail: int, confirmed: int, first_ok: int, recovered: int) -> Outage:
    return Outage(
        target=target,
        point="local",
        nature=Nature.DOWN,
        reason=Reason.HTTP_5XX,
        last_ok_at=at(first_fail - 1),
        first_fail_at=at(first_fail),
        last_fail_at=at(first_ok - 1),
        confirmed_at=at(confirmed),
        first_ok_at=at(first_ok),
        recovered_at=at(recovered),
    )


def opened(whole: Outage) -> Outage:
    """Return the outage as it was when it was confirmed."""
    return dataclasses.replace(
        whole, last_fail_at=whole.confirmed_at, first_ok_at=None, recovered_at=None
    )


def test_outages_that_overlap_are_one_incident_and_others_are_not() -> None:
    home, login = outage("home", 0, 2, 10, 12), outage("login", 5, 7, 20, 22)
    later = outage("home", 30, 32, 40, 42)

    assert group([later, login, home], "anef") == (
        Incident(
            platform="anef",
            point="local",
            opened_at=at(0),
            closed_at=at(20),
            outages=(("home", at(0)), ("login", at(5))),
        ),
        Incident(
            platform="anef",
            point="local",
            opened_at=at(30),
            closed_at=at(40),
            outages=(("home", at(30)),),
        ),
    )


def test_an_incident_stays_open_until_the_last_of_its_outages_ends() -> None:
    home, login = outage("home", 0, 2, 10, 12), outage("login", 5, 7, 20, 22)

    assert absorb([home, opened(login)], home, "anef").closed_at is None
    assert absorb([home, login], login, "anef").closed_at == at(20)


def test_the_incident_ends_with_its_latest_good_check_not_its_latest_confirmation() -> None:
    """A slow lane may confirm last the recovery that came first."""
    slow, quick = outage("slow", 0, 2, 10, 40), outage("quick", 1, 3, 15, 17)

    assert absorb([quick, opened(slow)], slow, "ide").closed_at == at(15)


def test_an_outage_confirmed_late_reopens_the_incident_that_it_began_in() -> None:
    early, late = outage("early", 0, 2, 10, 12), outage("late", 9, 20, 30, 32)

    incident = absorb([early], opened(late), "ide")

    assert incident.opened_at == at(0)
    assert incident.closed_at is None
    assert incident.outages == (("early", at(0)), ("late", at(9)))


def test_an_outage_confirmed_late_may_merge_incidents_and_begin_before_them() -> None:
    first, second = outage("first", 10, 12, 20, 22), outage("second", 30, 32, 40, 42)
    recorded = group([first, second], "ide")
    late = opened(outage("late", 5, 50, 60, 62))

    incident = absorb([first, second], late, "ide")

    assert incident.opened_at == at(5)
    assert len(incident.outages) == 3
    assert all(supersedes(incident, other) for other in recorded)


def test_what_was_open_together_stays_together() -> None:
    """The first good check of `home` proves earlier than the first failing one of `login`."""
    home, login = outage("home", 0, 2, 10, 20), outage("login", 11, 14, 30, 32)
    together = absorb([opened(home)], opened(login), "ide")

    after = absorb([opened(login)], home, "ide")

    assert together.outages == after.outages
    assert supersedes(after, together)


def test_an_incident_of_another_platform_or_point_is_never_superseded() -> None:
    home = outage("home", 0, 2, 10, 12)
    (ours,) = group([home], "anef")
    (theirs,) = group([home], "ide")

    assert supersedes(ours, ours)
    assert not supersedes(ours, theirs)
    assert not supersedes(ours, dataclasses.replace(ours, point="lyon"))


@st.composite
def plans(draw: st.DrawFn) -> list[Outage]:
    """Outages of a few targets, one at a time for each, with distinct instants."""
    plan: list[Outage] = []
    for target in ("a", "b", "c", "d"):
        now = draw(st.integers(0, 60))
        for _ in range(draw(st.integers(0, 4))):
            gaps = draw(st.lists(st.integers(1, 60), min_size=4, max_size=4))
            instants = [now := now + gap for gap in gaps]
            plan.append(outage(target, *instants))
            now += 1
    return plan


def naive(outages: list[Outage]) -> set[frozenset[tuple[str, datetime]]]:
    """Merge any two groups with members that overlap, until nothing moves."""
    groups = [[outage] for outage in outages]
    moved = True
    while moved:
        moved = False
        for i, left in enumerate(groups):
            for right in groups[i + 1 :]:
                if any(overlap(one, other) for one in left for other in right):
                    left.extend(right)
                    groups.remove(right)
                    moved = True
                    break
            if moved:
                break
    return {frozenset((one.target, one.first_fail_at) for one in g) for g in groups}


def overlap(one: Outage, other: Outage) -> bool:
    assert one.recovered_at is not None
    assert other.recovered_at is not None
    return one.first_fail_at < other.recovered_at and other.first_fail_at < one.recovered_at


@settings(max_examples=150)
@given(plan=plans())
def test_absorbing_events_as_they_come_ends_where_a_recomputation_does(
    plan: list[Outage],
) -> None:
    """Each event's incident supersedes what it grew from, and none is lost or split."""
    events = [(one.confirmed_at, opened(one)) for one in plan]
    events += [(one.recovered_at, one) for one in plan if one.recovered_at is not None]
    known: dict[tuple[str, datetime], Outage] = {}
    recorded: list[Incident] = []
    for _, event in sorted(events, key=lambda pair: (pair[0], pair[1].target)):
        incident = absorb(known.values(), event, "ide")
        known[event.target, event.first_fail_at] = event
        touched = [i for i in recorded if set(i.outages) & set(incident.outages)]
        assert all(supersedes(incident, other) for other in touched)
        recorded = [i for i in recorded if i not in touched] + [incident]

    assert sorted(recorded, key=lambda i: i.opened_at) == list(group(plan, "ide"))
    assert naive(plan) == {frozenset(incident.outages) for incident in recorded}
    for incident in recorded:
        mine = [o for o in plan if (o.target, o.first_fail_at) in incident.outages]
        assert incident.opened_at == min(o.first_fail_at for o in mine)
        assert incident.closed_at == max(o.first_ok_at for o in mine if o.first_ok_at)


@settings(max_examples=50)
@given(data=st.data())
def test_the_order_of_the_outages_does_not_matter(data: st.DataObject) -> None:
    plan = data.draw(plans())

    assert group(plan, "ide") == group(data.draw(st.permutations(plan)), "ide")


def test_an_outage_is_joined_for_two_days_by_those_of_its_platform_and_point() -> None:
    recent = RecentOutages()
    old, first = outage("a", 0, 2, 10, 12), outage("b", 5, 7, 20, 22)
    recent.add(old, "anef")
    recent.add(outage("c", 0, 2, 10, 12), "ide")

    assert recent.absorb(first, "anef", at=at(22)).outages == (("a", at(0)), ("b", at(5)))
    forgotten = recent.absorb(first, "anef", at=at(12) + REMEMBERED)
    assert forgotten.outages == (("b", at(5)),)
    recent.restart(at(20) + REMEMBERED)
    assert recent.absorb(outage("d", 8, 9, 19, 21), "anef", at=at(21)).outages == (("d", at(8)),)


def test_a_service_that_starts_forgets_what_ended_two_days_before() -> None:
    """By the first good check: the store is read by it, whenever the end was confirmed."""
    recent = RecentOutages()
    recent.add(outage("home", 0, 2, 10, 90), "anef")
    recent.add(outage("login", 0, 2, 11, 90), "anef")
    recent.add(opened(outage("form", 0, 2, 12, 90)), "anef")

    recent.restart(at(10) + REMEMBERED)
    incident = recent.absorb(outage("late", 5, 80, 95, 96), "anef", at=at(96))

    assert [target for target, _ in incident.outages] == ["form", "login", "late"]
