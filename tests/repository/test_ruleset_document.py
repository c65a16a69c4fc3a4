"""The document of the rulesets says what their files say."""

from monitor.config.files.ruleset_file import ConfirmationEntry, LineEntry, RulesetEntry
from tests.support.ruleset_document import DOCUMENT, rewritten, tables
from tests.support.shipped_rulesets import SHIPPED


def test_the_tables_of_the_document_are_those_of_the_files() -> None:
    """When this fails: `python -m tests.support.ruleset_document`, and a new `version`."""
    text = DOCUMENT.read_text(encoding="utf-8")

    assert rewritten(text) == text
    assert all(tables(ruleset) in text for ruleset in SHIPPED.values())


def test_every_key_of_a_ruleset_is_in_the_document() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Écrire le sien")[2]
    for entry in (RulesetEntry, ConfirmationEntry, LineEntry):
        for key in entry.model_fields.keys() - {"confirmation", "line"}:
            assert f"`{key}`" in text, key
