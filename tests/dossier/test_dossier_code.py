"""`/verifier`: a clerk types a dossier's code, or gives a file, and reads what it proves or not."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import h11
import httpx
import pytest
from starlette.applications import Starlette

from monitor.dossier.dossier_files import DossierFile, DossierSummary
from monitor.dossier.online.dossier_register import register
from monitor.store import Store, migrate
from monitor.web import upload_routes
from monitor.web.pages_app import build
from monitor.web.serving.request_bounds import BODY_MAX, HEADERS_MAX, UPLOAD_MAX, Requests
from tests.support import bundles
from tests.support.clock import FakeClock
from tests.support.evidence_record import KEY, TARGETS, EvidenceBundle
from tests.support.reads import config

CODE = "K7Q2-9FDM-4XWQ"
ORIGINAL = b"%PDF-1.7 une piece"
FILES = (
    DossierFile(
        number=1, name="01-Releve.pdf", title="Relevé", size_bytes=len(ORIGINAL),
        sha256=hashlib.sha256(ORIGINAL).hexdigest(), pages=1,
    ),
    DossierFile(
        number=2, name="02-ANEF-preuves.wacz", title="Lot", size_bytes=9, sha256="ab" * 32,
        handed_over=True,
    ),
)  # fmt: skip
SUMMARY = DossierSummary(code=CODE, size=902, root="cd" * 32, settled=True, files=FILES)


class NoMetrics:
    async def metrics(self) -> bytes:
        return b""

    async def probe(self, slug: str) -> bytes:
        raise KeyError(slug)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    url = f"sqlite:///{tmp_path_factory.mktemp('registre') / 'vigie.sqlite'}"
    migrate(url)
    with Store.open(url, point="local", writer=False) as store:
        assert register(store, SUMMARY)
        assert register(store, SUMMARY)  # asked again: the same code, the same digests
        yield build(
            store,
            config=config(TARGETS.values()),
            clock=FakeClock(),
            point="local",
            metrics=NoMetrics(),
            version="essai",
            journal_key=str(KEY.verifier),
        )


def asked(
    app: Starlette, ask: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]
) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://vigie.test") as web:
            return await ask(web)

    return asyncio.run(run())


def given(app: Starlette, data: bytes, name: str = "piece.pdf") -> httpx.Response:
    files = {"fichier": (name, data, "application/octet-stream")}
    return asked(app, lambda web: web.post("/verifier/fichier", files=files))


@pytest.mark.parametrize("typed", [CODE, "k7q29fdm4xwq", " K7Q2 9FDM 4XWQ "])
def test_a_code_leads_to_the_digests_of_the_originals(app: Starlette, typed: str) -> None:
    page = asked(app, lambda web: web.get("/verifier", params={"code": typed})).text

    for file in FILES:
        assert file.name in page
        assert file.sha256 in page
    assert page.count("01-Releve.pdf") == 1
    assert "au point de contrôle de 902 feuilles" in page
    assert "cd" * 32 in page
    assert "Ce que cela ne prouve pas" in page
    assert "filigrane" in page


def test_a_code_of_nobody_and_one_with_a_wrong_sign_are_told_apart(app: Starlette) -> None:
    other = asked(app, lambda web: web.get("/verifier", params={"code": "2222-2222-2222"}))
    wrong = asked(app, lambda web: web.get("/verifier", params={"code": "K7Q2-9FDM-4XWR"}))

    assert "Aucun dossier de ce code" in other.text or other.status_code == 400
    assert wrong.status_code == 400
    assert "un signe a été mal recopié" in wrong.text


def test_an_original_is_known_by_its_bytes(app: Starlette) -> None:
    page = given(app, ORIGINAL).text

    assert "C’est un original" in page
    assert CODE in page
    assert "ne prouve pas que ce qu’il dit soit vrai" in page


def test_a_stamped_copy_is_told_what_the_filing_service_does(app: Starlette) -> None:
    page = given(app, ORIGINAL + b"filigrane").text

    assert "Aucun original n’a cette empreinte" in page
    assert "imprime un filigrane" in page
    assert "pdftotext -layout" in page


def test_a_bundle_is_verified_and_a_spoilt_one_refused(
    app: Starlette, evidence: EvidenceBundle
) -> None:
    data = evidence.path.read_bytes()
    good = given(app, data, "lot.wacz").text
    assert "Ce lot de preuves concorde" in good
    assert "Indisponibilité 1 : accueil" in good

    files = bundles.files_of(data)
    files["preuve/cles.txt"] += b"\n"
    bad = given(app, bundles.packed(files), "lot.wacz").text
    assert "Ce lot de preuves est refusé" in bad
    assert "lot.wacz/preuve/cles.txt" in bad
    assert str(Path("/") / "tmp") not in bad


def test_a_bundle_that_makes_the_verifier_talk_without_end_is_not_judged_nor_accused(
    app: Starlette, evidence: EvidenceBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_routes, "SAID_MAX", 1_000)

    page = given(app, evidence.path.read_bytes(), "lot.wacz").text

    assert "Ce lot de preuves n’est pas vérifié" in page
    assert "lancez verifier.py chez vous" in page
    assert "est refusé" not in page


def test_a_stranger_decides_neither_the_length_of_a_line_nor_what_is_left_on_the_disk(
    app: Starlette,
    evidence: EvidenceBundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    files = bundles.files_of(evidence.path.read_bytes())
    listed = json.loads(files["datapackage.json"])
    listed["resources"] += [{"name": "x", "path": "x" * 3_000, "hash": "", "bytes": 0}] * 250
    files["datapackage.json"] = json.dumps(listed).encode()

    page = given(app, bundles.packed(files), "lot.wacz").text

    assert "Ce lot de preuves est refusé" in page
    assert page.count('<li class="url">') == upload_routes.SHOWN
    assert "x" * upload_routes.LINE_MAX not in page.replace("x" * 900, "")
    assert list(tmp_path.iterdir()) == []


def test_without_space_it_is_said_and_nothing_else_ends(
    app: Starlette, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))

    answer = given(app, ORIGINAL)

    assert answer.status_code == 503
    assert "en ce moment" in answer.text


def test_what_is_no_file_is_refused(app: Starlette) -> None:
    assert given(app, b"").status_code == 422
    assert asked(app, lambda web: web.post("/verifier/fichier", content=b"x")).status_code == 422
    kind = {"Content-Type": "multipart/form-data; boundary=abc"}
    for body in (b"--abc\r\n", b"--abc\r\n\r\n\r\n--abc--", b"--abd\r\n\r\n\r\nx\r\n--abc--\r\n"):
        answer = asked(
            app,
            lambda web, body=body: web.post("/verifier/fichier", content=body, headers=kind),  # type: ignore[misc] # of this turn
        )
        assert answer.status_code == 422
    assert given(app, bytes(UPLOAD_MAX + 1)).status_code == 413


@pytest.mark.parametrize(
    ("request_line", "length", "is_taken"),
    [
        (b"POST /verifier/fichier", UPLOAD_MAX, True),
        (b"POST /verifier/fichier", UPLOAD_MAX + 1, False),
        (b"POST /verifier/fichier?x", BODY_MAX + 1, False),
        (b"PUT /verifier/fichier", BODY_MAX + 1, False),
        (b"POST /releve", BODY_MAX + 1, False),
        (b"POST /releve", BODY_MAX, True),
    ],
)
def test_only_one_address_takes_a_file(
    request_line: bytes,
    length: int,
    is_taken: bool,  # noqa: FBT001 -- of a table
) -> None:
    connection = Requests(h11.SERVER, HEADERS_MAX)
    head = b"%s HTTP/1.1\r\nHost: vigie.test\r\nContent-Length: %d\r\n\r\n"
    connection.receive_data(head % (request_line, length))

    if is_taken:
        assert isinstance(connection.next_event(), h11.Request)
    else:
        with pytest.raises(h11.RemoteProtocolError):
            connection.next_event()
        assert connection.refusal == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
