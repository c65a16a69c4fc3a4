"""French texts for readers about each transition of a page's text: plain, neutral."""

from collections.abc import Mapping

from monitor.core.changes.page_events import PageEdge

EDGES: Mapping[PageEdge, str] = {
    PageEdge.FIRST: "premier texte relevé",
    PageEdge.CHANGED: "texte modifié",
    PageEdge.RETURNED: "retour à un texte antérieur",
    PageEdge.REPLACED: "texte remplacé",
    PageEdge.UNCONFIRMED: "autre texte vu, non confirmé",
    PageEdge.FLAPPING: "textes en alternance",
    PageEdge.SETTLED: "fin d’une alternance",
    PageEdge.TECHNICAL: "règles de lecture changées",
    PageEdge.REMOVED: "page retirée",
    PageEdge.RESTORED: "page revenue",
    PageEdge.LINK_BROKEN: "lien mort",
    PageEdge.LINK_RESTORED: "lien rétabli",
    PageEdge.LINK_DROPPED: "lien mort retiré",
}

EXPLAINED: Mapping[PageEdge, str] = {
    PageEdge.FIRST: "C’est le premier texte que nous ayons relevé sur cette page. "
    "Nous ne savons pas depuis quand il y était.",
    PageEdge.CHANGED: "Deux relevés s’accordent sur le nouveau texte.",
    PageEdge.RETURNED: "Deux relevés s’accordent sur un texte que la page avait déjà montré.",
    PageEdge.REPLACED: "Le nouveau texte n’a rien en commun avec le précédent. Il n’a été retenu "
    "qu’après de nombreux relevés, car ce pouvait être une page d’erreur.",
    PageEdge.UNCONFIRMED: "Un autre texte a été relevé, puis l’ancien de nouveau. Ce n’est pas "
    "annoncé comme une modification.",
    PageEdge.FLAPPING: "La page montre tour à tour plusieurs textes, sans doute selon le serveur "
    "qui répond. C’est noté une fois ; ces allers et retours ne sont plus annoncés ensuite.",
    PageEdge.SETTLED: "La page montre de nouveau un seul texte, relevé après relevé.",
    PageEdge.TECHNICAL: "Ce sont nos propres règles de lecture qui ont changé. Ce qui diffère "
    "entre les deux textes n’est pas attribué à la page.",
    PageEdge.REMOVED: "Plusieurs relevés s’accordent : le site répond que la page n’existe plus.",
    PageEdge.RESTORED: "La page répond de nouveau.",
    PageEdge.LINK_BROKEN: "La page mène à une adresse que nous surveillons aussi, et plusieurs "
    "relevés de cette adresse s’accordent : elle n’existe plus.",
    PageEdge.LINK_RESTORED: "La page mène à une adresse qui n’existait plus ; plusieurs relevés de "
    "cette adresse s’accordent : elle répond de nouveau.",
    PageEdge.LINK_DROPPED: "Un lien mort n’est plus sur la page, ou son adresse n’est plus "
    "surveillée.",
}
