"""Verifier keys of logs and witnesses as they are exchanged: `<name>+<id>+<base64>`."""

import binascii
from base64 import b64decode
from hashlib import sha256

from monitor.config.fields.urls import Refusal
from monitor.core.untrusted.weak_keys import is_weak

LOG, WITNESS = 0x01, 0x04  # C2SP signed-note, "Signature types"
_KINDS = {LOG: "un journal (type 1)", WITNESS: "un cosignataire (type 4)"}
_BYTES = 33  # the type, and 32 bytes of Ed25519


def refuse_key(text: str, kind: int) -> Refusal | None:
    """Return why a text is not the verifier key of a log, or of a witness; None when it is."""
    name, _, rest = text.partition("+")
    identity, _, encoded = rest.partition("+")
    try:
        key = b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not name or any(char.isspace() for char in name) or len(key) != _BYTES:
        return Refusal("clé publique mal écrite", "la recopier entière : nom+identifiant+clé")
    if sha256(name.encode() + b"\n" + key).digest()[:4].hex() != identity:
        cure = "demander à nouveau la ligne entière à son propriétaire"
        return Refusal("la clé ne répond pas à son identifiant : elle a été abîmée", cure)
    if is_weak(key[1:]):
        cure = "demander à son propriétaire une clé faite par son programme"
        return Refusal("clé faible, sous laquelle tout texte passerait pour signé", cure)
    if key[0] != kind:
        return Refusal(f"ce n’est pas la clé d’{_KINDS[kind]}", "demander la bonne clé")
    return None
