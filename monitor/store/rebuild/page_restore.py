"""Restore the texts of pages from the `change` leaves and from the bytes that were kept.

A leaf names a text by its digest, and the rules that read it. The text comes from a copy that
these rules, when they are those of this program, read to the same digest. A text that no copy
gives has a row without content: its stay and its changes are known all the same.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from sqlalchemy import Connection, and_, func, insert, select, update

from monitor.core.changes.change import ChangeKind
from monitor.core.changes.change_log import KeptCopy
from monitor.core.changes.compare import compare
from monitor.core.changes.dead_links import WatchedLink, announced_change, leads, request_of
from monitor.core.changes.page_events import (
    OF_LINKS,
    TURNS,
    DeadLink,
    PageEdge,
    PageEvent,
    ShownPage,
    Version,
)
from monitor.core.changes.text_history import NO_COPY, REMOVED, REPLACED, RETAKEN
from monitor.core.french import change_sentences
from monitor.core.journal.decode import read_instant
from monitor.core.model.check import MAX_URL, clean, without_tokens
from monitor.core.outages.fold import GOOD
from monitor.core.text import link_normalisation
from monitor.core.text.packed import PackedPage
from monitor.core.text.page import EXTRACTION_VERSION
from monitor.store.reads.copy_reads import FirstReading, Subject, copies_of_stay
from monitor.store.reads.question import DUSK
from monitor.store.tables.check_tables import (
    BodyRow,
    ContentRow,
    JudgementRow,
    ObservationRow,
    table_of,
)
from monitor.store.tables.page_tables import DeadLinkRow, PageChangeRow, PageTextRow, PageVersionRow
from monitor.store.writing.intern_tables import InternTables, conditions_from
from monitor.store.writing.page_writes import (
    MAX_VALUE,
    follow_facts,
    follow_links,
    keep_version,
    version_id,
)

_TEXT = table_of(PageTextRow)
_VERSION = table_of(PageVersionRow)
_CHANGE = table_of(PageChangeRow)
_LINK = table_of(DeadLinkRow)
_O = table_of(ObservationRow)
_B = table_of(BodyRow)
_J = table_of(JudgementRow)
_C = table_of(ContentRow)

MOST_PLACES = 20  # stays of one text whose copies are searched

Leaf = Mapping[str, Any]


class Texts(Protocol):
    """Reads texts from the bytes that were kept."""

    def read(self, copy: KeptCopy, sha256: str) -> PackedPage | None:
        """Return the text of this digest; None unless this copy gives it."""
        ...


class Why(Enum):
    """Why a text is not restored."""

    RULES = "rules"  # other rules than this program's had read it
    COPY = "copy"  # no copy gives it


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A text that only the digest is left of."""

    sha256: str
    target: str
    why: Why


