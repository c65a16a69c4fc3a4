"""The journal's key, for commands that give copies of it to others."""

import os
from pathlib import Path

from monitor.attest.sealing import KEY_FILE, journal_key
from monitor.cli.parsing import CommandRefused
from monitor.config import Config
from monitor.config.settings import read_settings
from monitor.evidence.log.note import VerifierKey


def published_key(data: Path, config: Config) -> VerifierKey:
    """Return the public key of the journal. Raises CommandRefused when there is none here."""
    settings = read_settings(os.environ, data=data)
    if not settings.journal_key and not (data / KEY_FILE).exists():
        raise CommandRefused(
            f"{data / KEY_FILE} : introuvable ; la clé du journal n’est pas ici. Lancer la "
            "commande là où tourne le service, avec --data son dossier, ou donner "
            "VIGIE_JOURNAL_KEY."
        )
    signer = journal_key(data, origin=config.journaling.origin, text=settings.journal_key)
    return signer.verifier
