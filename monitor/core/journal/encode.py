"""Encode facts for the journal, each as one JSON object, a *leaf*. `decode` is the inverse.

A leaf is canonical JSON (`core/journal/jcs.py`); docs/journal.md lists its fields. Facts that
many leaves share (the machine and the rules, the definition of a target, the conditions of a
request, a panel of controls) are leaves too, written once and named by their index. A field
that is unknown is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from monitor.core.changes.page_events import PageEvent, ShownPage, Version
from monitor.core.journal.check_fields import stored_fields
from monitor.core.model import (
    Annotation,
    AnnotationKind,
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
from monitor.core.model.rendering import RecordedRendering, RefusedRequests
from monitor.core.scheduling.slots import Grid

VERSION = 1
PLANNED = 300  # targets in one leaf

Leaf = dict[str, Any]

_CONDITIONS = TypeAdapter(ConnectionProfile)
_POLICY = TypeAdapter(Policy)
_REFUSED = TypeAdapter(tuple[RefusedRequests, ...])
_WITNESSES = TypeAdapter(tuple[ControlAnswer, ...])
EDGES = {Transition.OUTAGE_OPENED: "opened", Transition.OUTAGE_CLOSED: "closed"}


def instant(at: datetime) -> str:
    """Write an aware instant in the one form that leaves have: UTC, microseconds, "Z"."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def origin(rows_before: Mapping[str, int]) -> Leaf:
    """Encode how many rows each table had before the journal began; nothing vouches for them."""
    return _leaf("origin", rows_before=dict(rows_before))


def setup(*, point: str, config_sha256: str, ruleset: str, environment: Mapping[str, Any]) -> Leaf:
    """Encode the environment of a check: host, software, egress, ruleset."""
    identity = {"point": point, "config_sha256": config_sha256, "ruleset": ruleset}
    return _leaf("setup", **identity, environment=dict(environment))


def target(definition: Target) -> Leaf:
    """Encode the definition of a target, with its policy."""
    return _leaf(
        "target",
        slug=definition.slug,
        name=definition.name,
        url=definition.url,
        kind=definition.kind.value,
        platform=definition.platform,
        department=definition.department or None,
        interval_s=definition.interval_s,
        deadline_ms=round(definition.deadline_s * 1000),
        slow_ms=round(definition.slow_s * 1000),
        markers=list(definition.markers),
        expect_path=definition.expect_path or None,
        signs_of_life=list(definition.signs_of_life),
        policy=_POLICY.dump_python(definition.policy, mode="json"),
    )


def conditions(profile: ConnectionProfile) -> Leaf:
    """Encode the conditions of a request that the next one will most likely share."""
    return _leaf(
        "conditions", met=_CONDITIONS.dump_python(profile, mode="json", exclude_defaults=True)
    )


def panel(controls: Controls) -> Leaf:
    """Encode the results of a round of the control panel, without its instant."""
    return _leaf(
        "panel",
        ok=controls.ok,
        asked=controls.asked,
        needed=controls.needed,
        answers=dict(controls.answers),
        **panel_detail(controls),
    )


def panel_detail(controls: Controls) -> Leaf:
    """Return the status of each host over each family, and the evidence for it, where recorded."""
    detail: Leaf = {}
    if controls.families:
        detail["families"] = {
            family.value: {slug: status.value for slug, status in statuses.items()}
            for family, statuses in controls.families.items()
        }
    if controls.witnesses:
        detail["witnesses"] = _WITNESSES.dump_python(
            controls.witnesses, mode="json", exclude_none=True
        )
    return detail


def observation(
    check: Check,
    *,
    setup: int,
    conditions: int,
    panel: int | None,
    plan: int | None,
) -> Leaf:
    """Encode one check. `setup`, `conditions`, `panel` and `plan` are indexes of earlier leaves.

    `plan` is that of the target's definition.
    """
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


def capture(record: Capture) -> Leaf:
    """Encode where the exact bytes of an observation are kept, and their digest."""
    return _leaf(
        "capture",
        target=record.target,
        point=record.point,
        at=instant(record.at),
        file=record.file,
        sha256=record.sha256,
        why=sorted(why.value for why in record.why),
    )


def edge(event: Event, *, observation: int) -> Leaf:
    """Encode the start or the end of an outage, or failures that were not confirmed (a blip)."""
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
    """Encode a change of a page's text: both texts, by their digests, and the kinds of change."""
    difference = event.change
    return _leaf(
        "change",
        edge=event.edge.value,
        target=event.target,
        point=event.point,
        at=instant(event.at),
        observation=observation,
        kinds=[kind.value for kind in difference.kinds] if difference else None,
        weight=difference.weight.value if difference else None,
        silent=bool(difference and difference.silent),
        announced=event.announced,
        before=event.before and _stay(event.before),
        after=event.after and _shown(event.after),
        leads_to=sorted({link.target for link in event.links}) or None,
    )


