"""A reading of a target as a survey has it, from an answer that a test writes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from monitor.config import Config
from monitor.core.model import Hop, Observation, Target
from monitor.core.verdict.classify import classify, exchange_of_saved
from monitor.evidence.captures.capture_metadata import FORMAT, CaptureMetadata
from monitor.survey.target_reading import TargetReading

AT = datetime(2026, 11, 29, tzinfo=UTC)


def reading_of(  # noqa: PLR0913 -- an answer, by name
    target: Target,
    config: Config,
    *,
    body: bytes,
    status: int = 200,
    headers: Sequence[tuple[str, str]] = (("content-type", "text/html; charset=utf-8"),),
    redirected_to: str = "",
) -> TargetReading:
    """Return the reading of an answer, which came after a redirect if there is one."""
    final_url = redirected_to or target.url
    _, exchange = exchange_of_saved(status=status, headers=headers, body=body, url=final_url)
    if redirected_to:
        first = Hop(url=target.url, started_at=AT, status=302, headers=(), http_version="HTTP/1.1")
        exchange = replace(exchange, url=target.url, hops=(first, *exchange.hops))
    judgement = classify(
        target,
        exchange,
        controls=None,
        clock_offset_us=0,
        clock_limit_us=0,
        known_good=True,
        fingerprints=config.fingerprints,
    )
    observation = Observation(
        target=target.slug,
        point="essai",
        slot_at=AT,
        at=AT,
        judgement=judgement,
        exchange=exchange,
        controls=None,
        config_sha256="",
        ruleset="",
    )
    account = CaptureMetadata(
        format=FORMAT,
        why=(),
        target=target,
        known_good=True,
        clock_limit_us=0,
        observation=observation,
        wires=(),
    )
    return TargetReading(target=target, config=config, account=account, observation=observation)
