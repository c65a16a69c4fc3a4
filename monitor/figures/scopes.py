"""Of what figures may be asked: a target, a component, the whole of ANEF, a department."""

from collections.abc import Iterable, Mapping, Sequence

from monitor.core.outages.milestones import Component
from monitor.core.outages.span_figures import Scope, ScopeKind
from monitor.figures.recorded_targets import RecordedTarget

ANEF, ANEF_NAME = "anef", "ANEF dans son ensemble"
PREFECTURES, PREFECTURES_NAME = "prefectures", "Toutes les préfectures"
ALL, ALL_NAME = "all", "Toutes les cibles"


class Scopes:
    """Names sets of targets. A scope that names nothing is None."""

    def __init__(
        self, known: Mapping[str, RecordedTarget], components: Sequence[Component] = ()
    ) -> None:
        self._known = known
        self._components = {component.slug: component for component in components}

    def find(self, kind: ScopeKind, slug: str = "") -> Scope | None:
        """Return a scope by its kind and, where there are several, its slug."""
        if kind in {ScopeKind.COMPONENT, ScopeKind.ANEF}:
            return self._whole(kind, slug)
        name, some = slug, [one for one in self._known.values() if _belongs(one, kind, slug)]
        match kind:
            case ScopeKind.TARGET if some:
                name = some[0].name
            case ScopeKind.DEPARTMENT:
                name = f"Département {slug}"
            case ScopeKind.PREFECTURES:
                slug, name = PREFECTURES, PREFECTURES_NAME
            case ScopeKind.ALL:
                slug, name = ALL, ALL_NAME
        return _set(kind, slug, name, some)

    def every(self, kind: ScopeKind) -> list[Scope]:
        """Return all scopes of one kind, by slug."""
        slugs: Iterable[str] = {
            ScopeKind.TARGET: self._known,
            ScopeKind.COMPONENT: self._components,
            ScopeKind.DEPARTMENT: {o.department for o in self._known.values() if o.department},
            ScopeKind.PLATFORM: {one.platform for one in self._known.values() if one.platform},
        }.get(kind, ("",))
        scopes = (self.find(kind, slug) for slug in sorted(slugs))
        return [scope for scope in scopes if scope is not None]

    def public(self) -> list[Scope]:
        """Return what a reader asks of first: ANEF, its components, all prefectures."""
        kinds = (ScopeKind.ANEF, ScopeKind.COMPONENT, ScopeKind.PREFECTURES)
        return [scope for kind in kinds for scope in self.every(kind)]

    def _whole(self, kind: ScopeKind, slug: str) -> Scope | None:
        """Return a component, or all of those that are necessary: down while one target is."""
        if kind is ScopeKind.ANEF:
            some = [component for component in self._components.values() if component.necessary]
            slug, name = ANEF, ANEF_NAME
        else:
            some = [component for component in self._components.values() if component.slug == slug]
            name = some[0].name if some else slug
        targets = tuple(dict.fromkeys(target for one in some for target in one.targets))
        if not targets:
            return None
        return Scope(kind=kind, slug=slug, name=name, targets=targets, needs_all=True)


def _belongs(one: RecordedTarget, kind: ScopeKind, slug: str) -> bool:
    match kind:
        case ScopeKind.TARGET:
            return one.slug == slug
        case ScopeKind.DEPARTMENT:
            return one.department == slug
        case ScopeKind.PLATFORM:
            return one.platform == slug
        case ScopeKind.PREFECTURES:
            return bool(one.department)
        case _:
            return True


def _set(kind: ScopeKind, slug: str, name: str, some: Sequence[RecordedTarget]) -> Scope | None:
    if not some:
        return None
    return Scope(kind=kind, slug=slug, name=name, targets=tuple(one.slug for one in some))
