"""The texts of pages expected from a journal: which were shown, from when to when, and why."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.core.changes.page_events import OF_LINKS, TURNS, PageEdge
from monitor.core.journal.decode import (
    read_instant,
)
from monitor.core.model.check import Check, without_tokens
from monitor.store.audit.audit_rows import Raw
from monitor.store.tables.columns import to_us

Leaf = Mapping[str, Any]

NEAR = 200  # checks of a target that are remembered: a text is believed within a few readings


@dataclass(slots=True, kw_only=True)
class Stay:
    """One stay of a text on a page, from the leaves.

    Attributes:
        before_at, url: The values that it may have; None where leaves do not determine them.
        last_at: The latest instant, by the leaves, at which the page had it.
        over: Whether no later check may have read it.
        told_at: Of the check whose leaf names it first.

    """

    sha256: bytes
    extraction: str
    body_sha256: bytes
    before_at: frozenset[int | None]
    url: frozenset[str] | None
    last_at: int
    told_at: datetime
    over: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """A page's text became another one."""

    subject: tuple[str, str]
    sha256: bytes
    extraction: str
    at: int


@dataclass(slots=True)
class Links:
    """A change of dead links: they lead to these targets."""

    subject: tuple[str, str]
    edge: PageEdge
    leads_to: tuple[str, ...]


class PagesFromLeaves:
    """Reads the `change` leaves of all pages in order, and the checks that they refer to."""

    def __init__(self) -> None:
        self.turns: list[TextChange] = []
        self.links: dict[int, Links] = {}  # by leaf
        self.stays: dict[tuple[Any, int], Stay] = {}
        self._near: dict[tuple[str, str], deque[Check]] = {}

    def remember(self, check: Check) -> None:
        """Remember the last checks of each target: a change names one of them."""
        near = self._near.setdefault((check.target, check.point), deque(maxlen=NEAR))
        near.append(check)

    def change(self, idx: int, leaf: Leaf) -> Raw:
        """Return the row expected from a `change` leaf. Raises as the functions of `decode`."""
        subject = leaf["target"], leaf["point"]
        edge, before, after = PageEdge(leaf["edge"]), leaf.get("before"), leaf.get("after")
        if before:
            self._left(subject, edge, before)
        if after:
            self._shown(subject, edge, leaf)
        if edge in TURNS and after:
            turn = TextChange(
                subject=subject,
                sha256=bytes.fromhex(after["sha256"]),
                extraction=after["extraction"],
                at=_us(after["first_at"]),
            )
            self.turns.append(turn)
        if edge in OF_LINKS:
            self.links[idx] = Links(subject, edge, tuple(leaf.get("leads_to", ())))
        return {
            "subject_id": subject,
            "at": read_instant(leaf["at"]),
            "edge": edge,
            "before_id": (subject, _us(before["first_at"])) if before else None,
            "before_last_at": _us(before["last_at"]) if before else None,
            "after_id": (subject, _us(after["first_at"])) if after else None,
            "weight": leaf.get("weight"),
            "kinds": " ".join(leaf.get("kinds", ())),
            "silent": leaf["silent"],
            "announced": leaf["announced"],
        }

    def _left(self, subject: tuple[str, str], edge: PageEdge, before: Leaf) -> None:
        stay = self.stays.get((subject, _us(before["first_at"])))
        if stay is None or stay.sha256.hex() != before["sha256"]:
            raise ValueError("un texte part, qui n’était pas venu")
        last = _us(before["last_at"])
        if last < stay.last_at:
            raise ValueError("un texte est resté moins longtemps qu’il n’a été dit")
        stay.last_at, stay.over = last, edge in TURNS

    def _shown(self, subject: tuple[str, str], edge: PageEdge, leaf: Leaf) -> None:
        before, after = leaf.get("before"), leaf["after"]
        name = subject, _us(after["first_at"])
        stay = self.stays.get(name)
        if stay is not None:
            if edge in TURNS:
                stay.over, stay.last_at = False, max(stay.last_at, _us(after["last_at"]))
            return
        old = self.stays.get((subject, _us(before["first_at"]))) if before else None
        before_at: set[int | None] = {_us(before["last_at"]) if before else None}
        url = self._url(subject, after)
        if edge is PageEdge.TECHNICAL and old is not None:
            before_at |= old.before_at
            url = url | old.url if url and old.url else None
        self.stays[name] = Stay(
            sha256=bytes.fromhex(after["sha256"]),
            extraction=after["extraction"],
            body_sha256=bytes.fromhex(after["body_sha256"]),
            before_at=frozenset(before_at),
            url=url,
            last_at=_us(after["last_at"]),
            told_at=read_instant(leaf["at"]),
            over=edge not in TURNS,
        )

    def _url(self, subject: tuple[str, str], after: Leaf) -> frozenset[str] | None:
        first = read_instant(after["first_at"])
        for check in reversed(self._near.get(subject, ())):
            if check.at == first:
                if check.body_sha256 != after["body_sha256"]:
                    raise ValueError("un texte d’un autre corps que celui du relevé")
                return frozenset({without_tokens(check.final_url)})
        return None


def _us(text: str) -> int:
    return to_us(read_instant(text))
