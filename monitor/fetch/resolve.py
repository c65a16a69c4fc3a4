"""Resolve host names: timed, with the resolver's name, never cached.

A failure of one resolver is not the site's: the others are asked before it counts. Nor is a lie
of one resolver: a denial of a name counts only when an independent resolver confirms it.
"""

import asyncio
import re
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import chain, zip_longest
from pathlib import Path

import dns.asyncbackend
import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from monitor.core.model import Failure, Resolution
from monitor.fetch.failures import failure_of
from monitor.fetch.reachable import is_literal
from monitor.runtime.clock import Clock

_ROUNDS = 2  # a datagram may be lost: silent servers are asked again, once
_RCODES = {
    dns.rcode.NOERROR: Failure.DNS_NO_ANSWER,
    dns.rcode.NXDOMAIN: Failure.DNS_NXDOMAIN,
    dns.rcode.REFUSED: Failure.DNS_REFUSED,
}
#: Answers about the name, not failures of the resolver; the stronger one first.
_DEFINITE = (Failure.DNS_NXDOMAIN, Failure.DNS_NO_ANSWER)
_BACKEND = dns.asyncbackend.get_backend("asyncio")
_MOST_SERVERS = 3  # resolv.conf(5): MAXNS
_OLD_FORM = re.compile(r"[0-9a-fA-FxX]+(\.[0-9a-fA-FxX]+){0,3}", re.ASCII)
_LOOPBACK = ("127.0.0.1",)  # what resolv.conf(5) means by an empty file

Answer = tuple[str, ...] | Failure


