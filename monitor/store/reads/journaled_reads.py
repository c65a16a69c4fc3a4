"""Queries of the record as it was when a checkpoint was signed: only what has an earlier leaf.

Leaves are never changed, so the answers for one size of the journal are the same for ever.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, and_, func, or_, select, type_coerce

from monitor.core.model import Outage, Phase, Transition
from monitor.core.outages.fold import FAILING
from monitor.core.outages.time_accounts import KNOWN, microseconds
from monitor.store.reads.journal_reads import KeptCheckpoint
from monitor.store.reads.outage_reads import outage_of
from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import (
    BodyRow,
    ContentRow,
    EventRow,
    JudgementRow,
    ObservationRow,
    OutageRow,
    SubjectRow,
    table_of,
)
from monitor.store.tables.journal_tables import CheckpointRow, CosignatureRow, TokenRow
from monitor.store.writing.intern_tables import conditions_from

_O, _S, _J = table_of(ObservationRow), table_of(SubjectRow), table_of(JudgementRow)
_B, _TEXT = table_of(BodyRow), table_of(ContentRow)
_OUTAGE, _EVENT = table_of(OutageRow), table_of(EventRow)
_CHECKPOINT = table_of(CheckpointRow)
_AT = type_coerce(_O.c.at, BigInteger)
_PAGE = 5_000  # checks that are in memory at once
_MOST_PROFILES = 5_000  # answers of which status and address are remembered


class JournaledCheck(NamedTuple):
    """A check in few words. `at_us` is in microseconds since 1970; `status` as `Check.status`."""

    leaf: int
    at_us: int
    late_us: int
    verdict: str
    reason: str
    rule: str
    ruleset: str
    status: int | None
    address: str | None
    duration_us: int
    phases_us: tuple[int | None, ...]  # in the order of `Phase`
    body_sha256: str | None
    body_bytes: int | None


class JournaledReads(StoreReads):
    """What the journal of a given size holds."""

    def checkpoint_over(self, leaf: int, at: datetime) -> KeptCheckpoint | None:
        """Return a checkpoint that covers a leaf, signed at an instant or later.

        The first one that was stamped or cosigned, which is kept for ever; else the first one.
        """
        vouched = or_(
            *(
                select(size).where(size == _CHECKPOINT.c.size).exists()
                for size in (table_of(TokenRow).c.size, table_of(CosignatureRow).c.size)
            )
        )
        covering = (
            select(_CHECKPOINT)
            .where(_CHECKPOINT.c.size > leaf, _CHECKPOINT.c.at >= at)
            .order_by(_CHECKPOINT.c.size)
            .limit(1)
        )
        with self._reading() as session:
            connection = session.connection()
            row = connection.execute(covering.where(vouched)).one_or_none()
            row = row or connection.execute(covering).one_or_none()
        if row is None:
            return None
        return KeptCheckpoint(size=row.size, root=row.root, at=row.at, note=row.note)

    def checked_between(self, since: datetime, until: datetime, size: int) -> tuple[str, ...]:
        """Return the targets that were checked with `since <= at < until`, by name."""
        one = select(_O.c.id).where(
            _O.c.subject_id == _S.c.id, _O.c.at >= since, _O.c.at < until, _O.c.leaf < size
        )
        wanted = select(_S.c.target).where(_S.c.point == self.point, _S.c.target != "")
        with self._reading() as session:
            return tuple(
                session.connection().scalars(wanted.where(one.exists()).order_by(_S.c.target))
            )

    def settled_by(self, target: str, at: datetime) -> int | None:
        """Return the leaf of the first check from `at` on that says something of the site.

        From then on, no check changes what is known of the time before `at`. None without any.
        """
        wanted = (
            select(_O.c.leaf)
            .join(_S, _S.c.id == _O.c.subject_id)
            .join(_J, _J.c.id == _O.c.judgement_id)
            .where(_S.c.target == target, _S.c.point == self.point)
            .where(_O.c.at >= at, _J.c.verdict.in_([verdict.value for verdict in KNOWN]))
            .order_by(_O.c.at)
            .limit(1)
        )
        with self._reading() as session:
            leaf: int | None = session.connection().scalar(wanted)
        return leaf

    def journaled_checks(
        self, target: str, since: datetime, until: datetime, size: int
    ) -> Iterator[JournaledCheck]:
        """Yield the checks of a target with `since <= at < until`, in order of time."""
        profiles: dict[int, tuple[int | None, str | None]] = {}
        next_us, end_us = microseconds(since), microseconds(until)
        with self._reading() as session:
            connection = session.connection()
            judgements = {
                row.id: (row.verdict.value, row.reason.value, row.rule, row.ruleset)
                for row in connection.execute(select(_J))
            }
            subject = connection.scalar(
                select(_S.c.id).where(_S.c.target == target, _S.c.point == self.point)
            )
        mine = (
            select(
                _AT.label("at_us"),
                *(_O.c[name] for name in _COLUMNS),
                _B.c.sha256,
                _B.c.size.label("body_bytes"),
            )
            .outerjoin(_B, _B.c.id == _O.c.body_id)
            .where(_O.c.subject_id == subject, _O.c.leaf < size, end_us > _AT)
            .order_by(_AT)
            .limit(_PAGE)
        )
        while True:
            with self._reading() as session:
                connection = session.connection()
                rows = connection.execute(mine.where(next_us <= _AT)).all()
                if len(profiles) > _MOST_PROFILES:
                    profiles.clear()
                _learn(connection, {row.conditions_id for row in rows}, profiles)
            # By place: names of columns would take longer than all else.
            for at_us, leaf, late_us, judgement, conditions, took_us, *phases, body, size_ in rows:
                yield JournaledCheck(
                    leaf,
                    at_us,
                    late_us,
                    *judgements[judgement],
                    *profiles[conditions],
                    took_us,
                    tuple(phases),
                    body.hex() if body else None,
                    size_,
                )
            if len(rows) < _PAGE:
                return
            next_us = rows[-1].at_us + 1

    def journaled_outages(self, size: int) -> tuple[Outage, ...]:
        """Return every outage that was confirmed, by first failing check, then target.

        One whose end had no leaf yet is open: its end is None, `checks` and `last_fail_at` are of
        the checks that had a leaf.
        """
        opened, closed = _EVENT.alias(), _EVENT.alias()
        wanted = (
            select(_S.c.target, _OUTAGE, opened.c.leaf, closed.c.leaf.label("closed_leaf"))
            .join(_OUTAGE, _OUTAGE.c.subject_id == _S.c.id)
            .join(
                opened,
                and_(
                    opened.c.outage_id == _OUTAGE.c.id,
                    opened.c.edge == Transition.OUTAGE_OPENED,
                    opened.c.leaf < size,
                ),
            )
            .outerjoin(
                closed,
                and_(
                    closed.c.outage_id == _OUTAGE.c.id,
                    closed.c.edge == Transition.OUTAGE_CLOSED,
                    closed.c.leaf < size,
                ),
            )
            .where(_S.c.point == self.point)
            .order_by(_OUTAGE.c.first_fail_at, _S.c.target)
        )
        with self._reading() as session:
            connection = session.connection()
            return tuple(
                self._outage(connection, row, size) for row in connection.execute(wanted).all()
            )

    def _outage(self, connection: Connection, row: Any, size: int) -> Outage:
        outage = outage_of(row.target, self.point, row, row.leaf)
        if row.closed_leaf is not None:
            return outage
        failing = (
            select(func.count(), func.max(_O.c.at))
            .join(_J, _J.c.id == _O.c.judgement_id)
            .where(_O.c.subject_id == row.subject_id, _O.c.at >= row.first_fail_at)
            .where(_O.c.leaf < size, _J.c.verdict.in_([verdict.value for verdict in FAILING]))
        )
        if row.recovered_at is not None:  # what failed after its end is another outage
            failing = failing.where(_O.c.at <= row.last_fail_at)
        checks, last_fail_at = connection.execute(failing).one()
        return replace(
            outage,
            checks=checks,
            last_fail_at=last_fail_at or row.first_fail_at,
            first_ok_at=None,
            recovered_at=None,
        )


_OWN = ("leaf", "late_us", "judgement_id", "conditions_id", "duration_us")
_COLUMNS = (*_OWN, *(f"{phase}_us" for phase in Phase))


def _learn(
    connection: Connection, numbers: set[int], profiles: dict[int, tuple[int | None, str | None]]
) -> None:
    """Read status and address of the profiles that are not known yet."""
    missing = sorted(numbers - profiles.keys())
    for start in range(0, len(missing), 500):
        batch = _TEXT.c.id.in_(missing[start : start + 500])
        for number, text in connection.execute(select(_TEXT.c.id, _TEXT.c.text).where(batch)):
            profile = conditions_from(text)
            last = profile.steps[-1] if profile.steps else None
            status = last.status if last and profile.failure is None else None
            profiles[number] = (status, last.address if last else None)
