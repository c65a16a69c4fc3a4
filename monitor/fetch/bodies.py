"""Decode content codings within bounds, and the text of a body."""

import zlib
from collections.abc import Callable, Generator, Iterator

import brotli
import zstandard

from monitor.core.model import Exchange, Failure
from monitor.core.text.charset import decode as decode_text
from monitor.core.untrusted.library_errors import Unreadable, reading

_SLICE_BYTES = 64 * 1024
_MAX_CODINGS = 3
_MAX_MEMBERS = 1_000  # of one gzip, or frames of one zstd: bgzip makes one of 64 KiB
_LIGHT_BYTES = 32 * 1024  # most pages, compressed, are smaller
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_HEADER_BYTES = 10
_GZIP_TRAILER_BYTES = 8
_HEADER_CHECKSUM, _EXTRA_FIELD = 2, 4
_ZERO_ENDED = (8, 16)  # a name, a comment
_ZSTD_SLICE_BYTES = 128  # a block of four bytes may become 128 KiB
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024  # RFC 9659: what a zstd content coding may ask for


def decode(
    body: bytes, codings: str, *, limit: int, going: Callable[[], bool] = lambda: True
) -> tuple[bytes, Failure | None]:
    """Undo a Content-Encoding.

    Args:
        body: The payload, without chunking; already bounded.
        codings: The header's value. An unknown coding is passed through, as browsers do.
        limit: Bytes that the result, and each stage, may have.
        going: Called between two steps of some milliseconds; False ends the work.

    Returns:
        The decoded bytes and None; or what could be decoded, never over `limit`, and
        `too_large` (bytes, members or time without end) or `invalid_encoding`.

    """
    names = named(codings)
    if len(names) > _MAX_CODINGS:
        return b"", Failure.INVALID_ENCODING
    failure = None
    for name in reversed(names):
        body, failure = _collect(_DECODERS[name](body), limit, going) if body else (b"", None)
        if failure:
            return body, failure
    return body, failure


def named(codings: str) -> list[str]:
    """Return the codings of a header that we decode, in the order in which they were applied."""
    return [name for part in codings.split(",") if (name := part.strip().lower()) in _DECODERS]


def is_light(body: bytes, codings: str) -> bool:
    """Return whether decoding takes some milliseconds at most, whatever the bytes."""
    return len(body) <= _LIGHT_BYTES and len(named(codings)) <= 1


class _Endless(Exception):  # noqa: N818 -- a state of the outside, not a fault of ours
    """More members, or frames, than any real body has."""


def _collect(
    pieces: Iterator[bytes], limit: int, going: Callable[[], bool]
) -> tuple[bytes, Failure | None]:
    whole = bytearray()
    try:
        with reading("content coding", known=(_Endless,)):
            for piece in pieces:
                whole += piece
                if len(whole) > limit:
                    return bytes(whole[:limit]), Failure.TOO_LARGE
                if not going():
                    return bytes(whole), Failure.TOO_LARGE
    except _Endless:
        return bytes(whole), Failure.TOO_LARGE
    except Unreadable:
        return bytes(whole), Failure.INVALID_ENCODING
    return bytes(whole), None


def _slices(body: bytes, at: int, size: int) -> Iterator[tuple[bytes, int]]:
    """Yield the body from `at` on in slices, each with where it ends."""
    while at < len(body):
        end = min(at + size, len(body))
        yield body[at:end], end
        at = end


def _gunzip(body: bytes) -> Iterator[bytes]:
    """Yield every member (RFC 1952); what follows the last is ignored, as browsers do.

    As they do too, the checksum of a member is not compared, nor missed: the text is there.
    """
    at = 0
    for _ in range(_MAX_MEMBERS):
        at = yield from _inflate(body, _after_gzip_header(body, at))
        at += _GZIP_TRAILER_BYTES
        if not body.startswith(_GZIP_MAGIC, at):
            return
    raise _Endless


def _after_gzip_header(body: bytes, at: int) -> int:
    """Return where the content of a member begins. Raises ValueError, EOFError."""
    if not body.startswith(_GZIP_MAGIC, at):
        raise ValueError("not gzip")
    flags = body[at + 3] if len(body) >= at + _GZIP_HEADER_BYTES else 0
    at += _GZIP_HEADER_BYTES
    if flags & _EXTRA_FIELD:
        at += 2 + int.from_bytes(body[at : at + 2], "little")
    for flag in _ZERO_ENDED:
        if flags & flag:
            at = body.index(b"\x00", at) + 1
    return at + 2 if flags & _HEADER_CHECKSUM else at


def _undeflate(body: bytes) -> Iterator[bytes]:
    """Accept zlib's wrapper, which RFC 9110 asks for, and raw deflate, which some send."""
    wrapped = body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    yield from _inflate(body, 2 if wrapped else 0)


def _inflate(body: bytes, at: int) -> Generator[bytes, None, int]:
    """Yield the content of a deflate stream that begins at `at`; return where it ends.

    By slices: zlib copies the rest of its input, and a small slice keeps the interpreter shortly.
    """
    stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    for piece, end in _slices(body, at, _SLICE_BYTES):
        rest = piece
        while rest and not stream.eof:
            yield stream.decompress(rest, _SLICE_BYTES)
            rest = stream.unconsumed_tail
        if stream.eof:
            return end - len(stream.unused_data)
    while piece := stream.decompress(b"", _SLICE_BYTES):  # what zlib has still buffered
        yield piece
    if not stream.eof:
        raise EOFError
    return len(body)


def _unbrotli(body: bytes) -> Iterator[bytes]:
    stream = brotli.Decompressor()
    for part, _ in _slices(body, 0, _SLICE_BYTES):
        piece = stream.process(part, output_buffer_limit=_SLICE_BYTES)
        while piece or not stream.can_accept_more_data():
            yield piece
            piece = stream.process(b"", output_buffer_limit=_SLICE_BYTES)
    if not stream.is_finished():
        raise EOFError


def _unzstd(body: bytes) -> Iterator[bytes]:
    """Yield every frame (RFC 8878). A small slice cannot become more than some megabytes."""
    zstd = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    at = 0
    for _ in range(_MAX_MEMBERS):
        frame = zstd.decompressobj()
        for piece, end in _slices(body, at, _ZSTD_SLICE_BYTES):
            yield frame.decompress(piece)
            at = end
            if frame.eof:
                at -= len(frame.unused_data)
                break
        if not frame.eof:
            raise EOFError
        if at >= len(body):
            return
    raise _Endless


_DECODERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
ACCEPT_ENCODING = "gzip, br, deflate, zstd"


def text(exchange: Exchange) -> str:
    """Return the decoded body; what does not decode is U+FFFD. "" for binary. Never raises."""
    return decode_text(exchange.body, exchange.charset) if exchange.charset else ""
