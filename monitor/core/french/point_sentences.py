"""What several points say, in words. Pure."""

from typing import Final

from monitor.core.french.formatting import count
from monitor.core.french.sentences import VERDICTS
from monitor.core.model import Verdict
from monitor.core.outages.worst import BY_GRAVITY
from monitor.core.points.combine import Agreement, Blindness, CommonWord

BLIND: Final[dict[Blindness, str]] = {
    Blindness.UNHEARD: "n’est plus écouté : son journal est en faute",
    Blindness.ABSENT: "ne suit pas cette page",
    Blindness.SILENT: "muet : pas de relevé récent",
    Blindness.AHEAD: "son dernier relevé est d’une heure qui n’est pas encore venue",
    Blindness.LINE: "ne sait pas : sa propre ligne était en défaut",
    Blindness.DOUBT: "un relevé vient d’y échouer, ce n’est pas confirmé",
    Blindness.UNKNOWN: "indéterminé",
}


def common_word(word: CommonWord) -> str:
    """Return "indisponible vu de 1 point sur 3, accessible de 1, inconnu de 1"."""
    if word.verdict is not None and word.agreement is Agreement.ALONE:
        (only,) = word.words
        return f"{VERDICTS[word.verdict]}, vu d’un seul point de mesure ({only.point})"
    total = len(word.words)
    if word.agreement is Agreement.NONE or not word.words:
        return f"indéterminé : aucun des {total} points de mesure ne peut le dire"
    if word.verdict is not None and word.agreement is Agreement.ALL:
        saying = word.counts[word.verdict]
        operators = {one.operator for one in word.words if one.verdict is word.verdict}
        return (
            f"{VERDICTS[word.verdict]} pour tous les points qui peuvent le dire : {saying} sur"
            f" {total}, de {count(len(operators), 'exploitant')}"
        )
    counts = word.counts
    known = [one for one in reversed(BY_GRAVITY) if one in counts and one is not Verdict.UNKNOWN]
    first, *others = known
    text = f"{VERDICTS[first]} vu de {count(counts[first], 'point')} sur {total}"
    for verdict in others:
        text += f", {VERDICTS[verdict]} de {counts[verdict]}"
    if counts[Verdict.UNKNOWN]:
        text += f", inconnu de {counts[Verdict.UNKNOWN]}"
    return text
