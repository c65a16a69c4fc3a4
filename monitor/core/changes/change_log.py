"""The recorded changes of pages, as they are read from the store."""

from dataclasses import dataclass
from datetime import datetime

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.page_events import OF_LINKS, DeadLink, PageEdge, Version
from monitor.core.text.page import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRecord:
    """A `PageEvent` that was recorded.

    Attributes:
        number: Index of its leaf, by which it is cited: no change is older than the journal.
        before: The old text's stay; its `last_at` is what was known when this was recorded.
        kinds: None where nothing was compared.
        silent: The text changed while the displayed date stayed the same.

    """

    number: int
    target: str
    point: str
    at: datetime
    edge: PageEdge
    before: Version | None
    after: Version | None
    kinds: tuple[ChangeKind, ...]
    weight: Weight | None
    summary: str
    silent: bool
    announced: bool

    @property
    def after_at(self) -> datetime | None:
        """The last reading of the old text: it was still there then.

        None for links too: what frames their change are checks of the address they lead to.
        """
        previous = self.before if self.edge not in OF_LINKS else None
        return previous.last_at if previous else None

    @property
    def by_at(self) -> datetime:
        """The first reading of what is new: it was there by then."""
        return self.after.first_at if self.after else self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLinkRecord:
    """A dead link of a page, as it was announced.

    Attributes:
        page: Slug of the page that has it.
        since: The check of the page at which it was announced.
        until: The check at which it was announced to answer again, or to have left the page; None
        while it is dead.

    """

    page: str
    link: DeadLink
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRecord:
    """Something that a page stated, as one version of our rules read it.

    Attributes:
        since: First reading that had it.
        until: First that had it no more; None while it is stated.

    """

    target: str
    element: Element
    value: str
    negated: bool
    extraction_version: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCopy:
    """A check of a page whose exact bytes were kept.

    Attributes:
        file, sha256: Where, as a `Capture` says.
        body_sha256: Of the body, as the check says.

    """

    at: datetime
    file: str
    sha256: str
    body_sha256: str
