"""Decode the leaves of the journal: the inverse of `encode`.

Each function raises ValueError, KeyError or TypeError for a leaf of another form.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from monitor.core.journal.check_fields import read_fields
from monitor.core.journal.encode import EDGES, instant
from monitor.core.model import (
    Annotation,
    AnnotationKind,
    Capture,
    CaptureReason,
    ClockReading,
    ControlAnswer,
    Controls,
    ControlStatus,
    Event,
    Family,
    Gap,
    GapCause,
    Nature,
    Outage,
    Phase,
    Policy,
    Reason,
    Streak,
    Transition,
    Verdict,
)
from monitor.core.model.check import Check, ConnectionProfile
from monitor.core.model.rendering import (
    FileDigest,
    RecordedRendering,
    RefusedRequests,
    RenderFailure,
    Rendering,
)
from monitor.core.outages.announcements import fault

Refer = Callable[[int], Mapping[str, Any]]  # index -> the leaf there

_CONDITIONS = TypeAdapter(ConnectionProfile)
_POLICY = TypeAdapter(Policy)
_FAMILIES = TypeAdapter(dict[Family, dict[str, ControlStatus]])
_REFUSED = TypeAdapter(tuple[RefusedRequests, ...])
_WITNESSES = TypeAdapter(tuple[ControlAnswer, ...])
_KINDS = {word: edge for edge, word in EDGES.items()}


@lru_cache(maxsize=256)  # the same instants are in a leaf, in its schema and in its neighbours
def read_instant(text: str) -> datetime:
    """Decode an instant. Raises ValueError for any other form."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or instant(at) != text:
        raise ValueError(f"ce n’est pas un instant du journal : {text!r}")
    return at


def policy_of(leaf: Mapping[str, Any]) -> Policy:
    """Return the policy that a `target` leaf names."""
    return _POLICY.validate_python(leaf["policy"])


def check_from(
    leaf: Mapping[str, Any],
    refer: Refer,
    *,
    conditions: ConnectionProfile | None = None,
    controls: Controls | None = None,
) -> Check:
    """Decode an `observation` leaf, with the leaves that it points at.

    `conditions` and `controls` are those of the leaf, when they were decoded before.
    """
    at = read_instant(leaf["at"])
    setup = refer(leaf["setup"])
    body = leaf.get("body") or {}
    rested_on = leaf.get("controls")
    if rested_on and controls is None:
        controls = controls_from(refer(rested_on["panel"]), rested_on["at"])
    return Check(
        target=leaf["target"],
        point=setup["point"],
        slot_at=at - timedelta(microseconds=leaf["late_us"]),
        at=at,
        verdict=Verdict(leaf["verdict"]),
        reason=Reason(leaf["reason"]),
        rule=leaf["rule"],
        ruleset=setup["ruleset"],
        config_sha256=setup["config_sha256"],
        conditions=conditions or conditions_from(refer(leaf["conditions"])),
        phases_us={Phase(name): us for name, us in leaf["phases_us"].items()},
        body_sha256=body.get("sha256"),
        body_bytes=body.get("bytes", 0),
        controls=controls,
        **read_fields(leaf),
    )


def conditions_from(leaf: Mapping[str, Any]) -> ConnectionProfile:
    """Decode a `conditions` leaf."""
    return _CONDITIONS.validate_python(leaf["met"], strict=False)


def controls_from(leaf: Mapping[str, Any], at: str) -> Controls:
    """Decode a `panel` leaf, at the instant of its round."""
    return Controls(
        at=read_instant(at),
        ok=leaf["ok"],
        asked=leaf["asked"],
        needed=leaf["needed"],
        answers=leaf["answers"],
        **panel_detail_from(leaf),
    )


def panel_detail_from(leaf: Mapping[str, Any]) -> dict[str, Any]:
    """Decode what `encode.panel_detail` encodes."""
    return {
        "families": _FAMILIES.validate_python(leaf.get("families", {}), strict=False),
        "witnesses": _WITNESSES.validate_python(leaf.get("witnesses", ()), strict=False),
    }


