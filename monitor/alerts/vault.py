"""The secrets of alerts: addresses encrypted, addresses looked up by a keyed hash, signed links.

All come from one key file that is never in the database: who has the database alone reads no
address, and can neither test whether one is there nor forge a link.

The file has one Fernet key a line. The first encrypts; all decrypt; hashes and links use the last,
which therefore stays. A lost file cannot be replaced: everyone must subscribe again.
"""

import base64
import binascii
import hashlib
import hmac
import os
import stat
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from monitor.evidence import bounded, durable
from monitor.runtime.errors import VigieError

FILE = "courriels.key"  # below data/
_FILE_MAX = 10_000  # bytes
_PADDED = 64  # an encrypted address does not give its length away
_HEAD = struct.Struct(">cQQ")  # purpose, number of the subscriber, last second (0: none)
_MAC = 20  # bytes of the signature
_NEVER = 0
TOKEN_LENGTH = 4 * -(-(_HEAD.size + _MAC) // 3)  # characters, before padding is removed


class VaultError(VigieError):
    """The key file cannot be used; the French message says what to do."""


class LinkUse(StrEnum):
    """What a link lets its bearer do."""

    CONFIRM = "c"
    MANAGE = "m"
    LEAVE = "q"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLink:
    """The readable part of a link, not yet verified."""

    use: LinkUse
    subscriber: int
    until: datetime | None
    head: bytes
    mac: bytes


class Vault:
    """What can be done with the keys. Immutable; safe from any thread."""

    def __init__(self, text: str) -> None:
        """Read the keys, one a line, the newest first.

        Raises:
            VaultError: There is none, or one is not a Fernet key.

        """
        lines = text.split()
        try:
            fernets = [Fernet(line) for line in lines]
            oldest = base64.urlsafe_b64decode(lines[-1])
        except (ValueError, IndexError):  # binascii.Error is a ValueError
            raise VaultError(
                "La clé des courriels est illisible : une clé par ligne, comme l’écrit le premier"
                " lancement (VIGIE_MAIL_KEY, ou courriels.key dans le dossier du registre)."
            ) from None
        self._fernet = MultiFernet(fernets)
        self._lookup = _derived(oldest, b"vigie lookup")
        self._links = _derived(oldest, b"vigie links")

    def encrypt(self, address: str) -> bytes:
        """Encrypt an address, in a length that many share."""
        plain = address.encode()
        return self._fernet.encrypt(plain + bytes(-len(plain) % _PADDED))

    def decrypt(self, data: bytes) -> str:
        """Decrypt an address. Raises VaultError when no key fits."""
        try:
            return self._fernet.decrypt(data).rstrip(b"\0").decode()
        except InvalidToken:
            raise VaultError(
                "Une adresse ne se déchiffre par aucune clé : remettez l’ancienne clé des"
                " courriels après la nouvelle, ou effacez les abonnés."
            ) from None

    def lookup(self, address: str) -> bytes:
        """Return the keyed hash that an address is found by, whatever its case."""
        return hmac.digest(self._lookup, address.casefold().encode(), "sha256")

    def sign(
        self, use: LinkUse, subscriber: int, nonce: bytes, until: datetime | None = None
    ) -> str:
        """Return the token of a link. `nonce` is the subscriber's own; `until` None: for ever."""
        last = int(until.timestamp()) if until else _NEVER
        head = _HEAD.pack(use.value.encode(), subscriber, last)
        token = base64.urlsafe_b64encode(head + self._mac(head, nonce))
        return token.rstrip(b"=").decode()

    def verify(self, link: SignedLink, nonce: bytes, now: datetime) -> bool:
        """Return whether we signed a link for the person who has this nonce, and it holds."""
        fresh = link.until is None or now <= link.until
        return hmac.compare_digest(link.mac, self._mac(link.head, nonce)) and fresh

    def name(self, *parts: str) -> str:
        """Return an identifier that only we can derive from these texts."""
        return hmac.digest(self._links, "\n".join(parts).encode(), hashlib.sha256).hex()[:32]

    def _mac(self, head: bytes, nonce: bytes) -> bytes:
        return hmac.digest(self._links, head + nonce, "sha256")[:_MAC]


def read_link(token: str) -> SignedLink | None:
    """Return what a token says, unverified; None when it has not the form of one."""
    if len(token) > TOKEN_LENGTH or not token.isascii():
        return None
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        if len(data) != _HEAD.size + _MAC:
            return None
        use, subscriber, last = _HEAD.unpack(data[: _HEAD.size])
        until = datetime.fromtimestamp(last, UTC) if last else None
        return SignedLink(
            use=LinkUse(use.decode("ascii")),
            subscriber=subscriber,
            until=until,
            head=data[: _HEAD.size],
            mac=data[_HEAD.size :],
        )
    except (binascii.Error, struct.error, ValueError, OverflowError, OSError):
        return None


def open_vault(data: Path, text: str) -> Vault:
    """Return the vault of the key in `text`, or else of the file below `data`, made if missing.

    Raises:
        VaultError: The key cannot be used, or others than us can read its file.
        OSError: The folder cannot be written.

    """
    if text:
        return Vault(text)
    path = data / FILE
    with durable.locked(path.with_name(f".{FILE}.lock")):
        if not path.exists():
            durable.write(path, Fernet.generate_key() + b"\n", mode=0o600)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise VaultError(
            f"Clé {path} : d’autres que vous peuvent la lire. Faites « chmod 600 {path} »."
        )
    return Vault(bounded.read(path, _FILE_MAX).decode("ascii", "replace"))


def new_nonce() -> bytes:
    """Return a text that nobody can guess."""
    return os.urandom(16)


def _derived(key: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=use).derive(key)
