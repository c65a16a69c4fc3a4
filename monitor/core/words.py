"""What a reader is told of each verdict, reason and gap: French, plain, neutral.

A reason is said of one check. It never says whose fault it is, nor more than was seen.
"""

from collections.abc import Mapping

from monitor.core.types import Edge, GapCause, Nature, Phase, Reason, Verdict

VERDICTS: Mapping[Verdict, str] = {
    Verdict.UP: "disponible",
    Verdict.DEGRADED: "dégradé",
    Verdict.DOWN: "indisponible",
    Verdict.MAINTENANCE: "en maintenance",
    Verdict.BLOCKED: "accès refusé à la sonde",
    Verdict.UNKNOWN: "indéterminé",
}

# A shape goes with each word, so that no state is told by its colour.
SHAPES: Mapping[Verdict, str] = {
    Verdict.UP: "●",
    Verdict.DEGRADED: "◐",
    Verdict.DOWN: "✖",
    Verdict.MAINTENANCE: "◇",
    Verdict.BLOCKED: "⊘",
    Verdict.UNKNOWN: "?",
}

REASONS: Mapping[Reason, str] = {
    Reason.DNS_NXDOMAIN: "le nom du site n’existe pas",
    Reason.DNS_NO_ANSWER: "le nom du site n’a pas d’adresse",
    Reason.DNS_SERVFAIL: "les serveurs de noms du site sont en erreur",
    Reason.DNS_REFUSED: "le serveur de noms a refusé la question",
    Reason.DNS_BOGON: "le nom du site mène à une adresse privée",
    Reason.CONNECTION_REFUSED: "connexion refusée",
    Reason.CONNECTION_RESET: "connexion coupée",
    Reason.HOST_UNREACHABLE: "serveur injoignable",
    Reason.NETWORK_UNREACHABLE: "réseau injoignable",
    Reason.EOF: "connexion fermée sans réponse",
    Reason.TIMEOUT: "pas de réponse dans le délai",
    Reason.SSL_INVALID_CERTIFICATE: "certificat expiré ou non valable",
    Reason.SSL_INVALID_HOSTNAME: "certificat établi pour un autre nom",
    Reason.SSL_UNKNOWN_AUTHORITY: "certificat d’une autorité inconnue",
    Reason.SSL_FAILED_HANDSHAKE: "connexion sécurisée impossible",
    Reason.UNKNOWN_FAILURE: "échec d’espèce inconnue",
    Reason.DEADLINE: "réponse inachevée dans le délai",
    Reason.TRUNCATED: "réponse interrompue",
    Reason.TOO_LARGE: "réponse plus longue que notre limite",
    Reason.INVALID_RESPONSE: "réponse mal formée",
    Reason.INVALID_ENCODING: "réponse mal encodée",
    Reason.REDIRECT_LOOP: "redirections sans fin",
    Reason.REDIRECT_REFUSED: "redirection impossible à suivre",
    Reason.OK: "réponse conforme",
    Reason.MOVED: "page déplacée",
    Reason.SLOW: "réponse lente",
    Reason.TLS_CHAIN_INCOMPLETE: "certificat intermédiaire non fourni par le serveur",
    Reason.ASSET_MISSING: "un fichier nécessaire à la page manque",
    Reason.SIGN_OF_LIFE_MISSING: "le service derrière la page ne répond pas",
    Reason.MARKER_MISSING: "le contenu attendu n’est pas dans la page",
    Reason.EMPTY_SHELL: "page vide",
    Reason.ERROR_TEXT: "la page affiche une erreur",
    Reason.HTTP_4XX: "le serveur répond par une erreur (4xx)",
    Reason.HTTP_5XX: "le serveur répond par une erreur (5xx)",
    Reason.GONE: "la page n’existe plus à cette adresse",
    Reason.PARKED: "le nom du site mène à une page étrangère au service",
    Reason.MAINTENANCE_TEXT: "le site affiche une page de maintenance",
    Reason.WAF: "le pare-feu du site a refusé la sonde",
    Reason.CAPTCHA: "le site demande un captcha",
    Reason.RATE_LIMITED: "le site limite le nombre de demandes",
    Reason.LOGIN_REQUIRED: "le site demande une identification",
    Reason.ROBOTS: "le fichier robots.txt du site demande de ne pas consulter cette page",
    Reason.LOCAL_NETWORK: "notre propre connexion ne fonctionnait pas",
    Reason.LOCAL_FILTER: "réponse donnée par un filtre de notre côté",
    Reason.CLOCK: "notre horloge n’était pas à l’heure",
}

GAPS: Mapping[GapCause, str] = {
    GapCause.STOPPED: "le service de surveillance était arrêté",
    GapCause.OVERRUN: "le relevé précédent n’était pas terminé",
    GapCause.PAUSED: "la surveillance était suspendue par l’opérateur",
    GapCause.REFUSED: "attente après un refus du site",
    GapCause.ROBOTS: "le fichier robots.txt du site demande de ne pas consulter la page",
}

NATURES: Mapping[Nature, str] = {
    Nature.DOWN: "indisponibilité",
    Nature.MAINTENANCE: "maintenance",
}

EDGES: Mapping[Edge, str] = {
    Edge.OUTAGE_OPENED: "indisponibilité confirmée",
    Edge.OUTAGE_CLOSED: "rétablissement confirmé",
    Edge.BLIP: "échec non confirmé",
}

PHASES: Mapping[Phase, str] = {
    Phase.RESOLVE: "résolution du nom",
    Phase.CONNECT: "connexion",
    Phase.TLS: "connexion sécurisée",
    Phase.PROCESSING: "attente de la réponse",
    Phase.TRANSFER: "réception de la réponse",
}
