"""Menus that a page does not name: many links and no sentence, at an end of the densest part.

Where a page says which part is the main one, its links are believed to belong there. Where
that part was only guessed, a menu or a footer may have come along.
"""

from dataclasses import replace

from monitor.core.pages.page import Block

RULE = "block.menu"
LEAST_LINKS = 15  # blocks that are nothing but a link
LEAST_LINK_SHARE = 0.6  # of the blocks before the first sentence, or after the last
LEAST_SENTENCE_WORDS = 5


def without_menus(blocks: list[Block]) -> list[Block]:
    """Return the blocks, those of such menus masked."""
    main = [number for number, block in enumerate(blocks) if block.main]
    said = [number for number in main if _is_sentence(blocks[number])]
    if not said:
        return blocks
    menus = set()
    for end in (
        [number for number in main if number < said[0]],
        [number for number in main if number > said[-1]],
    ):
        linked = [number for number in end if blocks[number].is_link]
        if len(linked) >= LEAST_LINKS and len(linked) >= LEAST_LINK_SHARE * len(end):
            menus.update(linked)
    return [
        replace(block, main=False, mask=RULE) if number in menus else block
        for number, block in enumerate(blocks)
    ]


def _is_sentence(block: Block) -> bool:
    return len(block.words) >= LEAST_SENTENCE_WORDS and not block.is_link