def rendering(record: RecordedRendering, *, observation: int) -> Leaf:
    """Encode what a browser showed of a page: by which browser, and the digest of each file."""
    shown = record.shown
    return _leaf(
        "rendering",
        target=record.target,
        point=record.point,
        at=instant(record.at),
        observation=observation,
        browser=shown.browser,
        flags_sha256=shown.flags_sha256 or None,
        fonts_sha256=shown.fonts_sha256 or None,
        apart=shown.apart,
        sandbox=shown.sandbox,
        duration_us=shown.duration_us,
        failure=shown.failure.value if shown.failure else None,
        refused=_REFUSED.dump_python(shown.refused, mode="json"),
        files={file.name: {"sha256": file.sha256, "bytes": file.size} for file in record.files},
    )


def plans(grids: Mapping[str, Grid], *, point: str) -> Iterator[Leaf]:
    """Encode the grid of each target, `PLANNED` targets in a leaf, which bounds its length."""
    ordered = sorted(grids.items())
    for first in range(0, len(ordered), PLANNED):
        slots = {
            slug: [grid.interval_us, grid.phase_us]
            for slug, grid in ordered[first : first + PLANNED]
        }
        yield _leaf("plan", point=point, slots=slots)


def run_started(at: datetime, *, setup: int, version: str, plans: Sequence[int] = ()) -> Leaf:
    """Encode the start of the service; `plans` are the indexes of the leaves with its grids."""
    references = {"setup": setup, "version": version, "plans": list(plans) or None}
    return _leaf("run", edge="start", at=instant(at), **references)


def run_stopped(at: datetime, *, start: int) -> Leaf:
    """Encode a clean stop of the service; `start` is the index of the leaf of its start."""
    return _leaf("run", edge="stop", at=instant(at), start=start)


def control_round(controls: Controls, *, point: str, panel: int) -> Leaf:
    """Encode a round of controls: that the service was running, and how its line was."""
    return _leaf("round", at=instant(controls.at), point=point, panel=panel)


def clock(reading: ClockReading, *, point: str) -> Leaf:
    """Encode what a time server answered of our clock."""
    return _leaf(
        "clock",
        at=instant(reading.at),
        point=point,
        server=reading.server,
        offset_us=reading.offset_us,
        dispersion_us=reading.dispersion_us,
        stratum=reading.stratum,
    )


def gap(missed: Gap) -> Leaf:
    """Encode that planned checks were not made, and why. Without a target: all of the point."""
    return _leaf(
        "gap",
        target=missed.target or None,
        point=missed.point,
        from_at=instant(missed.from_at),
        to_at=instant(missed.to_at),
        slots=missed.slots,
        cause=missed.cause.value,
    )


def token(*, size: int, authority: str, at: datetime, sha256: str) -> Leaf:
    """Encode that an authority time-stamped the checkpoint of `size`: later leaves are newer."""
    return _leaf("token", size=size, authority=authority, at=instant(at), sha256=sha256)


def new_key(at: datetime, *, old: str, new: str) -> Leaf:
    """Encode that another key signs from now on; both are verifier keys."""
    return _leaf("key", at=instant(at), old=old, new=new)


def annotation(note: Annotation) -> Leaf:
    """Encode a note that a person added. Never about a person."""
    if note.kind is AnnotationKind.MAINTENANCE:
        since, until = _maybe(note.from_at), _maybe(note.to_at)
        text = f"maintenance annoncée du {since} au {until}"
    elif note.kind is AnnotationKind.REPLY:
        text = note.text or ""
    elif note.kind is AnnotationKind.SETTING:
        text = "réglage accepté par une personne"
    else:
        text = f"annotation de la feuille {note.withdraws} retirée"
    return _leaf(
        "annotation",
        at=instant(note.at),
        kind=note.kind.value,
        text=text,
        targets=list(note.targets),
        from_at=_maybe(note.from_at),
        to_at=_maybe(note.to_at),
        sha256=note.sha256,
        url=note.url,
        change=note.change,
        withdraws=note.withdraws,
    )


def correction(at: datetime, *, leaf: int, text: str) -> Leaf:
    """Encode what is wrong in an earlier leaf, which stays as it is."""
    return _leaf("correction", at=instant(at), leaf=leaf, text=text)


def _leaf(kind: str, /, **fields: Any) -> Leaf:
    known = {name: value for name, value in fields.items() if value is not None}
    return {"v": VERSION, "type": kind, **known}


def _stay(version: Version) -> Leaf:
    return {
        "sha256": version.sha256,
        "body_sha256": version.body_sha256,
        "extraction": version.extraction_version,
        "first_at": instant(version.first_at),
        "last_at": instant(version.last_at),
    }


def _shown(page: ShownPage) -> Leaf:
    """Encode a text and how much of the page's prose it compares, in thousandths."""
    compared = page.packed.compared_permille
    share = {} if compared is None else {"compared_permille": compared}
    return {**_stay(page.version), **share}


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
