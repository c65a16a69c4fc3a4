"""What a person decides of what was proposed: written in `local.toml`, with its source and date.

Nothing is written that leaves the configuration invalid, or that another line undoes: then every
file is as it was before.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from monitor.config import Config, load
from monitor.config.files.local import LOCAL
from monitor.config.files.local_edit import put, put_entry
from monitor.core.french.formatting import PARIS
from monitor.evidence import bounded, durable
from monitor.runtime.errors import VigieError, in_french
from monitor.survey.surprise import KIND_WORDS, ConfigEdit, Surprise, toml
from monitor.survey.survey_folder import SurveyError

DECISIONS = "decisions.json"
MAX_BYTES = 5_000_000
_READABLE = 0o644


class NotWritten(VigieError):  # noqa: N818 -- what was refused, not a fault
    """A proposal that cannot be written as it is. French; every file is as before."""


class ProposalChoice(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided of a proposal. `lines` are those that were proposed then."""

    choice: ProposalChoice
    at: datetime
    lines: tuple[str, ...]


_DECISIONS = TypeAdapter(dict[str, Decision])


def read_decisions(folder: Path) -> dict[str, Decision]:
    """Return the decisions so far, by id. Raises SurveyError for a damaged file."""
    path = folder / DECISIONS
    try:
        return _DECISIONS.validate_json(bounded.read(path, MAX_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise SurveyError(f"{path} : décisions illisibles : {type(error).__name__}") from None


def write_decisions(folder: Path, decisions: Mapping[str, Decision]) -> None:
    """Write the decisions durably. Raises SurveyError."""
    try:
        durable.write(folder / DECISIONS, _DECISIONS.dump_json(dict(decisions), indent=1))
    except OSError as error:
        raise SurveyError(f"{folder} : {in_french(error)}") from None


def accepted_lines(surprise: Surprise, *, observed_at: datetime, now: datetime) -> tuple[str, ...]:
    """Return the lines of an accepted proposal, with a comment on where they come from."""
    if surprise.edit is None:
        return ()
    seen_on, today = (f"{at.astimezone(PARIS):%d/%m/%Y}" for at in (observed_at, now))
    kind = KIND_WORDS[surprise.kind].lower()
    return (f"# {kind} : relevé du {seen_on}, accepté le {today}", *surprise.edit.lines)


def accept(folder: Path, surprise: Surprise, *, observed_at: datetime, now: datetime) -> Config:
    """Write a proposal into the configuration of a folder; return what it is then.

    Raises:
        NotWritten: It cannot be written, or the configuration would not be valid.

    """
    edit = surprise.edit
    if edit is None:
        raise NotWritten(f"{surprise.id} : seule une personne peut écrire ce qui convient.")
    path = folder / LOCAL
    before = _read(path)
    text = _edited(before, edit, accepted_lines(surprise, observed_at=observed_at, now=now))
    if _parsed(text) is None:
        lines = "".join(f"\n  {line}" for line in edit.lines)
        raise NotWritten(f"{path} : sa forme ne permet pas d’y écrire. À écrire vous-même :{lines}")
    files = {path: text.encode()} | {folder / name: data for name, data in edit.files.items()}
    return _written(folder, files)


def _edited(text: str, edit: ConfigEdit, lines: tuple[str, ...]) -> str:
    if edit.listed:
        values = {key: toml(value) for key, value in edit.values.items()}
        return put_entry(text, edit.table, values, lines[0])
    for key, value in edit.values.items():
        text = put(text, edit.table, key, f"{toml(value)} {lines[0]}")
    return text


def _written(folder: Path, files: Mapping[Path, bytes]) -> Config:
    """Write files; restore all of them unless the configuration is valid then."""
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    try:
        for path, data in files.items():
            durable.write(path, data, mode=_READABLE)
        return load(folder)
    except OSError as error:
        _restore(before)
        raise NotWritten(f"{folder} : {in_french(error)}. Rien n’a été changé.") from None
    except VigieError as error:
        _restore(before)
        raise NotWritten(
            f"La configuration serait refusée, rien n’a été changé :\n{error}"
        ) from None


def _restore(before: Mapping[Path, bytes | None]) -> None:
    for path, data in before.items():
        if data is None:
            path.unlink(missing_ok=True)
        else:
            durable.write(path, data, mode=_READABLE)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError):
        raise NotWritten(f"{path} : illisible. Corrigez ou retirez ce fichier.") from None


def _parsed(text: str) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None
