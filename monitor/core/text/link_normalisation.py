"""Where a link leads, without what changes at each visit: versioned rules, each with an id."""

import html
import re
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

from monitor.core.untrusted.printable import is_control

MOST_CHARACTERS = 2_000
MOST_PARAMETERS = 100
REMEMBERED = 4096  # links: the pages of a site repeat most of theirs
REMEMBERED_ORIGINS = 1024  # the addresses of pages, of which each has its links
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
# Of a file that browsers keep, the version; of a page, these may name what it shows.
_CACHE = re.compile(
    r"v|ver|version|t|time|hash|build|rev|itok|dpl|ts|timestamp|cache", re.IGNORECASE
)
_ALWAYS_CACHE = re.compile(r"cb|_|ts|timestamp|rnd|rand|random|nocache", re.IGNORECASE)
_KEPT_FILE = re.compile(
    r"\.(?:css|js|mjs|json|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|pdf|docx?|odt|xlsx?|ods|zip"
    r"|mp4|mp3|csv|xml)$",
    re.IGNORECASE,
)
_OPAQUE = re.compile(r"[0-9a-f]{32,}|(?=\D*\d)(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[\w.=%+/-]{40,}")
_PATH_SESSION = re.compile(r";jsessionid=[^/?#;]*|/\(S\([^)]{8,40}\)\)", re.IGNORECASE)
_CLOUDFLARE = re.compile(r"/cdn-cgi/l/email-protection#([0-9a-f]{4,400})$", re.IGNORECASE)
_BREAKS = re.compile(r"[\t\r\n]+")
_SLASHES = re.compile(r"/{2,}")
_NOWHERE = re.compile(r"\s*(?:#|javascript:|data:|blob:|about:)", re.IGNORECASE)
_INDEX = re.compile(r"/index\.(?:php|html?|aspx?)(?=/|$)", re.IGNORECASE)
_NO_NUMBER = re.compile(r"[^\d+]")
# An address that no rule changes, but for its end, its index and its "www.": most are.
_PLAIN = re.compile(
    r"(?:https?://(?:www\.)?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,9}))?"
    r"((?:/[\w~-][\w.~-]{0,250}){1,30}/?)",
    re.ASCII,
)
_CONTACTS = frozenset({"mailto", "tel", "sms"})
_SAFE = "/~!$&'()*+,;=:@%"


def cloudflare_email(encoded: str) -> str:
    """Decode Cloudflare's hex e-mail, each byte XORed with the first; "" when it is none."""
    try:
        raw = bytes.fromhex(encoded[:400])
        return html.unescape(bytes(byte ^ raw[0] for byte in raw[1:]).decode("utf-8"))
    except (ValueError, IndexError):
        return ""


def target(href: str, *, base: str | None) -> str:
    """Return a link's stable target, absolute when `base` is known.

    "" for a link that leads nowhere else: an anchor in the same page, a script. What cannot
    be parsed as an address is returned unchanged.
    """
    if len(href) > MOST_CHARACTERS:
        href = href.strip()[:MOST_CHARACTERS]
    return _printable_target(href, base)


def lasting(url: str) -> str:
    """Return an address for another day: without what a session or a tracker adds to it."""
    parts = urlsplit(url)
    pairs = (pair for pair in parts.query.split("&") if not _of_a_visit(pair))
    path = _PATH_SESSION.sub("", parts.path)
    return parts._replace(path=path, query="&".join(pairs), fragment="").geturl()


def _of_a_visit(pair: str) -> bool:
    name, _, value = pair.partition("=")
    return _volatile(unquote(name), unquote(value), is_file=False)


@lru_cache(REMEMBERED)
def _printable_target(href: str, base: str | None) -> str:
    return _plain_target(href, base) or _any_target(href, base)


def _plain_target(href: str, base: str | None) -> str:
    """Return the target of a plain address, ten times cheaper than that of any; "" of another."""
    plain = _PLAIN.fullmatch(href)
    if plain is None:
        return ""
    host, path = plain.groups()
    origin = _origin(base) if base else ""
    if not origin.startswith("//") and (base or not host):
        return ""  # relative to nothing, or to what is no address
    origin = f"//{host}" if host else origin
    if "/index." in path.lower():
        path = _INDEX.sub("", path)
    return origin + path.rstrip("/")


@lru_cache(REMEMBERED_ORIGINS)
def _origin(base: str) -> str:
    """Return the target of "/": host and port, with "//" before them where there are any."""
    return _any_target("/", base)


def _any_target(href: str, base: str | None) -> str:
    normalised = _target(_BREAKS.sub("", href.strip()), base)  # as browsers read an address
    if normalised.isascii() and normalised.isprintable():
        return normalised
    return "".join(char for char in normalised if not is_control(char))


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
    is_file = bool(_KEPT_FILE.search(parts.path))
    pairs = (pair for pair in _parameters(parts.query) if not _volatile(*pair, is_file=is_file))
    query = urlencode([(name, _nested(value)) for name, value in pairs])
    return (f"//{host}{path}" if host else path or "/") + (f"?{query}" if query else "")


def _parameters(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return [("", query)]


def _nested(value: str) -> str:
    """Return a value without tokens, when it is an address itself."""
    if not value.startswith(("http://", "https://", "/")) or "?" not in value:
        return value
    try:
        parts = urlsplit(value)
    except ValueError:
        return value
    is_file = bool(_KEPT_FILE.search(parts.path))
    pairs = (pair for pair in _parameters(parts.query) if not _volatile(*pair, is_file=is_file))
    return f"{value.partition('?')[0]}?{urlencode(list(pairs))}".removesuffix("?")


def _volatile(name: str, value: str, *, is_file: bool) -> bool:
    rules = (_TRACKING, _SESSION, _ALWAYS_CACHE, *((_CACHE,) if is_file else ()))
    return any(rule.fullmatch(name) for rule in rules) or bool(_OPAQUE.fullmatch(value))


def _contact(parts: SplitResult) -> str:
    value = unquote(parts.path).strip().casefold()
    return _NO_NUMBER.sub("", value) if parts.scheme != "mailto" else value
