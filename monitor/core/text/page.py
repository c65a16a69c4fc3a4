"""A page as its reader sees it: an ordered list of blocks, and the facts they state."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from monitor.core.text.typography import words_of

LEAST_COMPARED_PERMILLE = 500  # of a page's prose
LEAST_SENTENCE_WORDS = 5  # a shorter block is a label

EXTRACTION_VERSION = "7"  # raised when the same bytes may give another page


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    FORM_FIELD = "form_field"
    ALERT = "alert"


class Structure(StrEnum):
    """How the part that is compared was found."""

    MAIN = "main"  # the page says which part is the main one
    NAMED = "named"  # a class or an id says so
    DENSEST = "densest"  # the smallest part that holds most of the prose
    WHOLE = "whole"  # all but what the masks name


class Obstacle(StrEnum):
    """Why a page cannot be compared."""

    EMPTY = "empty"  # no text for a reader
    OVERSIZED = "oversized"  # beyond our bounds, and no text before them
    LITTLE_COMPARED = "little_compared"  # nothing differs in less than half of its prose
    NOT_TEXT = "not_text"  # a file of another kind: PDF, picture, archive
    CUT = "cut"  # too long to be read whole, and what was read is the same
    ANOTHER_PAGE = "another_page"  # nothing in common with the page that it is compared to
    NOT_THE_PAGE = "not_the_page"  # an error page, a refusal, a captcha, an empty shell


class Element(StrEnum):
    """What a page offers; a label of `anef_page_information_present`."""

    PHONE = "phone"
    EMAIL = "email"
    OPENING_HOURS = "opening_hours"
    ADDRESS = "address"
    APPOINTMENT_LINK = "appointment_link"
    FEE = "fee"
    DIGITAL_POINT = "digital_point"  # PAN, e-MERAUDE, France Services
    COUNTER = "counter"
    POST = "post"
    CONTACT_CENTRE = "contact_centre"
    ANEF_LINK = "anef_link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link's text and its target without tokens. An in-page anchor has an empty target."""

    text: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One run of text that a reader takes in at once.

    Attributes:
        text: As the reader sees it, on one line.
        compared: The text without what the text masks take out.
        headings: The titles above it, outermost first.
        main: Whether it belongs to what is compared.
        mask: Id of the rule that put it outside, "" when none did.
        stamp: ISO 8601 when the block is a date and nothing else, else "".

    """

    kind: BlockKind
    text: str
    compared: str
    headings: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    main: bool = True
    mask: str = ""
    stamp: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Those of `compared`, without case and punctuation: of many blocks, nobody asks."""
        return words_of(self.compared)

    @property
    def is_link(self) -> bool:
        """Whether it is nothing but links; two characters of punctuation allowed."""
        if not self.links:
            return False
        return sum(len(link.text) for link in self.links) >= len(self.text) - 2

    @property
    def is_sentence(self) -> bool:
        """Whether it is a sentence, not a label or a link."""
        return len(self.words) >= LEAST_SENTENCE_WORDS and not self.is_link


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that the page states and a person needs.

    `value` is canonical (digits of a phone, lower-case e-mail); `negated` means that the
    page says the contrary of an offer ("n'est pas joignable").
    """

    element: Element
    value: str
    negated: bool = False


def is_little_compared(permille: int | None) -> bool:
    """Return whether so little is compared that no difference in it says nothing of the page."""
    return permille is not None and permille < LEAST_COMPARED_PERMILLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What was read from one body. Without an obstacle, it can be compared.

    Attributes:
        blocks: In the order of the page, masked ones included (`Block.main` tells).
        updated_on: The displayed update date, ISO 8601; "" when none is shown.
        cut: Whether bounds on size or number of blocks left something out.
        compared_permille: How much of the page's own prose is compared, in thousandths; all of it
        where there is too little to measure. None where an earlier version of our rules read it.

    """

    title: str = ""
    blocks: tuple[Block, ...] = ()
    updated_on: str = ""
    structure: Structure = Structure.WHOLE
    obstacle: Obstacle | None = None
    cut: bool = False
    compared_permille: int | None = None
    extraction_version: str = EXTRACTION_VERSION

    @property
    def is_little_compared(self) -> bool:
        """Whether less than half of its prose is compared."""
        return is_little_compared(self.compared_permille)

    def main(self) -> Iterator[Block]:
        return (block for block in self.blocks if block.main)

    @property
    def text(self) -> str:
        return "\n".join(block.text for block in self.main())
