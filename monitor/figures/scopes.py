"""Of what figures may be asked: a target, a component, the whole of ANEF, a department."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.core.model import Target
from monitor.core.outages.figures import Scope, ScopeKind

ANEF = "anef"
PREFECTURES = "prefectures"
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A target as figures know it: from the configuration, or as the record says it was."""

    slug: str
    name: str
    platform: str
    department: str = ""


def watched(targets: Iterable[Target]) -> dict[str, Watched]:
    """Return what figures need to know of the targets of a configuration, by slug."""
    return {
        one.slug: Watched(
            slug=one.slug, name=one.name, platform=one.platform, department=one.department
        )
        for one in targets
    }


def target_scope(one: Watched) -> Scope:
    return Scope(kind=ScopeKind.TARGET, slug=one.slug, name=one.name, targets=(one.slug,))


def set_scope(kind: ScopeKind, slug: str, name: str, some: Sequence[Watched]) -> Scope:
    """Return a set whose account is the sum of those of its targets."""
    return Scope(kind=kind, slug=slug, name=name, targets=tuple(one.slug for one in some))


def department_scopes(known: Mapping[str, Watched], names: Mapping[str, str]) -> list[Scope]:
    """Return one scope for each department that has a target, by its code."""
    found: dict[str, list[Watched]] = {}
    for one in known.values():
        if one.department:
            found.setdefault(one.department, []).append(one)
    return [
        set_scope(ScopeKind.DEPARTMENT, code, names.get(code, code), some)
        for code, some in sorted(found.items())
    ]
