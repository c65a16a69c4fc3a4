"""Noise never makes a change; what a person acts on always does. By invention, not by example."""

import random
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.changes.change import Change, ChangeKind
from monitor.core.changes.compare import compare
from monitor.core.text.page import Page
from monitor.core.text.read import read_page
from tests.support.prefecture import NONE, TEMPLATES, URL, Content, Extra, Template

templates = st.sampled_from(TEMPLATES)
tokens = st.text(alphabet="0123456789abcdef", min_size=24, max_size=40)
numbers = st.integers(1, 999_999)
words = st.text(alphabet="abcdeéilnorstu", min_size=3, max_size=9)
sentences = st.lists(words, min_size=3, max_size=12).map(" ".join)

HEAD = ('<script nonce="{0}">var a = "{0}";</script>', '<meta name="csrf" content="{0}">')
AROUND = (
    '<div id="cookie-banner"><p>Des cookies {1}. {2}</p><button>Accepter</button></div>',
    '<div class="tarteaucitronRoot"><p>{2} {2} {2}</p></div>',
    '<nav><ul><li><a href="/{0}">{2}</a></li></ul></nav>',
    '<div class="fr-breadcrumb"><a href="/">{2}</a></div>',
    '<div class="dernieres-actualites"><h3>Actualités</h3><p>{2} le carnaval {1}.</p></div>',
    "<aside><h3>À la une</h3><p>{2}</p></aside>",
    '<div style="display:none"><p>{2} {0}</p></div>',
    "<div hidden>{2}</div>",
    '<script type="application/json">{{"jeton": "{0}"}}</script>',
    '<img src="//traceur.exemple/p.gif?{0}" alt="">',
    "<noscript><p>{2}</p></noscript>",
    '<div role="dialog"><p>{2}</p></div>',
)
INSIDE = (
    "<p>Nombre de visites : {1}</p>",
    "<p>{1} vues</p>",
    "<p>Il y a {3} jours</p>",
    "<p>Aujourd'hui {3} mars 2024</p>",
    "<p>Nous sommes le lundi {3} mars 2024</p>",
    '<form><input type="hidden" name="_csrf" value="{0}"></form>',
    '<div class="fr-share"><p>{2} {1} partages</p></div>',
    '<p id="bloc-{0}" class="x{1}" data-id="{0}"></p>',
    "<!-- rendu {0} -->",
    "<p>Page générée en 0.{1} secondes</p>",
    '<span class="fr-sr-only">{2}</span>',
)
FOOTER = ("<p>© 2012-20{3} {2}</p>", "<p>Version 1.{1}.{1}</p>", '<a href="/{0}">{2}</a>')


def read(html: str) -> Page:
    return read_page(html.encode(), url=URL)


@st.composite
def noise(draw: st.DrawFn) -> Extra:
    """One visit's noise, in every place where a site puts it."""

    def some(patterns: tuple[str, ...]) -> str:
        chosen = draw(st.lists(st.sampled_from(patterns), max_size=3))
        return "".join(
            pattern.format(draw(tokens), draw(numbers), draw(sentences), draw(st.integers(10, 28)))
            for pattern in chosen
        )

    return Extra(
        head=some(HEAD),
        top=some(AROUND),
        inside=some(INSIDE),
        bottom=some(AROUND),
        footer=some(FOOTER),
    )


def respaced(html: str, seed: int) -> str:
    """Write the same page with other spaces, quotes and dashes, as another editor would."""
    chance = random.Random(seed)  # noqa: S311 -- an example, not a secret

    def other(found: re.Match[str]) -> str:
        return {" ": chance.choice([" ", "\u00a0", "\n  ", "\u202f"]), "'": "’", "-": "‑"}[found[0]]

    parts = re.split(r"(<[^>]*>)", html)
    return "".join(part if part.startswith("<") else re.sub("[ '-]", other, part) for part in parts)


