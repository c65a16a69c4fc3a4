"""The texts of the note that are the same in every dossier. French; nothing in them argues."""

from typing import Final

ONE_POINT: Final = (
    "Un seul point de mesure est utilisé : un défaut propre au trajet entre lui et le site, "
    "que les témoins n’auraient pas vu, ne peut être exclu par ces relevés seuls."
)
SEVERAL_POINTS: Final = (
    "Les chiffres sont ceux d’un seul point de mesure. Ce que les autres ont relevé est donné à "
    "chaque indisponibilité : là où aucun autre ne pouvait le dire, un défaut propre au trajet "
    "entre ce point et le site, que les témoins n’auraient pas vu, ne peut être exclu."
)
NO_SCRIPTS: Final = (
    "Un relevé lit la réponse du serveur sans exécuter de script. Un défaut qui n’apparaît que "
    "dans un navigateur peut lui échapper."
)
ONE_BROWSER: Final = (
    "Une page affichée par un navigateur l’est sans réseau propre, sans clic ni saisie, et sans ce "
    "qu’elle demande à d’autres sites : le navigateur d’un visiteur peut montrer autre chose."
)
LIMITS: Final = (
    (
        "Les parties accessibles après connexion ne sont pas relevées : ni le dépôt, ni le suivi "
        "d’une demande, ni l’état d’un compte. Un compte en défaut sur un service qui répond "
        "n’apparaît pas."
    ),
    (
        "Les démarches personnelles du requérant ne sont pas établies : ni ses tentatives, ni sa "
        "saisine du centre de contact citoyen, ni son passage à un point d’accueil numérique."
    ),
    ONE_POINT,
    (
        "L’instant exact du début et de la fin n’est pas connu : seulement les relevés qui les "
        "encadrent."
    ),
    NO_SCRIPTS,
    "Les causes ne sont pas connues : ni panne, ni charge, ni malveillance, ni intention.",
    "Une maintenance annoncée par courriel ou derrière une connexion n’est pas vue.",
    (
        "Un ralentissement imposé à la sonde seule, sans refus, ressemblerait à une lenteur du "
        "service."
    ),
    (
        "Le présent relevé peut éclairer l’appréciation d’une impossibilité technique ; il ne la "
        "qualifie pas. L’attestation du centre de contact citoyen ou de la préfecture reste à "
        "demander : une fiche à envoyer est jointe au dossier."
    ),
)

ONLY_THE_STATE: Final = (
    "les journaux d’accès et d’erreur des serveurs frontaux et applicatifs, pour ces minutes ;",
    "les alertes et mesures de la supervision interne, avec leur intervalle et leurs lacunes ;",
    (
        "les journaux du dispositif de protection (pare-feu applicatif, anti-robot), avec les "
        "identifiants d’incident que les pages ont affichés ;"
    ),
    (
        "les opérations de maintenance et les mises en production, avec leurs heures et leurs "
        "annonces ;"
    ),
    "les signalements reçus par le centre de contact citoyen pour ces heures.",
)

