"""The digest of the effective configuration: of its values, not of its layout."""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from monitor.config import (
    Config,
    Cosigner,
    Cosigning,
    StampAuthority,
    Stamping,
    Witnessing,
    load,
)
from monitor.core.model import Confidence, Kind, Reason, Verdict
from monitor.core.verdict.fingerprints import Fingerprint, MarkPlace

WITNESS_KEY = "temoin.association.org/w+2c8ca831+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"


def rewritten(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_layout_of_the_files_does_not_matter(folder: Path) -> None:
    """Comments, spaces, quotes, order of keys and tables, file that a target stands in."""
    before = load(folder).sha256
    main, national = folder / "vigie.toml", folder / "targets/national.toml"
    main.write_text("# Notre service\n\n" + main.read_text())
    rewritten(main, "spacing_s = 10\n", "spacing_s = 10.0   # secondes\n")
    rewritten(main, 'association = "Association"\n', "")
    rewritten(main, "[publisher]\n", "[publisher]\nassociation = 'Association'\n")
    twin = '\n[[target]]\nslug = "%s"\nname = "N"\nurl = "https://www.etat.fr/%s"\nkind = "home"\n'
    rest = 'platform = "etat"\nsource = "s"\nverified = "no"\n'
    one, two = twin % ("a", "a") + rest, twin % ("b", "b") + rest
    good = national.read_text()
    national.write_text(good + one + two)
    grown = load(folder).sha256
    national.write_text(good + two)
    (folder / "targets/autre.toml").write_text('group = "services"\n' + one)

    assert grown == load(folder).sha256
    national.write_text(good)
    (folder / "targets/autre.toml").unlink()
    assert before == load(folder).sha256


def test_a_default_that_is_written_out_changes_nothing(folder: Path) -> None:
    before = load(folder).sha256
    main = folder / "vigie.toml"
    main.write_text(main.read_text() + "\n[policy]\nfailures = 3\n\n[clock]\nlimit_ms = 500\n")

    assert before == load(folder).sha256


@pytest.fixture
def rich(folder: Path) -> Config:
    """Return a configuration in which no value is empty."""
    config = load(folder)
    mark = Fingerprint(
        id="marque",
        verdict=Verdict.DOWN,
        reason=Reason.ERROR_TEXT,
        where=MarkPlace.TEXT,
        words_max=10,
        texts=("erreur",),
        patterns=(re.compile("erreur"),),
        also=("service",),
        header="server",
        statuses=frozenset({200}),
        source="dépôt",
    )
    target = replace(
        config.targets[0],
        department="93",
        markers=("a",),
        expect_path="/a",
        signs_of_life=("https://www.etat.fr/b",),
    )
    return replace(
        config,
        targets=(target,),
        fingerprints=(mark,),
        resolvers=("192.0.2.1",),
        second_resolvers=("192.0.2.2",),
        ntp_servers=("ntp.example.org",),
        extra_ca=Path("ca.pem"),
        stamping=Stamping(
            authorities=(
                StampAuthority(slug="a", name="A", url="http://a.fr/", operator="A", roots="-"),
            )
        ),
        cosigning=Cosigning(witnesses=(Cosigner(key=WITNESS_KEY, url="https://a.fr/"),)),
        witnessing=Witnessing(name="a", logs=("b",)),
    )


OTHERS: dict[type, Callable[[Any], Any]] = {
    bool: lambda value: not value,
    int: lambda value: value + 1,
    float: lambda value: value + 0.5,
    str: lambda value: value + "x",
    frozenset: lambda value: value | {999},
    type(Path()): lambda value: value / "x",
    re.Pattern: lambda value: re.compile(value.pattern + "x"),
    Kind: lambda _: Kind.FORM,
    Confidence: lambda _: Confidence.LIVE,
    Verdict: lambda _: Verdict.BLOCKED,
    Reason: lambda _: Reason.GONE,
    MarkPlace: lambda _: MarkPlace.URL,
}


def variants(value: Any) -> list[Any]:
    """Return every value that differs from this one in exactly one place."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [
            replace(value, **{field.name: new})
            for field in fields(value)
            if field.init and field.compare
            for new in variants(getattr(value, field.name))
        ]
    if isinstance(value, BaseModel):
        return [
            value.model_copy(update={name: new})
            for name in type(value).model_fields
            for new in variants(getattr(value, name))
        ]
    if isinstance(value, tuple):
        return [
            (*value[:i], new, *value[i + 1 :]) for i, x in enumerate(value) for new in variants(x)
        ]
    if isinstance(value, dict):
        return [{**value, key: new} for key, x in value.items() for new in variants(x)]
    return [OTHERS[type(value)](value)]


def test_any_value_changes_the_digest(rich: Config) -> None:
    """Each leaf of the configuration is changed alone: no two digests are equal."""
    changed = variants(rich)

    digests = {rich.sha256, *(config.sha256 for config in changed)}

    assert 70 < len(changed)
    assert 1 + len(changed) == len(digests)


def test_a_copy_has_the_digest_of_its_own_values(rich: Config) -> None:
    copy = replace(rich, contact="autre@association.fr")

    assert rich.sha256 != copy.sha256
    assert rich.sha256 == replace(copy, contact=rich.contact).sha256
