"""What leaves say: their form, what follows from them, and whether a store says the same."""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection

from monitor.attest.kept_files import KeptTexts
from monitor.attest.verification_step import FaultList, VerificationStep
from monitor.core.journal.decode import read_instant
from monitor.core.journal.jcs import canonical
from monitor.core.journal.leaf_schema import FIELDS, refusal
from monitor.core.journal.replay import EDGES, REFERENCES, Replay, ReplayError
from monitor.evidence.captures.capture_check import Claim, Claims
from monitor.store import Store
from monitor.store.audit.auditor import audit
from monitor.store.audit.difference import Difference, OnTrust
from monitor.store.audit.scratch import ReferencesOnDisk
from monitor.store.writing import journal_appender

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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSnapshot:
    """One instant of a store, which may go on recording meanwhile. `least`: see `LeafContent`."""

    store: Store
    connection: Connection
    least: int


class LeafContent:
    """Reads the leaves once: their form, what follows from them, and the store beside them."""

    def __init__(
        self, shot: StoreSnapshot | None, progress: Progress, texts: KeptTexts | None
    ) -> None:
        self._texts = texts
        self._trusted = OnTrust()
        self._shot = shot
        self._progress = progress
        self._kinds = bytearray()
        self._form = FaultList()
        self._followed = FaultList()
        self._rows = FaultList()
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
            faults=self._form.shown(),
        )
        yield VerificationStep(
            title="Indisponibilités",
            done=f"{kinds['outage']} bords et {kinds['blip']} échecs isolés suivent des relevés",
            proves="Ouvertures et fins suivent des relevés par la règle que le journal donne.",
            leaves_open="Que le verdict de chaque relevé soit juste : il se rejoue sur les octets"
            " conservés.",
            faults=self._followed.shown(),
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
            faults=self._rows.shown(),
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
