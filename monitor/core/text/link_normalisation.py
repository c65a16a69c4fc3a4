"""Where a link leads, without what changes at each visit: versioned rules, each with an id."""

import re
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

from monitor.core.untrusted.printable import is_control

MOST_CHARACTERS = 2_000
MOST_PARAMETERS = 100
REMEMBERED = 4096  # links: the pages of a site repeat most of theirs
PROTECTED_EMAIL = "[email protected]"  # what Cloudflare shows in place of an address
RULES = (
    "link.address-variant",  # scheme, www., case of the host, last slash, //, index.php
    "link.anchor",  # a place in the same page is no target
    "link.cloudflare-email",
    "link.session-path",
    "link.tracking",
    "link.session",
    "link.cache-buster",
    "link.opaque",
)

_TRACKING = re.compile(
    r"(?:utm|mtm|pk|at|hs|ga)_\w*|xtor|xtref|[gfd]clid|msclkid|yclid|mc_[ce]id|_g[al]|igshid|_hs\w*"
    r"|__cft__.*|__tn__|__xts__.*|fref|trk|ved|usg|hsctatracking",
    re.IGNORECASE,
)
_SESSION = re.compile(
    r"\w{0,100}(?:sess|session)_?(?:id|code)?|sid|jsessionid|phpsessid|aspsessionid\w*|(?:csrf|xsrf)\w*|_?token"
    r"|nonce|authenticity_token|form_build_id|(?:request|visitor|correlation)_?id|execution|tab_id",
    re.IGNORECASE,
)
_CACHE = re.compile(
    r"v|ver|version|cb|_|t|ts|timestamp|time|rnd|rand|random|cache|nocache|hash|build|rev|itok|dpl",
    re.IGNORECASE,
)
_OPAQUE = re.compile(r"[0-9a-f]{32,}|(?=\D*\d)(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[\w.=%+/-]{40,}")
_PATH_SESSION = re.compile(r";jsessionid=[^/?#;]*|/\(S\([^)]{8,40}\)\)", re.IGNORECASE)
_CLOUDFLARE = re.compile(r"/cdn-cgi/l/email-protection#([0-9a-f]{4,400})$", re.IGNORECASE)
_SLASHES = re.compile(r"/{2,}")
_NOWHERE = re.compile(r"\s*(?:#|javascript:|data:|blob:|about:)", re.IGNORECASE)
_INDEX = re.compile(r"/index\.(?:php|html?|aspx?)(?=/|$)", re.IGNORECASE)
_NO_NUMBER = re.compile(r"[^\d+]")
_CONTACTS = frozenset({"mailto", "tel", "sms"})
_SAFE = "/~!$&'()*+,;=:@%"


def cloudflare_email(encoded: str) -> str:
    """Decode Cloudflare's hex e-mail, each byte XORed with the first; "" when it is none."""
    try:
        raw = bytes.fromhex(encoded[:400])
        return bytes(byte ^ raw[0] for byte in raw[1:]).decode("utf-8")
    except (ValueError, IndexError):
        return ""


def target(href: str, *, base: str | None) -> str:
    """Return a link's stable target, absolute when `base` is known.

    "" for a link that leads nowhere else: an anchor in the same page, a script. What cannot
    be parsed as an address is returned unchanged.
    """
    normalised = _target(href.strip()[:MOST_CHARACTERS], base)
    if normalised.isascii() and normalised.isprintable():
        return normalised
    return "".join(char for char in normalised if not is_control(char))


@lru_cache(REMEMBERED)
def _target(href: str, base: str | None) -> str:
    if not href or _NOWHERE.match(href):
        return ""
    if match := _CLOUDFLARE.search(href):
        return f"mailto:{cloudflare_email(match[1]).casefold()}"
    try:
        parts = urlsplit(urljoin(base or "", href))
        if parts.scheme in {"http", "https", ""}:
            return _web(parts, base=base)
    except ValueError:
        return href
    return f"{parts.scheme}:{_contact(parts)}" if parts.scheme in _CONTACTS else href


def _web(parts: SplitResult, *, base: str | None) -> str:
    page = _page(parts)
    if parts.fragment.startswith(("/", "!")):
        return f"{page}#{parts.fragment}"  # a route of a single-page app, not an anchor
    same = bool(base and parts.fragment) and page == _page(urlsplit(base or ""))
    return "" if same else page


def _page(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2].casefold()
    host = host.removesuffix(":443").removesuffix(":80").removeprefix("www.")
    path = quote(unquote(_PATH_SESSION.sub("", parts.path)), safe=_SAFE)
    path = _INDEX.sub("", _SLASHES.sub("/", path)).rstrip("/")
    query = urlencode([pair for pair in _parameters(parts.query) if not _volatile(*pair)])
    return (f"//{host}{path}" if host else path or "/") + (f"?{query}" if query else "")


def _parameters(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return [("", query)]


def _volatile(name: str, value: str) -> bool:
    rules = (_TRACKING, _SESSION, _CACHE)
    return any(rule.fullmatch(name) for rule in rules) or bool(_OPAQUE.fullmatch(value))


def _contact(parts: SplitResult) -> str:
    value = unquote(parts.path).strip().casefold()
    return _NO_NUMBER.sub("", value) if parts.scheme != "mailto" else value
