"""Parse an HTTP/1 answer within bounds as it is received.

h11 bounds the length of a header section, not the number of its lines, of chunks, of interim
answers: each costs it some tens of microseconds, and 64 KiB contain ten thousand of them. So it
gets the bytes by slices, and the pieces are counted.
"""

from collections import deque

import h11

from monitor.core.model import Failure
from monitor.core.untrusted.library_errors import reading
from monitor.fetch.budget import Limits
from monitor.fetch.failures import ExchangeBroken

SLICE_BYTES = 4 * 1024
MAX_HEADERS = 1_000  # real answers have fifty
MAX_EARLY = 50  # answers of status 1xx
MAX_CHUNKS = 10_000  # besides one for each `CHUNK_BYTES` of the body
CHUNK_BYTES = 64
MAX_TRAILER_BYTES = 8 * 1024  # and the longest line that announces a chunk
_KNOWN = (h11.RemoteProtocolError,)

Event = h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]


class Parser:
    """The parser of one answer. Received bytes are queued in slices."""

    def __init__(self, limits: Limits) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.headers_bytes)
        self._limits = limits
        self._waiting: deque[bytes] = deque()
        self._begun = False
        self._early = self._chunks = self._body_bytes = 0

    def ask(self, request: h11.Request) -> bytes:
        """Return the bytes of a request. Raises Unreadable for invalid characters in it."""
        with reading("request"):
            head = self._h11.send(request) or b""
            return head + (self._h11.send(h11.EndOfMessage()) or b"")

    def give(self, data: bytes) -> None:
        """Queue received bytes; b"" is the end."""
        at = range(0, len(data), SLICE_BYTES)
        self._waiting += [data[start : start + SLICE_BYTES] for start in at] or [b""]

    def read_slice(self) -> bytes | None:
        """Pass the next slice to h11 after `NEED_DATA`, and return it; None when there is none."""
        if not self._waiting:
            return None
        data = self._waiting.popleft()
        with reading("answer", known=_KNOWN):
            self._h11.receive_data(data)
        return data

    def event(self) -> Event:
        """Return h11's next event.

        Raises:
            h11.RemoteProtocolError: It is not HTTP/1.
            Unreadable: h11 raised an undocumented error.

        """
        with reading("answer", known=_KNOWN):
            return self._h11.next_event()

    def count(self, event: Event) -> None:
        """Count a piece that is already in the draft, so that parsing its bytes again agrees.

        Raises:
            ExchangeBroken: `too_large`: there are more pieces than a real answer has.

        """
        match event:
            case h11.InformationalResponse():
                self._early += 1
                _bound(self._early, MAX_EARLY, "early answers")
            case h11.Response():
                _bound(len(event.headers), MAX_HEADERS, "headers")
                self._begun = True
            case h11.Data():
                self._chunks += event.chunk_start
                self._body_bytes += len(event.data)
                _bound(self._body_bytes, self._limits.body_bytes, "bytes of the body")
                _bound(self._chunks, MAX_CHUNKS + self._body_bytes // CHUNK_BYTES, "chunks")
            case h11.NEED_DATA:
                self._bound_buffered()

    @property
    def excess_bytes(self) -> int:
        """The number of bytes received after the end of the message."""
        return len(self._h11.trailing_data[0])

    def _bound_buffered(self) -> None:
        """Bound what h11 buffers until it is complete, since it then parses it in one go."""
        buffered, _ = self._h11.trailing_data
        if self._begun:
            _bound(len(buffered), MAX_TRAILER_BYTES, "bytes of trailers")
        else:
            _bound(buffered.count(b"\n"), MAX_HEADERS, "lines of headers")


def _bound(count: int, most: int, what: str) -> None:
    if count > most:
        raise ExchangeBroken(Failure.TOO_LARGE, f"over {most} {what}")
