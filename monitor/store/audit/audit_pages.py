"""Audit the texts of pages against the leaves that name them by their digests.

A leaf has the digest of a text; the text itself is in the store, and its digest is computed again.
What is derived from texts (facts, dead links) is derived again, when the rules that read them are
those of this program: other rules may have derived something else.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import BigInteger, Connection, select, type_coerce
from sqlalchemy.types import NullType

from monitor.core.changes.dead_links import MOST_CHARACTERS
from monitor.core.changes.page_events import PageEdge, text_digest
from monitor.core.model import Verdict
from monitor.core.model.check import MAX_URL, clean
from monitor.core.outages.fold import GOOD
from monitor.core.text.facts.page_facts import facts_of
from monitor.core.text.packed import PAGE, PackedPage
from monitor.core.text.page import EXTRACTION_VERSION, Page
from monitor.core.text.typography import words
from monitor.store.audit.audit_rows import Named, Raw, plain, raw, rows, show
from monitor.store.audit.derived_pages import Stay
from monitor.store.audit.derived_rows import FromLeaves
from monitor.store.audit.difference import Difference, OnTrust
from monitor.store.reads.copy_reads import FirstReading
from monitor.store.rebuild.page_stays import Texts, text_in_copies
from monitor.store.tables.columns import from_us
from monitor.store.tables.dossier_tables import metadata
from monitor.store.writing.page_writes import MAX_VALUE, MOST_FACTS, fact_row

_MOST_BYTES = 50_000_000  # of a text, unpacked
_TOGETHER = 20  # texts in memory
_NEWEST = 200  # checks of a page that are searched for its body

LOST = PackedPage.lost("")

Fact = tuple[Any, ...]  # element, words of the value, negated


def differences(
    connection: Connection,
    named: Named,
    journal: FromLeaves,
    *,
    copies: Texts | None,
    trusted: OnTrust,
) -> Iterator[Difference]:
    """Yield what the store has of pages that does not agree with the leaves."""
    texts = _TextAudit(journal, copies, trusted)
    yield from texts.read(connection)
    yield from _stays(connection, named, journal)
    yield from _facts(named, journal, texts, trusted)
    yield from _links(connection, named, journal, texts)


class _TextAudit:
    """The texts of pages, and what is derived from each."""

    def __init__(self, journal: FromLeaves, copies: Texts | None, trusted: OnTrust) -> None:
        self._wanted = {stay.sha256: stay.extraction for stay in journal.pages.stays.values()}
        self._journal = journal
        self._copies = copies
        self._trusted = trusted
        self.facts: dict[bytes, frozenset[Fact]] = {}
        self.links: dict[bytes, frozenset[tuple[str, tuple[str, ...]]]] = {}

    def read(self, connection: Connection) -> Iterator[Difference]:
        missing = set(self._wanted)
        for row in rows(connection, "page_text", many=_TOGETHER):
            sha256 = row["sha256"]
            name = sha256.hex() if isinstance(sha256, bytes) else "?"
            extraction = self._wanted.get(sha256) if isinstance(sha256, bytes) else None
            if extraction is None:
                yield Difference("page_text", None, name, "ligne ajoutée")
                continue
            missing.discard(sha256)
            for column, what in self._faults(connection, row, extraction):
                yield Difference("page_text", None, name, what, column)
        for sha256 in sorted(missing):
            yield Difference("page_text", None, sha256.hex(), "ligne supprimée")

    def _faults(
        self, connection: Connection, row: Raw, extraction: str
    ) -> Iterator[tuple[str, str]]:
        if row["extraction_version"] != extraction:
            yield "extraction_version", f"le journal dit {extraction}"
        if row["page"] == LOST.data:
            yield from self._lost(connection, row, extraction)
            return
        try:
            ours = extraction == EXTRACTION_VERSION
            page = replace(page_in(row["page"], ours=ours), extraction_version=extraction)
        except ValueError as error:
            yield "page", str(error)
            return
        if text_digest(page) != row["sha256"].hex():
            if extraction == EXTRACTION_VERSION:
                yield "page", "l’empreinte n’est pas celle du texte"
            return
        if row["title"] != clean(page.title, MAX_VALUE):
            yield "title", "ce n’est pas le titre du texte"
        if row["updated_on"] != page.updated_on:
            yield "updated_on", "ce n’est pas la date du texte"
        if extraction == EXTRACTION_VERSION:
            self.facts[row["sha256"]] = _facts_in(page)
        self.links[row["sha256"]] = frozenset(
            (clean(link.target, MAX_URL), tuple(words(clean(link.text, MOST_CHARACTERS))))
            for block in page.main()
            for link in block.links
        )

    def _lost(self, connection: Connection, row: Raw, extraction: str) -> Iterator[tuple[str, str]]:
        """Distinguish a text that a rebuilt database found no copy of from one that was emptied.

        The copies from before the first change that names it existed when it was rebuilt.
        """
        for column, empty in (("title", LOST.title), ("updated_on", LOST.updated_on)):
            if row[column] != empty:
                yield column, "rien n’est connu d’un texte qui n’est pas restitué"
        sha256 = row["sha256"]
        if extraction == EXTRACTION_VERSION:
            if self._copies is None:
                yield "page", "texte absent ; aucune copie n’a été cherchée"
                return
            if self._is_kept(connection, self._copies, sha256):
                yield "page", "texte absent, et une copie le donne : « vigie rebuild » le rend"
                return
        self._trusted.texts.append(sha256.hex())

    def _is_kept(self, connection: Connection, copies: Texts, sha256: bytes) -> bool:
        stays = {
            key: stay for key, stay in self._journal.pages.stays.items() if stay.sha256 == sha256
        }
        until = min(stay.told_at for stay in stays.values())
        for (subject, first_at), stay in stays.items():
            place = FirstReading(
                subject=subject, body_sha256=stay.body_sha256.hex(), first_at=from_us(first_at)
            )
            try:
                if text_in_copies(connection, copies, sha256.hex(), place, until=until):
                    return True
            except (ValueError, TypeError, AttributeError):
                continue  # a row of a capture that cannot be read is a difference of its own
        return False


def page_in(packed: Any, *, ours: bool) -> Page:
    """Decompress a text. Raises ValueError, in French, for one that cannot be read.

    Also for one of our version of the rules (`ours`) that is not encoded as we encode it: an
    earlier version wrote more of each block.
    """
    if not isinstance(packed, bytes):
        raise ValueError("ce ne sont pas des octets")  # noqa: TRY004 -- one error for all
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(packed, _MOST_BYTES)
    except zlib.error:
        raise ValueError("les octets ne se décompressent pas") from None
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("les octets sont coupés, ou il y en a de trop")
    try:
        page = PAGE.validate_json(data)
    except ValueError:
        raise ValueError("ce n’est pas un texte de page") from None
    if ours and PAGE.dump_json(page, exclude_defaults=True) != data:
        raise ValueError("une autre écriture est possible")
    return page


def _facts_in(page: Page) -> frozenset[Fact]:
    facts = (fact_row(fact) for fact in sorted(facts_of(page.main()), key=repr)[:MOST_FACTS])
    return frozenset(
        (plain(row["element"]), tuple(words(row["value"])), row["negated"]) for row in facts
    )


def _stays(connection: Connection, named: Named, journal: FromLeaves) -> Iterator[Difference]:
    keys = set()
    for row in named.rows("page_version"):
        key = row["subject_id"], row["first_at"]
        name = f"{show(key[0])} {show(key[1])}"
        stay = journal.pages.stays.get(key)
        if stay is None or key in keys:
            yield Difference("page_version", None, name, "ligne ajoutée")
            continue
        keys.add(key)
        for column, value in _columns_that_differ(connection, stay, key, row):
            what = f"le journal dit {value}, la base {show(row[column])}"
            yield Difference("page_version", None, name, what, column)
    for key in journal.pages.stays.keys() - keys:
        yield Difference("page_version", None, f"{show(key[0])} {show(key[1])}", "ligne supprimée")


def _columns_that_differ(
    connection: Connection, stay: Stay, key: tuple[Any, int], row: Raw
) -> Iterator[tuple[str, str]]:
    """Yield the columns of a stay that do not agree with leaves, and the values of these."""
    if row["text_id"] != stay.sha256:
        yield "text_id", stay.sha256.hex()
    if row["body_sha256"] != stay.body_sha256:
        yield "body_sha256", stay.body_sha256.hex()
    if row["before_at"] not in stay.before_at:
        yield "before_at", " ou ".join(map(show, stay.before_at))
    if stay.url is not None and row["url"] not in {clean(url, MAX_URL) for url in stay.url}:
        yield "url", " ou ".join(map(show, stay.url))
    if row["last_at"] == stay.last_at:
        return
    later = isinstance(row["last_at"], int) and row["last_at"] > stay.last_at
    if (
        stay.over
        or not later
        or not _was_good(connection, key[0], row["last_at"])
        or row["last_at"] < _last_of(connection, key[0], stay.body_sha256)
    ):
        yield "last_at", show(stay.last_at) + ("" if stay.over else ", ou un bon relevé plus tard")


def _was_good(connection: Connection, subject: tuple[str, str], at: int) -> bool:
    """Return whether the check at an instant, which its leaf vouches for, was good."""
    observation, of = metadata.tables["observation"], metadata.tables["subject"]
    judgement = metadata.tables["judgement"]
    query = (
        select(raw(judgement.c.verdict))
        .join(observation, observation.c.judgement_id == judgement.c.id)
        .join(of, of.c.id == observation.c.subject_id)
        .where(of.c.target == subject[0], of.c.point == subject[1])
        .where(observation.c.at == type_coerce(at, BigInteger()))
    )
    return connection.scalar(query) in {verdict.value for verdict in GOOD}


def _derived_facts(
    journal: FromLeaves, texts: _TextAudit
) -> tuple[Counter[tuple[Any, ...]], set[tuple[str, str]]]:
    """Derive the facts again from the texts, change after change.

    Returns how often each row must exist, and the pages of which a text cannot be read.
    """
    since_of: dict[Any, dict[Fact, int]] = defaultdict(dict)
    counts: Counter[tuple[Any, ...]] = Counter()
    unsure = set()
    for turn in journal.pages.turns:
        current = since_of[turn.subject]
        ours = turn.extraction == EXTRACTION_VERSION
        if ours and turn.sha256 not in texts.facts:
            unsure.add(turn.subject)
            continue
        page_facts = texts.facts[turn.sha256] if ours else frozenset()
        for fact in [known_fact for known_fact in current if known_fact not in page_facts]:
            counts[turn.subject, *fact, current.pop(fact), turn.at] += 1
        for fact in page_facts - current.keys():
            current[fact] = turn.at
    for subject, facts in since_of.items():
        counts.update((subject, *fact, since, None) for fact, since in facts.items())
    return counts, unsure


def _last_of(connection: Connection, subject: tuple[str, str], body: bytes) -> int:
    """Return when a body was last received, in microseconds, by the newest checks; else 0."""
    observation, of = metadata.tables["observation"], metadata.tables["subject"]
    body_table, judgement = metadata.tables["body"], metadata.tables["judgement"]
    query = (
        select(raw(observation.c.at), raw(body_table.c.sha256), raw(judgement.c.verdict))
        .join(of, of.c.id == observation.c.subject_id)
        .join(judgement, judgement.c.id == observation.c.judgement_id)
        .outerjoin(body_table, body_table.c.id == observation.c.body_id)
        .where(of.c.target == subject[0], of.c.point == subject[1])
        .order_by(observation.c.at.desc())
        .limit(_NEWEST)
    )
    for at, sha256, verdict in connection.execute(query):
        if plain(sha256) == body and verdict == Verdict.UP.value and isinstance(at, int):
            return at
    return 0


def _facts(
    named: Named, journal: FromLeaves, texts: _TextAudit, trusted: OnTrust
) -> Iterator[Difference]:
    counts, unsure = _derived_facts(journal, texts)
    trusted.pages |= {target for target, _ in unsure}
    rules = {turn.extraction for turn in journal.pages.turns}
    for row in named.rows("page_fact"):
        value = row["value"]
        name = f"{show(row['subject_id'])} {show(row['element'])} {show(value)}"
        if row["subject_id"] in unsure:
            continue
        if row["extraction_version"] != EXTRACTION_VERSION:
            if row["extraction_version"] not in rules:
                yield Difference("page_fact", None, name, "ligne ajoutée")
            continue
        read = tuple(words(value)) if isinstance(value, str) else (value,)
        key = (row["subject_id"], row["element"], read, row["negated"], row["since"], row["until"])
        if counts[key] > 0:
            counts[key] -= 1
        else:
            yield Difference("page_fact", None, name, "le texte de la page ne dit pas cela alors")
    for (subject, element, value, *_), count in counts.items():
        if count > 0 and subject not in unsure:
            name = f"{show(subject)} {element} {' '.join(value)}"
            yield Difference("page_fact", None, name, "ligne supprimée")


def _links(
    connection: Connection, named: Named, journal: FromLeaves, texts: _TextAudit
) -> Iterator[Difference]:
    """Compare dead links with the changes that announced them, and with the page's own links."""
    began: dict[int, set[str]] = defaultdict(set)
    ended: dict[int, set[str]] = defaultdict(set)
    text_of_change = _texts_of_changes(named, connection)
    for row in named.rows("dead_link"):
        name = f"{show(row['subject_id'])} {show(row['address'])}"
        for column, what in _link_faults(row, journal, texts, text_of_change):
            yield Difference("dead_link", None, name, what, column)
        began[row["broken_id"]].add(row["target"])
        ended[row["ended_id"]].add(row["target"])
    for idx, link in journal.pages.links.items():
        targets = (began if link.edge is PageEdge.LINK_BROKEN else ended)[idx]
        for target in sorted(set(link.leads_to) - targets):
            name = f"{show(link.subject)} vers {target}"
            yield Difference("dead_link", idx, name, "ligne supprimée ou modifiée")


