"""The interface of the record: writes are durable when they return."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    Update,
    delete,
    insert,
    select,
    update,
)

from monitor.core.model import (
    Annotation,
    ClockReading,
    Controls,
    Gap,
    LaneState,
    Outcome,
    Run,
    Target,
)
from monitor.core.model.check import clean
from monitor.core.scheduling.slots import Grid
from monitor.store.anchor_rows import AnchorReads
from monitor.store.dossier_rows import DossierReads
from monitor.store.engine import (
    StoreError,
    WriterLock,
    check_schema,
    connected,
    engine_for,
    name_of,
    parse,
    readable_errors,
    sqlite_path,
    try_to_write,
)
from monitor.store.reads.account_reads import AccountReads
from monitor.store.reads.alert_reads import AlertReads
from monitor.store.reads.annotation_reads import AnnotationReads
from monitor.store.reads.check_reads import CheckReads
from monitor.store.reads.extract_reads import ExtractReads
from monitor.store.reads.journal_reads import JournalReads, forget_checkpoints
from monitor.store.reads.journaled_reads import JournaledReads
from monitor.store.reads.link_reads import LinkReads
from monitor.store.reads.outage_reads import LogReads
from monitor.store.reads.page_reads import PageReads
from monitor.store.reads.plan_reads import PlanReads
from monitor.store.reads.rendering_reads import RenderingReads
from monitor.store.reads.service_reads import LifeReads
from monitor.store.reads.span_reads import SpanReads
from monitor.store.tables.check_tables import (
    LaneRow,
    PauseRow,
    RobotsRow,
    RunRow,
    table_of,
)
from monitor.store.tables.journal_tables import AnnotationRequestRow, CheckpointRow, LeafRow
from monitor.store.upgrade import require_folder
from monitor.store.writing import rollups, service_writes
from monitor.store.writing.annotations import request_text, write_annotation
from monitor.store.writing.group_commit import Writer
from monitor.store.writing.intern_tables import InternTables
from monitor.store.writing.leaf_writer import LeafWriter
from monitor.store.writing.recorder import Recorder, Work
from monitor.store.writing.statements import Replace

REST_S = 0.1  # groups the checks of a busy moment; an idle store commits at once

_LEAF = table_of(LeafRow)
_RUN = table_of(RunRow)
_PAUSE = table_of(PauseRow)
_REQUEST = table_of(AnnotationRequestRow)

T = TypeVar("T")


class Store(
    CheckReads,
    LogReads,
    PageReads,
    LinkReads,
    LifeReads,
    SpanReads,
    AccountReads,
    PlanReads,
    AnnotationReads,
    JournalReads,
    JournaledReads,
    ExtractReads,
    AnchorReads,
    RenderingReads,
    DossierReads,
    AlertReads,
):
    """The record of one point.

    Reads are synchronous, from any thread. Writes are awaited from an event loop and durable
    when they return; the first that fails raises StoreError, and so does every later one.
    """

    def __init__(self, url: URL, point: str, *, read_s: float | None = None) -> None:
        super().__init__(engine_for(url, writer=False, read_s=read_s), url, point)
        self._lock: WriterLock | None = None
        self._connection: Connection | None = None
        self._writer: Writer[Outcome | Work] | None = None
        self._run_started_at: datetime | None = None

    @classmethod
    def open(  # noqa: PLR0913 -- keyword-only
        cls,
        url: str,
        *,
        point: str,
        writer: bool,
        rest_s: float = REST_S,
        read_s: float | None = None,
        environment: Mapping[str, Any] | None = None,
        targets: Mapping[str, Target] | None = None,
    ) -> Self:
        """Open a store that `migrate` made.

        Args:
            url: `sqlite:////folder/file` or `postgresql://…`.
            point: Whose record is written and read.
            writer: Take the lock of the writer, which one process at a time has.
            rest_s: Least time between two transactions, in seconds.
            read_s: The longest that a statement that reads may take, in seconds; None: any.
            environment: Of the checks, for the journal: see `monitor.probe.environment`.
            targets: By slug, for the journal.

        Raises:
            StoreError: The folder is missing or not writable, there is no database, it has another
                schema or another writer, or it does not answer.

        """
        parsed = parse(url)
        with readable_errors(parsed):
            _require_database(parsed)
            store = cls(parsed, point, read_s=read_s)
            try:
                with store._engine.connect() as connection:
                    check_schema(connection, parsed)
                if writer:
                    store._take(rest_s, LeafWriter(environment or {}, targets or {}))
            except BaseException:
                store.close()
                raise
        return store

    def _take(self, rest_s: float, scribe: LeafWriter) -> None:
        self._lock = lock = WriterLock(self._url, self._connect)
        connection = self._connect()
        try_to_write(connection)
        recorder = Recorder(scribe)

        def apply(connection: Connection, items: Sequence[Outcome | Work]) -> None:
            recorder.apply(connection, items)
            lock.require_file()  # last: what was written elsewhere is not answered for

        self._writer = Writer(
            connection,
            apply,
            where=name_of(self._url),
            rest_s=rest_s,
        )

    def _connect(self) -> Connection:
        """Return the one connection that writes."""
        if self._connection is None:
            self._connection = engine_for(self._url, writer=True).connect()
        return self._connection

    def close(self) -> None:
        """Write what is queued, then release everything. Safe to call twice."""
        if self._writer is not None:
            self._writer.close()
        if self._connection is not None:
            with suppress(Exception):  # a connection that broke cannot be closed either
                self._connection.close()
            self._connection = None
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def record(self, outcome: Outcome) -> None:
        """Record a check and all that follows from it, in one transaction."""
        await self._write(outcome)

    async def record_round(self, controls: Controls, clock: ClockReading | None) -> None:
        """Record that the service is running, with a round of controls and the last clock reading.

        A reading that was recorded already is not recorded again. The panel is recorded without
        `witnesses`, so that most rounds share one row: the checks that rest on a round have the
        rest. A round at the instant of an earlier one is recorded at the first free microsecond.
        """

        def work(connection: Connection, interned: InternTables) -> None:
            at = service_writes.write_round(connection, interned, controls, self.point)
            if clock is not None:
                service_writes.write_reading(connection, interned, clock, self.point)
            connection.execute(self._this_run().values(alive_at=at))

        await self._write(work)

    async def record_gap(self, gap: Gap) -> None:
        """Record slots without an observation."""

        def work(connection: Connection, interned: InternTables) -> None:
            service_writes.write_gap(connection, interned, gap)

        await self._write(work)

    async def start_run(
        self, run: Run, missed: Sequence[Gap] = (), plan: Mapping[str, Grid] | None = None
    ) -> None:
        """Record that the service starts, and the slots missed while it did not run, atomically.

        `plan` has the grid of each target, by slug: a reader of the journal can then verify that
        each slot has a check or a gap.

        Rounds update `alive_at` from now on. A start at the instant of an earlier one is recorded
        at the first free microsecond.
        """

        def work(connection: Connection, interned: InternTables) -> None:
            at = service_writes.write_start(connection, interned, run, plan or {})
            for gap in missed:
                service_writes.write_gap(connection, interned, gap)
            self._run_started_at = at

        await self._write(work)

    async def stop_run(self, at: datetime) -> None:
        """Record a clean stop of the service."""

        def work(connection: Connection, interned: InternTables) -> None:
            run = _RUN.c.point == self.point, _RUN.c.started_at == self._run_started_at
            start = connection.scalar(select(_RUN.c.leaf).where(*run))
            if start is not None:
                interned.scribe.stop(connection, at, start)
            connection.execute(self._this_run().values(alive_at=at, stopped_at=at))

        await self._write(work)
        self._run_started_at = None  # later writes belong to no run

    async def annotate(self, note: Annotation, *, request: int) -> None:
        """Record an annotation that was asked for, and take the request away: both, or none.

        Nothing is done when another process, which had the right to write, answered it.
        """

        def work(connection: Connection, interned: InternTables) -> None:
            same = _REQUEST.c.id == request
            if connection.execute(delete(_REQUEST).where(same)).rowcount:
                leaf = interned.scribe.annotation(connection, note)
                write_annotation(connection, note, leaf)

        await self._write(work)

    async def refuse_annotation(self, request: int) -> None:
        """Take away a request that cannot be recorded."""

        def work(connection: Connection, interned: InternTables) -> None:
            del interned
            connection.execute(delete(_REQUEST).where(_REQUEST.c.id == request))

        await self._write(work)

    async def save_lane(self, lane: LaneState) -> None:
        """Store the state of a lane, except its pause, which `set_pause` writes."""

        def work(connection: Connection, interned: InternTables) -> None:
            del interned
            row = {
                "platform": lane.platform,
                "blocked_until": lane.blocked_until,
                "strikes": lane.strikes,
            }
            Replace(LaneRow, "platform").write(connection, [row])

        await self._write(work)

    async def keep_robots(
        self, host: str, text: str | None, status: int | None, fetched_at: datetime
    ) -> None:
        """Store a robots.txt as it was received; `text` and `status` are None without an answer."""

        def work(connection: Connection, interned: InternTables) -> None:
            content_id = None if text is None else interned.text(connection, _lines(text))
            row = {
                "host": host,
                "fetched_at": fetched_at,
                "status": status,
                "content_id": content_id,
            }
            Replace(RobotsRow, "host", "fetched_at").write(connection, [row])

        await self._write(work)

    async def roll_up(self, now: datetime) -> int:
        """Sum up the days that are over, of every target; return how many that were.

        Many short transactions: checks are recorded between them.
        """
        with self._reading() as session:
            targets = rollups.subjects(session.connection(), self.point)
        total = 0
        for subject, _ in targets:
            while done := await self._roll_up(subject, now):
                total += done
        return total

    async def _roll_up(self, subject: int, now: datetime) -> int:
        counts: list[int] = []

        def work(connection: Connection, tables: InternTables) -> None:
            del tables
            counts.append(rollups.roll_up(connection, self.point, subject, now))

        await self._write(work)
        return counts[-1]

    async def keep_checkpoint(
        self, *, size: int, root: bytes, at: datetime, note: bytes, bundled: int
    ) -> None:
        """Record a signed checkpoint, and delete the leaves before `bundled`."""

        def work(connection: Connection, interned: InternTables) -> None:
            del interned
            row = {"size": size, "root": root, "at": at, "note": note}
            connection.execute(insert(table_of(CheckpointRow)), row)
            connection.execute(delete(_LEAF).where(_LEAF.c.idx < bundled))
            connection.execute(forget_checkpoints(size, at))

        await self._write(work)

    async def write(self, work: Work) -> None:
        """Run `work`, which writes rows and leaves, in a transaction."""
        await self._write(work)

    def write_apart(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, on rows that no leaf says anything of, from any process."""
        with (
            readable_errors(self._url),
            connected(self._url, writer=True) as connection,
            connection.begin(),
        ):
            return work(connection)

    def set_pause(self, platform: str, *, paused: bool, why: str = "") -> None:
        """Pause or resume a platform, from any process: the service polls `lanes()`."""
        row = {"platform": platform, "why": clean(why)}
        with (
            readable_errors(self._url),
            connected(self._url, writer=True) as connection,
            connection.begin(),
        ):
            connection.execute(delete(_PAUSE).where(_PAUSE.c.platform == platform))
            if paused:
                connection.execute(insert(_PAUSE), row)

    def request_annotation(self, note: Annotation) -> int:
        """Ask the service, from any process, to record an annotation; return the request."""
        with (
            readable_errors(self._url),
            connected(self._url, writer=True) as connection,
            connection.begin(),
        ):
            statement = insert(_REQUEST).returning(_REQUEST.c.id)
            number: int = connection.execute(statement, {"text": request_text(note)}).scalar_one()
            return number

    def _this_run(self) -> Update:
        same = (_RUN.c.point == self.point, _RUN.c.started_at == self._run_started_at)
        return update(_RUN).where(*same)

    async def _write(self, item: Outcome | Work) -> None:
        if self._writer is None:
            raise StoreError("Cette base n’est ouverte qu’en lecture.")
        await self._writer.write(item)


def _lines(text: str) -> str:
    """Clean a text line by line: line ends are part of its content."""
    return "\n".join(clean(line, len(line)) for line in text.splitlines())


def _require_database(url: URL) -> None:
    """Raise StoreError for a missing SQLite file, which opening would create."""
    require_folder(url)
    path = sqlite_path(url)
    if path is not None and not path.exists():
        raise StoreError(f"La base {path} n’existe pas encore. Lancez « vigie migrate ».")
