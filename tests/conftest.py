"""What holds for every test."""

import os
import sys
from collections.abc import Generator

import pytest

# Bytecode is written whatever the environment says: without it each worker rewrites every test
# anew (5 s), and each program that a test starts compiles every module that it imports.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that skips fails: a missing tool must not pass for a check that was made."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, and with CI=true nothing may be: {report.longrepr}"
    return report
