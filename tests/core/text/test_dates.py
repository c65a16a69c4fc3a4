"""The displayed update date, read apart."""

import pytest

from monitor.core.text.facts.dates import is_date, iso, take_stamp


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mis à jour le 05/03/2024", "2024-03-05"),
        ("Mise à jour 20.06.2017", "2017-06-20"),
        ("Dernière mise à jour : 1er février 2023 à 14h05", "2023-02-01"),
        ("Modifié le 5 mars 2024", "2024-03-05"),
        ("Date de dernière modification : 2024-03-05", "2024-03-05"),
        ("Last updated on March 5, 2024", "2024-03-05"),
        ("Updated 05 Mar 2024", "2024-03-05"),
        ("Stand: 5. März 2024", "2024-03-05"),
        ("Zuletzt aktualisiert am 5. März 2024", "2024-03-05"),
        ("Última actualización: 5 de marzo de 2024", "2024-03-05"),
        ("Ultimo aggiornamento: 5 marzo 2024", "2024-03-05"),
        ("Mise à jour : mars 2024", ""),  # a month is no day: its age is not told
    ],
)
def test_an_update_date_is_taken_out_of_the_text(text: str, expected: str) -> None:
    assert take_stamp(text) == (" ", expected, True)


@pytest.mark.parametrize("text", ["Publié le 5 mars 2024", "Effective date: March 5, 2024"])
def test_a_publication_date_is_taken_out_and_is_no_update(text: str) -> None:
    assert take_stamp(text) == (" ", "2024-03-05", False)


@pytest.mark.parametrize(
    "text",
    [
        "PDF - 0,46 Mb - 02/09/2021",
        "Fermeture le 5 mars 2024",
        "Tenez votre dossier à jour",
        "À compter du 1er avril 2024, la demande se fait en ligne",
        "The new fee applies from 1 April 2024",
    ],
)
def test_other_dates_stay_in_the_text(text: str) -> None:
    """An attachment's date, a closing day and an effective day are content."""
    assert take_stamp(text) == (text, "", False)


def test_a_label_and_its_date_may_stand_in_two_runs() -> None:
    assert take_stamp("5 mars 2024", before="Mis à jour le") == (" ", "2024-03-05", True)
    assert take_stamp("5 mars 2024", before="Fermé le") == ("5 mars 2024", "", False)


@pytest.mark.parametrize("text", ["31/02/2024", "5 mars", "99/99/9999", "demain", ""])
def test_what_is_no_date_gives_nothing(text: str) -> None:
    assert not iso(text)


def test_a_date_alone_is_told_from_a_date_in_a_sentence() -> None:
    assert is_date("24 nov. 2021")
    assert not is_date("le 24 novembre 2021, à la préfecture")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("05/03/24", "2024-03-05"), ("05/03/99", "2099-03-05"), ("05/03/0100", "0100-03-05")],
)
def test_a_year_of_two_digits_is_of_this_century(text: str, expected: str) -> None:
    assert iso(text) == expected
