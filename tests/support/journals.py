"""A journal over a list of leaves, for tests that need no database."""

from collections.abc import Sequence
from pathlib import Path

from monitor.evidence.log.journal import Journal, Signed
from monitor.evidence.log.note import Algorithm, SignerKey
from tests.support.outcomes import START

ORIGIN = "vigie.example.test/journal"
KEY = SignerKey(ORIGIN, Algorithm.ED25519, b"k" * 32)


class Rows:
    """A store's end of the journal: leaves in memory, the last checkpoint that was noted."""

    def __init__(self, entries: Sequence[bytes] = ()) -> None:
        self.entries = list(entries)
        self.first = 0
        self.signed = 0

    def leaf_count(self) -> int:
        return max(len(self.entries), self.signed)

    def first_leaf(self) -> int:
        return self.first

    def leaves(self, since: int, until: int) -> Sequence[bytes]:
        return self.entries[max(since, self.first) : until]

    def signed_size(self) -> int:
        return self.signed

    def keep(self, signed: Signed | None) -> None:
        """Do what the application has the store do."""
        if signed is not None:
            self.signed = signed.size
            self.first = signed.bundled

    def copy(self) -> "Rows":
        other = Rows(self.entries)
        other.first, other.signed = self.first, self.signed
        return other


def entry(number: int, word: str = "leaf") -> bytes:
    return f"{word} {number}".encode()


def sealed(data: Path, rows: Rows, size: int, *, word: str = "leaf") -> None:
    """Grow to `size` leaves and seal, as one life of the service does."""
    rows.entries += [entry(n, word) for n in range(len(rows.entries), size)]
    journal = Journal(data, KEY, rows)
    try:
        rows.keep(journal.open(START))
        rows.keep(journal.seal(START))
    finally:
        journal.close()
