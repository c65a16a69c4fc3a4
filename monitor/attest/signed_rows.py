"""Audit the rows of checkpoints, cosignatures and tokens against the signatures."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from sqlalchemy import Connection

from monitor.evidence.log.note import (
    Algorithm,
    Checkpoint,
    Note,
    NoteError,
    Signature,
    VerifierKey,
    cosigned_at,
)
from monitor.store.audit.audit_rows import Raw, rows, show
from monitor.store.audit.difference import Difference

_COSIGNATURE_BYTES = 72  # C2SP cosignature/v1: a time, and a signature of Ed25519
_SECOND = 1_000_000


def sizes(connection: Connection) -> frozenset[int]:
    """Return the sizes of the checkpoints in the database."""
    return frozenset(
        row["size"]
        for row in rows(connection, "checkpoint")
        if isinstance(row["size"], int) and row["size"] >= 0
    )


def differences(
    connection: Connection,
    *,
    keys: Collection[VerifierKey],
    roots: Mapping[int, bytes],
    data: Path | None,
) -> Iterator[Difference]:
    """Yield the rows that do not agree with what was signed.

    Args:
        connection: A snapshot of the store.
        keys: Those that signed for the journal, one after the other; none when unknown.
        roots: Of the journal's tree, at the sizes of `sizes`.
        data: The data folder, for the files of tokens; None to skip them.

    """
    notes: dict[int, Note] = {}
    for row in rows(connection, "checkpoint"):
        try:
            notes[row["size"]] = _note(row, keys, roots)
        except (NoteError, TypeError, ValueError) as error:
            yield Difference("checkpoint", None, show(row["size"]), str(error))
    for row in rows(connection, "cosignature"):
        name = f"{show(row['size'])} {show(row['witness'])}"
        try:
            _require_cosignature(row, notes)
        except (NoteError, TypeError, ValueError, AttributeError) as error:
            yield Difference("cosignature", None, name, str(error))
    for row in rows(connection, "token"):
        if data is not None and row["leaf"] is not None and not _is_there(data, row):
            name = f"{show(row['authority'])} {show(row['at'])}"
            yield Difference("token", row["leaf"], name, f"fichier absent : {show(row['file'])}")


def _note(row: Raw, keys: Collection[VerifierKey], roots: Mapping[int, bytes]) -> Note:
    """Return the note of a checkpoint. Raises NoteError, TypeError, ValueError."""
    if not isinstance(row["note"], bytes):  # SQLite keeps anything in any column
        raise NoteError("la note n’est pas faite d’octets")
    note = Note.parse(row["note"])
    checkpoint = Checkpoint.parse(note.text)
    if bytes(note) != row["note"]:
        raise NoteError("une autre écriture de la note est possible")
    if (checkpoint.size, checkpoint.root) != (row["size"], row["root"]):
        raise NoteError("la note ne dit pas cette taille et cette racine")
    if checkpoint.size and roots.get(checkpoint.size) != checkpoint.root:
        raise NoteError("ce n’est pas la racine du journal à cette taille")
    if keys and not note.verified_by(keys):
        raise NoteError("la note n’est pas signée par la clé du journal")
    if keys and checkpoint.origin not in {key.name for key in keys}:
        raise NoteError("la note porte un autre nom que le journal")
    return note


def _require_cosignature(row: Raw, notes: Mapping[int, Note]) -> None:
    line = Signature.parse(row["line"])
    note = notes.get(row["size"])
    if note is None:
        raise NoteError("aucun point de contrôle de cette taille")
    if str(line) != row["line"] or len(line.data) != _COSIGNATURE_BYTES:
        raise NoteError("ce n’est pas une ligne de cosignature")
    if line.name != row["witness"]:
        raise NoteError(f"la ligne est de {line.name}")
    if cosigned_at(line) * _SECOND != row["at"]:
        raise NoteError("la ligne porte une autre heure")


def _is_there(data: Path, row: Raw) -> bool:
    path = data / str(row["file"]) / "token.tst"
    return path.is_file()


def signing_keys(key: VerifierKey | None, former: Collection[str]) -> list[VerifierKey]:
    """Return the journal's keys: the current one, and the `former` ones that leaves name."""
    if key is None:
        return []
    keys = [key]
    for text in former:
        try:
            old = VerifierKey.parse(text)
        except NoteError:
            continue
        if old.name == key.name and old.algorithm is Algorithm.ED25519 and old not in keys:
            keys.append(old)
    return keys
