"""The rows, and their leaves, of the service itself: its runs, rounds, clock and gaps."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, insert, select

from monitor.core.model import ClockReading, Controls, Gap, Run
from monitor.core.model.check import clean
from monitor.core.scheduling.slots import Grid
from monitor.store.tables.check_tables import (
    ClockReadingRow,
    GapRow,
    RoundRow,
    RunRow,
    table_of,
)
from monitor.store.writing.intern_tables import InternTables

_RUN = table_of(RunRow)
_ROUND = table_of(RoundRow)
_CLOCK = table_of(ClockReadingRow)
_MICROSECOND = timedelta(microseconds=1)


def write_round(
    connection: Connection, interned: InternTables, controls: Controls, point: str
) -> datetime:
    """Write a round of controls; return its instant, the first free one from its own on."""
    subject = interned.subject(connection, "", point)
    at = _free(connection, _ROUND.c.at, controls.at, _ROUND.c.subject_id == subject)
    shared_panel = replace(controls, at=at, witnesses=())
    panel = interned.controls(connection, shared_panel)
    row = {
        "subject_id": subject,
        "at": at,
        "controls_id": panel,
        "leaf": interned.scribe.round(connection, shared_panel, panel, point),
    }
    connection.execute(insert(_ROUND), row)
    return at


def write_reading(
    connection: Connection, interned: InternTables, clock: ClockReading, point: str
) -> None:
    """Write a clock reading, unless it was written already."""
    same = and_(_CLOCK.c.point == point, _CLOCK.c.at == clock.at)
    if connection.execute(select(_CLOCK.c.id).where(same)).first():
        return
    clock = replace(clock, server=clean(clock.server))
    row = {
        "point": point,
        "at": clock.at,
        "server": clock.server,
        "offset_us": clock.offset_us,
        "dispersion_us": clock.dispersion_us,
        "stratum": clock.stratum,
        "leaf": interned.scribe.clock(connection, clock, point),
    }
    connection.execute(insert(_CLOCK), row)


def write_start(
    connection: Connection, interned: InternTables, run: Run, plan: Mapping[str, Grid]
) -> datetime:
    """Write the start of a run; return its instant, the first free one from its own on."""
    at = _free(connection, _RUN.c.started_at, run.started_at, _RUN.c.point == run.point)
    started = replace(run, started_at=at, alive_at=max(at, run.alive_at))
    row = {
        "point": started.point,
        "started_at": started.started_at,
        "alive_at": started.alive_at,
        "stopped_at": started.stopped_at,
        "version": started.version,
        "config_sha256": started.config_sha256,
        "ruleset": started.ruleset,
        "leaf": interned.scribe.start(connection, started, plan),
    }
    connection.execute(insert(_RUN), row)
    return at


def run_row(
    idx: int, leaf: Mapping[str, Any], setup: Mapping[str, Any], at: object
) -> dict[str, Any]:
    """Return the row of a run that the leaf `idx` says began at `at`, and that did not end."""
    return {
        "point": setup["point"],
        "started_at": at,
        "alive_at": at,
        "stopped_at": None,
        "version": leaf["version"],
        "config_sha256": setup["config_sha256"],
        "ruleset": setup["ruleset"],
        "leaf": idx,
    }


def _free(
    connection: Connection, column: Column[Any], at: datetime, same: ColumnElement[bool]
) -> datetime:
    """Return the first instant from `at` on without a row: a clock set back repeats instants."""
    while connection.execute(select(column).where(same, column == at).limit(1)).first():
        at += _MICROSECOND
    return at


def write_gap(connection: Connection, interned: InternTables, gap: Gap) -> None:
    """Write slots without an observation."""
    row = {
        "subject_id": interned.subject(connection, gap.target, gap.point),
        "from_at": gap.from_at,
        "to_at": gap.to_at,
        "slots": gap.slots,
        "cause": gap.cause,
        "leaf": interned.scribe.gap(connection, gap),
    }
    connection.execute(insert(table_of(GapRow)), row)
