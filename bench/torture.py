"""Kills the service with -9 again and again: each slot must be a check or a gap, and all verify.

    python -m bench.torture --kills 300 --seed 1

A third of the kills come in the first second after a start. The database is SQLite in a folder
that is thrown away, or the empty one of --database; the server of that one is not killed here.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from bench.local import free_port, process, wait_for
from bench.plan import Plan, write
from monitor.config import load
from monitor.core.gaps import missing
from monitor.core.slots import grids
from monitor.store import Store

EARLY_S = 1.0
LATE_S = 12.0
PATIENT_S = 120.0  # for the last run, which is stopped and not killed


def main() -> int:
    """Return 0 when everything holds after the last kill, 1 when not."""
    options = argparse.ArgumentParser(prog="python -m bench.torture", description=__doc__)
    options.add_argument("--kills", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--database", default="", help="postgresql://… of an empty database")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigie-torture-") as made:
        return torture(Path(made), asked.kills, asked.seed, asked.database)


def torture(folder: Path, kills: int, seed: int, database: str) -> int:
    """Kill, stop once, and look at what is left."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable, no secret
    plan = Plan(targets=12, interval_s=5)
    port, data = free_port(), folder / "data"
    url = database or f"sqlite:///{data / 'vigie.sqlite'}"
    watched = [sys.executable, "-m", "bench.site", f"--port={port}", f"--folder={folder}"]
    with process([*watched, *plan.hosts, *plan.controls], log=folder / "site.log") as server:
        wait_for(server, port=port, host=plan.hosts[-1])
        write(plan, folder=folder / "config", port=port, ca=folder / "ca.pem")
        kept: set[bytes] = set()
        for number in range(kills):
            early = number % 3 == 0
            run_for(folder, database, chance.uniform(0, EARLY_S if early else LATE_S))
            with suppress(FileNotFoundError):
                kept.add((data / "journal" / "checkpoint").read_bytes())
        run_for(folder, database, LATE_S, number=signal.SIGTERM)
        lost = unaccounted(folder / "config", url)
        good = verified(folder, database, kept)
    print(f"{kills} kills, {len(kept)} checkpoints kept, {len(lost)} slots in nothing")
    print("\n".join(lost[:20]))
    return 0 if good and not lost else 1


def environment(database: str) -> dict[str, str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("VIGIE_")}
    more = {"VIGIE_DATABASE_URL": database} if database else {}
    return {**clean, **more, "VIGIE_LISTEN": f"127.0.0.1:{free_port()}"}


def run_for(folder: Path, database: str, seconds: float, *, number: int = signal.SIGKILL) -> None:
    """Start the service, let it live so long after its page is up, and end it."""
    command = [sys.executable, "-m", "monitor.cli", "run"]
    command += [f"--config={folder / 'config'}", f"--data={folder / 'data'}"]
    with (
        (folder / "vigie.log").open("w+") as log,
        subprocess.Popen(
            command, env=environment(database), stdout=log, stderr=log, start_new_session=True
        ) as service,
    ):
        wait_for_start(service, folder / "vigie.log")
        time.sleep(seconds)
        if service.poll() is not None:
            raise SystemExit(f"ended by itself\n{(folder / 'vigie.log').read_text()[-2000:]}")
        service.send_signal(number)
        service.wait(PATIENT_S)
        if number == signal.SIGKILL:
            with suppress(ProcessLookupError):
                os.killpg(service.pid, number)  # the pages, which are a process of their own


def wait_for_start(service: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(int(PATIENT_S / 0.05)):
        if service.poll() is not None or "Page :" in log.read_text():
            return
        time.sleep(0.05)


def unaccounted(config: Path, url: str) -> list[str]:
    """Return the slots, from the first start to the last stop, that are no check and in no gap."""
    targets = load(config).targets
    found: list[str] = []
    with Store.open(url, point="local", writer=False) as store:
        runs = store.runs()
        since, until = runs[0].started_at, runs[-1].stopped_at
        if until is None:
            return ["the last run has no end"]
        known = store.gaps(since, until)
        for slug, grid in grids(targets).items():
            after = until + timedelta(hours=1)
            seen = {check.slot_at for check in store.observations(slug, since, after)}
            mine = [gap for gap in known if gap.target in {slug, ""}]
            lost = missing(grid.between(since, until), seen, mine)
            found += [f"{slug} {slot.isoformat()}" for slot in lost]
    return found


def verified(folder: Path, database: str, kept: set[bytes]) -> bool:
    """Verify the record, and that it extends every checkpoint that was ever published."""
    older: list[str] = []
    for number, note in enumerate(kept):
        path = folder / f"checkpoint-{number}"
        path.write_bytes(note)
        older += ["--older", str(path)]
    command = [sys.executable, "-m", "monitor.cli", "verify", str(folder / "data"), *older]
    done = subprocess.run(
        command, env=environment(database), capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-2000:])
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