class Resolver:
    """Asks recursive resolvers, in order, for the IPv4 and IPv6 addresses of a host."""

    def __init__(  # noqa: PLR0913 -- keyword-only settings, each with its default
        self,
        *,
        clock: Clock,
        servers: Sequence[str] = (),
        second: Sequence[str] = (),
        static: Mapping[str, Sequence[str]] | None = None,
        port: int = 53,
        try_s: float = 2.0,
        late_s: float = 0.5,
    ) -> None:
        """Keep the settings; nothing is asked yet.

        Args:
            clock: Times the answers.
            servers: IP addresses of resolvers; empty: those of /etc/resolv.conf, read again
                at each resolution, since a machine may change networks.
            second: Independent resolvers, asked when all of `servers` failed.
            static: Hosts whose addresses are fixed (tests, demo).
            port: UDP and TCP port of all of them.
            try_s: Seconds for one server to answer.
            late_s: Seconds that the IPv6 answer may come after the IPv4 one; then it is ignored.

        """
        self._clock = clock
        self._servers = tuple(servers)
        self._second = tuple(second)
        self._static = {host: tuple(addresses) for host, addresses in (static or {}).items()}
        self._port = port
        self._try_s = try_s
        self._late_s = late_s

    async def resolve(
        self, host: str, *, deadline_s: float, second_first: bool = False
    ) -> Resolution:
        """Return the addresses of an ASCII host name or of an IP literal.

        Families alternate, IPv4 first: a machine without IPv6 loses nothing, and each family is
        tried early. Never raises for failures of resolvers.

        `second_first` asks the independent resolvers before the others.
        """
        begun_us = self._clock.monotonic_us()
        server, answer, second = await self._answer(host, deadline_s, second_first=second_first)
        return Resolution(
            host=host,
            server=server,
            addresses=() if isinstance(answer, Failure) else answer,
            elapsed_us=self._clock.monotonic_us() - begun_us,
            failure=answer if isinstance(answer, Failure) else None,
            second=second,
        )

    async def _answer(
        self, host: str, deadline_s: float, *, second_first: bool
    ) -> tuple[str, Answer, str | None]:
        if is_literal(host):
            return "literal", (host,), None
        if host in self._static:
            return "static", self._static[host], None
        first = self._servers or system_servers()
        independent = tuple(server for server in self._second if server not in first)
        order = (*independent, *first) if second_first else (*first, *independent)
        failures: list[_ServerFailure] = []
        try:
            async with asyncio.timeout(deadline_s):
                return await self._ask_all(dns.name.from_text(host), order, independent, failures)
        except TimeoutError:
            return _verdict([*failures, _ServerFailure("", Failure.TIMEOUT, independent=False)])
        except dns.exception.DNSException:  # a name that DNS cannot carry
            return "", Failure.UNKNOWN, None

    async def _ask_all(
        self,
        name: dns.name.Name,
        order: Sequence[str],
        independent: Collection[str],
        failures: list["_ServerFailure"],
    ) -> tuple[str, Answer, str | None]:
        """Ask each server in turn, and once more those that were silent."""
        for _ in range(_ROUNDS):
            answered = {
                failure.server for failure in failures if failure.failure is not Failure.TIMEOUT
            }
            for server in order:
                if server in answered:
                    continue
                answer = await self._ask(server, name)
                if not isinstance(answer, Failure):
                    return server, answer, server if server in independent else None
                failures.append(_ServerFailure(server, answer, independent=server in independent))
        return _verdict(failures)

    async def _ask(self, server: str, name: dns.name.Name) -> Answer:
        """Ask one server for both families at once; the IPv4 answer decides how long to wait."""
        four, six = (
            asyncio.create_task(self._query(server, name, kind))
            for kind in (dns.rdatatype.A, dns.rdatatype.AAAA)
        )
        try:
            ipv4 = await four
            useless = isinstance(ipv4, Failure)
            await asyncio.wait((six,), timeout=self._try_s if useless else self._late_s)
            ipv6 = six.result() if six.done() else Failure.TIMEOUT
        finally:
            four.cancel()
            six.cancel()
        lists = [answer for answer in (ipv4, ipv6) if not isinstance(answer, Failure)]
        if lists:
            return tuple(filter(None, chain(*zip_longest(*lists))))
        failures = [answer for answer in (ipv4, ipv6) if isinstance(answer, Failure)]
        # "No such record" for one family is an answer only if it holds for the other.
        return next(
            (answer for answer in failures if answer is not Failure.DNS_NO_ANSWER), failures[0]
        )

    async def _query(
        self, server: str, name: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> Answer:
        query = dns.message.make_query(name, kind, use_edns=0)
        try:
            response, _ = await dns.asyncquery.udp_with_fallback(
                query,
                server,
                timeout=self._try_s,
                port=self._port,
                ignore_unexpected=True,  # anyone may send us a datagram
                ignore_errors=True,
                backend=_BACKEND,
            )
            if response.rcode() != dns.rcode.NOERROR:
                return _RCODES.get(response.rcode(), Failure.DNS_SERVFAIL)
            answer = response.resolve_chaining().answer  # type: ignore[attr-defined]
            addresses = tuple(record.address for record in answer or ())
        except dns.exception.Timeout:
            return Failure.TIMEOUT
        except dns.exception.DNSException:  # an answer that is not one
            return Failure.DNS_SERVFAIL
        except (OSError, EOFError) as error:
            return failure_of(error)
        except Exception:  # noqa: BLE001 -- a parser may raise anything for hostile bytes
            return Failure.DNS_SERVFAIL
        return addresses or Failure.DNS_NO_ANSWER


@dataclass(frozen=True, slots=True)
class _ServerFailure:
    """The failure of one server; `independent` when it is none of the first ones."""

    server: str
    failure: Failure
    independent: bool


def _verdict(failures: Sequence[_ServerFailure]) -> tuple[str, Failure, str | None]:
    """Prefer answers about the name to failures of a resolver; then the first failure.

    Return it with the independent resolver that confirms it, if any: no resolver is believed
    alone that a name does not exist, or that the name's own servers fail.
    """
    for kind in (*_DEFINITE, Failure.DNS_SERVFAIL):
        same_kind = [failure for failure in failures if failure.failure is kind]
        several = len({failure.server for failure in same_kind}) > 1
        second = next(
            (failure.server for failure in reversed(same_kind) if failure.independent), None
        )
        if same_kind and (kind in _DEFINITE or several):
            return same_kind[0].server, kind, second if several else None
    silent = [failure for failure in failures if failure.failure is Failure.TIMEOUT]
    chosen = (silent or failures)[0]
    return chosen.server, chosen.failure, None


def system_servers(path: Path = Path("/etc/resolv.conf")) -> tuple[str, ...]:
    """Return the addresses of the resolvers in a resolv.conf(5), as it is now.

    As libc reads it: the first three that are addresses; any other line is ignored.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _LOOPBACK
    addresses: list[str] = []
    for line in text.splitlines():
        word, *rest = line.split() or [""]
        if word == "nameserver" and rest and (address := _address(rest[0])):
            addresses.append(address)
    return tuple(addresses[:_MOST_SERVERS]) or _LOOPBACK


def _address(text: str) -> str | None:
    """Return an IP address, with its zone if it has one, as libc parses it; else None."""
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    try:  # "127.1" and the like
        return socket.inet_ntoa(socket.inet_aton(text)) if _OLD_FORM.fullmatch(text) else None
    except OSError:
        return None
