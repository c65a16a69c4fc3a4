"""The real service in a process of its own: what happens to it, and what it leaves."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.error import HTTPError

import pytest

from monitor.core.model import GapCause, Verdict
from monitor.store import Store
from tests.support.service import (
    PATIENT_S,
    LocalSite,
    allow_time,
    count_checks,
    environment,
    free_port,
    running,
    values,
    vigie,
    vigie_here,
    wait_until,
    write_config,
)

DAWN = datetime.fromisoformat("2020-01-01T00:00:00Z")
DUSK = datetime.fromisoformat("2100-01-01T00:00:00Z")


@pytest.fixture
def site() -> Iterator[LocalSite]:
    site = LocalSite()
    yield site
    site.stop()


@pytest.fixture
def config(tmp_path: Path, site: LocalSite) -> Iterator[Path]:
    control = LocalSite()
    yield write_config(tmp_path / "config", site=site.port, control=control.port)
    control.stop()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def store_of(data: Path) -> Store:
    return Store.open(f"sqlite:///{data}/vigie.sqlite", point="local", writer=False)


def open_outages(data: Path) -> int:
    query = "SELECT count(*) FROM outage JOIN subject ON subject.id = subject_id"
    (count,) = values(data, f"{query} WHERE target = 'cible-0' AND first_ok_at IS NULL")
    return int(count)


def test_a_service_makes_its_database_checks_and_stops_when_told(config: Path, data: Path) -> None:
    allow_time(config, seconds=6)
    with running(config, data, makes_database=True) as service:
        wait_until(lambda: count_checks(data) >= 2)
        assert service.stop() == 0

    with store_of(data) as store:
        (run,) = store.runs()
        assert run.stopped_at is not None
        assert {c.verdict for c in store.observations("cible-0", DAWN, DUSK)} == {Verdict.UP}


def test_an_outage_opens_and_closes_and_is_in_the_log(
    config: Path, data: Path, site: LocalSite
) -> None:
    def outages(*words: str) -> str:
        return vigie_here("outages", "--config", config, "--data", data, *words).stdout

    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= 1)
        site.status = 503
        wait_until(lambda: open_outages(data) == 1)
        assert "cible-0" in outages("--open", "--format", "csv")
        site.status = 200
        # The outage of one target may be confirmed just after that of another is over.
        wait_until(lambda: json.loads(outages("--open", "--json"))["outages"] == [])
        assert open_outages(data) == 0
        service.stop()

    (outage, *_) = json.loads(outages("--json", "--target", "cible-0"))["outages"]
    framing = [
        outage[name] for name in ("last_ok_at", "first_fail_at", "last_fail_at", "first_ok_at")
    ]
    assert framing == sorted(framing)
    assert 0 < outage["shortest_s"] < outage["longest_s"]
    assert "durée minimale" in outages()
    assert outages("--to", "2020-01-01", "--format", "csv").startswith("number,target,name,")


def test_the_log_keeps_the_outages_of_a_target_that_the_list_no_longer_names(
    config: Path, data: Path, site: LocalSite
) -> None:
    """What was recorded must not vanish with an edit of the configuration."""

    def log(*words: str) -> list[dict[str, object]]:
        output = vigie_here("outages", "--json", "--config", config, "--data", data, *words).stdout
        document: list[dict[str, object]] = json.loads(output)["outages"]
        return [one for one in document if one["target"] == "cible-0"]

    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= 1)
        site.status = 503
        wait_until(lambda: open_outages(data) >= 1)
        assert log("--open")
        service.stop()
    (whole,) = log()
    listed = config / "targets" / "essai.toml"
    listed.write_text(listed.read_text().replace('"cible-0"', '"autre-cible"'))

    (outage,) = log()
    assert outage == whole | {"watched": False}
    assert [outage] == log("--target", "cible-0")
    table = vigie_here("outages", "--config", config, "--data", data).stdout
    assert "cible retirée de la liste" in table


@pytest.mark.parametrize("attempt", range(3))
def test_a_service_killed_at_any_moment_leaves_a_gap_and_no_invented_outage(
    config: Path, data: Path, attempt: int
) -> None:
    """Kill -9, start again: the store opens, each slot is a check or a gap."""
    allow_time(config, seconds=3)
    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= 1 + attempt)
        service.kill()
    before = count_checks(data)

    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= before + 2)
        service.stop()

    with store_of(data) as store:
        first, second = store.runs()
        assert first.stopped_at is None
        gaps = store.gaps(DAWN, DUSK)
        absence = [g for g in gaps if g.cause is GapCause.STOPPED and g.target == ""]
        assert store.outages() == ()
        observed = store.observations("cible-0", DAWN, DUSK)
        holes = [
            (earlier.slot_at, later.slot_at)
            for earlier, later in pairwise(observed)
            if later.slot_at - earlier.slot_at > timedelta(seconds=4.5)
        ]
        for since, until in holes:
            covered = [g for g in gaps if g.target in {"", "cible-0"}]
            assert any(g.from_at <= until and g.to_at >= since for g in covered), (holes, gaps)
        assert all(gap.to_at <= second.started_at for gap in absence)


def test_two_services_on_one_store_are_refused(config: Path, data: Path) -> None:
    with running(config, data):
        second = vigie("run", "--config", config, "--data", data, port=free_port())

    assert second.returncode == 2
    assert "Traceback" not in second.stderr
    assert "déjà" in second.stderr


def test_a_port_in_use_is_said_with_its_cure(config: Path, data: Path, site: LocalSite) -> None:
    refused = vigie("run", "--config", config, "--data", data, port=site.port)

    assert refused.returncode == 2
    assert f"127.0.0.1:{site.port}" in refused.stderr
    assert "VIGIE_LISTEN" in refused.stderr
    assert not data.exists()


def test_a_data_folder_that_cannot_be_made_is_said(config: Path, tmp_path: Path) -> None:
    (tmp_path / "fichier").write_text("")

    refused = vigie(
        "run", "--config", config, "--data", tmp_path / "fichier" / "data", port=free_port()
    )

    assert refused.returncode == 2
    assert "--data" in refused.stderr


def test_a_bad_configuration_is_refused_before_anything_is_touched(
    config: Path, data: Path
) -> None:
    text = (config / "vigie.toml").read_text()
    (config / "vigie.toml").write_text(text.replace("needed = 1", "needed = 9"))

    refused = vigie("run", "--config", config, "--data", data, port=free_port())

    assert refused.returncode == 2
    assert refused.stderr.startswith("vigie.toml: controls.needed: 9:")
    assert not data.exists()


def test_a_database_of_another_version_is_refused(config: Path, data: Path) -> None:
    data.mkdir()
    vigie_here("migrate", "--config", config, "--data", data)
    with sqlite3.connect(data / "vigie.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    refused = vigie("run", "--config", config, "--data", data, port=free_port())

    assert refused.returncode == 2
    assert "9999" in refused.stderr


def test_a_full_disk_stops_the_service_and_loses_nothing_recorded(config: Path, data: Path) -> None:
    """A limit on the size of files stands for the end of the disk."""
    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= 2)
        recorded = count_checks(data)
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (1, 1))
        code = service.process.wait(PATIENT_S)

    assert code not in {0, None}
    assert count_checks(data) >= recorded


def test_a_pause_is_heeded_by_the_running_service(config: Path, data: Path) -> None:
    def paused_slots() -> int:
        return values(data, "SELECT cause FROM gap").count(GapCause.PAUSED.value)

    with running(config, data):
        wait_until(lambda: count_checks(data) >= 1)
        output = vigie_here("pause", "essai", "--why", "essai", "--config", config, "--data", data)
        assert (output.returncode, "en pause" in output.stdout) == (0, True)
        wait_until(lambda: paused_slots() >= 2)
        for record in ((), ("--record",)):
            probed = vigie_here("probe", "cible-0", *record, "--config", config, "--data", data)
            assert probed.returncode == 2
            assert record or "en pause (essai)" in probed.stderr
        forced = vigie_here("probe", "cible-0", "--force", "--config", config, "--data", data)
        assert forced.returncode == 0, forced.stderr
        before = count_checks(data)
        vigie_here("resume", "essai", "--config", config, "--data", data)
        wait_until(lambda: count_checks(data) > before)


def test_health_answers_for_supervisors(config: Path, data: Path) -> None:
    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= 1)
        well = vigie_here("health", port=service.port)
    ill = vigie_here("health", port=service.port)

    assert (well.returncode, json.loads(well.stdout)["etat"]) == (0, "ok")
    assert ill.returncode == 1


def test_a_stop_in_the_middle_of_a_probe_ends_in_time(config: Path, data: Path) -> None:
    with running(config, data) as service:
        os.kill(service.process.pid, signal.SIGINT)
        assert service.process.wait(PATIENT_S) == 0


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=["TERM", "INT", "HUP"]
)
def test_no_request_starts_after_a_signal_and_the_wait_is_said(
    tmp_path: Path, site: LocalSite, data: Path, number: signal.Signals
) -> None:
    """Eight pages of one platform wait for each other: all but the one in hand are sent away."""
    config = write_config(tmp_path / "config", site=site.port, control=site.port, targets=8)

    def pages() -> list[str]:
        """Return what was asked for; the control host's page judges the check in hand."""
        return [path for path in site.paths if path != "/"]

    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= 1)
        site.slow_s = 0.7
        before = len(site.agents)
        wait_until(lambda: len(site.agents) >= before + 3)
        os.kill(service.process.pid, number)
        wait_until(lambda: "Arrêt en cours" in service.log.read_text())
        asked = pages()
        assert service.process.wait(PATIENT_S) == 0

    assert pages() == asked
    said = next(line for line in service.log.read_text().splitlines() if "Arrêt" in line)
    assert "1 relevé finit" in said.replace("\xa0", " ").replace("\u202f", " ")
    with store_of(data) as store:
        (run,) = store.runs()
        assert run.stopped_at is not None
        assert GapCause.STOPPED in {gap.cause for gap in store.gaps(DAWN, DUSK)}


