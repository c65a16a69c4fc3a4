"""What programs are told of dossiers is what they get."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from tests.support.interface import CONFIG, GOOD_LINK, PREFIX, Caller
from tests.support.reads import FakeReads

WISH = {"about": "anef", "since": "2026-11-01", "until": "2026-11-30"}


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    return Caller(FakeReads(), config=CONFIG, made_dossiers=tmp_path)


def send(caller: Caller, method: str, path: str, body: object = None) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=caller.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://vigie.test") as web:
            return await web.request(method, f"{PREFIX}{path}", json=body)

    return asyncio.run(ask())


def schema(caller: Caller, name: str) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{name}"}
    return {**reference, "components": caller.description["components"]}


def test_the_description_has_dossiers_where_they_are_made(caller: Caller) -> None:
    paths = caller.description["paths"]
    assert set(paths["/dossiers"]) == {"post"}
    assert set(paths["/dossiers/{token}"]) == {"get"}
    plain = Caller(FakeReads(), config=CONFIG)
    assert "/dossiers" not in plain.description["paths"]
    wish = caller.description["components"]["schemas"]["DossierWish"]
    assert not {"wish", "token", "network"} & set(wish["properties"])


def test_what_is_asked_and_answered_is_as_described(caller: Caller) -> None:
    jsonschema.validate(WISH, schema(caller, "DossierWish"))
    made = send(caller, "POST", "/dossiers", WISH)
    followed = send(caller, "GET", f"/dossiers/{GOOD_LINK}")
    assert (made.status_code, followed.status_code) == (202, 200)
    for answer in (made, followed):
        jsonschema.validate(answer.json(), schema(caller, "DossierState"))
        assert "folder" not in answer.json()
    refused = send(caller, "POST", "/dossiers", {"about": "rien"})
    gone = send(caller, "GET", "/dossiers/autre")
    assert (refused.status_code, gone.status_code) == (422, 410)
    responses = caller.description["paths"]["/dossiers"]["post"]["responses"]
    assert str(refused.status_code) in responses


def test_people_read_it_too(caller: Caller) -> None:
    page = caller.visit(f"{PREFIX}/").text
    assert "<code>POST /api/v1/dossiers</code>" in page
    assert "<code>GET /api/v1/dossiers/{token}</code>" in page
