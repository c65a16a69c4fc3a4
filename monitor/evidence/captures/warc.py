"""Encode and decode WARC/1.1 records (ISO 28500:2017). Pure: values in, bytes out.

One gzip member for each record, without a time stamp: equal records are equal bytes.
The digest of a record is taken over its uncompressed bytes, so that it survives whatever
compresses them again.
"""

import gzip
import re
import zlib
from base64 import b32encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import BinaryIO, Self
from urllib.parse import quote
from uuid import UUID

MAX_RECORD_BYTES = 32_000_000  # six times the largest body that a probe reads
LEVEL = 6
REVISIT_PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"

_VERSION = b"WARC/1.1"
_END = b"\r\n\r\n"
_CHUNK_BYTES = 256 * 1024
_URI_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*+(.*)")


class WarcError(Exception):
    """Bytes that are no WARC record. `torn`: they only end too early, as after a crash."""

    def __init__(self, message: str, *, offset: int = 0, torn: bool = False) -> None:
        super().__init__(message)
        self.offset = offset
        self.torn = torn


@dataclass(frozen=True, slots=True)
class Record:
    """Named fields, in order, and a block."""

    fields: tuple[tuple[str, str], ...]
    block: bytes

    def __bytes__(self) -> bytes:
        lines = [_VERSION, *(f"{name}: {value}".encode() for name, value in self.fields)]
        return b"\r\n".join(lines) + _END + self.block + _END

    def field(self, name: str) -> str:
        """Return the first value of a field, "" when absent."""
        lower_name = name.lower()
        return next((value for key, value in self.fields if key.lower() == lower_name), "")

    @property
    def kind(self) -> str:
        return self.field("WARC-Type")

    @property
    def id(self) -> str:
        return self.field("WARC-Record-ID")

    @property
    def sha256(self) -> str:
        """SHA-256 of all bytes of the record, lower-case hex."""
        return sha256(bytes(self)).hexdigest()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Decode exactly one record.

        Raises:
            WarcError: It is not one, or its block does not match its digest.

        """
        head, separator, rest = data.partition(_END)
        version, *lines = head.split(b"\r\n")
        if not separator or version != _VERSION:
            raise WarcError("not a WARC/1.1 record")
        record = cls(tuple(_field(line) for line in lines), rest[: -len(_END)])
        length = record.field("Content-Length")
        if not rest.endswith(_END) or length != str(len(record.block)):
            raise WarcError("the block is not as long as it says")
        if record.field("WARC-Block-Digest") != digest(record.block):
            raise WarcError("the block is not the one that its digest names")
        return record


def _field(line: bytes) -> tuple[str, str]:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise WarcError("a line of the record's head is no field")
    return match[1].decode("ascii"), match[2].decode("utf-8", "replace")


def make(  # noqa: PLR0913 -- the fields that every record has, by name
    kind: str,
    *,
    name: str,
    at: datetime,
    content_type: str,
    block: bytes,
    uri: str = "",
    more: Sequence[tuple[str, str]] = (),
) -> Record:
    """Make a record. `name` must be unique: the record's id is derived from it."""
    fields = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", record_id(name)),
        ("WARC-Date", stamp(at)),
        *([("WARC-Target-URI", as_uri(uri))] if uri else []),
        *more,
        ("WARC-Block-Digest", digest(block)),
        ("Content-Type", content_type),
        ("Content-Length", str(len(block))),
    ]
    return Record(tuple(fields), block)


def record_id(name: str) -> str:
    """Return the id of a record: a UUID of version 8 (RFC 9562) derived from its name.

    The same observation makes the same record again, byte for byte.
    """
    number = int.from_bytes(sha256(name.encode()).digest()[:16], "big")
    number = number & ~(0xF << 76) | 0x8 << 76  # version
    number = number & ~(0x3 << 62) | 0x2 << 62  # variant
    return f"<urn:uuid:{UUID(int=number)}>"


def stamp(at: datetime) -> str:
    """Format an instant as WARC-Date, in microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(data: bytes) -> str:
    """Format a SHA-256 as WARC fields do: the algorithm, then base 32."""
    return f"sha256:{b32encode(sha256(data).digest()).decode()}"


def as_uri(text: str) -> str:
    """Percent-encode what a field must not contain: an address may come from a hostile page."""
    return quote(text, safe=_URI_CHARACTERS, errors="replace")


def pack(records: Sequence[Record]) -> bytes:
    """Compress records, each in its own gzip member."""
    return b"".join(gzip.compress(bytes(record), LEVEL, mtime=0) for record in records)


@dataclass(frozen=True, slots=True)
class Member:
    """A record with its offset in a file; `packed` are its compressed bytes."""

    offset: int
    packed: bytes
    record: Record


def read(file: BinaryIO) -> Iterator[Member]:
    """Yield the records of a file, in order.

    Raises:
        WarcError: At the first bytes that are no record; what came before was valid.

    """
    rest, offset = b"", file.tell()
    while rest := rest or file.read(_CHUNK_BYTES):
        whole, packed, rest = _member(file, rest, offset)
        try:
            record = Record.parse(whole)
        except WarcError as error:
            raise WarcError(str(error), offset=offset) from error
        yield Member(offset, packed, record)
        offset += len(packed)


def _member(file: BinaryIO, data: bytes, offset: int) -> tuple[bytes, bytes, bytes]:
    """Return a member's content, its compressed bytes, and what follows them in memory."""
    stream = zlib.decompressobj(wbits=31)
    whole, packed = bytearray(), bytearray()
    while True:
        try:
            whole += stream.decompress(data, MAX_RECORD_BYTES + 1 - len(whole))
        except zlib.error as error:
            raise WarcError("not a gzip member", offset=offset) from error
        rest = stream.unused_data
        packed += data[: len(data) - len(rest)]
        if stream.eof:
            return bytes(whole), bytes(packed), rest
        if stream.unconsumed_tail or len(whole) > MAX_RECORD_BYTES:
            raise WarcError("a record is too long", offset=offset)
        data = file.read(_CHUNK_BYTES)
        if not data:
            raise WarcError("the last record is cut short", offset=offset, torn=True)
