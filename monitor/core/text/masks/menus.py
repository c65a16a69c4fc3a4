"""Menus that no element declares, at an end of the main part: they contain no sentence.

Where a page declares its main part, its links are taken to belong there, except a row of many
links that nothing separates, and the names of languages. Where that part was only guessed, a
menu or a footer may be included in it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from monitor.core.text.facts.page_facts import is_needed
from monitor.core.text.hints import hint
from monitor.core.text.page import Block, BlockKind

RULE = "block.menu"
LEAST_LINKS = 10  # in blocks that are nothing but links
LEAST_LINK_SHARE = 0.6  # of the blocks before the first sentence, or after the last
LEAST_ROW = 8  # links in one block without any other text
LEAST_ABOVE = 3  # links above the title
MOST_QUESTION_WORDS = 25
MOST_QUESTION_CHARACTERS = 500
MOST_ANSWERS = 8  # blocks after the question
MOST_ANSWER_WORDS = 8
LONGEST_LANGUAGE = 60  # characters, with a country
MOST_OTHER_PAGES = 30  # blocks below the title of a list
LEAST_LANGUAGES = 4  # blocks in a row, each the name of a language

_FEEDBACK = re.compile(
    r"\b(?:page|article|contenu|fiche|information|réponse)s? (?:vous )?(?:a|ont|avez|est|sont|vous|"
    r"t)[ -].{0,30}(?:aidée?s?|utiles?|répondu)\b|\bvous a-t-(?:elle|il) (?:aidée?|été utile)"
    r"|\b(?:was|did) (?:this|the) (?:page|article|content|information)\b.{0,20}(?:help|useful)"
    r"|\bavez-vous trouvé (?:cette page|ce contenu|ces informations|l'information|ce que vous)"
    r"|\bdonnez(?:-nous)? votre avis\b|\bje donne mon avis\b|\bnotez cette page\b",
    re.IGNORECASE,
)
_OTHER_PAGES = re.compile(
    r"(?:à )?(?:lire|voir|consulter|découvrir) (?:aussi|également)|et aussi"
    r"|sur le même (?:sujet|thème)|dans la même (?:rubrique|thématique|catégorie)"
    r"|(?:nos |les |vos )?(?:articles?|contenus?|pages?|actualités|sujets?)"
    r" (?:récente?s|liée?s|similaires|associée?s|connexes|complémentaires)"
    r"|(?:ces|cette|cela|ça|nos|les)? ?(?:pages?|contenus?|articles?)? ?"
    r"(?:peut|peuvent|pourrait|pourraient) (?:aussi |également )?vous intéresser"
    r"|(?:nos |les )?derni(?:ers|ères) (?:articles|actualités|actus|tweets|publications|posts)"
    r"|(?:toute l'|toutes les |l')(?:actualités?|actus?)|(?:les )?plus (?:lus|consultés|vus)"
    r"|related (?:articles?|content|links?|pages?|posts?|topics?)|see also|most (?:read|viewed)"
    r"|read (?:also|next|more)|you (?:may|might) also (?:like|be interested in)"
    r"|latest (?:news|posts|articles)",
    re.IGNORECASE,
)
# Without one of these it cannot match.
_STEMS = ("aidé", "utile", "répondu", "help", "useful", "trouvé", "avis", "notez")
ASKING = hint(*_STEMS)
_ANSWER = re.compile(
    r"^(?:oui|non|yes|no|merci|envoyer|pas du tout|tout à fait|plutôt|moyennement|un peu|beaucoup"
    r"|très|👍|👎|\d{1,6}|submit|send|thank|pourquoi|votre (?:avis|commentaire|remarque))",
    re.IGNORECASE,
)
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


def mask_menus(blocks: list[Block], *, guessed: bool, hinted: int) -> None:
    """Mask the menus among the blocks, in place.

    `guessed`: no element declared the main part. `hinted` are the hints of all blocks together.
    """
    main = [number for number, block in enumerate(blocks) if block.main]
    first = next((number for number in main if blocks[number].is_sentence), None)
    if first is None:
        return
    last = next(number for number in reversed(main) if blocks[number].is_sentence)
    menus = {*_languages(blocks, main), *_above_title(blocks, main)}
    if hinted & ASKING:
        menus.update(_feedback(blocks, main))
    menus.update(_elsewhere(blocks, main))
    for end in (
        [number for number in main if number < first],
        [number for number in main if number > last],
    ):
        menus.update(number for number in end if _is_row(blocks[number]))
        linked = [number for number in end if blocks[number].is_link]
        links = sum(len(blocks[number].links) for number in linked)
        if guessed and links >= LEAST_LINKS and len(linked) >= LEAST_LINK_SHARE * len(end):
            menus.update(linked)
    for number in menus:
        blocks[number] = replace(blocks[number], main=False, mask=RULE)


def _feedback(blocks: list[Block], main: list[int]) -> Iterator[int]:
    """Yield the question whether a page was helpful, and the short answers that follow it."""
    following = 0
    for number in main:
        block = blocks[number]
        if _is_question(block):
            following = MOST_ANSWERS
            yield number
        elif following and len(block.words) <= MOST_ANSWER_WORDS and not block.links:
            following -= 1
            if block.kind != BlockKind.HEADING and _ANSWER.match(block.text):
                yield number
        else:
            following = 0


def _elsewhere(blocks: list[Block], main: list[int]) -> Iterator[int]:
    """Yield the lists of other pages below a title such as "À lire aussi": links and labels only.

    What stands below it in sentences is the page's own, and so is what a person needs.
    """
    for place, number in enumerate(main):
        title = blocks[number]
        if title.kind != BlockKind.HEADING or not _OTHER_PAGES.fullmatch(title.text.strip(" :.…")):
            continue
        level = len(title.headings)
        below = []
        for other in main[place + 1 :]:
            if title.text not in blocks[other].headings[level:]:
                break
            below.append(other)
        if len(below) > MOST_OTHER_PAGES or not any(blocks[one].links for one in below):
            continue
        if any(_is_own(blocks[one]) for one in below):
            continue
        yield from (number, *below)


def _is_own(block: Block) -> bool:
    return block.is_sentence or is_needed(block.text, block.links)


def _is_question(block: Block) -> bool:
    text = block.text
    if len(text) > MOST_QUESTION_CHARACTERS or not any(map(text.lower().__contains__, _STEMS)):
        return False
    return len(block.words) <= MOST_QUESTION_WORDS and bool(_FEEDBACK.search(text))


def _above_title(blocks: list[Block], main: list[int]) -> Iterator[int]:
    """Yield a row of links above the title of the main part."""
    above: list[int] = []
    for number in main:
        if blocks[number].kind == BlockKind.HEADING:
            break
        if not blocks[number].is_link:
            return
        above.append(number)
    else:
        return
    if sum(len(blocks[number].links) for number in above) >= LEAST_ABOVE:
        yield from (n for n in above if not is_needed(blocks[n].text, blocks[n].links))


def _is_row(block: Block) -> bool:
    return block.is_link and len(block.links) >= LEAST_ROW


def _languages(blocks: list[Block], end: list[int]) -> Iterator[int]:
    """Yield the blocks of each run of language names that is long enough."""
    run: list[int] = []
    for number in [*end, -1]:
        if number >= 0 and _is_language(blocks[number]):
            run.append(number)
            continue
        links = blocks[number].links if number >= 0 else ()
        if len(links) >= LEAST_LANGUAGES and all(_LANGUAGE.fullmatch(one.text) for one in links):
            yield number
        if len(run) >= LEAST_LANGUAGES:
            yield from run
        run = []


def _is_language(block: Block) -> bool:
    return len(block.text) <= LONGEST_LANGUAGE and bool(_LANGUAGE.fullmatch(block.text))