def capture_from(leaf: Mapping[str, Any]) -> Capture:
    """Decode a `capture` leaf."""
    return Capture(
        target=leaf["target"],
        point=leaf["point"],
        at=read_instant(leaf["at"]),
        file=leaf["file"],
        sha256=leaf["sha256"],
        why=tuple(map(CaptureReason, leaf["why"])),
    )


def rendering_from(leaf: Mapping[str, Any]) -> RecordedRendering:
    """Decode a `rendering` leaf."""
    failure = leaf.get("failure")
    return RecordedRendering(
        target=leaf["target"],
        point=leaf["point"],
        at=read_instant(leaf["at"]),
        shown=Rendering(
            browser=leaf["browser"],
            flags_sha256=leaf.get("flags_sha256", ""),
            fonts_sha256=leaf.get("fonts_sha256", ""),
            apart=leaf["apart"],
            sandbox=leaf["sandbox"],
            duration_us=leaf["duration_us"],
            failure=RenderFailure(failure) if failure else None,
            refused=_REFUSED.validate_python(leaf["refused"], strict=False),
        ),
        files=tuple(
            FileDigest(name=name, sha256=file["sha256"], size=file["bytes"])
            for name, file in sorted(leaf["files"].items())
        ),
    )


def event_from(leaf: Mapping[str, Any]) -> Event:
    """Decode an `outage` or `blip` leaf."""
    where = {"target": leaf["target"], "point": leaf["point"]}
    at = read_instant(leaf["at"])
    if leaf["type"] == "blip":
        blip = Streak(
            first_at=read_instant(leaf["first_at"]),
            last_at=read_instant(leaf["last_at"]),
            count=leaf["count"],
            reason=Reason(leaf["reason"]),
            downs=leaf["downs"],
        )
        return Event(edge=Transition.BLIP, at=at, blip=blip, **where)
    outage = Outage(
        **where,
        nature=Nature(leaf["nature"]),
        reason=Reason(leaf["reason"]),
        last_ok_at=_maybe(leaf, "last_ok_at"),
        first_fail_at=read_instant(leaf["first_fail_at"]),
        last_fail_at=read_instant(leaf["last_fail_at"]),
        confirmed_at=read_instant(leaf["confirmed_at"]),
        first_ok_at=_maybe(leaf, "first_ok_at"),
        recovered_at=_maybe(leaf, "recovered_at"),
        checks=leaf["checks"],
        relapses=leaf["relapses"],
    )
    return Event(edge=_KINDS[leaf["edge"]], at=at, outage=outage, **where)


def clock_from(leaf: Mapping[str, Any]) -> ClockReading:
    """Decode a `clock` leaf."""
    return ClockReading(
        at=read_instant(leaf["at"]),
        server=leaf["server"],
        offset_us=leaf.get("offset_us"),
        dispersion_us=leaf.get("dispersion_us"),
        stratum=leaf.get("stratum"),
    )


def gap_from(leaf: Mapping[str, Any]) -> Gap:
    """Decode a `gap` leaf."""
    return Gap(
        point=leaf["point"],
        target=leaf.get("target", ""),
        from_at=read_instant(leaf["from_at"]),
        to_at=read_instant(leaf["to_at"]),
        slots=leaf["slots"],
        cause=GapCause(leaf["cause"]),
    )


def annotation_from(leaf: Mapping[str, Any], *, number: int) -> Annotation:
    """Decode an `annotation` leaf, which is at the index `number`."""
    kind = AnnotationKind(leaf["kind"])
    note = Annotation(
        kind=kind,
        at=read_instant(leaf["at"]),
        targets=tuple(leaf["targets"]),
        from_at=_maybe(leaf, "from_at"),
        to_at=_maybe(leaf, "to_at"),
        sha256=leaf.get("sha256"),
        url=leaf.get("url"),
        change=leaf.get("change"),
        withdraws=leaf.get("withdraws"),
        text=leaf["text"] if kind is AnnotationKind.REPLY else None,
        number=number,
    )
    if why := fault(note):
        raise ValueError(f"an annotation that cannot be: {why}")
    return note


def _maybe(leaf: Mapping[str, Any], name: str) -> datetime | None:
    return read_instant(leaf[name]) if name in leaf else None
