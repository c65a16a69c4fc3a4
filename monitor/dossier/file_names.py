"""Names of files that court portals take: number first, ASCII, one dot, 80 characters. Pure."""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Final

from monitor.core.french.formatting import PARIS

MOST: Final = 80
_WORD: Final = re.compile(r"[A-Za-z0-9]{1,200}")
_NAME: Final = re.compile(r"[0-9]{2}-[A-Za-z0-9_-]{1,80}\.[a-z0-9]{1,9}")
_ASCII: Final = str.maketrans({"œ": "oe", "Œ": "Oe", "æ": "ae", "Æ": "Ae", "ß": "ss"})


def plain(text: str) -> str:
    """Return a text as words of ASCII letters and digits with hyphens between."""
    letters = unicodedata.normalize("NFKD", text.translate(_ASCII))
    return "-".join(_WORD.findall("".join(c for c in letters if not unicodedata.combining(c))))


def piece_name(number: int, title: str, about: str, since: datetime, until: datetime) -> str:
    """Return the name of a numbered PDF: "01-Releve-d-indisponibilite-ANEF-2026-11-01_2026-11-30".

    `about` is cut between two words where the name would be too long.
    """
    last = (until - timedelta(microseconds=1)).astimezone(PARIS)
    days = f"{since.astimezone(PARIS):%Y-%m-%d}_{last:%Y-%m-%d}"
    head, tail = f"{number:02}-{plain(title)}", f"-{days}.pdf"
    room = MOST - len(head) - len(tail) - 1
    words = plain(about)
    middle = words if len(words) <= room else words[: max(0, room) + 1].rpartition("-")[0]
    return f"{head}-{middle}{tail}" if middle else f"{head[: MOST - len(tail)]}{tail}"


def is_portal_name(name: str) -> bool:
    """Return whether a portal takes a name: it begins with a number that it keeps."""
    return len(name) <= MOST and _NAME.fullmatch(name) is not None