def _link_faults(
    row: Raw, journal: FromLeaves, texts: _TextAudit, text_of_change: dict[Any, Any]
) -> Iterator[tuple[str, str]]:
    broken, ended = (
        journal.pages.links.get(row["broken_id"]),
        journal.pages.links.get(row["ended_id"]),
    )
    if (
        broken is None
        or broken.edge is not PageEdge.LINK_BROKEN
        or broken.subject != row["subject_id"]
    ):
        yield "broken_id", "ce n’est pas une modification qui dit un lien mort sur cette page"
        return
    if row["target"] not in broken.leads_to:
        yield "target", f"le journal dit {', '.join(broken.leads_to)}"
    elif row["gone_at"] not in journal.outages_of(row["target"], broken.subject[1]):
        yield "gone_at", "aucune indisponibilité n’y commence"
    if row["ended_id"] is not None and (
        ended is None
        or ended.edge is PageEdge.LINK_BROKEN
        or ended.subject != row["subject_id"]
        or row["target"] not in ended.leads_to
        or row["ended_id"] <= row["broken_id"]
    ):
        yield "ended_id", "ce n’est pas une modification qui dit la fin de ce lien mort"
    links = texts.links.get(text_of_change.get(row["broken_id"], b""))
    text = row["text"]
    link = row["address"], tuple(words(text)) if isinstance(text, str) else ()
    if links is not None and link not in links:
        yield "address", "la page n’avait pas ce lien"


def _texts_of_changes(named: Named, connection: Connection) -> dict[Any, Any]:
    """Return the text of the page at each change of links, by the leaf of the change."""
    change, version = metadata.tables["page_change"], metadata.tables["page_version"]
    query = (
        select(raw(change.c.leaf), raw(version.c.text_id))
        .join(version, version.c.id == change.c.before_id)
        .where(change.c.edge == type_coerce(PageEdge.LINK_BROKEN.value, NullType()))
    )
    pairs = connection.execute(query)
    return {leaf: named.of("page_text", text) for leaf, text in pairs}
