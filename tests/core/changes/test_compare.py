"""What changed, of which kind, and how much it matters."""

from dataclasses import replace

import pytest

from monitor.core.changes.change import Change, ChangeKind, Op, Weight
from monitor.core.changes.compare import compare, obstacle
from monitor.core.text.page import Obstacle, Page
from monitor.core.text.read import read_page
from tests.support.prefecture import TEMPLATES, URL, Content, Extra, Template, dsfr, without_hints

BEFORE = Content()


def read(html: str) -> Page:
    return read_page(html.encode(), url=URL)


def between(before: str, after: str) -> Change:
    change = compare(read(before), read(after))
    assert change is not None
    return change


KINDS = {
    ChangeKind.OPENING_HOURS: replace(BEFORE, hours="Du lundi au vendredi de 8h30 à 11h00."),
    ChangeKind.PHONE: replace(BEFORE, phone="04 73 98 61 62"),
    ChangeKind.EMAIL: replace(BEFORE, email="pref-titres@exemple.gouv.fr"),
    ChangeKind.ADDRESS: replace(BEFORE, address="2 rue Pélissier, 63000 Clermont-Ferrand"),
    ChangeKind.APPOINTMENT_LINK: replace(BEFORE, booking="/booking/create/99999"),
    ChangeKind.REQUIRED_DOCUMENTS: replace(BEFORE, documents=BEFORE.documents[:-1]),
    ChangeKind.FEE: replace(BEFORE, fee=BEFORE.fee.replace("225", "250")),
    ChangeKind.SUBSTITUTE_CHANNEL: replace(BEFORE, channel="La demande est faite par chacun."),
    ChangeKind.ALERT_BANNER: replace(BEFORE, alert="ATTENTION : le service est ouvert."),
    ChangeKind.PROCEDURE_TEXT: replace(BEFORE, intro=BEFORE.intro.replace("demander", "obtenir")),
    ChangeKind.TITLE: replace(BEFORE, title="Titres de séjour et visas"),
}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_change_is_found_and_named_in_every_template(
    kind: ChangeKind, template: Template
) -> None:
    change = between(template(BEFORE), template(KINDS[kind]))

    assert kind in change.kinds
    assert change.counts


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_change_is_found_where_the_page_names_none_of_its_parts(
    kind: ChangeKind, template: Template
) -> None:
    change = between(without_hints(template(BEFORE)), without_hints(template(KINDS[kind])))

    assert kind in change.kinds
    assert change.counts


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_person_acts_on_is_major_and_other_text_is_minor(kind: ChangeKind) -> None:
    change = between(dsfr(BEFORE), dsfr(KINDS[kind]))
    minor = kind in {ChangeKind.PROCEDURE_TEXT, ChangeKind.TITLE}

    assert change.weight == (Weight.MINOR if minor else Weight.MAJOR)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("<h1>Étrangers</h1>", "<h1>Séjour</h1>", ChangeKind.TITLE),
        ("<h1>Séjour</h1><h2>Voir</h2>", "<h1>Séjour</h1><h2>Lire</h2>", ChangeKind.PROCEDURE_TEXT),
        (
            "<p>Voir ici.</p><h1>Séjour</h1>",
            "<p>Lire.</p><h1>Séjour</h1>",
            ChangeKind.PROCEDURE_TEXT,
        ),
    ],
)
def test_a_title_is_a_heading_under_no_other(before: str, after: str, kind: ChangeKind) -> None:
    rest = "<p>Le service reçoit chacun.</p>"
    page = "<html><body><main>{}</main></body></html>"

    assert between(page.format(before + rest), page.format(after + rest)).kinds == (kind,)


@pytest.mark.parametrize(("words", "weight"), [(39, Weight.MINOR), (40, Weight.MAJOR)])
def test_forty_edited_words_are_major(words: int, weight: Weight) -> None:
    text = f"<p>{'mot ' * words}</p>"

    assert between(dsfr(BEFORE), dsfr(BEFORE, Extra(inside=text))).weight == weight


