"""The journal verified offline, step by step, each saying what it proves and what it does not.

What is read is outside: a folder that someone hands over. Nothing is written.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from monitor.attest import signed_rows
from monitor.attest.kept_files import KeptTexts
from monitor.core.journal.decode import read_instant
from monitor.core.journal.jcs import canonical
from monitor.core.journal.leaf_schema import FIELDS, refusal
from monitor.core.journal.replay import EDGES, REFERENCES, Replay, ReplayError
from monitor.evidence import announced as announcements
from monitor.evidence import bounded
from monitor.evidence.captures.capture_check import Claim, Claims, faults
from monitor.evidence.log.note import MAX_NOTE_BYTES, Checkpoint, Note, NoteError, VerifierKey
from monitor.evidence.log.reading import LogReading
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import ProofError
from monitor.fetch.reparse import reread
from monitor.store import Store
from monitor.store.audit.auditor import audit
from monitor.store.audit.difference import Difference, OnTrust
from monitor.store.audit.scratch import ReferencesOnDisk
from monitor.store.writing import journal_appender

SHOWN = 20  # faults of one step that are told; all are counted
NEAR = 50  # checks of a target between a check and the capture that it turns out to need
EVERY = 10_000  # leaves between two words of progress
_KINDS = tuple(FIELDS)

_OPEN = "Les lignes antérieures au journal, et ce que rien ne garantit : voir la liste à la fin."

_UNSIGNED = (
    "Ce que disent les feuilles qui attendent d’être signées : qui tient cette machine peut encore"
    " les changer, avec leurs lignes."
)

Leaf = Mapping[str, Any]
#: Is told what is being read, and how many of it were.
Progress = Callable[[str, int], None]


def _silent(what: str, count: int) -> None:
    del what, count


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationStep:
    """One step of a verification. All texts are French.

    Attributes:
        done: What was found, when `faults` is empty.
        proves: What a step without faults proves.
        leaves_open: What it does not prove.

    """

    title: str
    done: str
    proves: str
    leaves_open: str
    faults: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.faults


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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSnapshot:
    """One instant of a store, which may go on recording meanwhile. `least`: see `_Content`."""

    store: Store
    connection: Connection
    least: int


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
    with closing(_Content(shot, request.progress, texts)) as content:
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
        faults=_told(_Few(faults(folder, claims, reread, progress))),
    )


def _announced(folder: Path, digests: Mapping[str, None]) -> VerificationStep:
    return VerificationStep(
        title="Annonces de maintenance",
        done=f"les octets de {len(digests)} annonces citées par le journal sont là",
        proves="Ces octets étaient enregistrés quand le journal a cité leur empreinte.",
        leaves_open="Que l’administration les ait publiés, et qu’ils disent ce que l’annotation en"
        " retient : c’est à lire.",
        faults=_told(_Few(announcements.faults(folder, digests))),
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


class _Few:
    """Faults, of which the first are kept and all are counted."""

    def __init__(self, some: Iterable[str] = ()) -> None:
        self.first: list[str] = []
        self.count = 0
        for one in some:
            self.append(one)

    def append(self, fault: str) -> None:
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(fault)


class _Content:
    """Reads the leaves once: their form, what follows from them, and the store beside them."""

    def __init__(
        self, shot: StoreSnapshot | None, progress: Progress, texts: KeptTexts | None
    ) -> None:
        self._texts = texts
        self._trusted = OnTrust()
        self._shot = shot
        self._progress = progress
        self._kinds = bytearray()
        self._form = _Few()
        self._followed = _Few()
        self._rows = _Few()
        self._waiting = 0  # leaves that are not signed yet
        self.keys: list[str] = []  # that signed before another took their place
        # The last checks of each target: instant, then digest and length of the body.
        self._bodies: dict[str, deque[tuple[str, tuple[str | None, int]]]] = {}
        self.claims = Claims()
        self.announced: dict[str, None] = {}  # digests, in the order of the journal
        self._references = ReferencesOnDisk()

    def close(self) -> None:
        """Let go of what was remembered on the disk."""
        self.claims.close()
        self._references.close()

    def read(self, entries: Iterable[bytes], size: int) -> None:
        """Read them all. Raises ProofError and OSError as the reading does."""
        shot = self._shot
        if shot is None:
            for _ in self._checked(entries):
                pass
            return
        count, first = (
            journal_appender.size(shot.connection),
            journal_appender.first(shot.connection),
        )
        if count < shot.least:
            self._rows.append(
                f"la base compte {count} feuilles, et {shot.least} étaient signées : elle a été"
                " vidée, remplacée par une sauvegarde ancienne, ou n’est pas celle de ce journal."
                " Remettez la plus récente, ou mettez celle-ci de côté et refaites-la :"
                " « vigie rebuild »"
            )
        self._waiting = max(0, count - size)
        later = journal_appender.entries(shot.connection, max(size, first), count)
        leaves = self._checked(chain(entries, later))
        self.note(
            audit(
                shot.store,
                islice(leaves, count),
                connection=shot.connection,
                texts=self._texts,
                trusted=self._trusted,
            )
        )
        for _ in leaves:  # sealed since that instant
            pass

    def steps(self) -> Iterator[VerificationStep]:
        kinds = Counter(_KINDS[code] for code in self._kinds)
        yield VerificationStep(
            title="Forme des feuilles",
            done=", ".join(f"{kinds[kind]} {kind}" for kind in _KINDS if kinds[kind]),
            proves="Chaque feuille a une seule écriture possible, les champs documentés, et ne"
            " renvoie qu’à des feuilles plus anciennes.",
            leaves_open="Que ce qu’elle rapporte soit arrivé.",
            faults=_told(self._form),
        )
        yield VerificationStep(
            title="Indisponibilités",
            done=f"{kinds['outage']} bords et {kinds['blip']} échecs isolés suivent des relevés",
            proves="Ouvertures et fins suivent des relevés par la règle que le journal donne.",
            leaves_open="Que le verdict de chaque relevé soit juste : il se rejoue sur les octets"
            " conservés.",
            faults=_told(self._followed),
        )
        if self._shot is not None:
            yield self._database()

    def _database(self) -> VerificationStep:
        waiting = (
            f" ; {self._waiting} feuilles attendent encore d’être signées" if self._waiting else ""
        )
        unsigned = [_UNSIGNED] if self._waiting else []
        return VerificationStep(
            title="Base de données",
            done=f"chaque ligne dit ce que dit le journal, et il n’y en a pas d’autre{waiting}",
            proves="Ce que montrent les pages et les rapports est ce que le journal engage.",
            leaves_open=" ".join((*unsigned, _OPEN, *self._trusted.told())),
            faults=_told(self._rows),
        )

    def note(self, some: Iterable[Difference]) -> None:
        """Take note of differences between the store and the journal."""
        for one in some:
            (self._followed if one.table == "journal" else self._rows).append(str(one))

    def _checked(self, entries: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on the leaves that can be read, noting what is wrong with each."""
        replay = Replay(references=self._references) if self._shot is None else None
        for idx, entry in enumerate(entries):
            leaf, fault = self._form_of(idx, entry)
            if fault is not None:
                self._form.append(f"feuille {idx} : {fault}")
                continue
            if idx % EVERY == 0:
                self._progress("feuilles du journal", idx)
            if leaf["type"] == "key":
                self.keys.append(leaf["old"])
            self._claim(idx, leaf)
            if replay is not None:
                self._follow(replay, idx, leaf)
            yield entry
        if replay is not None:
            self._settle(replay)

    def _form_of(self, idx: int, entry: bytes) -> tuple[Leaf, str | None]:
        """Read a leaf, and say what is wrong with its form."""
        try:
            leaf = json.loads(entry)
            same = canonical(leaf) == entry
        except (ValueError, RecursionError) as error:
            self._kinds.append(0)
            return {}, f"illisible ({error})"
        fault = refusal(leaf, idx=idx, kind_of=self._kind_of)
        kind = leaf.get("type") if isinstance(leaf, dict) else None
        self._kinds.append(_KINDS.index(kind) if kind in FIELDS else 0)
        return leaf, fault or (None if same else "une autre écriture est possible")

    def _kind_of(self, idx: int) -> str:
        return _KINDS[self._kinds[idx]]

    def _settle(self, replay: Replay) -> None:
        try:
            replay.settle()
        except ReplayError as error:
            self._followed.append(str(error))

    def _claim(self, idx: int, leaf: Leaf) -> None:
        """Note what files must hold; the check of a capture came shortly before."""
        if leaf["type"] == "observation":
            bodies = self._bodies.setdefault(leaf["target"], deque(maxlen=NEAR))
            body = leaf.get("body", {})
            bodies.append((leaf["at"], (body.get("sha256"), body.get("bytes", 0))))
        elif leaf["type"] == "annotation" and "sha256" in leaf:
            self.announced[leaf["sha256"]] = None
        elif leaf["type"] == "capture":
            near = dict(self._bodies.get(leaf["target"], ()))
            body_sha256, body_bytes = near.get(leaf["at"], ("", 0))
            claim = Claim(
                leaf=idx,
                target=leaf["target"],
                point=leaf["point"],
                at=read_instant(leaf["at"]),
                file=leaf["file"],
                sha256=leaf["sha256"],
                why=tuple(leaf["why"]),
                body_sha256=body_sha256,
                body_bytes=body_bytes,
            )
            self.claims.add(claim)

    def _follow(self, replay: Replay, idx: int, leaf: Leaf) -> None:
        if leaf["type"] == "observation":
            self._settle(replay)
        try:
            if leaf["type"] == "origin":
                replay.begin(leaf)
            elif leaf["type"] in REFERENCES:
                replay.remember(idx, leaf)
            elif leaf["type"] == "observation":
                replay.observation(idx, leaf)
            elif leaf["type"] in EDGES:
                replay.edge(leaf)
        except (ReplayError, ValueError, KeyError, TypeError) as error:
            self._followed.append(f"feuille {idx} : {error}")


def _told(faults: _Few) -> tuple[str, ...]:
    more = faults.count - len(faults.first)
    return (*faults.first, *((f"… et {more} autres",) if more else ()))
