"""`verify/verifier.py` and a journal whose key was changed: what each key may have signed."""

import json
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.core.journal import encode
from monitor.core.journal.jcs import canonical
from monitor.evidence.log import note
from monitor.evidence.log.note import Algorithm, Note, SignerKey
from tests.support import mirror, tsa
from tests.support.mirror import LOG, OTHER, Tree
from tests.support.outcomes import at
from tests.support.stranger import run_verifier

STRANGER = SignerKey(LOG.name, Algorithm.ED25519, bytes(range(3, 35)))
CHANGED = 5  # the leaf that says so
SIZE = 9


def key_leaf(old: SignerKey, new: SignerKey) -> bytes:
    return canonical(encode.new_key(at(0), old=str(old.verifier), new=str(new.verifier)))


@pytest.fixture
def tree() -> Tree:
    """Give a journal whose key, LOG, gave way to OTHER."""
    entries = [mirror.leaf("annotation", number=number) for number in range(SIZE)]
    entries[CHANGED] = key_leaf(LOG, OTHER)
    return Tree(entries)


def write(folder: Path, tree: Tree, *, key: SignerKey = OTHER) -> Path:
    tree.write(folder / "journal", SIZE)
    mirror.put(folder / "journal" / "checkpoint", tree.checkpoint(SIZE, key=key))
    mirror.put(folder / "cles.txt", f"log {key.verifier}\n".encode())
    mirror.put(folder / "racines.pem", tsa.issue("Racine").pem)
    mirror.list_files(folder)
    return folder


def test_what_the_old_key_signed_in_its_time_stays_good(tree: Tree, tmp_path: Path) -> None:
    folder = write(tmp_path / "copie", tree)
    old = tmp_path / "ancien"

    for size in (1, 3, CHANGED):
        old.write_bytes(tree.checkpoint(size))
        code, output = run_verifier(folder, "--ancien", old)
        assert code == 0, output
        assert (
            f"clé changée à la feuille {CHANGED} : {LOG.verifier}, puis {OTHER.verifier}" in output
        )


def test_the_checkpoint_of_the_change_bears_both_signatures(tree: Tree, tmp_path: Path) -> None:
    folder = write(tmp_path / "copie", tree)
    text = Note.parse(tree.checkpoint(CHANGED + 1)).text
    both = tmp_path / "les deux"
    both.write_bytes(bytes(Note(text, (note.sign(text, LOG), note.sign(text, OTHER)))))

    assert run_verifier(folder, "--ancien", both)[0] == 0


@pytest.mark.parametrize("size", range(CHANGED + 1, SIZE + 1))
def test_a_key_that_was_replaced_signs_no_more(size: int, tree: Tree, tmp_path: Path) -> None:
    folder = write(tmp_path / "copie", tree)
    late = tmp_path / "tardif"
    late.write_bytes(tree.checkpoint(size))

    code, output = run_verifier(folder, "--ancien", late)

    assert code == 1
    assert f"ÉCHEC {late} : pas signé par la clé du journal" in output


def test_the_last_checkpoint_is_signed_by_the_last_key(tree: Tree, tmp_path: Path) -> None:
    folder = write(tmp_path / "copie", tree)
    mirror.put(folder / "journal" / "checkpoint", tree.checkpoint(SIZE))
    mirror.list_files(folder)

    assert run_verifier(folder)[0] == 1


@pytest.mark.parametrize("size", [1, CHANGED, SIZE])
def test_a_key_that_the_journal_never_had_signs_nothing(
    size: int, tree: Tree, tmp_path: Path
) -> None:
    folder = write(tmp_path / "copie", tree)
    other = tmp_path / "autre"
    other.write_bytes(tree.checkpoint(size, key=STRANGER))

    code, output = run_verifier(folder, "--ancien", other)

    assert code == 1
    assert f"ÉCHEC {other}" in output


def test_a_false_signature_of_the_old_key_is_refused(tree: Tree, tmp_path: Path) -> None:
    folder = write(tmp_path / "copie", tree)
    text = Note.parse(tree.checkpoint(3)).text
    wrong = note.sign(Note.parse(tree.checkpoint(4)).text, LOG)
    false = tmp_path / "faux"
    false.write_bytes(bytes(Note(text, (wrong,))))

    code, output = run_verifier(folder, "--ancien", false)

    assert code == 1
    assert f"ÉCHEC {false} : la signature de {LOG.name} est fausse" in output


def test_another_history_of_the_old_key_is_refused(tree: Tree, tmp_path: Path) -> None:
    folder = write(tmp_path / "copie", tree)
    forked = tmp_path / "autre histoire"
    forked.write_bytes(Tree([b"{}", *tree.entries[1:]]).checkpoint(3))

    code, output = run_verifier(folder, "--ancien", forked)

    assert code == 1
    assert f"ÉCHEC {forked} : le journal ne prolonge pas" in output


