"""schemathesis asks what the description allows, and what it forbids: no answer is a fault."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from monitor.store import Store
from tests.support.databases import Postgres, postgres, sqlite_template
from tests.support.interface import PREFIX, Caller, fill, opened

__all__ = ["postgres", "sqlite_template"]  # fixtures
PLACES = (
    "targets",
    "observations",
    "outages",
    "incidents",
    "availability",
    "changes",
    "gaps",
    "at",
    "departements.geojson",
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 20  # of each place and mode: seconds


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def caller(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Caller]:
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        path = copy(template, tmp_path_factory.mktemp("record") / "vigie.sqlite")
        with filled(f"sqlite:///{path}") as store:
            yield Caller(store)
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.server.database(template=server.template) as url, filled(url) as store:
        yield Caller(store)


def filled(url: str) -> Store:
    fill(url)
    return opened(url)


def test_every_place_is_asked(caller: Caller) -> None:
    assert set(caller.description["paths"]) == {f"/{place}" for place in PLACES}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
@pytest.mark.parametrize("place", PLACES)
def test_no_question_is_a_fault_and_each_answer_is_as_described(
    caller: Caller, place: str, mode: Any
) -> None:
    schema: Any = schemathesis.openapi.from_asgi(f"{PREFIX}/openapi.json", caller.app)
    operation = schema[f"/{place}"]["GET"]
    if mode is GenerationMode.NEGATIVE and not operation.query:
        return  # without a parameter no question is wrong

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,  # no verdict on time
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        response = case.call()
        assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
        case.validate_response(response, checks=CHECKS)

    ask()
