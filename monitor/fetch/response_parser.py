"""Parse an HTTP/1 answer as browsers read it, within bounds, as it is received.

Servers send what RFC 9112 forbids, and every browser shows it. A strict parser would lay its own
refusals on the site. So this one follows Chromium's reading: a header line that is none is left
out, a length that is no number is ignored, a line may end with LF alone. What was odd is noted.
"""

import re
from collections.abc import Iterator
from enum import Enum

from monitor.core.model import Failure
from monitor.fetch.budget import Limits
from monitor.fetch.failures import ExchangeBroken

SLICE_BYTES = 4 * 1024
MAX_HEADERS = 5_000  # lines; real answers have fifty
MAX_EARLY = 50  # answers of status 1xx
MAX_TRAILERS = 1_000  # lines
MAX_CHUNKS = 10_000  # besides one for each `CHUNK_BYTES` of the body
CHUNK_BYTES = 64
MAX_LINE_BYTES = 16 * 1024  # the longest line that announces a chunk, as in Chromium
MAX_NOTES = 5

_SLOP_BYTES = 4  # a browser skips as many before the status line
_PROTOCOL = b"http"
_HEAD_END = re.compile(rb"\n\r?\n")
_LINE_END = re.compile(rb"[\r\n]+")
_VERSION = re.compile(rb"http/(\d+)\.(\d+)", re.IGNORECASE)
_STATUS = re.compile(rb"[^ ]* +(\d+)")
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15} *")
_BLANK = b" \t"
#: Headers of which two different values are refused by browsers (response splitting).
_SINGLE = ("content-length", "location", "content-disposition")
_BODILESS = frozenset({204, 205, 304})
_EARLY = range(100, 200)
_SWITCHING = 101
_STATUSES = range(100, 1000)


class _Awaited(Enum):
    HEAD = "head"
    LENGTH = "length"  # a body of an announced length
    CHUNK_LINE = "chunk line"
    CHUNK = "chunk"
    CHUNK_END = "chunk end"
    TRAILER = "trailer"
    REST = "rest"  # a body up to the end of the connection
    DONE = "done"


