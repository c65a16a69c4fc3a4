"""The journal verified offline, step by step, each saying what it proves and what it does not.

What is read is outside: a folder that someone hands over. Nothing is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from monitor.attest import signed_rows
from monitor.attest.kept_files import KeptTexts
from monitor.attest.leaf_content import LeafContent, Progress, StoreSnapshot
from monitor.attest.verification_step import FaultList, VerificationStep
from monitor.evidence import announced as announcements
from monitor.evidence import bounded
from monitor.evidence.captures.capture_check import Claims, faults
from monitor.evidence.log.note import MAX_NOTE_BYTES, Checkpoint, Note, NoteError, VerifierKey
from monitor.evidence.log.reading import LogReading
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import ProofError
from monitor.fetch.reparse import reread
from monitor.store import Store


def _silent(what: str, count: int) -> None:
    del what, count


def verify(  # noqa: PLR0913 -- keyword-only: what a person may give
    folder: Path,
    *,
    key: VerifierKey | None,
    older: Sequence[Path] = (),
    store: Store | None = None,
    captures: Path | None = None,
    announced: Path | None = None,
    data: Path | None = None,
    progress: Progress = _silent,
) -> Iterator[VerificationStep]:
    """Verify a journal, and a store against it when one is given.

    Args:
        folder: Of the journal: it holds `checkpoint` and `tile/`.
        key: The journal's key, known from elsewhere; None when nobody gave it.
        older: Checkpoints that were seen before: kept, cosigned or stamped.
        store: What must say the same.
        captures: Folder of the bytes that leaves name; None to leave them aside.
        announced: Folder of the announcements that leaves name; None to leave them aside.
        data: The data folder, in which rows of the store name files; None to leave them aside.
        progress: Is told now and then what is being read, and how much of it was.

    """
    request = _Asked(folder, key, older, captures, announced, data, progress)
    if store is None:
        yield from _verify(request, None)
        return
    before = size_of(folder)  # what was signed before: the instant that is read must hold it
    with store.reading() as connection:
        yield from _verify(request, StoreSnapshot(store=store, connection=connection, least=before))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `verify` was given, but for the store."""

    folder: Path
    key: VerifierKey | None
    older: Sequence[Path]
    captures: Path | None
    announced: Path | None
    data: Path | None
    progress: Progress


def size_of(folder: Path) -> int:
    """Return the size of the published checkpoint; 0 when there is none that can be read."""
    try:
        data = Tiles(folder).checkpoint()
        return Checkpoint.parse(Note.parse(data).text).size if data else 0
    except (NoteError, OSError):
        return 0


def _verify(request: _Asked, shot: StoreSnapshot | None) -> Iterator[VerificationStep]:
    tiles, key, older, captures = (
        Tiles(request.folder),
        request.key,
        request.older,
        request.captures,
    )
    checkpoint, step = _signature(tiles, key)
    yield step
    if checkpoint is None:
        return
    olds = [_old(path) for path in older]
    wanted = {old[0].size for old in olds if not isinstance(old, str)}
    if shot is not None:
        wanted |= signed_rows.sizes(shot.connection)
    reading = LogReading(tiles, checkpoint.size, root_sizes=frozenset(wanted))
    texts = KeptTexts(captures) if captures is not None else None
    with closing(LeafContent(shot, request.progress, texts)) as content:
        try:
            content.read(reading, checkpoint.size)
            faults = tuple(
                f"{name} : ce n’est pas le début du fichier qui l’a suivi"
                for name in tiles.stale(checkpoint.size)
            )
            if reading.root != checkpoint.root:
                faults = ("la racine n’est pas celle signée",)
        except (ProofError, OSError) as error:
            faults = (f"fichier manquant ou abîmé : {error}",)
        yield VerificationStep(
            title="Fichiers du journal",
            done=f"{checkpoint.size} feuilles, toutes sous la racine signée",
            proves="Ce dossier contient exactement ce que le point de contrôle engage, dans cet"
            " ordre.",
            leaves_open="Qu’un autre journal n’ait pas été signé ailleurs avec la même clé : seuls"
            " des points de contrôle cosignés ou horodatés par des tiers l’excluent.",
            faults=faults,
        )
        if faults:
            return
        keys = signed_rows.signing_keys(key, content.keys)
        if shot is not None:
            content.note(
                signed_rows.differences(
                    shot.connection, keys=keys, roots=reading.roots, data=request.data
                )
            )
        yield from content.steps()
        if captures is not None:
            yield _captures(captures, content.claims, request.progress)
        if request.announced is not None and content.announced:
            yield _announced(request.announced, content.announced)
        if older:
            yield _continuity(older, olds, checkpoint, reading.roots, keys)


