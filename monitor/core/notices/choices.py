"""What a subscriber chose, in words."""

from collections.abc import Iterable, Mapping

from monitor.core.changes.change import ChangeKind
from monitor.core.french.change_sentences import KINDS
from monitor.core.language import Language
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


def kinds_of_changes(language: Language) -> dict[str, str]:
    """Return the kinds of changes of pages that may be chosen, by their topics."""
    names = language.words(KINDS)
    return {
        topics.CHANGE + kind.value: language.text(
            "modifications des pages : %(kind)s", kind=names[kind]
        )
        for kind in ChangeKind
        if kind in topics.KINDS
    }


def places(
    targets: Iterable[Target], components: Iterable[Component], language: Language
) -> dict[str, str]:
    """Return every place that may be chosen, with its name, in the order of a form."""
    all_targets, parts, text = tuple(targets), tuple(components), language.text
    names = {topics.ANEF: text("l’ANEF : tout le service")}
    names |= {
        topics.COMPONENT + part.slug: text("l’ANEF : %(part)s", part=language.foreign(part.name))
        for part in parts
    }
    for target in sorted(all_targets, key=lambda target: target.department):
        if target.department:
            topic = topics.DEPARTMENT + target.department
            name = text("département %(code)s", code=target.department)
            if target.city:
                city = language.foreign(target.city)
                name = text("département %(code)s (%(city)s)", code=target.department, city=city)
            names.setdefault(topic, name)
    names[topics.ALL] = text("tout ce qui est suivi")
    known = topics.known_topics(all_targets, parts)
    return {topic: name for topic, name in names.items() if topic in known}
