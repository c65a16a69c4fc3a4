"""The texts that a page has shown, and what may happen to them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.core.changes.change import Change
from monitor.core.text.packed import PackedPage
from monitor.core.text.page import Page
from monitor.core.text.typography import words

_FIELD, _BLOCK = "\x1f", "\x1e"  # control characters: no readable text holds them


class PageEdge(StrEnum):
    """A transition of a page's text or links that is recorded, whether announced or not."""

    FIRST = "first"  # the first text that we saw
    CHANGED = "changed"  # two readings agree on another text
    RETURNED = "returned"  # the same, and the page had shown that text before
    REPLACED = "replaced"  # by a text that has nothing in common with it
    UNCONFIRMED = "unconfirmed"  # another text was seen, and the next reading denied it
    FLAPPING = "flapping"  # several texts take turns: said once, then silent
    SETTLED = "settled"  # they no longer do
    TECHNICAL = "technical"  # our own rules of reading changed
    REMOVED = "removed"  # a confirmed outage says that the page is gone
    RESTORED = "restored"  # it is back, with the text that it had
    LINK_BROKEN = "link_broken"  # links lead to addresses that are confirmed gone
    LINK_RESTORED = "link_restored"  # these addresses answer again
    LINK_DROPPED = "link_dropped"  # dead links left the page, or are no longer judged


TURNS = frozenset(
    {
        PageEdge.FIRST,
        PageEdge.CHANGED,
        PageEdge.RETURNED,
        PageEdge.REPLACED,
        PageEdge.TECHNICAL,
    }
)  # after these the page's text is the new one
OF_LINKS = frozenset({PageEdge.LINK_BROKEN, PageEdge.LINK_RESTORED, PageEdge.LINK_DROPPED})
_OF_THE_PAGE = frozenset(
    {
        *(PageEdge.CHANGED, PageEdge.RETURNED, PageEdge.REPLACED, PageEdge.REMOVED),
        *(PageEdge.RESTORED, PageEdge.LINK_BROKEN, PageEdge.LINK_RESTORED),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One stay of one text on a page.

    Attributes:
        sha256: Names the text: see `text_digest`. A text that comes back is another version.
        body_sha256: Of the exact body in which it was first read.
        url: The address that gave it, redirects followed.
        updated_on: The displayed update date, ISO 8601, "" when none is shown.
        before_at: Last reading of the text before; the stay began after it. None for the first.
        first_at: First reading of this text.
        last_at: Last one so far.
        checks: Readings that gave it, from `first_at` on.

    """

    sha256: str
    body_sha256: str
    url: str
    title: str
    updated_on: str
    extraction_version: str
    before_at: datetime | None
    first_at: datetime
    last_at: datetime
    checks: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPage:
    """A version with its content."""

    version: Version
    packed: PackedPage

    @property
    def page(self) -> Page:
        return self.packed.page


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLink:
    """A link of a page to a watched address that is confirmed not to exist.

    Attributes:
        address: As `Link.target`, the route of a single-page app included.
        target: Slug of what is watched there.
        gone_at: First failing check of the outage that says so: it names that outage.

    """

    text: str
    address: str
    target: str
    gone_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEvent:
    """A transition that the fold of readings recorded.

    Attributes:
        before: The text that stood there; None for the first.
        after: The other text; None where there is none.
        change: What differs; None where nothing was compared.
        links: Those that an edge of links is about.

    """

    edge: PageEdge
    at: datetime
    target: str
    point: str
    before: Version | None = None
    after: ShownPage | None = None
    change: Change | None = None
    links: tuple[DeadLink, ...] = ()

    @property
    def announced(self) -> bool:
        """Whether readers are told: never what is of form, unsure, or of our own making."""
        counts = self.change is None or self.change.counts
        return self.edge in _OF_THE_PAGE and counts


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReading:
    """The page that one good check read. It has no obstacle."""

    at: datetime
    sha256: str
    body_sha256: str
    url: str
    packed: PackedPage

    @property
    def page(self) -> Page:
        return self.packed.page


def text_digest(page: Page) -> str:
    """Return the digest of what is compared of a page: lower-case hex SHA-256.

    Words and link targets of the main part, title, displayed date, structure, and the version
    of the rules. Equal digests are the same text; different ones may still compare as equal.
    """
    return hashlib.sha256(_BLOCK.join(_parts(page)).encode("utf-8", "replace")).hexdigest()


def _parts(page: Page) -> Iterator[str]:
    yield _FIELD.join(
        (page.extraction_version, page.structure, page.updated_on, *words(page.title))
    )
    for block in page.main():
        links = (part for link in block.links for part in (*words(link.text), link.target))
        yield _FIELD.join((block.kind, *block.words, "", *links))
