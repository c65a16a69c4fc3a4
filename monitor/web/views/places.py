"""Departments, the state of their pages, and how a reader searches for a page. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import combining, normalize

from monitor.config import Config
from monitor.core.french.department_names import DEPARTMENT_NAMES, department_title
from monitor.core.model import Target, Verdict
from monitor.core.outages.worst import BY_GRAVITY, worst
from monitor.web.views.platforms import PlatformRow, Tally, tally

GRAVEST_FIRST = BY_GRAVITY[::-1]
MOST_REMEMBERED = 4_096  # targets whose words are remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentView:
    """A department with the pages that are watched there; `verdict` is the gravest of theirs."""

    code: str
    name: str
    city: str
    rows: tuple[PlatformRow, ...]
    verdict: Verdict
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceGroup:
    """The departments in one state."""

    verdict: Verdict
    places: tuple[DepartmentView, ...]


def places(rows: Iterable[PlatformRow]) -> tuple[DepartmentView, ...]:
    """Return every department that has a prefecture, by code, with or without rows."""
    row_of = {row.target.slug: row for row in rows}
    members = by_department(row.target for row in row_of.values())
    return tuple(
        _place(code, tuple(row_of[target.slug] for target in targets))
        for code, targets in members.items()
    )


def by_department(targets: Iterable[Target]) -> dict[str, list[Target]]:
    """Return the targets of every department that has a prefecture, or any target, by code."""
    by_code: dict[str, list[Target]] = {code: [] for code in DEPARTMENT_NAMES}
    for target in targets:
        if target.department:
            by_code.setdefault(target.department, []).append(target)
    return {code: by_code[code] for code in sorted(by_code)}


def by_state(some: Iterable[DepartmentView]) -> tuple[PlaceGroup, ...]:
    """Group departments by state, the gravest first."""
    every = tuple(some)
    groups = (
        PlaceGroup(verdict=verdict, places=tuple(one for one in every if one.verdict is verdict))
        for verdict in GRAVEST_FIRST
    )
    return tuple(group for group in groups if group.places)


def matching(query: str, targets: Iterable[Target], config: Config) -> frozenset[str]:
    """Return the slugs of the targets that have every word of the query, accents aside.

    A word is found at the beginning of one of the target's: of its name, its department, the
    department's number, its city, its platform or its address.
    """
    wanted = _folded(query).split()
    return frozenset(target.slug for target in targets if _has(_words_of(target, config), wanted))


def _place(code: str, rows: Sequence[PlatformRow]) -> DepartmentView:
    return DepartmentView(
        code=code,
        name=DEPARTMENT_NAMES.get(code, code),
        city=next((row.target.city for row in rows if row.target.city), ""),
        rows=tuple(rows),
        verdict=worst(row.verdict for row in rows),
        tally=tally(rows),
    )


def _words_of(target: Target, config: Config) -> tuple[str, ...]:
    platform = config.platforms.get(target.platform)
    texts = (
        target.name,
        department_title(target.department),
        target.city,
        platform.name if platform else "",
        target.url,
    )
    return _folded_words(" ".join(texts))


@lru_cache(maxsize=MOST_REMEMBERED)
def _folded_words(text: str) -> tuple[str, ...]:
    """Return the words of a target, which are the same at each search."""
    return tuple(_folded(text).split())


def _has(words: Sequence[str], wanted: Iterable[str]) -> bool:
    return all(any(word.startswith(one) for word in words) for one in wanted)


def _folded(text: str) -> str:
    """Return small letters without accents; what is neither letter nor digit is a space."""
    plain = (char for char in normalize("NFKD", text.casefold()) if not combining(char))
    return "".join(char if char.isalnum() else " " for char in plain)
