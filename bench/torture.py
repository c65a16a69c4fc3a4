"""Kills the service again and again: each slot must be a check or a gap, and all verify.

    python -m bench.torture --kills 300 --seed 1 [--postgres]

It is killed with -9 each time. A third of the kills come in the first second after a start, a
third at any time. For the last third, with --postgres, the throw-away database server is killed
under the service, by SIGKILL or SIGQUIT, and started again. SQLite has no server: there it is
killed while it makes its database, while it stops and seals, or while `vigie seal` signs.

After each one the leaves must follow each other without a hole, the record must verify and
extend every checkpoint that was ever published, and every slot before the last start must be a
check or in a gap.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import create_engine, func, select

from bench.local import free_port, process, wait_for
from bench.plan import Plan, write
from monitor.config import load
from monitor.core.outages.gaps import missing
from monitor.core.scheduling.slots import grids
from monitor.store import Store
from monitor.store.engine import parse
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.journal_tables import LeafRow
from tests.support.postgres import PostgresServer, find_postgres, running_postgres

EARLY_S = 1.0
LATE_S = 12.0
MAKING_S = 2.0  # from the start of the process: it makes its database in that time
SEALING_S = 1.5
LOSS_S = 3.0  # that the service lives on without its database, if it does
PATIENT_S = 120.0  # for what ends by itself
KINDS = ("early", "late", "database")
ON_SQLITE = ("making", "stopping", "sealing")  # in the place of "database"
KNOWN = 2  # exit code of a fault that is said in a sentence


def main() -> int:
    """Return 0 when everything held after each kill, 1 when not."""
    options = argparse.ArgumentParser(prog="python -m bench.torture", description=__doc__)
    options.add_argument("--kills", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--postgres", action="store_true", help="on a server of its own")
    options.add_argument("--late", type=float, default=LATE_S, help="seconds of a long life")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigie-torture-") as made:
        report = torture(
            Path(made), kills=asked.kills, seed=asked.seed, late_s=asked.late, tell=print,
            postgres=asked.postgres,
        )  # fmt: skip
    print(report)
    return 1 if report.faults else 0


@dataclass
class Found:
    """What was done and seen. `faults` are sentences; none when everything held."""

    done: Counter[str] = field(default_factory=Counter)
    checkpoints: int = 0
    leaves: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return one line of summary, and a line for each fault."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.done.items()))
        first = f"kills: {kinds}; {self.leaves} leaves, {self.checkpoints} checkpoints extended"
        return "\n".join([first, *self.faults[:20], f"{len(self.faults)} faults"])


def torture(  # noqa: PLR0913 -- keyword-only
    folder: Path,
    *,
    kills: int,
    seed: int,
    late_s: float,
    postgres: bool,
    tell: Callable[[str], object],
) -> Found:
    """Kill that often, looking at the record after each, then stop once and look again."""
    plan = Plan(targets=12, interval_s=5)
    port, found = free_port(), Found()
    watched = [sys.executable, "-m", "bench.site", f"--port={port}", f"--folder={folder}"]
    with (
        process([*watched, *plan.hosts, *plan.controls], log=folder / "site.log") as site,
        database(folder / "data", postgres=postgres) as (url, server),
    ):
        wait_for(site, port=port, host=plan.hosts[-1])
        write(plan, folder=folder / "config", port=port, ca=folder / "ca.pem")
        subject = Subject(folder, url, server, random.Random(seed), late_s)  # noqa: S311 -- repeatable
        for number in range(kills):
            kind = KINDS[number % 3]
            if kind == "database" and server is None:
                kind = ON_SQLITE[number // 3 % 3]
            subject.kill(kind, found)
            found.done[kind] += 1
            subject.look(found, f"kill {number}, {kind}")
            if number % 10 == 9:  # noqa: PLR2004 -- now and then
                tell(str(found))
        subject.stop(found)
        subject.look(found, "the end")
    found.checkpoints = len(subject.kept)
    return found


@contextmanager
def database(data: Path, *, postgres: bool) -> Iterator[tuple[str, PostgresServer | None]]:
    """Give the URL of an empty database, and the server that may be killed."""
    if not postgres:
        yield f"sqlite:///{data / 'vigie.sqlite'}", None
        return
    programs = find_postgres()
    if programs is None:
        raise SystemExit("no PostgreSQL on this machine: install it, or leave --postgres out")
    with running_postgres(programs) as server:
        yield server.url(server.create()), server


class Subject:
    """The service on one folder and one database, its lives and its ends."""

    def __init__(  # noqa: PLR0913 -- what a life depends on
        self,
        folder: Path,
        url: str,
        server: PostgresServer | None,
        chance: random.Random,
        late_s: float,
        *,
        data: str = "data",
    ) -> None:
        self._data = data  # below the folder
        self._folder, self._url, self._server = folder, url, server
        self._chance, self._late_s = chance, late_s
        self._log = folder / "vigie.log"
        self.kept: set[bytes] = set()  # checkpoints that were published

    def kill(self, kind: str, found: Found) -> None:
        """Start the service, and end it as `kind` says."""
        match kind:
            case "making":
                self._while_making(found)
            case "sealing":
                self._while_sealing()
            case _:
                self._while_it_serves(kind, found)

    def stop(self, found: Found) -> None:
        """Let the service live a little, and stop it as an operator does."""
        with self._running("run") as service:
            self._wait_for_start(service)
            time.sleep(self._late_s)
            service.send_signal(signal.SIGTERM)
            if service.wait(PATIENT_S):
                found.faults.append(f"stopped with {service.returncode}: {self._said()}")

    def look(self, found: Found, when: str) -> None:
        """Look at all that is left, and add what is wrong."""
        faults = self._verified()
        leaves, more = whole(self._url)
        found.leaves = max(found.leaves, leaves)
        faults += more + unaccounted(self._folder / "config", self._url)
        found.faults += [f"{when}: {fault}" for fault in faults[:5]]

    def _while_it_serves(self, kind: str, found: Found) -> None:
        with self._running("run") as service:
            self._wait_for_start(service)
            time.sleep(self._chance.uniform(0, EARLY_S if kind == "early" else self._late_s))
            if service.poll() is not None:
                found.faults.append(f"ended by itself ({service.returncode}): {self._said()}")
            elif kind == "database":
                self._without_its_database(service, found)
            elif kind == "stopping":
                service.send_signal(signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    service.wait(self._chance.uniform(0, SEALING_S))
            service.kill()
        with suppress(FileNotFoundError):
            self.kept.add((self._folder / "data" / "journal" / "checkpoint").read_bytes())

    def _without_its_database(self, service: subprocess.Popen[bytes], found: Found) -> None:
        """Kill the server of the database; the service may end by itself, with a sentence."""
        assert self._server is not None  # noqa: S101 -- the kind of kill says so
        self._server.crash(self._chance.choice((signal.SIGKILL, signal.SIGQUIT)))
        with suppress(subprocess.TimeoutExpired):
            if service.wait(self._chance.uniform(0, LOSS_S)) != KNOWN:
                found.faults.append(f"lost its database, {service.returncode}: {self._said()}")
        service.kill()
        service.wait()
        self._server.start()

    def _while_sealing(self) -> None:
        with self._running("seal") as sealing, suppress(subprocess.TimeoutExpired):
            sealing.wait(self._chance.uniform(0, SEALING_S))

    def _while_making(self, found: Found) -> None:
        """Kill a service that makes its database, in a folder of its own; it must then start."""
        name = f"made-{len(list(self._folder.glob('made-*')))}"
        url = f"sqlite:///{self._folder / name / 'vigie.sqlite'}"
        other = Subject(self._folder, url, None, self._chance, EARLY_S, data=name)
        with other._running("run"):
            time.sleep(self._chance.uniform(0, MAKING_S))
        other.stop(found)
        other.look(found, name)

    @contextmanager
    def _running(self, command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command; at the end of the block it is killed, with its pages' process."""
        words = [sys.executable, "-m", "monitor.cli", command]
        words += [f"--config={self._folder / 'config'}", f"--data={self._folder / self._data}"]
        with (
            self._log.open("wb") as log,
            subprocess.Popen(
                words, env=self._environment(), stdout=log, stderr=log, start_new_session=True
            ) as service,
        ):
            try:
                yield service
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(service.pid, signal.SIGKILL)

    def _wait_for_start(self, service: subprocess.Popen[bytes]) -> None:
        for _ in range(int(PATIENT_S / 0.05)):
            if service.poll() is not None or "Page :" in self._log.read_text(errors="replace"):
                return
            time.sleep(0.05)

    def _said(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if name[:6] != "VIGIE_"}
        more = {"VIGIE_LISTEN": f"127.0.0.1:{free_port()}", "VIGIE_DATABASE_URL": self._url}
        return clean | more

    def _verified(self) -> list[str]:
        """Verify the record, and that it extends every checkpoint that was ever published."""
        older: list[str] = []
        for number, note in enumerate(self.kept):
            path = self._folder / f"checkpoint-{number}"
            path.write_bytes(note)
            older += ["--older", str(path)]
        data = self._folder / self._data
        if not (data / "journal" / "checkpoint").exists():
            return []  # killed before anything was signed
        words = [sys.executable, "-m", "monitor.cli", "verify", str(data), *older]
        words += [f"--config={self._folder / 'config'}"]
        done = subprocess.run(
            words, env=self._environment(), capture_output=True, text=True, check=False
        )
        return [done.stdout[-4000:] + done.stderr[-2000:]] if done.returncode else []


