"""The real service on the bench's site, as long measures and floods want it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.local import free_port, process, wait_for
from bench.plan import Plan, write


@contextmanager
def serving(
    plan: Plan, *, folder: Path, site: Sequence[str] = ()
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run both; yield the service and the port of its pages.

    Args:
        plan: What is watched, and how often.
        folder: Empty; takes the configuration, the data and the logs.
        site: Options of `bench.site`.

    """
    site_port, port = free_port(), free_port()
    watched = [sys.executable, "-m", "bench.site", f"--port={site_port}", f"--folder={folder}"]
    watched += [*site, *plan.hosts, *plan.controls]
    with process(watched, log=folder / "site.log") as server:
        wait_for(server, port=site_port, host=plan.hosts[-1])
        write(plan, folder=folder / "config", port=site_port, ca=folder / "ca.pem")
        service = [sys.executable, "-m", "monitor.cli", "run"]
        service += [f"--config={folder / 'config'}", f"--data={folder / 'data'}"]
        kept = {name: text for name, text in os.environ.items() if not name.startswith("VIGIE_")}
        environ = {**kept, "VIGIE_LISTEN": f"127.0.0.1:{port}"}
        with process(service, environ=environ, log=folder / "vigie.log") as running:
            wait_for(running, port=port, host="127.0.0.1")
            yield running, port
