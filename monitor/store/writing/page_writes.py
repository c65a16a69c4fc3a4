"""What one transaction records of a page's text."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from monitor.core.changes.page_events import (
    OF_LINKS,
    TURNS,
    PageEdge,
    PageEvent,
    ShownPage,
    Version,
)
from monitor.core.model.check import MAX_URL, clean
from monitor.core.text.facts.page_facts import facts_of
from monitor.core.text.packed import PackedPage
from monitor.core.text.page import Fact
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.page_tables import (
    DeadLinkRow,
    PageChangeRow,
    PageFactRow,
    PageTextRow,
    PageVersionRow,
)

_TEXT = table_of(PageTextRow)
_VERSION = table_of(PageVersionRow)
_CHANGE = table_of(PageChangeRow)
_FACT = table_of(PageFactRow)
_LINK = table_of(DeadLinkRow)

MAX_VALUE = 500  # characters of a fact
MOST_FACTS = 500  # of one page: a hostile one could state any number


# Built once: every check of an unchanged page executes it.
_GROW = (
    update(_VERSION)
    .where(_VERSION.c.subject_id == bindparam("of"), _VERSION.c.first_at == bindparam("since"))
    .values(last_at=bindparam("last_at"), checks=bindparam("checks"))
)


def write_page(
    connection: Connection,
    subject: int,
    *,
    version: Version | None,
    changes: Sequence[tuple[PageEvent, int | None]],
) -> None:
    """Write what a check found of a page's text.

    Args:
        connection: The writer's, in a transaction.
        subject: Number of the target and point.
        version: The text that we believe, when this check read it: its stay grows.
        changes: What happened to the page's text, in order, and where the journal says it.

    """
    for event, leaf in changes:
        _write_change(connection, subject, event, leaf)
    if version is not None:
        stay = {"of": subject, "since": version.first_at}
        connection.execute(_GROW, stay | {"last_at": version.last_at, "checks": version.checks})


def _write_change(connection: Connection, subject: int, event: PageEvent, leaf: int | None) -> None:
    after_id = keep_version(connection, subject, event.after) if event.after else None
    before, change = event.before, event.change
    row = {
        "subject_id": subject,
        "at": event.at,
        "edge": event.edge,
        "before_id": version_id(connection, subject, before.first_at) if before else None,
        "before_last_at": before.last_at if before else None,
        "after_id": after_id,
        "weight": change.weight if change else None,
        "kinds": " ".join(change.kinds) if change else "",
        "summary": clean(change.summary, 2 * MAX_VALUE) if change else "",
        "silent": bool(change and change.silent),
        "announced": event.announced,
        "leaf": leaf,
    }
    number = connection.execute(insert(_CHANGE).returning(_CHANGE.c.id), row).scalar_one()
    if event.edge in OF_LINKS:
        follow_links(connection, subject, event, number)
    if event.edge in TURNS and event.after:
        follow_facts(connection, subject, event.after)


def keep_version(connection: Connection, subject: int, shown: ShownPage) -> int:
    """Return the number of a stay, known or new."""
    version = shown.version
    known = version_id(connection, subject, version.first_at)
    if known is not None:
        return known
    row = {
        "subject_id": subject,
        "text_id": _keep_text(connection, version, shown.packed),
        "body_sha256": bytes.fromhex(version.body_sha256),
        "url": clean(version.url, MAX_URL),
        "before_at": version.before_at,
        "first_at": version.first_at,
        "last_at": version.last_at,
        "checks": version.checks,
    }
    number: int = connection.execute(insert(_VERSION).returning(_VERSION.c.id), row).scalar_one()
    return number


def _keep_text(connection: Connection, version: Version, packed: PackedPage) -> int:
    """Return the number of a text; it is kept once, whatever pages show it."""
    sha256 = bytes.fromhex(version.sha256)
    known: int | None = connection.scalar(select(_TEXT.c.id).where(_TEXT.c.sha256 == sha256))
    if known is not None:
        return known
    row = {
        "sha256": sha256,
        "extraction_version": version.extraction_version,
        "title": clean(version.title, MAX_VALUE),
        "updated_on": version.updated_on,
        "page": packed.data,
    }
    number: int = connection.execute(insert(_TEXT).returning(_TEXT.c.id), row).scalar_one()
    return number


def version_id(connection: Connection, subject: int, first_at: datetime) -> int | None:
    """Return the number of a stay that is known."""
    same = (_VERSION.c.subject_id == subject, _VERSION.c.first_at == first_at)
    number: int | None = connection.scalar(select(_VERSION.c.id).where(*same))
    return number


def follow_facts(connection: Connection, subject: int, shown: ShownPage) -> None:
    """End the facts that the new text no longer states, and insert the new ones."""
    at, rules = shown.version.first_at, shown.version.extraction_version
    # A text that is lost states nothing that we know of.
    facts = facts_of(shown.page.main()) if shown.packed.known else ()
    stated_facts = [fact_row(fact) for fact in sorted(facts, key=repr)[:MOST_FACTS]]
    open_rows = select(_FACT).where(_FACT.c.subject_id == subject, _FACT.c.until.is_(None))
    known: dict[tuple[Any, ...], int] = {
        (row.extraction_version, row.element, row.value, row.negated): row.id
        for row in connection.execute(open_rows)
    }
    wanted = {
        (rules, fact["element"], fact["value"], fact["negated"]): fact for fact in stated_facts
    }
    gone = [number for key, number in known.items() if key not in wanted]
    if gone:
        connection.execute(update(_FACT).where(_FACT.c.id.in_(gone)).values(until=at))
    new = [
        {"subject_id": subject, "extraction_version": rules, "since": at, **fact}
        for key, fact in wanted.items()
        if key not in known
    ]
    if new:
        connection.execute(insert(_FACT), new)


def follow_links(connection: Connection, subject: int, event: PageEvent, number: int) -> None:
    """Insert the links that died with this change, and end those that answer again."""
    if event.edge is not PageEdge.LINK_BROKEN:
        some = _LINK.c.address.in_([link.address for link in event.links])
        dead = (_LINK.c.subject_id == subject, _LINK.c.ended_id.is_(None))
        connection.execute(update(_LINK).where(some, *dead).values(ended_id=number))
        return
    rows = [
        {
            "subject_id": subject,
            "broken_id": number,
            "text": link.text,
            "address": link.address,
            "target": link.target,
            "gone_at": link.gone_at,
        }
        for link in event.links
    ]
    connection.execute(insert(_LINK), rows)


def fact_row(fact: Fact) -> dict[str, Any]:
    """Return the columns of a fact that do not depend on its page or its time."""
    value = clean(fact.value, MAX_VALUE)
    return {"element": fact.element, "value": value, "negated": fact.negated}
