"""`/journal/…` gives what C2SP tlog-tiles wants, and nothing else of the disk."""

import asyncio
import gzip
import hashlib
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from monitor.evidence.log import tlog
from monitor.evidence.log.journal import FOLDER
from monitor.evidence.log.mirror import verifier_sha256
from monitor.web.journal_routes import journal_routes
from monitor.web.serving.answer_cache import AnswerCache
from tests.support.clock import FakeClock
from tests.support.journals import Rows, entry, sealed


class Client:
    """Asks an application without a socket."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


@pytest.fixture
def client(tmp_path: Path) -> Client:
    rows = Rows()
    sealed(tmp_path, rows, 300)
    (tmp_path / FOLDER / "secret").write_text("no")
    (tmp_path / "journal.key").write_text("no")
    return Client(
        Starlette(routes=journal_routes(tmp_path / FOLDER, AnswerCache(FakeClock().monotonic_us)))
    )


def test_a_checkpoint_is_text_that_soon_changes(client: Client) -> None:
    answer = client.get("/journal/checkpoint")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=5"
    assert answer.text.split("\n")[1] == "300"


def test_a_checkpoint_that_did_not_change_is_not_sent_again(client: Client) -> None:
    tag = client.get("/journal/checkpoint").headers["etag"]
    again = client.get("/journal/checkpoint", {"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/journal/checkpoint", {"If-None-Match": '"other"'}).status_code == 200


def test_the_verifier_comes_from_the_site_and_not_from_a_copy(client: Client) -> None:
    answer = client.get("/journal/verifier.py")
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == verifier_sha256()


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"])
def test_a_tile_never_changes(client: Client, path: str) -> None:
    answer = client.get(f"/journal/{path}")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "application/octet-stream"
    assert len(answer.content) % 32 == 0


@pytest.mark.parametrize(("path", "width"), [("000", 256), ("001.p/44", 44)])
def test_a_bundle_comes_packed_or_not_as_asked(client: Client, path: str, width: int) -> None:
    packed = client.get(f"/journal/tile/entries/{path}", headers={"accept-encoding": "gzip"})
    plain = client.get(f"/journal/tile/entries/{path}", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["vary"] == "Accept-Encoding"
    assert len(tlog.unpack_bundle(plain.content)) == width
    assert entry(0) in plain.content or path != "000"
    assert gzip.compress(plain.content) != plain.content


@pytest.mark.parametrize(
    "path",
    ["secret", "tile/0/002", "tile/0/001", "tile/0/001.p/0", "tile/0/001.p/256", "tile/64/000",
     "tile/entries/000.gz", "tile/0/../../secret", "..%2fjournal.key", "tile/0/%2e%2e/secret",
     "", "tile", "tile/0/000/", "tile/0/1", "tile/0/x001/000"],
)  # fmt: skip
def test_anything_else_is_not_there(client: Client, path: str) -> None:
    answer = client.get(f"/journal/{path}")
    assert answer.status_code == 404
    assert "no" != answer.text


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("token.tst", 200),
        ("checkpoint", 200),
        ("chain.pem", 200),
        ("crl-1.crl", 200),
        (".token.tst", 404),
        ("autre", 404),
    ],
)
def test_the_files_of_a_time_stamp_never_change(
    client: Client, tmp_path: Path, name: str, status: int
) -> None:
    """Their folder is named by the token's digest, which a leaf gives."""
    folder = tmp_path / FOLDER / "horodatages" / ("0a" * 32)
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"octets")

    answer = client.get(f"/journal/horodatages/{'0a' * 32}/{name}")

    assert status == answer.status_code
    assert ("immutable" in answer.headers["cache-control"]) == (status == 200)


@pytest.mark.parametrize(
    ("name", "status"), [("68", 200), ("068", 404), ("68.tmp", 404), ("autre", 404)]
)
def test_the_note_of_a_change_of_key_never_changes(
    client: Client, tmp_path: Path, name: str, status: int
) -> None:
    folder = tmp_path / FOLDER / "changements-de-cle"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"octets")

    answer = client.get(f"/journal/changements-de-cle/{name}")

    assert status == answer.status_code
    assert ("immutable" in answer.headers["cache-control"]) == (status == 200)
