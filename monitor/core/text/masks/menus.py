"""Menus that no element declares, at an end of the main part: they contain no sentence.

Where a page declares its main part, its links are taken to belong there, except a row of many
links that nothing separates, and the names of languages. Where that part was only guessed, a
menu or a footer may be included in it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from monitor.core.text.page import Block

RULE = "block.menu"
LEAST_LINKS = 15  # in blocks that are nothing but links
LEAST_LINK_SHARE = 0.6  # of the blocks before the first sentence, or after the last
LEAST_ROW = 8  # links in one block without any other text
LEAST_LANGUAGES = 4  # blocks in a row, each the name of a language

# Each in its own language, as visitors are offered to change it; a country may follow.
_LANGUAGE = re.compile(
    r"(?:français|english|deutsch|español|italiano|português|nederlands|polski|română|magyar"
    r"|čeština|slovenčina|slovenščina|hrvatski|bosanski|srpski|shqip|lietuvių|latviešu|eesti|suomi"
    r"|svenska|dansk|norsk(?: bokmål)?|íslenska|ελληνικά|türkçe|русский|українська|български"
    r"|македонски|العربية|فارسی|دری|پښتو|اردو|עברית|हिन्दी|বাংলা|தமிழ்|ไทย|tiếng việt"
    r"|bahasa (?:indonesia|melayu)|中文|简体中文|繁體中文|日本語|한국어|ქართული|հայերեն"
    r"|soomaali|kurdî|ትግርኛ|አማርኛ|català|euskara|brezhoneg|malagasy|kiswahili|wolof)"
    r"(?: ?\([^)]{2,30}\))?",
    re.IGNORECASE,
)


def without_menus(blocks: list[Block], *, guessed: bool) -> list[Block]:
    """Return the blocks, with menus masked. `guessed`: no element declared the main part."""
    main = [number for number, block in enumerate(blocks) if block.main]
    sentences = [number for number in main if blocks[number].is_sentence]
    if not sentences:
        return blocks
    menus: set[int] = set()
    for end in (
        [number for number in main if number < sentences[0]],
        [number for number in main if number > sentences[-1]],
    ):
        menus.update(number for number in end if _is_row(blocks[number]))
        menus.update(_languages(blocks, end))
        linked = [number for number in end if blocks[number].is_link]
        links = sum(len(blocks[number].links) for number in linked)
        if guessed and links >= LEAST_LINKS and len(linked) >= LEAST_LINK_SHARE * len(end):
            menus.update(linked)
    return [
        replace(block, main=False, mask=RULE) if number in menus else block
        for number, block in enumerate(blocks)
    ]


def _is_row(block: Block) -> bool:
    return block.is_link and len(block.links) >= LEAST_ROW


def _languages(blocks: list[Block], end: list[int]) -> Iterator[int]:
    """Yield the blocks of each run of language names that is long enough."""
    run: list[int] = []
    for number in [*end, -1]:
        if number >= 0 and _LANGUAGE.fullmatch(blocks[number].text):
            run.append(number)
            continue
        if len(run) >= LEAST_LANGUAGES:
            yield from run
        run = []
