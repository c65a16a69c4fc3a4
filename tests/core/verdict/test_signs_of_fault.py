"""A short page is out of service by two signs of different kinds, never by one word."""

import pytest

from monitor.core.model import Reason, Verdict
from monitor.core.verdict.classify import classify_saved
from monitor.core.verdict.signs_of_fault import ENOUGH, signs_of
from tests.corpus.notices import bare, framed
from tests.support.shipped_config import SHIPPED

FINGERPRINTS = SHIPPED.fingerprints
OUT = (
    "Prise de rendez-vous en ligne HS. Appelez le secrétariat.",
    "Votre session ne peut être ouverte : le serveur d’authentification est muet.",
    "Site en cours de rétablissement. Merci de votre patience.",
    "L’application a rencontré une condition inattendue. Veuillez contacter l’administrateur.",
    "Veuillez nous excuser, cette rubrique ne s’affiche pas correctement.",
    "Opération indisponible. Réf. incident 88-1204.",
    "Parse error: syntax error, unexpected end of file in index.php on line 12",
    "Things aren’t working as they should. Please bear with us.",
    "no available server",
    "This form isn’t loading right now.",
)
WELL = (
    "Le dépôt sur papier n’est plus possible. Renouvelez votre titre en ligne.",
    "Ce formulaire n’est plus à fournir depuis 2024.",
    "Technicien informatique : vous résolvez les incidents et les pannes des serveurs.",
    "SOS Panne : dépannage informatique à domicile, devis gratuit.",
    "Vous rencontrez un problème technique sur le site ? Écrivez à l’assistance.",
    "Le service de pédiatrie est fermé au mois d’août. Adressez-vous au CHU.",
    "Nos lignes téléphoniques sont perturbées. Écrivez-nous via le formulaire.",
    "L’accès aux massifs est temporairement interdit en raison du risque d’incendie.",
    "Le château est inaccessible aux fauteuils.",
    "L’accès à la zone est restreint aux riverains.",
    "Late applications are refused. The form closes on Friday.",
    "We keep logs for 12 months to investigate incidents.",
)


def judged(body: str) -> tuple[Verdict, Reason]:
    judgement = classify_saved(
        status=200,
        headers=(("Content-Type", "text/html; charset=utf-8"),),
        body=body.encode(),
        url="https://www.exemple.gouv.fr/demarches",
        controls_failed=False,
        fingerprints=FINGERPRINTS,
    )
    return judgement.verdict, judgement.reason


@pytest.mark.parametrize("text", OUT)
def test_a_page_that_says_that_it_fails_is_down(text: str) -> None:
    assert judged(bare(f"<p>{text}</p>")) == (Verdict.DOWN, Reason.ERROR_TEXT)
    assert judged(framed(f"<p>{text}</p>")) == (Verdict.DOWN, Reason.ERROR_TEXT)


@pytest.mark.parametrize("text", WELL)
def test_a_page_that_speaks_of_something_else_is_up(text: str) -> None:
    assert judged(bare(f"<p>{text}</p>")) == (Verdict.UP, Reason.OK)
    assert judged(framed(f"<p>{text}</p>")) == (Verdict.UP, Reason.OK)


@pytest.mark.parametrize("text", OUT)
def test_the_same_words_on_a_long_page_decide_nothing(text: str) -> None:
    welcome = "<p>Les pièces à joindre à la demande de titre sont listées ci-dessous.</p>" * 30
    assert judged(framed(f"{welcome}<p>{text}</p>"))[0] is Verdict.UP


def test_excuses_alone_are_no_statement() -> None:
    assert signs_of("merci de votre patience, revenez plus tard. sorry!", 8, others=1).points == 0


def test_each_kind_of_sign_counts_once() -> None:
    once = signs_of("le site est en panne. desole.", 60, others=1)
    twice = signs_of("le site est en panne. desole. desole. sorry.", 60, others=1)
    assert once.points == twice.points == ENOUGH
