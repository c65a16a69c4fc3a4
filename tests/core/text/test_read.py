"""From bytes to blocks, in three templates and in none."""

from dataclasses import replace

import pytest

from monitor.core.text.page import BlockKind, Link, Obstacle, Page, Structure
from monitor.core.text.read import read_page
from tests.support.prefecture import TEMPLATES, URL, Content, Extra, Template, dsfr, spip


def read(html: str) -> Page:
    return read_page(html.encode(), url=URL)


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_content_is_read_in_every_template_and_the_rest_is_not(template: Template) -> None:
    content = Content()
    page = read(template(content))
    text = page.text

    assert content.title == page.title
    assert page.updated_on == "2024-03-05"
    assert page.obstacle is None
    for said in (content.intro, content.hours, content.phone, content.fee, *content.documents):
        assert said in text
    for chrome in ("Actualités", "Accueil\n", "Mentions légales", "Services", "SPIP", "Partager"):
        assert chrome not in text


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_update_date_is_not_in_the_compared_text(template: Template) -> None:
    one, other = (
        read(template(Content(updated=date))) for date in ("Mis à jour le 05/03/2024", "")
    )
    words = [[block.words for block in page.main() if block.words] for page in (one, other)]

    assert words[0] == words[1]
    assert other.updated_on == ""


def test_a_block_knows_its_kind_its_titles_and_its_links() -> None:
    page = read(dsfr(Content()))
    blocks = {block.text: block for block in page.main()}

    item = blocks["Passeport en cours de validité"]
    assert item.kind == BlockKind.LIST_ITEM
    assert item.headings == ("Titres de séjour", "Pièces à fournir")
    assert blocks["Téléphone | 04 73 98 61 61"].kind == BlockKind.TABLE_ROW
    assert blocks[Content().alert].kind == BlockKind.ALERT
    assert blocks["Être accompagné"].kind == BlockKind.HEADING
    assert blocks["Être accompagné"].headings == ("Titres de séjour", "Déposer sa demande")
    assert Link(
        text="prenez rendez-vous en cliquant ici", target="//exemple.gouv.fr/booking/create/12345"
    ) in [link for block in page.main() for link in block.links]


def test_a_form_gives_its_labels_and_buttons() -> None:
    form = '<form><label for="n">Numéro étranger</label><input id="n"><input type="submit" value="Envoyer"></form>'  # noqa: E501 -- one line of HTML
    page = read(dsfr(Content(), Extra(inside=form)))
    fields = [b.text for b in page.main() if b.kind == BlockKind.FORM_FIELD]

    assert fields == ["Numéro étranger"]
    assert "Envoyer" in page.text


def test_a_protected_address_is_read_as_the_address() -> None:
    """Cloudflare's protection blinks: with or without it, a visitor sees the same."""
    key = 0x2A
    encoded = bytes([key, *(byte ^ key for byte in b"pref@exemple.fr")]).hex()
    plain = '<a href="mailto:pref@exemple.fr">pref@exemple.fr</a>'
    span = f'<a href="/cdn-cgi/l/email-protection#{encoded}"><span class="__cf_email__" data-cfemail="{encoded}">[email&#160;protected]</span></a>'  # noqa: E501 -- one line of HTML
    bare = f'<a href="/cdn-cgi/l/email-protection#{encoded}">[email&#160;protected]</a>'
    pages = [read(dsfr(Content(), Extra(inside=f"<p>{html}</p>"))) for html in (plain, span, bare)]

    assert "pref@exemple.fr" in pages[0].text
    assert pages[0] == pages[1] == pages[2]


def test_the_inside_of_an_obfuscated_address_is_not_text() -> None:
    """Whatever stands there is shown to nobody whose browser runs scripts."""
    encoded = bytes([7, *(byte ^ 7 for byte in b"pref@exemple.fr")]).hex()
    hidden = f'<span data-cfemail="{encoded}">[adresse <b>cachée</b> <a href="/x">ici</a>]</span>'
    plain, coded = (
        read(dsfr(Content(), Extra(inside=f"<p>Écrivez à {one} avant mardi.</p>")))
        for one in ("pref@exemple.fr", hidden)
    )
    assert "Écrivez à pref@exemple.fr avant mardi." in coded.text
    assert plain == coded


def test_the_part_that_a_page_declares_main_is_believed() -> None:
    assert read(dsfr(Content())).structure == Structure.MAIN
    assert read(spip(Content())).structure == Structure.NAMED


