"""Write an extract of the journal: some leaves, and the hashes that stand for all others.

The lines are those that `Extract` of verify/verifier.py reads.
"""

import gzip
import json
from array import array
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from io import BufferedWriter
from itertools import chain
from pathlib import Path

from monitor.core.journal.encode import instant
from monitor.dossier.bundle.leaf_choice import ExtractSpan, LeafChoice
from monitor.dossier.bundle.signed_leaves import SignedLeaves
from monitor.evidence.log import tlog

EXTRACT = "extrait.gz"
DESCRIPTION = "extrait.json"
HEAD = b"extrait 1\n"
TOGETHER = 1 << 16  # bytes that are compressed at once
LEVEL = 6  # of gzip: 9 takes three times as long for one per cent


def described(span: ExtractSpan, choice: LeafChoice, *, absent: Sequence[str]) -> bytes:
    """Return the description of an extract, as JSON; `absent` are files of copies."""
    description = {
        "v": 1,
        "targets": list(span.targets),
        "from": instant(span.since),
        "to": instant(span.until),
        "first": choice.first,
        "end": choice.end,
        "absent": sorted(absent),
    }
    return json.dumps(description, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def write_extract(
    path: Path, leaves: SignedLeaves, numbers: "array[int]", sizes: Collection[int]
) -> None:
    """Write the leaves `numbers`, which are sorted.

    Args:
        path: Of the file.
        leaves: Of the journal, below the checkpoint.
        numbers: Of the leaves to write.
        sizes: Of older checkpoints, whose roots a reader makes again from these lines.

    Raises:
        ProofError: The journal is damaged.

    """
    stops = sorted({size for size in sizes if 0 < size < leaves.size} | {leaves.size})
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed,
        BufferedWriter(packed, TOGETHER) as out,
    ):
        out.write(HEAD)
        at = 0
        for number in chain(numbers, (leaves.size,)):
            while at < number:
                end = min(number, stops[bisect_right(stops, at)])
                out.write(_others(leaves, at, end))
                at = end
            if number < leaves.size:
                out.write(b"feuille %d %s\n" % (number, leaves[number]))
                at = number + 1


def _others(leaves: SignedLeaves, start: int, end: int) -> bytes:
    hashes = b"".join(leaves.nodes(level, index) for level, index in _subtrees(start, end))
    return b"autres %d %d %s\n" % (start, end, b64encode(hashes))


def _subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the largest complete subtrees that hold the leaves [start, end), left to right."""
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level, start >> level
        start += 1 << level


def proof_of(leaves: SignedLeaves, number: int, note: bytes) -> bytes:
    """Return the C2SP tlog-proof of a leaf, to the checkpoint `note` of all of them."""
    hashes = tlog.prove_inclusion(leaves.nodes, number, leaves.size)
    lines = ["c2sp.org/tlog-proof@v1", f"index {number}"]
    lines += [b64encode(hash_).decode() for hash_ in hashes]
    return ("\n".join(lines) + "\n\n").encode() + note