def found_text(
    connection: Connection, texts: Texts, sha256: str, place: FirstReading, *, until: datetime
) -> PackedPage | None:
    """Return a text from a copy no later than `until`; None when no copy has it."""
    copies = copies_of_stay(connection, place, until=until)
    read = (texts.read(copy, sha256) for copy in copies)
    return next((packed for packed in read if packed is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChangeLeaf:
    """A change, and what was known when it was recorded.

    Attributes:
        urls: Of the targets that its links lead to.
        gone: Of each of them, the first failing check of the outage that was open.

    """

    idx: int
    leaf: Leaf
    urls: Mapping[str, str]
    gone: Mapping[str, datetime]

    @property
    def subject(self) -> Subject:
        return self.leaf["target"], self.leaf["point"]

    @property
    def edge(self) -> PageEdge:
        return PageEdge(self.leaf["edge"])


@dataclass(slots=True)
class PageRestorer:
    """Collects changes in the order of the journal, and writes them after all checks."""

    restored: int = 0
    lost: list[Lost] = field(default_factory=list)
    _changes: list[_ChangeLeaf] = field(default_factory=list)
    _urls: dict[str, str] = field(default_factory=dict)
    _places: dict[str, list[FirstReading]] = field(default_factory=lambda: defaultdict(list))

    def target(self, leaf: Leaf) -> None:
        """Collect a definition of a target."""
        self._urls[leaf["slug"]] = leaf["url"]

    def change(self, idx: int, leaf: Leaf, failing_since: Mapping[str, datetime]) -> None:
        """Collect a change; `gone` has the first failing check of each target that fails now."""
        slugs = leaf.get("leads_to", ())
        change = _ChangeLeaf(
            idx=idx,
            leaf=leaf,
            urls={slug: self._urls[slug] for slug in slugs if slug in self._urls},
            gone={slug: failing_since[slug] for slug in slugs if slug in failing_since},
        )
        self._changes.append(change)
        if after := leaf.get("after"):
            places = self._places[after["sha256"]]
            place = FirstReading(
                subject=change.subject,
                body_sha256=after["body_sha256"],
                first_at=read_instant(after["first_at"]),
            )
            if place not in places and len(places) < MOST_PLACES:
                places.append(place)

    def write(self, connection: Connection, interned: InternTables, texts: Texts | None) -> None:
        """Write all that follows from the collected changes."""
        current: dict[int, Leaf] = {}
        for change in self._changes:
            subject = interned.subject(connection, *change.subject)
            self._write(connection, subject, change, texts)
            if change.edge in TURNS and "after" in change.leaf:
                current[subject] = change.leaf["after"]
        subjects = {
            interned.subject(connection, *change.subject): change.subject
            for change in self._changes
        }
        for number, after in current.items():
            _grow(connection, number, subjects[number], after, texts)
        _count(connection)

    def _write(
        self, connection: Connection, subject: int, change: _ChangeLeaf, texts: Texts | None
    ) -> None:
        leaf, edge = change.leaf, change.edge
        before, after = leaf.get("before"), leaf.get("after")
        if before:
            _stayed(connection, subject, before)
        shown = self._shown(connection, subject, change, texts) if after else None
        row = {
            "subject_id": subject,
            "at": read_instant(leaf["at"]),
            "edge": edge,
            "before_id": _version(connection, subject, before),
            "before_last_at": read_instant(before["last_at"]) if before else None,
            "after_id": keep_version(connection, subject, shown) if shown else None,
            "weight": leaf.get("weight"),
            "kinds": " ".join(leaf.get("kinds", ())),
            "summary": "",
            "silent": leaf["silent"],
            "announced": leaf["announced"],
            "leaf": change.idx,
        }
        old = _text(connection, before["sha256"]) if before else None
        dead = _links(connection, subject, change, old) if edge in OF_LINKS else ()
        row["summary"] = clean(_summary(change, old, shown, dead), 2 * MAX_VALUE)
        number = connection.execute(insert(_CHANGE).returning(_CHANGE.c.id), row).scalar_one()
        if dead:
            event = PageEvent(
                edge=edge, at=row["at"], target=leaf["target"], point=leaf["point"], links=dead
            )
            follow_links(connection, subject, event, number)
        if shown and edge in TURNS:
            follow_facts(connection, subject, shown)

    def _shown(
        self, connection: Connection, subject: int, change: _ChangeLeaf, texts: Texts | None
    ) -> ShownPage:
        """Return the text that a change leads to, as it was first read."""
        before, after = change.leaf.get("before"), change.leaf["after"]
        packed = _text(connection, after["sha256"]) or self._found(connection, change, texts)
        first_at = read_instant(after["first_at"])
        before_at, url = read_instant(before["last_at"]) if before else None, ""
        if before and _retaken(change):
            # The same bytes, read by other rules: the stay began with the one before.
            query = select(_VERSION.c.before_at, _VERSION.c.url)
            old = connection.execute(
                query.where(_VERSION.c.id == _version(connection, subject, before))
            ).one()
            before_at, url = old.before_at, old.url
        version = Version(
            sha256=after["sha256"],
            body_sha256=after["body_sha256"],
            url=url or _url(connection, subject, first_at),
            title=packed.title,
            updated_on=packed.updated_on,
            extraction_version=after["extraction"],
            before_at=before_at,
            first_at=first_at,
            last_at=read_instant(after["last_at"]),
        )
        return ShownPage(version=version, packed=packed)

    def _found(
        self, connection: Connection, change: _ChangeLeaf, texts: Texts | None
    ) -> PackedPage:
        """Search the copies of every stay of a text that has no row yet."""
        after = change.leaf["after"]
        sha256, rules = after["sha256"], after["extraction"]
        ours = rules == EXTRACTION_VERSION
        if ours and texts is not None:
            for place in self._places[sha256]:
                packed = found_text(connection, texts, sha256, place, until=DUSK)
                if packed is not None:
                    self.restored += 1
                    return packed
        why = Why.COPY if ours else Why.RULES
        self.lost.append(Lost(sha256=sha256, target=change.leaf["target"], why=why))
        return PackedPage.lost(rules)


def _text(connection: Connection, sha256: str) -> PackedPage | None:
    """Return a text that has a row already, with or without content."""
    query = select(_TEXT).where(_TEXT.c.sha256 == bytes.fromhex(sha256))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return PackedPage(
        extraction_version=row.extraction_version,
        title=row.title,
        updated_on=row.updated_on,
        data=row.page,
    )


def _version(connection: Connection, subject: int, stay: Leaf | None) -> int | None:
    if stay is None:
        return None
    number = version_id(connection, subject, read_instant(stay["first_at"]))
    if number is None:
        raise ValueError("a text goes that did not come")
    return number


def _stayed(connection: Connection, subject: int, before: Leaf) -> None:
    """Set the end of a stay to that of a leaf."""
    same = _VERSION.c.id == _version(connection, subject, before)
    last_at = read_instant(before["last_at"])
    connection.execute(update(_VERSION).where(same).values(last_at=last_at))


def _retaken(change: _ChangeLeaf) -> bool:
    before, after = change.leaf["before"], change.leaf["after"]
    same: bool = before["body_sha256"] == after["body_sha256"]
    return change.edge is PageEdge.TECHNICAL and same


def _url(connection: Connection, subject: int, at: datetime) -> str:
    """Return the address that gave a text, redirects followed."""
    query = select(_C.c.text).join(_O, _O.c.conditions_id == _C.c.id)
    text = connection.scalar(query.where(_O.c.subject_id == subject, _O.c.at == at))
    if text is None:
        return ""
    conditions = conditions_from(text)
    return without_tokens(
        clean(conditions.steps[-1].url if conditions.steps else conditions.url, MAX_URL)
    )


def _summary(
    change: _ChangeLeaf, old: PackedPage | None, shown: ShownPage | None, dead: tuple[DeadLink, ...]
) -> str:
    """Return the summary of a change; without excerpts when a text is missing."""
    kinds = tuple(map(ChangeKind, change.leaf.get("kinds", ())))
    if not kinds:
        return ""
    if change.edge in OF_LINKS:
        of_links = announced_change(change.edge, dead)
        return of_links.summary if of_links else ""
    fixed = {PageEdge.REPLACED: REPLACED, PageEdge.REMOVED: REMOVED}
    if change.edge in fixed:
        return fixed[change.edge]
    if change.edge is PageEdge.TECHNICAL:
        return RETAKEN if _retaken(change) else NO_COPY
    if old and shown and old.known and shown.packed.known:
        difference = compare(old.page, shown.page)
        if difference is not None and difference.kinds == kinds:
            return difference.summary
    return change_sentences.summary(kinds, pieces=(), links=())


def _links(
    connection: Connection, subject: int, change: _ChangeLeaf, shown: PackedPage | None
) -> tuple[DeadLink, ...]:
    """Return the links that a change is about: those of the page that lead to its targets."""
    rows = connection.execute(
        select(_LINK).where(_LINK.c.subject_id == subject, _LINK.c.ended_id.is_(None))
    )
    dead = {
        row.address: DeadLink(
            text=row.text, address=row.address, target=row.target, gone_at=row.gone_at
        )
        for row in rows
    }
    slugs = {
        request_of(link_normalisation.target(url, base=None)): slug
        for slug, url in change.urls.items()
    }
    page = shown.page if shown and shown.known else None
    current_links = leads(page, slugs) if page else {}
    if change.edge is PageEdge.LINK_BROKEN:
        # For a missing text, the address of the target itself: how the page wrote it is unknown.
        new = (
            current_links
            if page
            else {address: WatchedLink(text="", target=of) for address, of in slugs.items()}
        )
        return tuple(
            DeadLink(
                text=lead.text,
                address=address,
                target=lead.target,
                gone_at=change.gone[lead.target],
            )
            for address, lead in new.items()
            if address not in dead and lead.target in change.gone
        )
    dead_links = [link for link in dead.values() if link.target in change.leaf.get("leads_to", ())]
    if change.edge is PageEdge.LINK_DROPPED and page is not None:
        dropped = [link for link in dead_links if link.address not in current_links]
        dropped_targets = {link.target for link in dropped}
        dead_links = [
            *dropped,
            *(link for link in dead_links if link.target not in dropped_targets),
        ]
    return tuple(dead_links)


def _good(subject: int) -> Any:
    return (
        select(func.max(_O.c.at))
        .join(_J, _J.c.id == _O.c.judgement_id)
        .join(_B, _B.c.id == _O.c.body_id)
        .where(_O.c.subject_id == subject, _J.c.verdict.in_([verdict.value for verdict in GOOD]))
    )


def _grow(
    connection: Connection, number: int, subject: Subject, stay: Leaf, texts: Texts | None
) -> None:
    """Extend the stay of a page's text to the last check that is known to have read it."""
    first_at = read_instant(stay["first_at"])
    same = and_(_VERSION.c.subject_id == number, _VERSION.c.first_at == first_at)
    last_at: datetime = connection.execute(select(_VERSION.c.last_at).where(same)).scalar_one()
    bodies = [stay["body_sha256"]]
    place = FirstReading(subject=subject, body_sha256=stay["body_sha256"], first_at=last_at)
    copies = copies_of_stay(connection, place, until=DUSK, newest=True)
    if texts is not None:
        bodies += [
            copy.body_sha256
            for copy in copies
            if copy.body_sha256 not in bodies and texts.read(copy, stay["sha256"])
        ]
    query = _good(number).where(
        _O.c.at >= first_at, _B.c.sha256.in_([bytes.fromhex(body) for body in bodies])
    )
    last_seen = connection.scalar(query)
    if last_seen is not None and last_seen > last_at:
        connection.execute(update(_VERSION).where(same).values(last_at=last_seen))


def _count(connection: Connection) -> None:
    """Set `checks` to the good checks of each stay: about as many readings had its text."""
    good = (
        select(func.count())
        .select_from(_O)
        .join(_J, _J.c.id == _O.c.judgement_id)
        .where(
            _O.c.subject_id == _VERSION.c.subject_id,
            _O.c.at.between(_VERSION.c.first_at, _VERSION.c.last_at),
            _J.c.verdict.in_([verdict.value for verdict in GOOD]),
        )
        .correlate(_VERSION)
    )
    connection.execute(update(_VERSION).values(checks=good.scalar_subquery()))
