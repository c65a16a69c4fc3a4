"""Which URLs and which IP addresses a probe may go to."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from monitor.core.foreign import reading

URL_CHARACTERS = 4096
_HOST_CHARACTERS = 253
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,127}\.?")
_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65535
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A URL taken apart. `host` is ASCII, lower case; `target` goes into the request line."""

    url: str
    scheme: str
    host: str
    port: int
    authority: str  # the Host header: the port only when it is not the scheme's own
    target: str

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def without_fragment(self) -> str:
        """What the server sees; two URLs that agree here are one request."""
        return f"{self.scheme}://{self.authority}{self.target}"


def read_url(text: str, *, base: str = "") -> Address:
    """Take a URL apart, as a reference to `base` when given.

    Raises:
        ValueError: It is not an absolute http or https URL that may be fetched: other
            scheme, credentials inside, bad host or port, over 4096 characters.

    """
    if len(text) > URL_CHARACTERS:
        raise ValueError(f"longer than {URL_CHARACTERS} characters")
    with reading("address"):
        url = httpx.URL(base).join(text) if base else httpx.URL(text)
        host = url.raw_host.decode("ascii").lower()
    if url.scheme not in _PORTS:
        raise ValueError(f"scheme {url.scheme!r}")
    if url.userinfo:
        raise ValueError("credentials in the URL")
    if not _is_host(host):
        raise ValueError(f"host {host!r}")
    port = _PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port <= _HIGHEST_PORT:
        raise ValueError(f"port {port}")
    name = f"[{host}]" if ":" in host else host
    return Address(
        url=str(url),
        scheme=url.scheme,
        host=host,
        port=port,
        authority=name if port == _PORTS[url.scheme] else f"{name}:{port}",
        target=url.raw_path.decode("ascii"),
    )


def is_public(address: str) -> bool:
    """Tell whether an IP address is reachable from the whole internet.

    IPv4 addresses hidden in IPv6 ones (mapped, 6to4, Teredo, NAT64) are judged themselves.
    False for what is not an IP address.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast for each in (ip, *_hidden(ip)))


def is_literal(host: str) -> bool:
    """Tell whether a host is an IP address rather than a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # a link of our own machine


def _hidden(ip: IPv4Address | IPv6Address) -> tuple[IPv4Address, ...]:
    if isinstance(ip, IPv4Address):
        return ()
    nat64 = IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else None
    found = (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ()), nat64)
    return tuple(each for each in found if each is not None)


def _is_host(host: str) -> bool:
    return len(host) <= _HOST_CHARACTERS and bool(_NAME.fullmatch(host) or is_literal(host))
