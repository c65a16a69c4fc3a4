"""The rows expected from a journal: leaf by leaf, then all that follows from them.

The columns come from the writers' own functions, with natural keys in place of foreign keys.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from monitor.core.journal.decode import (
    annotation_from,
    capture_from,
    clock_from,
    controls_from,
    event_from,
    gap_from,
    read_instant,
    rendering_from,
)
from monitor.core.journal.jcs import canonical
from monitor.core.journal.replay import REFERENCES, Replay, ReplayedCheck
from monitor.core.model import Incident, Outage
from monitor.store.audit.audit_rows import Raw, plain, plainly
from monitor.store.audit.derived_pages import PagesFromLeaves
from monitor.store.reads.question import DAWN
from monitor.store.tables.columns import to_us
from monitor.store.writing.annotations import annotation_row
from monitor.store.writing.recorder import (
    capture_row,
    check_row,
    event_row,
    outage_row,
    rendering_row,
    state_row,
)
from monitor.store.writing.service_writes import run_row

Leaf = Mapping[str, Any]
ExpectedRow = tuple[str, Raw]  # a table, and the row that it must have

TABLE_OF: Mapping[str, str] = {
    "observation": "observation",
    "outage": "event",
    "blip": "event",
    "round": "round",
    "clock": "clock_reading",
    "gap": "gap",
    "run": "run",
    "capture": "capture",
    "rendering": "rendering",
    "token": "token",
    "change": "page_change",
    "annotation": "announcement",
}


class FromLeaves:
    """Reads leaves in order: `read` returns the row of each, `keyed` all that follows from them."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.rows_before: Mapping[str, int] = {}
        self.runs: dict[int, Raw] = {}  # by the leaf of their start
        self.pages = PagesFromLeaves()
        self.unsure: set[str] = set()  # platforms of which incidents cannot be folded again
        self.references = 0
        self._alive: dict[str, int] = {}
        self._outages: dict[tuple[Any, datetime], Outage] = {}
        self._tallies: Counter[tuple[Any, Any]] = Counter()
        self._plans: dict[tuple[str, str], int] = {}
        self._definitions: dict[tuple[tuple[str, str], int], Raw] = {}
        self._incidents: dict[tuple[str, str, datetime], Incident] = {}
        self._member: dict[tuple[Any, datetime], tuple[str, str, datetime]] = {}
        self._sizes: Counter[tuple[str, str, datetime]] = Counter()
        self._life = 0
        self._seen_in: dict[tuple[str, str], tuple[int, str]] = {}  # life, platform

    def read(self, idx: int, leaf: Leaf) -> ExpectedRow | None:
        """Return the row expected from one leaf, if any. Raises as the functions of `decode`."""
        kind = leaf["type"]
        if kind == "origin":
            self.rows_before = dict(leaf["rows_before"])
            self.replay.begin(leaf)
        elif kind in REFERENCES:
            self.references += 1
            self.replay.remember(idx, leaf)
        elif kind == "run":
            self._run(idx, leaf)
        elif kind in _READ:
            return TABLE_OF[kind], plainly(_READ[kind](self, idx, leaf)) | {"leaf": idx}
        return None

    def keyed(self) -> Iterator[tuple[str, dict[Any, Raw]]]:
        """Yield tables and the rows that follow from all leaves, by their natural keys."""
        yield (
            "state",
            {key: plainly(state_row(key, state)) for key, state in self.replay.states.items()},
        )
        yield (
            "outage",
            {
                (key, to_us(first)): plainly(outage_row(key, outage))
                for (key, first), outage in self._outages.items()
            },
        )
        yield (
            "tally",
            {
                key: {"subject_id": key[0], "judgement_id": key[1], "checks": checks}
                for key, checks in self._tallies.items()
            },
        )
        yield "definition", self._definitions
        yield (
            "incident",
            {
                (platform, point, to_us(opened)): {
                    "platform": platform,
                    "point": point,
                    "opened_at": to_us(opened),
                    "closed_at": plain(incident.closed_at),
                }
                for (platform, point, opened), incident in self._incidents.items()
            },
        )
        yield (
            "incident_outage",
            {
                (key, to_us(first)): {
                    "outage_id": (key, to_us(first)),
                    "incident_id": (platform, point, to_us(opened)),
                }
                for (key, first), (platform, point, opened) in self._member.items()
            },
        )

    def finish(self) -> None:
        """Find the platforms whose incidents cannot be folded again, after the last leaf."""
        for (key, _), outage in self._outages.items():
            life, platform = self._seen_in.get(key, (self._life, ""))
            if outage.recovered_at is None and life < self._life:
                self.unsure.add(platform)

    def _check(self, idx: int, leaf: Leaf) -> Raw:
        replayed = self.replay.observation(idx, leaf)
        check = replayed.check
        subject = check.target, check.point
        judgement = check.ruleset, check.verdict.value, check.reason.value, check.rule
        self._tallies[subject, judgement] += 1
        self._define(subject, replayed)
        self._note(subject, leaf, replayed)
        self.pages.remember(check)
        for outage in (*(event.outage for event in replayed.events), replayed.state.outage):
            if outage is not None:
                self._outages[subject, outage.first_fail_at] = outage
        for incident in replayed.incidents:
            self._grow(incident)
        body = check.body_sha256
        return check_row(
            check,
            leaf=idx,
            subject=subject,
            judgement=judgement,
            config=check.config_sha256,
            conditions=check.conditions,
            body=(bytes.fromhex(body), check.body_bytes) if body else None,
            controls=replace(check.controls, at=DAWN) if check.controls else None,
        )

    def _define(self, subject: tuple[str, str], replayed: ReplayedCheck) -> None:
        """Do as `Recorder` does: a plan makes a row when it is not that of the check before."""
        if replayed.plan is None or self._plans.get(subject) == replayed.plan[0]:
            return
        idx, leaf = replayed.plan
        self._plans[subject] = idx
        from_at = to_us(replayed.check.at)
        self._definitions[subject, from_at] = {
            "subject_id": subject,
            "from_at": from_at,
            "leaf": idx,
            "text": canonical(leaf).decode(),
        }

    def _note(self, subject: tuple[str, str], leaf: Leaf, replayed: ReplayedCheck) -> None:
        """Find whether the service may have known of other outages than the leaves show.

        A target that is removed from the list, or moved to another platform, while its outage is
        open is no longer grouped with its neighbours, and no leaf shows that.
        """
        plan = self.replay.refer(leaf["plan"])["platform"] if "plan" in leaf else ""
        life, platform = self._seen_in.get(subject, (self._life, plan))
        open_now = replayed.state.outage is not None or any(
            event.outage for event in replayed.events
        )
        if platform != plan or (open_now and life < self._life - 1):
            self.unsure |= {platform, plan}
        self._seen_in[subject] = self._life, plan

    def _grow(self, incident: Incident) -> None:
        """As `Recorder`: an incident that lost all its outages to another is deleted."""
        name = incident.platform, incident.point, incident.opened_at
        self._incidents[name] = incident
        for target, first in incident.outages:
            outage = (target, incident.point), first
            old = self._member.get(outage)
            self._member[outage] = name
            self._sizes[name] += 1
            if old is not None:
                self._sizes[old] -= 1
            if old is not None and not self._sizes[old] and old[:2] == name[:2]:
                self._incidents.pop(old, None)

    def _edge(self, idx: int, leaf: Leaf) -> Raw:
        del idx
        event = event_from(leaf)
        subject = event.target, event.point
        outage = (subject, to_us(event.outage.first_fail_at)) if event.outage else None
        return event_row(subject, event, outage)

    def _round(self, idx: int, leaf: Leaf) -> Raw:
        del idx
        controls = controls_from(self.replay.refer(leaf["panel"]), leaf["at"])
        run = self.runs.get(self._alive.get(leaf["point"], -1))
        if run is not None and run["stopped_at"] is None:
            run["alive_at"] = to_us(controls.at)
        return {
            "subject_id": ("", leaf["point"]),
            "at": controls.at,
            "controls_id": replace(controls, at=DAWN),
        }

    def _clock(self, idx: int, leaf: Leaf) -> Raw:
        del idx
        reading = clock_from(leaf)
        return {
            "point": leaf["point"],
            "at": reading.at,
            "server": reading.server,
            "offset_us": reading.offset_us,
            "dispersion_us": reading.dispersion_us,
            "stratum": reading.stratum,
        }

    def _gap(self, idx: int, leaf: Leaf) -> Raw:
        del idx
        gap = gap_from(leaf)
        return {
            "subject_id": (gap.target, gap.point),
            "from_at": gap.from_at,
            "to_at": gap.to_at,
            "slots": gap.slots,
            "cause": gap.cause,
        }

    def _run(self, idx: int, leaf: Leaf) -> None:
        at = to_us(read_instant(leaf["at"]))
        if leaf["edge"] == "stop":
            if leaf["start"] not in self.runs:
                raise ValueError("l’arrêt d’un service qui n’avait pas démarré")
            self.runs[leaf["start"]] |= {"alive_at": at, "stopped_at": at}
            return
        if leaf["edge"] != "start":
            raise ValueError(f"edge : mot inconnu, {leaf['edge']!r}")
        self._life += 1
        self.replay.restarted(read_instant(leaf["at"]))
        setup = self.replay.refer(leaf["setup"])
        self.runs[idx] = run_row(idx, leaf, setup, at)
        self._alive[setup["point"]] = idx

    def _capture(self, idx: int, leaf: Leaf) -> Raw:
        del idx
        capture = capture_from(leaf)
        return capture_row((capture.target, capture.point), capture)

    def _rendering(self, idx: int, leaf: Leaf) -> Raw:
        del idx
        shown = rendering_from(leaf)
        subject = shown.target, shown.point
        return rendering_row(subject, shown, observation=leaf["observation"])

    def _token(self, idx: int, leaf: Leaf) -> Raw:
        del idx
        return {
            "size": leaf["size"],
            "authority": leaf["authority"],
            "at": read_instant(leaf["at"]),
            "sha256": bytes.fromhex(leaf["sha256"]),
            "file": f"journal/horodatages/{leaf['sha256']}",
        }

    def _change(self, idx: int, leaf: Leaf) -> Raw:
        return self.pages.change(idx, leaf)

    def _annotation(self, idx: int, leaf: Leaf) -> Raw:
        return annotation_row(annotation_from(leaf, number=idx))

    def outages_of(self, target: str, point: str) -> set[int]:
        """Return the first failing checks of the outages of a target."""
        return {to_us(first) for (key, first) in self._outages if key == (target, point)}


_READ: Mapping[str, Callable[[FromLeaves, int, Leaf], Raw]] = {
    "observation": FromLeaves._check,  # noqa: SLF001 -- our own
    "outage": FromLeaves._edge,  # noqa: SLF001
    "blip": FromLeaves._edge,  # noqa: SLF001
    "round": FromLeaves._round,  # noqa: SLF001
    "clock": FromLeaves._clock,  # noqa: SLF001
    "gap": FromLeaves._gap,  # noqa: SLF001
    "capture": FromLeaves._capture,  # noqa: SLF001
    "rendering": FromLeaves._rendering,  # noqa: SLF001
    "token": FromLeaves._token,  # noqa: SLF001
    "change": FromLeaves._change,  # noqa: SLF001
    "annotation": FromLeaves._annotation,  # noqa: SLF001
}
