"""What a site's robots.txt asks of us (RFC 9309), and what to do when it cannot be had.

The standard library's parser takes the first match and knows no wildcards, where the RFC wants
the longest match and `*` and `$`; hence this one. Matching is linear in the pattern and the
path: no regular expression is built from what a site sends.

One departure, on purpose. RFC 9309, 2.3.1.4 lets a crawler assume that all is disallowed while
robots.txt cannot be reached. A monitor that did so would stop looking exactly when a site falls,
so an unreachable file leaves the last known rules in force, and none when none is known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from urllib.parse import quote, urlsplit

from monitor.core.model.exchange import StatusClass, status_class
from monitor.core.untrusted.numbers import decimal

SIZE_MAX = 500 * 1024  # characters read: RFC 9309, 2.5
# Octets of a pattern besides its wildcards. An address of 4,096 characters that is asked has no
# more when it is written out: a pattern with more matches none.
PATTERN_MAX = 50_000
_STARS = re.compile(r"\*{2,}")  # what two match, one does
_TOKEN = re.compile(r"[A-Za-z_-]+|\*")
_ODD = re.compile(r"%[0-9A-Fa-f]{2}|[^\x21-\x7e]")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_REFUSED = frozenset({401, 403, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One `Allow` or `Disallow`: pieces that must follow one another, `*` between them."""

    allow: bool
    pieces: tuple[str, ...]
    ends: bool  # the last piece must end the path
    length: int  # octets of the pattern: the longest match decides

    def matches(self, path: str) -> bool:
        first, *rest = self.pieces
        if not path.startswith(first):
            return False
        if not rest:
            return not self.ends or len(path) == len(first)
        at = len(first)
        for piece in rest[:-1]:
            found_at = path.find(piece, at)
            if found_at < 0:
                return False
            at = found_at + len(piece)
        if self.ends:
            return len(path) - len(rest[-1]) >= at and path.endswith(rest[-1])
        return path.find(rest[-1], at) >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """What one site asks of our robot. Without rules, everything is allowed.

    `crawl_delay_s` is the longest that concerns us (not in the RFC, widely used); None when
    none is asked.
    """

    rules: tuple[Rule, ...] = ()
    crawl_delay_s: float | None = None

    def allows(self, url: str) -> bool:
        """Return whether we may fetch `url`: the longest match decides, `Allow` wins a tie."""
        parts = urlsplit(url)
        path = _normal(parts.path or "/") + (f"?{_normal(parts.query)}" if parts.query else "")
        path = path.replace("*", "%2A").replace("$", "%24")
        if path == "/robots.txt":
            return True
        matching = [rule for rule in self.rules if rule.matches(path)]
        best = max(matching, key=lambda rule: (rule.length, rule.allow), default=None)
        return best is None or best.allow


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsFile:
    """A robots.txt as it was received: what is archived.

    Attributes:
        origin: Scheme, host and port: "https://www.ain.gouv.fr".
        status: Of the last hop; None without a whole answer.

    """

    origin: str
    fetched_at: datetime
    status: int | None
    text: str


@dataclass(slots=True, kw_only=True)
class _AgentGroup:
    """Rules for some agents, while the file is being read."""

    agents: set[str] = field(default_factory=set)
    rules: list[Rule] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)


def parse(text: str, agent: str) -> Robots:
    """Read what a robots.txt asks of `agent`, whose product token is its first word. Never fails.

    The groups that name us are merged; without any, those for `*` are.
    """
    groups = _groups(text[:SIZE_MAX])
    name = _token(agent)
    ours = [group for group in groups if name and name in group.agents]
    ours = ours or [group for group in groups if "*" in group.agents]
    delays_s = [delay_s for group in ours for delay_s in group.delays_s]
    return Robots(
        rules=tuple(rule for group in ours for rule in group.rules),
        crawl_delay_s=max(delays_s, default=None),
    )


def heed(file: RobotsFile, agent: str) -> Robots | None:
    """Return the rules that an answer for /robots.txt sets; None when it sets none.

    No answer, a server error, a refusal, or a page in place of the file set no rules: the last
    known ones stay in force. When there is no such file, everything is allowed (2.3.1.3).
    """
    if file.status is None or file.status in _REFUSED:
        return None
    if status_class(file.status) == StatusClass.SUCCESS:
        page = file.text.lstrip("\ufeff \t\r\n").startswith("<")
        return None if page else parse(file.text, agent)
    missing = status_class(file.status) == StatusClass.CLIENT_ERROR
    return Robots() if missing else None


def _groups(text: str) -> list[_AgentGroup]:
    groups: list[_AgentGroup] = []
    naming = False  # the line before named an agent: the next one joins it
    for key, value in _records(text):
        if key == "user-agent":
            if not naming:
                groups.append(_AgentGroup())
            naming = True
            groups[-1].agents.add(_token(value))
        elif not groups:
            continue  # a rule for nobody
        elif key in {"allow", "disallow"}:
            naming = False
            rule = _rule(value, allow=key == "allow")
            if value and sum(map(len, rule.pieces)) <= PATTERN_MAX:
                groups[-1].rules.append(rule)
        elif key == "crawl-delay":
            delay_s = _seconds(value)
            groups[-1].delays_s += [delay_s] if delay_s is not None else []
    return groups


def product(agent: str) -> str:
    """Return the name that a robots.txt calls an agent by, as the agent writes it."""
    token = _TOKEN.match(agent)
    return token[0] if token else agent


def _token(agent: str) -> str:
    """Return the product token of a User-Agent, without version and comment; "" for none."""
    token = _TOKEN.match(agent)
    return token.group().lower() if token else ""


def _records(text: str) -> Iterator[tuple[str, str]]:
    for line in StringIO(text.removeprefix("\ufeff"), newline=None):  # ends with LF, CR or both
        key, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield key.strip().lower(), value.strip()


def _rule(pattern: str, *, allow: bool) -> Rule:
    normal = _normal(pattern)
    ends = normal.endswith("$")
    body = normal[:-1] if ends else normal
    pieces = tuple(_STARS.sub("*", body.replace("$", "%24")).split("*"))
    return Rule(allow=allow, pieces=pieces, ends=ends, length=len(normal))


def _normal(text: str) -> str:
    """Write a path in the one form in which the RFC compares them (2.2.2)."""

    def rewrite(match: re.Match[str]) -> str:
        octets = match.group()
        if not octets.startswith("%"):
            return quote(octets, safe="", errors="replace")
        char = chr(int(octets[1:], 16))
        return char if _UNRESERVED.fullmatch(char) else octets.upper()

    return _ODD.sub(rewrite, text)


def _seconds(text: str) -> float | None:
    try:
        return decimal(text)
    except ValueError:
        return None