def test_much_new_text_is_major_whatever_it_says() -> None:
    text = "<p>" + "Les dossiers sont étudiés selon leur ordre. " * 8 + "</p>"

    assert between(dsfr(BEFORE), dsfr(BEFORE, Extra(inside=text))).weight == Weight.MAJOR


def test_a_denied_channel_is_a_major_change() -> None:
    denial = "<p>Aucun dossier reçu par courrier ne sera traité.</p>"
    change = between(dsfr(BEFORE), dsfr(BEFORE, Extra(inside=denial)))

    assert change.kinds == (ChangeKind.SUBSTITUTE_CHANNEL,)
    assert change.weight == Weight.MAJOR
    assert [fact.negated for fact in change.facts_gained] == [True]


def test_the_difference_is_given_word_by_word() -> None:
    change = between(dsfr(BEFORE), dsfr(KINDS[ChangeKind.PHONE]))
    (edit,) = change.edits

    assert [(piece.op, piece.text) for piece in edit.pieces] == [
        (Op.SAME, "Téléphone |"),
        (Op.REMOVED, "04 73 98 61 61"),
        (Op.ADDED, "04 73 98 61 62"),
    ]
    assert edit.before[0].headings == ("Titres de séjour", "Horaires et coordonnées")
    assert (
        change.summary
        == "Téléphone : « Téléphone 04 73 98 61 61 » devient « Téléphone 04 73 98 61 62 »."
    )


def test_the_old_and_the_new_text_can_be_put_together_from_the_pieces() -> None:
    change = between(dsfr(BEFORE), dsfr(KINDS[ChangeKind.PROCEDURE_TEXT]))
    (edit,) = change.edits

    old = " ".join(piece.text for piece in edit.pieces if piece.op != Op.ADDED)
    new = " ".join(piece.text for piece in edit.pieces if piece.op != Op.REMOVED)
    assert old == BEFORE.intro
    assert new == KINDS[ChangeKind.PROCEDURE_TEXT].intro


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_page_has_not_changed_from_itself(template: Template) -> None:
    assert compare(read(template(BEFORE)), read(template(BEFORE))) is None


def test_blocks_that_only_moved_are_no_change_for_a_reader() -> None:
    one, two = "<p>Première phrase du texte.</p>", "<p>Seconde phrase du texte.</p>"
    change = between(dsfr(BEFORE, Extra(inside=one + two)), dsfr(BEFORE, Extra(inside=two + one)))

    assert change.kinds == (ChangeKind.MOVED,)
    assert change.weight == Weight.COSMETIC
    assert not change.counts


def test_the_same_words_in_other_blocks_are_no_change() -> None:
    one = "<p>Première phrase. Seconde phrase.</p>"
    two = "<div><strong>Première</strong> phrase.</div><ul><li>Seconde phrase.</li></ul>"

    assert (
        compare(read(dsfr(BEFORE, Extra(inside=one))), read(dsfr(BEFORE, Extra(inside=two))))
        is None
    )


def test_text_that_left_the_compared_part_is_not_called_removed() -> None:
    """The bounds of the main part may move from one template to the next."""
    text = "<p>Une phrase que la page montre toujours à ses lecteurs.</p>"
    inside, outside = dsfr(BEFORE, Extra(inside=text)), dsfr(BEFORE, Extra(footer=text))

    assert compare(read(inside), read(outside)) is None


def test_a_displayed_date_alone_is_recorded_and_not_announced() -> None:
    change = between(dsfr(BEFORE), dsfr(replace(BEFORE, updated="Mis à jour le 06/03/2024")))

    assert change.kinds == (ChangeKind.DISPLAYED_DATE,)
    assert change.date_only
    assert not change.silent


def test_text_that_changed_under_the_same_date_is_a_silent_change() -> None:
    silent = between(dsfr(BEFORE), dsfr(KINDS[ChangeKind.PHONE]))
    dated = between(
        dsfr(BEFORE), dsfr(replace(KINDS[ChangeKind.PHONE], updated="Mis à jour le 06/03/2024"))
    )
    undated = replace(BEFORE, updated="")

    assert silent.silent
    assert not dated.silent
    assert not between(dsfr(undated), dsfr(replace(undated, phone="04 73 98 61 62"))).silent