def test_a_second_signal_cuts_and_the_end_is_recorded_all_the_same(
    config: Path, site: LocalSite, data: Path
) -> None:
    """Of the check in hand nothing is recorded; one that had been waited for would be there."""
    allow_time(config, seconds=25)
    site.slow_s = 20.0
    with running(config, data) as service:
        wait_until(lambda: any(path.startswith("/page/") for path in site.paths))
        os.kill(service.process.pid, signal.SIGTERM)
        wait_until(lambda: "Arrêt en cours" in service.log.read_text())
        os.kill(service.process.pid, signal.SIGTERM)
        assert service.process.wait(PATIENT_S) == 0

    assert [count_checks(data, f"cible-{number}") for number in range(2)] == [0, 0]
    with store_of(data) as store:
        (run,) = store.runs()
        assert run.stopped_at is not None


def test_a_disk_that_fills_up_ends_the_service_with_one_sentence(config: Path, data: Path) -> None:
    """All that was recorded is there, and the next start goes on from it."""
    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= 2)
        assert service.stop() == 0
    where = ("--config", str(config), "--data", str(data))
    program = [sys.executable, "-m", "monitor.cli", "run", *where]
    with subprocess.Popen(
        program,
        env=environment(free_port()),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        recorded = count_checks(data)
        wait_until(lambda: count_checks(data) >= recorded + 2, process)
        recorded = count_checks(data)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, 1))
        _, said = process.communicate(timeout=PATIENT_S)

    assert process.returncode == 2
    lines = [line for line in said.splitlines() if not line.startswith(("Page", "À faire"))]
    assert len(lines) == 1, said
    assert "relancez" in lines[0]
    assert count_checks(data) >= recorded
    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= recorded + 2)
        assert service.stop() == 0
    verified = vigie_here("verify", data)
    assert verified.returncode == 0, verified.stdout
    with store_of(data) as store:
        assert GapCause.STOPPED in {gap.cause for gap in store.gaps(DAWN, DUSK)}


def test_nothing_of_a_reader_is_in_the_log(config: Path, data: Path) -> None:
    """A reader's address or question can reveal a foreigner's situation."""
    with running(config, data) as service:
        for path in ("/", "/?question=la-mienne", "/sante"):
            service.get(path)
        with pytest.raises(HTTPError):
            service.get("/question-indiscrete")
        assert service.stop() == 0

    log = service.log.read_text()
    assert "started" in log
    assert not [word for word in ("question", "sante", "GET", "HTTP/1.1") if word in log]
