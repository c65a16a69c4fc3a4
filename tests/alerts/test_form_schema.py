"""schemathesis sends the forms of subscriptions, right and wrong, to the pages and the service."""

import asyncio
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from monitor.alerts.vault import LinkUse
from monitor.core.notices.notice import Pace
from monitor.core.notices.topics import KINDS
from monitor.store import Store
from monitor.translations import LANGUAGES
from tests.alerts.test_abuse import Site, token
from tests.support.alerting import subscribe

EXAMPLES = 8  # of each form and mode
READER = "lectrice@exemple.test"
FORM = "application/x-www-form-urlencoded"
# A form that says nothing usable is 422, a link that is none 410, too many requests 429.
ANSWERS = {"200", "410", "422", "429"}
USES = {"confirmer": LinkUse.CONFIRM, "choix": LinkUse.MANAGE, "quitter": LinkUse.LEAVE}
OPERATIONS = [
    ("/abonnement", "POST"),
    ("/ar/abonnement", "POST"),
    *((f"/abonnement/{use}/{{token}}", "POST") for use in USES),
    ("/abonnement/choix/{token}", "GET"),
]


def described(tokens: list[str]) -> dict[str, Any]:
    """Return the forms as OpenAPI has them; their own pages describe them to people only."""
    topics = ["anef", "tout", "incident", "etape", "page/majeure", "page/toute", KINDS[0].value]
    fields: dict[str, Any] = {
        "courriel": {"type": "string", "maxLength": 400},
        "sujet": {"type": "array", "maxItems": 140, "items": {"enum": [*topics, "dep/999", "x"]}},
        "rythme": {"enum": [pace.value for pace in Pace]},
        "repos": {"enum": ["1"]},
        "langue": {"enum": list(LANGUAGES)},
    }
    body = {"content": {FORM: {"schema": {"type": "object", "properties": fields}}}}
    # A line break is in no address of ours: with one there is no such page, and no link to judge.
    strange = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\r\n]+$"}
    link = {
        "name": "token",
        "in": "path",
        "required": True,
        "schema": {"anyOf": [{"enum": tokens}, strange]},
    }
    answers = {code: {"description": "une page"} for code in sorted(ANSWERS)}
    paths: dict[str, Any] = {}
    for path, method in OPERATIONS:
        item = paths.setdefault(path, {"parameters": [link]} if "{token}" in path else {})
        form = {"requestBody": body} if method == "POST" else {}
        item[method.lower()] = {**form, "responses": answers}
    info = {"title": "Abonnement", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": paths}


@pytest.fixture(scope="module")
def app(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    """Return the pages of a site that has one subscriber, and their description."""
    path = tmp_path_factory.mktemp("record") / "vigie.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with Store.open(f"sqlite:///{path}", point="local", writer=True, rest_s=0) as store:
        number = asyncio.run(subscribe(store, READER))
        description = described([token(use, number, store) for use in USES.values()])

        async def describe(_: Request) -> JSONResponse:
            return JSONResponse(description)

        site = Site(store)
        yield Starlette(routes=[Route("/description", describe), Mount("/", app=site.app)])


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_form_is_a_fault_and_no_answer_has_an_address(
    app: Starlette, path: str, method: str, mode: Any
) -> None:
    operation: Any = schemathesis.openapi.from_asgi("/description", app)[path][method]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,  # no verdict on time
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        response = case.call()
        assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
        assert READER not in response.text
        if mode is GenerationMode.POSITIVE:
            assert str(response.status_code) in ANSWERS

    send()
