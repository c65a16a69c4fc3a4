"""A database made again from a record: its journal, its captures, its tokens."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from monitor.evidence import note
from monitor.evidence.journal import FOLDER
from monitor.evidence.reading import Reading
from monitor.evidence.tiles import Tiles
from monitor.evidence.witness import joined
from monitor.kept_files import KeptFiles, signed_from
from monitor.store import Store
from monitor.store.audit_rows import Named
from monitor.store.rebuild import Rebuilt, rebuild
from monitor.verification import verify
from tests.evidence.mutants.record import TARGETS, WITNESS, Made, key_of, make
from tests.support.databases import empty_url, postgres, sqlite_template
from tests.support.outcomes import at
from tests.support.service_days import ENVIRONMENT
from tests.support.tsa import Authority, authority

__all__ = ["empty_url", "postgres", "sqlite_template"]

ALONE = {"id", "asked_at", "checks"}  # columns that nothing vouches for
PAGES = ("page_change", "page_version", "page_text", "page_fact", "dead_link")


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, tsa: Authority) -> Made:
    return make(tmp_path_factory.mktemp("record") / "data", tsa)


@pytest.fixture
def made(lived: Made, tmp_path: Path) -> Made:
    """Give a copy, to change."""
    return Made(Path(shutil.copytree(lived.data, tmp_path / "data")), lived.roots)


def again(made: Made, url: str, tsa: Authority) -> Rebuilt:
    """Rebuild what was signed, as the command does."""
    tiles = Tiles(made.data / FOLDER)
    last = signed_from(tiles.checkpoint() or b"", at=at(50_000))
    size = last.checkpoint.size
    captures, roots = made.data / "captures", {"essai": [tsa.root.der]}
    files = KeptFiles(made.data, captures=captures, roots=roots, public=())
    bundled = size - size % 256
    return rebuild(url, Reading(tiles, size), last=last, bundled=bundled, files=files)


def opened(url: str, *, writer: bool = False) -> Store:
    return Store.open(
        url, point="local", writer=writer, rest_s=0, environment=ENVIRONMENT, targets=TARGETS
    )


def cosigned(made: Made) -> str:
    """Publish the newest checkpoint with a cosignature, as the service does; return its line."""
    path = made.data / FOLDER / "checkpoint"
    whole = note.Note.parse(path.read_bytes())
    line = note.cosign(whole.text, WITNESS, at=int(at(45_000).timestamp()))
    path.write_bytes(bytes(joined(whole, [line])))
    return str(line)


def told(store: Store, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table by what they say, whatever their numbers."""
    with store.reading() as connection:
        rows = [
            {name: value for name, value in row.items() if name not in ALONE}
            for row in Named(connection).rows(table)
        ]
    return sorted(rows, key=repr)


def faults(made: Made, store: Store) -> list[str]:
    found = verify(
        made.data / FOLDER,
        key=key_of(made),
        store=store,
        captures=made.data / "captures",
        data=made.data,
    )
    return [fault for step in found for fault in step.faults]


def test_pages_tokens_and_cosignatures_come_back(
    made: Made, empty_url: str, tsa: Authority, tmp_path: Path
) -> None:
    line = cosigned(made)
    url = f"sqlite:///{tmp_path / 'again.sqlite'}" if "sqlite" in empty_url else empty_url
    found = again(made, url, tsa)
    assert (found.lost_texts, found.lost_tokens) == ((), [])
    assert (found.texts, found.tokens, found.cosignatures) == (5, 1, 1)
    with opened(old_url(made)) as before, opened(url) as after:
        for table in PAGES:
            assert told(after, table) == told(before, table), table
        refused = [row for row in told(before, "token") if row["leaf"] is None]
        assert [*told(after, "token"), *refused] == told(before, "token")
        assert [row["line"] for row in told(after, "cosignature")] == [line]
        assert [row["size"] for row in told(after, "checkpoint")] == [272, 283]
        for table in ("capture", "observation", "incident", "incident_outage"):
            assert told(after, table) == told(before, table), table
        assert faults(made, after) == []


def old_url(made: Made) -> str:
    return f"sqlite:///{made.data / 'vigie.sqlite'}"
