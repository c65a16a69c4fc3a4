"""The journal verified offline, step by step, each saying what it proves and what it does not.

What is read is outside: a folder that someone hands over. Nothing is written.
"""

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from monitor.core.jcs import canonical
from monitor.core.leaf_schema import FIELDS, refusal
from monitor.core.replay import EDGES, REFERENCES, Replay, ReplayError
from monitor.evidence.capture_check import Claim, faults
from monitor.evidence.note import Checkpoint, Note, NoteError, VerifierKey
from monitor.evidence.reading import Reading
from monitor.evidence.tiles import Tiles
from monitor.evidence.tlog import ProofError
from monitor.fetch.replay import reread
from monitor.store import Store
from monitor.store.audit import Difference, audit

SHOWN = 20  # faults of one step that are told; all are counted
NEAR = 50  # checks of a target between a check and the capture that it turns out to need
_KINDS = tuple(FIELDS)

Leaf = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
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


def verify(
    folder: Path,
    *,
    key: VerifierKey | None,
    older: Sequence[Path] = (),
    store: Store | None = None,
    captures: Path | None = None,
) -> Iterator[Step]:
    """Verify a journal, and a store against it when one is given.

    Args:
        folder: Of the journal: it holds `checkpoint` and `tile/`.
        key: The journal's key, known from elsewhere; None when nobody gave it.
        older: Checkpoints that were seen before: kept, cosigned or stamped.
        store: What must say the same.
        captures: Folder of the bytes that leaves name; None to leave them aside.

    """
    tiles = Tiles(folder)
    checkpoint, step = _signature(tiles, key)
    yield step
    if checkpoint is None:
        return
    olds = [_old(path, key) for path in older]
    wanted = frozenset(old.size for old in olds if isinstance(old, Checkpoint))
    reading = Reading(tiles, checkpoint.size, wanted=wanted)
    content = _Content(store)
    try:
        content.read(reading, checkpoint.size)
        found = () if reading.root == checkpoint.root else ("la racine n’est pas celle signée",)
    except (ProofError, OSError) as error:
        found = (f"fichier manquant ou abîmé : {error}",)
    yield Step(
        title="Fichiers du journal",
        done=f"{checkpoint.size} entrées, toutes sous la racine signée",
        proves="Ce dossier contient exactement ce que le point de contrôle engage, dans cet ordre.",
        leaves_open="Qu’un autre journal n’ait pas été signé ailleurs avec la même clé : seuls des"
        " points de contrôle cosignés ou horodatés par des tiers l’excluent.",
        faults=found,
    )
    if found:
        return
    yield from content.steps()
    if captures is not None:
        yield _captures(captures, content.claims)
    if older:
        yield _continuity(older, olds, checkpoint, reading.roots)


def _signature(tiles: Tiles, key: VerifierKey | None) -> tuple[Checkpoint | None, Step]:
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
            who = f"{checkpoint.size} entrées, signées par {key}"
    except (NoteError, OSError) as error:
        faults = (f"point de contrôle refusé : {error}",)
    step = Step(
        title="Point de contrôle",
        done=who,
        proves="Le détenteur de la clé s’est engagé sur cette taille et cette racine.",
        leaves_open="Quand il l’a fait, et que ce qu’il écrit soit vrai.",
        faults=faults,
    )
    return checkpoint, step


def _old(path: Path, key: VerifierKey | None) -> Checkpoint | str:
    try:
        note = Note.parse(path.read_bytes())
        if key is not None and not note.verified_by([key]):
            return "pas de signature de cette clé"
        return Checkpoint.parse(note.text)
    except (NoteError, OSError) as error:
        return str(error)


def _captures(folder: Path, claims: Sequence[Claim]) -> Step:
    return Step(
        title="Captures",
        done=f"{len(claims)} captures nommées par le journal sont là, ou ne devaient pas l’être",
        proves="Ces octets sont ceux que le programme a lus et dont le journal garde l’empreinte.",
        leaves_open="Que le serveur les ait envoyés : rien dans TLS ne le montre à un tiers.",
        faults=_told(tuple(faults(folder, claims, reread))),
    )


def _continuity(
    paths: Sequence[Path],
    olds: Sequence[Checkpoint | str],
    now: Checkpoint,
    roots: dict[int, bytes],
) -> Step:
    faults = []
    for path, old in zip(paths, olds, strict=True):
        if isinstance(old, str):
            faults.append(f"{path} : refusé ({old})")
        elif old.size > now.size:
            faults.append(f"{path} : {old.size} entrées ; le journal a rétréci")
        elif old.size and roots[old.size] != old.root:
            faults.append(f"{path} : ce journal n’en est pas la suite, l’histoire a été réécrite")
    return Step(
        title="Continuité",
        done=f"le journal prolonge {len(paths)} point(s) de contrôle plus ancien(s)",
        proves="Rien de ce que ces points de contrôle engageaient n’a été changé ni retiré depuis.",
        leaves_open="Ce qui a été ajouté après le plus récent d’entre eux.",
        faults=tuple(faults),
    )


