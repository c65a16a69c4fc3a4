"""Read what a visitor saw from the bytes that were kept of an answer."""

from dataclasses import dataclass
from pathlib import Path

from monitor.core.changes.change_log import KeptCopy
from monitor.core.model.check import clean
from monitor.core.text.read import read_page
from monitor.evidence.captures import capture_check
from monitor.evidence.captures.warc import WarcError
from monitor.fetch.reparse import reread

MOST_FILE_BYTES = 32 << 20  # of the file of one day: a larger one is not searched for a page
MOST_CHARACTERS = 1_200  # of a page's text that are shown
MOST_TITLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAnswer:
    """The words of an answer, as a visitor would have read them. All of it is from outside.

    Attributes:
        status: None when the answer was cut before its end.
        text: Its first words, one block a line.
        cut: Whether more followed.

    """

    status: int | None
    title: str
    text: str
    cut: bool


class KeptAnswers:
    """Reads answers from captures."""

    def __init__(self, captures: Path) -> None:
        self._captures = captures

    def read(self, copy: KeptCopy) -> ShownAnswer | None:
        """Return the words of an answer; None when its bytes cannot be read here."""
        path = self._captures / copy.file
        try:
            if path.stat().st_size > MOST_FILE_BYTES:
                return None
            exchange = capture_check.opened(path, copy.sha256, reread)
        except (WarcError, OSError, ValueError):
            return None  # the verification of the captures reports what is wrong with it
        if exchange is None:
            return None
        page = read_page(exchange.body, url=exchange.final_url, charset=exchange.charset or None)
        text = "\n".join(line for block in page.blocks if (line := block.text.strip()))
        status = exchange.hops[-1].status if exchange.hops else None
        return ShownAnswer(
            status=status,
            title=clean(page.title, MOST_TITLE),
            text="\n".join(clean(line, MOST_CHARACTERS) for line in _first(text).split("\n")),
            cut=len(text) > MOST_CHARACTERS,
        )


def _first(text: str) -> str:
    """Return the first words of a text, none of them cut."""
    if len(text) <= MOST_CHARACTERS:
        return text
    return text[:MOST_CHARACTERS].rsplit(maxsplit=1)[0]
