"""Every command that a document gives can be typed: its words are those of the program."""

import re
import shlex
from pathlib import Path

import pytest

from monitor.cli import parser

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "LISEZMOI.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")))
FRENCH = (
    "LISEZMOI.md",
    *(
        f"docs/{stem}.md"
        for stem in (
            "grafana",
            "horodatage",
            "interroger",
            "metriques",
            "pages",
            "premier-jour",
            "prometheus",
            "reglages",
            "regles-de-comptage",
            "temoins",
        )
    ),
)
PICTURE_MAX = 150_000  # bytes
_PICTURE = re.compile(r"src=\"([^\":]+\.png)\"|!\[[^\]]*\]\(([^):]+\.png)\)")
_FENCED = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:sudo )?(?:\.venv/bin/)?vigie [a-z][^`]*)`")
_VIGIE = re.compile(r"(?<!\S)(?:\S*/)?vigie (?=[a-z-])")


def fenced(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line for block in _FENCED.findall(text) for line in block.splitlines() if line]


def words_after(line: str) -> list[str] | None:
    """Return what `vigie` is given in a line of a shell; None when it is not called."""
    bare = line.partition(" # ")[0].partition(" > ")[0].partition(" | ")[0]
    calls = list(_VIGIE.finditer(bare))
    # Other programs take the name as an argument: of a service, a user, a container.
    if not calls or re.match(r"#|sudo (?:systemctl|install) |docker compose exec vigie rm ", bare):
        return None
    return shlex.split(re.sub(r"\$\([^)]*\)", "2026-11-29", bare[calls[-1].end() :]))


def commands(name: str) -> list[list[str]]:
    found = [words_after(line) for line in fenced(name)]
    return [words for words in found if words]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_command_of_a_document_is_understood(name: str) -> None:
    for words in commands(name):
        try:
            parser().parse_args(words)
        except SystemExit:
            pytest.fail(f"{name}: vigie {' '.join(words)}")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_command_named_in_a_sentence_exists(name: str) -> None:
    known = parser().format_help()
    for said in _INLINE.findall((ROOT / name).read_text(encoding="utf-8")):
        command = said.split("vigie ")[1].split()[0]
        assert re.search(rf"^    {command}\s", known, re.MULTILINE), f"{name}: {said}"


def test_the_documents_are_really_read() -> None:
    assert ["migrate", "--to", "postgresql://vigie:mot-de-passe@localhost/vigie"] in commands(
        "LISEZMOI.md"
    )
    assert len(commands("LISEZMOI.md")) >= 8


@pytest.mark.parametrize("name", ["README.md", "LISEZMOI.md"])
def test_each_make_target_of_a_document_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = {
        word
        for line in fenced(name)
        for word in re.findall(r"(?:^|sudo )make (?:-C \S+ )?([a-z]+)", line)
    }
    assert asked <= targets


@pytest.mark.parametrize("name", FRENCH)
def test_french_is_set_as_it_is_printed(name: str) -> None:
    """No line can end before a colon or inside quotation marks; apostrophes are typographic."""
    text = (ROOT / name).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`]*`", "`code`", text)
    slip = r".*(?:(?<!\u00a0)[;?!»]|\s(?<!\u00a0):|«(?!\u00a0)|\w'\w).*"
    assert re.findall(slip, text) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_picture_is_there_and_light(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for names in _PICTURE.findall(text):
        picture = (ROOT / name).parent / "".join(names)
        assert picture.stat().st_size <= PICTURE_MAX, picture


def test_the_readme_shows_the_first_page_first() -> None:
    pictures = _PICTURE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert pictures[0][0] == "docs/images/site-accueil.png"