def test_dates_that_all_shift_by_one_day_are_another_time_zone() -> None:
    old = "<h6>28 juil. 2022</h6><h6>30 juin 2022</h6><h6>24 nov. 2021</h6>"
    new = "<h6>29 juil. 2022</h6><h6>1 juil. 2022</h6><h6>25 nov. 2021</h6>"
    one = "<h6>29 juil. 2022</h6><h6>30 juin 2022</h6><h6>24 nov. 2021</h6>"

    def pages(html: str) -> Page:
        return read(dsfr(BEFORE, Extra(inside=html)))

    two = "<h6>29 juil. 2022</h6><h6>1 juil. 2022</h6><h6>24 nov. 2021</h6>"
    both_ways = "<h6>29 juil. 2022</h6><h6>29 juin 2022</h6><h6>24 nov. 2021</h6>"
    two_days = "<h6>30 juil. 2022</h6><h6>2 juil. 2022</h6><h6>26 nov. 2021</h6>"

    for other in (new, two):
        assert compare(pages(old), pages(other)) is None
        assert compare(pages(other), pages(old)) is None
    for other in (one, both_ways, two_days, old + "<h6>23 nov. 2021</h6>", ""):
        assert compare(pages(old), pages(other)) is not None


def test_our_own_rules_are_never_announced() -> None:
    page = read(dsfr(BEFORE))
    other = replace(read(dsfr(KINDS[ChangeKind.PHONE])), extraction_version="0")
    change = compare(page, other)

    assert change is not None
    assert change.kinds == (ChangeKind.TECHNICAL,)
    assert not change.counts
    assert compare(page, replace(page, extraction_version="0")) is None


def test_an_unreadable_page_is_not_compared() -> None:
    with pytest.raises(ValueError, match="empty"):
        compare(read(dsfr(BEFORE)), read(""))


LONG = "".join(f"<p>Voici la phrase numéro {n} du texte de cette page.</p>" for n in range(60))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("<h1>Oups</h1><p>Cette adresse ne mène nulle part.</p>", Obstacle.ANOTHER_PAGE),
        ("<h1>Asile</h1><p>Cette page est en cours de rédaction.</p>", None),
        ("<h1>Oups</h1><p>Voici la phrase numéro 3 du texte de cette page.</p>", None),
    ],
)
def test_a_few_words_with_nothing_in_common_are_another_page(
    after: str, expected: Obstacle | None
) -> None:
    """Unlike a page that was emptied and kept its title, or one sentence."""
    long = read(f"<main><h1>Asile</h1>{LONG}</main>")
    short = read(f"<main>{after}</main>")

    assert obstacle(long, short) == expected
    assert obstacle(short, long) == expected


SAID = "".join(
    f"<p>Phrase numéro {n} d'un texte assez long pour peser dans la page.</p>" for n in range(20)
)
FURNITURE = '<p><a href="/a">Espace presse</a></p><p>Nous suivre</p>'


def restyled(end: str) -> str:
    """Return the same text in a template that does not say which part is the main one."""
    return f"<body><div>{SAID}{end}</div></body>"


def test_labels_that_come_along_with_another_way_to_find_the_main_part_are_no_change() -> None:
    change = between(f"<body><main>{SAID}</main></body>", restyled(FURNITURE))

    assert change.kinds == (ChangeKind.STRUCTURE,)
    assert not change.counts


def test_a_phone_that_comes_along_with_a_new_template_is_a_change() -> None:
    change = between(f"<body><main>{SAID}</main></body>", restyled("<p>Tél. 04 73 98 61 61</p>"))

    assert ChangeKind.PHONE in change.kinds


def test_a_link_to_book_that_leaves_with_the_old_template_is_a_change() -> None:
    booking = '<p><a href="/booking/create/1">Prendre rendez-vous</a></p>'
    change = between(f"<body><main>{SAID}{booking}</main></body>", restyled(FURNITURE))

    assert ChangeKind.APPOINTMENT_LINK in change.kinds
    assert change.counts
