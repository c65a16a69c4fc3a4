"""`/releve` from the form to the files, by a real service; and links that lead nowhere."""

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest

from monitor.core.french.formatting import PARIS
from monitor.dossier.online.dossier_links import LASTS, DossierLinks, is_over
from monitor.dossier.online.dossier_wishes import DossierWish, decoded, encoded
from tests.support.service import (
    LocalSite,
    Service,
    count_checks,
    running,
    values,
    wait_until,
    write_config,
)
from tests.support.stranger import run_verifier

ROOT = Path(__file__).parents[2]
EXPIRY = "2027-03-14"
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
# A dossier takes some seconds of the processor at the lowest priority: beside busy loops, minutes.
MAKING_S = 800.0
pytestmark = pytest.mark.timeout(1200)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:  # 303 is looked at
        return None


class Visitor:
    """A browser without scripts, as far as these pages need one."""

    def __init__(self, service: Service) -> None:
        self._base = f"http://127.0.0.1:{service.port}"
        self._opener = build_opener(_NoRedirect)

    def ask(
        self, path: str, data: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, bytes, Message]:
        request = Request(self._base + path, data=data, headers={"Content-Type": kind})  # noqa: S310 -- loopback
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, answer.read(), answer.headers
        except HTTPError as error:
            return error.code, error.read(), error.headers

    def post(self, path: str, **fields: str) -> tuple[int, bytes, Message]:
        return self.ask(path, urlencode(fields).encode(), "application/x-www-form-urlencoded")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    """Run a service whose record was signed once."""
    folder = tmp_path_factory.mktemp("releve")
    site, control = LocalSite(), LocalSite()
    config = write_config(folder / "config", site=site.port, control=control.port)
    shutil.copytree(ROOT / "config" / "rulesets", config / "rulesets", dirs_exist_ok=True)
    data = folder / "data"
    with running(config, data) as service:
        wait_until(lambda: count_checks(data) >= 4)
        assert service.stop() == 0
    with running(config, data) as service:
        yield service, data
    site.stop()
    control.stop()


def finished(visitor: Visitor, path: str) -> str:
    """Reload the page as a browser would, until it no longer asks for that."""
    page = ""

    def is_finished() -> bool:
        nonlocal page
        status, body, headers = visitor.ask(path)
        assert status == 200, body
        assert headers["Cache-Control"] == "no-store"
        page = body.decode()
        return 'http-equiv="refresh"' not in page

    wait_until(is_finished, patience_s=MAKING_S)
    return page


