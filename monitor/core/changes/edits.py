"""Which blocks differ, and by which words.

1. Blocks are aligned by their words. What lies in no gap is unchanged.
2. A block that went in one place and came in another has moved.
3. A block that is still on the page, in a part that is not compared, was not removed: the
   bounds of the main part moved over it. The same holds for one that came.
4. Dates that stand alone and all shifted by one day together are one instant shown in
   another time zone.
5. What is left of a gap is compared word by word; the same words cut into other blocks are
   no difference.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from monitor.core.changes.align import Effort, Mismatch, gaps
from monitor.core.changes.change import Op, Piece
from monitor.core.text.page import Block, Page
from monitor.core.text.typography import tokens, words_of

LEAST_SHIFTED_DATES = 2
LEAST_SHIFTED_DAYS = 200  # between the first and the last: a list of closures lies closer together
SHORTEST_ISLAND = 2  # unchanged words between two edits; fewer are shown as edited

_BROKEN = "\ufffd"
MOST_LOST = 2  # characters

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EditedRegion:
    """Neighbouring blocks that differ, and the words that do."""

    before: tuple[Block, ...]
    after: tuple[Block, ...]
    pieces: tuple[Piece, ...]


def regions(before: Page, after: Page) -> tuple[list[EditedRegion], int]:
    """Return what differs between the main parts, in order, and how many blocks moved."""
    old, new = _compared(before, after)
    effort = Effort()
    mismatches = _ordered_gaps([b.words for b in old], [b.words for b in new], effort)
    removed = Counter(block.words for gap in mismatches for block in old[gap.b0 : gap.b1])
    added = Counter(block.words for gap in mismatches for block in new[gap.a0 : gap.a1])
    only_old, only_new = _on_one_side(before, after)
    removed_from_page, added_to_page = only_old - only_new, only_new - only_old
    edited = []
    for gap in mismatches:
        left = tuple(_take(old[gap.b0 : gap.b1], removed_from_page))
        right = tuple(_take(new[gap.a0 : gap.a1], added_to_page))
        if pieces := word_pieces(left, right, effort):
            edited.append(EditedRegion(left, right, pieces))
    return edited, sum((removed & added).values())


def _on_one_side(before: Page, after: Page) -> tuple[Counter[Words], Counter[Words]]:
    """Count the words of the blocks, masked ones too, that stand on one side only."""
    old = Counter(block.compared for block in before.blocks)
    new = Counter(block.compared for block in after.blocks)
    left, right = Counter[Words](), Counter[Words]()
    for texts, counted in ((old - new, left), (new - old, right)):
        for text, count in texts.items():
            counted[words_of(text)] += count
    return left, right


def word_pieces(
    before: Sequence[Block], after: Sequence[Block], effort: Effort | None = None
) -> tuple[Piece, ...]:
    """Return the word-level difference of two texts; empty when their words are the same."""
    old_words, old_text = _spread(before)
    new_words, new_text = _spread(after)
    mismatches = [
        gap
        for gap in _ordered_gaps(old_words, new_words, effort or Effort())
        if not _is_unreadable(old_words[gap.b0 : gap.b1], new_words[gap.a0 : gap.a1])
    ]
    if not mismatches:
        return ()
    pieces: list[Piece] = []
    b = 0
    for gap in _without_islands(mismatches):
        pieces += _piece(Op.SAME, old_text[b : gap.b0])
        pieces += _piece(Op.REMOVED, old_text[gap.b0 : gap.b1])
        pieces += _piece(Op.ADDED, new_text[gap.a0 : gap.a1])
        b = gap.b1
    pieces += _piece(Op.SAME, old_text[b:])
    return tuple(pieces)


def _compared(before: Page, after: Page) -> tuple[list[Block], list[Block]]:
    old, new = list(before.main()), list(after.main())
    if _only_shifted([b.stamp for b in old if b.stamp], [b.stamp for b in new if b.stamp]):
        old = [block for block in old if not block.stamp]
        new = [block for block in new if not block.stamp]
    old, new = _without_common_ends(old, new)
    return [block for block in old if block.words], [block for block in new if block.words]


def _without_common_ends(old: list[Block], new: list[Block]) -> tuple[list[Block], list[Block]]:
    """Leave out what both begin and end with: most of two readings of one page."""
    least = min(len(old), len(new))
    start = 0
    while start < least and old[start].compared == new[start].compared:
        start += 1
    end = 0
    while end < least - start and old[-1 - end].compared == new[-1 - end].compared:
        end += 1
    return old[start : len(old) - end], new[start : len(new) - end]


def _only_shifted(old: list[str], new: list[str]) -> bool:
    """Return whether the dates differ only by one day, all in the same direction."""
    if len(old) != len(new):
        return False
    pairs = zip(old, new, strict=True)
    shifts = [(date.fromisoformat(b) - date.fromisoformat(a)).days for a, b in pairs]
    nonzero = [shift for shift in shifts if shift]
    days = [date.fromisoformat(stamp) for stamp in old]
    if not days or (max(days) - min(days)).days < LEAST_SHIFTED_DAYS:
        return False
    return len(nonzero) >= LEAST_SHIFTED_DATES and (set(nonzero) == {1} or set(nonzero) == {-1})


def _ordered_gaps(
    old: Sequence[Words] | Sequence[str], new: Sequence[Words] | Sequence[str], effort: Effort
) -> list[Mismatch]:
    """Align in a direction that does not depend on which side is the older: symmetric."""
    if tuple(old) <= tuple(new):
        return gaps(old, new, effort)
    return [Mismatch(gap.a0, gap.a1, gap.b0, gap.b1) for gap in gaps(new, old, effort)]


def _take(blocks: Sequence[Block], surplus: Counter[Words]) -> Iterator[Block]:
    for block in blocks:
        if surplus[block.words] > 0:
            surplus[block.words] -= 1
            yield block


def _spread(blocks: Sequence[Block]) -> tuple[list[str], list[str]]:
    """Return the words of the blocks, and for each the text from it to the next word."""
    keys: list[str] = []
    texts: list[str] = []
    for block in blocks:
        positions = list(tokens(block.compared))
        starts = [start for _, start in positions]
        if starts:
            starts[0] = 0
        ends = [*starts[1:], len(block.compared)]
        keys += (word for word, _ in positions)
        texts += (block.compared[a:b] for a, b in zip(starts, ends, strict=True))
        if texts:
            texts[-1] += " "
    return keys, texts


def _is_unreadable(old: Sequence[str], new: Sequence[str]) -> bool:
    """Return whether words differ only by a character that did not decode."""
    one, other = "".join(old), "".join(new)
    broken, whole = (one, other) if _BROKEN in one else (other, one)
    if broken.count(_BROKEN) != 1:
        return False
    start, end = broken.split(_BROKEN)
    lost = len(whole) - len(start) - len(end)  # the broken byte, and one that it made unreadable
    return 0 <= lost <= MOST_LOST and whole.startswith(start) and whole.endswith(end)


def _without_islands(mismatches: list[Mismatch]) -> list[Mismatch]:
    """Merge edits that a word or two separate: a reader takes them in as one."""
    merged: list[Mismatch] = []
    for gap in mismatches:
        if merged and gap.b0 - merged[-1].b1 < SHORTEST_ISLAND:
            last = merged.pop()
            gap = Mismatch(last.b0, gap.b1, last.a0, gap.a1)  # noqa: PLW2901 -- the merged one takes its place
        merged.append(gap)
    return merged


def _piece(op: Op, texts: list[str]) -> list[Piece]:
    text = "".join(texts).strip()
    return [Piece(op=op, text=text)] if text else []
