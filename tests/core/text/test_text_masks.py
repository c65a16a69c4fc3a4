"""Each rule on words: what it takes out, and what it must leave."""

import pytest

from monitor.core.text.masks.text_masks import RULES, mask

MASKED = {
    "text.email-obfuscation": [("pref [at] exemple.gouv.fr", "pref@exemple.gouv.fr")],
    "text.age": [("Publié il y a 3 mois", ""), ("il y a un an", "")],
    "text.relative-date": [
        ("Publié il y a 3 jours", "Publié"),
        ("posted 2 hours ago", "posted"),
        ("il y a une heure", ""),
        ("vor einer Stunde", ""),
        ("hace 3 días", ""),
    ],
    "text.today": [
        ("Nous sommes le mardi 5 mars 2024", ""),
        ("Aujourd'hui 05/03/2024 Bonjour", "Bonjour"),
        ("Nous sommes le 5 mars 2024, il est 12 h 59", ""),
    ],
    "text.counter": [
        ("Page lue 1 204 fois", ""),
        ("Vu 1 204 fois", ""),
        ("Fiche consultée 12 fois", ""),
        ("Ce document peut être consulté 3 fois", "Ce document peut être consulté 3 fois"),
        ("Lu 1204 fois", ""),
        ("Nombre de visites : 12 345", ""),
        ("1 204 vues", ""),
        ("Visiteurs connectés : 3", ""),
    ],
    "text.helpful": [
        ("12 out of 20 found this helpful", ""),
        ("3 utilisateurs sur 5 ont trouvé cela utile", ""),
    ],
    "text.comments": [
        ("138 commentaires", ""),
        ("(12 réponses)", ""),
        ("Note moyenne : 4,2/5 (650 avis)", ""),
        ("12 reviews", ""),
    ],
    "text.present": [
        ("393 personnes consultent cette page actuellement", ""),
        ("12 utilisateurs connectés", ""),
        ("3 people are viewing this page", ""),
    ],
    "text.reading-time": [
        ("Temps de lecture : 4 min", ""),
        ("5 minutes de lecture", ""),
        ("3 min read", ""),
    ],
    "text.temperature": [("Metz 3 ° C", ""), ("Metz -2 °C", ""), ("12°", "")],
    "text.printed": [("Imprimé le 23/11/2026", ""), ("Édité le 3 mars 2026 à 10 h 12", "")],
    "text.generation": [("Page générée en 0,12 secondes", "")],
    "text.copyright-year": [("© 2020-2024 Préfecture", "Préfecture"), ("Ville 2024 ©", "Ville")],
    "text.software-version": [("Version 1.307.0.1832", "")],
    "text.token": [("Réf. 9f86d081884c7d659a2feaa0c55ad015", "Réf.")],
    "text.enumerator": [("1. Déposer la demande", "Déposer la demande"), ("a) Photo", "Photo")],
}
KEPT = [
    "Le titre est délivré pour 3 jours",
    "il y a 3 guichets",
    "mardi 5 mars 2024",
    "Fermé le mardi 5 mars 2024 au matin",
    "Rendez-vous le 5 mars 2024 à 14h",
    "12 avenue des Fleurs",
    "1.5 m de distance",
    "Version du formulaire : cerfa 15186*03",
    "pref-sejour@exemple.gouv.fr",
    "SIRET 170 630 013 00019",
    "225 euros",
    "12 sur 20 dossiers sont traités",
    "3 avis d'imposition",
    "Deux réponses sont possibles",
    "3 personnes du foyer",
    "Conserver entre 2 et 8 °C pendant le transport",
    "Délai de réponse : 4 mois",
    "Le service reçoit 12 personnes par demi-journée",
    "Le document est imprimé en trois exemplaires",
]


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_a_rule_takes_out_what_changes_by_itself(rule: object) -> None:
    """Every rule has its examples, before and after."""
    examples = MASKED[getattr(rule, "id", "")]

    assert examples
    for text, expected in examples:
        assert mask(text) == expected


@pytest.mark.parametrize("text", KEPT)
def test_what_a_reader_acts_on_stays(text: str) -> None:
    assert mask(text) == text
