"""From an observation to the check that is recorded: in the journal, and in SQL."""

from dataclasses import replace
from hashlib import sha256

from pydantic import TypeAdapter

from monitor.core.journal.check_fields import recorded_fields
from monitor.core.model import Observation
from monitor.core.model.check import (
    Check,
    ConnectionProfile,
    StoredHop,
    conditions_of,
    phases_of,
)

# A leaf holds 65,535 bytes. What a site sends weighs far less; what it could send does not.
MAX_CONDITIONS_BYTES = 60_000
_LIGHT = MAX_CONDITIONS_BYTES // 6  # characters, of which JSON needs 6 bytes at most
_SHORT = 120

_CONDITIONS = TypeAdapter(ConnectionProfile)


def check_of(seen: Observation) -> Check:
    """Keep every fact of an observation but the bytes."""
    exchange = seen.exchange
    return Check(
        target=seen.target,
        point=seen.point,
        slot_at=seen.slot_at,
        at=seen.at,
        verdict=seen.judgement.verdict,
        reason=seen.judgement.reason,
        rule=seen.judgement.rule,
        ruleset=seen.ruleset,
        config_sha256=seen.config_sha256,
        conditions=truncated_to_leaf_size(conditions_of(exchange)),
        phases_us=phases_of(exchange),
        body_sha256=sha256(exchange.body).hexdigest() if exchange.body else None,
        body_bytes=len(exchange.body),
        controls=seen.controls,
        **recorded_fields(seen),
    )


def truncated_to_leaf_size(met: ConnectionProfile) -> ConnectionProfile:
    """Return conditions that a leaf can hold: these, or these without long texts and headers."""
    if _characters(met) <= _LIGHT:
        return met
    if len(_CONDITIONS.dump_json(met, exclude_defaults=True)) <= MAX_CONDITIONS_BYTES:
        return met
    return replace(
        met,
        url=_plain(met.url),
        steps=tuple(_short(step) for step in met.steps),
        parts=tuple(replace(part, url=_plain(part.url)) for part in met.parts),
    )


def _characters(met: ConnectionProfile) -> int:
    total = len(met.url) + sum(len(part.url) + 100 for part in met.parts)
    for step in met.steps:
        total += len(step.url) + sum(len(name) + len(value) for name, value in step.headers)
        total += sum(map(len, step.other_headers)) + 100 * (len(step.answers) + len(step.attempts))
        if step.certificate:
            cert = step.certificate
            total += len(cert.subject) + len(cert.issuer) + sum(map(len, cert.names))
    return total


def _short(step: StoredHop) -> StoredHop:
    cert = step.certificate
    return replace(
        step,
        url=_plain(step.url),
        headers=(),
        other_headers=(),
        certificate=cert
        and replace(cert, subject=_plain(cert.subject), issuer=_plain(cert.issuer), names=()),
    )


def _plain(text: str) -> str:
    """Cut a text, and write it so that JSON adds nothing to it."""
    ascii_text = text[:_SHORT].encode("ascii", "replace").decode()
    return "".join(char if char.isprintable() and char not in '"\\' else "?" for char in ascii_text)
