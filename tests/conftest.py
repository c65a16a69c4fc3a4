"""What holds for every test."""

import logging
import os
import sys
from collections.abc import Generator

import pytest
import structlog
from hypothesis import settings

from tests.support.spreading import LONGEST, spread

# No verdict depends on how fast the machine is.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

# Bytecode is written whatever the environment says: without it each worker rewrites every test
# anew (5 s), and each program that a test starts compiles every module that it imports.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(autouse=True)
def _logging_of_no_command() -> None:
    """Forget the logging of a command that ran here before: its output may be closed by now.

    A fixture of a whole module may have run it, so this comes before each test.
    """
    root = logging.getLogger()
    root.handlers[:] = [one for one in root.handlers if type(one).__module__.startswith("_pytest")]
    root.setLevel(logging.WARNING)
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _no_browser_but_by_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find no browser by itself: the targets that are shipped would start one in any test."""
    monkeypatch.setattr("monitor.browser.executable.NAMES", ("no-browser-of-a-test",))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests, where several workers share them."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    by_module: dict[str, list[pytest.Item]] = {name: [] for name in LONGEST}
    for item in items:
        name = item.nodeid.partition("::")[0].removeprefix("tests/")
        by_module.get(name, []).append(item)
    items[:] = spread(items, [group for group in by_module.values() if group], workers)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that skips fails: a missing tool must not pass for a check that was made."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, and with CI=true nothing may be: {report.longrepr}"
    return report
