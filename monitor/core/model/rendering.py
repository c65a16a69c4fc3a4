"""What a browser showed of a page: the page as a visitor has it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256


class RefusalCause(StrEnum):
    """Why a request of a page was not made."""

    THIRD_PARTY = "third_party"  # another site than the target's: we ask it nothing
    METHOD = "method"  # it would send something
    NEEDLESS = "needless"  # nothing of it is shown: a film, a sound, a measure of audience
    ROBOTS = "robots"  # robots.txt asks us not to
    CLOSED = "closed"  # the platform is paused, or refused us meanwhile
    LIMIT = "limit"  # more requests, or more bytes, than a visit makes


class RenderFailure(StrEnum):
    """Why a browser shows nothing that can be read. None of them is the site's alone."""

    START = "start"  # it did not start
    BUSY = "busy"  # a script never ends: the page does not answer
    MEMORY = "memory"  # it took more memory than it may
    GONE = "gone"  # it ended by itself
    UNREADABLE = "unreadable"  # it sent too much, or what is no message


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRequests:
    """Requests of a page to one origin that were not made. `origin` is scheme and authority."""

    origin: str
    cause: RefusalCause
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What one visit showed.

    Attributes:
        browser: Product and version, as it names itself; "" when it did not start.
        flags_sha256: Of those that it was started with, one a line.
        fonts_sha256: Of the names and sizes of the fonts of this machine.
        apart: Whether the system gave it a network of its own, without any way out.
        sandbox: Whether its own sandbox was on. It is, but in tests.
        duration_us: Of the visit, waits for the lane excluded.
        failure: Why nothing could be read; None when it was.
        tree: The accessibility tree, as text.
        text: The text that is displayed.
        document: The document as scripts left it, HTML.
        console: Errors that the page, or the browser, wrote; one a line.
        refused: Requests that were not made, by origin and cause.
        picture: PNG of what is in the window.

    """

    browser: str = ""
    flags_sha256: str = ""
    fonts_sha256: str = ""
    apart: bool = False
    sandbox: bool = True
    duration_us: int = 0
    failure: RenderFailure | None = None
    tree: str = ""
    text: str = ""
    document: str = ""
    console: tuple[str, ...] = ()
    refused: tuple[RefusedRequests, ...] = ()
    picture: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """One file of a rendering: its name in `FILES`, its digest (lower-case hex) and its size."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRendering:
    """A rendering as it is recorded. Natural key: (target, point, at), that of its check.

    Attributes:
        shown: Without the content of its files.
        files: Their digests; those that are empty are left out.

    """

    target: str
    point: str
    at: datetime
    shown: Rendering
    files: tuple[FileDigest, ...] = ()

    def file(self, name: str) -> FileDigest | None:
        """Return the digest of a file, by its name; None when there was nothing."""
        return next((file for file in self.files if file.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournaledRendering:
    """A recorded rendering, its leaf, and the capture that has its files; "" where none has."""

    number: int
    record: RecordedRendering
    file: str = ""
    sha256: str = ""


_TEXT = "text/plain; charset=utf-8"
#: What is kept of a rendering, and its media type.
FILES: Mapping[str, str] = {
    "console": _TEXT,
    "document": "text/html; charset=utf-8",
    "picture": "image/png",
    "text": _TEXT,
    "tree": _TEXT,
}


def files_of(rendering: Rendering) -> dict[str, bytes]:
    """Return the files of a rendering that are not empty, by name."""
    files = {
        "console": "\n".join(rendering.console).encode(),
        "document": rendering.document.encode("utf-8", "replace"),
        "picture": rendering.picture,
        "text": rendering.text.encode("utf-8", "replace"),
        "tree": rendering.tree.encode("utf-8", "replace"),
    }
    return {name: content for name, content in files.items() if content}


def with_files(rendering: Rendering, files: Mapping[str, bytes]) -> Rendering:
    """Return a rendering with the content of its files, the inverse of `files_of`.

    Raises:
        UnicodeDecodeError: One that is text is not UTF-8.

    """
    text = {name: content.decode() for name, content in files.items() if name != "picture"}
    return replace(
        rendering,
        console=tuple(text["console"].split("\n")) if "console" in text else (),
        document=text.get("document", ""),
        picture=files.get("picture", b""),
        text=text.get("text", ""),
        tree=text.get("tree", ""),
    )


def without_files(rendering: Rendering) -> Rendering:
    """Return a rendering without the content of its files."""
    return with_files(rendering, {})


def recorded(rendering: Rendering, *, target: str, point: str, at: datetime) -> RecordedRendering:
    """Return what is recorded of a rendering."""
    return RecordedRendering(
        target=target,
        point=point,
        at=at,
        shown=without_files(rendering),
        files=tuple(
            FileDigest(name=name, sha256=sha256(content).hexdigest(), size=len(content))
            for name, content in files_of(rendering).items()
        ),
    )
