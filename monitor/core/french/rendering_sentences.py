"""French words for what a browser showed."""

from typing import Final

from monitor.core.model.rendering import RefusalCause, RenderFailure

REFUSALS: Final[dict[RefusalCause, str]] = {
    RefusalCause.THIRD_PARTY: "un autre site que celui de la page",
    RefusalCause.METHOD: "elle enverrait quelque chose",
    RefusalCause.NEEDLESS: "rien n’en est montré",
    RefusalCause.ROBOTS: "le fichier robots.txt demande de ne pas la faire",
    RefusalCause.CLOSED: "la plateforme était en pause, ou nous a refusés",
    RefusalCause.LIMIT: "plus de demandes ou d’octets que nous n’en faisons",
}

RENDER_FAILURES: Final[dict[RenderFailure, str]] = {
    RenderFailure.START: "Le navigateur n’a pas démarré.",
    RenderFailure.BUSY: "La page a occupé le navigateur sans fin : rien n’a pu en être lu.",
    RenderFailure.MEMORY: "La page a demandé plus de mémoire que nous n’en accordons.",
    RenderFailure.GONE: "Le navigateur s’est arrêté en affichant la page.",
    RenderFailure.UNREADABLE: "Le navigateur a envoyé plus que nous ne lisons.",
}

FILES: Final[dict[str, str]] = {
    "console": "erreurs écrites par la page",
    "document": "document, tel que ses scripts l’ont laissé",
    "picture": "image de la fenêtre",
    "text": "texte affiché",
    "tree": "arbre d’accessibilité : ce qu’entend un lecteur d’écran",
}
