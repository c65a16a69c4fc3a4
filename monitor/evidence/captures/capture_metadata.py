"""The metadata of a capture, and the observation rebuilt from metadata and bytes. Pure.

The *account* is the `metadata` record of a capture: all that the bytes do not contain (name
resolution, peer, TLS, times, failure, controls, clock, verdict), what it was judged by, and
the digest of every other record's bytes. Its own digest, in a leaf of the journal, thus covers
all of them. What the bytes contain (status, headers, body) is not repeated: it is parsed from
them again.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from pydantic import TypeAdapter, ValidationError

from monitor.core.model import CaptureReason, Exchange, Hop, Observation, Target
from monitor.core.model.rendering import with_files
from monitor.evidence.captures import warc
from monitor.evidence.captures.warc import Record, WarcError

FORMAT = "vigie-capture/1"
URI = "urn:pageinfo:"  # a convention of browsertrix: no archive takes it for the page

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1\d\d")  # RFC 9110, 15.2: answers before the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The records with the bytes of one request and of its answer, and the digests of the bytes.

    Attributes:
        request, response: Ids of records, "" when no byte was sent or received. The response's
        may be a `revisit`, whose block is the head only.
        request_sha256, response_sha256: Of the exact bytes, lower-case hex.

    """

    request: str = ""
    request_sha256: str = ""
    response: str = ""
    response_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFile:
    """The record of one file of what a browser showed, and the digest of its bytes."""

    name: str
    record: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureMetadata:
    """What the bytes do not contain, and all that the verdict rests on except the fingerprints.

    `observation` has no bytes; `wires` has one entry per hop, those of the page first; `shown` are
    the files of what a browser showed, for a rendered page.
    """

    format: str
    why: tuple[CaptureReason, ...]
    target: Target
    known_good: bool
    clock_limit_us: int
    observation: Observation
    wires: tuple[Wire, ...]
    shown: tuple[ShownFile, ...] = ()


_ACCOUNT = TypeAdapter(CaptureMetadata)


def as_record(name: str, account: CaptureMetadata) -> Record:
    """Encode an account, default values included, since defaults may change."""
    return warc.make(
        "metadata",
        name=f"{name}/{'+'.join(account.why)}",
        at=account.observation.at,
        uri=f"{URI}{account.target.url}",
        content_type="application/json",
        block=_ACCOUNT.dump_json(account),
        more=[("WARC-Concurrent-To", record_id) for record_id in sorted(records_of(account))],
    )


def records_of(account: CaptureMetadata) -> set[str]:
    """Return the ids of the records that an account names."""
    return {file.record for file in account.shown} | {
        record_id
        for wire in account.wires
        for record_id in (wire.request, wire.response)
        if record_id
    }


def hops(exchange: Exchange) -> Iterator[Hop]:
    """Yield every request of an exchange, its parts' last: the order of `CaptureMetadata.wires`."""
    for part in exchange.flat():
        yield from part.hops


def sha256_of(data: bytes) -> str:
    """Return the lower-case hex digest of bytes, "" when there are none."""
    return sha256(data).hexdigest() if data else ""


def read(record: Record) -> CaptureMetadata | None:
    """Decode an account; None for any other record.

    Raises:
        WarcError: The record claims to be an account and cannot be decoded.

    """
    if record.kind != "metadata" or not record.field("WARC-Target-URI").startswith(URI):
        return None
    try:
        return _ACCOUNT.validate_json(record.block)
    except ValidationError as error:
        raise WarcError("an account that cannot be read") from error


def observation_from(account: CaptureMetadata, find: Callable[[str], Record | None]) -> Observation:
    """Return the observation of a capture with its bytes, as they were on the wire.

    Status, headers and body are still to be read from them (`monitor.fetch.reparse`).

    Args:
        account: Of the capture.
        find: Returns the record that has an id.

    Raises:
        WarcError: A record is missing, or its bytes are not those of the account.

    """
    wires = iter(account.wires)

    def filled(exchange: Exchange) -> Exchange:
        hops = tuple(_filled(hop, next(wires), find) for hop in exchange.hops)
        return replace(exchange, hops=hops, parts=tuple(filled(part) for part in exchange.parts))

    observation = account.observation
    if len(account.wires) != sum(1 for _ in hops(observation.exchange)):
        raise WarcError("an account with another number of requests than of records")
    return replace(observation, exchange=_rendered(filled(observation.exchange), account, find))


def _rendered(
    exchange: Exchange, account: CaptureMetadata, find: Callable[[str], Record | None]
) -> Exchange:
    """Return an exchange with the files of what a browser showed. Raises WarcError."""
    if exchange.rendering is None:
        return exchange
    files: dict[str, bytes] = {}
    for file in account.shown:
        content = files[file.name] = _bytes_of(file.record, find)
        if sha256_of(content) != file.sha256:
            raise WarcError(f"the {file.name} that was shown is not the one that was recorded")
    try:
        return replace(exchange, rendering=with_files(exchange.rendering, files))
    except UnicodeDecodeError as error:
        raise WarcError("a text that was shown is no text") from error


def _filled(hop: Hop, wire: Wire, find: Callable[[str], Record | None]) -> Hop:
    request = _bytes_of(wire.request, find)
    response = _bytes_of(wire.response, find)
    if (sha256_of(request), sha256_of(response)) != (wire.request_sha256, wire.response_sha256):
        raise WarcError(f"the bytes exchanged with {hop.url} are not those that were recorded")
    return replace(hop, request_bytes=request, response_bytes=response)


def _bytes_of(name: str, find: Callable[[str], Record | None]) -> bytes:
    if not name:
        return b""
    record = find(name)
    if record is None:
        raise WarcError(f"no record {name}")
    if record.kind != "revisit":
        return record.block
    original = find(record.field("WARC-Refers-To"))
    if original is None or original.kind != "response":
        raise WarcError(f"no record {record.field('WARC-Refers-To')}")
    return record.block + original.block[head_bytes(original.block) :]


def is_interim(response: bytes) -> bool:
    """Return whether an answer begins with an interim one, such as 103."""
    return _INTERIM.match(response) is not None


def head_bytes(response: bytes) -> int:
    """Return the length of the head of an answer, in bytes, interim answers included."""
    end = 0
    while True:
        interim = _INTERIM.match(response, end)
        head_end = _HEAD_END.search(response, end)
        end = head_end.end() if head_end else len(response)
        if not (interim and head_end):
            return end
