"""The two texts to read first, in the bundle: one for the lawyer, one for the expert. French."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from monitor.core.french.formatting import count, when
from monitor.dossier.bundle.leaf_choice import LeafChoice

LAWYER: Final = "LISEZMOI-avocat.txt"
EXPERT: Final = "LISEZMOI-expert.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFacts:
    """What both texts say. `sha256` is that of verifier.py, `size` that of the checkpoint.

    Attributes:
        points: Whether proofs of other points are in the bundle.
        followed: Whether it is of another point's journal; `signed_at` is when that was read.

    """

    code: str
    title: str
    since: datetime
    until: datetime
    origin: str
    key: str
    size: int
    signed_at: datetime
    sha256: str
    choice: LeafChoice
    stamps: int
    files: int
    points: bool
    followed: bool


_LAWYER = """\
Lot de preuves du dossier {code}
{title}
Du {since}
au {until} (exclu)

Ce lot accompagne les pièces du dossier. Il ne se lit pas comme elles : il permet à l’expert,
au juge ou à la partie adverse de vérifier par leurs propres moyens ce que les pièces disent.

Comment le remettre
    Ce n’est ni un PDF ni un texte : le service de dépôt électronique ne le reçoit pas. Il est
    remis sur un support matériel, en autant d’exemplaires qu’il y a d’autres parties, plus deux,
    ce que la requête annonce (code de justice administrative, article R. 414-5). L’inventaire lui
    donne son numéro et son empreinte SHA-256. Ne le renommez qu’en gardant la fin « .wacz », et
    ne l’ouvrez pas pour l’enregistrer de nouveau : un seul octet changé, et il est refusé.

Ce qu’il contient
    {checks} sur les pages du dossier, dont {outages}.
    Tous les relevés de ces pages sur la période y sont, bons et mauvais, avec les moments où rien
    n’a été relevé : aucun n’a pu être ôté sans que la vérification le dise.
    Les réponses du site que nous avons gardées, telles que reçues ({files}).
    {stamps} d’autorités d’horodatage, et les signatures de ceux qui ont attesté le journal.
{points}
Ce qu’il prouve
    Que ces relevés ont été inscrits dans un journal signé, à leur place, et n’ont pas changé
    depuis la date des jetons d’horodatage et des contresignatures.
    Que les indisponibilités indiquées suivent de ces relevés, par la règle qui y est écrite.

Ce qu’il ne prouve pas
    Les démarches de la personne : ce sont nos relevés, non ses tentatives.
    Ce qui se passe dans un compte, une fois connecté : seules des pages publiques sont relevées.
    La cause d’une indisponibilité : seuls les journaux du service la disent.
    Que le site a envoyé les octets gardés : aucun protocole ne le montre à un tiers. L’heure que
    le serveur donnait, les témoins de la même minute et les horodatages sont là pour en juger.

Comment le regarder
    Sur replayweb.page, ou par pywb, pour voir les pages gardées ; rien n’est envoyé à un serveur
    par replayweb.page, qui lit le fichier dans votre navigateur.
    L’heure d’une copie est dans son titre, dans la liste des pages. Une réponse pareille octet pour
    octet à une précédente du même jour n’est gardée qu’une fois : en haut de la page, ces
    programmes montrent alors l’heure de la première, non celle de la copie choisie.
    Sur le site de l’association, à la page « Vérifier », avec le code {code}.
    Pour la vérification complète, donnez {expert} à un informaticien.
"""

_EXPERT = """\
Lot de preuves du dossier {code} : comment le vérifier sans nous

Il faut Python 3.9 et openssl 1.1.1, ou plus récents, sans rien y ajouter. Sans réseau :

    python3 -I AILLEURS/verifier.py LOT.wacz --cle '{key}'

Prenez verifier.py ailleurs que dans ce lot (qui change l’un peut changer l’autre), ou
comparez son empreinte à celle que l’association et les cosignataires publient. À l’écriture :

    {sha256}  verifier.py

La clé ci-dessus doit vous être connue d’une autre source, elle aussi : pièce plus ancienne, page de
l’association, cosignataire. Les clés des cosignataires et les racines des autorités se donnent de
même par --cles et --racines ; sans cela le programme dit qu’il les a prises dans le lot.

Le lot est une archive ZIP de la forme la plus simple, non compressée, au format WACZ 1.1.1 :

