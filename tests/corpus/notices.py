"""Pages of our own writing, by kind, on both sides of the line: out of service, or only near it.

Each has its answer and why. They are short on purpose: what a page says with few words of its own
is what it is. `framed` puts a notice into the frame of a site; menus and footers say nothing.
"""

import gzip
from dataclasses import dataclass

from monitor.core.model import Reason, Verdict

UP = (Verdict.UP, Reason.OK)
DOWN = (Verdict.DOWN, Reason.ERROR_TEXT)
GONE = (Verdict.DOWN, Reason.GONE)
PARKED = (Verdict.DOWN, Reason.PARKED)
OVERLOADED = (Verdict.DOWN, Reason.OVERLOADED)
NO_PAGE = (Verdict.DOWN, Reason.NOT_A_PAGE)
EMPTY = (Verdict.DOWN, Reason.EMPTY_SHELL)
SHELL = (Verdict.DEGRADED, Reason.EMPTY_SHELL)
MAINTENANCE = (Verdict.MAINTENANCE, Reason.MAINTENANCE_TEXT)
REFUSED = (Verdict.BLOCKED, Reason.WAF)
LIMITED = (Verdict.BLOCKED, Reason.RATE_LIMITED)
LOGIN = (Verdict.BLOCKED, Reason.LOGIN_REQUIRED)
FAILED = (Verdict.DOWN, Reason.HTTP_5XX)

