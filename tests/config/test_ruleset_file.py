"""A ruleset of one's own is read strictly: what is wrong is named, with its place and its cure."""

import re
from datetime import date
from pathlib import Path

import pytest

from monitor.config import ConfigError
from monitor.config.files.ruleset_file import (
    RULESETS_SHIPPED,
    in_force,
    load_ruleset,
    published_ruleset,
    published_versions,
)
from monitor.core.model import Verdict
from tests.support.shipped_rulesets import FOLDER

GOOD = (FOLDER / "lenient.toml").read_text(encoding="utf-8")
OURS = """[[line]]
verdict = "{}"
reasons = ["local_network"]
counts_as = "down"
why = "essai"

"""


def refused(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_ruleset(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith("mine.toml: ") and line.count(": ") >= 4 for line in lines), lines
    return lines


def ours(verdict: str) -> str:
    return GOOD.replace("[[line]]", f"{OURS.format(verdict)}[[line]]", 1)


def with_line(verdict: str, **keys: object) -> str:
    body = "\n".join(f"{key} = {value}" for key, value in keys.items())
    table = f'[[line]]\nverdict = "{verdict}"\nwhy = "essai"\n{body}\n\n'
    return GOOD.replace("[[line]]", f"{table}[[line]]", 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (with_line("unknown", counts_as='"down"'), 'line[1].counts_as: "down": un relevé « unk'),
        (with_line("blocked", counts_as='"down"'), 'line[1].counts_as: "down": un relevé « blo'),
        (with_line("up", counts_as='"down"'), 'line[1].counts_as: "down": un relevé « up »'),
        (ours("degraded"), 'line[1].reasons: "local_network": un défaut de notre côté'),
        (ours("down"), 'line[1].reasons: "local_network": un défaut de notre côté'),
        (with_line("down", counts_as='"donw"'), 'line[1].counts_as: "donw": mot inconnu: peut-'),
        (with_line("down", counts_as='"up"', reason="1"), "line[1].reason: 1: clé inconnue: peut-"),
        (with_line("down", counts_as='"up"', rules='["no-anwser"]'), "line[1].rules[1]: "),
        (with_line("down", counts_as='"up"', rules="[]"), "line[1].rules: []: liste trop courte"),
        (with_line("down", counts_as='"up"', statuses="[600000]"), "line[1].statuses[1]: 600000"),
        (with_line("down", counts_as='"up"', over_s="0"), "line[1].over_s: 0: nombre trop petit"),
        (with_line("down", counts_as='"up"'), 'line[2].verdict: "down": ligne jamais atteinte'),
        (GOOD.replace('unconfirmed = "unknown"', 'unconfirmed = "down"'), "confirmation.unconf"),
        (GOOD.replace('with_own = "hardest"', 'with_own = "soft"'), "confirmation.with_own: "),
        (GOOD.replace("failures = 4", "failures = 0"), "confirmation.failures: 0: nombre trop"),
        (GOOD.replace('slug = "lenient"\n', ""), "slug: (absente): clé obligatoire absente"),
        (GOOD.rpartition("[[line]]")[0], 'line: "unknown": ce verdict n’a pas de dernière ligne'),
        ("slug = ", "fin du fichier: "),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in line for line in refused(tmp_path, text))


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - {Verdict.UNKNOWN}))
def test_no_file_makes_a_fault_of_our_own_count_against_the_site(
    tmp_path: Path, verdict: Verdict
) -> None:
    (line,) = refused(tmp_path, ours(verdict))

    assert re.search(r"line\[1\]\.(reasons|counts_as): ", line)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nul\.toml: fichier: \(absent\)"):
        load_ruleset(tmp_path / "nul.toml")


def test_another_layout_is_another_file_by_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD + "\n", encoding="utf-8")

    assert load_ruleset(path).sha256 != load_ruleset(FOLDER / "lenient.toml").sha256


def test_a_folder_without_the_published_rulesets_has_those_of_the_program(tmp_path: Path) -> None:
    """The demo's folder has none, nor need an association's own."""
    for name in RULESETS_SHIPPED:
        assert load_ruleset(published_ruleset(tmp_path, name)).slug == name

    own = tmp_path / "rulesets" / "strict.toml"
    own.parent.mkdir()
    own.touch()
    assert published_ruleset(tmp_path, "strict") == own


# What was published: a dossier that is made again counts by the rules of its day.
PUBLISHED = {
    ("lenient", "2026-11-29.2"): "88c90c47ff792e18ea934256f098fd2c89fcba6cef104d91500b38e3fcdf58f6",
    ("strict", "2026-11-29"): "61fe2d6d79faaf807256070929349addc68c0a85177ada4ba8b873d3ebabab2d",
}


def test_what_was_published_stays_as_it_was() -> None:
    """To change a ruleset: keep its file as NAME-VERSION.toml, and add the new one here."""
    kept = {
        (one.slug, one.version): one.sha256
        for name in RULESETS_SHIPPED
        for one in published_versions(FOLDER.parent, name)
    }
    assert kept == PUBLISHED


def test_the_version_of_a_day_is_the_newest_before_it(tmp_path: Path) -> None:
    folder = tmp_path / "rulesets"
    folder.mkdir()
    shipped = (FOLDER / "strict.toml").read_text(encoding="utf-8")
    for name, version in (
        ("strict", "2027-03-01.10"),
        ("strict-2027-03-01.2", "2027-03-01.2"),
        ("strict-2027-02-01", "2027-02-01"),
    ):
        text = shipped.replace('version = "2026-11-29"', f'version = "{version}"')
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    versions = published_versions(tmp_path, "strict")

    for day, version in (
        (date(2026, 1, 1), "2027-02-01"),
        (date(2027, 2, 28), "2027-02-01"),
        (date(2027, 3, 1), "2027-03-01.10"),
    ):
        assert in_force(versions, day).version == version
