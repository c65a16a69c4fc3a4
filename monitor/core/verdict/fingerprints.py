"""Fingerprints that recognise an answer: data from `config/fingerprints.toml`.

A fingerprint must match only a page that *is* the error, not one that quotes it. A long healthy
page may quote any error text: hence `words_max`, a bound on the page's own words.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import islice

from monitor.core.model import Confidence, Reason, Verdict
from monitor.core.model.exchange import StatusClass, status_class
from monitor.core.verdict.page_summary import MAX_BYTES, MAX_OWN, MAX_TEXT, PageSummary
from monitor.core.verdict.signs_of_fault import (
    MOST_OTHER_WORDS,
    is_elsewhere,
    most_other_words,
    other_words,
    says_what_a_notice_does,
)
from monitor.core.verdict.stated_words import SENTENCE_CHARS, sentence_of


class MarkPlace(StrEnum):
    """Where a fingerprint is searched. Texts are folded: no accents, no case, single spaces."""

    HEADLINE = "headline"  # the title, or one of the h1 and h2
    OPENING = "opening"  # the first `OPENING_CHARS` of the page's own words
    OWN = "own"  # the page's own words: outside menus, page header and footer, links, buttons
    TEXT = "text"  # the title, the visible text, and that for visitors without JavaScript
    SOURCE = "source"  # the markup, lower case
    SCRIPTS = "scripts"  # the addresses of scripts, when every one of them bears the mark
    HEADER = "header"  # the value of one response header, lower case
    URL = "url"  # an address that the answer comes from or leads to, lower case


OPENING_CHARS = 400
# Characters that are searched, at most: the rest of an address or a header that contains a
# megabyte of data says nothing of the page.
CHARS_MAX = {
    MarkPlace.HEADLINE: 1_000,
    MarkPlace.OPENING: OPENING_CHARS,
    MarkPlace.OWN: MAX_OWN,
    MarkPlace.TEXT: MAX_TEXT,
    MarkPlace.SOURCE: MAX_BYTES,
    MarkPlace.SCRIPTS: 2_000,
    MarkPlace.HEADER: 10_000,
    MarkPlace.URL: 2_000,
}
_SPOKEN = frozenset({MarkPlace.HEADLINE, MarkPlace.OPENING, MarkPlace.OWN, MarkPlace.TEXT})
# A page may be long by its links alone: its words may then be this many times `words_max`. A
# phrase matched anywhere may be one of these links; a headline is not.
_LINKS = {
    MarkPlace.TEXT: 2,
    MarkPlace.OPENING: 5,
    MarkPlace.OWN: 20,
    MarkPlace.SOURCE: 2,
    MarkPlace.SCRIPTS: 5,
}
#: What is said of a service may be supposed, announced, denied or quoted.
_STATED = frozenset({Verdict.DOWN, Verdict.MAINTENANCE})
#: What is said of a visitor may be asked or quoted: "Ma demande est bloquée, que faire ?"
_REFUSED = frozenset({Reason.WAF, Reason.RATE_LIMITED})
# Words on something else that a page may have, by where its statement stands. A captcha's text is
# doubted as well: a page may say that there will be one.
_OTHER_WORDS = {
    MarkPlace.OWN: MOST_OTHER_WORDS,
    MarkPlace.OPENING: MOST_OTHER_WORDS,
    MarkPlace.HEADLINE: 2 * MOST_OTHER_WORDS,
}
_OTHER_WORDS_OF_REFUSALS = 5 * MOST_OTHER_WORDS  # these explain themselves at more length
_MOST_MATCHES = 20
# A heading that names a thing and states nothing.
_NAME = re.compile(r"maintenance( technique| informatique)?")
_MENTIONS = re.compile(
    r"<a\s[^<>]{0,1000}|\bdata-[a-z-]{1,40}=(\"[^\"]{0,1000}\"|'[^']{0,1000}')"
    r"|<meta[^<>]{0,60}content-security-policy[^<>]{0,1000}|<link[^<>]{0,60}"
    r"(preconnect|dns-prefetch)[^<>]{0,500}"
)
_MUTE_WORDS = 10
_BLOCK_WORD = re.compile(
    r"block|denied|restrict|filter|forbidden|prohibit|not allowed|violat|unsafe|bloqu|interdit"
    r"|refus|filtr|gesperrt|virus|phishing|malware|блок|запре|огранич|situs|blokir|diakses|engel|yasak"
    r"|차단|유해|حجب|محظور|ระงับ|屏蔽|禁|bloque|restring|zablok|gesperr|censor|sehat|positif"
)
_FORM_FIELDS = 2  # one field is a captcha's, or a search box
# A match in these places describes the page only if the page has few other words.
WORDS_MAX = {
    MarkPlace.HEADLINE: 150,
    MarkPlace.OPENING: 150,
    MarkPlace.OWN: 150,
    MarkPlace.TEXT: 250,
    MarkPlace.SOURCE: 80,
    MarkPlace.SCRIPTS: 10,
    MarkPlace.HEADER: 80,
    MarkPlace.URL: 80,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """One fingerprint.

    Attributes:
        id: Lower case, digits and hyphens; unique.
        texts: Folded phrases, and
        patterns: expressions on folded text: one of either is enough.
        also: Folded phrases, one of which must be in the title or the visible text too.
        unless: Expressions; a sentence in which one is found says something else.
        header: Lower-case name, for `MarkPlace.HEADER`.
        words_max: The page's own words, at most, for the fingerprint to decide.
        statuses: Answers to which it applies; empty for all. 5 means 500 to 599.
        source: Where it was seen.

    """

    id: str
    verdict: Verdict
    reason: Reason
    where: MarkPlace
    words_max: int
    texts: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    also: tuple[str, ...] = ()
    unless: tuple[re.Pattern[str], ...] = ()
    header: str = ""
    statuses: frozenset[int] = frozenset()
    source: str = ""
    confidence: Confidence = Confidence.NO

    def found_in(self, text: str) -> str:
        """Return the part of a text that matches, or "" when nothing does."""
        for phrase in self.texts:
            if phrase in text:
                return phrase
        doubtful = self.verdict in _STATED and self.where in _SPOKEN
        for pattern in self.patterns:
            for match in islice(pattern.finditer(text), _MOST_MATCHES):
                if doubtful and self._is_undone(text, match):
                    continue
                if self._is_refusal() and self._is_question(text, match):
                    continue
                return match[0]
        return ""

    def _is_refusal(self) -> bool:
        return self.reason in _REFUSED and self.where in _SPOKEN

    def _is_question(self, text: str, match: re.Match[str]) -> bool:
        """Return whether the words of a refusal are asked or quoted, or its sentence is otherwise.

        A captcha does ask: whether one is human.
        """
        if self.where is MarkPlace.HEADLINE:
            return text.rstrip().endswith("?")
        sentence = sentence_of(text, match, reach=SENTENCE_CHARS)
        if sentence.asks or sentence.is_quoted():
            return True
        return any(pattern.search(sentence.text) for pattern in self.unless)

    def _is_undone(self, text: str, match: re.Match[str]) -> bool:
        """Return whether the sentence of a match says otherwise than the words that match."""
        whole = self.where in {MarkPlace.OWN, MarkPlace.OPENING}
        sentence = sentence_of(text, match, reach=SENTENCE_CHARS if whole else SENTENCE_CHARS // 2)
        if sentence.is_undone() or (self.verdict is Verdict.DOWN and sentence.is_to_come()):
            return True
        if self.where is MarkPlace.HEADLINE and text.rstrip().endswith("?"):
            return True
        if whole and (sentence.asks or is_elsewhere(sentence.text)):
            return True
        return any(pattern.search(sentence.text) for pattern in self.unless)

    def applies_to(self, status: int) -> bool:
        return not self.statuses or not self.statuses.isdisjoint({status, status_class(status)})


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchInput:
    """What fingerprints are matched against: one answer, summarised."""

    status: int
    page: PageSummary
    headers: tuple[tuple[str, str], ...] = ()
    urls: tuple[str, ...] = ()

    def texts_at(self, fingerprint: Fingerprint) -> Iterable[str]:
        page = self.page
        texts: Iterable[str]
        match fingerprint.where:
            case MarkPlace.HEADLINE:
                # A heading that goes on says what a title only names: "Accès interdit aux massifs".
                named = any(heading.startswith(f"{page.title} ") for heading in page.headings)
                texts = page.headings if page.title and named else (page.title, *page.headings)
            case MarkPlace.OPENING | MarkPlace.OWN:
                texts = (page.own_text,)
            case MarkPlace.TEXT:
                texts = (page.title, page.text, page.noscript)
            case MarkPlace.SOURCE:
                texts = (_without_mentions(page.source),)
            case MarkPlace.SCRIPTS:
                scripts = [s[: CHARS_MAX[fingerprint.where]].lower() for s in page.scripts]
                bearing = [script for script in scripts if fingerprint.found_in(script)]
                texts = bearing if len(bearing) == len(page.scripts) else ()
            case MarkPlace.URL:
                texts = self.urls
            case MarkPlace.HEADER:
                texts = (v.lower() for k, v in self.headers if k.lower() == fingerprint.header)
        return (text[: CHARS_MAX[fingerprint.where]] for text in texts)


def recognise(
    answer: MatchInput,
    fingerprints: Sequence[Fingerprint],
    verdict: Verdict,
    reasons: frozenset[Reason] = frozenset(),
) -> tuple[Fingerprint, str] | None:
    """Return the first fingerprint of a verdict that matches, and the text that it matched.

    Only those for one of some reasons, when reasons are given.
    """
    for fingerprint in fingerprints:
        if fingerprint.verdict is not verdict or (reasons and fingerprint.reason not in reasons):
            continue
        if not _concerns(fingerprint, answer):
            continue
        for text in answer.texts_at(fingerprint):
            matched = fingerprint.found_in(text)
            if not matched or _says_more(fingerprint, answer):
                continue
            if fingerprint.verdict is Verdict.MAINTENANCE and _only_names(matched, answer):
                continue
            return fingerprint, matched
    return None


def _only_names(matched: str, answer: MatchInput) -> bool:
    """Return whether a heading that matched is a name, and what stands below it no notice."""
    if not _NAME.fullmatch(matched.strip(" ¦.!…")):
        return False
    return not says_what_a_notice_does(answer.page.own_text, answer.page.headings)


def _says_more(fingerprint: Fingerprint, answer: MatchInput) -> bool:
    """Return whether a page speaks of so much else that its words are no statement of its own.

    A status of 400 or more needs no statement, nor does a server's default page, whose headline
    decides on a long page too.
    """
    is_statement = fingerprint.verdict in _STATED
    captcha = fingerprint.reason is Reason.CAPTCHA and fingerprint.where is MarkPlace.TEXT
    bound = 3 * MOST_OTHER_WORDS if captcha else _OTHER_WORDS.get(fingerprint.where)
    refusal = fingerprint.reason in _REFUSED
    if bound is None or not (is_statement or captcha or refusal):
        return False
    if refusal:
        bound = _OTHER_WORDS_OF_REFUSALS
    if fingerprint.words_max > WORDS_MAX[fingerprint.where]:
        return False
    if status_class(answer.status) != StatusClass.SUCCESS:
        return False
    page = answer.page
    if is_statement:
        bound = max(bound, most_other_words(page.own_text, page.title, page.headings))
    return other_words(page.own_text, page.headings) > bound


def _concerns(fingerprint: Fingerprint, answer: MatchInput) -> bool:
    """Return whether a fingerprint may decide on this page at all.

    A page with status 2xx and a form, or a container that an application fills, is a working
    service: its texts, and a protection's script on it, decide nothing.
    """
    page = answer.page
    if page.own_words > fingerprint.words_max or not fingerprint.applies_to(answer.status):
        return False
    if page.words > fingerprint.words_max * _LINKS.get(fingerprint.where, page.words):
        return False
    if not _shows_a_block(fingerprint, page):
        return False
    success = status_class(answer.status) == StatusClass.SUCCESS
    if fingerprint.verdict is not Verdict.UNKNOWN and success:
        doubtful = (
            fingerprint.verdict is not Verdict.BLOCKED
            or fingerprint.confidence is not Confidence.YES
        )
        if page.fields >= _FORM_FIELDS and fingerprint.where in _SPOKEN and doubtful:
            return False
        if page.root and fingerprint.where in {MarkPlace.SOURCE, MarkPlace.SCRIPTS}:
            return False
    return not fingerprint.also or any(
        word in page.text or word in page.title for word in fingerprint.also
    )


@lru_cache(maxsize=8)
def _without_mentions(source: str) -> str:
    """Remove from markup what only names others: where links lead, policies, data."""
    return _MENTIONS.sub(" ", source)


def _shows_a_block(fingerprint: Fingerprint, page: PageSummary) -> bool:
    """Return whether a page with words says, besides a filter's mark, that something is blocked.

    A healthy page may name a filter in its markup, in a link or in a policy.
    """
    if fingerprint.verdict is not Verdict.UNKNOWN or fingerprint.where in _SPOKEN:
        return True
    if fingerprint.where in {MarkPlace.HEADER, MarkPlace.URL} or page.words <= _MUTE_WORDS:
        return True
    return any(_BLOCK_WORD.search(text) for text in (page.title, page.text, page.noscript))


def digest(fingerprints: Iterable[Fingerprint]) -> str:
    """Return a hex digest of the fingerprints: it changes when a judgement may."""
    lines = (
        f"{m.id}|{m.verdict}|{m.reason}|{m.where}|{m.words_max}|{m.texts}|"
        f"{[p.pattern for p in m.patterns]}|{m.also}|"
        f"{[p.pattern for p in m.unless]}|{m.header}|{sorted(m.statuses)}"
        for m in fingerprints
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
