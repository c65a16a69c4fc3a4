"""Vigie beside blackbox_exporter and Prometheus: the same HTTPS targets, one server, one window.

    python -m bench.peers --targets 1000 --rounds 3

All three run at once, so what else the machine does weighs on all: the ratio holds where the
milliseconds do not. Beside each round stand the noise of a fixed piece of work (its slowest run
over its fastest) and the load of the machine. Needs Debian's prometheus and
prometheus-blackbox-exporter.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import create_engine

from bench.__main__ import add_site_options, site_options
from bench.local import free_port, now, process, wait_for
from bench.measure import lateness_ms, sample, verdicts, wait_until_checked
from bench.plan import Plan, write
from monitor.store.engine import parse

SCRAPE_S = 15
PROBE_TIMEOUT_S = 9
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_BLACKBOX = f"""\
modules:
  http_2xx:
    prober: http
    timeout: {PROBE_TIMEOUT_S}s
    http: {{preferred_ip_protocol: ip4}}
"""
_PROMETHEUS = """\
global: {{scrape_interval: {interval}s, scrape_timeout: 10s}}
scrape_configs:
- job_name: pages
  metrics_path: /probe
  params: {{module: [http_2xx]}}
  file_sd_configs: [{{files: [targets.json]}}]
  relabel_configs:
  - {{source_labels: [__address__], target_label: __param_target}}
  - {{source_labels: [__param_target], target_label: instance}}
  - {{target_label: __address__, replacement: '127.0.0.1:{port}'}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one window cost each side, in milliseconds of CPU a check and megabytes.

    Attributes:
        noise: Slowest over fastest of the same piece of work, around the window.
        load: Load average of the machine at its end.
        succeeded: Probes of Prometheus that succeeded last, of all targets.

    """

    checks: int
    verdicts: dict[str, int]
    ours_ms: float
    blackbox_ms: float
    prometheus_ms: float
    ratio: float
    ours_mb: float
    pages_mb: float
    blackbox_mb: float
    prometheus_mb: float
    late_p99_ms: float
    scrape_ms: float
    noise: float
    load: float
    succeeded: int

    def line(self) -> str:
        theirs = self.blackbox_ms + self.prometheus_ms
        return (
            f"ratio {self.ratio:.2f}: {self.ours_ms:.2f} ms against {self.blackbox_ms:.2f} + "
            f"{self.prometheus_ms:.2f} = {theirs:.2f} ms; memory {self.ours_mb:.0f} + "
            f"{self.pages_mb:.0f} (pages) against {self.blackbox_mb:.0f} + "
            f"{self.prometheus_mb:.0f} MB; {self.checks} checks {self.verdicts}, late p99 "
            f"{self.late_p99_ms:.0f} ms; theirs up {self.succeeded}; longest scrape "
            f"{self.scrape_ms:.0f} ms; noise {self.noise:.2f}, load {self.load:.1f}"
        )


def usage(pid: int) -> tuple[float, float]:
    """Return the CPU seconds and the resident megabytes of one process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S, resident * 4_096 / 1e6


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in listed.split()]


def work_s(times: int = 12) -> list[float]:
    """Return what a fixed piece of work took, each time, in seconds of the wall clock."""
    taken = []
    for _ in range(times):
        start = now()
        sum(number * number for number in range(200_000))
        taken.append(now() - start)
    return taken