def whole(url: str) -> tuple[int, list[str]]:
    """Count the leaves; say it when those that are still in SQL do not follow each other."""
    idx = table_of(LeafRow).c.idx
    engine = create_engine(parse(url))
    with engine.connect() as connection:
        seen, first, last = connection.execute(
            select(func.count(), func.min(idx), func.max(idx)).select_from(table_of(LeafRow))
        ).one()
    engine.dispose()
    if not seen:
        return 0, []
    lost = last - first + 1 - seen
    return last + 1, [f"{lost} leaves are missing from {first} to {last}"] if lost else []


def unaccounted(config: Path, url: str) -> list[str]:
    """Return the slots that are no check and in no gap.

    From the first start to the last one, at which what was lost before is said, or to its stop.
    """
    targets = load(config).targets
    found: list[str] = []
    with Store.open(url, point="local", writer=False) as store:
        runs = store.runs()
        if not runs:
            return []
        since, until = runs[0].started_at, runs[-1].stopped_at or runs[-1].started_at
        known = store.gaps(since, until)
        for slug, grid in grids(targets).items():
            after = until + timedelta(hours=1)
            seen = {check.slot_at for check in store.observations(slug, since, after)}
            mine = [gap for gap in known if gap.target in {slug, ""}]
            lost = missing(grid.between(since, until), seen, mine)
            found += [f"{slug} {slot.isoformat()} is no check and in no gap" for slot in lost]
    return found


if __name__ == "__main__":
    sys.exit(main())
