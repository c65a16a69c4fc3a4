"""Parse the bytes of an answer again, with the same parser and the same bounds as live."""

from contextlib import suppress
from dataclasses import dataclass, replace

from monitor.core.model import Exchange, Hop
from monitor.core.text.charset import charset_of
from monitor.fetch import bodies
from monitor.fetch.budget import Limits
from monitor.fetch.failures import ExchangeBroken
from monitor.fetch.reachable import read_url
from monitor.fetch.response_parser import ResponseParser


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
    answers = [_answer(hop, limits) for hop in exchange.hops]
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


def _answer(hop: Hop, limits: Limits) -> _Answer:
    """Parse an answer as far as it is valid."""
    parser = ResponseParser(limits, default_port=_on_default_port(hop.url))
    payload = bytearray()
    with suppress(ExchangeBroken):  # the exchange has its failure already
        for _ in parser.feed(hop.response_bytes):
            payload += parser.take_body()
    return _Answer(
        status=parser.status,
        http_version=parser.http_version if parser.status else None,
        headers=parser.headers,
        payload=bytes(payload + parser.take_body()),
    )


def _on_default_port(url: str) -> bool:
    try:
        return read_url(url).on_default_port
    except ValueError:
        return False
