"""Values that recur are stored once: natural keys to small numbers."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, insert, select

from monitor.core.journal.decode import panel_detail_from
from monitor.core.journal.encode import panel_detail
from monitor.core.model import Controls, Judgement
from monitor.core.model.check import ConnectionProfile, clean
from monitor.store.tables.check_tables import (
    ConfigRow,
    ContentRow,
    JudgementRow,
    SubjectRow,
    TableRow,
    table_of,
)
from monitor.store.writing.leaf_writer import LeafWriter

CACHED = 2048  # conditions weigh a few kilobytes each

_CONDITIONS = TypeAdapter(ConnectionProfile)


class InternTables:
    """Returns the number of a stored value, after storing a new one. For the writer alone.

    `leaf_writer` writes the leaves of the same transaction.
    """

    def __init__(self, scribe: LeafWriter) -> None:
        self.scribe = scribe
        self._numbers: OrderedDict[Hashable, int] = OrderedDict()
        self._round: tuple[Controls, int] | None = None  # the last, with its number

    def subject(self, connection: Connection, target: str, point: str) -> int:
        return self._number(connection, SubjectRow, {"target": target, "point": point})

    def judgement(self, connection: Connection, judgement: Judgement, ruleset: str) -> int:
        key = {
            "ruleset": ruleset,
            "verdict": judgement.verdict,
            "reason": judgement.reason,
            "rule": judgement.rule,
        }
        return self._number(connection, JudgementRow, key)

    def config(self, connection: Connection, sha256: str) -> int:
        return self._number(connection, ConfigRow, {"sha256": sha256})

    def conditions(self, connection: Connection, conditions: ConnectionProfile) -> int:
        # Hashing the value is several times cheaper than writing its text.
        number = self._cached(conditions)
        if number is None:
            text = _CONDITIONS.dump_json(conditions, exclude_defaults=True).decode()
            number = self._cache(conditions, self.text(connection, text))
        return number

    def controls(self, connection: Connection, controls: Controls) -> int:
        # Many checks rest on one round, and writing its text costs more than all else here.
        if self._round is None or self._round[0] is not controls:
            self._round = controls, self.text(connection, controls_text(controls))
        return self._round[1]

    def text(self, connection: Connection, text: str) -> int:
        sha256 = hashlib.sha256(text.encode()).digest()
        return self._number(connection, ContentRow, {"sha256": sha256}, text=text)

    def _number(
        self, connection: Connection, row: type[TableRow], key: dict[str, Any], **more: Any
    ) -> int:
        name = (row, *key.values())
        number = self._cached(name)
        if number is None:
            table = table_of(row)
            same = and_(*(table.c[column] == value for column, value in key.items()))
            number = connection.execute(select(table.c.id).where(same)).scalar_one_or_none()
            if number is None:
                new = insert(table).values({**key, **more}).returning(table.c.id)
                number = connection.execute(new).scalar_one()
            self._cache(name, number)
        return number

    def _cached(self, name: Hashable) -> int | None:
        number = self._numbers.get(name)
        if number is not None:
            self._numbers.move_to_end(name)
        return number

    def _cache(self, name: Hashable, number: int) -> int:
        self._numbers[name] = number
        if len(self._numbers) > CACHED:
            self._numbers.popitem(last=False)
        return number


def controls_text(controls: Controls) -> str:
    """Write a control panel without its instant: most rounds say the same.

    With what shows it, when it is kept: many checks of one minute rest on one round.
    """
    return json.dumps(
        {
            "ok": controls.ok,
            "asked": controls.asked,
            "needed": controls.needed,
            "answers": {clean(host): answer for host, answer in controls.answers.items()},
            **panel_detail(controls),
        },
        separators=(",", ":"),
        sort_keys=True,
    )


def conditions_from(text: str) -> ConnectionProfile:
    return _CONDITIONS.validate_json(text)


def controls_from(text: str) -> dict[str, Any]:
    """Parse a stored control panel; return the fields of `Controls` except its instant."""
    fields = json.loads(text)
    return {**fields, **panel_detail_from(fields)}
