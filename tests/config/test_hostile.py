"""Whatever a file holds, it is read or refused in French: never another exception."""

from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from monitor.config import ConfigError, load, schema
from monitor.config.fields.urls import refuse_url
from monitor.config.strict_toml.pydantic_french import TablePlace, validate

HOSTILE: list[Any] = [
    *(True, 0, -1, 10**400, 1.5, -0.0, float("nan"), float("inf"), date(2026, 11, 5)),
    *(date.max, time(), time.max),
    *("", " ", "\0", "\u202e", "é", "x" * 100_000, "{reason}", "%s", "a@b", "http://", "//", "#"),
    *([], [[]], [None], [{}], {}, {"": 1}, {"[key]": 1}, {"a": {"b": []}}, [1] * 1_000),
]
ENTRIES = [
    entry
    for entry in vars(schema).values()
    if isinstance(entry, type) and issubclass(entry, schema.Entry) and entry is not schema.Entry
]


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.__name__ for entry in ENTRIES])
def test_any_value_of_any_key_is_read_or_refused(entry: type[schema.Entry]) -> None:
    for context in ({"allow_private": False}, {"allow_private": True}):
        for value in HOSTILE:
            for raw in (value, dict.fromkeys(entry.model_fields, value), {"a\nb": value}):
                good, problems = validate(entry, raw, TablePlace("essai.toml"), context)

                assert (good is None) == bool(problems)
                assert all(p.reason and p.cure and len(p.value) <= 60 for p in problems)
                assert all("\n" not in str(problem) for problem in problems)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"a = " + b"9" * 5_000,
        b"a = 2026-13-45",
        b"a." * 3_000 + b"b = 1",
        b"a = " + b"{b=" * 5_000,
        b"[" * 500_000,
        b"targets = 1\n[[target]]\ntarget = 1",
        b"[service]\n[[platform]]\n[[platform.hosts]]",
        b'platform = "etat"\ncontrols = [1]\nservice = [{allow_private = true}]',
    ],
)
@pytest.mark.parametrize(
    "name", ["vigie.toml", "targets/national.toml", "fingerprints.toml", "milestones.toml"]
)
def test_any_bytes_are_read_or_refused(data: bytes, name: str, folder: Path) -> None:
    (folder / name).write_bytes(data)

    try:
        load(folder)
    except ConfigError as error:
        assert error.problems  # noqa: PT017 -- an empty file of fingerprints is good


@pytest.mark.parametrize(
    "url",
    [
        "https://www.etat.fr/",
        "http://www.etat.fr:8080/a?b=c%20d",
        "https://xn--tat-9la.fr/",
        "https://93.184.216.34/",
        "http://[2606:2800:220:1::1]/",
    ],
)
def test_a_public_address_is_accepted(url: str) -> None:
    assert refuse_url(url) is None
