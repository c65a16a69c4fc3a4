"""A database made again from a record: its journal, its captures, its tokens."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from monitor.attest.kept_files import KeptFiles, KeptTexts, signed_from
from monitor.attest.sealing import KEY_FILE, Sealer
from monitor.attest.verification import verify
from monitor.evidence.log import note
from monitor.evidence.log.journal import FOLDER
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.reading import LogReading
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.witness.witness_protocol import with_signatures
from monitor.runtime.clock import SystemClock
from monitor.store import Store
from monitor.store.audit import audit_pages
from monitor.store.audit.audit_rows import Named
from monitor.store.audit.auditor import audit
from monitor.store.audit.difference import OnTrust
from monitor.store.rebuild import page_restore
from monitor.store.rebuild.page_restore import Why
from monitor.store.rebuild.rebuilder import Rebuilt, rebuild
from tests.evidence.mutants.record import ORIGIN, TARGETS, WITNESS, Life, Made, key_of, make
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
    return rebuild(url, LogReading(tiles, size), last=last, bundled=bundled, files=files)


def opened(url: str, *, writer: bool = False) -> Store:
    return Store.open(
        url, point="local", writer=writer, rest_s=0, environment=ENVIRONMENT, targets=TARGETS
    )


def cosigned(made: Made) -> str:
    """Publish the newest checkpoint with a cosignature, as the service does; return its line."""
    path = made.data / FOLDER / "checkpoint"
    whole = note.Note.parse(path.read_bytes())
    line = note.cosign(whole.text, WITNESS, at=int(at(45_000).timestamp()))
    path.write_bytes(bytes(with_signatures(whole, [line])))
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
    verification = verify(
        made.data / FOLDER,
        key=key_of(made),
        store=store,
        captures=made.data / "captures",
        data=made.data,
    )
    return [fault for step in verification for fault in step.faults]


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
        (token,), newest = told(after, "token"), before.signed_size()
        sizes = {row["size"] for row in told(after, "checkpoint")}
        assert sizes == {token["size"], newest}
        for table in ("capture", "observation", "incident", "incident_outage"):
            assert told(after, table) == told(before, table), table
        assert faults(made, after) == []


def test_what_is_cited_has_the_same_number_again(
    made: Made, empty_url: str, tsa: Authority, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'again.sqlite'}" if "sqlite" in empty_url else empty_url
    again(made, url, tsa)
    with opened(old_url(made)) as before, opened(url) as after:
        numbers = [*map(cited, (before, after))]
    assert numbers[0] == numbers[1]
    assert all(numbers[0])


def cited(store: Store) -> list[list[int | None]]:
    day = at(-100_000), at(100_000)
    logs = store.outages(), store.incidents(), store.gaps(*day), store.page_changes()
    return [[one.number for one in log] for log in logs]


def old_url(made: Made) -> str:
    return f"sqlite:///{made.data / 'vigie.sqlite'}"


def lose(made: Made) -> None:
    """Do as an accident does to the bytes that were kept."""
    shutil.rmtree(made.data / "captures")


def differences(made: Made, store: Store, trusted: OnTrust) -> list[str]:
    tiles = Tiles(made.data / FOLDER)
    size = signed_from(tiles.checkpoint() or b"", at=at(0)).checkpoint.size
    entries = [*LogReading(tiles, size), *store.leaves(size, store.leaf_count())]
    texts = KeptTexts(made.data / "captures")
    return [str(one) for one in audit(store, entries, texts=texts, trusted=trusted)]


def test_a_text_that_no_copy_gives_is_named_and_not_accused(
    made: Made, empty_url: str, tsa: Authority, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'again.sqlite'}" if "sqlite" in empty_url else empty_url
    lose(made)
    found = again(made, url, tsa)
    assert found.texts == 0
    assert {(text.target, text.why) for text in found.lost_texts} == {
        (slug, Why.COPY) for slug in TARGETS
    }
    with opened(old_url(made)) as before, opened(url) as after:
        changes = told(after, "page_change")
        assert [change | {"summary": ""} for change in changes] == [
            one | {"summary": ""} for one in told(before, "page_change")
        ]
        assert all(row["page"] == b"" for row in told(after, "page_text"))
        trusted = OnTrust()
        assert differences(made, after, trusted) == []
        assert sorted(trusted.texts) == sorted(text.sha256 for text in found.lost_texts)
        # Dead links are known by what they lead to.
        assert [(link.link.target, link.until) for link in after.dead_links()] == [
            (link.link.target, link.until) for link in before.dead_links()
        ]
        assert changes
        for change in after.page_changes():
            assert after.page_change(change.number) is not None


def test_a_text_that_other_rules_read_is_not_read_by_ours(
    made: Made, tsa: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_restore, "EXTRACTION_VERSION", "another")
    monkeypatch.setattr(audit_pages, "EXTRACTION_VERSION", "another")
    url = f"sqlite:///{tmp_path / 'again.sqlite'}"
    found = again(made, url, tsa)
    assert {text.why for text in found.lost_texts} == {Why.RULES}
    assert len(found.lost_texts) == 5
    with opened(url) as after:
        trusted = OnTrust()
        assert differences(made, after, trusted) == []
        assert len(trusted.texts) == 5


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE page_text SET page = X'', title = '', updated_on = '' WHERE id = 2",
        "UPDATE page_text SET page = X'' WHERE id = 2",
        "DELETE FROM page_text WHERE id = 2",
    ],
)
def test_a_text_that_was_emptied_or_removed_is_still_refused(made: Made, edit: str) -> None:
    """Its copy is there: whoever rebuilt the database would have found it."""
    with closing(sqlite3.connect(made.data / "vigie.sqlite")) as connection:
        connection.execute("DROP TRIGGER page_text_no_update")
        connection.execute("DROP TRIGGER page_text_no_delete")
        connection.execute(edit)
        connection.commit()
    with opened(old_url(made)) as store:
        found = [
            difference
            for difference in differences(made, store, OnTrust())
            if "schéma" not in difference
        ]
    assert any("page_text" in one for one in found), found


def go_on(made: Made, url: str, *skies: tuple[str, str], since: int) -> None:
    """Let a service check, every twenty seconds."""

    async def checks(store: Store) -> None:
        life = Life(store, made.data)
        for n, (slug, sky) in enumerate(skies):
            await life.check(slug, at(since + 20 * n), sky)

    with opened(url, writer=True) as store:
        asyncio.run(checks(store))


async def _seal(made: Made, url: str) -> None:
    key = own_key(made.data / KEY_FILE, name=ORIGIN, algorithm=note.Algorithm.ED25519)
    with (
        opened(url, writer=True) as store,
        closing(Sealer(store, made.data, key, clock=SystemClock())) as sealer,
    ):
        await sealer.open()
        await sealer.seal()


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "lost"])
def test_the_service_goes_on_without_telling_again(
    made: Made, tsa: Authority, tmp_path: Path, *, kept: bool
) -> None:
    """The open dead link and the texts are known, whether copies gave them or not."""
    gone = [(slug, "g" if slug == "rendez-vous" else "B") for slug in ("rendez-vous", "etrangers")]
    go_on(made, old_url(made), *[one for one in gone for _ in range(70)], since=50_000)
    asyncio.run(_seal(made, old_url(made)))
    if not kept:
        lose(made)
    url = f"sqlite:///{tmp_path / 'again.sqlite'}"
    again(made, url, tsa)
    with opened(url) as store:
        before = told(store, "page_change")
        (dead,) = store.dead_links(dead_only=True)
        assert (dead.page, dead.link.target) == ("etrangers", "rendez-vous")
    go_on(made, url, *gone * 3, ("connexion", "D"), since=60_000)
    with opened(url) as store:
        assert told(store, "page_change") == before
        assert differences(made, store, OnTrust()) == []
    # What happens now is told, from what was there before.
    back = [("rendez-vous", "A")] * 90 + [("etrangers", "B"), *[("etrangers", "A")] * 3]
    go_on(made, url, *back, since=62_000)
    with opened(url) as store:
        later = [row["edge"] for row in told(store, "page_change") if row not in before]
        assert sorted(later) == ["link_restored", "restored", "returned"]
        assert store.dead_links(dead_only=True) == ()
        assert differences(made, store, OnTrust()) == []
