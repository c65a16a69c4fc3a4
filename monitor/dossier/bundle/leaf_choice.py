"""Choose the leaves of an extract: all that concerns some pages over a span, and what these name.

From the leaf `first` to the leaf `end`, every leaf of these pages is chosen, and every one that
concerns all pages. `first` is early enough for what is known of each page to follow from its own
checks; `end` is late enough for no slot of the span to be still in hand.
"""

import json
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from monitor.core.journal.encode import instant
from monitor.core.model import Annotation
from monitor.dossier.bundle.signed_leaves import SignedLeaves
from monitor.store import Store

#: Before the span, or before the outage that it begins in: good checks that end any doubt.
LEAD: Final = timedelta(hours=1)
#: After it: until then a check may still have been in hand (`IN_HAND_US` of verifier.py).
IN_HAND: Final = timedelta(hours=2)

_SHARED = re.compile(rb'"type":"(?:run|gap|key|correction|round)"')
_AT = re.compile(rb'"at":"([^"]{27})"')
# Of a check, which nearly all leaves are, this is all that is needed: nothing else is decoded. The
# names are in order in a leaf, so that its own instant comes first.
_CHECK_AT = re.compile(rb'\{"at":"([^"\\]{27})",')
_CHECK_NAMES = re.compile(rb'"(?:conditions|panel|plan|setup)":(\d{1,17})')
_OWN_KINDS = frozenset({"observation", "outage", "blip", "capture", "change", "rendering", "gap"})
_MOMENT = timedelta(microseconds=1)
_OPEN = "9999"  # after any instant
_EDGES = ("last_ok_at", "first_fail_at", "last_fail_at", "first_ok_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractSpan:
    """What an extract is of. `since` and `until` are aware."""

    targets: tuple[str, ...]
    since: datetime
    until: datetime


@dataclass(slots=True)
class LeafChoice:
    """The leaves of an extract.

    Attributes:
        first, end: Of the leaves that were searched; `end` is not included.
        size: Of the tree that they are in.
        numbers: Of the chosen leaves, sorted.
        copies: For each file of captures, the digests of the accounts that leaves name.
        proved: Leaves that a proof of their own is given for: edges of outages, and the checks
            that frame them.
        edges: Leaves of the edges of outages.
        checks: How many checks there are within the span.
        outages: How many outages touch it.
        announcements: Digests of the announcements of maintenance.

    """

    first: int
    end: int
    size: int
    numbers: "array[int]"
    copies: dict[str, set[str]] = field(default_factory=dict)
    proved: set[int] = field(default_factory=set)
    edges: list[int] = field(default_factory=list)
    checks: int = 0
    outages: int = 0
    announcements: set[str] = field(default_factory=set)

    def add(self, more: Iterable[int | None]) -> None:
        """Add leaves; None, and leaves after the tree, are left out."""
        within = (leaf for leaf in more if leaf is not None and leaf < self.size)
        self.numbers = array("q", sorted({*self.numbers, *within}))


class LeafChooser:
    """Reads the leaves once."""

    def __init__(self, leaves: SignedLeaves, span: ExtractSpan) -> None:
        self._leaves, self._span = leaves, span
        slugs = b"|".join(re.escape(slug).encode() for slug in span.targets)
        self._own = re.compile(rb'"target":"(' + slugs + rb')"')
        self._chosen = array("q")
        self._referred: set[int] = set()
        self._checks: dict[str, dict[str, int]] = {slug: {} for slug in span.targets}
        self._needed: set[tuple[str, str]] = set()  # checks that frame outages
        self._outages: dict[tuple[str, str], str] = {}  # their ends, by page and beginning
        self._round: tuple[int, str] | None = None  # the last one
        self._since = span.since  # or when the outage began that it begins in
        self._choice = LeafChoice(0, 0, leaves.size, array("q"))

    def choose(self, store: Store) -> LeafChoice:
        """Choose. Raises ProofError for a damaged journal."""
        choice = self._choice
        choice.first = choice.end = self._begin(store)
        begin = store.run_before(choice.first)
        if begin is not None:
            self._take_shared(begin, self._parsed(begin))
        last_at = instant(self._span.until + IN_HAND)
        for number, leaf in self._leaves.since(choice.first):
            choice.end = number + 1
            if self._look(number, leaf, last_at):
                break
        self._add_announcements(store.annotations())
        self._add_references()
        for slug, at in self._needed:
            frame = self._checks[slug].get(at)
            choice.proved |= set() if frame is None else {frame}
        choice.proved |= set(choice.edges)
        choice.add((*self._chosen, *self._referred))
        since, until = instant(self._span.since), instant(self._span.until)
        choice.checks = sum(since <= at < until for one in self._checks.values() for at in one)
        choice.outages = sum(
            first_at < until and last_at > since for (_, first_at), last_at in self._outages.items()
        )
        return choice

    def _begin(self, store: Store) -> int:
        span = self._span
        failed_at = store.first_failure(span.targets, span.since, span.until)
        self._since = min(span.since, failed_at or span.since)
        since = self._since - LEAD
        leaves = [store.first_leaf_from(slug, since, self._leaves.size) for slug in span.targets]
        return min((leaf for leaf in leaves if leaf is not None), default=0)

    def _look(self, number: int, data: bytes, last_at: str) -> bool:
        """Take a leaf if it belongs to the extract; return whether it is the last."""
        own = self._own.search(data)
        if own:
            if b'"type":"observation"' in data and (at := _CHECK_AT.match(data)):
                self._chosen.append(number)
                self._referred.update(map(int, _CHECK_NAMES.findall(data)))
                self._checks[own[1].decode()][at[1].decode()] = number
                return False
            leaf = json.loads(data)
            if leaf["type"] in _OWN_KINDS and leaf.get("target") in self._checks:
                self._take_own(number, leaf)
            return False
        if not _SHARED.search(data):
            return False
        at = _AT.search(data)
        if b'"type":"round"' in data and at:
            return self._take_round(number, at[1].decode(), last_at)
        leaf = json.loads(data)
        if leaf["type"] != "gap" or "target" not in leaf:
            self._take_shared(number, leaf)
        return False

    def _take_round(self, number: int, at: str, last_at: str) -> bool:
        """Take a round that nothing else tells: the last of a run, or where the clock went back."""
        before, self._round = self._round, (number, at)
        is_last = at >= last_at
        if is_last:
            self._take(number, self._parsed(number))
        if before and at < before[1]:
            for each in (before[0], number):
                self._take(each, self._parsed(each))
        return is_last

    def _take_shared(self, number: int, leaf: dict[str, Any]) -> None:
        if leaf["type"] == "run" and self._round:
            self._take(self._round[0], self._parsed(self._round[0]))
        self._take(number, leaf)

    def _take_own(self, number: int, leaf: dict[str, Any]) -> None:
        choice, kind = self._choice, leaf["type"]
        self._take(number, leaf)
        if kind == "observation":  # not written as ours are
            self._checks[leaf["target"]][leaf["at"]] = number
        elif kind == "outage":
            choice.edges.append(number)
            self._outages[leaf["target"], leaf["first_fail_at"]] = leaf.get("first_ok_at", _OPEN)
            self._needed |= {(leaf["target"], leaf[name]) for name in _EDGES if name in leaf}
        elif kind == "capture":
            choice.copies.setdefault(leaf["file"], set()).add(leaf["sha256"])

    def _take(self, number: int, leaf: dict[str, Any]) -> None:
        self._chosen.append(number)
        self._referred.update(references(leaf))

    def _parsed(self, number: int) -> dict[str, Any]:
        leaf: dict[str, Any] = json.loads(self._leaves[number])
        return leaf

    def _add_announcements(self, annotations: Sequence[Annotation]) -> None:
        """Add what was announced for these pages and this span, withdrawals of it, and replies."""
        span, announced = self._span, set[int]()
        for one in annotations:
            number = one.number
            if number is None or number >= self._leaves.size:
                continue
            concerns = (
                one.from_at is not None
                and one.from_at < span.until
                and (one.to_at or one.from_at + _MOMENT) > self._since
                and not set(one.targets).isdisjoint(span.targets)
            )
            if concerns or one.withdraws in announced:
                announced.add(number)
                self._choice.announcements |= {one.sha256} if one.sha256 else set()
        self._referred |= announced

    def _add_references(self) -> None:
        """Add what the chosen leaves name, and what those name."""
        waiting = list(self._referred)
        while waiting:
            number = waiting.pop()
            more = set(references(self._parsed(number))) - self._referred
            self._referred |= more
            waiting += more


def references(leaf: dict[str, Any]) -> Iterator[int]:
    """Yield the numbers of the shared leaves that a leaf names.

    The change that an announcement names is not one of them: it stands by a check of its own.
    """
    for name in ("setup", "plan", "conditions", "panel"):
        if isinstance(leaf.get(name), int):
            yield leaf[name]
    if "controls" in leaf:
        yield leaf["controls"]["panel"]
    yield from leaf.get("plans", ())
    if leaf["type"] == "run" and "start" in leaf:
        yield leaf["start"]
