"""Entries of the record as machines read them: one form for `--json` and the interface."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from monitor.core.changes.change_log import ChangeRecord
from monitor.core.french.at_sentences import sentence
from monitor.core.model import Gap, Incident, Outage, Phase
from monitor.core.model.check import Check
from monitor.core.outages.at import CitedCheck, InstantAnswer
from monitor.core.outages.time_accounts import microseconds
from monitor.figures import shapes
from monitor.figures.target_at_instant import TargetAtInstant, seconds_apart


class NamedTarget(Protocol):
    """What is known of a target, whether or not it is still watched.

    None: the record does not say. `watched` is None where there is no configuration.
    """

    @property
    def name(self) -> str: ...
    @property
    def url(self) -> str | None: ...
    @property
    def platform(self) -> str | None: ...
    @property
    def department(self) -> str | None: ...
    @property
    def watched(self) -> bool | None: ...


def utc(at: datetime | None) -> str | None:
    """Return an instant as ISO 8601 in UTC, with "Z"; None for none."""
    return shapes.utc(microseconds(at)) if at is not None else None


def outage(one: Outage, target: NamedTarget) -> dict[str, Any]:
    """Return what machines are told of an outage."""
    return {
        "number": one.number,
        "target": one.target,
        "name": target.name,
        "watched": target.watched,
        "url": target.url,
        "department": target.department,
        "platform": target.platform,
        "point": one.point,
        "nature": one.nature.value,
        "reason": one.reason.value,
        "last_ok_at": utc(one.last_ok_at),
        "first_fail_at": utc(one.first_fail_at),
        "confirmed_at": utc(one.confirmed_at),
        "last_fail_at": utc(one.last_fail_at),
        "first_ok_at": utc(one.first_ok_at),
        "recovered_at": utc(one.recovered_at),
        "shortest_s": one.shortest_s,
        "longest_s": one.longest_s,
        "checks": one.checks,
        "relapses": one.relapses,
        "open": one.recovered_at is None,
    }


def incident(
    one: Incident, platform_name: str, outages: Sequence[Outage], targets: Mapping[str, NamedTarget]
) -> dict[str, Any]:
    """Return what machines are told of an incident, with its outages in order."""
    return {
        "number": one.number,
        "platform": one.platform,
        "platform_name": platform_name,
        "point": one.point,
        "opened_at": utc(one.opened_at),
        "closed_at": utc(one.closed_at),
        "open": one.closed_at is None,
        "targets": sorted({target for target, _ in one.outages}),
        "outage_numbers": [known.number for known in outages if known.number is not None],
        "outages": [outage(known, targets[known.target]) for known in outages],
    }


def gap(one: Gap, target: NamedTarget | None) -> dict[str, Any]:
    """Return what machines are told of a gap; `target` null: every target of the point."""
    return {
        "number": one.number,
        "target": one.target or None,
        "name": target.name if target else None,
        "department": target.department if target else None,
        "platform": target.platform if target else None,
        "point": one.point,
        "from_at": utc(one.from_at),
        "to_at": utc(one.to_at),
        "slots": one.slots,
        "cause": one.cause.value,
    }


def change(one: ChangeRecord, target: NamedTarget) -> dict[str, Any]:
    """Return what machines are told of a change. It lies between `after_at` and `by_at`."""
    before, after = one.before, one.after
    return {
        "number": one.number,
        "target": one.target,
        "name": target.name,
        "watched": target.watched,
        "url": target.url,
        "department": target.department,
        "platform": target.platform,
        "point": one.point,
        "edge": one.edge.value,
        "kinds": [kind.value for kind in one.kinds],
        "weight": one.weight.value if one.weight else None,
        "summary": one.summary,
        "silent": one.silent,
        "announced": one.announced,
        "at": utc(one.at),
        "after_at": utc(one.after_at),
        "by_at": utc(one.by_at),
        "before_sha256": before.sha256 if before else None,
        "before_body_sha256": before.body_sha256 if before else None,
        "before_updated_on": before.updated_on if before else None,
        "after_sha256": after.sha256 if after else None,
        "after_body_sha256": after.body_sha256 if after else None,
        "after_updated_on": after.updated_on if after else None,
    }


def observation(one: Check, number: int | None) -> dict[str, Any]:
    """Return what machines are told of a check: no byte of the page, no text from outside it.

    Addresses of redirects are as the record has them, without their tokens.
    """
    return {
        "number": number,
        "target": one.target,
        "point": one.point,
        "slot_at": utc(one.slot_at),
        "at": utc(one.at),
        "verdict": one.verdict.value,
        "reason": one.reason.value,
        "rule": one.rule,
        "ruleset": one.ruleset,
        "config_sha256": one.config_sha256,
        "status": one.status,
        "failure": one.failure.value if one.failure else None,
        "phase": one.phase.value if one.phase else None,
        "url": one.conditions.url,
        "final_url": one.final_url,
        "address": one.address,
        "duration_us": one.duration_us,
        "phases_us": {phase.value: one.phases_us.get(phase) for phase in Phase},
        "body_sha256": one.body_sha256,
        "body_bytes": one.body_bytes,
        "clock_offset_us": one.clock_offset_us,
    }


def at_instant(one: TargetAtInstant) -> dict[str, Any]:
    """Return what machines are told of a target at one instant."""
    reply, target = one.answer, one.target
    around = reply.around
    return {
        "target": target.slug,
        "name": target.name,
        "watched": target.watched,
        "url": target.url,
        "department": target.department,
        "platform": target.platform,
        "point": one.point,
        "at": utc(reply.at),
        "verdict": reply.verdict,
        "why": reply.why,
        "sentence": sentence(reply),
        "hold_s": reply.hold.total_seconds(),
        "before_holds": reply.holds,
        "before": _cited(reply, around.before),
        "after": _cited(reply, around.after),
        "telling_before": _cited(reply, around.telling_before),
        "telling_after": _cited(reply, around.telling_after),
        "silent_since": utc(reply.silent_since),
        "gap": gap(reply.gap, target if reply.gap.target else None) if reply.gap else None,
        "outage": outage(reply.outage, target) if reply.outage else None,
        "relation": reply.relation,
        "incident_number": one.incident.number if one.incident else None,
    }


def _cited(reply: InstantAnswer, cited: CitedCheck | None) -> dict[str, Any] | None:
    if cited is None:
        return None
    check, controls = cited.check, cited.check.controls
    return {
        "number": cited.number,
        "at": utc(check.at),
        "distance_s": seconds_apart(reply, cited),
        "verdict": check.verdict,
        "reason": check.reason,
        "rule": check.rule,
        "ruleset": check.ruleset,
        "status": check.status,
        "controls": {
            "at": utc(controls.at),
            "ok": controls.ok,
            "asked": controls.asked,
            "needed": controls.needed,
            "line_works": controls.line_works,
        }
        if controls
        else None,
    }
