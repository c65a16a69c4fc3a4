"""Make the check that is recorded, in the journal and in SQL, from an observation."""

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


def check_of(observation: Observation) -> Check:
    """Return the check to record: every fact of an observation except the bytes."""
    exchange = observation.exchange
    return Check(
        target=observation.target,
        point=observation.point,
        slot_at=observation.slot_at,
        at=observation.at,
        verdict=observation.judgement.verdict,
        reason=observation.judgement.reason,
        rule=observation.judgement.rule,
        ruleset=observation.ruleset,
        config_sha256=observation.config_sha256,
        conditions=truncated_to_leaf_size(conditions_of(exchange)),
        phases_us=phases_of(exchange),
        body_sha256=sha256(exchange.body).hexdigest() if exchange.body else None,
        body_bytes=len(exchange.body),
        controls=observation.controls,
        **recorded_fields(observation),
    )


def truncated_to_leaf_size(profile: ConnectionProfile) -> ConnectionProfile:
    """Return conditions that a leaf can hold: these, or these without long texts and headers."""
    if _characters(profile) <= _LIGHT:
        return profile
    if len(_CONDITIONS.dump_json(profile, exclude_defaults=True)) <= MAX_CONDITIONS_BYTES:
        return profile
    return replace(
        profile,
        url=_plain(profile.url),
        steps=tuple(_short(step) for step in profile.steps),
        parts=tuple(replace(part, url=_plain(part.url)) for part in profile.parts),
    )


def _characters(profile: ConnectionProfile) -> int:
    total = len(profile.url) + sum(len(part.url) + 100 for part in profile.parts)
    for step in profile.steps:
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
