"""The words of notices, and of what is none: French and English, folded."""

import re

# What is only software; a *service* may be a ward, an office or a team.
SOFTWARE = re.compile(
    r"\b((mini-?)?sites?|web ?sites?|plate-?formes?|platforms?|portails?|portals?|applis?|apps?"
    r"|application|serveurs?|servers?|systemes?|systems?|teleservices?|teleprocedures?|pages?"
    r"|backends?|database|base de donnees|base(?=$| est| ne| a )|reseau|network|infrastructure"
    r"|hebergeur|hosting"
    r"|annuaires?|moteur|simulateurs?|messagerie|calendrier|agenda|intranet|extranet|ent"
    r"|logiciel|software|module|rubrique|en ligne|online|numeriques?|api|function|internet"
    r"|upstream|origin|webmail|instance)\b"
)
SERVICE = re.compile(
    r"\b(services?|demarches?|espaces?|acces|access|connexions?|connections?|consultation|depot"
    r"|operations?|demandes?|requetes?|requests?|chargement|reponse|response|formulaire|form"
    r"|calculs?|ventes?|informations?|donnees|data|paiements?|telechargements?|envois?|suivi"
    r"|prestataires?|partenaires?|fournisseurs?|providers?|banque"
    r"|reservations?|achats?|listes?|plannings?|resultats?|statistiques|cartographie"
    r"|fonctionnalites?|traitement|authentification|session|affichage|prise de rendez-vous"
    r"|things|quelque chose|something|contenus?|content|outil|tool)\b"
)
STATE = re.compile(
    r"\b(nous avons (du |\w{4,16}ment ){0,2}(interrompu|coupe|arrete|suspendu|desactive|ferme)"
    r"|indisponibles?|inaccessibles?|injoignables?|hors[- ](service|ligne|d'usage)|hs|en panne"
    r"|en derangement|en difficulte|a l'arret|en rade|muets?|muettes?|tombee?s?|plante|(is|are"
    r"|'s|'re|was|went|gone|shut|taken|still|currently|temporarily) down|offline|inoperante?s?"
    r"|inutilisables?|unavailable|unreachable|crashed|stopped|broken|impossibles?"
    r"|en cours de (retablissement|reparation|restauration|redemarrage)|non chargee?s?|exhausted"
    r"|difficilement accessibles?|fait (la sieste|des siennes)|desactivee?s? temporairement"
    r"|temporairement desactivee?s?|invalide?s?|inattendue?s?|unexpected|anormale?s?|degradee?s?"
    r"|refuse (la connexion"
    r"|l'acces)|out of (order|service))\b"
)
# Without it, an event is only a subject of the page.
OCCURS = re.compile(
    r"\b(nous \w{2,12}ons|notre cote|we're|we are|we have|our (side|end)|us from|survenue?s?"
    r"|intervenue?s?|produite?s?|rencontre\w{0,6}|subit|connait|empeche\w{0,6}|affecte\w{0,6}"
    r"|(en )?cours|suite a|en raison|raison d|cause d|occurr?ed|encountered|happened|went"
    r"|victime|fait l'objet|prive|renvoie|signale|jusqu'a|facing|experiencing|suffering)\b"
    r"|^(panne|incident|avarie|coupure) (\w{4,14} )?:"
)
# What befalls machines only.
TECHNICAL = re.compile(
    r"\b((pannes?|incidents?|problemes?|soucis?|difficultes?|erreurs?|raisons?|defaillances?)"
    r" (techniques?|informatiques?|du serveur|serveur|reseau)|dysfonctionnements?|bugs?|bogues?"
    r"|technical (problem|issue|difficult|error)\w{0,3})\b"
)
# True of offices and procedures as well: they count only for software, or beside an event.
ENDED = re.compile(
    r"\b(fermee?s?|interrompue?s?|suspendue?s?|coupee?s?|arretee?s?|perturbee?s?|bloquee?s?"
    r"|desactivee?s?|closed|suspended|interrupted|disabled|engorgee?s?|surchargee?s?)\b"
)
EVENT = re.compile(
    r"\b(erreurs?|errors?|pannes?|incidents?|anomalies?|dysfonctionnements?|defaillances?"
    r"|avaries?|failures?|outages?|faults?|glitch(es)?|echecs?|echouee?s?|echoue|failed"
    r"|problemes?|problems?|(technical|an|some|server|known|our) issues?|soucis?|troubles?|bugs?"
    r"|bogues?|hiccups?|cyberattaques?|attaques?|pirat\w{1,4}|coupures?|interruptions?"
    r"|deni de service|difficultes?|perturbations?|lenteurs?|ralentissements?|disruptions?"
    r"|failles?|indisponibilites?)\b"
)
FAILS = re.compile(
    r"\b(ne (se |s'|nous |vous )?(\w{1,16} ){0,2}|n'|s')(repond|fonctionne|marche|charge|affiche"
    r"|demarre|aboutit|parvien|arriv|pouvons|a pas pu|a pu|ont pas pu|ont pu)\w{0,6}\b"
    r"|\bne peu(t|vent) (\w{2,16} ){0,3}(aboutir|donner suite|repondre|fonctionner|acceder"
    r"|charger|(etre )(affich|trait|charg|satisf|attein|joint|etabli|execut|rendu|assur"
    r"|ouvert)\w{0,3})|\b(n'est|ne sont) (pas|plus) (\w{2,16} ){0,3}(disponib|accessib|joignab"
    r"|operationn|consultab|en mesure|garanti|en service|fonctionnel|utilisab|lisib|charge"
    r"|affiche)\w{0,6}|\b(is|are|was|were|do|does|did|can|could)(n't| not) (be "
    r"|seem to be )?(work|load|contact|show|respond|connect|reach|display|open|complet|process"
    r"|available|accessible|get to|serve)\w{0,5}|\b(cannot|unable to|failed to) (be "
    r"|\w{1,12}ly )?(load|connect|reach|display|process|show|open|retriev|complet|resolve|get"
    r"|read|serve|handle|contact)\w{0,4}|\bno (available|healthy) (server|upstream|backend)\b"
    r"|\bn'est pas possible (pour l|actuel|momentan|temporair|en ce moment)|\bn'(a|ont) (pas "
    r"|plus |rien )?(repondu|abouti|reussi"
    r"|renvoye|fonctionne|charge|donne)\b|\b(ne sommes|n'est|ne sont) (pas|plus) (en etat|a meme)\b"
    r"|\brefuse(nt)? (de|d') ?(s'|se )?\w{4,12}r\b|\baucune? \w{4,12} ne peut etre\b"
    r"|\b(a|ont) depasse (le|la|son) (temps|delai|limite|duree)|\b(delai"
    r"|temps)[^.]{0,12} (depasse|expire|ecoule)|\bexceeded the (allowed|maximum|configured"
    r"|time)\b|\btimed? ?-?out\b|\b(no"
    r"|not) longer working|\bimpossible d(e |')\w{1,20}"
)
LEFTOVER = re.compile(
    r"\b\w{3,60}(exception|error)\b ?(:|$)|\b(parse|syntax|fatal|compilation|runtime|internal"
    r"|server) error\b|\bon line \d|\.(php|java|py|rb|aspx?|jsp|cs):?\d{0,5}\b|/(var|home|srv"
    r"|usr)/\w|\b0x[0-9a-f]{6,8}|\bmemory size of\b|\bsqlstate\b|\berreur (my)?sql\b|\b(mysql"
    r"|mariadb|postgresql|ldap) error\b|\bora-\d{5}|\bstack ?trace"
    r"|\btraceback\b|\bupstream\b|\bbad gateway\b|\bgateway time|\bnested exception|\bvarnish\b"
    r"|\b(can't|cannot|could not|unable to) connect to (\w{2,20} )?(server|database|host)\b"
    r"|\bbackend (fetch|server|read|write|error|is)\b|\b(error|erreur|http"
    r"|status)( code)?[ :#]{1,3}([45]\d\d|\d{4,6})\b"
    r"|\b[45]\d\d -? ?(error|erreur)|\berr_\w{3,40}\b|\b\w{3,30}_failed\b"
)
EXCUSE = re.compile(
    r"\b(excuse[rsz]?|desolee?s?|navree?s?|sorry|apologi[sz]e|apologies|gene occasionnee"
    r"|desagrements?|inconvenience|(votre|your) (patience|comprehension|understanding)"
    r"|bear with us|oups|oops|whoops|reessaye[rz]|reessai|(renouvele|recommence|retente|recharge"
    r"|actualise)[rz]|ulterieurement|plus tard|try again|later|back (soon|shortly)|revenez"
    r"|retour a la normale)\b"
)
NOW = re.compile(
    r"\b(momentanement|temporairement|actuellement|provisoirement|en ce moment|pour (le moment"
    r"|l'instant)|a cette heure|jusqu'a nouvel ordre|currently|temporarily|right now|at (the"
    r"|this) (moment|time)|depuis \d\d? ?h|ce matin|this morning)\b"
)
CARE = re.compile(
    r"\b(retabli(r|ssement)|remettre|reparer|reparation|resoudre|resolution|informaticiens?"
    r"|techniciens?|(nos|notre|our) (equipes?|teams?)|engineers?|staff|administrat(eur|or)s?"
    r"|webm(aste|est)re?s?|working (on|to)|looking into|repair|fix|restore|been notified"
    r"|plus brefs delais|au plus vite|s'emploient|s'en occup\w{1,3}|sur le coup|on it"
    r"|y travaill\w{1,4}"
    r"|a pied d'oeuvre|hebergeur)\b"
)
# Hardly said but by who cannot serve: come again, wait, load anew.
RETRY = re.compile(
    r"\b(revenez|repassez|reessayez|(veuillez|merci de|priere de|essayez de) (\w{3,12} )?(reessayer"
    r"|recommencer|retenter|revenir|renouveler|patienter|actualiser|recharger|rafraichir)|retentez"
    r"|recommencez|(actualisez|rechargez|rafraichissez)([- ]l[ae])?|renouveler votre (visite"
    r"|demande"
    r"|operation)|retente[rz] (l'operation|votre chance)|patientez|patience|try (again|later"
    r"|it again"
    r"|refreshing|reloading)|come back|check back|bear with us|hold on|hang tight|back (soon"
    r"|shortly)"
    r"|(dans|d'ici) (quelques|un|une|deux) (petite |bonne )?(instants?|minutes?|moments?|heures?)"
    r"|in a (few|bit|moment"
    r"|minute))\b"
)
REFERENCE = re.compile(
    r"\b(ref(erence)?\.?|incident|request|ticket|trace|ray|support|correlation|identifiant|code"
    r"|xid)( technique| id| d'incident| d'erreur)?[ :#]{1,3}[a-z_-]{0,8}\d[\w-]{2,40}"
)
# An event that the reader has, handles or looks for is none of the service's.
READERS = re.compile(
    r"\bvous (?!demand|souhait|cherch|tent|essay|consult|pourrez (de|a) nouveau)\w{3,12}ez\b"
)
# A sentence that supposes, announces, denies, reports what is over, or speaks of something else.
OTHERWISE = re.compile(
    r"\b(si|s'ils?|en cas d[e']|lorsqu[e']|quand|if|when(ever)?|in case|unless|sera|seront|sauf"
    r"|will|would|may(?! take)|might|pourra|prevue?s?|planifiee?s?|scheduled|planned"
    r"|(accessible|disponible|consultable)s? (depuis|sur|aux?|avec|en dehors|hors)"
    r"|(aucune?|without|sans|any|zero) (\w{3,14} )?(erreurs?|errors?|pannes?|incidents?"
    r"|problem\w{1,2}|issues?"
    r"|difficultes?|interruptions?|soucis?|bugs?|anomalies?)"
    r"|fermee?s? (aux? (?!usagers|public|visiteurs)|a la |en (hiver|ete|soiree|(janv|fev|mars"
    r"|avr|mai|jui"
    r"|aou|sept|oct|nov|dec)\w{0,6}))"
    r"|never|jamais|signaler|signalez|report(ing|er)?|comment|how|pourquoi|why"
    r"|(a|ont) ete (indisponible|inaccessible|perturbe|ferme)\w{0,3} (pendant|durant|entre"
    r"|d?e? ?\d)"
    r"|on (mon|tues|wednes|thurs|fri|satur|sun)day|que faire|exemples?|en dehors|etai(t|ent)"
    r"|avai(t|ent)|simul\w{1,5}|signifie|means|resol(u"
    r"|us|ved)|retabli(e|s|es)?|restored|operationn\w{1,12}|operational|normalement"
    r"|responsab\w{1,8}|liable|contestez|rectif\w{1,12}|etude|study|recherche (sur|scientifique)"
    r"|recrute|declarez|indiquent? que|le plus souvent|s'affichent?|apparai\w{1,3}|(le|les"
    r"|chaque|on) (lun|mar|mercre|jeu|vendre|same)dis?|(le|les"
    r"|chaque) dimanches?|(le|du|au|until|on) \d{1,2}(er)? (jan|fev|feb|mar|av|apr|mai|may|ju"
    r"|jui|aou|aug|sep|oct|nov|dec)\w{1,8}|build|votre (photo|carte|paiement|permis|titre"
    r"|passeport|visa|fichier|mot|compte|vehicule)|votre dossier (n'|est|a|ne|sera|doit)"
    r"|your (photo|card|payment|file"
    r"|password|browser|account|item)|javascript|cookies|navigateur)\b"
)
ELSEWHERE = re.compile(
    r"\b(guichets?|(?<!page d')accueil|standard|telephon\w{0,6}|bureaux?|mairies?|agences?"
    r"|musees?|piscines?|bibliotheques?|mediatheques?|rue|(?<!en )routes?|pont|parking|gare"
    r"|ecoles?|restaurants?|magasin|store|office|museum|ascenseur|dechetterie|station|entrances?"
    r"|gates?|car park|help ?line|phone|mobile|lift|toilets?|communes?|foyers?|road|public"
    r"|(?<!en )(?<!hors )lignes? [a-z\d]{1,2}|signalisation|modeles?|produits?|tailles?|coloris"
    r"|ouvrages?|livres?|book|size|medicaments?|vaccins?"
    r"|medecins?|docteurs?|doctor|conseillers?|creneaux?|plages? horaires?|galler(y|ies)"
    r"|cet article est|lits?|chambres?|billets?|trains?|bus"
    r"|trams?|metro|circulation|eau|electricite|voitures?|vehicules?|item|product|model|stock"
    r"|appliances?|urgences?|pediatrie|geriatrie|maternite|chirurgie|cardiologie"
    r"|visites? (medicale|guidee)s?|collecte|seances?|cotation|chasse|(?<!votre )inscriptions?"
    r"|concours"
    r"|session est|travaux (?!techniques|sur)|greve|vocal|telecopie|fax|massifs?|piste|stade"
    r"|crues?|inondations?|intemperies|neige|verglas|tempetes?|orages?)\b"
    r"|\d ?(€|euros?)(?! ?/ ?min)"
)
# Words of notices besides those above: of a maintenance, of a page that is gone, of a crowd.
NOTICE = re.compile(
    r"\b(maintenance|mises? a (jour|niveau)|migration|migr\w{2,8}|bascule|refonte"
    r"|nouvelle version|upgrad\w{1,4}|introuvables?|inexistante?s?|n'exist\w{1,5}|n'est plus"
    r"|ne sont plus|not found|trouvee?s?|supprimee?s?|deplacee?s?|archivee?s?|no longer|moved"
    r"|removed|deleted|exists?|satur\w{1,6}|affluence|afflux|frequentation|trafic|traffic"
    r"|overload\w{0,3}|too many|trop d(e|')|capacites?|depasse\w{0,2}|busy|simultane\w{1,4}"
    r"|(nombre|capacite) (maxim\w{2,4}|trop)|capacity|(en|under) construction|bientot"
    r"|prochainement|sous peu|a venir|coming soon|domaines?|domains?|heberge\w{1,6}|hosting"
    r"|expir\w{1,4}|a vendre|for sale|bloqu\w{1,3}|blocked|refus\w{1,3}|denied|rejet\w{1,3}"
    r"|rejected|forbidden|interdit\w{0,2}|nginx|apache|tomcat|index\.\w{3,4}|mal passe\w{0,2}"
    r"|went wrong|abruptly|definitivement|amelior\w{1,8}|peau neuve|chantier|version|moderne"
    r"|struggl\w{2,3}|absorber|monde|refresh|makeover|facelift|coup de neuf|peaufin\w{1,5}"
    r"|travaux|travaill\w{1,5}|intervention|having a (bad|rough) day|lost|perdue?s?|egaree?s?"
    r"|(large|high|great) number|remplacer cette page|vos fichiers|nothing|nulle part|a jour"
    r"|reglages?|redevien\w{1,4}|s'est envolee?|disparue?s?)\b"
)
# What a notice advises, and whom to turn to.
ADVICE = re.compile(
    r"\b(merci|thanks?|thank you|patien\w{1,6}|revien\w{1,5}|reven\w{1,4}|retour\w{0,4}|go back"
    r"|wait\w{0,3}|attente|attendez|page d'accueil|home ?page|contact\w{0,4}|assistance|support"
    r"|persist\w{0,4}|quelques (instants|minutes|heures)|verifi\w{1,4}|check|adresse|url|liens?"
    r"|links?|moteur|menus?|refresh|reload|raffraich\w{1,4}|rafraich\w{1,4}|please|veuillez"
    r"|prevenue?s?|alertee?s?|informee?s?|rouvr\w{1,5}|reouv\w{1,8}|reprise|reprendra"
    r"|redirig\w{1,3}|redirect\w{0,3}|une recherche|hang tight|address|(de|a) nouveau|ser(a"
    r"|ont) (retabli\w{0,3}|(de"
    r"|a) nouveau)|horaires|ouverte? (du|le) (lun|mar|mercre|jeu|vendre|same)di|tel|courriel"
    r"|e?-?mail|technical|techniques?|notified)\b|\b0\d([ .]?\d\d){4}\b|\w@\w"
)
# What is so today, whatever dates the sentence gives.
PRESENT = re.compile(
    r"\b(est|sont|sommes|is|are) (\w{3,16} )?(fermee?s?|interromp\w{1,3}|suspend\w{1,3}|closed"
    r"|indisponibles?|inaccessibles?|down|unavailable|en maintenance|en panne|a l'arret"
    r"|injoignables?|offline|hors (ligne|service))\b|\b(definitivement|rouvr\w{1,5}|reouv\w{1,8}"
    r"|n'existe plus|ete supprime\w{0,2}|n'est plus|ne sont plus)\b"
)
# A page about faults, by its heading.
SUBJECT = re.compile(
    r"^(aide|faq|f\.a\.q|foire aux questions|glossaire|lexique|trouble ?shooting|help"
    r"|documentation|actualites?|news|errors$|erreurs$|recherche (:|pour)|resultats? (de|pour)"
    r"|search (for|results?)|offres? d'emploi|communiques?|guides?|conseils?|comment|que faire"
    r"|how to|etat des|status|signaler|declarer|report|contacte[rz]|nous contacter"
    r"|formulaire de contact|questions?|mode d'emploi|tutoriel|depannage)\b"
    r"|\b(status|error|http) codes?$|\bcodes? (http|d'etat|d'erreur|de statut)\b"
    r"|^(designing|creating|building|writing|handling|understanding|comprendre|concevoir|creer"
    r"|gerer"
    r"|retour sur|error handling|resoudre|bilan|rapports?|historique|history|avis de marche"
    r"|marches publics|appel d'offres)\b"
    r"|^how (we|i|they)\b|\b(report|reports|post-?mortem)\b|\b(signifi\w{1,5}|qu'est-ce"
    r"|c'est quoi|what (is|does"
    r"|are|happened)|comment|pourquoi|how to"
    r"|why|que faire)\b"
    r"|^(formation|cours|atelier|conference|livre|stage|webinaire|concert) ?:"
    r"|^(votre|vos|mon|ma|mes|un|une|your|my) [^?]{1,80}\?$"
)
# A page about a procedure may be out of service as a whole.
PROCEDURE = re.compile(
    r"\b(rendez-vous|dossiers?|titres?|visas?|comptes?|paiement|naturalisation|asile|etrangers?"
    r"|accueil|information|message|bienvenue|welcome|recherche|simulateur|inscription"
    r"|reservation)\b"
)
# Of another thing than the service's own state, whatever else the sentence says.
WORKS = re.compile(
    r"\b((?<!sera )(?<!s')(est|sont|a|ont) (ete |de nouveau |desormais "
    r"|a nouveau ){0,2}(resolue?s?"
    r"|retablie?s?|termine\w{0,2}|corrigee?s?|repare\w{0,2}|disponibles? depuis)"
    r"|(was|were) (restored|resolved|fixed)|(is|are) (up|back|online|available) again"
    r"|we('re| are) back(?! (soon|shortly|in|at|on))|is back (up|online)|(a|ont) (rendu|touche"
    r"|prive|perturbe)"
    r"[^.]{0,60}\b(pendant|durant|hier)|decouvrez (notre|le) nouve\w{1,4} \w{4,12}"
    r"|(incident|panne|probleme|anomalie|perturbation)s? (est|sont|a ete|ont ete) close?s?"
    r"|nouve\w{1,4} (site|portail|plate-?forme)( internet| web)? (est|sont) (arrive"
    r"|en ligne)\w{0,2}"
    r"|fonctionne\w{0,2} (de nouveau|a nouveau|normalement|correctement)|(est|sont) (de"
    r"|a) nouveau (disponible|accessible|en service|ouvert|operationnel)\w{0,2}"
    r"|bien ete (enregistr|recu|pris|transmis)\w{0,3}|(tous|toutes"
    r"|all) [^.]{0,40}\b(operationnel|operational|normal)\w{0,4}|: operation\w{1,4}|(has"
    r"|have) been (resolved|restored|fixed|received)|(is|are) back to normal)\b"
)
# A fault or a maintenance to come: the page works today.
ANNOUNCED = re.compile(
    r"\b((sera|seront) (\w{4,16}ment )?(indisponible|inaccessible|injoignable|ferme|interromp"
    r"|suspend|hors service|en maintenance|perturbe)\w{0,4}|will (not )?be (temporarily |briefly )?"
    r"(unavailable|inaccessible|offline|down|closed|available (from|between|on)|interrupted)"
    r"|auro?nt lieu|aura lieu|will take place|is (scheduled|planned) (for|on))"
)
UNDER_WAY = re.compile(
    r"\b(en cours|actuellement|momentanement|temporairement|provisoirement|en ce moment|currently"
    r"|in progress|under ?way|right now|at the moment|(est|sont|is|are) (ferme|interromp|suspend"
    r"|indisponible|inaccessible|unavailable|down|offline|closed)\w{0,4})\b"
)
# A page that explains a code, or the causes of a fault, has none itself.
EXPLAINS = re.compile(
    r"\b(status|code)( code)?( \d{3})? (means|indicates|signifie|indique)\b|\bcommon causes\b"
    r"|\b(to (enable|disable)|pour (activer|desactiver)|run the command)\b"
    r"|\breturns (a |an )?(error )?\d{3}\b"
    r"|\bcauses (frequentes|courantes)\b"
)
# The codes of answers: a page that lists several is about them.
ERROR_CODE = re.compile(r"\b(4[0-5]\d|5[0-5]\d)\b")
LISTED_CODE = re.compile(r"(?:^|¦ )((?:4[0-5]|5[0-5])\d) [a-z]")
# What holds back "it works again": the page says when it will.
UNTIL = re.compile(r"\b(when|once|as soon as|until|des qu|lorsqu|quand|jusqu'a ce qu|aussitot)")
# A heading that is a notice and nothing else: no complement says whose service it is.
BARE_NOTICE = re.compile(
    r"(desolee?|oups|attention|information)?[ ,!:]{0,3}"
    r"(l[ea] |l'|ce(t|tte)? |nos |notre |the |this |our )?"
    r"(services?|(mini-?)?site|teleservices?|page|portail|plate-?forme|application|serveur|acces"
    r"|demarche|website|platform|server)( en ligne| web| internet| numeriques?)?"
    r"( est| sont| is| are)?"
    r"( (actuelle|momentane|temporaire|provisoire)ment| currently| temporarily)?"
    r" (indisponibles?|inaccessibles?|hors[- ](service|ligne)|en panne|fermee?s?|interrompue?s?"
    r"|suspendue?s?|unavailable|offline|down|en (cours de )?maintenance)"
    r"( (actuelle|momentane|temporaire|provisoire)ment)?[ .!]*"
    r"|(maintenance|mise a jour|indisponibilite|interruption|suspension|arret|fermeture)"
    r"( temporaire| momentanee?| technique| programmee?)?( (du|de la|de l'|des|de nos|de notre) ?"
    r"(services?|site|teleservices?|portail|plate-?forme|application|serveurs?)"
    r"( en ligne| web| internet| numeriques?)?)?( en cours)?[ .!]*"
    r"|(erreur|error|incident|panne|probleme|anomalie)( (technique|inattendue?|interne|serveur"
    r"|informatique|generale?|critique))?( (est survenue?|s'est produite?))?( en cours)?"
    r"( du serveur)?[ .!]*|(erreur|error|http)( http)? [45]\d\d[ .!]*"
    r"|((oups|oops|desolee?)[ ,!]{0,3})?(la |cette |the |this )?page"
    r"( (demandee|recherchee|que vous (demandez|cherchez|recherchez)|requested|you requested))?"
    r"( est| n'a pas ete| was| is)?"
    r" (introuvables?|inexistante?|(non )?trouvee|not found|n'existe (pas|plus))[ .!]*"
)
# Between what a title says of its page and the name of the site.
TITLE_PARTS = re.compile(r" [-–—|·•:] ")
# Where a notice sends its readers meanwhile.
TURN_TO = re.compile(
    r"\b(guichets?|accueil|bureaux?|mairies?|agences?|standard|conseillers?|nous)"
    r" (vous (accueill|repond)|rest(ent|e|ons) (ouvert|a votre|joignabl|disponibl))"
    r"|\b(nous|vous) (joindre|contacter|appeler)\b.{0,30}\b(telephone|courriel|au \d)"
)
# What a sentence speaks of, when it begins with its subject.
SUBJECT_OF = re.compile(
    r"^(?:[^,:]{0,60}[,:] ?)?(?:l'|(?:les?|la|une?|des|cet?|cette|ces|notre|nos|votre|vos|the"
    r"|our|your|this|these|an?) )([^,;:]{1,60}?) (?:est|sont|a|ont|ne|n'\w{1,5}|is|are|has|have|was"
    r"|were|reste|restent|demeure|rencontre\w{0,3}|connait|subit|peu[tv]\w{0,3})\b"
)
# A subject without an article, of what offices suffer as well: "Déchèterie fermée pour travaux".
BARE_SUBJECT_OF = re.compile(
    r"^(?:[^,:]{0,40}[,:] ?)?([a-z][a-z' -]{3,60}?) (?:fermee?s?|closed|suspendue?s?|interrompue?s?"
    r"|coupee?s?|en maintenance|en travaux)\b"
)
ADVERBS = re.compile(
    r"\b(\w{5,20}ment|est|sont|currently|temporarily|is|are|desole\w{0,2}|sorry)\b"
)
# Subjects of a notice besides software, services and events.
OBJECT = re.compile(
    r"\b(adresses?|url|ressources?|resources?|documents?|fichiers?|files?|domaines?|domains?|nom"
    r"|hebergement|compte|account|article (que|demande)\w{0,2}|maintenance|mise a jour|migration"
    r"|nombre|capacite|affluence|trafic|traffic|equipes?|teams?|administrat\w{2,4}|lien|link"
    r"|message|utilisateurs?|usagers?|visiteurs?|fiche|situation|retour|reprise|version|tout"
    r"|owner|nouvelle|suite|raison|cause|developpeurs?|informaticiens?|ingenieurs?|techniciens?"
    r"|envoi|visitors?|users?|ip|navigat\w{2,4}|browser|robot|operation|intervention|host\w{0,4}"
    r"|ensemble)\b"
)
OURS = re.compile(r"\b(nous|notre|nos|we|our|us)\b")
