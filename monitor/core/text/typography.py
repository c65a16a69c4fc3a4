"""Normalise text: the same words must compare equal whatever the typist or the browser did.

`tidy` is for showing: one kind of space, quote and dash. `words` is for comparing: lower
case, no punctuation, one form of each phone number.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import cast

from monitor.core.text.memo import WordTable, remembering
from monitor.core.untrusted.unicode_forms import normalised

_INVISIBLE = (
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
)
# Controls, those of U+0080 to U+009F among them, which terminals obey too; spaces stay.
_CONTROLS = "".join(
    char
    for char in (*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\ufff9", "\ufffa", "\ufffb")
    if not char.isspace()
)
MOST_CHARACTERS = 200_000  # of one run; a page of real words holds fewer
_SAME = str.maketrans(
    dict.fromkeys(_INVISIBLE + _CONTROLS, "")
    | dict.fromkeys("‘’‚‛´ʼ′", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
)
_ODD = re.compile(f"[{re.escape(''.join(map(chr, _SAME)))}]")
# What no normal form and no rule above changes: ASCII, the letters of French, a few signs.
_PLAIN = re.compile(r"[\t\n\r -~ÀÂÇÈÉÊËÎÏÔÙÛÜàâçèéêëîïôùûüÿŒœ€°©·•]*+")
# The few other signs of French texts, each of which becomes this wherever it stands.
_USUAL = {
    "\u2019": "'",
    "\u00a0": " ",
    "\u202f": " ",
    "\u00ab": '"',
    "\u00bb": '"',
    "\u2013": "-",
    "\u2026": "...",
    "\u200b": "",
}
_MOST_USUAL = 10_000  # characters: a longer text might grow beyond the bound
_MONTHS = (
    r"(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)"
)
# In order: an address, a plain word (most are), a date, a time, a number in groups (phone, SIRET),
# an amount, an e-mail address, a word, a sign that carries sense, a dash between two numbers or
# two days.
_WORD = (
    r"(?:https?://|www\.)[^\s<>\"']{1,500}(?<![.,;:)])"
    r"|[^\W\d_]{1,100}+(?![\w@.+\ufffd-])"
    r"|(?<![\d/])\d{1,2}/\d{1,2}(?:/\d{2,4})?(?![\d/])|(?<!\d)\d{1,2}[.-]\d{1,2}[.-]\d{4}(?!\d)"
    rf"|(?<!\d)\d{{1,2}}(?:er)? {_MONTHS}(?: \d{{4}})?(?!\w)"
    r"|(?<![\w:,.])(?:[01]?\d|2[0-4])(?: ?h(?:eures?)? ?[0-5]\d|:[0-5]\d| ?h(?:eures?)?)(?![\w:])"
    r"|(?<![\w+])\+?(?!\d{30})\d{1,4}(?: ?\(0\))?+(?:[ .-]?(?!\d{26})\d)?"
    r"(?:[ .-]?(?!\d{25})\d{2,4}){3,6}(?!\d)"
    r"|(?<![\w,.])\d{1,3}(?:(?: \d{3}){0,3}|\d{0,6})(?:[.,]\d{1,2})? ?(?:€|euros?(?!\w))"
    r"|(?<![\w,.])\d{1,9}(?:[.,]\d{1,9}){1,3}(?!\w)"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.\w{1,63}){1,5}"
    r"|[\w\ufffd]+|[€$£%+@<>=]|(?<=[\dhH])(?: - |-)(?=\d)|(?<=di)(?: - |-)(?=[lmjvsd])"
)
_TOKEN = re.compile(_WORD, re.IGNORECASE)
_FOLDED_TOKEN = re.compile(_WORD)  # of a text without capitals: faster
_DIGIT = re.compile(r"\d")
_TIME = re.compile(r"(\d{1,2})(?: ?h(?:eures?)? ?|:)(\d{2})?")
_UNIT = re.compile(rf"h|€|euro|{_MONTHS}")
# After a digit, or what stands within a number, one may go on: "1er janvier", "8h 30".
_GOING_ON = re.compile(r"(?:\d|er|h|heures?|\))$")
_INNER = frozenset({"h", "heure", "heures", *_MONTHS[3:-1].split("|")})
_SEPARATORS = str.maketrans("", "", " .-()")


def tidy(text: str) -> str:
    """Return the text on one line, in one typography, safe to show and to store.

    At most `MOST_CHARACTERS`, before and after: NFKC makes up to 18 of one. No control character
    and no mark of direction: entities can bring those that the bytes of a page do not contain.
    """
    if len(text) > MOST_CHARACTERS:
        text = text[:MOST_CHARACTERS]
    if _PLAIN.fullmatch(text):  # most texts
        return _on_one_line(text)
    if len(text) <= _MOST_USUAL and _PLAIN.fullmatch(usual := _with_usual_signs(text)):
        return _on_one_line(usual)
    return _tidied(text)


def _with_usual_signs(text: str) -> str:
    for sign, usual in _USUAL.items():
        text = text.replace(sign, usual)
    return text


def _on_one_line(text: str) -> str:
    """Return a text of which ASCII's are the only spaces, on one line."""
    spaced = "  " in text or "\n" in text or "\t" in text or "\r" in text
    return " ".join(text.split()) if spaced else text.strip(" ")


