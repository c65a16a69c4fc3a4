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

from tests.support.databases import sqlite_template
from tests.support.interface import PREFIX, Caller, fill, opened

__all__ = ["sqlite_template"]  # a fixture
PLACES = (
    "targets",
    "observations",
    "outages",
    "incidents",
    "availability",
    "changes",
    "gaps",
    "at",
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 25  # of each place and mode: seconds


@pytest.fixture(scope="module")
def caller(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    path = copy(sqlite_template, tmp_path_factory.mktemp("record") / "vigie.sqlite")
    fill(f"sqlite:///{path}")
    with opened(f"sqlite:///{path}") as store:
        yield Caller(store)


def test_every_place_is_asked(caller: Caller) -> None:
    assert set(caller.description["paths"]) == {f"/{place}" for place in PLACES}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
@pytest.mark.parametrize("place", PLACES)
def test_no_question_is_a_fault_and_each_answer_is_as_described(
    caller: Caller, place: str, mode: Any
) -> None:
    schema: Any = schemathesis.openapi.from_asgi(f"{PREFIX}/openapi.json", caller.app)
    operation = schema[f"/{place}"]["GET"]

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
