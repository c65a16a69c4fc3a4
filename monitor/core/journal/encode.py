"""What the journal says: each fact as one JSON object, a *leaf*. `decode` reads it back.

A leaf is canonical JSON (`core.jcs`); docs/journal.md tells its fields. Facts that many share
(the machine and the rules, the definition of a target, what a request met, a panel of
controls) are leaves of their own, said once and named by their index. A field that is
unknown is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from monitor.core.changes.page_events import PageEvent, Version
from monitor.core.journal.check_fields import stored_fields
from monitor.core.model import (
    Capture,
    ClockReading,
    ControlAnswer,
    Controls,
    Event,
    Gap,
    Policy,
    Streak,
    Target,
    Transition,
)
from monitor.core.model.check import Check, ConnectionProfile
from monitor.core.scheduling.slots import Grid

VERSION = 1
PLANNED = 300  # targets in one leaf

Leaf = dict[str, Any]

_CONDITIONS = TypeAdapter(ConnectionProfile)
_POLICY = TypeAdapter(Policy)
_WITNESSES = TypeAdapter(tuple[ControlAnswer, ...])
EDGES = {Transition.OUTAGE_OPENED: "opened", Transition.OUTAGE_CLOSED: "closed"}


def instant(at: datetime) -> str:
    """Write an aware instant in the one form that leaves have: UTC, microseconds, "Z"."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def origin(rows_before: Mapping[str, int]) -> Leaf:
    """Say, first of all, how many rows the store had before it had a journal: unproved."""
    return _leaf("origin", rows_before=dict(rows_before))


def setup(*, point: str, config_sha256: str, ruleset: str, environment: Mapping[str, Any]) -> Leaf:
    """Say by what a check is made: the machine, its software, its way out, its rules."""
    said = {"point": point, "config_sha256": config_sha256, "ruleset": ruleset}
    return _leaf("setup", **said, environment=dict(environment))


def target(one: Target) -> Leaf:
    """Say what is watched under a name, and when it makes an outage."""
    return _leaf(
        "target",
        slug=one.slug,
        name=one.name,
        url=one.url,
        kind=one.kind.value,
        platform=one.platform,
        department=one.department or None,
        interval_s=one.interval_s,
        deadline_ms=round(one.deadline_s * 1000),
        slow_ms=round(one.slow_s * 1000),
        markers=list(one.markers),
        expect_path=one.expect_path or None,
        signs_of_life=list(one.signs_of_life),
        policy=_POLICY.dump_python(one.policy, mode="json"),
    )


def conditions(met: ConnectionProfile) -> Leaf:
    """Say what a request met that the next one will most likely meet too."""
    return _leaf("conditions", met=_CONDITIONS.dump_python(met, mode="json", exclude_defaults=True))


def panel(controls: Controls) -> Leaf:
    """Say what a round of the control panel found, without its instant."""
    return _leaf(
        "panel",
        ok=controls.ok,
        asked=controls.asked,
        needed=controls.needed,
        answers=dict(controls.answers),
        **panel_detail(controls),
    )


def panel_detail(controls: Controls) -> Leaf:
    """Return what each host said over each family, and what shows it, as far as it is kept."""
    said: Leaf = {}
    if controls.families:
        said["families"] = {
            family.value: {slug: word.value for slug, word in words.items()}
            for family, words in controls.families.items()
        }
    if controls.witnesses:
        said["witnesses"] = _WITNESSES.dump_python(
            controls.witnesses, mode="json", exclude_none=True
        )
    return said


def observation(
    check: Check,
    *,
    setup: int,
    conditions: int,
    panel: int | None,
    plan: int | None,
) -> Leaf:
    """Say one check. `plan` is the index of the target's definition."""
    controls = check.controls and {"at": instant(check.controls.at), "panel": panel}
    body = check.body_sha256 and {"sha256": check.body_sha256, "bytes": check.body_bytes}
    return _leaf(
        "observation",
        target=check.target,
        at=instant(check.at),
        late_us=(check.at - check.slot_at) // timedelta(microseconds=1),
        verdict=check.verdict.value,
        reason=check.reason.value,
        rule=check.rule,
        setup=setup,
        plan=plan,
        conditions=conditions,
        **stored_fields(check),
        phases_us={phase.value: us for phase, us in check.phases_us.items()},
        body=body,
        controls=controls,
    )


def capture(kept: Capture) -> Leaf:
    """Say where the exact bytes of an observation are kept, and their digest."""
    return _leaf(
        "capture",
        target=kept.target,
        point=kept.point,
        at=instant(kept.at),
        file=kept.file,
        sha256=kept.sha256,
        why=sorted(why.value for why in kept.why),
    )


