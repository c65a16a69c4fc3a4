"""The ledger remembers few of the leaves that others point at, and finds all of them."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from monitor.store import migrate
from monitor.store.writing import journal_appender
from monitor.store.writing.journal_appender import JournalAppender


def test_a_leaf_that_is_pointed_at_is_written_once_however_long_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_appender, "REFERENCES", 8)
    url = f"sqlite:///{tmp_path / 'vigie.sqlite'}"
    migrate(url)
    written = JournalAppender()
    with create_engine(url).begin() as connection:
        first = [written.refer(connection, {"type": "x", "n": one}) for one in range(100)]
        written.flush(connection)
        again = [written.refer(connection, {"type": "x", "n": one}) for one in range(100)]
        written.flush(connection)

    assert first == again
    assert 100 == len(set(first))
    assert len(written._references) <= 8