def test_without_a_declared_part_the_densest_one_is_read() -> None:
    prose = "".join(
        f"<p>Phrase numéro {n} d'un texte assez long pour peser dans la page.</p>" for n in range(9)
    )
    links = "".join(f'<a href="/{n}">Rubrique {n}</a>' for n in range(30))
    page = read(f"<body><div>{links}</div><div><h1>T</h1>{prose}</div><div>{links}</div></body>")

    assert page.structure == Structure.DENSEST
    assert "Phrase numéro 8" in page.text
    assert "Rubrique" not in page.text


def test_without_enough_prose_the_whole_page_is_read() -> None:
    """A list of links is content when there is nothing else."""
    page = read(
        "<body><ul><li><a href='/a'>Asile</a></li><li><a href='/b'>Séjour</a></li></ul></body>"
    )

    assert page.structure == Structure.WHOLE
    assert "Asile\nSéjour" == page.text


def test_a_mask_does_not_hold_over_most_of_the_page() -> None:
    """A site that names its content wrapper "menu" is read all the same."""
    page = read(f'<body><div class="menu">{dsfr(Content())}</div></body>')

    assert Content().intro in page.text


def test_a_phone_beside_the_main_part_is_read_and_a_menu_is_not() -> None:
    beside = "<aside><p>Standard : 04 11 22 33 44</p><p>À la une : le carnaval</p></aside>"
    page = read(dsfr(Content(), Extra(bottom=beside)))

    assert "04 11 22 33 44" in page.text
    assert "carnaval" not in page.text


def test_text_that_waits_behind_a_click_is_read() -> None:
    hidden = 'style="display:none"'
    answer = f'<div class="fr-collapse" {hidden}><p>Réponse : apportez le récépissé.</p></div>'
    trap = f"<div {hidden}><p>Ne pas remplir ce champ</p></div>"
    page = read(dsfr(Content(), Extra(inside=answer + trap)))

    assert "apportez le récépissé" in page.text
    assert "Ne pas remplir" not in page.text


@pytest.mark.parametrize("body", [b"", b"   ", b"<html><body></body></html>", b"<!-- a -->"])
def test_a_body_without_text_cannot_be_compared(body: bytes) -> None:
    assert read_page(body).obstacle == Obstacle.EMPTY


def test_a_page_of_nothing_but_menus_cannot_be_compared() -> None:
    assert read("<body><nav><a href='/'>Accueil</a></nav></body>").obstacle == Obstacle.EMPTY


def test_a_page_names_the_rules_that_read_it() -> None:
    page = read(dsfr(Content()))

    assert page.extraction_version
    assert replace(page, extraction_version="0") != page


@pytest.mark.parametrize(
    "start",
    [
        "<title>Titre</title>",
        "<!doctype html><html lang=fr><head><title>Titre</title>",
        "<!doctype html><title>Titre</title><header>Préfecture</header>",
        "<html><head><title>Titre</title></head><body>",
    ],
)
def test_a_page_may_leave_out_the_tags_that_html_lets_it(start: str) -> None:
    """HTML standard, "optional tags": `</head>` and `<body>` are among them."""
    text = "Le guichet est ouvert de 9h00 à 12h00 du lundi au vendredi."

    page = read_page(f"{start}<main><h1>Accueil</h1><p>{text}</p></main>".encode())

    assert page.obstacle is None
    assert text in page.text


def test_the_date_of_the_day_above_the_title_is_not_compared() -> None:
    day = "<p>mardi 5 mars 2024</p>"
    title, text = "<h1>Accueil</h1>", "<p>Fermetures exceptionnelles des guichets :</p>"

    above, below = (
        read(f"<main>{html}</main>") for html in (day + title + text, title + text + day)
    )

    assert above.blocks[0].words == ()
    assert below.blocks[-1].words == ("mardi", "5mars2024")


def test_a_day_below_the_first_sentence_of_a_page_without_titles_is_content() -> None:
    page = read(
        "<main><p>Les guichets seront exceptionnellement fermés :</p><p>mardi 5 mars 2024</p>"
    )

    assert page.blocks[-1].words == ("mardi", "5mars2024")


def test_a_link_to_book_beside_the_main_part_belongs_to_what_is_compared() -> None:
    beside = '<aside><p><a href="/booking/create/1">Prendre rendez-vous</a></p><p>Météo</p></aside>'
    page = read(f"<body><main><h1>Accueil</h1>{'<p>Une phrase qui dure.</p>' * 9}</main>{beside}")

    assert "Prendre rendez-vous" in page.text
    assert "Météo" not in page.text
