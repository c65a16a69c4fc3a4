"""Summaries kept by the bytes that they were made from: most answers come again unchanged."""

from dataclasses import replace
from hashlib import sha256

from monitor.core.text.charset import decode
from monitor.core.verdict.answer_form import Form
from monitor.core.verdict.page_summary import MAX_BYTES, PageSummary, glance

MEMORY_CHARACTERS = 8_000_000  # of cached summaries; those of 190 real pages need half of it


class SummaryCache:
    """Caches summaries by the bytes that were read.

    The markup is not cached but decoded again: that is cheap, and it is the largest part.
    """

    def __init__(self, *, characters: int = MEMORY_CHARACTERS) -> None:
        self._left = characters
        self._known: dict[tuple[bytes, str, str], PageSummary] = {}

    def glance(self, body: bytes, *, content_type: str = "", charset: str = "") -> PageSummary:
        """As the function `glance`."""
        if len(body) > MAX_BYTES:
            return glance(body, content_type=content_type, charset=charset)
        key = (sha256(body).digest(), content_type, charset)
        cached = self._known.pop(key, None)
        if cached is None:
            summary = glance(body, content_type=content_type, charset=charset)
            cached = replace(summary, source="")
            self._left -= cached.weight
        else:
            markup = decode(body, charset).replace("\x00", "")
            readable = cached.form not in {Form.EMPTY, Form.BINARY, Form.CODE}
            summary = replace(cached, source=markup.lower()) if readable else cached
        self._known[key] = cached
        while self._left < 0:  # at the last, itself
            self._left += self._known.pop(next(iter(self._known))).weight
        return summary
