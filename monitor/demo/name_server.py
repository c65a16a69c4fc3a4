"""A DNS server on loopback for the demo's hosts."""

import asyncio
from collections.abc import Mapping

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

# Whether the addresses of a type of record have colons.
FAMILY = {dns.rdatatype.A: False, dns.rdatatype.AAAA: True}


class NameServer(asyncio.DatagramProtocol):
    """Answers A and AAAA queries from a table of addresses by name; NXDOMAIN for the rest.

    With `cut` set it answers SERVFAIL to all, as a router does without its line. `lies` are
    addresses that it gives in place of the right ones.
    """

    def __init__(self, hosts: Mapping[str, tuple[str, ...]]) -> None:
        self._hosts = dict(hosts)
        self.lies: Mapping[str, str] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self.cut = False

    async def start(self, *, address: str, port: int = 0) -> tuple[str, int]:
        """Listen on a UDP port of `address` (0: a free one); return both."""
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=(address, port)
        )
        self._transport = transport
        host, port = transport.get_extra_info("sockname")[:2]
        return str(host), int(port)

    def stop(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self.answer(data)
        if answer is not None:
            self.send(answer, addr)

    def send(self, answer: bytes, addr: tuple[str, int]) -> None:
        """Send an answer, unless the server has stopped."""
        if self._transport is not None:
            self._transport.sendto(answer, addr)

    def answer(self, wire: bytes) -> bytes | None:
        """Return the answer to a query, in wire format; None for an invalid query."""
        try:
            query = dns.message.from_wire(wire)
            response = dns.message.make_response(query)
        except dns.exception.DNSException:
            return None
        if len(query.question) != 1:
            return None
        if self.cut:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response.to_wire()
        question = query.question[0]
        response.flags |= dns.flags.AA | dns.flags.RA
        name = question.name.to_text(omit_final_dot=True).lower()
        addresses = self._hosts.get(name)
        if lie := self.lies.get(name):
            addresses = (lie, *(address for address in addresses or () if ":" in address))
        if addresses is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdclass == dns.rdataclass.IN:
            wanted = [ip for ip in addresses if FAMILY.get(question.rdtype) is (":" in ip)]
            if wanted:
                response.answer.append(
                    dns.rrset.from_text(question.name, 0, "IN", question.rdtype, *wanted)
                )
        return response.to_wire()
