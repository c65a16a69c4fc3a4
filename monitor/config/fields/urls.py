"""Which addresses the configuration may have: the robot never leaves the public web.

Each check returns None, or why the address is refused and what to do.
"""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from monitor.core.untrusted.public_addresses import IpAddress, is_public

URL_MAX = 2_000  # characters
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # as a last label: an IPv4 address (WHATWG URL)
_ALLOWED = re.compile(r"[!-~]*")  # printable ASCII: RFC 3986 has nothing else
# RFC 6761, 6762, 7686, 8375 and ICANN's reservation of .internal: never public names.
_RESERVED = (
    *(".local", ".internal", ".localhost", ".localdomain", ".lan", ".home.arpa", ".onion"),
    *(".test", ".invalid", ".example"),
)


class Refusal(NamedTuple):
    """Why a value is refused, and the cure, in French."""

    reason: str
    cure: str


_PRIVATE = Refusal(
    "adresse IP privée ou réservée", "surveiller un nom public ; allow_private est pour les essais"
)


FRAGMENT = Refusal(
    "le fragment n’est jamais envoyé au serveur", "écrire l’adresse sans « # » ni ce qui le suit"
)


def refuse_url(url: str, *, allow_private: bool = False, fragment: bool = False) -> Refusal | None:
    """Judge the URL of a request: public, http or https, no user; no fragment unless allowed."""
    refusal = refuse_shape(url)
    if refusal is None and "#" in url and not fragment:
        refusal = FRAGMENT
    return refusal or _refuse_host(urlsplit(url).hostname or "", allow_private=allow_private)


def refuse_shape(url: str) -> Refusal | None:
    """Judge the form of a URL, whatever its host."""
    if len(url) > URL_MAX:
        return Refusal(f"adresse de plus de {URL_MAX} caractères", "la raccourcir")
    if not _ALLOWED.fullmatch(url) or "\\" in url:
        cure = "coder ces caractères en %XX dans le chemin, en punycode (xn--) dans le nom"
        return Refusal("espace, accent ou caractère interdit dans l’adresse", cure)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return Refusal("adresse illisible", "écrire https://hôte/chemin")
    return _refuse_parts(parts, port=port)


def _refuse_parts(parts: SplitResult, *, port: int | None) -> Refusal | None:
    if parts.scheme not in {"http", "https"}:
        return Refusal("seuls http et https sont surveillés", "écrire https://hôte/chemin")
    if "@" in parts.netloc:
        cure = "retirer ce qui précède « @ » ; le robot ne s’identifie jamais"
        return Refusal("identifiants dans l’adresse", cure)
    if not parts.hostname:
        return Refusal("adresse sans nom d’hôte", "écrire https://hôte/chemin")
    if port == 0:
        return Refusal("port impossible", "retirer « :0 »")
    if not parts.path.startswith("/"):
        return Refusal("adresse sans chemin", "ajouter « / » après le nom d’hôte")
    return None


def _refuse_host(host: str, *, allow_private: bool) -> Refusal | None:
    address = ip_address(host)
    if address is not None:
        return None if allow_private or is_public(address) else _PRIVATE
    if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
        cure = "écrire quatre nombres de 0 à 255 (IPv4), ou une adresse IPv6 entre crochets"
        return Refusal("adresse IP mal écrite", cure)
    return refuse_name(host, allow_private=allow_private)


def refuse_name(host: str, *, allow_private: bool = False) -> Refusal | None:
    """Judge a host name: well formed, lower case, and public unless `allow_private`."""
    labels = host.split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):  # noqa: PLR2004 -- RFC 1035
        cure = "écrire le nom en minuscules : lettres, chiffres, tirets et points"
        return Refusal("nom d’hôte mal écrit", cure)
    if allow_private:
        return None
    if len(labels) == 1:
        return Refusal("nom d’hôte d’un seul mot, donc local", "écrire le nom public complet")
    if f".{host}".endswith(_RESERVED):
        return Refusal("nom d’hôte réservé à un réseau privé", "écrire le nom public complet")
    return None


def ip_address(host: str) -> IpAddress | None:
    """Parse an IP address; None for any other text."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
