"""The sentence around words that state a fault: what undoes the statement, and what does not."""

import re
from typing import NamedTuple

from monitor.core.verdict.problem_lists import lists_problems

SENTENCE_CHARS = 160
_SENTENCE_END = re.compile(r"[.!?¦:;] ?")
_LIST_END = re.compile(r"[.!?¦;]")  # a colon is inside of a list of problems
_SUPPOSED = re.compile(
    r"\b(si|s'ils?|en cas de|lorsque|quand|chaque fois|if|when|whenever|in case|unless"
    r"|ser(a|ont|ait|aient)|pourr(a|ait|ont|aient)|peut (etre|arriver)|peuvent etre|may|might"
    r"|will|would|prevue?s?|planifiee?s?|etai(t|ent)|(a|ont) ete|was|were|aucune?|sans|jamais"
    r"|no|without|never|any|zero|n'est plus|ne sont plus|signal(er|ez|e)|report(er|ing)?"
    r"|(un|le|ce|the|this) message|comment|how to|pourquoi|why|que faire|exemples?|example"
    r"|malgre|despite|signifie|veut dire|means"
    r"|certaine?s|some of|une partie|peut-etre|perhaps|maybe|probable(ment)?)\b"
    r"|\b(en cas d|lorsqu|puisqu|quoiqu)'"
)
_TO_COME = re.compile(
    r"\b(ser(a|ont|ait|aient)|pourr(a|ait|ont|aient)|will|would|(may|might)(?! be for sale))\b"
)
_SOON = re.compile(r"\b(bientot|prochainement|sous peu|soon)\b")
_UNDONE_AFTER = re.compile(
    r",? ?(prevue?s?|planifiee?s?|programmee?s?|aura lieu|auront lieu|resolved|resolu"
    r"|ser(a|ont) (effectue|realise|menee?)|(a|ont) ete (resol|corrig|retabl)"
    r"|est (resolu|retabli|termine)|will (be|take)|is (scheduled|planned)"
    r"|[:,?] ?(que faire|comment|pourquoi|what to do|how to))"
)


class Sentence(NamedTuple):
    """The sentence in which some words stand.

    Attributes:
        lead: What stands before the words, sentences before them included.
        before, after: The rest of their sentence.
        rest: What stands after the words, sentences after them included.

    """

    lead: str
    before: str
    words: str
    after: str
    rest: str

    @property
    def text(self) -> str:
        return f"{self.before}{self.words}{self.after}"

    @property
    def asks(self) -> bool:
        return self.rest[len(self.after) : len(self.after) + 1] == "?"

    def is_undone(self) -> bool:
        """Return whether it supposes, announces, denies, quotes or lists what its words state."""
        if _SUPPOSED.search(self.before) or _UNDONE_AFTER.match(self.rest):
            return True
        if self.is_quoted():
            return True
        start = _LIST_END.split(self.lead)[-1]
        return lists_problems(f"{start}{self.words}{_LIST_END.split(self.rest, maxsplit=1)[0]}")

    def is_quoted(self) -> bool:
        """Return whether its words stand inside a quotation."""
        return _is_quoted(self.lead)

    def is_to_come(self) -> bool:
        """Return whether its words themselves are in the future, and not about a page to come."""
        return bool(_TO_COME.search(self.words)) and not _SOON.search(self.words)


def sentence_of(text: str, match: re.Match[str], *, reach: int) -> Sentence:
    """Return the sentence of a match, at most `reach` characters to either side.

    A match may name as `said` the words that count.
    """
    start = match.start("said") if "said" in match.re.groupindex else match.start()
    lead, rest = text[max(0, start - reach) : start], text[match.end() : match.end() + reach]
    return Sentence(
        lead=lead,
        before=_SENTENCE_END.split(lead)[-1],
        words=match[0],
        after=_SENTENCE_END.split(rest, maxsplit=1)[0],
        rest=rest,
    )


def _is_quoted(before: str) -> bool:
    """Return whether a quotation is open at the end of a text."""
    if max(before.rfind("«"), before.rfind("“")) > max(before.rfind("»"), before.rfind("”")):
        return True
    return before.count('"') % 2 == 1
