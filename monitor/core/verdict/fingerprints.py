"""Marks by which an answer is recognised: data from `config/fingerprints.toml`.

A mark decides only where the page *is* what the mark says. A long healthy page may quote
any error text: hence `words_max`, a bound on the page's own words.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitor.core.model import Confidence, Reason, Verdict
from monitor.core.model.exchange import StatusClass, status_class
from monitor.core.verdict.page_summary import MAX_BYTES, MAX_TEXT, PageSummary


class MarkPlace(StrEnum):
    """Where a mark is looked for. Texts are folded: no accents, no case, single spaces."""

    HEADLINE = "headline"  # the title, or one of the h1 and h2
    OPENING = "opening"  # the first `OPENING_CHARS` outside menus, header and footer
    TEXT = "text"  # the title, the visible text, and that for visitors without JavaScript
    SOURCE = "source"  # the markup, lower case
    SCRIPTS = "scripts"  # the addresses of scripts, when every one of them bears the mark
    HEADER = "header"  # the value of one response header, lower case
    URL = "url"  # an address that the answer comes from or leads to, lower case


OPENING_CHARS = 400
# Characters in which a mark is looked for, at most: the rest of an address that holds a
# megabyte of data, or of a header, says nothing of the page.
CHARS_MAX = {
    MarkPlace.HEADLINE: 1_000,
    MarkPlace.OPENING: OPENING_CHARS,
    MarkPlace.TEXT: MAX_TEXT,
    MarkPlace.SOURCE: MAX_BYTES,
    MarkPlace.SCRIPTS: 2_000,
    MarkPlace.HEADER: 10_000,
    MarkPlace.URL: 2_000,
}
_SPOKEN = frozenset({MarkPlace.HEADLINE, MarkPlace.OPENING, MarkPlace.TEXT})
# A page may be long by its links alone: how many times `words_max` it may then reach. A
# phrase found anywhere may be one of these links; a headline is none.
_LINKS = {MarkPlace.TEXT: 2, MarkPlace.OPENING: 5}
_FORM_FIELDS = 2  # one field is a captcha's, or a search box
# A mark of these places speaks of the page only if the page says little else.
WORDS_MAX = {
    MarkPlace.HEADLINE: 150,
    MarkPlace.OPENING: 150,
    MarkPlace.TEXT: 250,
    MarkPlace.SOURCE: 80,
    MarkPlace.SCRIPTS: 10,
    MarkPlace.HEADER: 80,
    MarkPlace.URL: 80,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """One mark.

    Attributes:
        id: Lower case, digits and hyphens; unique.
        texts: Folded phrases, and
        patterns: expressions on folded text: one of either is enough.
        also: Folded phrases of which one must be in the title or the visible text too.
        header: Lower-case name, for `MarkPlace.HEADER`.
        words_max: The page's own words, at most, for the mark to decide.
        statuses: Answers to which it applies; empty for all. 5 means 500 to 599.
        source: Where it was read.

    """

    id: str
    verdict: Verdict
    reason: Reason
    where: MarkPlace
    words_max: int
    texts: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    also: tuple[str, ...] = ()
    header: str = ""
    statuses: frozenset[int] = frozenset()
    source: str = ""
    confidence: Confidence = Confidence.NO

    def found_in(self, text: str) -> str:
        """Return what was recognised in a text, or "" when nothing was."""
        for phrase in self.texts:
            if phrase in text:
                return phrase
        return next((found[0] for p in self.patterns if (found := p.search(text))), "")

    def applies_to(self, status: int) -> bool:
        return not self.statuses or not self.statuses.isdisjoint({status, status_class(status)})


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchInput:
    """What marks are looked for in: one answer, read."""

    status: int
    glance: PageSummary
    headers: tuple[tuple[str, str], ...] = ()
    urls: tuple[str, ...] = ()

    def texts_at(self, mark: Fingerprint) -> Iterable[str]:
        page = self.glance
        found: Iterable[str]
        match mark.where:
            case MarkPlace.HEADLINE:
                found = (page.title, *page.headings)
            case MarkPlace.OPENING:
                found = (page.opening,)
            case MarkPlace.TEXT:
                found = (page.title, page.text, page.noscript)
            case MarkPlace.SOURCE:
                found = (page.source,)
            case MarkPlace.SCRIPTS:
                scripts = [s[: CHARS_MAX[mark.where]].lower() for s in page.scripts]
                bearing = [script for script in scripts if mark.found_in(script)]
                found = bearing if len(bearing) == len(page.scripts) else ()
            case MarkPlace.URL:
                found = self.urls
            case MarkPlace.HEADER:
                found = (v.lower() for k, v in self.headers if k.lower() == mark.header)
        return (text[: CHARS_MAX[mark.where]] for text in found)


def recognise(
    scene: MatchInput, marks: Sequence[Fingerprint], verdicts: Iterable[Verdict]
) -> tuple[Fingerprint, str] | None:
    """Return the first mark of these verdicts that the answer bears, and what was seen."""
    wanted = frozenset(verdicts)
    for mark in marks:
        if mark.verdict not in wanted or not _concerns(mark, scene):
            continue
        for text in scene.texts_at(mark):
            seen = mark.found_in(text)
            if seen:
                return mark, seen
    return None


def _concerns(mark: Fingerprint, scene: MatchInput) -> bool:
    """Tell whether a mark may speak of this page at all.

    A page that was served well and offers a form, or a container that an application
    fills, is a service: its texts, and the guard's script beside it, are no verdict.
    """
    page = scene.glance
    if page.own_words > mark.words_max or not mark.applies_to(scene.status):
        return False
    if page.words > mark.words_max * _LINKS.get(mark.where, page.words):
        return False
    success = status_class(scene.status) == StatusClass.SUCCESS
    if mark.verdict is not Verdict.UNKNOWN and success:
        doubtful = mark.verdict is not Verdict.BLOCKED or mark.confidence is not Confidence.YES
        if page.fields >= _FORM_FIELDS and mark.where in _SPOKEN and doubtful:
            return False
        if page.root and mark.where in {MarkPlace.SOURCE, MarkPlace.SCRIPTS}:
            return False
    return not mark.also or any(word in page.text or word in page.title for word in mark.also)


def digest(marks: Iterable[Fingerprint]) -> str:
    """Return a hex digest of what the marks decide: it changes when a judgement may."""
    lines = (
        f"{m.id}|{m.verdict}|{m.reason}|{m.where}|{m.words_max}|{m.texts}|"
        f"{[p.pattern for p in m.patterns]}|{m.also}|{m.header}|{sorted(m.statuses)}"
        for m in marks
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
