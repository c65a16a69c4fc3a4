"""What vouches for each kind of file below `data/`: one without an entry fails a test."""

import re
from dataclasses import dataclass

from monitor.store.audit.vouchers import By


@dataclass(frozen=True, slots=True)
class FileKind:
    """Files whose path below the data folder matches; `why` as in `Column`.

    `fewer`: as in `Vouched`. `more`: the same of bytes at the end of such a file.
    """

    pattern: str
    by: By
    what: str
    why: str = ""
    fewer: str = ""
    more: str = ""

    def matches(self, path: str) -> bool:
        return re.compile(self.pattern).fullmatch(path) is not None


_LOCK = "sert à n’avoir qu’un écrivain ; il ne contient rien"
_ASIDE = "une réponse refusée d’une autorité ne date rien"

FILES: tuple[FileKind, ...] = (
    FileKind(r"journal/checkpoint", By.SELF, "la note signée, vérifiée par la clé"),
    FileKind(
        r"journal/changements-de-cle/\d+",
        By.SELF,
        "la note signée par deux clés quand l’une a remplacé l’autre",
        fewer="qui ne connaît que l’ancienne clé ne peut plus suivre ; le compte en est donné",
    ),
    FileKind(
        r"journal/tile/.*\.p/.*",
        By.SELF,
        "les derniers fichiers, partiels",
        fewer="un fichier partiel qu’un plus grand a suivi n’est plus lu",
    ),
    FileKind(r"journal/tile/entries/.*", By.SELF, "les feuilles, sous la racine signée"),
    FileKind(r"journal/tile/\d+/.*", By.SELF, "les empreintes, refaites depuis les feuilles"),
    FileKind(
        r"journal/horodatages/[0-9a-f]{64}/token\.tst",
        By.LEAF,
        "un jeton, jugé de nouveau ; la feuille qui le nomme donne son empreinte",
    ),
    FileKind(
        r"journal/horodatages/[0-9a-f]{64}/checkpoint",
        By.SELF,
        "la note datée, que le jeton couvre et que le journal prolonge",
    ),
    FileKind(
        r"journal/horodatages/[0-9a-f]{64}/(chain\.pem|crl-\d+\.crl)",
        By.NOTHING,
        "la chaîne d’une autorité et ses listes de révocation",
        "le jeton contient ses certificats ; une liste fausse est refusée",
    ),
    FileKind(
        r"captures/.*\.warc\.gz",
        By.LEAF,
        "les octets échangés ; chaque feuille en donne l’empreinte",
        more="un enregistrement inachevé à la fin n’est pas lu : un arrêt brutal en laisse",
    ),
    FileKind(
        r"annonces/[0-9a-f]{64}",
        By.LEAF,
        "le texte d’une annonce de maintenance ; la feuille qui la cite en donne l’empreinte",
        more="un fichier qu’aucune feuille ne cite n’est montré nulle part",
    ),
    FileKind(
        r"captures/thinned-before",
        By.NOTHING,
        "le jour avant lequel les copies quotidiennes sont retirées",
        "ne sert qu’à ne pas relire les vieux fichiers",
    ),
    FileKind(
        r"dernier-checkpoint",
        By.NOTHING,
        "la dernière note signée, gardée à part",
        "au démarrage, le service la compare au journal avant de signer",
    ),
    FileKind(
        r"journal\.key(\..*)?",
        By.NOTHING,
        "la clé qui signe ; les anciennes à côté",
        "c’est l’empreinte publiée de la clé qui fait foi, pas ce fichier",
    ),
    FileKind(
        r"courriels\.key",
        By.NOTHING,
        "la clé des adresses d’abonnés",
        "elle ne signe rien du journal",
    ),
    FileKind(
        r"dossiers\.key|dossiers/.*",
        By.NOTHING,
        "les dossiers demandés en ligne, effacés après un jour",
        "chacun se refait à l’identique ; leur lot de preuves se vérifie seul",
    ),
    FileKind(
        r"(\..*|.*/\..*|journal\.lock|.*\.lock)", By.NOTHING, "verrous et fichiers en cours", _LOCK
    ),
    FileKind(r"horodatages-refuses/.*", By.NOTHING, "réponses refusées", _ASIDE),
    FileKind(r"vigie\.sqlite(-wal|-shm)?", By.LEAF, "la base, comparée au journal ligne par ligne"),
    FileKind(
        r"vigie\.sqlite\.avant-.*",
        By.NOTHING,
        "la base avant une mise à niveau",
        "rien ne la lit",
    ),
    FileKind(
        r"(temoin|config|tls)/.*",
        By.NOTHING,
        "ce qui n’est pas de ce journal",
        "le rôle de cosignataire, et ce qu’une démonstration se donne",
    ),
)
