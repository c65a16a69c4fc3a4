"""Signed notes, checkpoints and cosignatures. Pure: text in, text out.

Formats: C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-cosignature v1. A note is
`text`, an empty line, and signature lines; the text ends with a newline and is what is
signed. Parsing is strict: what two parsers could read differently is refused.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from monitor.core.untrusted.weak_keys import is_weak
from monitor.evidence.log.tlog import HASH_SIZE

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
DASH = "— "
KEY_ID_SIZE = 4


class NoteError(Exception):
    """A note, key or checkpoint that cannot be read, or whose signature is wrong."""


class Algorithm(IntEnum):
    """Signature types that we make and check (signed-note, "Signature types")."""

    ED25519 = 0x01  # a log's signature on its checkpoint
    COSIGNATURE = 0x04  # a witness's timestamped Ed25519 cosignature/v1


def _valid_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(char.isspace() for char in name)


def _key_id(name: str, algorithm: Algorithm, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:KEY_ID_SIZE]


def unbase64(text: str, what: str) -> bytes:
    """Decode canonical base64. Raises NoteError, naming `what`, for any other text."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"{what} is not base64") from error
    if b64encode(data).decode() != text:  # padding bits: one text for one value
        raise NoteError(f"{what} is not canonical base64")
    return data


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name: `<name>+<hex key id>+<base64>`."""

    name: str
    algorithm: Algorithm
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        name, _, rest = text.strip().partition("+")
        hex_id, _, encoded = rest.partition("+")
        data = unbase64(encoded, "the key")
        if not _valid_name(name) or len(data) != 1 + HASH_SIZE:
            raise NoteError(f"not a verifier key: {text[:80]}")
        try:
            key = cls(name, Algorithm(data[0]), data[1:])
        except ValueError as error:
            raise NoteError(f"unknown key type {data[0]}") from error
        if key.key_id.hex() != hex_id:
            raise NoteError(f"the key id of {name} does not match its key")
        if is_weak(key.public):
            raise NoteError(f"the key of {name} is of small order: any text would be signed by it")
        return key

    @property
    def key_id(self) -> bytes:
        return _key_id(self.name, self.algorithm, self.public)

    def __str__(self) -> str:
        encoded = b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def verify(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A private key with its name: `PRIVATE+KEY+<name>+<hex key id>+<base64>`."""

    name: str
    algorithm: Algorithm
    seed: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        prefix = "PRIVATE+KEY+"
        if not text.startswith(prefix):
            raise NoteError("not a private key")
        name, _, rest = text.strip().removeprefix(prefix).partition("+")
        hex_id, _, encoded = rest.partition("+")
        data = unbase64(encoded, "the private key")
        if not _valid_name(name) or len(data) != 1 + HASH_SIZE:
            raise NoteError("not a private key")
        try:
            key = cls(name, Algorithm(data[0]), data[1:])
        except ValueError as error:
            raise NoteError(f"unknown key type {data[0]}") from error
        if key.verifier.key_id.hex() != hex_id:
            raise NoteError(f"the key id of {name} does not match its key")
        return key

    def __str__(self) -> str:
        encoded = b64encode(bytes([self.algorithm]) + self.seed).decode()
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{encoded}"

    def __repr__(self) -> str:
        return f"SignerKey({self.name!r})"  # never the seed: it would end in a log

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self.algorithm, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who, with which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    data: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        name, _, encoded = line.removeprefix(DASH).partition(" ")
        data = unbase64(encoded, "a signature")
        if not line.startswith(DASH) or not _valid_name(name) or len(data) <= KEY_ID_SIZE:
            raise NoteError("malformed signature line")
        return cls(name, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])

    def __str__(self) -> str:
        return f"{DASH}{self.name} {b64encode(self.key_id + self.data).decode()}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures, none of them checked yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        if len(data) > MAX_NOTE_BYTES:
            raise NoteError(f"a note of {len(data)} bytes is too long")
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise NoteError("the note is not UTF-8") from error
        if any(ord(char) < 0x20 and char != "\n" for char in whole):  # noqa: PLR2004 -- ASCII controls
            raise NoteError("the note holds control characters")
        text, separator, lines = whole.rpartition("\n\n")
        if not separator or not lines.endswith("\n"):
            raise NoteError("the note has no signature")
        signatures = tuple(Signature.parse(line) for line in lines[:-1].split("\n"))
        if len(signatures) > MAX_SIGNATURES:
            raise NoteError(f"{len(signatures)} signatures are too many")
        return cls(text + "\n", signatures)

    def __bytes__(self) -> bytes:
        return (self.text + "\n" + "".join(f"{line}\n" for line in self.signatures)).encode()

    def verified_by(self, keys: Iterable[VerifierKey]) -> tuple[tuple[VerifierKey, Signature], ...]:
        """Return the signatures by `keys`; those by unknown keys are ignored.

        Raises:
            NoteError: A signature that claims one of `keys` is wrong (signed-note).

        """
        wanted_keys = {(key.name, key.key_id): key for key in keys}
        verified = []
        for signature in self.signatures:
            key = wanted_keys.pop((signature.name, signature.key_id), None)
            if key is None:
                continue
            if not _check(key, self.text, signature.data):
                raise NoteError(f"the signature of {key.name} is wrong")
            verified.append((key, signature))
        return tuple(verified)


def _check(key: VerifierKey, text: str, data: bytes) -> bool:
    if key.algorithm is Algorithm.ED25519:
        return key.verify(text.encode(), data)
    if len(data) != _TIME_SIZE + _ED25519_SIZE:
        return False
    at, signature = int.from_bytes(data[:_TIME_SIZE], "big"), data[_TIME_SIZE:]
    return key.verify(_cosigned(text, at), signature)


_TIME_SIZE, _ED25519_SIZE = 8, 64


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def sign(text: str, key: SignerKey) -> Signature:
    """Sign a note's text as its author. Raises NoteError unless it ends with a newline."""
    if not text.endswith("\n"):
        raise NoteError("a note's text ends with a newline")
    return Signature(key.name, key.verifier.key_id, key.sign(text.encode()))


def cosign(text: str, key: SignerKey, *, at: int) -> Signature:
    """Cosign a checkpoint's text; `at` is POSIX time in seconds."""
    data = at.to_bytes(_TIME_SIZE, "big") + key.sign(_cosigned(text, at))
    return Signature(key.name, key.verifier.key_id, data)


def cosigned_at(signature: Signature) -> int:
    """Return the POSIX time, in seconds, of a cosignature that was verified before."""
    return int.from_bytes(signature.data[:_TIME_SIZE], "big")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's commitment to its first `size` leaves."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        lines: Sequence[str] = text.split("\n")
        if len(lines) < 4 or lines[-1] or any(not line for line in lines[:-1]):  # noqa: PLR2004 -- three lines and the end
            raise NoteError("malformed checkpoint")
        origin, size, encoded, *extension = lines[:-1]
        canonical = size.isascii() and size.isdigit() and str(int(size[:20])) == size
        if not canonical or int(size) >= 1 << 63:
            raise NoteError("malformed checkpoint size")
        root = unbase64(encoded, "the root")
        if len(root) != HASH_SIZE:
            raise NoteError("the root is not 32 bytes long")
        return cls(origin, int(size), root, tuple(extension))

    def __str__(self) -> str:
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extension)
        return "".join(f"{line}\n" for line in lines)
