"""The stays of texts on pages: their ends, addresses and readings, from the rows of checks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, and_, func, select, update

from monitor.core.changes.change_log import KeptCopy
from monitor.core.journal.decode import read_instant
from monitor.core.model.check import MAX_URL, clean, without_tokens
from monitor.core.outages.fold import GOOD
from monitor.core.text.packed import PackedPage
from monitor.store.reads.copy_reads import FirstReading, Subject, copies_of_stay
from monitor.store.reads.question import DUSK
from monitor.store.tables.check_tables import (
    BodyRow,
    ContentRow,
    JudgementRow,
    ObservationRow,
    table_of,
)
from monitor.store.tables.page_tables import PageVersionRow
from monitor.store.writing.intern_tables import conditions_from
from monitor.store.writing.page_writes import (
    version_id,
)

_VERSION = table_of(PageVersionRow)
_O = table_of(ObservationRow)
_B = table_of(BodyRow)
_J = table_of(JudgementRow)
_C = table_of(ContentRow)

Leaf = Mapping[str, Any]


class Texts(Protocol):
    """Reads texts from the bytes that were kept."""

    def read(self, copy: KeptCopy, sha256: str) -> PackedPage | None:
        """Return the text of this digest; None unless this copy gives it."""
        ...


def text_in_copies(
    connection: Connection, texts: Texts, sha256: str, place: FirstReading, *, until: datetime
) -> PackedPage | None:
    """Return a text from a copy no later than `until`; None when no copy has it."""
    copies = copies_of_stay(connection, place, until=until)
    read = (texts.read(copy, sha256) for copy in copies)
    return next((packed for packed in read if packed is not None), None)


def version_number(connection: Connection, subject: int, stay: Leaf | None) -> int | None:
    if stay is None:
        return None
    number = version_id(connection, subject, read_instant(stay["first_at"]))
    if number is None:
        raise ValueError("a text goes that did not come")
    return number


def end_stay(connection: Connection, subject: int, before: Leaf) -> None:
    """Set the end of a stay to that of a leaf."""
    same = _VERSION.c.id == version_number(connection, subject, before)
    last_at = read_instant(before["last_at"])
    connection.execute(update(_VERSION).where(same).values(last_at=last_at))


def address_of(connection: Connection, subject: int, at: datetime) -> str:
    """Return the address that gave a text, redirects followed."""
    query = select(_C.c.text).join(_O, _O.c.conditions_id == _C.c.id)
    text = connection.scalar(query.where(_O.c.subject_id == subject, _O.c.at == at))
    if text is None:
        return ""
    conditions = conditions_from(text)
    return without_tokens(
        clean(conditions.steps[-1].url if conditions.steps else conditions.url, MAX_URL)
    )


def extend_stay(
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


def _good(subject: int) -> Any:
    return (
        select(func.max(_O.c.at))
        .join(_J, _J.c.id == _O.c.judgement_id)
        .join(_B, _B.c.id == _O.c.body_id)
        .where(_O.c.subject_id == subject, _J.c.verdict.in_([verdict.value for verdict in GOOD]))
    )


def count_readings(connection: Connection) -> None:
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
