"""A negated mention is the contrary of an offer."""

import pytest

from monitor.core.text.facts.channels import channels
from monitor.core.text.page import Element, Fact


def stated(text: str) -> set[tuple[Element, bool]]:
    return {(fact.element, fact.negated) for fact in channels(text)}


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("Un point d'accueil numérique (PAN) vous aide.", Element.DIGITAL_POINT),
        ("Les bornes e-MERAUDE sont dans le hall.", Element.DIGITAL_POINT),
        ("Rendez-vous dans une maison France Services.", Element.DIGITAL_POINT),
        ("Présentez-vous au guichet 3.", Element.COUNTER),
        ("Envoyez le dossier par voie postale uniquement.", Element.POST),
        ("Adressez votre demande par courrier simple à la préfecture.", Element.POST),
        ("Le centre de contact citoyen répond au 0 806 001 620.", Element.CONTACT_CENTRE),
        ("Si vous ne pouvez pas venir, envoyez le dossier par courrier.", Element.POST),
        ("N'hésitez pas à venir au guichet.", Element.COUNTER),
    ],
)
def test_a_mention_is_an_offer(text: str, element: Element) -> None:
    assert (element, False) in stated(text)
    assert (element, True) not in stated(text)


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("Aucun dossier reçu par courrier ne sera traité.", Element.POST),
        ("Le service n'est pas joignable téléphoniquement.", Element.PHONE),
        ("Aucun rendez-vous ne sera délivré aux guichets.", Element.COUNTER),
        ("SUPPRESSION DE LA PERMANENCE TÉLÉPHONIQUE", Element.PHONE),
        ("Le point d'accueil numérique est fermé jusqu'à nouvel ordre.", Element.DIGITAL_POINT),
        ("L'accueil physique est suspendu.", Element.COUNTER),
        ("Les dossiers ne sont plus acceptés par voie postale.", Element.POST),
    ],
)
def test_a_negated_mention_is_a_denial(text: str, element: Element) -> None:
    assert (element, True) in stated(text)
    assert (element, False) not in stated(text)


def test_a_denial_holds_for_its_own_sentence_only() -> None:
    text = "Le guichet est ouvert le lundi. Aucun dossier par courrier ne sera traité."

    assert stated(text) == {(Element.COUNTER, False), (Element.POST, True)}


def test_a_phone_is_offered_by_its_number_not_by_the_word() -> None:
    assert Fact(element=Element.PHONE, value="") not in set(channels("Par téléphone"))


@pytest.mark.parametrize(
    "text",
    [
        "Fermeture du guichet le 12 mars.",
        "Le guichet sera exceptionnellement fermé le 12 mars.",
        "Fermeture exceptionnelle de l'accueil du public",
        "Les guichets seront fermés du 24 au 31 décembre.",
    ],
)
def test_a_counter_that_closes_for_days_is_neither_offered_nor_denied(text: str) -> None:
    assert stated(text) == set()
