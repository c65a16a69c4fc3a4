"""What a subscriber chooses: places (ANEF, a component, a department) and interests.

Both are topics: short words without any fact on a person's situation. Neither a procedure, nor a
nationality, nor a residence permit is ever asked for.
"""

from collections.abc import Iterable

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.model import Target
from monitor.core.outages.milestones import Component

ANEF = "anef"  # every target of that group
COMPONENT, DEPARTMENT = "composant/", "dep/"
ALL = "tout"  # every target
OPERATOR = "exploitant"  # our own service stands still; of channels, never of the form
INCIDENT = "incident"  # an incident begins, widens and ends
MILESTONE = "etape"  # it lasts
CHANGE, CHANGE_MAJOR, CHANGE_ANY = "page/", "page/majeure", "page/toute"
MOST = 130  # topics of one subscriber: every department, every component and every interest
_NEVER_TOLD = frozenset(
    {
        *(ChangeKind.TECHNICAL, ChangeKind.MOVED, ChangeKind.STRUCTURE),
        ChangeKind.DISPLAYED_DATE,
    }
)
KINDS = tuple(kind for kind in ChangeKind if kind not in _NEVER_TOLD)


def topics_of(target: Target, components: Iterable[Component]) -> tuple[str, ...]:
    """Return the places that a target belongs to."""
    places = [ALL]
    if target.group == ANEF:
        places.append(ANEF)
    if target.department:
        places.append(DEPARTMENT + target.department)
    places += [COMPONENT + part.slug for part in components if target.slug in part.targets]
    return tuple(places)


def interests_of(kinds: Iterable[ChangeKind], weight: Weight | None) -> tuple[str, ...]:
    """Return the interests that a change of a page meets."""
    words = [CHANGE_ANY, *(CHANGE + kind.value for kind in kinds)]
    if weight is Weight.MAJOR or ChangeKind.PAGE_REMOVED in kinds:
        words.append(CHANGE_MAJOR)
    return tuple(words)


def known_topics(targets: Iterable[Target], components: Iterable[Component]) -> frozenset[str]:
    """Return every topic that may be chosen."""
    parts = tuple(components)
    places = {topic for target in targets for topic in topics_of(target, parts)}
    changes = {CHANGE + kind.value for kind in KINDS}
    return frozenset(places | changes | {INCIDENT, MILESTONE, CHANGE_MAJOR, CHANGE_ANY})


def is_place(topic: str) -> bool:
    """Return whether a topic is a place, rather than an interest."""
    return topic in {ANEF, ALL, OPERATOR} or topic.startswith((COMPONENT, DEPARTMENT))


def usable(topics: frozenset[str]) -> bool:
    """Return whether a choice can ever lead to a message: a place, and an interest."""
    places = {topic for topic in topics if is_place(topic)}
    alone = topics == {OPERATOR}
    return alone or (bool(places - {OPERATOR}) and bool(topics - places) and len(topics) <= MOST)
