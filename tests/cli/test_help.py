"""What every command says of itself."""

import argparse
import re
from collections.abc import Iterator

import pytest

import monitor
from monitor.cli import COMMANDS, main, parser
from monitor.store.engine import StoreError, parse


def parsers(
    of: argparse.ArgumentParser, name: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield name, of
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner, one in action.choices.items():
                yield from parsers(one, f"{name} {inner}".strip())


def test_every_option_of_every_command_is_explained() -> None:
    bare = [
        f"{name} {action.option_strings or action.dest}"
        for name, one in parsers(parser())
        for action in one._actions
        if not action.help and not isinstance(action, argparse._SubParsersAction)
    ]
    assert bare == []


def test_no_beginning_of_an_option_stands_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A later option with the same beginning would give old scripts another meaning."""
    assert all(not one.allow_abbrev for _, one in parsers(parser()))
    with pytest.raises(SystemExit):
        main(["dossier", "--target", "a", "--since", "3"])
    assert "--since" in capsys.readouterr().err


def test_every_command_has_a_line_in_the_list() -> None:
    listed = parser().format_help()
    for command in COMMANDS:
        assert re.search(rf"^    {command}\s+\S", listed, re.MULTILINE), command


def test_no_english_is_left_in_the_help() -> None:
    for name, one in parsers(parser()):
        text = one.format_help()
        for english in ("show this", "usage:", "positional", "show program"):
            assert english not in text, name


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"vigie {monitor.__version__}\n"


def test_health_says_in_french_that_nobody_answers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_LISTEN", "127.0.0.1:9")
    assert main(["health"]) == 1
    output = capsys.readouterr().err
    assert "connexion refusée" in output
    assert "VIGIE_LISTEN" in output


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_may_be_written_as_providers_do(scheme: str) -> None:
    assert parse(f"{scheme}://u:p@h/b").drivername == "postgresql+psycopg"


def test_another_database_is_refused_with_the_right_form() -> None:
    with pytest.raises(StoreError, match="SQLite"):
        parse("mysql://u:p@h/b")
