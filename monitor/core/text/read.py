"""From bytes to a page: parse, walk, settle what is content."""

from collections.abc import Iterator

from monitor.core.text.blocks import outline
from monitor.core.text.facts.dates import is_date, iso, take_stamp
from monitor.core.text.facts.page_facts import is_needed
from monitor.core.text.markup import Markup, parse
from monitor.core.text.masks import element_masks, text_masks
from monitor.core.text.masks.menus import without_menus
from monitor.core.text.memo import remembering
from monitor.core.text.outline import Outline, TextRun
from monitor.core.text.page import Block, BlockKind, Obstacle, Page, Structure
from monitor.core.text.region import ContentRegion, settle
from monitor.core.text.typography import words

LOWEST_LEVEL = 6  # of a title
_LEVELS = {f"h{level}": level for level in range(1, LOWEST_LEVEL + 1)}
MOST_TITLE_CHARACTERS = 500  # kept with each block below it
# A phone, an e-mail, hours, a link to book or to ANEF beside the main part matter as much as
# inside it; those of a footer or a menu are the whole site's.
RESCUED = frozenset({"", "element.teasers", element_masks.ASIDE})


def read_page(body: bytes, *, url: str | None = None, charset: str | None = None) -> Page:
    """Read one body. Never raises: a page that cannot be read has an `obstacle`.

    `url` resolves relative links; `charset` is an encoding's name or a Content-Type value.
    """
    return read_markup(parse(body, charset=charset), url=url)


def read_markup(markup: Markup, *, url: str | None = None) -> Page:
    """Read a page that is parsed already."""
    page_outline = outline(markup, url=url)
    region = settle(page_outline)
    reading = _Reading(page_outline, region)
    blocks = list(reading.blocks())
    blocks = without_menus(blocks, guessed=region.structure == Structure.DENSEST)
    empty = Obstacle.OVERSIZED if page_outline.cut else Obstacle.EMPTY
    return Page(
        title=reading.title or page_outline.title,
        blocks=tuple(blocks),
        updated_on=reading.updated_on,
        structure=region.structure,
        obstacle=None if any(block.words for block in blocks if block.main) else empty,
        cut=page_outline.cut,
    )


@remembering
def _compared(text: str) -> tuple[str, tuple[str, ...]]:
    masked = text_masks.mask(text)
    return masked, words(masked)


class _Reading:
    """The state of the walk through the runs: the titles above, the displayed date."""

    def __init__(self, outline: Outline, region: ContentRegion) -> None:
        self.title = ""
        self.updated_on = ""
        self._outline = outline
        self._region = region
        self._headings: list[tuple[int, str]] = []
        self._opening = True  # no title and no sentence of the main part was read yet

    def blocks(self) -> Iterator[Block]:
        before = ""
        for run in self._outline.runs:
            yield self._block(run, before=before)
            before = run.text

    def _block(self, run: TextRun, *, before: str) -> Block:
        mask = self._region.masks[run.node]
        main = self._region.inside[run.node] and not mask
        if not main and mask in RESCUED:
            main = is_needed(run.text, run.links)
        kind = self._outline.nodes[run.node].kind
        text, on, is_update = take_stamp(run.text, before=before)
        if is_update and not mask:
            self.updated_on = self.updated_on or on
        if self._opening and text_masks.is_day_alone(text):
            text = ""
        compared, compared_words = _compared(text)
        if kind == BlockKind.HEADING and main:
            self._enter_heading(run)
        headings = tuple(title for _, title in self._headings)
        if kind == BlockKind.HEADING and main:
            headings = headings[:-1]
        block = Block(
            kind=kind,
            text=run.text,
            compared=compared,
            words=compared_words,
            headings=headings,
            links=run.links,
            main=main,
            mask=mask,
            stamp=iso(run.text) if is_date(run.text) else "",
        )
        self._opening &= not (main and (kind == BlockKind.HEADING or block.is_sentence))
        return block

    def _enter_heading(self, run: TextRun) -> None:
        level = self._level(run.node)
        if level == 1 and not self.title:
            self.title = run.text
        self._headings = [(above, title) for above, title in self._headings if above < level]
        self._headings.append((level, run.text[:MOST_TITLE_CHARACTERS]))

    def _level(self, number: int) -> int:
        nodes = self._outline.nodes
        while number:
            tag = nodes[number].tag
            if level := _LEVELS.get(tag):
                return level
            number = nodes[number].parent
        return LOWEST_LEVEL
