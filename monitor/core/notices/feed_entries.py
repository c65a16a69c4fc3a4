"""Incidents and changes of pages as entries of a feed: what is said, and when it last changed.

An entry is another one, with another `updated`, only when its meaning changes: an outage is
confirmed, joins, or its end is confirmed. What each check adds to an open outage is left to its
page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.core.changes.change_log import ChangeRecord
from monitor.core.french import sentences
from monitor.core.french.change_sentences import KINDS
from monitor.core.french.formatting import when
from monitor.core.french.page_event_sentences import EDGES
from monitor.core.french.typesetting import typeset
from monitor.core.model import Outage
from monitor.core.notices.letters import SHOWN, bounds, named, state_word
from monitor.core.untrusted.xml_text import xml_line

TITLE_MAX, LINE_MAX = 200, 1_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One entry. `place` is where it is on our site, without a slash before; never changed."""

    place: str
    title: str
    published: datetime
    updated: datetime
    lines: tuple[str, ...]


def incident_entry(
    number: int, outages: Sequence[Outage], names: Mapping[str, str], *, is_open: bool
) -> FeedEntry:
    """Return the entry of an incident, of all its outages in order, at least one."""
    concerned = [one for one in outages if one.recovered_at is None] if is_open else outages
    called = named(names.get(one.target, one.target) for one in concerned or outages)
    word = state_word(outages) if is_open else "Rétabli"
    lines = [
        f"{names.get(one.target, one.target)} : {_lasting(one) if is_open else bounds(one)}"
        for one in outages[:SHOWN]
    ]
    if len(outages) > SHOWN:
        lines.append(f"et {len(outages) - SHOWN} de plus, sur la page de l’incident")
    edges = [one.confirmed_at for one in outages]
    return FeedEntry(
        place=f"incidents/{number}",
        title=xml_line(typeset(f"[{word}] {called}"), TITLE_MAX),
        published=min(edges),
        updated=max([*edges, *(one.recovered_at for one in outages if one.recovered_at)]),
        lines=tuple(xml_line(typeset(text), LINE_MAX) for text in lines),
    )


def change_entry(record: ChangeRecord, name: str) -> FeedEntry:
    """Return the entry of a change of a page."""
    kinds = ", ".join(KINDS[kind] for kind in record.kinds) or EDGES[record.edge]
    lines = [
        typeset(f"{EDGES[record.edge].capitalize()} ({kinds})."),
        typeset(f"En ligne au plus tard le {when(record.by_at)}."),
        record.summary,  # it quotes the page
        "La date de mise à jour que la page affiche n’a pas changé." if record.silent else "",
    ]
    return FeedEntry(
        place=f"modifications/{record.number}",
        title=xml_line(typeset(f"[Page modifiée] {name} : {kinds}"), TITLE_MAX),
        published=record.at,
        updated=record.at,
        lines=tuple(xml_line(text, LINE_MAX) for text in lines if text),
    )


def _lasting(outage: Outage) -> str:
    """Return what does not change while an incident lasts."""
    if outage.recovered_at is not None:
        return bounds(outage)
    before = when(outage.last_ok_at) if outage.last_ok_at else "jamais relevé"
    return (
        f"{sentences.REASONS[outage.reason]} Dernier relevé correct avant : {before}. Premier "
        f"échec : {when(outage.first_fail_at)}. Toujours en cours."
    )
