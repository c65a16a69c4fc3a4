"""Queries about checks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, select

from monitor.core.journal.check_fields import NAMES, read_fields
from monitor.core.model import Controls, Phase, Sighting
from monitor.core.model.check import Check
from monitor.core.outages.at import Around, CitedCheck
from monitor.core.outages.time_accounts import KNOWN
from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import (
    BodyRow,
    ConfigRow,
    ContentRow,
    JudgementRow,
    ObservationRow,
    SubjectRow,
    TallyRow,
    table_of,
)
from monitor.store.writing.intern_tables import conditions_from, controls_from

T = TypeVar("T")

_O = table_of(ObservationRow)
_S = table_of(SubjectRow)
_J = table_of(JudgementRow)
_C = table_of(ConfigRow)
_B = table_of(BodyRow)
_TEXT = table_of(ContentRow)
_T = table_of(TallyRow)
_PHASES = tuple((phase, f"{phase}_us") for phase in Phase)
_MANY = 500  # numbers in one IN

_CHECKS: Select[Any] = (
    select(
        _O,
        _S.c.target,
        _S.c.point,
        _J.c.verdict,
        _J.c.reason,
        _J.c.rule,
        _J.c.ruleset,
        _C.c.sha256.label("config_sha256"),
        _B.c.sha256.label("body_sha256"),
        _B.c.size.label("body_bytes"),
    )
    .join(_S, _S.c.id == _O.c.subject_id)
    .join(_J, _J.c.id == _O.c.judgement_id)
    .join(_C, _C.c.id == _O.c.config_id)
    .outerjoin(_B, _B.c.id == _O.c.body_id)
)


class CheckReads(StoreReads):
    """Single checks."""

    def observations(self, target: str, since: datetime, until: datetime) -> tuple[Check, ...]:
        """Return the checks of a target with `since <= at < until`, in order: all of them."""
        query = _CHECKS.where(self._of(target), _within(since, until)).order_by(_O.c.at)
        with self._reading() as session:
            connection = session.connection()
            return _checks(connection, connection.execute(query).all())

    def numbered_observations(
        self, target: str, since: datetime, until: datetime, *, newest_first: bool, limit: int
    ) -> tuple[tuple[int | None, Check], ...]:
        """Return the first checks of such a span, each with the index of its leaf, or None."""
        order = _O.c.at.desc() if newest_first else _O.c.at
        wanted = _CHECKS.where(self._of(target), _within(since, until)).order_by(order).limit(limit)
        with self._reading() as session:
            connection = session.connection()
            rows = connection.execute(wanted).all()
            checks = _checks(connection, rows)
        return tuple((row.leaf, check) for row, check in zip(rows, checks, strict=True))

    def around(self, target: str, at: datetime) -> Around:
        """Return the checks of a target on both sides of an instant."""
        mine = _CHECKS.where(self._of(target))
        before = mine.where(_O.c.at <= at).order_by(_O.c.at.desc()).limit(1)
        after = mine.where(_O.c.at > at).order_by(_O.c.at).limit(1)
        telling = _J.c.verdict.in_(tuple(KNOWN))
        sides = before, after, before.where(telling), after.where(telling)
        with self._reading() as session:
            connection = session.connection()
            rows = [connection.execute(wanted).one_or_none() for wanted in sides]
            row_by_id = {row.id: row for row in rows if row is not None}
            checks = dict(
                zip(row_by_id, _checks(connection, list(row_by_id.values())), strict=True)
            )
        cited = [
            None if row is None else CitedCheck(check=checks[row.id], number=row.leaf)
            for row in rows
        ]
        return Around(
            before=cited[0], after=cited[1], telling_before=cited[2], telling_after=cited[3]
        )

    def latest(self) -> tuple[Check, ...]:
        """Return the last check of every target, by name."""
        newer = _O.alias()
        last = (
            select(newer.c.id)
            .where(newer.c.subject_id == _S.c.id)
            .order_by(newer.c.at.desc())
            .limit(1)
            .correlate(_S)
            .scalar_subquery()
        )
        query = _CHECKS.where(_S.c.point == self.point, _O.c.id == last).order_by(_S.c.target)
        with self._reading() as session:
            connection = session.connection()
            return _checks(connection, connection.execute(query).all())

    def sightings(self, target: str, since: datetime, until: datetime) -> tuple[Sighting, ...]:
        """Return the fields of the same checks that a fold needs: much less data."""
        query = (
            select(_O.c.at, _J.c.verdict, _J.c.reason)
            .join(_S, _S.c.id == _O.c.subject_id)
            .join(_J, _J.c.id == _O.c.judgement_id)
            .where(self._of(target), _within(since, until))
            .order_by(_O.c.at)
        )
        with self._reading() as session:
            return tuple(
                Sighting(at=at, verdict=verdict, reason=reason)
                for at, verdict, reason in session.connection().execute(query)
            )

    def _of(self, target: str) -> ColumnElement[bool]:
        return and_(_S.c.target == target, _S.c.point == self.point)


def _within(since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(_O.c.at >= since, _O.c.at < until)


def _checks(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Check, ...]:
    conditions = texts_of(connection, {row.conditions_id for row in rows}, conditions_from)
    panels = texts_of(connection, {row.controls_id for row in rows}, controls_from)
    return tuple(
        _check(row, conditions[row.conditions_id], panels.get(row.controls_id)) for row in rows
    )


def texts_of(
    connection: Connection, numbers: set[int | None], parse: Callable[[str], T]
) -> dict[int, T]:
    """Parse each shared text once, however many checks refer to it."""
    sorted_numbers = sorted(number for number in numbers if number is not None)
    parsed: dict[int, T] = {}
    for start in range(0, len(sorted_numbers), _MANY):
        in_batch = _TEXT.c.id.in_(sorted_numbers[start : start + _MANY])
        for number, text in connection.execute(select(_TEXT.c.id, _TEXT.c.text).where(in_batch)):
            parsed[number] = parse(text)
    return parsed


def _check(row: Row[Any], conditions: Any, panel: Any) -> Check:
    return Check(
        target=row.target,
        point=row.point,
        slot_at=row.at - timedelta(microseconds=row.late_us),
        at=row.at,
        verdict=row.verdict,
        reason=row.reason,
        rule=row.rule,
        ruleset=row.ruleset,
        config_sha256=row.config_sha256,
        conditions=conditions,
        phases_us={
            phase: us for phase, column in _PHASES if (us := getattr(row, column)) is not None
        },
        body_sha256=row.body_sha256.hex() if row.body_sha256 else None,
        body_bytes=row.body_bytes or 0,
        controls=_controls(row, panel) if panel else None,
        **read_fields({name: getattr(row, name) for name in NAMES}),
    )


def _controls(row: Row[Any], panel: Mapping[str, Any]) -> Controls:
    return Controls(at=row.at - timedelta(microseconds=row.controls_age_us), **panel)