ZIPPED = gzip.compress(bytes(range(256)) * 4)
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One saved answer, and what it is."""

    why: str
    body: str | bytes
    said: tuple[Verdict, Reason]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", HTML),)
    url: str = "https://www.exemple.gouv.fr/demarches/titre-de-sejour"

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else self.body.encode()


def bare(text: str, *, title: str = "Exemple") -> str:
    return f"<!DOCTYPE html><html lang='fr'><title>{title}</title><body>{text}</body></html>"


def framed(text: str, *, title: str = "Préfecture d’Exemple") -> str:
    return bare(
        "<header><a href='/'>Préfecture d’Exemple</a></header><nav><ul>"
        "<li><a href='/demarches'>Démarches</a><li><a href='/publications'>Publications</a>"
        "<li><a href='/actualites'>Actualités</a></ul></nav>"
        f"<main>{text}</main><footer><p>Mentions légales, accessibilité, plan du site, données "
        "personnelles, République française</p><a href='/contact'>Contact</a></footer>",
        title=title,
    )


SCRIPT = "<script src='/a.js'></script>"
META = "<meta http-equiv="
WELCOME = (
    "<p>Bienvenue sur le site des services de l’État dans le département. Vous y trouverez les "
    "démarches, les actualités et les publications de la préfecture, ainsi que les coordonnées "
    "de toutes les sous-préfectures du territoire.</p>"
)


def out(*texts: str) -> list[Notice]:
    """Return pages that say, in few words, that the service is out."""
    made = [bare, framed]
    return [
        Notice(why="it says so", body=made[number % 2](f"<p>{text}</p>"), said=DOWN)
        for number, text in enumerate(texts)
    ]


def each(said: tuple[Verdict, Reason], why: str, *texts: str, status: int = 200) -> list[Notice]:
    made = [bare, framed]
    return [
        Notice(why=why, body=made[number % 2](f"<p>{text}</p>"), said=said, status=status)
        for number, text in enumerate(texts)
    ]


def healthy(*texts: str) -> list[Notice]:
    """Return pages that mention, announce or quote a fault, and work."""
    return each(UP, "it mentions or announces it, and works", *texts)


KINDS: dict[str, list[Notice]] = {
    "service out": out(
        "Le service de vérification des dossiers est momentanément indisponible.",
        "Le téléservice de dépôt des demandes de titre de séjour est momentanément indisponible.",
        "Nos services sont indisponibles pour le moment. Merci de votre compréhension.",
        "Le site est inaccessible.",
        "Votre demande ne peut aboutir.",
        "Portail momentanément fermé",
        "Les démarches en ligne sont interrompues.",
        "La plateforme ne répond pas.",
        "L’application est en panne.",
        "Notre serveur n’a pas pu traiter votre requête.",
        "Le portail est hors ligne.",
        "L’accès au formulaire est coupé depuis ce matin.",
        "Impossible de charger la page demandée.",
        "Une anomalie technique empêche l’affichage de cette page.",
        "Nous rencontrons actuellement des difficultés. Nos équipes travaillent à rétablir le "
        "service.",
        "Oups ! Une erreur technique.",
        "An internal error has occurred.",
        "The service is currently unavailable. Please try again later.",
        "We are unable to process your request at this time.",
        "Something went wrong on our end.",
        "Le délai de réponse du serveur est dépassé.",
        "Nous n’arrivons pas à afficher ce que vous cherchez.",
        "La requête s’est terminée en erreur.",
        "Ce service rencontre un souci.",
        "Indisponible",
        "Suite à un incident chez notre hébergeur, le site n’est pas accessible.",
    ),
    "service out, healthy": healthy(
        "Le service sera indisponible le 12 décembre de 8 h à 12 h.",
        "Si le service est indisponible, appelez le 0 806 001 620.",
        "En cas d’indisponibilité du téléservice, adressez votre demande par courrier.",
        "Signalez-nous une erreur ou un problème technique à l’aide du formulaire de contact.",
        "L’incident de ce matin est résolu : le service fonctionne normalement.",
        "Le guichet est fermé le mercredi. L’accueil du public est suspendu le 24 décembre.",
        "Aucun incident n’est en cours.",
        "Le service sera exceptionnellement fermé le 12 mai.",
        "Nos services seront momentanément interrompus jeudi soir.",
        "Depuis la panne du 3 mars, tous nos services ont été rétablis.",
        "Si l’envoi échoue, vérifiez la taille de vos pièces jointes et réessayez.",
        "Perte ou panne de votre titre électronique : contactez le fabricant de la puce.",
        "Un message « une erreur est survenue » s’affiche ? Videz le cache de votre navigateur.",
        "Que faire quand le site affiche “Service indisponible” ? Attendez dix minutes et "
        "recommencez, puis écrivez-nous.",
        "La préfecture accueille le public du lundi au vendredi, de 8 h 30 à 11 h 30.",
        "Cette démarche n’est pas accessible en ligne : prenez rendez-vous au guichet.",
        "Les dossiers incomplets ne peuvent être traités.",
        "Une opération de maintenance est prévue le 3 mars de 20 h à 23 h.",
    ),
    "a list of what a reader may report": healthy(
        "Décrivez ce que vous avez vu lors de votre démarche : message d’erreur, page "
        "indisponible, compte bloqué.",
        "Choisissez un motif : site inaccessible, erreur technique, mot de passe perdu.",
        "Type de difficulté : connexion impossible, service indisponible, autre.",
        "Pour nous écrire, précisez l’objet : dossier bloqué, plateforme en panne, question.",
        "Motifs possibles : application en panne, lenteur, portail fermé.",
    ),
    # What a visitor fills in need not be an input: a text and a choice are a form as well.
    "a form to report a fault": healthy(
        "Site inaccessible ? Écrivez-nous.</p><form><label>Objet <select><option>Page"
        "</select></label><label>Message <textarea></textarea></label></form><p>",
        "Une erreur technique s’est produite pendant votre démarche</p><form><label>Quand "
        "<select><option>Ce matin</select></label><label>Récit <textarea></textarea></label>"
        "</form><p>",
        "Le service ne répond pas</p><form><label>Quelle page <input name=p></label>"
        "<label>Ce que vous voyez <textarea></textarea></label></form><p>",
        "Application en panne</p><form><label>Laquelle <select><option>Titre de séjour</select>"
        "</label><label>Adresse <input type=email></label></form><p>",
    ),
    "a fault with one field beside it": out(
        "Le service ne répond pas.</p><form><input type=search></form><p>",
        "Une erreur technique s’est produite.</p><form><select><option>Français</select></form><p>",
        "Le site est inaccessible.</p><form><input name=q></form><p>",
        "Application en panne.</p><form><input type=search></form><p>",
    ),
    "help that quotes an error": [
        Notice(
            why="under a hundred words, and the error is quoted",
            said=UP,
            body=framed(
                "<h1>Aide à la connexion</h1><p>Si le message « Une erreur est survenue » apparaît "
                "après la saisie de votre identifiant, vérifiez votre adresse électronique, puis "
                'videz le cache de votre navigateur. Si la page indique "Service temporairement '
                'indisponible", patientez quelques minutes avant de recommencer. Vous pouvez aussi '
                "joindre le centre de contact citoyen du lundi au vendredi.</p>"
            ),
        ),
        *healthy(
            "Le code « erreur 500 » signifie que le serveur a échoué. Écrivez-nous en joignant une "
            "copie d’écran.",
            'Lorsque "Le service est momentanément indisponible" s’affiche, réessayez plus tard.',
            "Vous obtenez l’avertissement « Impossible de charger la page » ? Utilisez un autre "
            "navigateur, puis relancez la démarche depuis l’accueil.",
            "When you see “Something went wrong”, reload the page. Most pages then load.",
        ),
    ],
    "maintenance": each(
        MAINTENANCE,
        "the site says so in place of the service",
        "Le site est fermé pour maintenance du 12 au 14 mars.",
        "Site en maintenance",
        "Nous procédons à la mise à jour de la plateforme.",
        "Une migration de nos serveurs est en cours.",
        "Le portail rouvrira lundi à 8 heures.",
        "Nous déployons actuellement une nouvelle version du téléservice.",
        "Le service est interrompu en raison d’une opération de maintenance.",
        "Intervention technique en cours. Le service sera de nouveau accessible à 18 h.",
        "We are upgrading our systems and will be back shortly.",
    ),
    "maintenance, healthy": healthy(
        "Une maintenance aura lieu dans la nuit du 3 au 4 mars.",
        "Le site sera fermé pour mise à jour le 12 décembre de 8 h à 12 h.",
        "Appel d’offres : contrat de maintenance des ascenseurs de la préfecture.",
        "La mise à jour de la liste des pièces est parue le 2 janvier.",
        "Le guichet rouvrira le 2 janvier.",
        "Des travaux de voirie ont lieu devant la préfecture : entrée par la rue du Port.",
    ),
    "overload": [
        *each(
            OVERLOADED,
            "the service, for everyone",
            "Forte affluence : le service est saturé, revenez plus tard.",
            "Victime de son succès, le site est difficilement accessible. Réessayez plus tard.",
            "Too many connections",
            "Le nombre maximal d’utilisateurs est atteint.",
            "En raison d’un trafic très important, la plateforme est inaccessible.",
            "Trop de visiteurs en ce moment. Merci de revenir dans quelques minutes.",
            "The server is overloaded, please try again later.",
        ),
        *each(
            OVERLOADED,
            "behind a 503",
            "Forte affluence : le service est saturé, revenez plus tard.",
            "Nos serveurs sont surchargés.",
            status=503,
        ),
        *each(
            LIMITED,
            "our address, our requests",
            "Too many requests from your IP address.",
            "Trop de requêtes depuis votre adresse : accès limité.",
            status=429,
        ),
        *healthy(
            "En raison d’une forte affluence au guichet, présentez-vous avant 10 heures.",
            "La fréquentation du musée a doublé en un an.",
            "Réunion publique sur la saturation du réseau ferroviaire, jeudi à 18 h.",
            "Le département a accueilli un nombre important de visiteurs cet été.",
        ),
    ],
    "refused": [
        Notice(
            why="after a welcome",
            body=framed(f"{WELCOME}<p>Accès interdit</p>"),
            said=REFUSED,
        ),
        *each(
            REFUSED,
            "it says so",
            "Accès refusé.",
            "Vous n’êtes pas autorisé à consulter cette page.",
            "L’accès à cette page est interdit.",
            "Access denied.",
        ),
        *healthy(
            "Accès interdit aux véhicules de plus de 3,5 tonnes, rue du Port.",
            "La baignade est interdite. Accès réservé aux piétons.",
        ),
    ],
    "log-in": [
        *each(
            LOGIN,
            "a wall where the list says page",
            "Vous devez vous connecter pour accéder à cette page.",
            "Authentification requise",
            "Please log in to continue.",
        ),
        Notice(
            why="a form alone, at an address that is not one of log-in",
            body=bare("<h1>Identification</h1><form><input name=u><input type=password></form>"),
            said=LOGIN,
        ),
        Notice(
            why="the log-in page itself",
            url="https://www.exemple.gouv.fr/connexion",
            body=bare("<h1>Identification</h1><form><input name=u><input type=password></form>"),
            said=UP,
        ),
        Notice(
            why="a page with a small log-in form beside its text",
            body=framed(WELCOME * 3 + "<form><input name=u><input type=password></form>"),
            said=UP,
        ),
    ],
    "gone": [
        *each(
            GONE,
            "it is no more",
            "Cette démarche en ligne a été close, il n’est plus possible de déposer de dossier.",
            "La page que vous cherchez est introuvable.",
            "Ce contenu a été supprimé.",
            "Le téléservice n’existe plus.",
            "This page has been removed.",
        ),
        *healthy(
            "Page introuvable : que faire quand un lien de notre site ne mène nulle part ? "
            "Écrivez-nous.",
            "Votre passeport a été perdu ou volé ? Déclarez-le en ligne.",
        ),
    ],
    "placeholder": [
        *each(
            DOWN,
            "there is nothing yet",
            "Page en construction",
            "Ce site est en cours de construction.",
            "Notre nouveau portail est bientôt disponible.",
            "This website is under construction.",
        ),
        Notice(why="headline", body=bare("<h1>Bientôt disponible</h1>"), said=DOWN),
        *each(
            PARKED,
            "the host's page, not the site's",
            "Votre hébergement a été activé.",
            "Ce site a été suspendu par son hébergeur.",
            "Ce nom de domaine est enregistré chez un bureau d’enregistrement.",
            "Félicitations, votre domaine est prêt. Remplacez cette page par vos fichiers.",
        ),
        *healthy(
            "Un immeuble est en construction rue du Port : la circulation est alternée.",
            "La construction de la nouvelle préfecture commence en mars.",
            "Les listes électorales sont en cours de révision.",
        ),
    ],
    "no page": [
        Notice(why="gzip and no coding", body=ZIPPED, said=NO_PAGE),
        Notice(why="PHP source", body="<?php\nrequire 'app.php';\necho page();\n", said=NO_PAGE),
        Notice(
            why="a style sheet",
            body="body { margin: 0; }\n.menu { color: red; }\n.a { top: 0; }\n.b { left: 0; }\n",
            said=NO_PAGE,
        ),
        Notice(
            why="a script",
            body="(function(){var a=1;var b=2;if(a){b=3;}return b;})();function c(){return 1;}",
            said=NO_PAGE,
        ),
        Notice(
            why="a download",
            body=framed(WELCOME),
            headers=(("Content-Type", HTML), ("Content-Disposition", "attachment; filename=a")),
            said=NO_PAGE,
        ),
        Notice(
            why="a picture",
            body=b"\x89PNG\r\n\x1a\n" + bytes(200),
            headers=(("Content-Type", "image/png"),),
            said=NO_PAGE,
        ),
        Notice(why="a shell script", body="#!/bin/sh\nexec php-fpm\n", said=NO_PAGE),
        Notice(
            why="a PDF where the list says PDF",
            url="https://www.exemple.gouv.fr/notice.pdf",
            body=b"%PDF-1.7\n\x00\x01\x02\x03\x04\x05\x06\x07\x08" + bytes(range(256)),
            headers=(("Content-Type", "application/pdf"),),
            said=UP,
        ),
        Notice(
            why="text, plainly",
            body="La préfecture est ouverte du lundi au vendredi, de 8 h 30 à 11 h 30.",
            headers=(("Content-Type", "text/plain; charset=utf-8"),),
            said=UP,
        ),
        Notice(
            why="a page that shows code",
            said=UP,
            body=framed(WELCOME + "<pre>body { margin: 0; } .a { top: 0; } .b { left: 0; }</pre>"),
        ),
    ],
    "empty frame": [
        Notice(why="nothing in the middle", body=framed(""), said=EMPTY),
        Notice(why="blanks only", body=framed("<div>  </div>"), said=EMPTY),
        Notice(
            why="role",
            body=framed("").replace("<main></main>", "<div role='main'></div>"),
            said=EMPTY,
        ),
        Notice(
            why="scripts may fill it", body=framed("") + "<script src='/a.js'></script>", said=SHELL
        ),
        Notice(why="a picture", body=framed("<img src='/carte.png' alt=''>"), said=SHELL),
        Notice(why="a text", body=framed(WELCOME), said=UP),
    ],
    "data": [
        Notice(why="success false", body='{"success": false, "data": null}', said=DOWN),
        Notice(why="message", body='{"message": "Service temporairement indisponible"}', said=DOWN),
        Notice(why="code", body='{"code": "INTERNAL_ERROR", "data": null}', said=DOWN),
        Notice(why="status", body='{"status": "error", "reason": "db"}', said=DOWN),
        Notice(why="number", body='{"code": 503}', said=DOWN),
        Notice(why="all is well", body='{"status": "ok", "message": "bonjour"}', said=UP),
        Notice(why="no error", body='{"error": null, "items": [1, 2]}', said=UP),
        Notice(why="success true", body='{"success": true, "errors": [1]}', said=UP),
    ],
    "browser's own errors": each(
        DOWN,
        "a browser's error, saved or proxied, as the page",
        "This page contains the following errors: error on line 2 at column 5: Extra content at "
        "the end of the document",
        "XML Parsing Error: not well-formed",
        "Fatal error: Uncaught PDOException in index.php on line 12",
        "SQLSTATE[HY000] [2002] Connection refused",
        "Erreur d’analyse XML : balise non fermée",
    ),
    "sent elsewhere": [
        Notice(
            why="to another site at once",
            body=framed(WELCOME * 2).replace(
                "<title>",
                "<meta http-equiv=refresh content='0; url=https://autre.exemple/'><title>",
            ),
            said=(Verdict.DEGRADED, Reason.MOVED),
        ),
        Notice(
            why="reloads itself",
            body=framed(WELCOME * 2).replace(
                "<title>", "<meta http-equiv=refresh content=600><title>"
            ),
            said=UP,
        ),
        Notice(
            why="302 without an address, with the page",
            body=framed(WELCOME),
            status=302,
            said=UP,
        ),
        Notice(
            why="302 without an address or a page",
            body="",
            status=302,
            said=(Verdict.DOWN, Reason.INVALID_RESPONSE),
        ),
    ],
    "a filter named by a healthy page": [
        Notice(
            why="link",
            body=framed(WELCOME + "<a href='https://gateway.zscaler.net/'>Lien</a>"),
            said=UP,
        ),
        Notice(
            why="policy",
            body=framed(WELCOME).replace(
                "<title>",
                f"{META}'Content-Security-Policy' content='frame-src *.netsweeper.com'><title>",
            ),
            said=UP,
        ),
        Notice(
            why="data",
            body=framed(f"<div data-partners='block.opendns.com'>{WELCOME}</div>"),
            said=UP,
        ),
        Notice(
            why="the filter itself",
            body=bare("<p>Site blocked by policy.</p><img src='//block.opendns.com/a.png'>"),
            said=(Verdict.UNKNOWN, Reason.LOCAL_FILTER),
        ),
    ],
    "headlines that only look like it": [
        Notice(
            why="hidden",
            body=framed(f"<h2 class='sr-only'>Erreur</h2><h2>Accueil</h2>{WELCOME}"),
            said=UP,
        ),
        Notice(why="a number", body=framed(f"<h1>Résultats</h1><h2>532</h2>{WELCOME}"), said=UP),
        Notice(
            why="a question",
            body=framed(f"<h1>Having trouble with your washer?</h1>{WELCOME}"),
            said=UP,
        ),
        Notice(
            why="a page about 404",
            body=framed(f"<h1>Pourquoi une page 404 s’affiche-t-elle ?</h1>{WELCOME}"),
            said=UP,
        ),
        Notice(why="the error itself", body=framed("<h1>Erreur 500</h1><p>Retour</p>"), said=DOWN),
    ],
}