def test_keys_may_change_twice(tree: Tree, tmp_path: Path) -> None:
    tree.entries[7] = key_leaf(OTHER, STRANGER)
    folder = write(tmp_path / "copie", tree, key=STRANGER)
    old = tmp_path / "ancien"

    for size, key, code in ((3, LOG, 0), (7, OTHER, 0), (6, LOG, 1), (8, OTHER, 1), (3, OTHER, 0)):
        old.write_bytes(tree.checkpoint(size, key=key))
        assert run_verifier(folder, "--ancien", old)[0] == code, (size, key)


def test_a_key_leaf_that_names_no_key_is_a_sentence(tree: Tree, tmp_path: Path) -> None:
    tree.entries[7] = mirror.leaf("key", old="x", new=3, at="2026-11-23T08:00:00.000000Z")
    code, output = run_verifier(write(tmp_path / "copie", tree))

    assert code == 1
    assert "feuille 7" in output


def test_time_stamps_of_before_the_change_are_accepted_by_both(
    tree: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = tsa.authority(tmp_path / "tsa")
    folder = tmp_path / "copie"
    stamps = folder / "journal" / "horodatages"
    tree.entries[4] = mirror.stamp(stamps, authority, tree.checkpoint(4))
    write(folder, tree)
    mirror.put(folder / "racines.pem", authority.root_pem.read_bytes())
    mirror.list_files(folder)

    code, output = run_verifier(folder)
    assert code == 0, output
    assert "1 checkpoint antérieur prolongé" in output
    words = ["verify", str(folder), "--key", str(OTHER.verifier), "--json"]
    main([*words, "--roots", str(authority.root_pem)])
    steps = json.loads(capsys.readouterr().out)["steps"]
    refused = [step["title"] for step in steps if not step["ok"]]
    assert "Vérificateur remis aux tiers" not in refused
    assert "Continuité" not in refused


def both(tree: Tree, size: int, *keys: SignerKey) -> bytes:
    text = Note.parse(tree.checkpoint(size)).text
    return bytes(Note(text, tuple(note.sign(text, key) for key in keys)))


def change(folder: Path, data: bytes, size: int) -> Path:
    path = folder / "journal" / "changements-de-cle" / str(size)
    mirror.put(path, data)
    mirror.list_files(folder)
    return path


def test_whoever_knows_the_old_key_follows_it_to_the_next(tree: Tree, tmp_path: Path) -> None:
    tree.entries[7] = key_leaf(OTHER, STRANGER)
    folder = write(tmp_path / "copie", tree, key=STRANGER)
    for size, keys in ((CHANGED + 1, (LOG, OTHER)), (8, (OTHER, STRANGER))):
        change(folder, both(tree, size, *keys), size)
    elsewhere = tmp_path / "cles"
    elsewhere.write_text(f"log {LOG.verifier}\n")

    for key in (LOG, OTHER, STRANGER):
        code, output = run_verifier(folder, "--cle", str(key.verifier))
        assert code == 0, output
        assert "changement de cl" not in output.partition("PRIS SUR PAROLE")[2]
    assert run_verifier(folder, "--cles", elsewhere)[0] == 0


@pytest.mark.parametrize("forged", ["none", "the new key's alone", "of before the leaf", "false"])
def test_an_old_key_that_does_not_sign_the_change_leads_nowhere(
    forged: str, tree: Tree, tmp_path: Path
) -> None:
    folder = write(tmp_path / "copie", tree)
    data = {
        "the new key's alone": both(tree, CHANGED + 1, OTHER),
        "of before the leaf": both(tree, CHANGED, LOG, OTHER),
    }.get(forged)
    if forged == "false":
        text = Note.parse(tree.checkpoint(CHANGED + 1)).text
        wrong = note.sign(Note.parse(tree.checkpoint(3)).text, LOG)
        data = bytes(Note(text, (wrong, note.sign(text, OTHER))))
    if data is not None:
        change(folder, data, CHANGED + 1)

    code, output = run_verifier(folder, "--cle", str(LOG.verifier))

    assert code == 1
    assert "changements-de-cle" in output


def test_a_change_that_the_old_key_did_not_sign_is_counted(tree: Tree, tmp_path: Path) -> None:
    code, output = run_verifier(write(tmp_path / "copie", tree), "--cle", str(OTHER.verifier))

    assert code == 0, output
    assert "PRIS SUR PAROLE 1 changement de clé que rien" in output


def test_a_change_of_another_history_is_refused(tree: Tree, tmp_path: Path) -> None:
    folder = write(tmp_path / "copie", tree)
    other = Tree([b"{}", *tree.entries[1:]])
    path = change(folder, both(other, CHANGED + 1, LOG, OTHER), CHANGED + 1)

    code, output = run_verifier(folder, "--cle", str(LOG.verifier))

    assert code == 1
    assert f"ÉCHEC {path} : le journal ne prolonge pas" in output
