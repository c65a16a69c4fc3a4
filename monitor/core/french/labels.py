"""French labels for readers, besides the sentences of `sentences`."""

from typing import Final

from monitor.core.model import ControlStatus, Family, GapCause, Nature, Phase

GAPS: Final[dict[GapCause, str]] = {
    GapCause.STOPPED: "le service de surveillance était arrêté",
    GapCause.OVERRUN: "le relevé précédent n’était pas terminé",
    GapCause.PAUSED: "la surveillance était suspendue par l’opérateur",
    GapCause.REFUSED: "attente après un refus du site",
    GapCause.ROBOTS: "le fichier robots.txt du site demande de ne pas relever la page",
    GapCause.CRAWL_DELAY: "le fichier robots.txt du site demande un délai trop long",
    GapCause.FAULT: "une erreur de notre propre programme a empêché le relevé",
    GapCause.NO_BROWSER: "cette page se lit à l’écran, et la sonde n’a pas de navigateur",
    GapCause.UNIDENTIFIED: "aucun site n’est interrogé tant que le robot n’a pas d’identité",
}

NATURES: Final[dict[Nature, str]] = {
    Nature.DOWN: "indisponibilité",
    Nature.MAINTENANCE: "maintenance",
}

FAMILIES: Final[dict[Family, str]] = {Family.IPV4: "IPv4", Family.IPV6: "IPv6"}

PHASES: Final[dict[Phase, str]] = {
    Phase.RESOLVE: "Résolution du nom",
    Phase.CONNECT: "Connexion TCP",
    Phase.TLS: "Négociation TLS",
    Phase.PROCESSING: "Attente du premier octet de la réponse",
    Phase.TRANSFER: "Réception de la réponse",
}

# The status of a control host over one address family.
CONTROL_STATUSES: Final[dict[ControlStatus, str]] = {
    ControlStatus.PROMPT: "a répondu",
    ControlStatus.LATE: "a répondu tard",
    ControlStatus.SILENT: "muet",
    ControlStatus.FAILED: "en défaut",
    ControlStatus.LOST: "muet comme tous les autres depuis dix minutes",
    ControlStatus.ABSENT: "sans adresse, ou sans route",
}
