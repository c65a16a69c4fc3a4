"""From a host name to addresses: timed, with the resolver's name, never cached.

One resolver's hiccup is not the site's fault: what the first one fails to answer is asked of
the next ones before it counts.
"""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest

import dns.asyncbackend
import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver

from monitor.clock import Clock
from monitor.core.types import Failure, Resolution
from monitor.fetch.addresses import is_literal
from monitor.fetch.failures import failure_of

_ROUNDS = 2  # a lost datagram is asked for again, once
_RCODES = {
    dns.rcode.NOERROR: Failure.DNS_NO_ANSWER,
    dns.rcode.NXDOMAIN: Failure.DNS_NXDOMAIN,
    dns.rcode.REFUSED: Failure.DNS_REFUSED,
}
#: Said of the name, not of the resolver; the stronger first.
_DEFINITE = (Failure.DNS_NXDOMAIN, Failure.DNS_NO_ANSWER)
_BACKEND = dns.asyncbackend.get_backend("asyncio")
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
            port: Where all of them listen.
            try_s: Seconds for one server to answer.
            late_s: Seconds that IPv6 may come after IPv4 before it is done without.

        """
        self._clock = clock
        self._servers = tuple(servers)
        self._second = tuple(second)
        self._static = {host: tuple(found) for host, found in (static or {}).items()}
        self._port = port
        self._try_s = try_s
        self._late_s = late_s

    async def resolve(self, host: str, *, deadline_s: float) -> Resolution:
        """Find the addresses of an ASCII host name or of an IP literal.

        They come IPv4 first, families alternating: a machine without IPv6 loses nothing by
        it, and each family has its turn early. Never raises for the outside's faults.
        """
        begun_us = self._clock.monotonic_us()
        server, answer = await self._answer(host, deadline_s)
        return Resolution(
            host=host,
            server=server,
            addresses=() if isinstance(answer, Failure) else answer,
            elapsed_us=self._clock.monotonic_us() - begun_us,
            failure=answer if isinstance(answer, Failure) else None,
        )

    async def _answer(self, host: str, deadline_s: float) -> tuple[str, Answer]:
        if is_literal(host):
            return "literal", (host,)
        if host in self._static:
            return "static", self._static[host]
        failures: list[tuple[str, Failure]] = []
        try:
            async with asyncio.timeout(deadline_s):
                return await self._ask_all(dns.name.from_text(host), failures)
        except TimeoutError:
            return _verdict([*failures, ("", Failure.TIMEOUT)])

    async def _ask_all(
        self, name: dns.name.Name, failures: list[tuple[str, Failure]]
    ) -> tuple[str, Answer]:
        for _ in range(_ROUNDS):
            for server in (*(self._servers or system_servers()), *self._second):
                answer = await self._ask(server, name)
                if not isinstance(answer, Failure):
                    return server, answer
                failures.append((server, answer))
            if any(failure is not Failure.TIMEOUT for _, failure in failures):
                break
        return _verdict(failures)

    async def _ask(self, server: str, name: dns.name.Name) -> Answer:
        """Ask one server for both families at once; IPv4 decides how long to wait."""
        four, six = (
            asyncio.create_task(self._query(server, name, kind))
            for kind in (dns.rdatatype.A, dns.rdatatype.AAAA)
        )
        try:
            found = await four
            useless = isinstance(found, Failure)
            await asyncio.wait((six,), timeout=self._try_s if useless else self._late_s)
            late = six.result() if six.done() else Failure.TIMEOUT
        finally:
            four.cancel()
            six.cancel()
        lists = [each for each in (found, late) if not isinstance(each, Failure)]
        if lists:
            return tuple(filter(None, chain(*zip_longest(*lists))))
        failures = [each for each in (found, late) if isinstance(each, Failure)]
        # "No such record" for one family is an answer only if it holds for the other.
        return next((each for each in failures if each is not Failure.DNS_NO_ANSWER), failures[0])

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
            found = tuple(each.address for each in answer or ())
        except dns.exception.Timeout:
            return Failure.TIMEOUT
        except dns.exception.DNSException:  # an answer that is not one
            return Failure.DNS_SERVFAIL
        except (OSError, EOFError) as error:
            return failure_of(error)
        except Exception:  # noqa: BLE001 -- whatever a parser says of a stranger's bytes is data
            return Failure.DNS_SERVFAIL
        return found or Failure.DNS_NO_ANSWER


def _verdict(failures: list[tuple[str, Failure]]) -> tuple[str, Failure]:
    """Prefer what was said of the name to what says more of a resolver; then the first.

    One resolver's SERVFAIL may be its own trouble: while another is silent, it takes two.
    """
    for wanted in _DEFINITE:
        for server, failure in failures:
            if failure is wanted:
                return server, failure
    failed = {server for server, failure in failures if failure is Failure.DNS_SERVFAIL}
    silent = [each for each in failures if each[1] is Failure.TIMEOUT]
    return silent[0] if len(failed) == 1 and silent else failures[0]


def system_servers() -> tuple[str, ...]:
    """Return the addresses of the resolvers in /etc/resolv.conf, as it is now."""
    try:
        found = dns.resolver.Resolver().nameservers
    except (dns.resolver.NoResolverConfiguration, ValueError):  # no file; a line that is none
        return _LOOPBACK
    return tuple(map(str, found)) or _LOOPBACK