class ResponseParser:
    """The parser of one answer.

    Attributes:
        status: None until the head is complete.
        http_version: "1.0" or "1.1"; "0.9" for a body without a head.
        headers: In order, names and values as sent, without the blanks around them.
        notes: What a strict reader would refuse, at most `MAX_NOTES`.
        used: Bytes of the answer; what comes after its end is not counted.

    """

    def __init__(
        self, limits: Limits, *, default_port: bool = False, notes: list[str] | None = None
    ) -> None:
        """Bound the answer by `limits`.

        Args:
            limits: Of the header section and of the body.
            default_port: Whether it came from its scheme's own port: only there do browsers show
                a body that has no head (HTTP/0.9).
            notes: Where to add what a strict reader would refuse.

        """
        self._limits = limits
        self._default_port = default_port
        self._state = _Awaited.HEAD
        self._buffer = bytearray()
        self._searched = 0
        self._left = 0  # bytes of the body, or of the chunk, still to come
        self._early = self._chunks = self._trailers = 0
        self.status: int | None = None
        self.http_version: str | None = None
        self.headers: tuple[tuple[str, str], ...] = ()
        self._body = bytearray()  # not taken yet
        self._body_bytes = 0
        self.notes = [] if notes is None else notes
        self.used = 0

    @property
    def done(self) -> bool:
        return self._state is _Awaited.DONE

    def take_body(self) -> bytes:
        """Return the payload received since the last call, without chunking."""
        piece = bytes(self._body)
        self._body.clear()
        return piece

    def feed(self, data: bytes) -> Iterator[None]:
        """Take received bytes, yielding between slices so that other work may run.

        Raises:
            ExchangeBroken: `invalid_response` for what no browser shows, `too_large`.

        """
        at = 0
        while at < len(data) and not self.done:
            size = len(data) if self._state is _Awaited.REST else max(SLICE_BYTES, self._left)
            self._take(data[at : at + size])
            at += size
            yield

    def close(self) -> None:
        """Take the end of the connection.

        Raises:
            ExchangeBroken: `eof_error`, `invalid_response` or `truncated`: it came too early.

        """
        match self._state:
            case _Awaited.DONE:
                return
            case _Awaited.REST | _Awaited.TRAILER:  # nothing that counts follows the last chunk
                self._state = _Awaited.DONE
            case _Awaited.HEAD:
                raise self._cut_head()
            case _:
                raise ExchangeBroken(
                    Failure.TRUNCATED, f"closed after {self._body_bytes} bytes of the body"
                )

    def _cut_head(self) -> ExchangeBroken:
        start = bytes(self._buffer[: len(_PROTOCOL) + _SLOP_BYTES]).lower()
        if _PROTOCOL in start or _PROTOCOL.startswith(start):
            return ExchangeBroken(
                Failure.EOF, f"closed after {len(self._buffer)} bytes of the headers"
            )
        return ExchangeBroken(Failure.INVALID_RESPONSE, "not HTTP")

    def _take(self, data: bytes) -> None:
        self._buffer += data
        while self._buffer and not self.done and self._step():
            pass
        if self.used > self._limits.headers_bytes + self._limits.body_bytes:
            raise ExchangeBroken(Failure.TOO_LARGE, "chunking without end")

    def _shift(self, size: int) -> bytes:
        """Take bytes off the buffer."""
        piece = bytes(self._buffer[:size])
        del self._buffer[:size]
        self.used += len(piece)
        return piece

    def _step(self) -> bool:
        """Take what the buffer holds for the present state; return whether to go on."""
        match self._state:
            case _Awaited.HEAD:
                return self._read_head()
            case _Awaited.CHUNK_LINE | _Awaited.CHUNK_END | _Awaited.TRAILER:
                return self._read_chunk_line()
            case _Awaited.REST:
                return self._read_body(len(self._buffer))
            case _:
                return self._read_body(self._left)

    # ------------------------------------------------------------------ head

    def _read_head(self) -> bool:
        start = self._start_of_head()
        if start is None:
            return False
        if self._state is not _Awaited.HEAD:
            return True
        end = _HEAD_END.search(self._buffer, max(start, self._searched - 2))
        self._searched = len(self._buffer)
        size = end.end() if end else len(self._buffer)
        if size > self._limits.headers_bytes:
            raise ExchangeBroken(
                Failure.TOO_LARGE, f"over {self._limits.headers_bytes} bytes of headers"
            )
        if end is None:
            return False
        head = self._shift(end.end())[start:]
        self._searched = 0
        if start:
            self._note(f"{start} bytes before the status line")
        self._begin(head)
        return True

    def _start_of_head(self) -> int | None:
        """Return where the status line begins; None when that is not known yet."""
        start = bytes(self._buffer[: len(_PROTOCOL) + _SLOP_BYTES]).lower().find(_PROTOCOL)
        if start >= 0:
            return start
        if len(self._buffer) < len(_PROTOCOL) + _SLOP_BYTES:
            return None
        if not (self._default_port and self._early == 0 and self._buffer.lstrip()[:1] == b"<"):
            raise ExchangeBroken(Failure.INVALID_RESPONSE, "not HTTP")
        self._note("no head: HTTP/0.9")
        self.status, self.http_version, self._state = 200, "0.9", _Awaited.REST
        return 0

    def _begin(self, head: bytes) -> None:
        """Read a whole head: of an early answer, or of the answer itself."""
        if b"\x00" in head:
            raise ExchangeBroken(Failure.INVALID_RESPONSE, "NUL in the headers")
        lines = list(filter(None, _LINE_END.split(head)))
        if len(lines) > MAX_HEADERS:
            raise ExchangeBroken(Failure.TOO_LARGE, f"over {MAX_HEADERS} headers")
        self.http_version, status = self._status_line(lines[0])
        if status in _EARLY:
            self._early += 1
            if status == _SWITCHING:
                raise ExchangeBroken(Failure.INVALID_RESPONSE, "unasked upgrade")
            if self._early > MAX_EARLY:
                raise ExchangeBroken(Failure.TOO_LARGE, f"over {MAX_EARLY} early answers")
            return
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self._fields(lines[1:])
        )
        codings = _codings(headers) if self.http_version == "1.1" else []
        _refuse_doubles(headers, chunked="chunked" in codings)
        self.status, self.headers = status, headers
        self._frame(codings)

    def _status_line(self, line: bytes) -> tuple[str, int]:
        version, number = _VERSION.match(line), _STATUS.match(line)
        if version is None:
            self._note("status line without a version")
        if number is None:
            self._note("status line without a status")
        status = int(number[1][:4]) if number else 200
        if status not in _STATUSES:
            raise ExchangeBroken(Failure.INVALID_RESPONSE, f"status {status}")
        recent = version is not None and (int(version[1][:4]), int(version[2][:4])) >= (1, 1)
        return "1.1" if recent else "1.0", status

    def _fields(self, lines: list[bytes]) -> list[tuple[bytes, bytes]]:
        fields: list[tuple[bytes, bytes]] = []
        whole: list[bytes] = []
        for line in lines:
            if line[0] in _BLANK and whole:  # continues the one before (RFC 9112 5.2)
                whole[-1] += b" " + line.strip(_BLANK)
            else:
                whole.append(line)
        for line in whole:
            name, colon, value = line.partition(b":")
            stripped = name.rstrip(_BLANK)
            if not (colon and _TOKEN.fullmatch(stripped)):
                self._note(f"no header: {line[:40]!r}")
                continue
            if stripped != name:
                self._note(f"space before the colon: {line[:40]!r}")
            fields.append((stripped, value.strip(_BLANK)))
        return fields

    def _frame(self, codings: list[str]) -> None:
        """Determine where the body ends."""
        if codings and codings != ["chunked"]:
            self._note(f"transfer coding {', '.join(codings)[:40]!r}")
        if self.status in _BODILESS:
            self._state = _Awaited.DONE
        elif "chunked" in codings:
            self._state = _Awaited.CHUNK_LINE
        else:
            self._frame_by_length()

    def _frame_by_length(self) -> None:
        announced = _values(self.headers, "content-length")
        text = announced[0].split(",")[0].strip() if announced else ""
        if not (text.isascii() and text.isdigit()):
            if announced:
                self._note(f"length {announced[0][:20]!r}")
            self._state = _Awaited.REST
            return
        digits = text.lstrip("0") or "0"
        bound = self._limits.body_bytes
        if len(digits) > len(str(bound)) or int(digits) > bound:
            raise ExchangeBroken(Failure.TOO_LARGE, f"{text[:40]} bytes announced")
        self._left = int(digits)
        self._state = _Awaited.LENGTH if self._left else _Awaited.DONE

    # ------------------------------------------------------------------ body

    def _read_body(self, most: int) -> bool:
        bound = self._limits.body_bytes
        piece = self._shift(min(most, bound + 1 - self._body_bytes))
        self._body += piece
        self._body_bytes += len(piece)
        if self._body_bytes > bound:
            raise ExchangeBroken(Failure.TOO_LARGE, f"over {bound} bytes of the body")
        if self._state is not _Awaited.REST:
            self._left -= len(piece)
            if not self._left:
                chunk = self._state is _Awaited.CHUNK
                self._state = _Awaited.CHUNK_END if chunk else _Awaited.DONE
        return True

    def _read_chunk_line(self) -> bool:
        end = self._buffer.find(b"\n", self._searched)
        self._searched = len(self._buffer) if end < 0 else 0
        if max(end, self._searched) > MAX_LINE_BYTES:
            raise ExchangeBroken(Failure.INVALID_RESPONSE, "chunk line without end")
        if end < 0:
            return False
        line = self._shift(end + 1).removesuffix(b"\n").removesuffix(b"\r")
        if self._state is _Awaited.TRAILER:
            self._state = _Awaited.TRAILER if line else _Awaited.DONE
            self._trailers += 1
            if self._trailers > MAX_TRAILERS:
                raise ExchangeBroken(Failure.TOO_LARGE, f"over {MAX_TRAILERS} trailers")
            return True
        if self._state is _Awaited.CHUNK_END:
            if line:
                raise ExchangeBroken(Failure.INVALID_RESPONSE, f"no end of chunk: {line[:40]!r}")
            self._state = _Awaited.CHUNK_LINE
            return True
        size, _, _ = line.partition(b";")
        if not _CHUNK_SIZE.fullmatch(size):
            raise ExchangeBroken(Failure.INVALID_RESPONSE, f"no size of chunk: {line[:40]!r}")
        self._chunks += 1
        if self._chunks > MAX_CHUNKS + self._body_bytes // CHUNK_BYTES:
            raise ExchangeBroken(Failure.TOO_LARGE, f"over {self._chunks} chunks")
        self._left = int(size, 16)
        self._state = _Awaited.CHUNK if self._left else _Awaited.TRAILER
        return True

    def _note(self, text: str) -> None:
        if len(self.notes) < MAX_NOTES:
            self.notes.append(text)


Headers = tuple[tuple[str, str], ...]


def _values(headers: Headers, name: str) -> list[str]:
    return [value for key, value in headers if key.lower() == name]


def _codings(headers: Headers) -> list[str]:
    """Return the transfer codings, of which HTTP/1.0 has none (RFC 9112 6.1)."""
    values = _values(headers, "transfer-encoding")
    return [part.strip().lower() for value in values for part in value.split(",")]


def _refuse_doubles(headers: Headers, *, chunked: bool) -> None:
    for name in _SINGLE:
        values = _values(headers, name)
        if name == "content-length":
            parts = [part.strip() for value in values for part in value.split(",")]
            values = [] if chunked else parts
        if len(set(values)) > 1:
            raise ExchangeBroken(Failure.INVALID_RESPONSE, f"two different {name}")
