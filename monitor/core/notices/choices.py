"""What a subscriber chose, in French."""

from collections.abc import Iterable, Mapping

from monitor.core.changes.change import ChangeKind
from monitor.core.french.change_sentences import KINDS
from monitor.core.model import Target
from monitor.core.notices import topics
from monitor.core.notices.notice import Pace
from monitor.core.outages.milestones import Component

PACES: Mapping[Pace, str] = {
    Pace.AT_ONCE: "dès que c’est confirmé",
    Pace.DAILY: "une fois par jour, à 8 h",
    Pace.WEEKLY: "une fois par semaine, le lundi à 8 h",
}
INTERESTS: Mapping[str, str] = {
    topics.INCIDENT: "début, extension et fin des indisponibilités",
    topics.MILESTONE: "indisponibilités qui durent : à 2 heures, puis chaque jour",
    topics.CHANGE_MAJOR: "modifications importantes des pages",
    topics.CHANGE_ANY: "toutes les modifications des pages",
}
KINDS_OF_CHANGES: Mapping[str, str] = {
    topics.CHANGE + kind.value: f"modifications des pages : {KINDS[kind]}"
    for kind in ChangeKind
    if kind in topics.KINDS
}


def places(targets: Iterable[Target], components: Iterable[Component]) -> dict[str, str]:
    """Return every place that may be chosen, with its name, in the order of a form."""
    all_targets, parts = tuple(targets), tuple(components)
    names = {topics.ANEF: "l’ANEF : tout le service"}
    names |= {topics.COMPONENT + part.slug: f"l’ANEF : {part.name}" for part in parts}
    for target in sorted(all_targets, key=lambda target: target.department):
        if target.department:
            topic = topics.DEPARTMENT + target.department
            city = f" ({target.city})" if target.city else ""
            names.setdefault(topic, f"département {target.department}{city}")
    names[topics.ALL] = "tout ce qui est suivi"
    known = topics.known_topics(all_targets, parts)
    return {topic: name for topic, name in names.items() if topic in known}