FROM_ONE_PLACE: Final = (
    "Le site n’était lent ou coupé que depuis notre réseau",
    (
        "Non exclu par un point de mesure unique. Les autres pages relevées à la même minute "
        "en donnent un indice."
    ),
    "« À la même heure »",
)
FROM_SEVERAL_PLACES: Final = (
    FROM_ONE_PLACE[0],
    (
        "Écarté là où un autre exploitant, par sa propre ligne, a relevé la même indisponibilité ; "
        "non exclu là où il a vu autre chose, ou rien."
    ),
    "« Vu des autres points de mesure »",
)
# What might explain a failing check, the datum that speaks of it, and where that stands.
DOUBTS: Final = (
    (
        "Notre connexion était en défaut",
        (
            "Écarté quand les témoins, de plusieurs exploitants, répondaient à la même minute ; "
            "sinon le relevé est « indéterminé »."
        ),
        "chaque indisponibilité, « Notre ligne »",
    ),
    (
        "Notre résolveur DNS se trompait",
        "Écarté quand un second résolveur disait de même ; sinon « indéterminé ».",
        "règle appliquée à chaque relevé",
    ),
    (
        "Notre horloge était fausse",
        (
            "Écarté par l’écart mesuré aux serveurs de temps, et par l’heure que le serveur de "
            "l’État a lui-même donnée."
        ),
        "« Notre horloge »",
    ),
    (
        "La sonde a été refusée comme robot",
        (
            "Un refus reconnu est une classe à part, jamais comptée comme indisponibilité. Un "
            "blocage muet ou un ralentissement ne sont pas exclus."
        ),
        "« Accès refusé à la sonde »",
    ),
    FROM_ONE_PLACE,
    (
        "La page répondait « 200 » : elle était donc disponible",
        (
            "Le texte reçu est cité et conservé ; la règle qui a décidé est nommée ; le décompte "
            "« lenient » compte ces réponses comme accessibles."
        ),
        "deux jeux de règles, ci-dessus",
    ),
    (
        "Une maintenance était annoncée",
        "Dit pour chaque indisponibilité ; les chiffres hors maintenance annoncée sont à côté.",
        "« À la même heure », chiffres",
    ),
    (
        "Une autre voie fonctionnait",
        "Les autres pages suivies du même service sont nommées, y compris celles qui répondaient.",
        "« À la même heure »",
    ),
    (
        "Le robot a lui-même causé la charge",
        (
            "Une demande à la fois, espacée, identifiée ; le nombre de relevés de la période est "
            "donné."
        ),
        "journal des relevés",
    ),
    (
        "La période a été choisie",
        (
            "Le choix de la période est celui de qui demande. Sur elle, tout est donné : relevés "
            "conformes, refus et lacunes."
        ),
        "journal des relevés",
    ),
    (
        "Les relevés ont été écrits ou changés après coup",
        (
            "Écarté, pour ce qui précède le point de contrôle, par la signature, l’arbre "
            "d’empreintes, les cosignatures et les horodatages cités."
        ),
        "« Comment vérifier »",
    ),
    (
        "Le serveur a envoyé une fausse réponse",
        "Non exclu : nous gardons ce que nous avons reçu, avec le certificat présenté.",
        "copie conservée",
    ),
    (
        "Le compte du requérant, non le site, était en défaut",
        "Sans réponse : les parties après connexion ne sont pas relevées.",
        "–",
    ),
)

STEPS: Final = (
    (
        "Sur le site du registre, page « Vérifier » : saisir le code imprimé au bas de chaque page "
        "; on y lit l’empreinte des fichiers d’origine, la position au journal et le point de "
        "contrôle."
    ),
    (
        "Avec le lot de preuves (inventaire) : lancer le programme de vérification, qui n’a "
        "besoin ni de nous ni d’internet ; il recalcule les empreintes, la signature et l’arbre, "
        "et liste les indisponibilités que les feuilles établissent."
    ),
    "Avec les données de l’État : comparer chaque minute citée à ses propres journaux.",
)

WHY_ANOTHER_FILE: Final = (
    "Un dépôt par Télérecours peut apposer un filigrane horodaté sur chaque page : le fichier que "
    "l’on rouvre n’a plus la même empreinte que celui d’origine. Rien ne repose donc sur les "
    "octets du fichier déposé : chaque page porte le code du dossier et la position au journal, "
    "qui mènent à l’empreinte et au texte de l’original. L’empreinte SHA-256 est aussi celle "
    "qu’emploient les juridictions pour leurs échanges de fichiers avec les experts."
)

ANSWERS: Final = (
    "Le service concerné peut répondre (droit de réponse) ; la voie est sur la page « Mentions "
    "légales » du site du registre. Une réponse reçue y est montrée avec l’incident."
)
