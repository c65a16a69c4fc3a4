"""A key that the files may have is read: none is only validated.

An entry that is completed into another value is read while a configuration that uses every table
is loaded. What the program is then given must be named outside `monitor/config`. A name that
two classes share (`name`, `url`) proves less: one of them is read.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from monitor.config import load, schema, values
from monitor.core.model import Platform, Policy, Target
from monitor.core.outages.milestones import Component, Milestone, OpeningHours
from tests.support.documented import ROOT

# Classes whose values the program is given as they are.
GIVEN = (
    values.Config, values.ControlSettings, values.Journaling, values.Stamping, values.Cosigning,
    values.Witnessing, values.FigureSettings, values.Mail, values.Relay, values.ReturnedMail,
    values.Channel, Target, Platform,
    Policy, Component, Milestone, OpeningHours, schema.Publisher, schema.Retention,
    schema.ControlHost, schema.StampAuthority, schema.Cosigner, schema.OtherPoint,
    schema.LegalEntry, schema.BrowserSettings,
)  # fmt: skip
# Fields that the rules of the files alone read.
RULES = {
    "ControlHost.operator": "hosts of the panel have several",
    "StampAuthority.operator": "authorities have several",
    "Config.local": "`check-config` shows it",
}
# Tables that are only the way to others.
CONTAINERS = (schema.Entry, schema.MainEntry)
EVERY_TABLE = """
[mail]
host = "smtp.association.org"
imap_host = "imap.association.org"

[[channel]]
slug = "salon"
kind = "matrix"
url = "https://matrix.association.org/"
room = "!a:association.org"

[[cosigning.witness]]
key = "temoin.association.org/w+2c8ca831+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

[[witness.log]]
key = "vigie.association.org/journal+d9910ef8+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

[[points]]
name = "lyon"
operator = "Association de Lyon"
key = "vigie.association.org/journal+d9910ef8+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
url = "https://vigie.association.org/journal"

[[target]]
slug = "a-nous"
name = "À nous"
url = "https://www.service-public.fr/a-nous"
kind = "page"
platform = "service-public"
source = "dépôt public"
verified = "yes"
"""


def entries() -> dict[str, type[schema.Entry]]:
    return {
        name: model
        for name, model in vars(schema).items()
        if isinstance(model, type) and issubclass(model, schema.Entry) and model not in CONTAINERS
    }


def test_every_key_of_every_table_is_read(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[tuple[str, str]] = set()
    plain = schema.Entry.__getattribute__

    def noting(self: schema.Entry, name: str) -> Any:
        read.update((model.__name__, name) for model in type(self).__mro__)
        return plain(self, name)

    def dumped(self: schema.Entry, **options: Any) -> dict[str, Any]:
        read.update((type(self).__name__, name) for name in type(self).model_fields)
        return dump(self, **options)

    dump = schema.Entry.model_dump
    monkeypatch.setattr(schema.Entry, "__getattribute__", noting)
    monkeypatch.setattr(schema.Entry, "model_dump", dumped)
    local = shipped / "local.toml"
    local.write_text(EVERY_TABLE, encoding="utf-8")
    load(shipped)
    given = {model.__name__ for model in GIVEN}
    keys = {
        (name, key)
        for name, model in entries().items()
        if name not in given
        for key, field in model.model_fields.items()
        if field.annotation != list[Any]  # tables, each validated and read alone
    }
    assert len(keys) > 70
    assert sorted(keys - read) == []


def attributes() -> Iterator[str]:
    """Yield the names that the program reads attributes by, outside of `monitor/config`."""
    for path in sorted((ROOT / "monitor").rglob("*")):
        # The demo copies whole tables from the shipped files to its own.
        if path.parent.name == "config" or path.name == "config_folder.py":
            continue
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                    yield node.attr
        elif path.suffix in {".html", ".svg"}:
            yield from re.findall(r"\.(\w+)", path.read_text(encoding="utf-8"))


def test_all_that_the_program_is_given_is_read() -> None:
    read = set(attributes())
    unread = {
        f"{model.__name__}.{name}"
        for model in GIVEN
        for name in names_of(model)
        if name not in read
    }
    assert sorted(unread - RULES.keys()) == []


def names_of(model: type[Any]) -> Iterator[str]:
    if issubclass(model, schema.Entry):
        yield from model.model_fields
    else:
        yield from (field.name for field in fields(model) if field.init)
