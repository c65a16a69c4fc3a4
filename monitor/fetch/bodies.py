"""Content codings undone within a bound, and the text of a body."""

import io
import zlib
from collections.abc import Callable, Iterator

import brotli
import zstandard

from monitor.core.charset import decode as decode_text
from monitor.core.types import Exchange, Failure

_SLICE_BYTES = 64 * 1024
_MAX_CODINGS = 3
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024  # RFC 9659: what a zstd content coding may ask for


def decode(body: bytes, codings: str, *, limit: int) -> tuple[bytes, Failure | None]:
    """Undo a Content-Encoding.

    Args:
        body: What came, chunking removed; already bounded.
        codings: The header's value. An unknown coding is passed through, as browsers do.
        limit: Bytes that the result, and each stage, may have.

    Returns:
        The decoded bytes and None; or what could be decoded, never over `limit`, and
        `too_large` or `invalid_encoding`.

    """
    names = [name for each in codings.split(",") if (name := each.strip().lower()) in _DECODERS]
    if len(names) > _MAX_CODINGS:
        return b"", Failure.INVALID_ENCODING
    failure = None
    for name in reversed(names):
        body, failure = _collect(_DECODERS[name](body), limit) if body else (b"", None)
        if failure:
            return body, failure
    return body, failure


def _collect(pieces: Iterator[bytes], limit: int) -> tuple[bytes, Failure | None]:
    whole = bytearray()
    try:
        for piece in pieces:
            whole += piece
            if len(whole) > limit:
                return bytes(whole[:limit]), Failure.TOO_LARGE
    except (zlib.error, brotli.error, zstandard.ZstdError, EOFError):
        return bytes(whole), Failure.INVALID_ENCODING
    return bytes(whole), None


def _gunzip(body: bytes) -> Iterator[bytes]:
    """Yield every member (RFC 1952); what follows the last is ignored, as browsers do."""
    rest = body
    while rest[:2] == b"\x1f\x8b" or rest is body:
        stream = zlib.decompressobj(wbits=31)
        yield from _inflate(stream, rest)
        rest = stream.unused_data


def _undeflate(body: bytes) -> Iterator[bytes]:
    """Accept zlib's wrapper, which RFC 9110 asks for, and raw deflate, which some send."""
    wrapped = body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    yield from _inflate(zlib.decompressobj(wbits=15 if wrapped else -15), body)


def _inflate(stream: "zlib._Decompress", body: bytes) -> Iterator[bytes]:
    rest = body
    while not stream.eof:
        piece = stream.decompress(rest, _SLICE_BYTES)
        rest = stream.unconsumed_tail
        if not piece and not rest:
            raise EOFError
        yield piece


def _unbrotli(body: bytes) -> Iterator[bytes]:
    stream = brotli.Decompressor()
    piece = stream.process(body, output_buffer_limit=_SLICE_BYTES)
    while piece or not stream.can_accept_more_data():
        yield piece
        piece = stream.process(b"", output_buffer_limit=_SLICE_BYTES)
    if not stream.is_finished():
        raise EOFError


def _unzstd(body: bytes) -> Iterator[bytes]:
    """Yield bounded pieces, then make sure that the last frame was whole.

    The reader is bounded but hides a missing end, the object shows it but is not bounded: so
    it comes second, when the size is known to be small.
    """
    zstd = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    with zstd.stream_reader(io.BytesIO(body), read_across_frames=True) as reader:
        while piece := reader.read(_SLICE_BYTES):
            yield piece
    rest = body
    while rest:
        frame = zstd.decompressobj()
        frame.decompress(rest)
        if not frame.eof:
            raise EOFError
        rest = frame.unused_data


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