archive/                les octets échangés (WARC/1.1), un membre gzip par enregistrement
indexes/index.cdx       leur index (CDXJ) ; verifier.py le refait et compare
pages/pages.jsonl       les pages, pour ReplayWeb.page et pywb
datapackage.json        l’empreinte de chaque fichier ; datapackage-digest.json, la sienne
preuve/extrait.json     la question : pages, période, feuilles {first} à {last}
preuve/extrait.gz       {leaves} du journal {origin}, à leur numéro, et les
                        hachages des sous-arbres qui tiennent lieu des autres : la racine s’en
                        déduit (RFC 6962), et se compare à celle du point de contrôle
preuve/journal/checkpoint
                        le point de contrôle de {size}, {signed}
                        {at}, et ses contresignatures
preuve/horodatage-JETON-…
                        par jeton (RFC 3161) : token.tst, lui ; checkpoint, ce qu’il date ;
                        chain.pem et crl-N.crl, les certificats et les listes de révocation
preuve/N.feuille, N.tlog-proof
                        les feuilles des bornes de chaque indisponibilité, et leur preuve
                        d’inclusion (C2SP tlog-proof), pour qui préfère un autre programme
preuve/cles.txt         la politique (C2SP tlog-policy) : clé du journal, cosignataires, quorum
preuve/racines.pem      les racines auxquelles mènent les chaînes des jetons
{points}
Pour regarder les pages avec pywb (il veut le lot déballé) :

    wb-manager init lot && wb-manager add --unpack-wacz lot LOT.wacz && wayback

À la main :

    unzip LOT.wacz -d lot && cd lot/preuve
    openssl ts -verify -token_in -in horodatage-JETON-token.tst \\
        -data horodatage-JETON-checkpoint -CAfile racines.pem \\
        -untrusted horodatage-JETON-chain.pem -attime SECONDES
    gzip -dc extrait.gz | grep '"type":"outage"'

-attime est l’heure du jeton (openssl ts -reply -token_in -in … -text) : le certificat de l’autorité
peut avoir expiré depuis, ce qui n’ôte rien à ce qu’il a daté.

Ce que l’extrait établit : chaque relevé que le plan du service prévoyait pour ces pages sur la
période y est, ou une lacune l’explique ; les indisponibilités sont refaites à partir de ces relevés
par la règle inscrite, et comparées à celles que le journal dit. Ce qu’il n’établit pas : ce que
disent les autres feuilles ; l’état d’une page avant le premier relevé de l’extrait ; qu’un serveur
a envoyé les octets gardés. Le journal entier est public : même vérification, par vigie export.
"""


_LAWYER_POINTS = """\
    Un lot par autre point de mesure, dont nous suivons le journal : ce que d’autres associations,
    par leur propre ligne et sous leur propre clé, ont relevé des mêmes pages.
"""

_EXPERT_POINTS = """\
points/points.json      les autres points de mesure, leurs exploitants et leurs clés, et pourquoi
                        rien n’est là de certains ; cette liste n’est signée par personne
points/NOM.wacz         le lot d’un point, de la même forme que celui-ci, sans copies ; vérifié avec
                        celui-ci, ou seul. La clé d’un point, connue d’ailleurs, se donne par
                        --cle-point : le lot est refusé s’il ne contient rien de ce point
"""


def reading_notes(facts: BundleFacts) -> dict[str, bytes]:
    """Return both texts, by file name."""
    choice = facts.choice
    lawyer = _LAWYER.format(
        code=facts.code,
        title=facts.title,
        since=when(facts.since),
        until=when(facts.until),
        checks=count(choice.checks, "relevé"),
        outages=_outages(choice.outages),
        files=count(facts.files, "fichier"),
        stamps=count(facts.stamps, "jeton"),
        expert=EXPERT,
        points=_LAWYER_POINTS if facts.points else "",
    )
    expert = _EXPERT.format(
        code=facts.code,
        key=facts.key,
        sha256=facts.sha256,
        first=choice.first,
        last=choice.end - 1,
        leaves=count(len(choice.numbers), "feuille"),
        origin=facts.origin,
        size=count(facts.size, "feuille"),
        signed="lu par nous le" if facts.followed else "signé le",
        at=when(facts.signed_at),
        points=_EXPERT_POINTS if facts.points else "",
    )
    return {LAWYER: lawyer.encode(), EXPERT: expert.encode()}


def _outages(number: int) -> str:
    if not number:
        return "aucune indisponibilité constatée"
    return count(number, "indisponibilité")
