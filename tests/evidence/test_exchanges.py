"""An observation put into WARC records comes out of them again, whole."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import CaptureReason, Exchange, Failure, Kind, Observation, Target
from monitor.core.verdict.classify import classify
from monitor.core.verdict.fingerprints import Fingerprint
from monitor.evidence.captures import capture_metadata, capture_records
from monitor.evidence.captures.capture_metadata import CaptureMetadata
from monitor.evidence.captures.warc import Record, WarcError
from monitor.fetch import Limits
from monitor.fetch.reparse import reread
from tests.fetch.test_failures import SCENARIOS
from tests.support import captured, outcomes, sites
from tests.support.captured import ANSWERS, fetched, tapped
from tests.support.fetching import PATIENT_S, make_fetcher, open_gate
from tests.support.shipped_config import SHIPPED
from tests.support.sites import answer

SMALL = Limits(body_bytes=100_000)  # of the scenarios whose answer is too large
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
TARGET = Target(
    slug="cible", name="Une cible", url="http://site.test/", kind=Kind.PAGE, platform="essai"
)


def seen(exchange: Exchange) -> Observation:
    return replace(outcomes.observation("cible", outcomes.at(0)), exchange=exchange)


def packed(observation: Observation) -> list[Record]:
    made = capture_records.package(TARGET, observation, known_good=True, clock_limit_us=500_000)
    return list(made.whole(CaptureReason.TEXT))


def told_again(
    records: list[Record], *, limits: Limits | None = None
) -> tuple[Observation, CaptureMetadata]:
    """Read an observation from records alone, after a passage through their bytes."""
    again = [Record.parse(bytes(record)) for record in records]
    metadata = capture_metadata.read(again[-1])
    assert metadata is not None
    read = capture_metadata.observation_from(metadata, {each.id: each for each in again}.get)
    return replace(read, exchange=reread(read.exchange, limits=limits or Limits())), metadata


def unpacked(records: list[Record], *, limits: Limits | None = None) -> Observation:
    return told_again(records, limits=limits)[0]


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.anyio
async def test_an_answer_comes_out_of_its_records_as_it_was(name: str) -> None:
    observation = seen(await fetched(ANSWERS[name]))

    assert observation.exchange.failure is None
    assert observation == unpacked(packed(observation))


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.anyio
async def test_a_failure_comes_out_of_its_records_as_it_was(name: str) -> None:
    make, failure, _ = SCENARIOS[name]
    async with make() as trouble:
        exchange = await trouble.fetcher.fetch_url(
            trouble.url, deadline_s=trouble.deadline_s, gate=open_gate
        )
    limits = SMALL if failure == "too_large" else None

    assert seen(exchange) == unpacked(packed(seen(exchange)), limits=limits)


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.anyio
async def test_the_bytes_are_those_of_a_recording_by_sockets(name: str) -> None:
    async with tapped(sites.says(ANSWERS[name])) as (site, tap):
        exchange = await make_fetcher().fetch_url(
            site.url(host="site.test"), deadline_s=PATIENT_S, gate=open_gate
        )

    records = {record.kind: record.block for record in packed(seen(exchange))}

    assert tap.up == [records["request"]]
    assert tap.down == [records["response"]]


@pytest.mark.parametrize("after", [b"", b"HTTP/1.1 200 OK\r\nX: ", CUT], ids=["0", "head", "body"])
@pytest.mark.anyio
async def test_what_came_before_a_reset_is_kept_too(after: bytes) -> None:
    async with tapped(sites.resets(after)) as (site, tap):
        exchange = await make_fetcher().fetch_url(
            site.url(host="site.test"), deadline_s=PATIENT_S, gate=open_gate
        )

    records = {record.kind: record for record in packed(seen(exchange))}

    assert exchange.failure is Failure.CONNECTION_RESET
    assert tap.down == [after]
    answers = [each for each in records.values() if each.kind in {"response", "resource"}]
    assert [after] * bool(after) == [answer.block for answer in answers]
    if after == CUT:
        assert answers[0].field("WARC-Truncated") == "disconnect"
        assert answers[0].field("WARC-Payload-Digest") == ""


@pytest.mark.anyio
async def test_a_second_answer_with_the_same_body_is_a_revisit() -> None:
    first, second = [await fetched(ANSWERS["chunked"]) for _ in range(2)]
    package = capture_records.package(TARGET, seen(first), known_good=True, clock_limit_us=0)
    later = replace(seen(second), at=outcomes.at(60))

    again = capture_records.package(
        TARGET, later, known_good=True, clock_limit_us=0, originals=package.originals
    )

    assert [record.kind for record in again.whole(CaptureReason.DAILY)] == [
        "request",
        "revisit",
        "metadata",
    ]
    assert again.weight < 700
    assert not again.originals
    assert unpacked([*package.records, *again.whole(CaptureReason.DAILY)]) == later


@pytest.mark.anyio
async def test_a_shell_is_kept_with_its_parts() -> None:
    page = b"<html><script src='/a.js'></script><script src='/b.js'></script></html>"
    async with sites.site(sites.routes({"/": answer(page), "/a.js": answer(b"a" * 900)})) as site:
        shell = replace(TARGET, kind=Kind.SHELL, url=site.url(host="site.test"))
        exchange = await make_fetcher().fetch(shell, open_gate)

    assert [part.status for part in exchange.parts] == [200, 404]
    assert seen(exchange) == unpacked(packed(seen(exchange)))


@pytest.mark.anyio
async def test_the_verdict_comes_out_again_of_the_records_alone() -> None:
    """Of every kind of answer and of failure, with the fingerprints of the configuration."""
    marks = SHIPPED.fingerprints
    observations = [await judged(await fetched(data), marks) for data in ANSWERS.values()]
    for name in ("nobody_listens", "reset in the body", "end in headers", "false gzip", "expired"):
        make, _, _ = SCENARIOS[name]
        async with make() as trouble:
            exchange = await trouble.fetcher.fetch_url(
                trouble.url, deadline_s=trouble.deadline_s, gate=open_gate
            )
        observations.append(await judged(exchange, marks))

    for observation in observations:
        again, told = told_again(packed(observation))
        judgement = classify(
            told.target,
            again.exchange,
            controls=again.controls,
            clock_offset_us=again.clock_offset_us,
            clock_limit_us=told.clock_limit_us,
            known_good=told.known_good,
            fingerprints=marks,
        )
        assert judgement == observation.judgement == again.judgement
    assert len({observation.judgement.rule for observation in observations}) >= 5


async def judged(exchange: Exchange, marks: Sequence[Fingerprint]) -> Observation:
    observation = seen(exchange)
    judgement = classify(
        TARGET,
        exchange,
        controls=observation.controls,
        clock_offset_us=observation.clock_offset_us,
        clock_limit_us=500_000,
        known_good=True,
        fingerprints=marks,
    )
    return replace(observation, judgement=judgement)


@pytest.mark.anyio
async def test_a_record_that_is_missing_or_replaced_is_told() -> None:
    records = packed(seen(await fetched(ANSWERS["plain"])))
    metadata = capture_metadata.read(records[-1])
    assert metadata is not None
    found = {record.id: record for record in records}
    missing = dict(found)
    del missing[metadata.wires[0].response]
    with pytest.raises(WarcError, match="no record"):
        capture_metadata.observation_from(metadata, missing.get)

    original = found[metadata.wires[0].response]
    found[original.id] = Record(original.fields, original.block + b"!")
    with pytest.raises(WarcError, match="not those"):
        capture_metadata.observation_from(metadata, found.get)


def test_the_account_repeats_no_byte_and_depends_on_no_default() -> None:
    record = packed(seen(outcomes.answer(outcomes.at(0), b"<p>bonjour</p>")))[-1]
    written = json.loads(record.block)

    assert b"bonjour" not in record.block
    assert written["target"]["policy"]["failures"] == 3
    assert written["format"] == "vigie-capture/1"
    assert written["why"] == ["text"]


@pytest.mark.parametrize(
    ("response", "head"),
    [
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\r\n\r\n", 25),
        (b"HTTP/1.1 200 OK\nA: b\n\nbody", 22),
        (b"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody", 37),
        (b"HTTP/1.1 103 E\r\n\r\n", 18),
        (b"HTTP/1.1 200 OK\r\nA", 18),
        (b"", 0),
    ],
)
def test_the_head_of_an_answer_ends_where_its_body_begins(response: bytes, head: int) -> None:
    assert head == capture_metadata.head_bytes(response)


@given(st.binary(max_size=3000), st.integers(1, 700))
def test_chunks_are_undone(body: bytes, size: int) -> None:
    assert body == capture_records._dechunked(captured.chunked(body, size))


@given(st.binary(max_size=200))
def test_nonsense_in_chunks_ends_the_undoing(body: bytes) -> None:
    assert len(capture_records._dechunked(body)) <= len(body)