def _signature(tiles: Tiles, key: VerifierKey | None) -> tuple[Checkpoint | None, VerificationStep]:
    checkpoint: Checkpoint | None = None
    faults: tuple[str, ...] = ()
    who = ""
    try:
        data = tiles.checkpoint()
        if data is None:
            raise NoteError(f"pas de fichier {tiles.folder / 'checkpoint'}")  # noqa: TRY301 -- one fault like the others
        note = Note.parse(data)
        checkpoint = Checkpoint.parse(note.text)
        if key is None:
            faults = ("clé inconnue : donnez celle que l’association publie (--key)",)
        elif not note.verified_by([key]) or checkpoint.origin != key.name:
            faults = (f"pas de signature de {key}",)
            checkpoint = None
        else:
            who = f"{checkpoint.size} feuilles, signées par {key}"
    except (NoteError, OSError) as error:
        faults = (f"point de contrôle refusé : {error}",)
    step = VerificationStep(
        title="Point de contrôle",
        done=who,
        proves="Le détenteur de la clé s’est engagé sur cette taille et cette racine.",
        leaves_open="Quand il l’a fait, et que ce qu’il écrit soit vrai.",
        faults=faults,
    )
    return checkpoint, step


def _old(path: Path) -> tuple[Checkpoint, Note] | str:
    try:
        note = Note.parse(bounded.read(path, MAX_NOTE_BYTES))
        return Checkpoint.parse(note.text), note
    except (NoteError, OSError) as error:
        return str(error)


def _captures(folder: Path, claims: Claims, progress: Progress) -> VerificationStep:
    return VerificationStep(
        title="Captures",
        done=f"{len(claims)} captures nommées par le journal sont là, ou ne devaient pas l’être",
        proves="Ces octets sont ceux que le programme a lus et dont le journal garde l’empreinte.",
        leaves_open="Que le serveur les ait envoyés : rien dans TLS ne le montre à un tiers.",
        faults=FaultList(faults(folder, claims, reread, progress)).shown(),
    )


def _announced(folder: Path, digests: Mapping[str, None]) -> VerificationStep:
    return VerificationStep(
        title="Annonces de maintenance",
        done=f"les octets de {len(digests)} annonces citées par le journal sont là",
        proves="Ces octets étaient enregistrés quand le journal a cité leur empreinte.",
        leaves_open="Que l’administration les ait publiés, et qu’ils disent ce que l’annotation en"
        " retient : c’est à lire.",
        faults=FaultList(announcements.faults(folder, digests)).shown(),
    )


def _continuity(
    paths: Sequence[Path],
    olds: Sequence[tuple[Checkpoint, Note] | str],
    now: Checkpoint,
    roots: dict[int, bytes],
    keys: Sequence[VerifierKey],
) -> VerificationStep:
    faults = []
    for path, old in zip(paths, olds, strict=True):
        if isinstance(old, str):
            faults.append(f"{path} : refusé ({old})")
            continue
        point, note = old
        if keys and not _signed_by(note, keys):
            faults.append(f"{path} : refusé (pas de signature de cette clé)")
        elif point.size > now.size:
            faults.append(f"{path} : {point.size} feuilles ; le journal a rétréci")
        elif point.size and roots[point.size] != point.root:
            faults.append(f"{path} : ce journal n’en est pas la suite, l’histoire a été réécrite")
    return VerificationStep(
        title="Continuité",
        done=f"le journal prolonge {len(paths)} point(s) de contrôle plus ancien(s)",
        proves="Rien de ce que ces points de contrôle engageaient n’a été changé ni retiré depuis.",
        leaves_open="Ce qui a été ajouté après le plus récent d’entre eux.",
        faults=tuple(faults),
    )


def _signed_by(note: Note, keys: Sequence[VerifierKey]) -> bool:
    try:
        return bool(note.verified_by(keys))
    except NoteError:
        return False
