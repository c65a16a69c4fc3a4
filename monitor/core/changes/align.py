"""Where two sequences differ, in bounded time.

Items that are unique on both sides anchor the alignment (patience); what lies between two
anchors is aligned again, and what has no anchor by Myers' algorithm with a bounded number of
steps. Beyond the bounds a region is given as differing whole: coarser, never wrong.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MOST_ROUNDS = 8  # of anchoring inside anchors
MOST_DISTANCE = 200  # of Myers' algorithm: insertions and deletions; cost grows as its square
MOST_STEPS = 1_000_000  # of Myers' algorithm in one comparison, whatever its regions: a second


@dataclass(slots=True)
class Effort:
    """Steps that one comparison may still take; without any left, its result is coarse."""

    remaining: int = MOST_STEPS


class Mismatch(NamedTuple):
    """A region that differs: `before[b0:b1]` became `after[a0:a1]`; one may be empty."""

    b0: int
    b1: int
    a0: int
    a1: int


def gaps(
    before: Sequence[Hashable], after: Sequence[Hashable], effort: Effort | None = None
) -> list[Mismatch]:
    """Return the regions that differ, in order. Equal sequences have none."""
    effort = effort or Effort()
    mismatches: list[Mismatch] = []
    todo = [(Mismatch(0, len(before), 0, len(after)), 0)]
    while todo:
        region, rounds = todo.pop()
        region = _trim(before, after, region)
        if region.b0 == region.b1 or region.a0 == region.a1:
            if region.b0 != region.b1 or region.a0 != region.a1:
                mismatches.append(region)
            continue
        anchors = _anchors(before, after, region) if rounds < MOST_ROUNDS else []
        if anchors:
            todo += ((part, rounds + 1) for part in _between(region, anchors))
        else:
            mismatches += _myers(before, after, region, effort)
    return sorted(mismatches)


def _trim(before: Sequence[Hashable], after: Sequence[Hashable], region: Mismatch) -> Mismatch:
    b0, b1, a0, a1 = region
    while b0 < b1 and a0 < a1 and before[b0] == after[a0]:
        b0, a0 = b0 + 1, a0 + 1
    while b0 < b1 and a0 < a1 and before[b1 - 1] == after[a1 - 1]:
        b1, a1 = b1 - 1, a1 - 1
    return Mismatch(b0, b1, a0, a1)


def _anchors(
    before: Sequence[Hashable], after: Sequence[Hashable], region: Mismatch
) -> list[tuple[int, int]]:
    """Return the longest increasing run of pairs of items that are unique on both sides."""
    b0, b1, a0, a1 = region
    in_before = Counter(before[b0:b1])
    in_after = Counter(after[a0:a1])
    where = {after[a]: a for a in range(a0, a1) if in_after[after[a]] == 1}
    pairs = [
        (b, where[before[b]])
        for b in range(b0, b1)
        if in_before[before[b]] == 1 and before[b] in where
    ]
    return _increasing(pairs)


def _increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    tails: list[int] = []  # smallest last position of an increasing run of each length
    last: list[int] = []  # which pair that is
    previous = [-1] * len(pairs)
    for number, (_, position) in enumerate(pairs):
        length = bisect_left(tails, position)
        previous[number] = last[length - 1] if length else -1
        tails[length : length + 1] = [position]
        last[length : length + 1] = [number]
    chain = []
    number = last[-1] if last else -1
    while number >= 0:
        chain.append(pairs[number])
        number = previous[number]
    return chain[::-1]


def _between(region: Mismatch, anchors: list[tuple[int, int]]) -> list[Mismatch]:
    parts = []
    b, a = region.b0, region.a0
    for anchor_b, anchor_a in [*anchors, (region.b1, region.a1)]:
        parts.append(Mismatch(b, anchor_b, a, anchor_a))
        b, a = anchor_b + 1, anchor_a + 1
    return parts


def _myers(
    before: Sequence[Hashable], after: Sequence[Hashable], region: Mismatch, effort: Effort
) -> list[Mismatch]:
    """Align one region by its shortest edit script, or give it whole when that is too long."""
    b0, b1, a0, a1 = region
    size_b, size_a = b1 - b0, a1 - a0
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for distance in range(min(size_b + size_a, MOST_DISTANCE) + 1):
        if effort.remaining <= 0:
            break
        trace.append(dict(furthest))
        effort.remaining -= 2 * len(furthest)
        for diagonal in range(-distance, distance + 1, 2):
            down = diagonal == -distance or (
                diagonal != distance and furthest[diagonal - 1] < furthest[diagonal + 1]
            )
            x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            start = x
            y = x - diagonal
            while x < size_b and y < size_a and before[b0 + x] == after[a0 + y]:
                x, y = x + 1, y + 1
            effort.remaining -= x - start
            furthest[diagonal] = x
            if x >= size_b and y >= size_a:
                return _script(trace, region)
    return [region]


def _script(trace: list[dict[int, int]], region: Mismatch) -> list[Mismatch]:
    """Walk the trace back and join neighbouring insertions and deletions."""
    x, y = region.b1 - region.b0, region.a1 - region.a0
    mismatches: list[Mismatch] = []
    for distance in range(len(trace) - 1, 0, -1):
        furthest, diagonal = trace[distance], x - y
        down = diagonal == -distance or (
            diagonal != distance and furthest[diagonal - 1] < furthest[diagonal + 1]
        )
        from_x = furthest[diagonal + 1] if down else furthest[diagonal - 1]
        from_y = from_x - (diagonal + 1 if down else diagonal - 1)
        to_x, to_y = (from_x, from_y + 1) if down else (from_x + 1, from_y)
        step = Mismatch(region.b0 + from_x, region.b0 + to_x, region.a0 + from_y, region.a0 + to_y)
        if mismatches and mismatches[-1].b0 == step.b1 and mismatches[-1].a0 == step.a1:
            step = Mismatch(step.b0, mismatches[-1].b1, step.a0, mismatches[-1].a1)
            mismatches.pop()
        mismatches.append(step)
        x, y = from_x, from_y
    return mismatches
