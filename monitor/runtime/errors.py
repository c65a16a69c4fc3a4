"""Errors whose message is for a person, in French."""

import errno


class VigieError(Exception):
    """Nothing can be done until somebody acts. The message, in French, says what to do."""


_FRENCH = {
    errno.ENOENT: "introuvable",
    errno.EACCES: "accès refusé",
    errno.EPERM: "accès refusé",
    errno.EADDRINUSE: "adresse déjà occupée",
    errno.ECONNREFUSED: "connexion refusée",
    errno.ECONNRESET: "connexion coupée",
    errno.ETIMEDOUT: "délai dépassé",
    errno.EADDRNOTAVAIL: "cette adresse n’est pas à cette machine",
    errno.EEXIST: "un fichier de ce nom existe déjà",
    errno.EISDIR: "c’est un dossier",
    errno.ENOTDIR: "un fichier est à la place d’un dossier",
    errno.ENOSPC: "le disque est plein",
    errno.EDQUOT: "le quota de disque est atteint",
    errno.EROFS: "le disque est en lecture seule",
}


def in_french(error: OSError) -> str:
    """Return why the system refused, in French for the usual reasons."""
    if isinstance(error, TimeoutError):
        return _FRENCH[errno.ETIMEDOUT]
    return _FRENCH.get(error.errno or 0) or error.strerror or str(error)
