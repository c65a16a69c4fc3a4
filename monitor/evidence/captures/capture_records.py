"""Encode an observation as WARC records. Pure.

Each request and each answer is a record, byte for byte as on the decrypted wire, followed by
their account. An answer whose body is already in the same file is a `revisit`: its own head,
and a reference. A `revisit` here loses nothing, since the body is the same byte for byte,
chunking included.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from monitor.core.model import CaptureReason, Exchange, Failure, Hop, Observation, Phase, Target
from monitor.core.model.rendering import FILES, files_of, without_files
from monitor.evidence.captures import capture_metadata, warc
from monitor.evidence.captures.capture_metadata import (
    CaptureMetadata,
    ShownFile,
    Wire,
    head_bytes,
    sha256_of,
)
from monitor.evidence.captures.warc import Record

SHOWN_URI = "urn:shown:"  # then the name of a file of `core.model.rendering.FILES`, and the page
PARTIAL_URI = "urn:partial:"  # bytes that are no whole head of an answer
SHORTEST_BODY = 512  # bytes below which a second copy costs less than a reference to the first

_REQUEST = "application/http; msgtype=request"
_RESPONSE = "application/http; msgtype=response"
_SIZE = re.compile(rb"\s*([0-9a-fA-F]{1,16})[^\n]*\n")
_TRUNCATED = {  # WARC/1.1, 5.13
    Failure.TOO_LARGE: "length",
    Failure.DEADLINE: "time",
    Failure.TIMEOUT: "time",
    Failure.TRUNCATED: "disconnect",
    Failure.CONNECTION_RESET: "disconnect",
}


Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Original:
    """A complete answer that another one, with the same body, may refer to."""

    id: str
    uri: str
    date: str


@dataclass(frozen=True, slots=True)
class Package:
    """The records of one observation without the account, which says why they are kept.

    `originals` are the complete answers among them, by the digest of their body on the wire.
    """

    name: str
    records: tuple[Record, ...]
    account: CaptureMetadata
    originals: Mapping[bytes, Original] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory, approximately."""
        return sum(len(record.block) for record in self.records)

    def whole(self, *why: CaptureReason) -> tuple[Record, ...]:
        """Return every record, the account last: if the account was written, so were the others."""
        return (
            *self.records,
            capture_metadata.as_record(self.name, replace(self.account, why=why)),
        )


def package(
    target: Target,
    observation: Observation,
    *,
    known_good: bool,
    clock_limit_us: int,
    originals: Mapping[bytes, Original] | None = None,
) -> Package:
    """Make the records of an observation; bodies that are in `originals` are referred to."""
    name = f"{observation.point}/{observation.target}/{warc.stamp(observation.at)}"
    maker = _Maker(originals or {})
    cut = dict(_cut_short(observation.exchange))
    wires = [
        maker.add(f"{name}/{rank}", hop, cut.get(id(hop), ""))
        for rank, hop in enumerate(capture_metadata.hops(observation.exchange))
    ]
    shown = tuple(maker.show(name, observation))
    account = CaptureMetadata(
        format=capture_metadata.FORMAT,
        why=(),
        target=target,
        known_good=known_good,
        clock_limit_us=clock_limit_us,
        observation=_without_bytes(observation),
        wires=tuple(wires),
        shown=shown,
    )
    return Package(name, tuple(maker.records), account, maker.new)


def _cut_short(exchange: Exchange) -> Iterator[tuple[int, str]]:
    """Yield the id() of each hop with an incomplete answer, and the reason in the words of WARC."""
    for part in exchange.flat():
        if part.last and part.failure in _TRUNCATED and part.phase is Phase.TRANSFER:
            yield id(part.last), _TRUNCATED[part.failure]