@settings(max_examples=50, deadline=None)
@given(templates, noise(), noise())
def test_noise_of_the_named_kinds_makes_no_change(
    template: Template, one: Extra, other: Extra
) -> None:
    change = compare(read(template(Content(), one)), read(template(Content(), other)))

    assert change is None, change.summary


@settings(max_examples=12, deadline=None)
@given(templates, st.integers(0, 10_000))
def test_typography_makes_no_change(template: Template, seed: int) -> None:
    html = template(Content())

    assert compare(read(html), read(respaced(html, seed))) is None


@settings(max_examples=12, deadline=None)
@given(templates, tokens, tokens)
def test_tokens_in_links_make_no_change(template: Template, one: str, other: str) -> None:
    def page(token: str) -> Page:
        links = (
            f'<p><a href="/notice.pdf?v={token}">Notice</a> '
            f'<a href="/suite;jsessionid={token}?utm_source={token}&id=3">Suite</a> '
            f'<a href="/forum?PHPSESSID={token}#m{token}">Forum</a></p>'
        )
        return read(template(Content(), Extra(inside=links)))

    assert compare(page(one), page(other)) is None


def changed(
    template: Template, after: Content, *, one: Extra = NONE, other: Extra = NONE
) -> Change:
    """Compare in both directions: what is seen must not depend on which side is the older."""
    pages = read(template(Content(), one)), read(template(after, other))
    change, back = compare(*pages), compare(*reversed(pages))
    assert change is not None
    assert back is not None
    mirrored = {
        ChangeKind.LINK_ADDED: ChangeKind.LINK_REMOVED,
        ChangeKind.LINK_REMOVED: ChangeKind.LINK_ADDED,
    }
    assert {mirrored.get(kind, kind) for kind in change.kinds} == set(back.kinds)
    assert change.weight == back.weight
    assert change.facts_lost == back.facts_gained
    return change


@settings(max_examples=15, deadline=None)
@given(templates, st.integers(7, 19), st.integers(0, 59), noise())
def test_a_changed_hour_is_always_found(
    template: Template, hour: int, minute: int, around: Extra
) -> None:
    after = Content(hours=f"Du lundi au vendredi de {hour}h{minute:02d} à 20h30, sauf le mardi.")

    change = changed(template, after, other=around)
    assert ChangeKind.OPENING_HOURS in change.kinds
    assert change.counts


@settings(max_examples=15, deadline=None)
@given(templates, st.integers(0, 9), st.integers(1, 9), noise())
def test_a_changed_digit_of_a_phone_is_always_found(
    template: Template, place: int, more: int, around: Extra
) -> None:
    digits = "0473986161"
    digit = str((int(digits[place]) + more) % 10)
    other = digits[:place] + digit + digits[place + 1 :]
    after = Content(phone=" ".join(re.findall("..", other)))

    change = changed(template, after, other=around)
    assert change.counts
    if other[0] == "0" and other[1] != "0":
        assert ChangeKind.PHONE in change.kinds


@settings(max_examples=12, deadline=None)
@given(templates, st.integers(0, 3), noise())
def test_a_removed_item_of_a_list_is_always_found(
    template: Template, place: int, around: Extra
) -> None:
    items = Content().documents
    after = replace(Content(), documents=items[:place] + items[place + 1 :])

    change = changed(template, after, one=around)
    assert ChangeKind.REQUIRED_DOCUMENTS in change.kinds
    assert items[place] in change.summary


@settings(max_examples=12, deadline=None)
@given(templates, st.integers(1, 99_999).filter(lambda number: number != 12345), noise())
def test_another_appointment_link_is_always_found(
    template: Template, number: int, around: Extra
) -> None:
    change = changed(template, Content(booking=f"/booking/create/{number}"), other=around)

    assert {ChangeKind.APPOINTMENT_LINK, ChangeKind.LINK_TARGET} <= set(change.kinds)


@settings(max_examples=15, deadline=None)
@given(templates, words)
def test_any_other_word_in_the_text_is_found(template: Template, word: str) -> None:
    intro = Content().intro
    after = Content(intro=intro.replace("renouveler", word))

    change = changed(template, after)
    assert change.counts
