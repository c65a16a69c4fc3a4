from collections.abc import Iterator

import pytest

from monitor.store import Store
from tests.support.databases import database_url, empty_url, postgres, sqlite_template

__all__ = ["database_url", "empty_url", "postgres", "sqlite_template"]


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store.open(database_url, point="local", writer=True, rest_s=0) as opened:
        yield opened
