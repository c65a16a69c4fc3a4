"""Which URLs a probe may request."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

import httpx

from monitor.core.untrusted.library_errors import reading

URL_CHARACTERS = 32_768  # a signed log-in request has some thousands
_HOST_CHARACTERS = 253
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,127}\.?")
_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65535
# Lenient libraries take "８０", "+80" and "8_0" for numbers; a server of another kind may not.
_AUTHORITY = re.compile(r"\A(?:[a-z][a-z0-9+.-]{0,63}:)?//([^/?#]*+)", re.IGNORECASE)
_WITH_PORT = re.compile(r"(?:\[[^\]]{0,253}\]|[^:\[\]]{0,253})(?::[0-9]{0,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A parsed URL. `host` is ASCII, lower case; `target` goes into the request line."""

    url: str
    scheme: str
    host: str
    port: int
    authority: str  # the Host header: the port only when it is not the scheme's own
    target: str
    parsed: httpx.URL

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def on_default_port(self) -> bool:
        return self.port == _PORTS[self.scheme]

    @property
    def without_fragment(self) -> str:
        """The URL as the server sees it; two URLs that are equal here are one request."""
        return f"{self.scheme}://{self.authority}{self.target}"


def read_url(text: str, *, base: str = "") -> Address:
    """Parse a URL, relative to `base` when it is given.

    Raises:
        ValueError: It is not an absolute http or https URL that may be fetched: another scheme,
            credentials, a bad host or port, over `URL_CHARACTERS`.

    """
    if len(text) > URL_CHARACTERS:
        raise ValueError(f"longer than {URL_CHARACTERS} characters")
    authority = _AUTHORITY.match(text.strip())
    if authority and not _WITH_PORT.fullmatch(authority[1].rpartition("@")[2]):
        raise ValueError("port of other characters than digits")
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
        parsed=url,
    )


def is_literal(host: str) -> bool:
    """Return whether a host is an IP address rather than a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # a link of our own machine


def _is_host(host: str) -> bool:
    return len(host) <= _HOST_CHARACTERS and bool(_NAME.fullmatch(host) or is_literal(host))