class _Content:
    """Reads the leaves once: their form, what follows from them, and the store beside them."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._kinds = bytearray()
        self._form: list[str] = []
        self._followed: list[str] = []
        self._rows: list[str] = []
        self._end: list[bytes] = []
        self._first = store.first_leaf() if store else 0
        self._bodies: dict[str, deque[tuple[str, str | None]]] = {}  # the last of each target
        self.claims: list[Claim] = []

    def read(self, entries: Iterable[bytes], size: int) -> None:
        """Read them all. Raises ProofError and OSError as the reading does."""
        if self._store is None:
            for idx, leaf in enumerate(self._checked(entries)):
                _ = idx, leaf
            return
        count = self._store.leaf_count()
        later = self._store.leaves(size, count) if count > size else ()
        if count < size:
            self._rows.append(f"la base compte {count} entrées, le journal {size}")
        for one in audit(self._store, self._checked(chain(entries, later))):
            self._note(one)
        if list(self._store.leaves(self._first, size)) != self._end[: size - self._first]:
            self._rows.append("table leaf : entrées qui ne sont pas celles du journal")

    def steps(self) -> Iterator[Step]:
        kinds = Counter(_KINDS[code] for code in self._kinds)
        yield Step(
            title="Forme des entrées",
            done=", ".join(f"{kinds[kind]} {kind}" for kind in _KINDS if kinds[kind]),
            proves="Chaque entrée a une seule écriture possible, les champs documentés, et ne"
            " renvoie qu’à des entrées plus anciennes.",
            leaves_open="Que ce qu’elle rapporte soit arrivé.",
            faults=_told(self._form),
        )
        yield Step(
            title="Indisponibilités",
            done=f"{kinds['outage']} bords et {kinds['blip']} échecs isolés suivent des relevés",
            proves="Ouvertures et fins suivent des relevés par la règle que le journal donne.",
            leaves_open="Que le verdict de chaque relevé soit juste : il se rejoue sur les octets"
            " conservés.",
            faults=_told(self._followed),
        )
        if self._store is not None:
            yield Step(
                title="Base de données",
                done="chaque ligne dit ce que dit son entrée, et il n’y en a pas d’autre",
                proves="Ce que montrent les pages et les rapports est ce que le journal engage.",
                leaves_open="Les lignes antérieures au journal, les textes de pages et les budgets"
                " des plateformes, que le journal ne contient pas.",
                faults=_told(self._rows),
            )

    def _note(self, one: Difference) -> None:
        (self._followed if one.table == "journal" else self._rows).append(str(one))

    def _checked(self, entries: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on the leaves that can be read, noting what is wrong with each."""
        replay = Replay() if self._store is None else None
        for idx, entry in enumerate(entries):
            leaf, fault = self._form_of(idx, entry)
            if fault is not None:
                self._form.append(f"entrée {idx} : {fault}")
                continue
            if idx >= self._first and self._store is not None:
                self._end.append(entry)
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
        found = refusal(leaf, idx=idx, kind_of=self._kind_of)
        kind = leaf.get("type") if isinstance(leaf, dict) else None
        self._kinds.append(_KINDS.index(kind) if kind in FIELDS else 0)
        return leaf, found or (None if same else "une autre écriture est possible")

    def _kind_of(self, idx: int) -> str:
        return _KINDS[self._kinds[idx]]

    def _settle(self, replay: Replay) -> None:
        try:
            replay.settle()
        except ReplayError as error:
            self._followed.append(str(error))

    def _claim(self, idx: int, leaf: Leaf) -> None:
        """Note what a capture must hold; its check came shortly before."""
        if leaf["type"] == "observation":
            bodies = self._bodies.setdefault(leaf["target"], deque(maxlen=NEAR))
            bodies.append((leaf["at"], leaf.get("body", {}).get("sha256")))
        elif leaf["type"] == "capture":
            near = dict(self._bodies.get(leaf["target"], ()))
            claim = Claim(
                leaf=idx,
                file=leaf["file"],
                sha256=leaf["sha256"],
                why=tuple(leaf["why"]),
                body_sha256=near.get(leaf["at"], ""),
            )
            self.claims.append(claim)

    def _follow(self, replay: Replay, idx: int, leaf: Leaf) -> None:
        if leaf["type"] == "observation":
            self._settle(replay)
        try:
            if leaf["type"] in REFERENCES:
                replay.remember(idx, leaf)
            elif leaf["type"] == "observation":
                replay.observation(idx, leaf)
            elif leaf["type"] in EDGES:
                replay.edge(leaf)
        except (ReplayError, ValueError, KeyError, TypeError) as error:
            self._followed.append(f"entrée {idx} : {error}")


def _told(faults: Sequence[str]) -> tuple[str, ...]:
    more = len(faults) - SHOWN
    rest = (f"… et {more} autres",) if more > 0 else ()
    return (*islice(faults, SHOWN), *rest)
