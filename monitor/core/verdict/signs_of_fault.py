"""What a short page says of the service, by signs: a subject, a state, an excuse, a reference.

One phrase may stand on a healthy page; two signs of different kinds, on a page that says little
else, hardly do. Each sentence is a bag of words: their order and what stands between do not matter.
A page that says something else besides is a page that works: see `other_words`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import filterfalse, islice
from typing import NamedTuple

from monitor.core.verdict import notice_words as words
from monitor.core.verdict.problem_lists import lists_problems

ENOUGH = 3  # points of a page that says that the service does not work
MOST_OTHER_WORDS = 9  # on something else, of a page that states a fault
_MOST_OF_A_LONG_NOTICE = 60  # under a heading that is a notice and nothing else
ALL_OTHER = 1_000  # of a page that is about something else as a whole
FEW_WORDS = 30  # a page with so few words has a point: it says nothing else
_MOST_SENTENCES = 40
_SENTENCE = re.compile(r"[^.!?¦;]{1,300}[.!?¦;]?")
# A dot inside a word, as in the name of a class or of a file, ends no sentence.
_INNER_DOT = re.compile(r"(?<=\w)\.(?=\w)")
_QUOTED = re.compile(r"«[^»]{1,60}»|\"[^\"]{1,60}\"")
_DOMAIN = re.compile(r"\w\.[a-z]{2,10}$")  # a heading that is the site's own name
_LABEL_WORDS = 9
_FREE_LABELS = 3
_LISTED_CODES = 3
_AROUND = (words.EXCUSE, words.NOW, words.CARE, words.REFERENCE, words.ADVICE, words.PRESENT)
_SUBJECTS = (words.SOFTWARE, words.SERVICE, words.EVENT, words.OBJECT)
_OF_NOTICES = (
    *(words.NOTICE, words.STATE, words.ENDED, words.FAILS, words.EVENT),
    *(words.EXCUSE, words.NOW, words.RETRY, words.SOFTWARE),
)
_ABOUT = (words.NOTICE, words.STATE, words.ENDED, words.EVENT, words.FAILS)


@dataclass(frozen=True, slots=True)
class Signs:
    """Points of a page, and the pieces of its text that gave them."""

    points: int
    pieces: tuple[str, ...]


def signs_of(own_text: str, own_words: int, *, others: int) -> Signs:
    """Weigh the folded own words of a page, a sentence at a time.

    A sentence that says what the service suffers has one to three points. Excuses, an advice to
    come again, the moment, who takes care of it and a reference have one each, once a page, and
    only beside such a sentence.
    Few words have one as well, when the statement is sure, or beside any of them, or when no other
    words (`others`, of `other_words`) speak of something else.
    """
    points, pieces, sure = 0, [], False
    beside: dict[str, str] = {}
    for sentence in filterfalse(_quotes, _sentences(own_text)):
        if (retry := words.RETRY.search(sentence)) and not is_elsewhere(sentence):
            beside.setdefault("retry", retry[0])
        if statement := _statement(sentence):
            points = max(points, statement.points)
            pieces.append(statement.piece)
            sure = sure or statement.sure
        for name, pattern in (
            ("excuse", words.EXCUSE),
            ("now", words.NOW),
            ("care", words.CARE),
            ("reference", words.REFERENCE),
        ):
            if match := pattern.search(sentence):
                beside.setdefault(name, match[0])
    if not points:
        return Signs(0, ())
    few = own_words <= FEW_WORDS and points > 1 and (sure or bool(beside) or not others)
    points += len(beside) + int(few)
    return Signs(points, tuple(dict.fromkeys((*pieces, *beside.values()))))


@lru_cache(maxsize=8)
def most_other_words(own_text: str, title: str, headings: tuple[str, ...]) -> int:
    """Return how many other words a page may have that states a fault: see `other_words`.

    A notice may explain itself at length: where its title is a notice and nothing else, and a
    sentence is another; or where its heading is one, and its text has signs of several kinds.
    """
    headed = bool(headings) and words.BARE_NOTICE.fullmatch(headings[0]) is not None
    titled = {part for part in words.TITLE_PARTS.split(title) if words.BARE_NOTICE.fullmatch(part)}
    sentences = {sentence.strip(" ¦.!…") for sentence in _sentences(own_text)}
    if titled and any(map(words.BARE_NOTICE.fullmatch, sentences - titled)):
        return _MOST_OF_A_LONG_NOTICE
    if not headed:
        return MOST_OTHER_WORDS
    signs = signs_of(f"{title} ¦ {own_text}", FEW_WORDS + 1, others=1)
    return _MOST_OF_A_LONG_NOTICE if signs.points >= ENOUGH else MOST_OTHER_WORDS


@lru_cache(maxsize=8)
def other_words(own_text: str, headings: tuple[str, ...]) -> int:
    """Count the words by which a page speaks of something else than its own state.

    Of `own_text`, folded, with "¦" between its blocks. A notice states a fault, excuses it and says
    what to do: little else. Headings are left out, and up to three short labels, as the name of a
    site is. All words count under a heading about what is no online service, unless a statement
    names software. `ALL_OTHER` for a page that as a whole is no notice: see `_is_about_else`.
    """
    if _is_about_else(own_text, headings):
        return ALL_OTHER
    if headings and _is_subject(headings[0]) and not _names_software(own_text):
        return ALL_OTHER if _only_closes(own_text) else len(own_text.split())
    count = labels = 0
    for block in own_text.split(" ¦ "):
        if block.strip(" .!…") in headings:
            continue
        if _is_label(block):
            labels += 1
            if labels <= _FREE_LABELS:
                continue
        for sentence in filter(_is_other, _sentences(block)):
            count += len(sentence.split()) * (2 if words.ELSEWHERE.search(sentence) else 1)
    return count


def says_what_a_notice_does(own_text: str, headings: tuple[str, ...]) -> bool:
    """Return whether the text below the headings states, excuses or advises, or there is none."""
    blocks = own_text.split(" ¦ ")
    rest = [b for b in blocks if b.strip(" .!…") not in headings and not _is_label(b)]
    return not rest or any(pattern.search(block) for block in rest for pattern in _OF_NOTICES)


def _is_about_else(own_text: str, headings: tuple[str, ...]) -> bool:
    """Return whether a page, by what it says as a whole, is no notice.

    It says that the service works, explains a fault, or only announces what is to come; it is about
    faults, by its heading or by the codes that it lists; or its heading tells what befalls a
    counter, a lift, a road, and no sentence names software.
    """
    if words.EXPLAINS.search(own_text) or any(map(_works, _sentences(own_text))):
        return True
    if any(map(words.SUBJECT.search, headings)):
        return True
    if words.ANNOUNCED.search(own_text) and not words.UNDER_WAY.search(own_text):
        return True
    if len(set(words.ERROR_CODE.findall(own_text))) >= _LISTED_CODES:
        return True
    if len(set(words.LISTED_CODE.findall(own_text))) > 1:
        return True
    return bool(headings) and _befalls_else(headings[-1]) and not _names_software(own_text)


def _works(sentence: str) -> bool:
    """Return whether a sentence says that the service works, and not when it will."""
    return bool(words.WORKS.search(sentence)) and not words.UNTIL.search(sentence)


def _befalls_else(heading: str) -> bool:
    """Return whether a heading tells what befalls a counter, a lift, a road."""
    return bool(words.ELSEWHERE.search(heading)) and any(
        pattern.search(heading) for pattern in _ABOUT
    )


def _is_subject(heading: str) -> bool:
    """Return whether a heading is neither a notice's nor an online service's."""
    known = (*_SUBJECTS, *_AROUND, *_ABOUT, words.LEFTOVER, words.PROCEDURE, words.OURS)
    return (
        any(map(str.isalpha, heading))  # a code alone is none
        and not _DOMAIN.search(heading)
        and not any(pattern.search(heading) for pattern in known)
    )


def _names_software(own_text: str) -> bool:
    """Return whether a sentence names software or its faults, or what is so at this moment.

    No label does.
    """
    prose = " ".join(block for block in own_text.split(" ¦ ") if not _is_label(block))
    return any(p.search(prose) for p in (words.SOFTWARE, words.NOW, words.TECHNICAL))


def _only_closes(own_text: str) -> bool:
    """Return whether a text says that something is closed, as any office may be, and no more."""
    more = (words.STATE, words.FAILS, words.EVENT, words.LEFTOVER)
    return bool(words.ENDED.search(own_text)) and not any(p.search(own_text) for p in more)


def _is_label(block: str) -> bool:
    return len(block.split()) <= _LABEL_WORDS and not block.endswith((".", "!", "?"))


def _is_other(sentence: str) -> bool:
    """Return whether a sentence is none of those that a notice is made of.

    One that quotes a fault, asks about one, supposes or announces one, or tells of one of another
    thing, does not state the service's own.
    """
    if words.LEFTOVER.search(sentence):
        return False
    if words.TURN_TO.search(sentence) and not _quotes(sentence):
        return False
    if _quotes(sentence) or is_elsewhere(sentence) or words.READERS.search(sentence):
        return True
    if any(pattern.search(sentence) for pattern in _AROUND):
        return False
    if words.OTHERWISE.search(sentence) or lists_problems(sentence):
        return True
    return not any(pattern.search(sentence) for pattern in _ABOUT)


def is_elsewhere(sentence: str) -> bool:
    """Return whether a sentence speaks of what is no online service: a counter, a road, a book.

    Its subject, where it begins with one, must be software, a service, or what befalls them. A long
    sentence must at least name one of these, or be said by the service.
    """
    subject = words.SUBJECT_OF.match(sentence)
    if subject and words.SOFTWARE.search(subject[1]):
        return words.ELSEWHERE.search(subject[1]) is not None
    if words.ELSEWHERE.search(sentence):
        return True
    bare = words.BARE_SUBJECT_OF.match(sentence)
    if bare and words.ADVERBS.sub("", bare[1]).strip() and not subject:
        return not any(pattern.search(bare[1]) for pattern in (*_SUBJECTS, words.OURS))
    if subject:
        return not any(pattern.search(subject[1]) for pattern in _SUBJECTS)
    return len(sentence.split()) > _LABEL_WORDS and not any(
        pattern.search(sentence) for pattern in (*_SUBJECTS, *_AROUND, words.LEFTOVER, words.OURS)
    )


def _quotes(sentence: str) -> bool:
    """Return whether a sentence asks or quotes a fault, so that it states nothing itself.

    It may quote a name.
    """
    if sentence.endswith("?"):
        return True
    rest = _QUOTED.sub("", sentence)
    if "«" in rest or '"' in rest:
        return True
    return any(p.search(quote) for quote in _QUOTED.findall(sentence) for p in _ABOUT)


def _sentences(text: str) -> Iterator[str]:
    for match in islice(_SENTENCE.finditer(_INNER_DOT.sub("․", text)), _MOST_SENTENCES):
        yield match[0].replace("․", ".").strip()


class _FaultSentence(NamedTuple):
    """A sentence that says what the service suffers.

    Attributes:
        piece: The part of it that gave most points.
        sure: Whether it speaks of software, and not of what an office may be too: closed.

    """

    points: int
    piece: str
    sure: bool


def _statement(sentence: str) -> _FaultSentence | None:
    if leftover := words.LEFTOVER.search(sentence):
        return _FaultSentence(2, leftover[0], sure=True)
    if words.OTHERWISE.search(sentence) or is_elsewhere(sentence) or lists_problems(sentence):
        return None
    software = words.SOFTWARE.search(sentence)
    subject = software or words.SERVICE.search(sentence)
    ended = words.ENDED.search(sentence) if software else None
    suffers = words.STATE.search(sentence) or ended or words.FAILS.search(sentence)
    event = None if words.READERS.search(sentence) else words.EVENT.search(sentence)
    if suffers and subject:
        twice = event and software and event[0] not in suffers[0]
        piece = f"{subject[0]} … {suffers[0]}"
        return _FaultSentence(
            3 if twice else 2, piece, sure=bool(software) and suffers is not ended
        )
    if event and (words.OCCURS.search(sentence) or words.ENDED.search(sentence)):
        return _FaultSentence(2, event[0], sure=bool(subject))
    weak = event or suffers
    if suffers and words.NOW.search(sentence):
        return _FaultSentence(2, suffers[0], sure=False)
    return _FaultSentence(1, weak[0], sure=False) if weak else None
