"""A few kills of the real service, each of its kind: `make torture` does hundreds."""

from pathlib import Path

import pytest

from bench.torture import torture
from tests.support.postgres import find_postgres

pytestmark = pytest.mark.timeout(600)
SAID: list[object] = []


def test_killed_on_sqlite_it_loses_nothing(tmp_path: Path) -> None:
    report = torture(tmp_path, kills=3, seed=7, late_s=2, postgres=False, tell=SAID.append)

    assert not report.faults, report
    assert report.done == {"early": 1, "late": 1, "making": 1}
    assert report.leaves > 20


def test_killed_with_its_database_server_it_loses_nothing(tmp_path: Path) -> None:
    if find_postgres() is None:
        pytest.skip("no PostgreSQL server here (Debian: apt install postgresql)")
    report = torture(tmp_path, kills=3, seed=7, late_s=2, postgres=True, tell=SAID.append)

    assert not report.faults, report
    assert report.done == {"early": 1, "late": 1, "database": 1}
