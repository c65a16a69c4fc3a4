"""From bytes to a page: parse, walk, settle what is content."""

from collections.abc import Iterator

from monitor.core.text.blocks import outline
from monitor.core.text.charset import is_other_file
from monitor.core.text.facts.dates import DATED, STAMPED, is_date, iso, take_stamp
from monitor.core.text.facts.page_facts import is_needed, states_contact, states_fee
from monitor.core.text.hints import DIGIT, hints
from monitor.core.text.markup import Markup, parse
from monitor.core.text.masks import element_masks, text_masks
from monitor.core.text.masks.menus import mask_menus
from monitor.core.text.memo import remembering
from monitor.core.text.outline import Outline, TextRun
from monitor.core.text.page import Block, BlockKind, Obstacle, Page, Structure
from monitor.core.text.region import ContentRegion, settle

COPYRIGHT = ("©", "(c)", "Copyright")  # the year may stand in the next block
MOST_COPYRIGHT = 60  # characters
LOWEST_LEVEL = 6  # of a title
_LEVELS = {f"h{level}": level for level in range(1, LOWEST_LEVEL + 1)}
MOST_TITLE_CHARACTERS = 500  # kept with each block below it
# A phone, an e-mail, hours, a link to book or to ANEF beside the main part matter as much as
# inside it; those of a footer or a menu are the whole site's.
RESCUED = frozenset({"", "element.teasers", element_masks.ASIDE})
# Of what is for the eyes only and what is for the ears only, a page may say something once.
TWINS = frozenset({element_masks.ARIA_HIDDEN, "element.screen-reader"})
# Names that a site may give to a part of its text; inside the main part, contacts are content.
IN_MAIN = frozenset(
    {
        *("element.navigation", "element.header", "element.footer", "element.breadcrumb"),
        *("element.share", "element.page-tools", "element.overlay", element_masks.SIGN_UP),
    }
)


def read_page(body: bytes, *, url: str | None = None, charset: str | None = None) -> Page:
    """Read one body. Never raises: a page that cannot be read has an `obstacle`.

    `url` resolves relative links; `charset` is an encoding's name or a Content-Type value.
    """
    if is_other_file(body):
        return Page(obstacle=Obstacle.NOT_TEXT)
    return read_markup(parse(body, charset=charset), url=url)


def read_markup(markup: Markup, *, url: str | None = None) -> Page:
    """Read a page that is parsed already."""
    page_outline = outline(markup, url=url)
    region = settle(page_outline)
    reading = _Reading(page_outline, region)
    blocks = list(reading.blocks())
    guessed = region.structure == Structure.DENSEST
    mask_menus(blocks, guessed=guessed, hinted=reading.hinted)
    return Page(
        title=reading.title or page_outline.title,
        blocks=tuple(blocks),
        updated_on=reading.updated_on,
        structure=region.structure,
        obstacle=_obstacle(blocks, cut=page_outline.cut),
        cut=page_outline.cut,
        compared_permille=round(1000 * region.share),
    )


def _obstacle(blocks: list[Block], *, cut: bool) -> Obstacle | None:
    if any(block.words for block in blocks if block.main):
        return None
    return Obstacle.OVERSIZED if cut else Obstacle.EMPTY


_hints = remembering(hints)
_masked = remembering(text_masks.mask)


class _Reading:
    """The state of the walk through the runs: the titles above, the displayed date, the hints."""

    def __init__(self, outline: Outline, region: ContentRegion) -> None:
        self.title = ""
        self.updated_on = ""
        self._outline = outline
        self._region = region
        self._headings: list[tuple[int, str]] = []
        self._above: tuple[str, ...] = ()  # their texts
        self.hinted = 0  # the hints of all runs
        self._hinted = 0  # the hints of the run before
        self._opening = True  # no title and no sentence of the main part was read yet

    def blocks(self) -> Iterator[Block]:
        before = ""
        for run in self._outline.runs:
            yield self._block(run, before=before)
            before = run.text

    def _block(self, run: TextRun, *, before: str) -> Block:
        mask = self._region.masks[run.node]
        main = self._region.inside[run.node] and not mask
        if not main:
            main = self._is_rescued(run, mask)
        kind = self._outline.nodes[run.node].kind
        compared = self._read(run.text, before=before, mask=mask)
        headings = self._above
        if kind is BlockKind.HEADING and main:
            headings = self._enter_heading(run)
        block = Block(
            kind=kind,
            text=run.text,
            compared=compared,
            headings=headings,
            links=run.links,
            main=main,
            mask=mask,
            stamp=iso(run.text) if self._hinted & DATED and is_date(run.text) else "",
        )
        if self._opening and main:
            self._opening = kind is not BlockKind.HEADING and not block.is_sentence
        return block

    def _read(self, text: str, *, before: str, mask: str) -> str:
        """Return what is compared of a text. Most texts hold nothing to take out."""
        hinted = _hints(text)
        labelled, self._hinted = (hinted | self._hinted) & STAMPED, hinted
        self.hinted |= hinted
        rest = text
        if hinted & DIGIT:
            if labelled and hinted & DATED:
                rest, on, is_update = take_stamp(text, before=before)
                if is_update and not mask:
                    self.updated_on = self.updated_on or on
            if before.endswith(COPYRIGHT) and len(before) < MOST_COPYRIGHT:
                rest = text_masks.without_year(rest)
            if self._opening and text_masks.is_day_alone(rest):
                rest = ""
        if rest is text and not text_masks.may_change(text, hinted):
            return text
        return _masked(rest)

    def _is_rescued(self, run: TextRun, mask: str) -> bool:
        """Return whether a run outside of what is compared states what a person needs."""
        if mask in RESCUED:
            return is_needed(run.text, run.links)
        if mask in TWINS:
            return states_contact(run.text) or states_fee(run.text)
        return self._region.inside[run.node] and mask in IN_MAIN and states_contact(run.text)

    def _enter_heading(self, run: TextRun) -> tuple[str, ...]:
        """Note a title; return those above it."""
        level = self._level(run.node)
        if level == 1 and not self.title:
            self.title = run.text
        self._headings = [(above, title) for above, title in self._headings if above < level]
        above = tuple(title for _, title in self._headings)
        self._headings.append((level, run.text[:MOST_TITLE_CHARACTERS]))
        self._above = (*above, self._headings[-1][1])
        return above

    def _level(self, number: int) -> int:
        nodes = self._outline.nodes
        while number:
            tag = nodes[number].tag
            if level := _LEVELS.get(tag):
                return level
            number = nodes[number].parent
        return LOWEST_LEVEL