class _Maker:
    """Makes the records of one request after the other, and remembers complete answers."""

    def __init__(self, originals: Mapping[bytes, Original]) -> None:
        self._known = dict(originals)
        self.new: dict[bytes, Original] = {}
        self.records: list[Record] = []

    def add(self, name: str, hop: Hop, cut: str) -> Wire:
        """Add the records of one request; `cut` is why its answer is incomplete, else ""."""
        peer = [("WARC-IP-Address", hop.address)] if hop.address else []
        answer = self._answer(f"{name}/response", hop, peer, cut) if hop.response_bytes else None
        request = _request(f"{name}/request", hop, peer, answer) if hop.request_bytes else None
        self.records += [record for record in (request, answer) if record is not None]
        return Wire(
            request=request.id if request else "",
            request_sha256=sha256_of(hop.request_bytes),
            response=answer.id if answer else "",
            response_sha256=sha256_of(hop.response_bytes),
        )

    def show(self, name: str, observation: Observation) -> Iterator[ShownFile]:
        """Add a record for each file of what a browser showed."""
        exchange = observation.exchange
        for file, content in files_of(exchange.rendering).items() if exchange.rendering else ():
            record = warc.make(
                "resource",
                name=f"{name}/shown/{file}",
                at=observation.at,
                uri=f"{SHOWN_URI}{file}:{exchange.final_url}",
                content_type=FILES[file],
                block=content,
            )
            self.records.append(record)
            yield ShownFile(name=file, record=record.id, sha256=sha256_of(content))

    def _answer(self, name: str, hop: Hop, peer: Fields, cut: str) -> Record:
        head = head_bytes(hop.response_bytes)
        body = hop.response_bytes[head:]
        key = sha256(body).digest()
        original = self._known.get(key)
        if hop.status is None:
            return _partial(name, hop, peer)
        if original is not None and not cut:
            return _revisit(name, hop, peer, original)
        record = _response(name, hop, peer, cut)
        if not cut and len(body) >= SHORTEST_BODY:
            uri, date = record.field("WARC-Target-URI"), record.field("WARC-Date")
            self._known[key] = self.new[key] = Original(record.id, uri, date)
        return record


def _request(name: str, hop: Hop, peer: Fields, answer: Record | None) -> Record:
    references = [("WARC-Concurrent-To", answer.id)] if answer else []
    return warc.make(
        "request",
        name=name,
        at=hop.started_at,
        uri=hop.url,
        content_type=_REQUEST,
        block=hop.request_bytes,
        more=[*peer, *references],
    )


def _partial(name: str, hop: Hop, peer: Fields) -> Record:
    return warc.make(
        "resource",
        name=name,
        at=hop.started_at,
        uri=f"{PARTIAL_URI}{hop.url}",
        content_type="application/octet-stream",
        block=hop.response_bytes,
        more=peer,
    )


def _response(name: str, hop: Hop, peer: Fields, cut: str) -> Record:
    body = hop.response_bytes[head_bytes(hop.response_bytes) :]
    more = [("WARC-Truncated", cut)] if cut else []
    # warcio takes a chunked framing, or a second head, for payload (its issues 74 and 75).
    if not (cut or _is_chunked(hop) or capture_metadata.is_interim(hop.response_bytes)):
        more = [("WARC-Payload-Digest", warc.digest(body))]
    return warc.make(
        "response",
        name=name,
        at=hop.started_at,
        uri=hop.url,
        content_type=_RESPONSE,
        block=hop.response_bytes,
        more=[*peer, *more],
    )


def _revisit(name: str, hop: Hop, peer: Fields, original: Original) -> Record:
    head = head_bytes(hop.response_bytes)
    body = hop.response_bytes[head:]
    return warc.make(
        "revisit",
        name=name,
        at=hop.started_at,
        uri=hop.url,
        content_type=_RESPONSE,
        block=hop.response_bytes[:head],
        more=[
            *peer,
            ("WARC-Profile", warc.REVISIT_PROFILE),
            ("WARC-Refers-To", original.id),
            ("WARC-Refers-To-Target-URI", original.uri),
            ("WARC-Refers-To-Date", original.date),
            ("WARC-Payload-Digest", warc.digest(_dechunked(body) if _is_chunked(hop) else body)),
        ],
    )


def _is_chunked(hop: Hop) -> bool:
    return hop.header("Transfer-Encoding") is not None


def _dechunked(body: bytes) -> bytes:
    """Decode a chunked body as far as it is valid."""
    payload, at = bytearray(), 0
    while (line := _SIZE.match(body, at)) and (size := int(line[1], 16)):
        payload += body[line.end() : line.end() + size]
        at = line.end() + size
    return bytes(payload)


def _without_bytes(observation: Observation) -> Observation:
    """Remove what is parsed from the bytes again, and the rules that decided nothing."""
    return replace(
        observation,
        judgement=replace(observation.judgement, tried=()),
        exchange=_lightened(observation.exchange),
    )


def _lightened(exchange: Exchange) -> Exchange:
    hops = tuple(
        replace(
            hop, status=None, http_version=None, headers=(), request_bytes=b"", response_bytes=b""
        )
        for hop in exchange.hops
    )
    parts = tuple(_lightened(part) for part in exchange.parts)
    rendering = exchange.rendering and without_files(exchange.rendering)
    return replace(exchange, hops=hops, body=b"", charset="", parts=parts, rendering=rendering)