def test_a_person_asks_for_a_dossier_and_takes_it(
    served: tuple[Service, Path], tmp_path: Path
) -> None:
    service, data = served
    visitor = Visitor(service)
    status, body, _ = visitor.ask("/releve")
    assert status == 200
    assert "Nous ne la gardons pas" in body.decode()

    today = f"{datetime.now(PARIS):%Y-%m-%d}"  # noqa: TID251 -- as the service's own clock
    status, _, headers = visitor.post(
        "/releve", quoi="target:cible-0", du=today, expiration=EXPIRY, pour="avocat"
    )
    assert status == 303
    page = finished(visitor, headers["Location"])

    assert "Les pièces sont prêtes" in page, re.findall(r'class="lead"[^>]*>([^<]*)', page)
    whole = re.search(r'href="(/releve/[^"]+\.zip)"', page)
    assert whole is not None
    status, archive, headers = visitor.ask(whole[1])
    assert (status, headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        names = files.namelist()
        (bundle,) = [name for name in names if name.endswith("-preuves.wacz")]
        (tmp_path / bundle).write_bytes(files.read(bundle))
    assert "01-Releve-d-indisponibilite" in "".join(names)
    assert run_verifier(tmp_path / bundle)[0] == 0
    for name in names:
        assert f"/{name}" in page
    register = values(data, "SELECT DISTINCT code FROM dossier_file")
    assert register == [re.search(r"Dossier <strong>([^<]+)<", page)[1]]  # type: ignore[index] # it is there
    is_not_kept(data, service)


def is_not_kept(data: Path, service: Service) -> None:
    """See that the date of expiry stands nowhere but in a PDF, which is gone after a day."""
    for path in [service.log, *data.rglob("*")]:
        if path.is_file() and path.suffix not in {".pdf", ".zip", ".docx", ".txt"}:
            assert EXPIRY.encode() not in path.read_bytes(), path


def test_a_program_asks_in_json_and_is_told_the_same(served: tuple[Service, Path]) -> None:
    service, _ = served
    visitor = Visitor(service)
    today = f"{datetime.now(PARIS):%Y-%m-%d}"  # noqa: TID251 -- as the service's own clock
    asked = {"about": "target", "name": "cible-1", "since": today}
    status, body, headers = visitor.ask("/api/v1/dossiers", json.dumps(asked).encode())
    assert status == 202, body
    state = json.loads(body)
    assert headers["Location"] == state["url"]

    def is_done() -> bool:
        nonlocal state
        state = json.loads(visitor.ask(headers["Location"])[1])
        assert state["outcome"] in {"waiting", "working", "done"}, state
        return bool(state["outcome"] == "done")

    wait_until(is_done, patience_s=MAKING_S)
    assert {file["name"][:2] for file in state["files"]} >= {"01", "02", "03", "04"}
    assert "folder" not in state
    first = state["files"][0]
    assert len(visitor.ask(first["url"])[1]) == first["size_bytes"]


def test_what_cannot_be_asked_is_said(served: tuple[Service, Path]) -> None:
    visitor = Visitor(served[0])

    for fields in ({}, {"quoi": "anef:"}, {"quoi": "x:y", "du": "2026-11-01"},
                   {"quoi": "anef:", "du": "hier"}):  # fmt: skip
        status, body, _ = visitor.post("/releve", **fields)
        assert status == 422
        assert "n’a pas pu être lue" in body.decode()
    for body in (b"", b"[]", b"{}" * 9000, b'{"about": "incident", "extra": 1}'):
        assert visitor.ask("/api/v1/dossiers", body or b" ")[0] == 422
    status, _, headers = visitor.post("/releve", quoi="target:nulle-part", du="2026-11-01")
    assert status == 303
    assert "aucune cible de ce nom" in finished(visitor, headers["Location"])
    for path in ("/releve/x", "/releve/" + "a" * 300, "/releve/x/y.pdf", f"/releve/{forged()}"):
        assert visitor.ask(path)[0] == 410
    assert visitor.ask("/releve/x/..%2f..%2fjournal.key")[0] in {404, 410}
    # Where dossiers are made, the page on privacy says what is kept of them.
    said = visitor.ask("/confidentialite")[1].decode()
    assert "Si vous demandez un relevé" in said
    assert "effacés au bout d’un jour" in said


def forged() -> str:
    return DossierLinks(bytes(32)).new(datetime.now(UTC))  # noqa: TID251 -- it must not be over


def test_too_many_are_refused_and_the_others_wait_in_line(served: tuple[Service, Path]) -> None:
    """The last test of this module: it uses up what one network may ask for in an hour."""
    visitor = Visitor(served[0])
    tokens, status = [], 0
    for _ in range(12):
        status, body, headers = visitor.post("/releve", quoi="target:cible-0", du="2026-11-01")
        if status == 429:
            assert "Trop de demandes" in body.decode()
            break
        tokens.append(headers["Location"])
    assert status == 429
    assert len(tokens) >= 5
    assert "avant la vôtre" in visitor.ask(tokens[-1])[1].decode()


def test_a_link_is_good_for_a_day_and_for_nobody_who_guesses() -> None:
    links = DossierLinks(b"k" * 32)
    token = links.new(NOW)

    folder = links.folder(token, NOW + LASTS - timedelta(seconds=1))
    assert folder is not None
    assert token.startswith(folder)
    assert links.folder(token, NOW + LASTS) is None
    assert is_over(folder, NOW + LASTS)
    assert not is_over(folder, NOW)
    assert is_over("../..", NOW)
    other = DossierLinks(b"o" * 32)
    assert other.folder(token, NOW) is None
    later = token.replace(token.split("-")[1], str(int(token.split("-")[1]) + 9))
    assert links.folder(later, NOW) is None
    assert links.new(NOW) != token


def test_a_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    links = DossierLinks.of(tmp_path / "cle")

    assert DossierLinks.of(tmp_path / "cle") == links
    assert (tmp_path / "cle").stat().st_mode & 0o777 == 0o600


def test_a_date_of_expiry_goes_through_and_is_not_shown() -> None:
    wish = DossierWish(wish="make", since="2026-11-01", expiry=EXPIRY)

    assert EXPIRY not in repr(wish)
    assert decoded(encoded(wish)) == wish
    assert decoded(b"%%%") is None
    assert decoded(encoded(wish)[:-8]) is None
