"""The words of notices, and of what is none: French and English, folded."""

import re

# What is only software; a *service* may be a ward, an office or a team.
SOFTWARE = re.compile(
    r"\b((mini-?)?sites?|web ?sites?|plate-?formes?|platforms?|portails?|portals?|applis?|apps?"
    r"|application|serveurs?|servers?|systemes?|systems?|teleservices?|teleprocedures?|pages?"
    r"|backends?|database|base de donnees|reseau|network|infrastructure|hebergeur|hosting"
    r"|intranet|extranet|ent|logiciel|software|module|rubrique|en ligne|online|numeriques?|api"
    r"|function|internet|upstream|origin|webmail)\b"
)
SERVICE = re.compile(
    r"\b(services?|demarches?|espaces?|acces|access|connexion|connection|consultation|depot"
    r"|operations?|demandes?|requetes?|requests?|chargement|reponse|response|formulaire|form"
    r"|fonctionnalites?|traitement|authentification|session|affichage|prise de rendez-vous|things"
    r"|quelque chose|something|contenus?|content|outil|tool)\b"
)
STATE = re.compile(
    r"\b(indisponibles?|inaccessibles?|injoignables?|hors[- ](service|ligne|d'usage)|hs|en panne"
    r"|en derangement|en difficulte|a l'arret|en rade|muets?|muettes?|tombee?s?|plante|(is|are|'s|'re|was"
    r"|went|gone|shut|taken|still|currently|temporarily) down|offline"
    r"|inoperante?s?|inutilisables?|unavailable|unreachable|crashed|stopped|broken|impossibles?"
    r"|en cours de (retablissement|reparation|restauration|redemarrage)|non chargee?s?|exhausted"
    r"|invalide?s?|inattendue?s?|unexpected|anormale?s?|degradee?s?|refuse (la connexion|l'acces)"
    r"|out of (order|service))\b"
)
# Without it, an event is only a subject of the page.
OCCURS = re.compile(
    r"\b(nous \w{2,12}ons|notre cote|we're|we are|we have|our (side|end)|us from|survenue?s?"
    r"|intervenue?s?|produite?s?|rencontre\w{0,6}|subit"
    r"|connait|empeche\w{0,6}|affecte\w{0,6}|(en )?cours|suite a|en raison|raison d|cause d"
    r"|occurr?ed"
    r"|encountered|happened|went|victime|fait l'objet|prive|renvoie|signale)\b"
)
# True of offices and procedures as well: they count only for software.
ENDED = re.compile(
    r"\b(fermee?s?|interrompue?s?|suspendue?s?|coupee?s?|arretee?s?|perturbee?s?|bloquee?s?"
    r"|desactivee?s?|closed|suspended|interrupted|disabled|engorgee?s?|surchargee?s?)\b"
)
EVENT = re.compile(
    r"\b(erreurs?|errors?|pannes?|incidents?|anomalies?|dysfonctionnements?|defaillances?|avaries?"
    r"|failures?|outages?|faults?|glitch(es)?|echecs?|echouee?s?|echoue|failed"
    r"|problemes?|problems?|(technical|an|some|server|known|our) issues?|soucis?|troubles?"
    r"|bugs?|bogues?|hiccups?|cyberattaques?"
    r"|attaques?|pirat\w{1,4}|coupures?|interruptions?|deni de service|difficultes?"
    r"|perturbations?)\b"
)
FAILS = re.compile(
    r"\b(ne (se |s'|nous |vous )?(\w{1,16} ){0,2}|n'|s')(repond|fonctionne|marche|charge|affiche"
    r"|demarre"
    r"|aboutit|parvien|arriv|pouvons|a pas pu|a pu|ont pas pu|ont pu)\w{0,6}\b"
    r"|\bne peu(t|vent) (\w{2,16} ){0,3}(aboutir|donner suite|repondre|fonctionner|acceder"
    r"|charger|(etre )(affich|trait|charg|satisf|attein|joint|etabli|execut|rendu|assur|ouvert)\w{0,3})"
    r"|\b(n'est|ne sont) (pas|plus) (\w{2,16} ){0,3}(disponib|accessib|joignab|operationn|consultab"
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
LEFTOVER = re.compile(
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
EXCUSE = re.compile(
    r"\b(excuse[rsz]?|desolee?s?|navree?s?|sorry|apologi[sz]e|apologies|gene occasionnee"
    r"|desagrements?"
    r"|inconvenience|(votre|your) (patience|comprehension|understanding)|bear with us|oups|oops"
    r"|whoops"
    r"|reessaye[rz]|reessai|(renouvele|recommence|retente|recharge|actualise)[rz]|ulterieurement"
    r"|plus tard|try again|later|back (soon|shortly)|revenez|retour a la normale)\b"
)
NOW = re.compile(
    r"\b(momentanement|temporairement|actuellement|provisoirement|en ce moment|pour (le moment"
    r"|l'instant)|a cette heure|jusqu'a nouvel ordre|currently|temporarily|right now|at (the|this)"
    r" (moment|time)|depuis \d\d? ?h|ce matin|this morning)\b"
)
CARE = re.compile(
    r"\b(retabli(r|ssement)|remettre|reparer|reparation|resoudre|resolution|informaticiens?"
    r"|techniciens?"
    r"|(nos|notre|our) (equipes?|teams?)|engineers?|staff|administrat(eur|or)s?|webm(aste|est)re?s?"
    r"|working (on|to)|looking into|repair|fix|restore|been notified|plus brefs delais|au plus vite"
    r"|s'emploient|hebergeur)\b"
)
REFERENCE = re.compile(
    r"\b(ref(erence)?\.?|incident|request|ticket|trace|ray|support|correlation|identifiant|code"
    r"|xid)"
    r"( technique| id| d'incident| d'erreur)?[ :#]{1,3}[a-z_-]{0,8}\d[\w-]{2,40}"
)
# An event that the reader has, handles or looks for is none of the service's.
READERS = re.compile(
    r"\bvous (?!demand|souhait|cherch|tent|essay|consult)\w{3,12}ez\b|\bvictimes?\b"
)
# A sentence that supposes, announces, denies, reports what is over, or speaks of something else.
OTHERWISE = re.compile(
    r"\b(si|s'ils?|en cas d[e']|lorsqu[e']|quand|if|when(ever)?|in case|unless|sera|seront|sauf"
    r"|will"
    r"|would|may|might|pourra|prevue?s?|planifiee?s?|scheduled|planned|aucune?|without|sans|never"
    r"|jamais|any|zero|signaler|signalez|report(ing|er)?|comment|how|pourquoi|why|que faire"
    r"|exemples?"
    r"|etai(t|ent)|avai(t|ent)|simul\w{1,5}|signifie|means|resol(u|us|ved)|retabli(e|s|es)?|restored|operationn\w{1,12}|operational"
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
ELSEWHERE = re.compile(
    r"\b(guichets?|(?<!page d')accueil|standard|telephon\w{0,6}|bureaux?|mairies?|agences?"
    r"|musees?|piscines?|bibliotheques?|mediatheques?|rue|(?<!en )routes?|pont|parking|gare"
    r"|ecoles?|restaurants?|magasin|store|office|museum|ascenseur|dechetterie|station|entrances?"
    r"|gates?|car park|help ?line|phone|mobile|lift|toilets?|communes?|foyers?|road|public"
    r"|modeles?|produits?|tailles?|coloris|ouvrages?|livres?|book|size|medicaments?|vaccins?"
    r"|medecins?|docteurs?|doctor|conseillers?|creneaux?|lits?|chambres?|billets?|trains?|bus"
    r"|trams?|metro|circulation|eau|electricite|voitures?|vehicules?|item|product|model|stock"
    r"|appliances?|urgences?|pediatrie|geriatrie|maternite|chirurgie|cardiologie|visites?|collecte"
    r"|seances?|cotation|chasse|inscriptions?|concours|session est|travaux (?!techniques|sur)"
    r"|greve|vocal|telecopie|fax|massifs?|piste|stade|crues?"
    r"|inondations?|intemperies|neige|verglas|tempetes?|orages?)\b|\d ?(€|euros?)"
)
# Words of notices besides those above: of a maintenance, of a page that is gone, of a crowd.
NOTICE = re.compile(
    r"\b(maintenance|mises? a (jour|niveau)|migration|migr\w{2,8}|bascule|refonte|nouvelle version"
    r"|upgrad\w{1,4}|introuvables?|inexistante?s?|n'exist\w{1,5}|n'est plus|ne sont plus|not found"
    r"|trouvee?s?|supprimee?s?|deplacee?s?|archivee?s?|no longer|moved|removed|deleted|exists?"
    r"|satur\w{1,6}|affluence|afflux|frequentation|trafic|traffic|overload\w{0,3}|too many|busy"
    r"|simultane\w{1,4}|(nombre|capacite) (maxim\w{2,4}|trop)|capacity|(en|under) construction"
    r"|bientot|prochainement|sous peu|a venir|coming soon|domaines?|domains?|heberge\w{1,6}|hosting|expir\w{1,4}|a vendre"
    r"|for sale|bloqu\w{1,3}|blocked|refus\w{1,3}|denied|rejet\w{1,3}|rejected|forbidden"
    r"|interdit\w{0,2}|nginx|apache|tomcat|index\.\w{3,4}|mal passe\w{0,2}|went wrong|abruptly"
    r"|definitivement|amelior\w{1,8}|peau neuve|version|moderne"
    r"|struggl\w{2,3}|peaufin\w{1,5}|travaux|travaill\w{1,5}|intervention)\b"
)
# What a notice advises, and whom to turn to.
ADVICE = re.compile(
    r"\b(merci|thanks?|thank you|patien\w{1,6}|revien\w{1,5}|reven\w{1,4}|retour\w{0,4}"
    r"|go back|wait\w{0,3}|attente|attendez|page d'accueil|home ?page|contact\w{0,4}|assistance"
    r"|support|persist\w{0,4}|quelques (instants|minutes|heures)|verifi\w{1,4}|check|adresse|url"
    r"|liens?|links?|moteur|menus?|refresh|reload|raffraich\w{1,4}|rafraich\w{1,4}|please"
    r"|veuillez|prevenue?s?|alertee?s?|informee?s?|rouvr\w{1,5}|reouv\w{1,8}|reprise|reprendra"
    r"|redirig\w{1,3}|redirect\w{0,3}|une recherche|hang tight|horaires|ouverte? (du|le)"
    r"|tel|courriel|e?-?mail|technical|techniques?|notified)\b"
    r"|\b0\d([ .]?\d\d){4}\b|\w@\w"
)
# What is so today, whatever dates the sentence gives.
PRESENT = re.compile(
    r"\b(est|sont|sommes|is|are) (\w{3,16} )?(fermee?s?|interromp\w{1,3}|suspend\w{1,3}|closed"
    r"|indisponibles?|inaccessibles?|down|unavailable|en maintenance|a l'arret|hors service)\b"
    r"|\b(definitivement|rouvr\w{1,5}|reouv\w{1,8}|n'existe plus|ete supprime\w{0,2}|n'est plus"
    r"|ne sont plus)\b"
)
# A page about faults, by its heading.
SUBJECT = re.compile(
    r"^(aide|faq|f\.a\.q|foire aux questions|glossaire|lexique|trouble ?shooting|help|documentation"
    r"|actualites?|news|recherche|resultats? (de|pour)|search|offres? d'emploi|communiques?|guides?"
    r"|conseils?|comment|que faire|how to|etat des|status|signaler|declarer|report|contacte[rz]"
    r"|nous contacter|formulaire de contact|questions?|mode d'emploi|tutoriel|depannage)\b"
)
# A page about a procedure may be out of service as a whole.
PROCEDURE = re.compile(
    r"\b(rendez-vous|dossiers?|titres?|visas?|comptes?|paiement|naturalisation|asile|etrangers?"
    r"|accueil|information|message|bienvenue|welcome|recherche|simulateur|inscription|reservation)\b"
)
# Of another thing than the service's own state, whatever else the sentence says.
WORKS = re.compile(
    r"\b((?<!sera )(est|sont|a|ont) (ete |de nouveau |desormais |a nouveau ){0,2}(resolue?s?"
    r"|retablie?s?|termine\w{0,2}|corrigee?s?|repare\w{0,2}|disponibles? depuis)"
    r"|fonctionne\w{0,2} (de nouveau|a nouveau|normalement|correctement)"
    r"|(est|sont) (de|a) nouveau (disponible|accessible"
    r"|en service|ouvert|operationnel)\w{0,2}|bien ete (enregistr|recu|pris|transmis)\w{0,3}"
    r"|(tous|toutes|all) [^.]{0,40}\b(operationnel|operational|normal)\w{0,4}|: operation\w{1,4}"
    r"|(has|have) been (resolved|restored|fixed|received)|(is|are) back to normal)\b"
)
# What a sentence speaks of, when it begins with its subject.
SUBJECT_OF = re.compile(
    r"^(?:[^,:]{0,60}[,:] ?)?(?:les?|la|l'|une?|des|cet?|cette|ces|notre|nos|votre|vos|the|our|your"
    r"|this|these|an?) ?([^,;:]{1,60}?) (?:est|sont|a|ont|ne|n'\w{1,5}|is|are|has|have|was|were"
    r"|reste|restent|demeure|rencontre\w{0,3}|connait|subit|peu[tv]\w{0,3})\b"
)
# Subjects of a notice besides software, services and events.
OBJECT = re.compile(
    r"\b(adresses?|url|ressources?|resources?|documents?|fichiers?|files?|domaines?|domains?|nom"
    r"|hebergement|compte|account|article (que|demande)\w{0,2}|maintenance|mise a jour|migration"
    r"|nombre|capacite|affluence|trafic|traffic|equipes?|teams?|administrat\w{2,4}|lien|link"
    r"|message|utilisateurs?|usagers?|visiteurs?|fiche|situation|retour|reprise|version|tout|owner"
    r"|nouvelle|suite|raison|cause|developpeurs?|informaticiens?|ingenieurs?|techniciens?|envoi"
    r"|visitors?|users?|ip|navigat\w{2,4}|browser|robot|operation|intervention|host\w{0,4}|ensemble)\b"
)
OURS = re.compile(r"\b(nous|notre|nos|we|our|us)\b")
