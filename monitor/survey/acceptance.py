"""What a person decides of what was proposed: written in `local.toml`, with its source and date.

A proposal is tried beside the configuration before anything is written. What would leave it
invalid is refused, and every file is as it was before; `local.toml` is the last to be written.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from stat import S_IMODE
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import TypeAdapter, ValidationError

from monitor.config import Config, load
from monitor.config.files.local import LOCAL
from monitor.config.files.local_edit import put, put_entry
from monitor.core.french.formatting import PARIS
from monitor.evidence import bounded, durable
from monitor.runtime.errors import VigieError, in_french
from monitor.survey.proposal_comparison import ROOTS, configured
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


def accept(
    folder: Path, surprise: Surprise, *, before: Config, observed_at: datetime, now: datetime
) -> Config:
    """Write a proposal into the configuration of a folder; return what it is then.

    Args:
        folder: Of the configuration.
        surprise: The proposal.
        before: The configuration that it was proposed for.
        observed_at: When what it says was observed.
        now: Our clock.

    Raises:
        NotWritten: It cannot be written, the configuration changed since `before`, or would not be
            valid.

    """
    with ExitStack() as until:
        _hold(folder, until)
        if _loaded(folder).sha256 != before.sha256:
            raise NotWritten(
                "La configuration a changé depuis que ceci a été proposé. Rien n’a été écrit : "
                "relancez « vigie accept »."
            )
        edit = _edit(surprise)
        lines = accepted_lines(surprise, observed_at=observed_at, now=now)
        files = _files(folder, edit, comment=lines[0])
        _trial(folder, edit, files)
        _write(folder, files)
        return _loaded(folder)


def tried(folder: Path, surprise: Surprise) -> Config:
    """Return what the configuration of a folder would be; write nothing there.

    Raises:
        NotWritten: The proposal cannot be written, or the configuration would not be valid.

    """
    edit = _edit(surprise)
    return _trial(folder, edit, _files(folder, edit, comment="# essai"))


def _edit(surprise: Surprise) -> ConfigEdit:
    if surprise.edit is None:
        raise NotWritten(f"{surprise.id} : seule une personne peut écrire ce qui convient.")
    return surprise.edit


def _hold(folder: Path, until: ExitStack) -> None:
    try:
        durable.hold(folder, until)
    except BlockingIOError:
        raise NotWritten("Une autre commande « vigie accept » écrit en ce moment.") from None
    except OSError as error:
        raise NotWritten(f"{folder} : {in_french(error)}") from None


def _loaded(folder: Path) -> Config:
    try:
        return load(folder)
    except VigieError as error:
        raise NotWritten(
            f"La configuration n’est plus valide. Rien n’a été écrit :\n{error}"
        ) from None


def _files(folder: Path, edit: ConfigEdit, *, comment: str) -> Mapping[str, bytes]:
    """Return the files that an edit writes, by their path from the folder; `local.toml` last."""
    path = folder / LOCAL
    text = _edited(_read(path), edit, comment).encode()
    if _parsed(text) is None:
        proposed = "".join(f"\n  {line}" for line in edit.lines)
        raise NotWritten(
            f"{path} : sa forme ne permet pas d’y écrire. À écrire vous-même :{proposed}"
        )
    return {**edit.files, LOCAL: text}


def _edited(text: str, edit: ConfigEdit, comment: str) -> str:
    if edit.listed:
        values = {key: toml(value) for key, value in edit.values.items()}
        return put_entry(text, edit.table, values, comment)
    for key, value in edit.values.items():
        text = put(text, edit.table, key, f"{toml(value)} {comment}")
    return text


def _trial(folder: Path, edit: ConfigEdit, files: Mapping[str, bytes]) -> Config:
    """Load a folder as it would be with some files, in a copy made of links. Raises NotWritten."""
    try:
        with TemporaryDirectory(prefix="vigie-") as name:
            copy = Path(name)
            _link(folder, copy, besides=files)
            for path, data in files.items():
                (copy / path).write_bytes(data)
            config = load(copy)
    except OSError as error:
        raise NotWritten(f"{in_french(error)}. Rien n’a été changé.") from None
    except VigieError as error:
        raise NotWritten(
            f"La configuration serait refusée, rien n’a été changé :\n{error}"
        ) from None
    if undone := list(_undone(edit, config)):
        raise NotWritten(
            f"Une autre ligne de {LOCAL} l’emporterait pour : {', '.join(undone)}. Rien n’a été "
            "changé : corrigez ce fichier vous-même."
        )
    return config


def _undone(edit: ConfigEdit, config: Config) -> Iterator[str]:
    """Yield the keys of an edit that a configuration has otherwise."""
    values = configured(edit, config)
    for key, value in list(edit.values.items())[1 if edit.listed else 0 :]:
        if key != ROOTS and values.get(key) != toml(value):
            yield key


def _link(folder: Path, copy: Path, *, besides: Iterable[str]) -> None:
    """Fill a folder with links to what another has, besides some files; they may be in a folder."""
    folders = {Path(name).parts[0] for name in besides if len(Path(name).parts) > 1}
    for path in folder.iterdir():
        if path.name not in {*besides, *folders}:
            (copy / path.name).symlink_to(path.absolute())
    for name in folders:
        (copy / name).mkdir()
        for path in (folder / name).glob("*"):
            if f"{name}/{path.name}" not in besides:
                (copy / name / path.name).symlink_to(path.absolute())


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files, in order, with the permissions that they have."""
    try:
        for name, data in files.items():
            path = (folder / name).resolve()  # an operator may have put a link there
            mode = S_IMODE(path.stat().st_mode) if path.exists() else _READABLE
            durable.write(path, data, mode=mode)
    except OSError as error:
        raise NotWritten(f"{folder} : {in_french(error)}. Rien n’a été changé.") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError):
        raise NotWritten(f"{path} : illisible. Corrigez ou retirez ce fichier.") from None


def _parsed(text: bytes) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(text.decode())
    except (ValueError, RecursionError):
        return None