def one_round(plan: Plan, *, seconds: float, site: Sequence[str], folder: Path) -> Round:
    """Start all four programs, let every target be checked twice, then measure."""
    site_port, port, blackbox_port, prometheus_port = (free_port() for _ in range(4))
    watched = [sys.executable, "-m", "bench.site", f"--port={site_port}", f"--folder={folder}"]
    url = f"sqlite:///{folder}/data/vigie.sqlite"
    with process([*watched, *site, *plan.hosts, *plan.controls], log=folder / "s.log") as server:
        wait_for(server, port=site_port, host=plan.hosts[-1])
        write(plan, folder=folder / "config", port=site_port, ca=folder / "ca.pem")
        _write_theirs(plan, folder=folder, site_port=site_port, blackbox_port=blackbox_port)
        environ = {**os.environ, "VIGIE_LISTEN": f"127.0.0.1:{port}", "VIGIE_DATABASE_URL": url}
        service = [str(Path(sys.executable).with_name("vigie")), "run"]
        service += [f"--config={folder / 'config'}", f"--data={folder / 'data'}"]
        blackbox = ["prometheus-blackbox-exporter", f"--config.file={folder / 'blackbox.yml'}"]
        blackbox += [f"--web.listen-address=127.0.0.1:{blackbox_port}", "--log.level=error"]
        prometheus = ["prometheus", f"--config.file={folder / 'prometheus.yml'}"]
        prometheus += [f"--storage.tsdb.path={folder / 'series'}", "--log.level=warn"]
        prometheus += [f"--web.listen-address=127.0.0.1:{prometheus_port}"]
        trusting = {**os.environ, "SSL_CERT_FILE": str(folder / "ca.pem")}
        with (
            process(blackbox, environ=trusting, log=folder / "b.log") as exporter,
            process(prometheus, log=folder / "p.log") as scraper,
            process(service, environ=environ, log=folder / "v.log") as running,
        ):
            wait_for(running, port=port, host="127.0.0.1")
            wait_for(scraper, port=prometheus_port, host="127.0.0.1")
            engine = create_engine(parse(url))
            wait_until_checked(engine, plan)
            around = work_s()
            before = sample(pid=running.pid, engine=engine)
            theirs = usage(exporter.pid)[0], usage(scraper.pid)[0]
            started, scrape_s = now(), 0.0
            while (left := started + seconds - now()) > 0:
                time.sleep(min(SCRAPE_S, left))
                scrape_s = max(scrape_s, _taken(f"http://127.0.0.1:{port}/metrics"))
            after = sample(pid=running.pid, engine=engine)
            exporter_s, exporter_mb = usage(exporter.pid)
            scraper_s, scraper_mb = usage(scraper.pid)
            lasted, load = now() - started, os.getloadavg()[0]
            around += work_s()
            probes = plan.targets * lasted / plan.interval_s
            checks = after.checks - before.checks
            ours = 1_000 * (after.cpu_s - before.cpu_s) / checks
            blackbox_ms = 1_000 * (exporter_s - theirs[0]) / probes
            prometheus_ms = 1_000 * (scraper_s - theirs[1]) / probes
            late = lateness_ms(engine, after=before.checks, count=checks)
            return Round(
                checks=checks,
                verdicts=verdicts(engine, after=before.checks, count=checks),
                ours_ms=ours,
                blackbox_ms=blackbox_ms,
                prometheus_ms=prometheus_ms,
                ratio=ours / (blackbox_ms + prometheus_ms),
                ours_mb=after.memory_bytes / 1e6,
                pages_mb=sum(usage(child)[1] for child in children(running.pid)),
                blackbox_mb=exporter_mb,
                prometheus_mb=scraper_mb,
                late_p99_ms=late[checks * 99 // 100],
                scrape_ms=1_000 * scrape_s,
                noise=max(around) / min(around),
                load=load,
                succeeded=_succeeded(prometheus_port),
            )


def _write_theirs(plan: Plan, *, folder: Path, site_port: int, blackbox_port: int) -> None:
    (folder / "blackbox.yml").write_text(_BLACKBOX)
    asked = _PROMETHEUS.format(interval=plan.interval_s, port=blackbox_port)
    (folder / "prometheus.yml").write_text(asked)
    (folder / "targets.json").write_text(json.dumps([{"targets": plan.urls(site_port)}]))


def _taken(url: str) -> float:
    start = now()
    with urllib.request.urlopen(url) as answer:
        answer.read()
    return now() - start


def _succeeded(port: int) -> int:
    """Ask Prometheus how many of its last probes succeeded."""
    query = f"http://127.0.0.1:{port}/api/v1/query?query=sum(probe_success)"
    with urllib.request.urlopen(query) as answer:
        result = json.load(answer)["data"]["result"]
    return int(float(result[0]["value"][1])) if result else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--targets", type=int, default=1_000, help="default: 1000")
    parser.add_argument("--interval", type=int, default=20, help="seconds; default: 20")
    parser.add_argument("--seconds", type=int, default=60, help="measured a round; default: 60")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--json", action="store_true")
    add_site_options(parser)
    asked = parser.parse_args()
    plan = Plan(targets=asked.targets, interval_s=asked.interval)
    rounds = []
    for _ in range(asked.rounds):
        with tempfile.TemporaryDirectory(prefix="vigie-peers-") as folder:
            site = site_options(asked)
            rounds.append(one_round(plan, seconds=asked.seconds, site=site, folder=Path(folder)))
        print(json.dumps(asdict(rounds[-1])) if asked.json else rounds[-1].line(), flush=True)
    ratios = sorted(one.ratio for one in rounds)
    print(
        f"{asked.targets} targets every {asked.interval} s: ratio of CPU, median "
        f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
