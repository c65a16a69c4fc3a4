r"""Which characters the fonts of a dossier can show, and how the others are written.

Text from outside is data: nothing in it is obeyed. A character that has no glyph, that is not
seen, or that turns the direction of writing is written as `\u4e2d`, so that what was received is
shown and nothing is left out.
"""

import unicodedata
from typing import Final

from monitor.core.untrusted.printable import printable

_LINES: Final = frozenset("\n")

# Of the fonts that typst brings. Hexadecimal, first-last.
_GLYPHS: Final = """
    20-7e a0-ac ae-377 37a-37f 384-38a 38c 38e-3a1 3a3-4ff 510-513 51a-51d 531-556 559-58a
    58d-58f 591-5c7 5d0-5ea 5ef-5f4 606-60c 615 61b 61f 621-63a 640-655 65a 660-66d 674
    679-67b 67e-680 683-684 686-687 691 698 6a4 6a9 6af 6be 6cc 6f0-6f9
    10d0-10ff 13a0-13f5 13f8-13fd 1ab0-1ace
    1d00-1f15 1f18-1f1d 1f20-1f45 1f48-1f4d 1f50-1f57 1f59 1f5b 1f5d 1f5f-1f7d 1f80-1fb4
    1fb6-1fc4 1fc6-1fd3 1fd6-1fdb 1fdd-1fef 1ff2-1ff4 1ff6-1ffe 2000-200a 2010-2027
    202f-2040 2042 2044-2052 2054-205f 2070-2071 2074-208e 2090-209c 20a0-20c0 20d0-20f0
    2100-211e 2120 2122 2124 2126-2151 2153-2184 2189 2190-23ff 2422-2423 2460-262f
    2638-268b 2690-269c 26a0-26a7 26aa-26b2 2701-2704 2706-2709 270c-2727 2729-274b 274d
    274f-2752 2756 2758-275e 2761-277f 2794 2798-27af 27b1-2b73 2b76-2b95 2b97-2bff
    2c60-2cf3 2cf9-2cff 2e02-2e05 2e08-2e0a 2e17-2e18 2e1f 2e22-2e25 2e2e 3000 3012
    3016-3017 301a-301b a640-a641 a648-a649 a656-a657 a708-a716 a71b-a727 a72d a730 a735
    a765 a789-a78e a790-a791 a793 a7aa a7f8-a7f9 fb00-fb06 fb13-fb17 fb1d-fb36 fb38-fb3c
    fb3e fb40-fb41 fb43-fb44 fb46-fb4f fb52-fb81 fb8a-fb95 fb9e-fb9f fbaa-fbad fbe8-fbe9
    fbfc-fbff fe20-fe2f fe66 fe70-fe74 fe76-fefc fffd
"""


def _characters(ranges: str) -> frozenset[str]:
    characters: set[str] = set()
    for text in ranges.split():
        first, _, last = text.partition("-")
        characters.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(characters)


_LEGIBLE: Final = _characters(_GLYPHS) | _LINES
_PLAIN: Final = _characters("20-7e a0-ac ae-17f 2010-2014 2018-201e 2026 202f 20ac") | _LINES
# Marks that are drawn on letters of their own script, first to last, and these letters: of others,
# the fonts have the mark, the letter, and not the two together.
_SCRIPTS: Final = (
    ("\u0591", "\u05c7", "\u05d0", "\u05ea"),  # Hebrew
    ("\u064b", "\u0655", "\u0621", "\u064a"),  # Arabic
)
_MARKS: Final = frozenset(c for c in _LEGIBLE if unicodedata.category(c).startswith("M"))
_MOST_MARKS: Final = 2  # on one letter: more would be drawn over the lines around it


def legible(text: str, *, plain: bool = False) -> str:
    """Return a text that the fonts can show: line feeds stay, tabs become spaces.

    An accent that stands apart from its letter is put on it (NFC). With `plain`, all but the
    letters of French and of its neighbours is escaped.
    """
    covered = _PLAIN if plain else _LEGIBLE
    if not (set(text) - covered or set(text) & _MARKS) and unicodedata.is_normalized("NFC", text):
        return text
    shown: list[str] = []
    letter, marks = "", 0
    for char in unicodedata.normalize("NFC", text.replace("\t", " ")):
        if unicodedata.category(char).startswith("M"):
            marks += 1
            fits = marks <= _MOST_MARKS and _has_mark(letter, char)
        else:
            letter, marks, fits = char, 0, True
        shown.append(printable(char) if fits and char in covered else _escaped_code(char))
    return "".join(shown)


def _has_mark(letter: str, mark: str) -> bool:
    return any(
        first <= mark <= last and start <= letter <= end for first, last, start, end in _SCRIPTS
    )


def _escaped_code(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
