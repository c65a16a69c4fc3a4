"""Fixtures: the same test on SQLite and on PostgreSQL, each on an empty migrated database."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.store import migrate
from tests.support.postgres import PostgresServer, find_postgres, running_postgres


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A server, and the name of a migrated database to copy."""

    server: PostgresServer
    template: str


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Start one server for the session (for the worker, under xdist)."""
    programs = find_postgres()
    if programs is None:
        reason = "no PostgreSQL server here (Debian: apt install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with running_postgres(programs) as server:
        template = server.create()
        migrate(server.url(template))
        yield Postgres(server=server, template=template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "vigie.sqlite"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of an empty, migrated database of one engine, then of the other."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'vigie.sqlite')}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.server.database(template=postgres.template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'vigie.sqlite'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.server.database() as url:
        yield url
