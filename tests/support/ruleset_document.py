"""The tables of docs/regles-de-comptage.md, made of the ruleset files.

`python -m tests.support.ruleset_document` writes them again in the document.
"""

import re

from monitor.core.french.sentences import VERDICTS
from monitor.core.verdict.rulesets import Line, Ruleset, WithOwn
from tests.support.documented import ROOT
from tests.support.shipped_rulesets import SHIPPED

DOCUMENT = ROOT / "docs" / "regles-de-comptage.md"
_BETWEEN = re.compile(r"(\[//\]: # \((strict|lenient)\)\n).*?(\[//\]: # \(fin\)\n)", re.DOTALL)
_NBSP = "\N{NO-BREAK SPACE}"
_WITH_OWN = {
    WithOwn.HARDEST: "le plus exigeant de celui-ci et de la règle propre à la cible",
    WithOwn.EASIEST: "le moins exigeant de celui-ci et de la règle propre à la cible",
    WithOwn.ALONE: "celui-ci, quelle que soit la règle propre à la cible",
}


def tables(ruleset: Ruleset) -> str:
    """Write a ruleset: its lines in order, then what makes an outage."""
    rows = ["| relevé | à condition | compté | pourquoi |", "|---|---|---|---|"]
    rows += [_row(line) for line in ruleset.lines]
    it = ruleset.confirmation
    unconfirmed = VERDICTS[it.unconfirmed] if it.unconfirmed else "selon sa ligne"
    thresholds = (
        f"Seuils : {_WITH_OWN[it.with_own]}. Début d’une indisponibilité : {it.failures} échecs "
        f"sur {it.failing_s} s au moins, sans {it.silence_s} s de silence entre deux. Fin : bonnes "
        f"réponses, {it.successes} au moins, sur {it.recovering_s} s au moins. Échec non "
        f"confirmé : compté {unconfirmed}. Pourquoi : {it.why}."
    )
    head = f"**{ruleset.name}** (`{ruleset.slug}`, version {ruleset.version}). {ruleset.summary}"
    text = [head, "", *rows, "", thresholds]
    return _spaced("\n".join(text)) + "\n"


def _row(line: Line) -> str:
    conditions = [
        f"raison {', '.join(f'`{reason}`' for reason in sorted(line.reasons))}"
        if line.reasons
        else "",
        f"règle {', '.join(f'`{rule}`' for rule in sorted(line.rules))}" if line.rules else "",
        f"statut {', '.join(map(_status, sorted(line.statuses)))}" if line.statuses else "",
        f"plus de {line.over_s:g} s" if line.over_s is not None else "",
        "témoins de la même famille" if line.vouched or line.over_s is not None else "",
        {True: "maintenance annoncée", False: "aucune annonce", None: ""}[line.announced],
    ]
    said = " ; ".join(filter(None, conditions)) or "tout le reste"
    return f"| {VERDICTS[line.verdict]} | {said} | **{VERDICTS[line.counts_as]}** | {line.why} |"


def _status(status: int) -> str:
    return f"{status}xx" if status < 10 else str(status)


def _spaced(text: str) -> str:
    """Put no-break spaces where French wants them."""
    text = re.sub(r" (?=[:;?!»])", _NBSP, text)
    return re.sub(r"« ", f"«{_NBSP}", text)


def rewritten(text: str) -> str:
    """Return the document with its tables made again."""
    return _BETWEEN.sub(
        lambda part: part[1] + "\n" + tables(SHIPPED[part[2]]) + "\n" + part[3], text
    )


if __name__ == "__main__":
    DOCUMENT.write_text(rewritten(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
