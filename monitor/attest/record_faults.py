"""The faults of a record of ours, verified by ourselves: after an upgrade, or in a backup."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from monitor.attest.sealing import KEY_FILE
from monitor.attest.verification import verify
from monitor.config.settings import Settings
from monitor.evidence.log.note import (
    NoteError,
    SignerKey,
    VerifierKey,
)
from monitor.store import Store


def faults_of(  # noqa: PLR0913 -- keyword-only
    journal: Path,
    *,
    key: VerifierKey | None,
    store: Store,
    captures: Path | None = None,
    announced: Path | None = None,
    progress: Callable[[str, int], None],
) -> tuple[str, ...]:
    """Return the faults of a record of ours, one line of French each.

    The signature is not checked when `key` is None: the key may be kept elsewhere.
    """
    all_steps = verify(
        journal, key=key, store=store, captures=captures, announced=announced, progress=progress
    )
    steps = list(all_steps)[0 if key else 1 :]
    return tuple(f"{step.title} : {fault}" for step in steps for fault in step.faults)


def public_key(folder: Path, settings: Settings) -> VerifierKey | None:
    """Return the public half of the journal's key, from a folder, the data or the settings."""
    for path in (folder / KEY_FILE, settings.data / KEY_FILE):
        with suppress(OSError, UnicodeError, NoteError):
            return SignerKey.parse(path.read_text(encoding="utf-8")).verifier
    with suppress(NoteError):
        return SignerKey.parse(settings.journal_key).verifier
    return None
