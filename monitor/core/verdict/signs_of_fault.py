"""What a short page says of the service, by signs: a subject, a state, an excuse, a reference.

One phrase may stand on a healthy page; two signs of different kinds, on a page that says little
else, hardly do. Each sentence is a bag of words: their order and what stands between do not matter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.core.verdict.problem_lists import lists_problems

ENOUGH = 3  # points of a page that says that the service does not work
FEW_WORDS = 30  # a page with so few words has a point: it says nothing else
_MOST_SENTENCES = 40
_SENTENCE = re.compile(r"[^.!?¦;]{1,300}[.!?¦;]?")
# A dot inside a word, as in the name of a class or of a file, ends no sentence.
_INNER_DOT = re.compile(r"(?<=\w)\.(?=\w)")

# What is only software; a *service* may be a ward, an office or a team.
_SOFTWARE = re.compile(
    r"\b((mini-?)?sites?|web ?sites?|plate-?formes?|platforms?|portails?|portals?|applis?|apps?"
    r"|application|serveurs?|servers?|systemes?|systems?|teleservices?|teleprocedures?|pages?"
    r"|backends?|database|base de donnees|reseau|network|infrastructure|hebergeur|hosting"
    r"|intranet|extranet|ent|logiciel|software|module|rubrique|en ligne|online|numeriques?|api"
    r"|function|internet|upstream|origin|webmail)\b"
)
_SERVICE = re.compile(
    r"\b(services?|demarches?|espaces?|acces|access|connexion|connection|consultation|depot"
    r"|operations?|demandes?|requetes?|requests?|chargement|reponse|response|formulaire|form"
    r"|fonctionnalites?|traitement|authentification|session|affichage|prise de rendez-vous|things"
    r"|quelque chose|something|contenus?|content|outil|tool)\b"
)
_STATE = re.compile(
    r"\b(indisponibles?|inaccessibles?|injoignables?|hors[- ](service|ligne|d'usage)|hs|en panne"
    r"|en derangement|en difficulte|a l'arret|en rade|muette?s?|tombee?s?|plantee?s?|down|offline"
    r"|inoperante?s?|inutilisables?|unavailable|unreachable|crashed|stopped|broken|impossibles?"
    r"|en cours de (retablissement|reparation|restauration|redemarrage)|non chargee?s?|exhausted"
    r"|invalide?s?|inattendue?s?|unexpected|anormale?s?|degradee?s?|refuse (la connexion|l'acces)"
    r"|out of (order|service))\b"
)
# Without it, an event is only a subject of the page.
_OCCURS = re.compile(
    r"\b(nous \w{2,12}ons|notre cote|we're|we are|we have|our (side|end)|us from|survenue?s?"
    r"|intervenue?s?|produite?s?|rencontre\w{0,6}|subit"
    r"|connait|empeche\w{0,6}|affecte\w{0,6}|(en )?cours|suite a|en raison|raison d|cause d"
    r"|occurr?ed"
    r"|encountered|happened|went|victime|fait l'objet|prive|renvoie|signale)\b"
)
# True of offices and procedures as well: they count only for software.
_ENDED = re.compile(
    r"\b(fermee?s?|interrompue?s?|suspendue?s?|coupee?s?|arretee?s?|perturbee?s?|bloquee?s?"
    r"|desactivee?s?|closed|suspended|interrupted|disabled|engorgee?s?|surchargee?s?)\b"
)
_EVENT = re.compile(
    r"\b(erreurs?|errors?|pannes?|incidents?|anomalies?|dysfonctionnements?|defaillances?|avaries?"
    r"|exceptions?|failures?|outages?|faults?|glitch(es)?|echecs?|echouee?s?|echoue|failed"
    r"|ruptures?"
    r"|problemes?|problems?|issues?|soucis?|troubles?|bugs?|bogues?|hiccups?|cyberattaques?"
    r"|attaques?|coupures?|interruptions?|deni de service|difficultes?|perturbations?)\b"
)
_FAILS = re.compile(
    r"\b(ne (se |s'|nous |vous )?(\w{1,16} ){0,2}|n'|s')(repond|fonctionne|marche|charge|affiche"
    r"|demarre"
    r"|aboutit|parvien|arriv|peu[tv]|pouvons|a pas pu|a pu|ont pas pu|ont pu)\w{0,6}\b"
    r"|\bn'(est|sont) (pas|plus) (\w{2,16} ){0,3}(disponib|accessib|joignab|operationn|consultab"
    r"|en mesure|garanti|en service|fonctionnel|utilisab|lisib|charge|affiche)\w{0,6}"
    r"|\b(is|are|was|were|do|does|did|can|could)(n't| not) (be |seem to be )?(work|load|contact"
    r"|show|respond"
    r"|connect|reach|display|open|complet|process|available|accessible|get to|serve)\w{0,5}"
    r"|\b(cannot|unable to|failed to) (be |\w{1,12}ly )?(load|connect|reach|display|process|show"
    r"|open|retriev|complet|resolve|get|read|serve|handle|contact)\w{0,4}|\bno (available"
    r"|healthy) (server|upstream|backend)\b"
    r"|\b(delai|temps)[^.]{0,12} (depasse|expire|ecoule)|\btimed? ?-?out\b|\b(no"
    r"|not) longer working"
    r"|\bimpossible d(e |')\w{1,20}"
)
_LEFTOVER = re.compile(
    r"\b\w{3,60}(exception|error)\b ?(:|$)|\b(parse|syntax|fatal|compilation|runtime|internal"
    r"|server)"
    r" error\b|\bon line \d|\.(php|java|py|rb|aspx?|jsp|cs):?\d{0,5}\b|/(var|home|srv|usr)/\w"
    r"|\b0x[0-9a-f]{6,8}"
    r"|\bmemory size of\b|\bsqlstate\b|\bora-\d{5}|\bstack ?trace|\btraceback\b|\bupstream\b"
    r"|\bbad gateway\b|\bgateway time|\bnested exception|\bvarnish\b|\bbackend\b"
    r"|\b(error|erreur|http|status) (code )?:?[ #]?([45]\d\d|\d{4,6})\b|\b[45]\d\d -? ?(error"
    r"|erreur)"
    r"|\berr_\w{3,40}\b|\b\w{3,30}_failed\b"
)
_EXCUSE = re.compile(
    r"\b(excuse[rsz]?|desolee?s?|navree?s?|sorry|apologi[sz]e|apologies|gene occasionnee"
    r"|desagrements?"
    r"|inconvenience|(votre|your) (patience|comprehension|understanding)|bear with us|oups|oops"
    r"|whoops"
    r"|reessaye[rz]|reessai|(renouvele|recommence|retente|recharge|actualise)[rz]|ulterieurement"
    r"|plus tard|try again|later|back (soon|shortly)|revenez|retour a la normale)\b"
)
_NOW = re.compile(
    r"\b(momentanement|temporairement|actuellement|provisoirement|en ce moment|pour (le moment"
    r"|l'instant)|a cette heure|jusqu'a nouvel ordre|currently|temporarily|right now|at (the|this)"
    r" (moment|time)|depuis \d\d? ?h|ce matin|this morning)\b"
)
_CARE = re.compile(
    r"\b(retabli(r|ssement)|remettre|reparer|reparation|resoudre|resolution|informaticiens?"
    r"|techniciens?"
    r"|(nos|notre|our) (equipes?|teams?)|engineers?|staff|administrat(eur|or)s?|webm(aste|est)re?s?"
    r"|working (on|to)|looking into|repair|fix|restore|been notified|plus brefs delais|au plus vite"
    r"|s'emploient|hebergeur)\b"
)
_REFERENCE = re.compile(
    r"\b(ref(erence)?\.?|incident|request|ticket|trace|ray|support|correlation|identifiant|code"
    r"|xid)"
    r"( technique| id| d'incident| d'erreur)?[ :#]{1,3}[a-z_-]{0,8}\d[\w-]{2,40}"
)
# An event that the reader has, handles or looks for is none of the service's.
_READERS = re.compile(
    r"\bvous (?!demand|souhait|cherch|tent|essay|consult)\w{3,12}ez\b|\bvictimes?\b"
)
# A sentence that supposes, announces, denies, reports what is over, or speaks of something else.
_OTHERWISE = re.compile(
    r"\b(si|s'ils?|en cas d[e']|lorsqu[e']|quand|if|when(ever)?|in case|unless|sera|seront|sauf"
    r"|will"
    r"|would|may|might|pourra|prevue?s?|planifiee?s?|scheduled|planned|aucune?|without|sans|never"
    r"|jamais|any|zero|signaler|signalez|report(ing|er)?|comment|how|pourquoi|why|que faire"
    r"|exemples?"
    r"|signifie|means|resol(u|us|ved)|retabli(e|s|es)?|restored|operationn\w{1,12}|operational"
    r"|normalement|responsab\w{1,8}|liable|contestez|rectif\w{1,12}|etude|study|recherche|recrute"
    r"|declarez"
    r"|(le|les|chaque|on) (lun|mar|mercre|jeu|vendre|same)dis?|(le|les|chaque) dimanches?"
    r"|(le|du|au|until|on) \d{1,2}(er)? (jan|fev|feb|mar|av|apr|mai|may|ju|jui|aou|aug|sep|oct"
    r"|nov|dec)\w{1,8}"
    r"|build|votre (photo|carte|paiement|permis|titre|passeport|visa|dossier|fichier|mot|compte"
    r"|vehicule)"
    r"|your (photo|card|payment|file|password|browser|account|item)|javascript|cookies"
    r"|navigateur)\b"
)
_ELSEWHERE = re.compile(
    r"\b(guichets?|accueil|standard|telephon\w{0,6}|bureaux?|mairies?|musees?|piscines?|rue|routes?"
    r"|bibliotheques?|pont|parking|gare|ecoles?|magasin|store|office|ascenseur|dechetterie|station"
    r"|modeles?|produits?|ouvrages?|livres?|medicaments?|creneaux?|lits?|trains?|bus|trams?"
    r"|metro|eau"
    r"|electricite|voitures?|vehicules?|item|product|stock|urgences|pediatrie|visites?|collecte"
    r"|public"
    r"|seances?|cotation|road|chasse|inscriptions?|concours|session est|travaux|greve"
    r"|appliances?)\b"
)


@dataclass(frozen=True, slots=True)
class Signs:
    """Points of a page, and the pieces of its text that gave them."""

    points: int
    pieces: tuple[str, ...]


def signs_of(own_text: str, own_words: int) -> Signs:
    """Weigh the folded own words of a page, a sentence at a time.

    A sentence that says what the service suffers has one or two points. Excuses, the moment, who
    takes care of it and a reference have one each, once a page, and only beside such a sentence.
    """
    points, pieces, closed = 0, [], True  # what is closed or suspended may be an office
    beside: dict[str, str] = {}
    for sentence in _sentences(own_text):
        if statement := _statement(sentence):
            points = max(points, statement[0])
            pieces.append(statement[1])
            closed = closed and bool(_ENDED.search(statement[1]))
        for name, pattern in (
            ("excuse", _EXCUSE),
            ("now", _NOW),
            ("care", _CARE),
            ("reference", _REFERENCE),
        ):
            if match := pattern.search(sentence):
                beside.setdefault(name, match[0])
    if not points:
        return Signs(0, ())
    points += len(beside) + int(own_words <= FEW_WORDS and (bool(beside) or not closed))
    return Signs(points, tuple(dict.fromkeys((*pieces, *beside.values()))))


def _sentences(text: str) -> Iterator[str]:
    """Give the sentences that state something, without those that ask."""
    for number, match in enumerate(_SENTENCE.finditer(_INNER_DOT.sub("․", text))):
        if number == _MOST_SENTENCES:
            return
        sentence = match[0].replace("․", ".").strip()
        if not sentence.endswith("?") and "«" not in sentence and '"' not in sentence:
            yield sentence


def _statement(sentence: str) -> tuple[int, str] | None:
    """Return the points of a sentence, and its piece that gave most of them."""
    if leftover := _LEFTOVER.search(sentence):
        return 2, leftover[0]
    if _OTHERWISE.search(sentence) or _ELSEWHERE.search(sentence) or lists_problems(sentence):
        return None
    software = _SOFTWARE.search(sentence)
    subject = software or _SERVICE.search(sentence)
    state = _STATE.search(sentence) or (_ENDED.search(sentence) if software else None)
    suffers = state or _FAILS.search(sentence)
    event = None if _READERS.search(sentence) else _EVENT.search(sentence)
    if suffers and subject:
        return 2, f"{subject[0]} … {suffers[0]}"
    if event and _OCCURS.search(sentence):
        return 2, event[0]
    weak = event or suffers
    return (1, weak[0]) if weak else None
