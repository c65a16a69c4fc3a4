"""A message before it has a form: the text and the HTML are both made of it."""

from dataclasses import dataclass
from enum import StrEnum

from monitor.core.french.typesetting import typeset
from monitor.core.language import FRENCH, Language

ISOLATES = frozenset("\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}")  # `foreign`
SUBJECT_MAX = 120  # characters; a longer one is cut by most mailboxes


class Tone(StrEnum):
    """What a message says at a glance."""

    OPEN = "open"
    CLOSED = "closed"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterLine:
    """One line. `url`, when there is one, is where its text leads."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSection:
    title: str
    lines: tuple[LetterLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message.

    Attributes:
        lead: The first line: it says it all.
        actions: What to open first.
        exits: How to change one's choices, or leave.

    """

    subject: str
    tone: Tone
    lead: str
    actions: tuple[LetterLine, ...] = ()
    sections: tuple[LetterSection, ...] = ()
    exits: tuple[LetterLine, ...] = ()
    language: Language = FRENCH


def line(text: str, url: str = "") -> LetterLine:
    return LetterLine(text=typeset(text), url=url)


def subject_of(text: str) -> str:
    """Return a subject: one line, of bounded length, without what a header cannot hold."""
    plain = "".join(
        mark if mark.isprintable() or mark in ISOLATES else " " for mark in typeset(text)
    )
    return plain if len(plain) <= SUBJECT_MAX else f"{plain[: SUBJECT_MAX - 1].rstrip()}…"
