"""Parse the bytes of an answer again, with the same parser and the same bounds as live."""

from dataclasses import dataclass, replace

import h11

from monitor.core.model import Exchange, Hop
from monitor.core.text.charset import charset_of
from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.fetch import bodies
from monitor.fetch.budget import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int | None = None
    http_version: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    payload: bytes = b""


def reread(exchange: Exchange, *, limits: Limits = Limits()) -> Exchange:  # noqa: B008 -- frozen
    """Derive status, headers, body and charset from `Hop.response_bytes`, and nothing else.

    Times, failure and phase are not in the bytes: they stay unchanged.
    """
    answers = [_answer(hop.response_bytes, limits) for hop in exchange.hops]
    read = [
        replace(hop, status=answer.status, http_version=answer.http_version, headers=answer.headers)
        for hop, answer in zip(exchange.hops, answers, strict=True)
    ]
    parts = tuple(reread(part, limits=limits) for part in exchange.parts)
    if not read:
        return replace(exchange, parts=parts)
    last = read[-1]
    codings = ", ".join(_values(last, "Content-Encoding"))
    body, _ = bodies.decode(answers[-1].payload, codings, limit=limits.body_bytes)
    return replace(
        exchange,
        hops=tuple(read),
        body=body,
        charset=charset_of(body, next(iter(_values(last, "Content-Type")), "")),
        parts=parts,
    )


def _values(hop: Hop, name: str) -> list[str]:
    return [value for key, value in hop.headers if key.lower() == name.lower()]


def _answer(data: bytes, limits: Limits) -> _Answer:
    """Parse an answer as far as it is valid."""
    parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.headers_bytes)
    parser.send(h11.Request(method="GET", target="/", headers=[("Host", "_")]))
    parser.send(h11.EndOfMessage())
    answer, payload = _Answer(), bytearray()
    try:
        with reading("answer"):
            parser.receive_data(data)
            while (event := parser.next_event()) is not h11.NEED_DATA:
                match event:
                    case h11.Response():
                        answer = _head_of(event)
                    case h11.Data():
                        payload += event.data
                        if len(payload) > limits.body_bytes:
                            break
                    case h11.EndOfMessage() | h11.ConnectionClosed() | h11.PAUSED:
                        break
    except Unreadable:
        pass  # the exchange has its failure already
    return replace(answer, payload=bytes(payload))


def _head_of(event: h11.Response) -> _Answer:
    return _Answer(
        status=event.status_code,
        http_version=event.http_version.decode("ascii"),
        headers=tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in event.headers.raw_items()
        ),
    )
