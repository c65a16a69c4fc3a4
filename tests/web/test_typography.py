"""What is French on the pages is set as French."""

import re
from pathlib import Path

import pytest

from monitor.core.french import labels, sentences
from monitor.web.templating import TEMPLATES, typeset


def test_a_line_does_not_break_inside_of_quotation_marks() -> None:
    assert typeset("« a b » devient « c »") == "«\N{NBSP}a b\N{NBSP}» devient «\N{NBSP}c\N{NBSP}»"


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_template_leaves_a_quotation_mark_alone_on_a_line(template: Path) -> None:
    assert re.findall("« .{0,20}|.{0,20} »", template.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("module", [sentences, labels], ids=lambda module: module.__name__)
def test_the_words_of_the_pages_have_curly_apostrophes(module: object) -> None:
    tables = [table for table in vars(module).values() if isinstance(table, dict)]
    said = [text for table in tables for text in table.values() if isinstance(text, str)]
    assert said
    assert [text for text in said if re.search(r"\w'\w", text)] == []
