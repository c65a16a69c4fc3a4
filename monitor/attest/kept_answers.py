"""Read what a visitor saw from the bytes that were kept of an answer."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from monitor.core.changes.change_log import KeptCopy
from monitor.core.model import Exchange
from monitor.core.model.check import clean
from monitor.core.model.rendering import JournaledRendering, files_of
from monitor.core.text.read import read_page
from monitor.evidence.captures import capture_metadata, day_files
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
        on_screen: Whether a browser displayed it: the words are those on its screen.
        picture: PNG of the window of that browser; empty without one, or when it was not asked for.

    """

    status: int | None
    title: str
    text: str
    cut: bool
    on_screen: bool = False
    picture: bytes = b""


class KeptAnswers:
    """Reads answers from captures."""

    def __init__(self, captures: Path) -> None:
        self._captures = captures

    def read(
        self, copies: Iterable[KeptCopy], *, pictures: bool = False
    ) -> Mapping[str, ShownAnswer]:
        """Return the words of answers, by the digest of their copies; each file is read once.

        Those whose bytes cannot be read here are left out.
        """
        by_file: dict[str, set[str]] = {}
        for copy in copies:
            by_file.setdefault(copy.file, set()).add(copy.sha256)
        answers: dict[str, ShownAnswer] = {}
        for name, digests in by_file.items():
            # The verification of the captures reports what is wrong with them.
            with suppress(WarcError, OSError, ValueError):
                answers.update(self._read(self._captures / name, digests, pictures=pictures))
        return answers

    def shown_file(self, shown: JournaledRendering, name: str) -> bytes | None:
        """Return a file of what a browser showed, if it is kept and is the one of its leaf."""
        digest = shown.record.file(name)
        if digest is None or not shown.file:
            return None
        with suppress(WarcError, OSError, ValueError):
            path = self._captures / shown.file
            match = (
                day_files.find(path, shown.sha256)
                if path.stat().st_size <= MOST_FILE_BYTES
                else None
            )
            if match is not None:
                rendering = capture_metadata.observation_from(*match).exchange.rendering
                content = files_of(rendering).get(name, b"") if rendering else b""
                if sha256(content).hexdigest() == digest.sha256:
                    return content
        return None

    def _read(
        self, path: Path, digests: Collection[str], *, pictures: bool
    ) -> Iterator[tuple[str, ShownAnswer]]:
        if path.stat().st_size > MOST_FILE_BYTES:
            return
        remaining = len(digests)
        for digest, found_account in day_files.accounts(path, digests):
            observation = capture_metadata.observation_from(*found_account)
            yield digest, _shown(reread(observation.exchange), pictures=pictures)
            remaining -= 1
            if not remaining:
                return


def _shown(exchange: Exchange, *, pictures: bool) -> ShownAnswer:
    status = exchange.hops[-1].status if exchange.hops else None
    rendering = exchange.rendering
    if rendering is not None and rendering.failure is None:
        lines = (line.strip() for line in rendering.text.splitlines())
        answer = _answer(status, "", "\n".join(line for line in lines if line))
        picture = rendering.picture if pictures else b""
        return replace(answer, on_screen=True, picture=picture)
    page = read_page(exchange.body, url=exchange.final_url, charset=exchange.charset or None)
    text = "\n".join(line for block in page.blocks if (line := block.text.strip()))
    return _answer(status, page.title, text)


def _answer(status: int | None, title: str, text: str) -> ShownAnswer:
    return ShownAnswer(
        status=status,
        title=clean(title, MOST_TITLE),
        text="\n".join(clean(line, MOST_CHARACTERS) for line in _first(text).split("\n")),
        cut=len(text) > MOST_CHARACTERS,
    )


def _first(text: str) -> str:
    """Return the first words of a text, none of them cut."""
    if len(text) <= MOST_CHARACTERS:
        return text
    return text[:MOST_CHARACTERS].rsplit(maxsplit=1)[0]
