"""The marks' file: what is refused, all at once, and what is made of what is right."""

from pathlib import Path

import pytest

from monitor.config.files.fingerprint_file import load_fingerprints
from monitor.core.model import Confidence, Reason, Verdict
from monitor.core.verdict.fingerprints import MarkPlace

GOOD = """
[[fingerprint]]
id = "essai"
verdict = "blocked"
reason = "waf"
where = "opening"
texts = ["Accès  REFUSÉ"]
source_of = "ici"
confidence = "yes"
"""


def problems(folder: Path, text: str) -> list[str]:
    path = folder / "fingerprints.toml"
    path.write_text(text, encoding="utf-8")
    return [str(problem) for problem in load_fingerprints(path)[1]]


def test_a_mark_is_read_with_its_texts_folded(tmp_path: Path) -> None:
    path = tmp_path / "fingerprints.toml"
    path.write_text(GOOD + "statuses = [4, 503]\nregexes = ['^a{1,3}']\n", encoding="utf-8")

    (mark,), faults = load_fingerprints(path)

    assert faults == ()
    assert mark.texts == ("acces refuse",)
    assert (mark.verdict, mark.reason, mark.where) == (
        Verdict.BLOCKED,
        Reason.WAF,
        MarkPlace.OPENING,
    )
    assert (mark.words_max, mark.source, mark.confidence) == (150, "ici", Confidence.YES)
    assert [mark.applies_to(s) for s in (200, 403, 503, 500)] == [False, True, True, False]
    assert mark.patterns[0].pattern == "^a{1,3}"


def test_texts_of_the_markup_are_only_put_in_lower_case(tmp_path: Path) -> None:
    path = tmp_path / "fingerprints.toml"
    path.write_text(GOOD.replace('"opening"', '"source"'), encoding="utf-8")

    assert load_fingerprints(path)[0][0].texts == ("accès  refusé",)


KEYS = (
    "id, verdict, reason, where, texts, regexes, also, unless, header, statuses, words_max, "
    "source_of, confidence"
)
BAD = [
    ('id = "essai"', "", 'id: "": clé absente: l’ajouter'),
    (
        'id = "essai"',
        'id = "Essai"',
        'id: "Essai": identifiant mal écrit: minuscules, chiffres et tirets',
    ),
    ('id = "essai"', "id = 3", "id: 3: mauvais type: écrire un texte"),
    ('id = "essai"', 'id = " "', 'id: " ": texte vide: l’écrire, ou retirer la clé'),
    ('id = "essai"', 'id = "essai"\nplus = 1', f"plus: 1: clé inconnue: clés connues : {KEYS}"),
    (
        '"blocked"',
        '"up"',
        (
            'verdict: "up": une empreinte ne peut rendre ce verdict: un de : '
            "unknown, blocked, maintenance, down"
        ),
    ),
    (
        '"waf"',
        '"gone"',
        (
            'reason: "gone": motif étranger au verdict blocked: un de : '
            "captcha, login_required, rate_limited, waf"
        ),
    ),
    (
        '"opening"',
        '"body"',
        (
            'where: "body": mot inconnu: un de : headline, opening, own, text, source, scripts, '
            "header, url"
        ),
    ),
    ('"yes"', '"sûr"', 'confidence: "sûr": mot inconnu: un de : live, yes, no, from-memory'),
    (
        'texts = ["Accès  REFUSÉ"]',
        "",
        'texts: "": ni texts ni regexes: écrire au moins l’un des deux',
    ),
    (
        '"Accès  REFUSÉ"',
        '"ab"',
        (
            'texts: "ab": texte trop court, trop long ou d’un autre type: '
            "un texte de 3 à 200 caractères"
        ),
    ),
    (
        'texts = ["Accès  REFUSÉ"]',
        "regexes = ['(a+)+$']",
        (
            'regexes: "(a+)+$": répétition sans '
            "borne, ou au-delà de 1000: borner chaque répétition, par exemple {0,80}"
        ),
    ),
    (
        'texts = ["Accès  REFUSÉ"]',
        "regexes = ['(']",
        (
            'regexes: "(": expression qui ne se compile pas '
            "(missing ), unterminated subpattern at position 0): "
            "borner chaque répétition, par exemple {0,80}"
        ),
    ),
    (
        '"yes"',
        '"yes"\nstatuses = [600, 7]',
        "statuses: 7: statut HTTP inconnu: une classe (2 à 5) ou un statut (200 à 999)",
    ),
    ('"yes"', '"yes"\nwords_max = 9999', "words_max: 9999: hors bornes: de 0 à 2000"),
    (
        '"opening"',
        '"header"',
        (
            'header: "": clé mal placée: header = "nom-en-minuscules" avec '
            'where = "header", et seulement alors'
        ),
    ),
]


@pytest.mark.parametrize(("before", "after", "said"), BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_said_with_its_place_and_its_cure(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    assert [f"fingerprints.toml: fingerprint[1].{said}"] == problems(
        tmp_path, GOOD.replace(before, after)
    )


def test_everything_wrong_is_said_at_once_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "fingerprints.toml"
    bad = GOOD.replace('"waf"', '"gone"').replace('"yes"', '"sûr"').replace("essai", "autre")
    path.write_text(f"version = 1\n{GOOD}{bad}{GOOD}", encoding="utf-8")

    marks, faults = load_fingerprints(path)

    assert [mark.id for mark in marks] == ["essai"]
    assert [problem.key for problem in faults] == [
        "version",
        "fingerprint[2].confidence",
        "fingerprint[2].reason",
        "fingerprint[3].id",
    ]


@pytest.mark.parametrize("text", ["fingerprint = 3", "fingerprint = [3]", "fingerprint = {a = 1}"])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    marks, faults = load_fingerprints(tmp_path / "fingerprints.toml")

    assert marks == ()
    assert len(faults) == 1
