"""Links that came, went, or lead elsewhere."""

from monitor.core.changes.change import ChangeKind
from monitor.core.changes.compare import compare
from monitor.core.changes.link_changes import link_edits
from monitor.core.text.page import Page
from monitor.core.text.read import read_page
from tests.support.prefecture import URL, Content, Extra, dsfr


def read(html: str) -> Page:
    return read_page(dsfr(Content(), Extra(inside=html)).encode(), url=URL)


def kinds(before: str, after: str) -> list[tuple[ChangeKind, str, str]]:
    return [(e.kind, e.before, e.after) for e in link_edits(read(before), read(after))]


def test_a_link_whose_target_changed_is_found_under_the_same_words() -> None:
    assert kinds('<p><a href="/a.pdf">Notice</a></p>', '<p><a href="/b.pdf">Notice</a></p>') == [
        (ChangeKind.LINK_TARGET, "//exemple.gouv.fr/a.pdf", "//exemple.gouv.fr/b.pdf")
    ]


def test_two_links_whose_targets_were_swapped_are_found() -> None:
    one = '<p><a href="/a">Asile</a> <a href="/b">Séjour</a></p>'
    other = '<p><a href="/b">Asile</a> <a href="/a">Séjour</a></p>'

    assert [kind for kind, _, _ in kinds(one, other)] == [ChangeKind.LINK_TARGET] * 2


def test_a_link_written_otherwise_beside_the_same_one_is_no_change() -> None:
    one = '<p><a href="/a">Asile</a> <a href="/b">Séjour</a> <a href="/a">ASILE</a></p>'
    other = '<p><a href="/a">Asile</a> <a href="/b">Visas</a> <a href="/a">Asile :</a></p>'

    assert not kinds(one, one.replace("ASILE", "asile"))
    assert not kinds(one, other.replace("Visas", "SÉJOUR"))
    assert kinds(one, other.replace("/b", "/c")) == [
        (ChangeKind.LINK_REMOVED, "//exemple.gouv.fr/b", ""),
        (ChangeKind.LINK_ADDED, "", "//exemple.gouv.fr/c"),
    ]


def test_a_link_that_came_or_went_is_found_even_when_its_words_stay() -> None:
    linked, plain = '<p>Lire la <a href="/n.pdf">notice</a></p>', "<p>Lire la notice</p>"

    assert kinds(plain, linked) == [(ChangeKind.LINK_ADDED, "", "//exemple.gouv.fr/n.pdf")]
    assert kinds(linked, plain) == [(ChangeKind.LINK_REMOVED, "//exemple.gouv.fr/n.pdf", "")]


def test_a_link_that_says_something_else_is_a_change_of_text_only() -> None:
    assert not kinds('<p><a href="/n">Notice</a></p>', '<p><a href="/n">Mode d’emploi</a></p>')


def test_a_link_cut_in_two_is_no_change() -> None:
    one = '<p><a href="/n">Notice officielle</a></p>'
    two = '<p><a href="/n">Notice</a> <a href="/n">officielle</a></p>'

    assert not kinds(one, two)
    assert compare(read(one), read(two)) is None


def test_links_of_the_menu_and_the_footer_do_not_count() -> None:
    def page(footer: str) -> Page:
        return read_page(dsfr(Content(), Extra(footer=footer)).encode(), url=URL)

    assert not link_edits(page('<a href="/un">Un</a>'), page('<a href="/deux">Deux</a>'))
