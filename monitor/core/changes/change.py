"""What changed between two readings of one page, of which kind, and how much it matters."""

from dataclasses import dataclass
from enum import StrEnum

from monitor.core.text.page import Block, Element, Fact


class ChangeKind(StrEnum):
    """Of which kind a change is; a label of `anef_page_changes_total`."""

    OPENING_HOURS = "opening_hours"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    APPOINTMENT_LINK = "appointment_link"
    REQUIRED_DOCUMENTS = "required_documents"
    FEE = "fee"
    DELAY = "delay"  # a time limit, a duration or a validity
    APPOINTMENT = "appointment"  # whether one is needed
    SUBSTITUTE_CHANNEL = "substitute_channel"  # offered, withdrawn or denied
    ALERT_BANNER = "alert_banner"
    REPLACED = "replaced"  # the page now says something else altogether
    PROCEDURE_TEXT = "procedure_text"  # text of no other kind
    TITLE = "title"
    LINK_ADDED = "link_added"
    LINK_REMOVED = "link_removed"
    LINK_TARGET = "link_target"  # the same words lead elsewhere
    DISPLAYED_DATE = "displayed_date"
    MOVED = "moved"
    STRUCTURE = "structure"  # the main part is found another way than before
    TECHNICAL = "technical"  # our own rules changed: never announced
    LINK_BROKEN = "link_broken"  # decided by the watch, from the target's own checks
    LINK_RESTORED = "link_restored"  # the same: it leads somewhere again
    PAGE_REMOVED = "page_removed"  # decided by the watch, from the page's status


OF_FACTS = {
    Element.PHONE: ChangeKind.PHONE,
    Element.EMAIL: ChangeKind.EMAIL,
    Element.OPENING_HOURS: ChangeKind.OPENING_HOURS,
    Element.ADDRESS: ChangeKind.ADDRESS,
    Element.APPOINTMENT_LINK: ChangeKind.APPOINTMENT_LINK,
    Element.FEE: ChangeKind.FEE,
    Element.DIGITAL_POINT: ChangeKind.SUBSTITUTE_CHANNEL,
    Element.COUNTER: ChangeKind.SUBSTITUTE_CHANNEL,
    Element.POST: ChangeKind.SUBSTITUTE_CHANNEL,
    Element.CONTACT_CENTRE: ChangeKind.SUBSTITUTE_CHANNEL,
}
MAJOR = frozenset(
    {
        ChangeKind.OPENING_HOURS,
        ChangeKind.PHONE,
        ChangeKind.EMAIL,
        ChangeKind.ADDRESS,
        ChangeKind.APPOINTMENT_LINK,
        ChangeKind.REQUIRED_DOCUMENTS,
        ChangeKind.FEE,
        ChangeKind.DELAY,
        ChangeKind.APPOINTMENT,
        ChangeKind.REPLACED,
        ChangeKind.SUBSTITUTE_CHANNEL,
        ChangeKind.ALERT_BANNER,
    }
)
COSMETIC = frozenset(
    {ChangeKind.DISPLAYED_DATE, ChangeKind.MOVED, ChangeKind.STRUCTURE, ChangeKind.TECHNICAL}
)


class Weight(StrEnum):
    """MAJOR: a person acts on it. MINOR: other text or links. COSMETIC: never announced."""

    MAJOR = "major"
    MINOR = "minor"
    COSMETIC = "cosmetic"


class Op(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some consecutive words of a word-level difference."""

    op: Op
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Neighbouring blocks that differ; one side is empty when text came or went.

    `pieces` give the old text (`SAME` and `REMOVED`) and the new one (`SAME` and `ADDED`).
    """

    kinds: tuple[ChangeKind, ...]
    before: tuple[Block, ...]
    after: tuple[Block, ...]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEdit:
    """A link that came (`before` empty), went (`after` empty) or leads elsewhere."""

    kind: ChangeKind
    text: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """All that differs between two readings of one page.

    Attributes:
        kinds: In the order of `ChangeKind`; at least one.
        summary: One line of French.
        facts_lost: Stated before and no more. `facts_gained`: the reverse.
        updated_before: The displayed update date, ISO 8601, "" when none was shown.

    """

    kinds: tuple[ChangeKind, ...]
    weight: Weight
    summary: str
    edits: tuple[Edit, ...] = ()
    links: tuple[LinkEdit, ...] = ()
    facts_lost: frozenset[Fact] = frozenset()
    facts_gained: frozenset[Fact] = frozenset()
    updated_before: str = ""
    updated_after: str = ""

    @property
    def counts(self) -> bool:
        """Whether a reader would call it a change."""
        return self.weight != Weight.COSMETIC

    @property
    def silent(self) -> bool:
        """Whether the text changed while the displayed update date stayed the same."""
        return (
            self.counts and bool(self.updated_before) and self.updated_before == self.updated_after
        )

    @property
    def date_only(self) -> bool:
        """Whether the displayed update date changed while the text stayed the same."""
        return not self.counts and ChangeKind.DISPLAYED_DATE in self.kinds
