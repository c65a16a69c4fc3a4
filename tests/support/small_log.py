"""A transparency log of a few leaves, with a key: what witnesses are asked to cosign."""

from functools import cache

from monitor.evidence.log import note, tlog
from monitor.evidence.log.note import Algorithm, Checkpoint, Note, SignerKey
from monitor.evidence.witness.witness_protocol import Request


class SmallLog:
    """Leaves that follow from `history`: two logs that differ in it fork at `fork_at`."""

    def __init__(self, *, history: str = "", fork_at: int = 0, origin: str = "") -> None:
        self.key = SignerKey(origin or "journal.example/a", Algorithm.ED25519, bytes(32))
        self._history, self._fork_at = history, fork_at
        self._node = cache(self._nodes)

    @property
    def origin(self) -> str:
        return self.key.name

    def _nodes(self, level: int, index: int) -> bytes:
        if level == 0:
            history = self._history if index >= self._fork_at else ""
            return tlog.leaf_hash(f"{history}{index}".encode())
        return tlog.node_hash(
            self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1)
        )

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(self.origin, size, tlog.root(self._node, size))

    def note(self, size: int) -> Note:
        return self.signed(str(self.checkpoint(size)))

    def signed(self, text: str) -> Note:
        return Note(text, (note.sign(text, self.key),))

    def proof(self, old: int, size: int) -> tuple[bytes, ...]:
        return tuple(tlog.prove_consistency(self._node, old, size)) if old else ()

    def request(self, old: int, size: int) -> Request:
        return Request(old=old, proof=self.proof(old, size), note=self.note(size))
