"""Every message that a page or a mail may have, and the catalogues: `make catalogues`."""

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import nodes
from jinja2.ext import extract_from_ast

from monitor.charts import MACROS, check_phases
from monitor.core.french import (
    change_sentences,
    labels,
    now_sentences,
    page_event_sentences,
    sentences,
)
from monitor.core.notices import choices
from monitor.translations import LANGUAGES
from monitor.translations.translated import FOLDER
from monitor.web import record_routes
from monitor.web.templating import TEMPLATES, Typesetting, environment

ROOT: Final = Path(__file__).parents[2]
MONITOR: Final = ROOT / "monitor"
# Tables of messages that are looked up by a key.
TABLES: Final[tuple[Mapping[Any, str], ...]] = (
    sentences.VERDICTS,
    sentences.REASONS,
    labels.GAPS,
    labels.NATURES,
    check_phases.PHASES,
    now_sentences.WHOLE,
    now_sentences.IN_PART,
    change_sentences.KINDS,
    choices.PACES,
    choices.INTERESTS,
    record_routes.ANNOUNCED,
    page_event_sentences.EDGES,
)
# Lines of a catalogue that differ each time that it is written, or say nothing.
DATED: Final = (
    *("#, fuzzy", "#, python-format", '"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By'),
    *('"Last-Translator', '"Language-Team', '"Project-Id-Version', '"Report-Msgid-Bugs-To'),
)
CODES: Final = tuple(code for code in LANGUAGES if code != "fr")
# A message is its text, or its singular and its plural.
Message = str | tuple[str, str]


@cache
def messages() -> tuple[Message, ...]:
    """Return every message once: of the templates, of the program, of its tables."""
    every = [*_of_templates(), *_of_program(), *(text for one in TABLES for text in one.values())]
    return tuple(dict.fromkeys(every))


def _of_templates() -> Iterator[Message]:
    # As other languages read them: without French spaces.
    templates = environment(version="0")
    del templates.extensions[Typesetting.identifier]
    for path in (*sorted(TEMPLATES.glob("*.html")), MACROS / "charts.html"):
        tree = templates.parse(path.read_text(encoding="utf-8"))
        # Each has a tuple of texts, of which the first is the message.
        calls: list[Any] = list(extract_from_ast(tree, babel_style=False))
        texts: list[str] = [strings[0] for _, _, strings in calls]
        yield from texts
        for one in tree.find_all(nodes.Filter) if texts else ():  # else it is French only
            words = [arg.value for arg in one.args if isinstance(arg, nodes.Const)]
            if one.name == "count" and words:
                yield _counted(words)


@cache
def programs() -> tuple[tuple[Path, ast.Module], ...]:
    """Return the modules that know a language, parsed."""
    sources = [(path, path.read_text(encoding="utf-8")) for path in sorted(MONITOR.rglob("*.py"))]
    return tuple((path, ast.parse(text)) for path, text in sources if "Language" in text)


def _of_program() -> Iterator[Message]:
    """Yield the texts of calls like `language.text("…", …)` and `language.count(n, "…")`."""
    for _, tree in programs():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Attribute(attr="text") | ast.Name(id="text"):
                    yield from _constants(node.args[:1])
                case ast.Attribute(attr="count") if len(node.args) > 1:
                    if words := list(_constants(node.args[1:])):
                        yield _counted(words)


def _constants(arguments: list[ast.expr]) -> Iterator[str]:
    """Yield the texts among some arguments; of a choice between two, both."""
    for one in arguments:
        match one:
            case ast.Constant(value=str(text)):
                yield text
            case ast.IfExp(body=first, orelse=second):
                yield from _constants([first, second])


def _counted(words: list[str]) -> Message:
    singular, plural = words if len(words) > 1 else (words[0], f"{words[0]}s")
    return f"%(number)s {singular}", f"%(number)s {plural}"


def catalogue(code: str) -> Catalog:
    with (FOLDER / f"{code}.po").open("rb") as source:
        return read_po(source, locale=code, abort_invalid=True)


def renewed(code: str) -> Catalog:
    """Return the catalogue of a language with today's messages; new ones are empty."""
    path = FOLDER / f"{code}.po"
    old = catalogue(code) if path.exists() else Catalog(locale=code)
    new = Catalog(locale=code, header_comment=f"# {LANGUAGES[code].name}.", charset="utf-8")
    for message in messages():
        before = old.get(message)
        new.add(message, before.string if before else None)
    return new


def written(code: str) -> str:
    """Return a catalogue as a file: in the order of the program, without dates and places."""
    text = BytesIO()
    write_po(text, renewed(code), width=100, no_location=True)
    lines = [line for line in text.getvalue().decode().splitlines() if not line.startswith(DATED)]
    return "\n".join(lines) + "\n"


def write(code: str) -> None:
    """Write a catalogue anew."""
    (FOLDER / f"{code}.po").write_text(written(code), encoding="utf-8")


if __name__ == "__main__":
    for one in CODES:
        write(one)
        missing = [str(message.id) for message in catalogue(one) if not message.string]
        sys.stdout.write(f"{one}: {len(messages())} messages, {len(missing)} to translate\n")
