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
from typing import Any

from sqlalchemy import Connection, insert, select

from monitor.core.changes.page_events import (
    OF_LINKS,
    TURNS,
    PageEvent,
    ShownPage,
    Version,
)
from monitor.core.journal.decode import read_instant
from monitor.core.model.check import clean
from monitor.core.text.packed import PackedPage
from monitor.core.text.page import EXTRACTION_VERSION
from monitor.store.reads.copy_reads import FirstReading
from monitor.store.reads.question import DUSK
from monitor.store.rebuild.change_leaf import ChangeLeaf, is_reread, links_of, summary_of_change
from monitor.store.rebuild.page_stays import (
    Texts,
    address_of,
    count_readings,
    end_stay,
    extend_stay,
    text_in_copies,
    version_number,
)
from monitor.store.tables.check_tables import (
    table_of,
)
from monitor.store.tables.page_tables import PageChangeRow, PageTextRow, PageVersionRow
from monitor.store.writing.intern_tables import InternTables
from monitor.store.writing.page_writes import (
    MAX_VALUE,
    follow_facts,
    follow_links,
    keep_version,
)

_TEXT = table_of(PageTextRow)
_VERSION = table_of(PageVersionRow)
_CHANGE = table_of(PageChangeRow)

MOST_PLACES = 20  # stays of one text whose copies are searched

Leaf = Mapping[str, Any]


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


@dataclass(slots=True)
class PageRestorer:
    """Collects changes in the order of the journal, and writes them after all checks."""

    restored: int = 0
    lost: list[Lost] = field(default_factory=list)
    _changes: list[ChangeLeaf] = field(default_factory=list)
    _urls: dict[str, str] = field(default_factory=dict)
    _places: dict[str, list[FirstReading]] = field(default_factory=lambda: defaultdict(list))

    def target(self, leaf: Leaf) -> None:
        """Collect a definition of a target."""
        self._urls[leaf["slug"]] = leaf["url"]

    def change(self, idx: int, leaf: Leaf, failing_since: Mapping[str, datetime]) -> None:
        """Collect a change; `gone` has the first failing check of each target that fails now."""
        slugs = leaf.get("leads_to", ())
        change = ChangeLeaf(
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
            extend_stay(connection, number, subjects[number], after, texts)
        count_readings(connection)

    def _write(
        self, connection: Connection, subject: int, change: ChangeLeaf, texts: Texts | None
    ) -> None:
        leaf, edge = change.leaf, change.edge
        before, after = leaf.get("before"), leaf.get("after")
        if before:
            end_stay(connection, subject, before)
        shown = self._shown(connection, subject, change, texts) if after else None
        row = {
            "subject_id": subject,
            "at": read_instant(leaf["at"]),
            "edge": edge,
            "before_id": version_number(connection, subject, before),
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
        dead = links_of(connection, subject, change, old) if edge in OF_LINKS else ()
        row["summary"] = clean(summary_of_change(change, old, shown, dead), 2 * MAX_VALUE)
        number = connection.execute(insert(_CHANGE).returning(_CHANGE.c.id), row).scalar_one()
        if dead:
            event = PageEvent(
                edge=edge, at=row["at"], target=leaf["target"], point=leaf["point"], links=dead
            )
            follow_links(connection, subject, event, number)
        if shown and edge in TURNS:
            follow_facts(connection, subject, shown)

    def _shown(
        self, connection: Connection, subject: int, change: ChangeLeaf, texts: Texts | None
    ) -> ShownPage:
        """Return the text that a change leads to, as it was first read."""
        before, after = change.leaf.get("before"), change.leaf["after"]
        packed = _text(connection, after["sha256"]) or self._found(connection, change, texts)
        first_at = read_instant(after["first_at"])
        before_at, url = read_instant(before["last_at"]) if before else None, ""
        if before and is_reread(change):
            # The same bytes, read by other rules: the stay began with the one before.
            query = select(_VERSION.c.before_at, _VERSION.c.url)
            old = connection.execute(
                query.where(_VERSION.c.id == version_number(connection, subject, before))
            ).one()
            before_at, url = old.before_at, old.url
        version = Version(
            sha256=after["sha256"],
            body_sha256=after["body_sha256"],
            url=url or address_of(connection, subject, first_at),
            title=packed.title,
            updated_on=packed.updated_on,
            extraction_version=after["extraction"],
            before_at=before_at,
            first_at=first_at,
            last_at=read_instant(after["last_at"]),
        )
        return ShownPage(version=version, packed=packed)

    def _found(self, connection: Connection, change: ChangeLeaf, texts: Texts | None) -> PackedPage:
        """Search the copies of every stay of a text that has no row yet."""
        after = change.leaf["after"]
        sha256, rules = after["sha256"], after["extraction"]
        ours = rules == EXTRACTION_VERSION
        if ours and texts is not None:
            for place in self._places[sha256]:
                packed = text_in_copies(connection, texts, sha256, place, until=DUSK)
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
