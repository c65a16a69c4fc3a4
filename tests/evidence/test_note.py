"""Notes, checkpoints and cosignatures, against published vectors and hostile text."""

import json
from base64 import b64encode
from functools import cache, partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.fields.verifier_keys import refuse_key
from monitor.evidence.log import note, tlog
from monitor.evidence.log.note import (
    Algorithm,
    Checkpoint,
    Note,
    NoteError,
    SignerKey,
    VerifierKey,
)
from tests.support.hostile_files import key_text, weak_keys

TESSERA = json.loads((Path(__file__).parent / "vectors" / "tessera.json").read_text())
LOG = SignerKey.parse(TESSERA["private_key"])
WITNESS = SignerKey("temoin.example.org", Algorithm.COSIGNATURE, bytes(range(32)))


@pytest.mark.parametrize("size", range(16))
def test_tesseras_checkpoints_come_out_byte_for_byte(size: int) -> None:
    """Ed25519 is deterministic: one key, one text, one signature."""
    leaves = [tlog.leaf_hash(entry.encode()) for entry in TESSERA["entries"]]

    @cache
    def nodes(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return tlog.node_hash(nodes(level - 1, 2 * index), nodes(level - 1, 2 * index + 1))

    text = str(Checkpoint(LOG.name, size, tlog.root(nodes, size)))
    ours = bytes(Note(text, (note.sign(text, LOG),)))

    assert TESSERA["checkpoints"][size].encode() == ours
    assert VerifierKey.parse(TESSERA["public_key"]) == LOG.verifier


def test_the_example_of_the_signed_note_specification_is_verified() -> None:
    """C2SP signed-note, "Example"."""
    key = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    read = Note.parse(
        "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6T"
        "fXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n".encode()
    )

    assert [key] == [found for found, _ in read.verified_by([key])]


def test_a_wrong_signature_of_a_known_key_refuses_the_whole_note() -> None:
    text = "Un texte.\n"
    forged = note.sign("Un autre texte.\n", LOG)

    with pytest.raises(NoteError, match="wrong"):
        Note(text, (forged,)).verified_by([LOG.verifier])


def test_signatures_by_unknown_keys_are_left_aside() -> None:
    text = "Un texte.\n"
    other = SignerKey("autre.example.org", Algorithm.ED25519, b"\x07" * 32)

    signed = Note(text, (note.sign(text, other), note.sign(text, LOG)))

    assert [LOG.verifier] == [key for key, _ in signed.verified_by([LOG.verifier])]


def test_a_cosignature_covers_its_time() -> None:
    text = str(Checkpoint("journal.example.org", 3, b"\x01" * 32))
    signature = note.cosign(text, WITNESS, at=1_795_000_000)

    assert note.cosigned_at(signature) == 1_795_000_000
    assert Note(text, (signature,)).verified_by([WITNESS.verifier])
    later = note.Signature(
        signature.name, signature.key_id, b"\x00" * 7 + b"\x01" + signature.data[8:]
    )
    with pytest.raises(NoteError):
        Note(text, (later,)).verified_by([WITNESS.verifier])


def test_a_cosignature_replayed_on_another_checkpoint_is_refused() -> None:
    mine = str(Checkpoint("journal.example.org", 3, b"\x01" * 32))
    rewritten = str(Checkpoint("journal.example.org", 3, b"\x02" * 32))

    replayed = note.cosign(mine, WITNESS, at=1_795_000_000)

    with pytest.raises(NoteError):
        Note(rewritten, (replayed,)).verified_by([WITNESS.verifier])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no signature\n",
        b"text\n\n",
        "text\n\n— name AAAA\n".encode(),  # nothing after the key id
        "text\n\n— name AAAAAAA=\nmore\n".encode(),
        b"text\n\n- name AAAAAAA=\n",  # a hyphen is no em dash
        "text\n\n— na+me AAAAAAA=\n".encode(),
        "text\n\n— name AAAAAAA=".encode(),  # no last newline
        "te\txt\n\n— name AAAAAAA=\n".encode(),
        b"\xff\n\n\xe2\x80\x94 name AAAAAAA=\n",
        "text\n\n— name AAAAAAB=\n".encode(),  # padding bits set
        ("text\n\n" + "— name AAAAAAA=\n" * 101).encode(),
        b"x" * 1_000_001,
    ],
)
def test_a_malformed_note_is_refused(data: bytes) -> None:
    with pytest.raises(NoteError):
        Note.parse(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n",
        "origin\n01\n" + b64encode(b"\x00" * 32).decode() + "\n",
        "origin\n+1\n" + b64encode(b"\x00" * 32).decode() + "\n",
        "origin\n٣\n" + b64encode(b"\x00" * 32).decode() + "\n",
        "origin\n" + "9" * 5000 + "\n" + b64encode(b"\x00" * 32).decode() + "\n",
        "origin\n1\n" + b64encode(b"\x00" * 31).decode() + "\n",
        "\n1\n" + b64encode(b"\x00" * 32).decode() + "\n",
        "origin\n1\n" + b64encode(b"\x00" * 32).decode(),
        "origin\n1\n" + b64encode(b"\x00" * 32).decode() + "\n\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


@given(
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text("abc é", min_size=1), max_size=3),
)
def test_a_checkpoint_is_read_back_as_it_was_written(
    size: int, root: bytes, extension: list[str]
) -> None:
    written = Checkpoint("journal.example.org", size, root, tuple(extension))

    assert written == Checkpoint.parse(str(written))


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_note_error(data: bytes) -> None:
    for reader in (
        Note.parse,
        lambda raw: Checkpoint.parse(raw.decode("latin-1")),
        lambda raw: VerifierKey.parse(raw.decode("latin-1")),
        lambda raw: SignerKey.parse("PRIVATE+KEY+" + raw.decode("latin-1")),
    ):
        call = partial(reader, data)
        try:
            call()
        except NoteError:
            continue


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "name+00000000+AQ==",
        TESSERA["public_key"].replace("33d7b496", "33d7b497"),
        TESSERA["public_key"].replace("+AeHT", "+CeHT"),
    ],
)
def test_a_verifier_key_that_does_not_hold_together_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


def test_a_private_key_is_never_printed() -> None:
    assert "AeymY" not in repr(LOG)
    assert SignerKey.parse(str(LOG)) == LOG


def test_gos_own_note_comes_out_byte_for_byte_and_is_verified() -> None:
    """golang.org/x/mod, sumdb/note, example_test.go: signing and opening."""
    key = SignerKey.parse(
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    )
    known = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    signed = Note(text, (note.sign(text, key),))

    assert bytes(signed).decode() == (
        f"{text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXg"
        "KvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert [known] == [found for found, _ in Note.parse(bytes(signed)).verified_by([known])]


@pytest.mark.parametrize("name", weak_keys())
@pytest.mark.parametrize("kind", [1, 4])
def test_a_key_of_small_order_is_no_key(name: str, kind: int) -> None:
    text = key_text("vigie.example/x", kind, weak_keys()[name])
    with pytest.raises(NoteError, match="small order"):
        VerifierKey.parse(text)
    refused = refuse_key(text, kind)
    assert refused is not None
    assert "faible" in str(refused)
