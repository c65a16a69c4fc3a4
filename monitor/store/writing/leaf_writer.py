"""Writes core values as leaves, and remembers the leaves that others refer to."""

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from monitor.core.changes.page_events import PageEvent
from monitor.core.journal import encode
from monitor.core.journal.jcs import canonical
from monitor.core.model import Annotation, Capture, ClockReading, Controls, Event, Gap, Run, Target
from monitor.core.model.check import Check
from monitor.core.model.rendering import RecordedRendering
from monitor.core.scheduling.slots import Grid
from monitor.store.writing.journal_appender import JournalAppender, Leaf

CACHED = 4096


class LeafWriter:
    """For the writer's thread alone; each method returns the index of the leaf."""

    def __init__(self, environment: Mapping[str, Any], targets: Mapping[str, Target]) -> None:
        """Prepare the leaves that checks refer to: see `Store.open`."""
        self.ledger = JournalAppender()
        self._environment = environment
        self._targets = targets
        self._known: dict[Hashable, int] = {}
        self._texts: dict[str, str] = {}  # of the leaves that define targets

    def check(
        self,
        connection: Connection,
        check: Check,
        *,
        conditions_id: int,
        controls_id: int | None,
    ) -> int:
        """Write a check. The numbers are those of its conditions and its panel in SQL."""
        conditions = self._once(
            connection, ("conditions", conditions_id), lambda: encode.conditions(check.conditions)
        )
        controls = check.controls
        panel = self.panel(connection, controls, controls_id) if controls else None
        leaf = encode.observation(
            check,
            setup=self.setup(connection, check.point, check.config_sha256, check.ruleset),
            conditions=conditions,
            panel=panel,
            plan=self._plan(connection, check.target),
        )
        return self.ledger.append(connection, leaf)

    def capture(self, connection: Connection, capture: Capture) -> int:
        return self.ledger.append(connection, encode.capture(capture))

    def edge(self, connection: Connection, event: Event, observation: int) -> int:
        return self.ledger.append(connection, encode.edge(event, observation=observation))

    def change(self, connection: Connection, event: PageEvent, observation: int) -> int:
        return self.ledger.append(connection, encode.change(event, observation=observation))

    def rendering(
        self, connection: Connection, rendering: RecordedRendering, observation: int
    ) -> int:
        return self.ledger.append(connection, encode.rendering(rendering, observation=observation))

    def setup(self, connection: Connection, point: str, config_sha256: str, ruleset: str) -> int:
        return self._once(
            connection,
            (point, config_sha256, ruleset),
            lambda: encode.setup(
                point=point,
                config_sha256=config_sha256,
                ruleset=ruleset,
                environment=self._environment,
            ),
        )

    def panel(self, connection: Connection, controls: Controls, controls_id: int | None) -> int:
        return self._once(connection, ("panel", controls_id), lambda: encode.panel(controls))

    def round(
        self, connection: Connection, controls: Controls, controls_id: int, point: str
    ) -> int:
        panel = self.panel(connection, controls, controls_id)
        leaf = encode.control_round(controls, point=point, panel=panel)
        return self.ledger.append(connection, leaf)

    def clock(self, connection: Connection, reading: ClockReading, point: str) -> int:
        return self.ledger.append(connection, encode.clock(reading, point=point))

    def gap(self, connection: Connection, gap: Gap) -> int:
        return self.ledger.append(connection, encode.gap(gap))

    def annotation(self, connection: Connection, note: Annotation) -> int:
        return self.ledger.append(connection, encode.annotation(note))

    def start(self, connection: Connection, run: Run, grids: Mapping[str, Grid]) -> int:
        setup = self.setup(connection, run.point, run.config_sha256, run.ruleset)
        plans = [
            self.ledger.refer(connection, plan) for plan in encode.plans(grids, point=run.point)
        ]
        leaf = encode.run_started(run.started_at, setup=setup, version=run.version, plans=plans)
        return self.ledger.append(connection, leaf)

    def stop(self, connection: Connection, at: datetime, start: int) -> int:
        return self.ledger.append(connection, encode.run_stopped(at, start=start))

    def definition(self, connection: Connection, slug: str) -> tuple[int, str] | None:
        """Return the leaf that defines a target, and its text; None for one without a plan."""
        if slug not in self._targets:
            return None
        if slug not in self._texts:
            self._texts[slug] = canonical(encode.target(self._targets[slug])).decode()
        idx = self._plan(connection, slug)
        return None if idx is None else (idx, self._texts[slug])

    def _plan(self, connection: Connection, slug: str) -> int | None:
        target = self._targets.get(slug)
        if target is None:
            return None
        return self._once(connection, ("target", slug), lambda: encode.target(target))

    def _once(self, connection: Connection, name: Hashable, say: Callable[[], Leaf]) -> int:
        idx = self._known.get(name)
        if idx is None:
            if len(self._known) >= CACHED:
                self._known.clear()
            idx = self._known[name] = self.ledger.refer(connection, say())
        return idx
