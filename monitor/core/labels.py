"""What a reader sees beside the sentences of `words`: shapes, causes of gaps, natures."""

from typing import Final

from monitor.core.types import GapCause, Nature, Verdict

# A shape goes with each word, so that no state is told by its colour.
SHAPES: Final[dict[Verdict, str]] = {
    Verdict.UP: "●",
    Verdict.DEGRADED: "◐",
    Verdict.DOWN: "✖",
    Verdict.MAINTENANCE: "◇",
    Verdict.BLOCKED: "⊘",
    Verdict.UNKNOWN: "?",
}

GAPS: Final[dict[GapCause, str]] = {
    GapCause.STOPPED: "le service de surveillance était arrêté",
    GapCause.OVERRUN: "le relevé précédent n'était pas terminé",
    GapCause.PAUSED: "la surveillance était suspendue par l'opérateur",
    GapCause.REFUSED: "attente après un refus du site",
    GapCause.ROBOTS: "le fichier robots.txt du site demande de ne pas relever la page",
    GapCause.CRAWL_DELAY: "le fichier robots.txt du site demande un délai trop long",
    GapCause.FAULT: "une erreur de notre propre programme a empêché le relevé",
    GapCause.UNIDENTIFIED: "aucun site n’est interrogé tant que le robot n’a pas d’identité",
}

NATURES: Final[dict[Nature, str]] = {
    Nature.DOWN: "indisponibilité",
    Nature.MAINTENANCE: "maintenance",
}
