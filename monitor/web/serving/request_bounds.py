"""Bounds on the bytes of a request, held before any of it is passed on."""

from http import HTTPStatus
from typing import Any, NoReturn

import h11

HEADERS_MAX = 16 * 1024  # bytes
BODY_MAX = 128 * 1024  # bytes; the longest that any route accepts is half of it
UPLOAD = b"/verifier/fichier"  # the one address that takes a file
UPLOAD_MAX = 40_000_000  # bytes
DOWNLOADS = b"/releve/"  # where large files are served


def canned(status: HTTPStatus, *headers: str) -> bytes:
    """Return a complete answer that ends its connection."""
    body = f"{status.value} {status.phrase}\n"
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
        *headers,
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


FULL = canned(HTTPStatus.SERVICE_UNAVAILABLE, "Retry-After: 2")
LATE = canned(HTTPStatus.REQUEST_TIMEOUT)


class Requests(h11.Connection):
    """Refuses bodies before they are read: over `BODY_MAX`, or of unknown length.

    A chunk costs about as much work as a whole request, whatever its length.
    """

    refusal = HTTPStatus.BAD_REQUEST  # what to answer when `next_event` raises
    uploads = False  # whether the request under way is that of a file
    downloads = False  # whether its answer may be one

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            headers = dict(event.headers)
            self.uploads = event.method == b"POST" and event.target == UPLOAD
            self.downloads = event.target.startswith(DOWNLOADS)
            if sum(len(name) + len(value) for name, value in event.headers) > HEADERS_MAX:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            if b"transfer-encoding" in headers:
                self._refuse(HTTPStatus.LENGTH_REQUIRED)
            most = UPLOAD_MAX if self.uploads else BODY_MAX
            if int(headers.get(b"content-length", b"0")) > most:
                self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return event

    def _refuse(self, status: HTTPStatus) -> NoReturn:
        self.refusal = status
        raise h11.RemoteProtocolError(status.phrase)
