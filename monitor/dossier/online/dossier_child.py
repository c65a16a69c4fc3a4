"""The process that makes one dossier: low priority, and the first to go when memory is short.

Reads a request of one JSON object on its stdin, writes progress and then the result on its stdout,
a JSON object a line. The request is on stdin, since everybody may read the arguments of a process.
"""

import json
import os
import sys
import time
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from monitor.config import Config, load
from monitor.core.outages.calendar import midnight
from monitor.core.outages.span_figures import ScopeKind
from monitor.core.outages.time_accounts import instant
from monitor.dossier.bundle import DossierBundle
from monitor.dossier.bundle.plain_archive import write_archive
from monitor.dossier.dossier_question import (
    DossierQuestion,
    DossierRefused,
    incident_targets,
    named_scope,
    named_targets,
)
from monitor.dossier.dossier_record import DossierSource
from monitor.dossier.dossier_writer import write_dossier
from monitor.dossier.online.dossier_register import register
from monitor.dossier.online.dossier_wishes import DossierState, DossierWish, MadeFile
from monitor.evidence.log.note import VerifierKey
from monitor.figures.recorded_targets import recorded_targets
from monitor.figures.scopes import Scopes
from monitor.runtime.errors import VigieError
from monitor.runtime.process_setup import end_with_parent
from monitor.store import Store

NICE: Final = 10
OOM_SCORE: Final = 900  # of 1,000
TELL_S: Final = 0.5  # between two lines of progress
_DIGITS: Final = 18  # of the number of an incident
_KINDS: Final = {
    "platform": ScopeKind.PLATFORM,
    "department": ScopeKind.DEPARTMENT,
    "anef": ScopeKind.ANEF,
}


def main() -> None:
    """Make the dossier of the request."""
    end_with_parent()
    with suppress(OSError):  # a sandbox may forbid it
        os.nice(NICE)
    with suppress(OSError):  # elsewhere than on Linux
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    request = json.load(sys.stdin.buffer)
    try:
        state = made(request)
    except VigieError as error:
        state = DossierState(outcome="refused", why=str(error))
    _say(state.model_dump(mode="json"))


def made(request: dict[str, Any]) -> DossierState:
    """Make a dossier below `out`, with an archive of all of it. Raises VigieError."""
    wish = DossierWish.model_validate(request["wish"])
    config_folder, out = Path(request["config_folder"]), Path(request["out"])
    config = load(config_folder)
    url, point = request["database_url"], request["point"]
    with Store.open(url, point=point, writer=False) as store:
        question = question_of(wish, store, config)
        source = DossierSource(
            store=store, config=config, data=Path(request["data"]), config_folder=config_folder
        )
        key = VerifierKey.parse(request["key"])
        summary = write_dossier(source, question, out, _Teller(), bundle=DossierBundle(key))
        register(store, summary)
    whole = f"dossier-{summary.code}.zip"
    names = [file.name for file in summary.files]
    write_archive(out / whole, {name: out / name for name in names})
    return DossierState(
        outcome="done",
        code=summary.code,
        settled=summary.settled,
        whole=whole,
        files=[
            MadeFile(
                name=file.name,
                title=file.title,
                number=file.number,
                size_bytes=file.size_bytes,
                sha256=file.sha256,
            )
            for file in summary.files
        ],
    )


def question_of(wish: DossierWish, store: Store, config: Config) -> DossierQuestion:
    """Return what a visitor asks. Raises DossierRefused."""
    known = recorded_targets(
        (state.target for state in store.states()), store.definitions(), config
    )
    since, until = _midnight(wish.since), _midnight(wish.until, days=1)
    scope = None
    if wish.about == "incident":
        if not wish.name.isascii() or not wish.name.isdigit() or len(wish.name) > _DIGITS:
            raise DossierRefused("Le numéro d’un incident s’écrit en chiffres.")
        targets, first, last = incident_targets(store, int(wish.name))
        since, until, title = since or first, until or last, f"Incident {int(wish.name)}"
    elif wish.about == "target":
        targets, title = named_targets(known, [wish.name])
    else:
        scopes = Scopes(known.by_slug, config.figures.components)
        scope, title = named_scope(known, scopes, _KINDS[wish.about], wish.name)
        targets = scope.targets
    newest = store.checkpoint()
    if since is None:
        raise DossierRefused("Il manque le premier jour de la période.")
    if newest is not None:
        newest_at = newest.at.replace(second=0, microsecond=0)
        until = min(until, newest_at) if until else newest_at
    return DossierQuestion(
        scope=scope,
        targets=targets,
        since=since,
        until=until or since,
        title=title,
        expiry=_day(wish.expiry),
        reader=wish.reader,
        pages=wish.pages,
    )


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DossierRefused("Une date n’existe pas au calendrier.") from None


def _midnight(text: str, *, days: int = 0) -> datetime | None:
    day = _day(text)
    try:
        return None if day is None else instant(midnight(day + timedelta(days=days)))
    except (OverflowError, ValueError):
        raise DossierRefused("Une date est hors du calendrier.") from None


class _Teller:
    """Writes progress, not too often."""

    def __init__(self) -> None:
        self._due = 0.0

    def __call__(self, what: str, count: int, total: int) -> None:
        now = time.monotonic()  # noqa: TID251 -- a process of its own, with nothing to wait for
        if now >= self._due:
            self._due = now + TELL_S
            _say({"outcome": "working", "doing": what, "count": count, "total": total})


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