def _tidied(text: str) -> str:
    """Return any text tidy, character by character: the general way."""
    if not text.isascii():
        text = normalised("NFKC", text, limit=MOST_CHARACTERS)
    if _ODD.search(text):  # most texts have accents and nothing else
        text = text.translate(_SAME)
    return " ".join(text.split())


def words(text: str) -> tuple[str, ...]:
    """Return the words of a tidy text for comparison.

    Case and punctuation do not count; a dash between two numbers or days does (a range is no
    list); the separators inside a long number do not (`04 73 98 61 61` is `04.73.98.61.61`).
    """
    folded = text.casefold()
    return _words(folded, folded.split(" "))


def _words(folded: str, chunks: list[str]) -> tuple[str, ...]:
    """Return the words of a text without capitals, which `chunks` give between its spaces.

    Each chunk is read by itself, and remembered: a word with a space in it begins with a number,
    and goes on with numbers and one unit or month between them.
    """
    if " - " in folded or "  " in folded:
        return _every_word(folded)
    each = list(map(_CHUNKS.__getitem__, chunks))
    if None not in each:
        return tuple(chain.from_iterable(cast("list[tuple[str, ...]]", each)))
    taken: list[str] = []
    end = 0  # of the number before
    for at in [number for number, one in enumerate(each) if one is None]:
        if at >= end:
            taken.extend(chain.from_iterable(filter(None, each[end:at])))
            end = _end_of_number(chunks, each, at)
            taken += _NUMBERS[" ".join(chunks[at:end])]
    taken.extend(chain.from_iterable(filter(None, each[end:])))
    return tuple(taken)


def _end_of_number(chunks: list[str], each: list[tuple[str, ...] | None], at: int) -> int:
    """Return where what may belong to a number ends: a unit or a month may stand within."""
    at += 1
    while at < len(each):
        if each[at] is None:
            at += 1
        elif at + 1 < len(each) and each[at + 1] is None:
            at += 2
        else:
            return min(len(each), at + 2 if chunks[at] in _INNER else at + 1)
    return at


def _every_word(folded: str) -> tuple[str, ...]:
    return tuple(word if word.isalpha() else _bare(word) for word in _FOLDED_TOKEN.findall(folded))


def _words_of_chunk(chunk: str) -> tuple[str, ...] | None:
    """Return the words between two spaces, None where they are a number that may go on."""
    if chunk.isdecimal():
        return None
    goes_on = _DIGIT.search(chunk) and _GOING_ON.search(chunk)
    return None if goes_on else _every_word(chunk)


def _words_of_number(number: str) -> tuple[str, ...]:
    """Return the words of a number and what may belong to it."""
    digits, _, rest = number.partition(" ")
    if digits.isdecimal() and not _DIGIT.search(rest) and not _UNIT.match(rest):
        return (digits, *(_CHUNKS[rest] or ()))  # most numbers stand alone
    return _every_word(number)


_CHUNKS = WordTable(_words_of_chunk)
_NUMBERS = WordTable(_words_of_number)


words_of = remembering(words)


def tokens(text: str) -> Iterator[tuple[str, int]]:
    """Yield each word as `words` gives it, and where it begins in the text."""
    return ((_bare(match[0].casefold()), match.start()) for match in _TOKEN.finditer(text))


def _bare(word: str) -> str:
    if word[0].isdigit():
        if word[-1] == "€" or "euro" in word:
            return _amount(word)
        if match := _TIME.fullmatch(word):
            return f"{int(match[1])}h{match[2] or '00'}"
    if word.isalnum() or "@" in word or "/" in word or "," in word:
        return word
    if word.isascii() is False and word[0].isdigit():
        return word
    return word.replace("(0)", "").translate(_SEPARATORS) or "-"


def _amount(word: str) -> str:
    """Return one form of an amount: "50 euros", "50,00 €" and "50€" are the same."""
    number = word.rstrip(" €euros").replace(" ", "").replace(".", ",")
    return f"{number.removesuffix(',00')}€"
