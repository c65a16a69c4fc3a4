"""Our own signing keys: made at first use, readable by their owner only."""

import os
import stat
from pathlib import Path

from monitor.evidence import bounded, durable
from monitor.evidence.log.note import Algorithm, NoteError, SignerKey
from monitor.runtime.errors import VigieError

SEED_BYTES = 32
# Where the configuration gives the name of each kind of key.
_SETTINGS = {Algorithm.ED25519: ("journal", "origin"), Algorithm.COSIGNATURE: ("witness", "name")}
MAX_KEY_BYTES = 10_000
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(VigieError):
    """A key file that cannot be used; the French message says why and what to do."""


def own_key(path: Path, *, name: str, algorithm: Algorithm) -> SignerKey:
    """Return the key in the file `path`, which is made if it does not exist.

    Raises:
        KeyFileError: The file cannot be read, is not a key, is the key of another name or use, or
        is readable by other users.

    """
    with durable.locked(path.with_name(f".{path.name}.lock")):
        if not path.exists():
            new_key = SignerKey(name, algorithm, os.urandom(SEED_BYTES))
            durable.write(path, f"{new_key}\n".encode(), mode=0o600)
        return _read(path, name=name, algorithm=algorithm)


def _read(path: Path, *, name: str, algorithm: Algorithm) -> SignerKey:
    try:
        if path.stat().st_mode & _OTHERS:
            raise KeyFileError(
                f"Clé {path} : d’autres que vous peuvent la lire. Faites « chmod 600 {path} », "
                "et changez de clé si quelqu’un a pu la copier."
            )
        key = SignerKey.parse(bounded.read(path, MAX_KEY_BYTES).decode("utf-8"))
    except (NoteError, OSError, UnicodeError) as error:
        raise KeyFileError(f"Clé {path} : illisible ({error}).") from error
    if (key.name, key.algorithm) != (name, algorithm):
        section, setting = _SETTINGS[algorithm]
        raise KeyFileError(
            f"Clé {path} : elle est au nom de {key.name}, et la configuration dit {name}. "
            "Remettez l’ancien nom, car une clé n’en change jamais : dans config/local.toml, "
            f'sous [{section}], {setting} = "{key.name}".'
        )
    return key
