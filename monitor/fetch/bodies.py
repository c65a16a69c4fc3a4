"""Content codings undone within a bound, and the character set found as browsers do."""

import codecs
import io
import re
import zlib
from collections.abc import Callable, Iterator

import brotli
import zstandard

from monitor.core.types import Exchange, Failure

_SLICE_BYTES = 64 * 1024
_MAX_CODINGS = 3
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024  # RFC 9659: what a zstd content coding may ask for
_PRESCAN_BYTES = 1024  # HTML standard, "prescan a byte stream"


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

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TEXT_TYPE = re.compile(r"text/|.*[/+](?:html|xml|json|javascript|ecmascript|x-javascript)$")
_HTTP_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([^\s\"';]+)", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([^\s\"'/>;]+)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([^\"'>]+)", re.IGNORECASE)

# Python has codecs that are no character sets (rot13, idna) or are a risk (utf-7): the list
# is the Encoding standard's, less what no French site sends.
_CODECS = frozenset(
    {"utf-8", "utf-16-le", "utf-16-be", "iso8859-2", "iso8859-15", "iso8859-16"}
    | {"cp1250", "cp1251", "cp1252", "cp1254", "cp1256", "mac-roman", "koi8-r"}
    | {"gbk", "gb18030", "big5", "euc_jp", "shift_jis", "euc_kr"}
)
_WEB_NAMES = {  # codec: what browsers mean by it
    "ascii": "windows-1252",
    "iso8859-1": "windows-1252",
    "cp1252": "windows-1252",
    "utf-16": "utf-16-le",
    "gb2312": "gbk",
}


def charset_of(body: bytes, content_type: str) -> str:
    """Find the encoding: mark, HTTP, what the page says, then UTF-8 if it fits.

    HTML standard, "determining the character encoding"; the fallback of a French browser is
    windows-1252. Returns a name that Python decodes, or "" for a binary or empty body.
    """
    if not body or not _is_text(body, content_type):
        return ""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return name
    said = _HTTP_CHARSET.search(content_type)
    if said and (name := _codec(said[1])):
        return name
    head = body[:_PRESCAN_BYTES]
    inside = _XML.match(head) or _META.search(_COMMENT.sub(b"", head))
    if inside and (name := _codec(inside[1].decode("ascii", "replace"))):
        return "utf-8" if name.startswith("utf-16") else name  # it was read as ASCII
    return "utf-8" if _is_utf8(body) else "windows-1252"


def text(exchange: Exchange) -> str:
    """Return the decoded body; what does not decode is U+FFFD. "" for binary. Never raises."""
    if not exchange.charset:
        return ""
    return exchange.body.decode(exchange.charset, "replace").removeprefix("\ufeff")


def _codec(label: str) -> str:
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):  # ValueError: a null character
        return ""
    return _WEB_NAMES.get(name) or (name if name in _CODECS else "")


def _is_text(body: bytes, content_type: str) -> bool:
    kind = content_type.split(";", 1)[0].strip().lower()
    if not kind:
        return b"\0" not in body[:_PRESCAN_BYTES] or body[:2] in {b"\xff\xfe", b"\xfe\xff"}
    return _TEXT_TYPE.match(kind) is not None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
