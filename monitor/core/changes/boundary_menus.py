"""Menus that a main part may include because it was located in another way than before.

When the way changes, so do the bounds of what is compared: labels and links before the first
sentence or after the last are more likely a menu that slipped in than a change of the page.
"""

from dataclasses import replace

from monitor.core.text.facts.page_facts import is_needed
from monitor.core.text.page import Block, BlockKind, Page


def trim_boundary_menus(page: Page) -> Page:
    """Return the page without the labels and links at both ends of its main part.

    Titles stay, and what a person needs: contacts, hours, links to book or to ANEF.
    """
    sentences = [n for n, block in enumerate(page.blocks) if block.main and block.is_sentence]
    first, last = (sentences[0], sentences[-1]) if sentences else (0, len(page.blocks))
    return replace(
        page,
        blocks=tuple(
            block if first <= number <= last or _matters(block) else replace(block, main=False)
            for number, block in enumerate(page.blocks)
        ),
    )


def _matters(block: Block) -> bool:
    return block.kind == BlockKind.HEADING or is_needed(block.text, block.links)