def edge(event: Event, *, observation: int) -> Leaf:
    """Say that an outage was confirmed or ended, or that failures were not confirmed."""
    where = {"target": event.target, "point": event.point, "at": instant(event.at)}
    if event.outage is None:
        return _leaf("blip", **where, observation=observation, **_streak(event.blip))
    outage = event.outage
    return _leaf(
        "outage",
        edge=EDGES[event.edge],
        **where,
        observation=observation,
        nature=outage.nature.value,
        reason=outage.reason.value,
        last_ok_at=_maybe(outage.last_ok_at),
        first_fail_at=instant(outage.first_fail_at),
        last_fail_at=instant(outage.last_fail_at),
        confirmed_at=instant(outage.confirmed_at),
        first_ok_at=_maybe(outage.first_ok_at),
        recovered_at=_maybe(outage.recovered_at),
        checks=outage.checks,
        relapses=outage.relapses,
    )


def change(event: PageEvent, *, observation: int) -> Leaf:
    """Say what happened to a page's text: which texts, by their digests, and of which kind."""
    found = event.change
    return _leaf(
        "change",
        edge=event.edge.value,
        target=event.target,
        point=event.point,
        at=instant(event.at),
        observation=observation,
        kinds=[kind.value for kind in found.kinds] if found else None,
        weight=found.weight.value if found else None,
        silent=bool(found and found.silent),
        announced=event.announced,
        before=event.before and _stay(event.before),
        after=event.after and _stay(event.after.version),
        leads_to=sorted({link.target for link in event.links}) or None,
    )


def plans(grids: Mapping[str, Grid], *, point: str) -> Iterator[Leaf]:
    """Say when each target is due, so many targets in a leaf that it cannot become too long."""
    every = sorted(grids.items())
    for first in range(0, len(every), PLANNED):
        slots = {
            slug: [grid.interval_us, grid.phase_us] for slug, grid in every[first : first + PLANNED]
        }
        yield _leaf("plan", point=point, slots=slots)


def run_started(at: datetime, *, setup: int, version: str, plans: Sequence[int] = ()) -> Leaf:
    """Say that the service starts; `plans` are the leaves that say what is due when."""
    said = {"setup": setup, "version": version, "plans": list(plans) or None}
    return _leaf("run", edge="start", at=instant(at), **said)


def run_stopped(at: datetime, *, start: int) -> Leaf:
    """Say that the service stops of its own will; `start` is the leaf of its start."""
    return _leaf("run", edge="stop", at=instant(at), start=start)


def control_round(controls: Controls, *, point: str, panel: int) -> Leaf:
    """Say that we were alive, and what our line was worth."""
    return _leaf("round", at=instant(controls.at), point=point, panel=panel)


def clock(reading: ClockReading, *, point: str) -> Leaf:
    """Say what a time server thought of our clock."""
    return _leaf(
        "clock",
        at=instant(reading.at),
        point=point,
        server=reading.server,
        offset_us=reading.offset_us,
        dispersion_us=reading.dispersion_us,
        stratum=reading.stratum,
    )


def gap(lost: Gap) -> Leaf:
    """Say that planned checks were not made, and why. No target: all of the point."""
    return _leaf(
        "gap",
        target=lost.target or None,
        point=lost.point,
        from_at=instant(lost.from_at),
        to_at=instant(lost.to_at),
        slots=lost.slots,
        cause=lost.cause.value,
    )


def token(*, size: int, authority: str, at: datetime, sha256: str) -> Leaf:
    """Say that an authority time-stamped the checkpoint of `size`: what follows is later."""
    return _leaf("token", size=size, authority=authority, at=instant(at), sha256=sha256)


def new_key(at: datetime, *, old: str, new: str) -> Leaf:
    """Say that another key signs from now on; both are verifier keys."""
    return _leaf("key", at=instant(at), old=old, new=new)


def annotation(at: datetime, *, text: str, targets: Sequence[str] = ()) -> Leaf:
    """Say what an operator adds, such as a public notice of works. Never about a person."""
    return _leaf("annotation", at=instant(at), text=text, targets=sorted(targets))


def correction(at: datetime, *, leaf: int, text: str) -> Leaf:
    """Say what is wrong in an earlier leaf, which stays as it is."""
    return _leaf("correction", at=instant(at), leaf=leaf, text=text)


def _leaf(kind: str, /, **fields: Any) -> Leaf:
    said = {name: value for name, value in fields.items() if value is not None}
    return {"v": VERSION, "type": kind, **said}


def _stay(version: Version) -> Leaf:
    return {
        "sha256": version.sha256,
        "body_sha256": version.body_sha256,
        "extraction": version.extraction_version,
        "first_at": instant(version.first_at),
        "last_at": instant(version.last_at),
    }


def _maybe(at: datetime | None) -> str | None:
    return None if at is None else instant(at)


def _streak(streak: Streak | None) -> Leaf:
    if streak is None:
        return {}
    return {
        "first_at": instant(streak.first_at),
        "last_at": instant(streak.last_at),
        "count": streak.count,
        "reason": streak.reason.value,
        "downs": streak.downs,
    }
