"""Answers as machines read them: one form for `--json`, the interface and the data files.

Lengths of time are whole microseconds. A ratio is a number in [0, 1], rounded to nine decimals,
and null where there is none; the microseconds beside it are exact.
"""

from datetime import UTC
from fractions import Fraction
from typing import Any

from monitor.core.model import Outage
from monitor.core.outages.span_figures import Availability, FigurePart, Length, length
from monitor.core.outages.time_accounts import Account, Bound, instant, microseconds
from monitor.core.verdict.rulesets import Ruleset
from monitor.figures.rejudged import RejudgedAnswer

DECIMALS = 9


def utc(us: int | None) -> str | None:
    """Return an instant as ISO 8601 in UTC, with "Z"; None for none."""
    if us is None:
        return None
    return instant(us).astimezone(UTC).isoformat().replace("+00:00", "Z")


def ratio(value: Fraction | None) -> float | None:
    return None if value is None else round(float(value), DECIMALS)


def account(one: Account) -> dict[str, Any]:
    """Return the figures of an account."""
    return {
        "span_us": one.span_us,
        "state_us": {verdict.value: us for verdict, us in one.by_verdict.items()},
        "unobserved_us": one.unobserved_us,
        "known_us": one.known_us,
        "coverage": ratio(one.coverage),
        "available_us": {bound.value: one.available_us(bound) for bound in Bound},
        "availability": {bound.value: ratio(one.ratio(bound)) for bound in Bound},
        "checks": one.checks,
        "failures": one.failures,
    }


def availability(answer: Availability) -> dict[str, Any]:
    """Return all that an answer says."""
    outages, touched = answer.outages, answer.touched
    return {
        "scope": {
            "kind": answer.scope.kind.value,
            "slug": answer.scope.slug,
            "name": answer.scope.name,
            "targets": list(answer.scope.targets),
            "needs_all": answer.scope.needs_all,
        },
        "from": utc(answer.since),
        "to": utc(answer.until),
        "rulesets": list(answer.rulesets),
        "first_check_at": utc(answer.first_check),
        "last_check_at": utc(answer.last_check),
        **account(answer.account),
        "checks": answer.checks,
        "failures": answer.failures,
        "enough_coverage": answer.enough,
        "reasons": _reasons(answer.account),
        "outages": {
            "count": outages.count,
            "open": outages.still_open,
            "maintenances": outages.maintenances,
            "numbers": list(outages.numbers),
            "longest": _length(outages.longest),
            "median": _length(outages.median),
        },
        "touched": {
            "days": touched.days,
            "weeks": touched.weeks,
            "hours": touched.hours,
            "worst_day": touched.worst_day.isoformat() if touched.worst_day else None,
            "worst_us": touched.worst_us,
        },
        "unannounced": _unannounced(answer),
        "announced_us": answer.announced_us,
        "parts": [_part(part, counted=answer.parts_counted) for part in answer.parts],
    }


def rejudged(answer: RejudgedAnswer, ruleset: Ruleset) -> dict[str, Any]:
    """Return one question answered twice, and what makes the two differ."""
    return {
        "ruleset": {
            "slug": ruleset.slug,
            "version": ruleset.version,
            "name": ruleset.name,
            "sha256": ruleset.sha256,
        },
        "recorded": {
            **availability(answer.recorded),
            "outages_listed": [_outage(outage) for outage in answer.outages],
        },
        "rejudged": {
            **availability(answer.rejudged),
            "outages_listed": [_outage(outage) for outage in answer.rejudged_outages],
        },
        "differences": [
            {
                "verdict": one.verdict.value,
                "reason": one.reason.value if one.reason else None,
                "counts_as": one.counts_as.value,
                "checks": one.checks,
                "us": one.held_us,
                "why": one.why,
            }
            for one in answer.differences
            if one.differs
        ],
    }


def _outage(outage: Outage) -> dict[str, Any]:
    """Return an outage; it has a number only as it was recorded."""
    return {
        "number": outage.number,
        "target": outage.target,
        "nature": outage.nature.value,
        "reason": outage.reason.value,
        "checks": outage.checks,
        **{
            name: utc(None if at is None else microseconds(at))
            for name, at in (
                ("last_ok_at", outage.last_ok_at),
                ("first_fail_at", outage.first_fail_at),
                ("last_fail_at", outage.last_fail_at),
                ("first_ok_at", outage.first_ok_at),
            )
        },
        **(_length(length(outage)) or {}),
    }


def _unannounced(answer: Availability) -> dict[str, Any] | None:
    if answer.unannounced is None:
        return None
    return {**account(answer.unannounced), "enough_coverage": answer.unannounced_enough}


def _reasons(one: Account) -> list[dict[str, Any]]:
    return [
        {
            "verdict": verdict.value,
            "reason": reason.value if reason else None,
            "us": cell.held_us,
            "checks": cell.checks,
        }
        for (verdict, reason), cell in sorted(
            one.cells.items(), key=lambda item: (-item[1].held_us, item[0][0].value)
        )
    ]


def _length(one: Length | None) -> dict[str, int | None] | None:
    if one is None:
        return None
    return {"shortest_us": one.shortest_us, "longest_us": one.longest_us}


def _part(part: FigurePart, *, counted: bool) -> dict[str, Any]:
    unknown = {} if counted else {"checks": None, "failures": None}
    return {"label": part.label, **account(part.account), **unknown}
