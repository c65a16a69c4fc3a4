"""Of what figures may be asked: a target, a component, the whole of ANEF, a department."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.core.model import Target
from monitor.core.outages.figures import Scope, ScopeKind
from monitor.core.outages.milestones import Component

ANEF, ANEF_NAME = "anef", "ANEF dans son ensemble"
PREFECTURES, PREFECTURES_NAME = "prefectures", "Toutes les préfectures"
ALL, ALL_NAME = "all", "Toutes les cibles"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTarget:
    """A target as figures know it: from the configuration, or as the record says it was."""

    slug: str
    name: str
    platform: str
    department: str = ""


class Described(Protocol):
    """What a plan of the record and a target of the configuration have in common."""

    @property
    def name(self) -> str: ...
    @property
    def platform(self) -> str: ...
    @property
    def department(self) -> str: ...


class Planned(Described, Protocol):
    """A target as the record says it was planned."""

    @property
    def target(self) -> str: ...


def known_from(plans: Iterable[Planned], targets: Iterable[Target]) -> dict[str, KnownTarget]:
    """Return all targets that were ever planned, by slug: the configuration has the last word.

    `plans` are in the order of time.
    """
    known = {plan.target: _known(plan.target, plan) for plan in plans}
    known |= {target.slug: _known(target.slug, target) for target in targets}
    return dict(sorted(known.items()))


def _known(slug: str, one: Described) -> KnownTarget:
    return KnownTarget(
        slug=slug, name=one.name, platform=one.platform, department=one.department
    )


class Scopes:
    """Names sets of targets. A scope that names nothing is None."""

    def __init__(
        self, known: Mapping[str, KnownTarget], components: Sequence[Component] = ()
    ) -> None:
        self._known = known
        self._components = {one.slug: one for one in components}

    def find(self, kind: ScopeKind, slug: str = "") -> Scope | None:
        """Return a scope by its kind and, where there are several, its slug."""
        if kind is ScopeKind.TARGET:
            one = self._known.get(slug)
            return one and self._set(kind, slug, one.name, [one])
        if kind is ScopeKind.COMPONENT:
            component = self._components.get(slug)
            return component and self._needing_all(kind, slug, component.name, [component])
        if kind is ScopeKind.ANEF:
            necessary = [one for one in self._components.values() if one.necessary]
            return self._needing_all(kind, ANEF, ANEF_NAME, necessary)
        name, chosen = {
            ScopeKind.DEPARTMENT: (slug, lambda one: one.department == slug),
            ScopeKind.PLATFORM: (slug, lambda one: one.platform == slug),
            ScopeKind.PREFECTURES: (PREFECTURES_NAME, lambda one: bool(one.department)),
            ScopeKind.ALL: (ALL_NAME, lambda one: True),
        }[kind]
        slug = {ScopeKind.PREFECTURES: PREFECTURES, ScopeKind.ALL: ALL}.get(kind, slug)
        return self._set(kind, slug, name, [one for one in self._known.values() if chosen(one)])

    def every(self, kind: ScopeKind) -> list[Scope]:
        """Return all scopes of one kind, by slug."""
        slugs: Iterable[str] = {
            ScopeKind.TARGET: self._known,
            ScopeKind.COMPONENT: self._components,
            ScopeKind.DEPARTMENT: {o.department for o in self._known.values() if o.department},
            ScopeKind.PLATFORM: {one.platform for one in self._known.values()},
        }.get(kind, ("",))
        found = (self.find(kind, slug) for slug in sorted(slugs))
        return [scope for scope in found if scope is not None]

    def public(self) -> list[Scope]:
        """Return what a reader asks of first: ANEF, its components, all prefectures."""
        kinds = (ScopeKind.ANEF, ScopeKind.COMPONENT, ScopeKind.PREFECTURES)
        return [scope for kind in kinds for scope in self.every(kind)]

    def named(self, name: str, targets: Iterable[str]) -> Scope | None:
        """Return a set that somebody chose, in the order of the list."""
        wanted = set(targets)
        some = [one for slug, one in self._known.items() if slug in wanted]
        return self._set(ScopeKind.ALL, "choice", name, some)

    def _needing_all(
        self, kind: ScopeKind, slug: str, name: str, components: Sequence[Component]
    ) -> Scope | None:
        targets = tuple(dict.fromkeys(slug for one in components for slug in one.targets))
        if not targets:
            return None
        return Scope(kind=kind, slug=slug, name=name, targets=targets, needs_all=True)

    def _set(
        self, kind: ScopeKind, slug: str, name: str, some: Sequence[KnownTarget]
    ) -> Scope | None:
        if not some:
            return None
        return Scope(kind=kind, slug=slug, name=name, targets=tuple(one.slug for one in some))
