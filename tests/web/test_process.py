"""The pages' process: what happens to it never happens to the record, nor the other way round."""

import asyncio
import os
import resource
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, suppress
from multiprocessing import get_context
from pathlib import Path

import pytest

from bench.flood import attack, let_loose
from monitor.config.settings import read_settings
from monitor.web.serving.messages import LENGTH_BYTES, Order, packed, unpacked
from monitor.web.serving.page_process import RestartDelay
from tests.support.reads import config
from tests.support.service import (
    LocalSite,
    Service,
    allow_time,
    count_checks,
    free_port,
    running,
    wait_until,
    write_config,
)

FEW_OPEN = 1024
EVERY_S = 4  # a target is checked, and may take nearly as long: four hundred times what it needs
PATHS = (
    "/", "/metrics", "/modifications", "/informations", "/cibles/cible-0", "/nulle-part",
    "/api/v1/", "/api/v1/targets", "/api/v1/observations?target=cible-0", "/api/v1/availability",
)  # fmt: skip

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    site = LocalSite()
    configured = write_config(folder / "config", site=site.port, control=site.port)
    allow_time(configured, seconds=EVERY_S)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, FEW_OPEN), hard))  # as most systems do
    try:
        with running(configured, folder / "data") as started:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            wait_until(lambda: b"cible-1" in started.get("/metrics"), started.process)
            yield started
            assert started.stop() == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        site.stop()


def pages_of(service: Service) -> int:
    """Return the number of the process that serves the pages."""
    own = service.process.pid
    (found,) = Path(f"/proc/{own}/task/{own}/children").read_text().split()
    return int(found)


def test_an_order_comes_out_as_it_went_in(tmp_path: Path) -> None:
    order = Order(
        config=config([]),
        settings=read_settings({"VIGIE_DATABASE_URL": "postgresql://a:secret@b/c"}, data=tmp_path),
        version="1",
        journal=tmp_path,
        journal_key="k",
        log_level=20,
    )

    assert unpacked(packed(order)[LENGTH_BYTES:]) == order


@pytest.mark.parametrize("name", ["idle", "slow", "unread", "at_once", "readers"])
async def test_the_record_is_whole_whatever_visitors_do(service: Service, name: str) -> None:
    """How soon is for `make flood` to say, on a machine that has nothing else to do."""
    data = service.log.parent / "data"
    before = count_checks(data)

    async def until_checked() -> dict[int, int]:
        loop = asyncio.get_running_loop()
        answers = await loop.run_in_executor(strangers, let_loose, name, service.port, 4, PATHS)
        await asyncio.to_thread(wait_until, lambda: count_checks(data) > before)
        return answers

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as strangers:
        found = await attack(
            name,
            until_checked,
            port=service.port,
            data=data,
            alive=lambda: service.process.poll() is None,
        )
    wait_until(lambda: _answers(service), service.process)

    assert found.alive
    assert found.sante[200] > 0
    assert (found.gaps, found.down) == (0, 0)
    assert found.checks > 0


def test_no_visitor_takes_a_descriptor_of_the_process_that_checks(service: Service) -> None:
    before = len(list(Path(f"/proc/{service.process.pid}/fd").iterdir()))
    with ExitStack() as held:
        for _ in range(100):
            with suppress(OSError):
                held.enter_context(socket.create_connection(("127.0.0.1", service.port)))
        assert b'"etat"' in service.get("/sante")
        now = len(list(Path(f"/proc/{service.process.pid}/fd").iterdir()))
    assert now < before + 50


def test_descriptors_are_asked_for_at_the_start(service: Service) -> None:
    soft, hard = resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)

    assert soft == min(hard, 65_536)


def test_the_pages_give_way_when_processor_or_memory_is_short(service: Service) -> None:
    own, pages = service.process.pid, pages_of(service)

    assert os.getpriority(os.PRIO_PROCESS, pages) > os.getpriority(os.PRIO_PROCESS, own)
    scores = [int(Path(f"/proc/{one}/oom_score_adj").read_text()) for one in (own, pages)]
    assert scores[0] < scores[1]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_pages_that_die_come_back_and_the_record_goes_on(service: Service, number: int) -> None:
    dead = pages_of(service)
    os.kill(dead, number)
    wait_until(lambda: _answers(service), service.process)

    assert pages_of(service) != dead
    assert b"anef_target_state" in service.get("/metrics")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_for_the_whole_group_leave_the_pages_to_the_service(
    service: Service, number: int
) -> None:
    before = pages_of(service)
    os.kill(before, number)

    assert b'"etat"' in service.get("/sante")
    assert pages_of(service) == before


def _answers(service: Service) -> bool:
    with suppress(OSError):
        return b'"etat"' in service.get("/sante")
    return False


def test_pages_are_started_again_at_once_unless_they_keep_ending_soon() -> None:
    delay = RestartDelay()
    assert [delay.after(0.5) for _ in range(9)] == [0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert delay.after(60) == 0
    assert [delay.after(59.9), delay.after(3_600), delay.after(1)] == [1, 0, 1]


def test_pages_end_with_a_service_that_is_killed(tmp_path: Path) -> None:
    """What is started again must find its address free."""
    site = LocalSite()
    configured = write_config(tmp_path / "config", site=site.port, control=free_port())
    try:
        with running(configured, tmp_path / "data") as killed:
            killed.kill()
            wait_until(lambda: _is_free(killed.port))
    finally:
        site.stop()


def _is_free(port: int) -> bool:
    with socket.socket() as scout:
        scout.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            scout.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
