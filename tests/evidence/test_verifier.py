"""`verify/verifier.py`, alone: it accepts a good copy, and names the file of each change."""

import ast
import gzip
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.evidence.captures import day_files, warc
from monitor.evidence.captures.warc import Record
from monitor.evidence.log import note, tlog
from monitor.evidence.log.note import Checkpoint, Note
from tests.support import mirror, tsa
from tests.support.mirror import LOG, OTHER, VERIFIER, WITNESS, Tree
from tests.support.stranger import run_verifier, verifier

SIZE = 700


class Copy:
    """A copy of the good mirror, to be spoilt."""

    def __init__(self, folder: Path, tree: Tree) -> None:
        self.folder = folder
        self.journal = folder / "journal"
        self.tree = tree
        self.stamps = sorted(self.journal.glob("horodatages/*"), key=self._size)
        self.captures = day_files.files(folder / "captures")

    @staticmethod
    def _size(folder: Path) -> int:
        return Checkpoint.parse(Note.parse((folder / "checkpoint").read_bytes()).text).size

    def flip(self, name: str | Path, at: int | None = None) -> Path:
        """Change a bit of a file, in its middle by default."""
        path = self.folder / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2 if at is None else at] ^= 1
        path.write_bytes(data)
        return path

    def swap(self, one: Path, other: Path) -> Path:
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        other.write_bytes(first)
        return one

    def change(self, name: str, old: str, new: str) -> Path:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    def records(self, path: Path, change: Callable[[Record], Record | None]) -> Path:
        """Write a WARC file again with its digests right, its records changed or left out."""
        found = [change(member.record) for member in day_files.members(path)]
        path.write_bytes(warc.pack([record for record in found if record]))
        return path

    def bundle(self, index: int, change: Callable[[list[bytes]], list[bytes]]) -> Path:
        path = self.journal / tlog.bundle_path(index)
        path.write_bytes(tlog.pack_bundle(change(tlog.unpack_bundle(path.read_bytes()))))
        return path

    def rewrite(self, index: int) -> Path:
        """Do what the operator could: another leaf, the whole tree again, the same key."""
        entries = list(self.tree.entries)
        entries[index] = mirror.leaf("round", number=-1)
        forged = Tree(entries)
        shutil.rmtree(self.journal / "tile")
        forged.write(self.journal, SIZE)
        (self.journal / "checkpoint").write_bytes(forged.checkpoint(SIZE, at=1_795_100_000))
        proof = forged.proof(3, SIZE, forged.checkpoint(SIZE))
        (self.folder / "preuves" / "3.tlog-proof").write_bytes(proof)
        return self.stamps[0] / "checkpoint"

    def forge_first(self, path: Path) -> Path:
        """Put a false answer before the true one, under the same name."""
        found = [member.record for member in day_files.members(path)]
        first = next(one for one in found if one.kind == "response")
        path.write_bytes(warc.pack([found[0], other_bytes(first), *found[1:]]))
        return path

    def prove_elsewhere(self, index: int) -> Path:
        """Sign a second tree, and prove a leaf of that one alone."""
        entries = list(self.tree.entries)
        entries[index] = mirror.leaf("round", number=-1)
        forged = Tree(entries)
        path = self.folder / "preuves" / f"{index}.tlog-proof"
        path.with_suffix(".feuille").write_bytes(entries[index])
        path.write_bytes(forged.proof(index, SIZE, forged.checkpoint(SIZE, at=1_795_100_000)))
        return path


def run(folder: Path, *options: str | Path) -> tuple[int, str]:
    """Run the verifier that lies in the folder."""
    return run_verifier(folder, *options, place=folder / "verifier.py")


def run_alone(folder: Path, *options: str, network: bool) -> tuple[int, str]:
    """Do the same as a stranger: no environment, no package of ours, with no network if need be."""
    command = [sys.executable, "-I", "-S", str(folder / "verifier.py"), str(folder), *options]
    if not network:
        command = ["unshare", "--net", *command]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={"PATH": os.defpath}, cwd="/"
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tree]:
    folder = tmp_path_factory.mktemp("miroir") / "copie"
    folder.mkdir()
    return folder, mirror.make(folder, size=SIZE)


@pytest.fixture
def copy(good: tuple[Path, Tree], tmp_path: Path) -> Copy:
    folder, tree = good
    shutil.copytree(folder, tmp_path / "copie")
    return Copy(tmp_path / "copie", tree)


def test_a_good_copy_is_accepted_with_neither_network_nor_environment(copy: Copy) -> None:
    can = subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True)

    code, output = run_alone(copy.folder, "--cle", str(LOG.verifier), network=can.returncode != 0)
    assert (code, output) == run(copy.folder, "--cle", str(LOG.verifier))

    assert code == 0, output
    assert "700 feuilles" in output
    assert "2 checkpoints antérieurs prolongés" in output
    assert "contresigné par : temoin.example.org" in output
    assert "2 jetons" in output
    assert "12 relevés dont les octets concordent" in output


def test_it_imports_nothing_but_the_standard_library() -> None:
    tree = ast.walk(ast.parse(VERIFIER.read_text(encoding="utf-8")))
    names: set[str] = set()
    for node in tree:  # wherever it stands: within a function too
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    modules = {name.split(".")[0] for name in names}

    assert modules <= set(sys.stdlib_module_names)


def test_bundles_may_lie_compressed_as_the_service_keeps_them(copy: Copy) -> None:
    for path in (copy.journal / "tile" / "entries").rglob("*"):
        if path.is_file():
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    mirror.list_files(copy.folder)

    assert run(copy.folder)[0] == 0


def test_an_older_checkpoint_that_we_kept_is_extended(copy: Copy, tmp_path: Path) -> None:
    kept = tmp_path / "ancien"
    kept.write_bytes(copy.tree.checkpoint(123))
    assert run(copy.folder, "--ancien", kept)[0] == 0

    kept.write_bytes(Tree([b"{}", *copy.tree.entries[1:]]).checkpoint(123))
    code, output = run(copy.folder, "--ancien", kept)
    assert code == 1
    assert f"ÉCHEC {kept} : le journal ne prolonge pas" in output


def test_another_key_than_the_one_that_was_published_is_refused(copy: Copy) -> None:
    code, output = run(copy.folder, "--cle", str(OTHER.verifier))

    assert code == 1
    assert "cles.txt" in output


def test_a_daily_copy_that_was_removed_since_is_no_fault(copy: Copy) -> None:
    """Retention says so beforehand, and the digest stays in the journal."""

    def without_daily(record: Record) -> Record | None:
        return None if record.kind == "metadata" and b'"why":["daily"]' in record.block else record

    for path in copy.captures:
        copy.records(path, without_daily)
    mirror.list_files(copy.folder)

    code, output = run(copy.folder)

    assert code == 0, output


# What a clumsy hand, or time, does to a copy. The list of files is as it was.
ACCIDENTS: dict[str, Callable[[Copy], Path]] = {
    "a reader's notice": lambda copy: copy.flip("LISEZMOI.txt"),
    "the verifier itself": lambda copy: copy.change("verifier.py", "For whoever", "For anyone"),
    "the list of files": lambda copy: copy.flip("MANIFESTE", 3),
    "a file that is missing": lambda copy: remove(copy.captures[0]),
    "a file that is new": lambda copy: add(copy.folder / "captures" / "note.txt"),
    "a bundle": lambda copy: copy.flip(copy.journal / tlog.bundle_path(0)),
}

# What somebody does who also writes the list of files again.
ATTACKS: dict[str, Callable[[Copy], Path]] = {
    "checkpoint, root": lambda copy: copy.flip("journal/checkpoint", 40),
    "checkpoint, signature": lambda copy: copy.flip("journal/checkpoint", 190),
    "checkpoint, size": lambda copy: copy.change("journal/checkpoint", "\n700\n", "\n699\n"),
    "checkpoint, cosignature": lambda copy: copy.flip("journal/checkpoint", -20),
    "checkpoint, no witness": lambda copy: resign(copy, LOG),
    "checkpoint, another key": lambda copy: resign(copy, OTHER),
    "checkpoint, an old one": lambda copy: copy.swap(
        copy.journal / "checkpoint", copy.stamps[0] / "checkpoint"
    ),
    "no checkpoint": lambda copy: remove(copy.journal / "checkpoint"),
    "tile": lambda copy: copy.flip("journal/tile/0/001"),
    "tile, partial": lambda copy: copy.flip("journal/tile/0/002.p/188"),
    "tile, upper": lambda copy: copy.flip("journal/tile/1/000.p/2"),
    "tile, missing": lambda copy: remove(copy.journal / "tile/0/000"),
    "tile, too many": lambda copy: add(copy.journal / "tile/0/007"),
    "tile, of another width": lambda copy: add(copy.journal / "tile/0/000.p/12"),
    "bundle": lambda copy: copy.flip("journal/tile/entries/001"),
    "bundle, partial": lambda copy: copy.flip("journal/tile/entries/002.p/188"),
    "bundle, missing": lambda copy: remove(copy.journal / "tile/entries/000"),
    "bundle, cut": lambda copy: cut(copy.journal / "tile/entries/001"),
    "bundles, swapped": lambda copy: copy.swap(
        copy.journal / "tile/entries/000", copy.journal / "tile/entries/001"
    ),
    "leaf, removed": lambda copy: copy.bundle(1, lambda found: found[:-1]),
    "leaf, added": lambda copy: copy.bundle(1, lambda found: [*found, b"{}"]),
    "leaves, swapped": lambda copy: copy.bundle(0, lambda found: [*found[-1:], *found[:-1]]),
    "leaf, not JSON": lambda copy: copy.bundle(0, lambda found: [b"\xff", *found[1:]]),
    "history, written again by the key's holder": lambda copy: copy.rewrite(20),
    "token": lambda copy: copy.flip(copy.stamps[0] / "token.tst"),
    "token, missing": lambda copy: remove(copy.stamps[1]),
    "token, of another date": lambda copy: copy.swap(
        copy.stamps[0] / "token.tst", copy.stamps[1] / "token.tst"
    ),
    "token, renamed": lambda copy: copy.stamps[0].rename(copy.stamps[0].with_name("0" * 64)),
    "stamped checkpoint": lambda copy: copy.flip(copy.stamps[0] / "checkpoint", -20),
    "stamped checkpoint, another": lambda copy: copy.swap(
        copy.stamps[0] / "checkpoint", copy.stamps[1] / "checkpoint"
    ),
    "chain": lambda copy: copy.flip(copy.stamps[0] / "chain.pem"),
    "chain, missing": lambda copy: remove(copy.stamps[0] / "chain.pem"),
    "revocations": lambda copy: copy.flip(copy.stamps[0] / "crl-1.crl", -3),
    "roots": lambda copy: copy.flip("racines.pem"),
    "roots, of somebody else": lambda copy: write(
        copy.folder / "racines.pem", tsa.issue("Autre racine").pem
    ),
    "roots, none": lambda copy: write(copy.folder / "racines.pem", b""),
    "keys": lambda copy: copy.flip("cles.txt", 60),
    "keys, another": lambda copy: copy.change(
        "cles.txt", str(LOG.verifier), str(OTHER.verifier)
    ),
    "keys, two": lambda copy: copy.change("cles.txt", "log ", f"log {OTHER.verifier}\nlog "),
    "witnesses, more of them asked": lambda copy: copy.change("cles.txt", "quorum 1", "quorum 2"),
    "proof": lambda copy: copy.change("preuves/3.tlog-proof", "index 3", "index 4"),
    "proof, a hash": lambda copy: copy.flip("preuves/3.tlog-proof", 50),
    "proof, its leaf": lambda copy: copy.flip("preuves/3.feuille"),
    "proof, of another history": lambda copy: copy.prove_elsewhere(20),
    "capture": lambda copy: copy.flip(copy.captures[0]),
    "capture, cut": lambda copy: cut(copy.captures[0]),
    "captures, swapped": lambda copy: copy.swap(copy.captures[0], copy.captures[1]),
    "captures, one more": lambda copy: add(copy.folder / "captures/2030-01-01.warc.gz"),
    "capture, other bytes": lambda copy: copy.records(copy.captures[0], other_bytes),
    "capture, no answer": lambda copy: copy.records(
        copy.captures[0], lambda record: record if record.kind != "response" else None
    ),
    "capture, another verdict": lambda copy: copy.records(copy.captures[0], other_verdict),
    "capture, another date": lambda copy: copy.records(
        copy.captures[0], with_field("WARC-Date", "2020-01-01T00:00:00.000000Z")
    ),
    "capture, another page": lambda copy: copy.records(
        copy.captures[0], with_field("WARC-Target-URI", "http://autre.test/")
    ),
    "capture, another address": lambda copy: copy.records(
        copy.captures[0], with_field("WARC-IP-Address", "192.0.2.7")
    ),
    "capture, another kind of record": lambda copy: copy.records(
        copy.captures[0], with_field("WARC-Type", "resource")
    ),
    "capture, two dates": lambda copy: copy.records(
        copy.captures[0],
        lambda record: Record(
            (("WARC-Date", "2020-01-01T00:00:00.000000Z"), *record.fields), record.block
        ),
    ),
    "capture, two answers of one name": lambda copy: copy.forge_first(copy.captures[0]),
}  # fmt: skip

# Where the fault shows in another file than the one that was changed, or in either of two.
ELSEWHERE = {
    "checkpoint, an old one": "checkpoint",
    "witnesses, more of them asked": "checkpoint",
    "keys, another": "checkpoint",
    "token, renamed": "token.tst",
    "proof, its leaf": "3.tlog-proof",
    "bundle, missing": "tile/entries/000",
}


@pytest.mark.parametrize("name", ACCIDENTS)
def test_an_accident_is_told_with_the_name_of_the_file(name: str, copy: Copy) -> None:
    changed = ACCIDENTS[name](copy)

    code, output = run(copy.folder)

    assert code == 1
    failures = [line for line in output.splitlines() if line.startswith("ÉCHEC")]
    assert any(str(changed) in line or changed.name == "MANIFESTE" for line in failures), output


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_told_with_the_name_of_the_file(name: str, copy: Copy) -> None:
    changed = ATTACKS[name](copy)
    mirror.list_files(copy.folder)

    code, output = run(copy.folder)

    assert code == 1
    failures = [line for line in output.splitlines() if line.startswith("ÉCHEC")]
    assert any(ELSEWHERE.get(name, changed.name) in line for line in failures), output


def test_enough_ways_to_cheat_are_tried() -> None:
    assert len(ATTACKS) >= 30


def test_a_revoked_authority_is_refused(copy: Copy) -> None:
    """The list is in order, signed by who issued the certificate."""
    authority = copy.tree.authority
    assert authority is not None
    path = copy.stamps[0] / "crl-1.crl"
    path.write_bytes(tsa.revocations(authority.chain[-1], authority.signer))
    mirror.list_files(copy.folder)

    code, output = run(copy.folder)

    assert code == 1
    assert f"ÉCHEC {path}" in output
    assert "révoqué" in output


def remove(path: Path) -> Path:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return path


def add(path: Path) -> Path:
    return write(path, b"\x00" * 32)


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def cut(path: Path) -> Path:
    return write(path, path.read_bytes()[:-40])


def resign(copy: Copy, key: note.SignerKey) -> Path:
    """Sign the last checkpoint again, without its witness."""
    text = Note.parse((copy.journal / "checkpoint").read_bytes()).text
    signatures = [note.sign(text, key)]
    if key is OTHER:
        signatures.append(note.cosign(text, WITNESS, at=1_795_100_000))
    return write(copy.journal / "checkpoint", bytes(Note(text, tuple(signatures))))


def other_bytes(record: Record) -> Record:
    """Change an answer and everything in the file that says what it is."""
    if record.kind != "response":
        return record
    block = record.block[:-1] + b"!"
    digests = {"WARC-Block-Digest": warc.digest(block), "WARC-Payload-Digest": warc.digest(b"")}
    fields = tuple((name, digests.get(name, value)) for name, value in record.fields)
    return Record(fields, block)


def other_verdict(record: Record) -> Record:
    block = record.block.replace(b'"verdict":"down"', b'"verdict":"up"  ')
    fields = tuple(
        (name, warc.digest(block) if name == "WARC-Block-Digest" else value)
        for name, value in record.fields
    )
    return Record(fields, block)


def with_field(name: str, value: str) -> Callable[[Record], Record]:
    """Change one field of the records of answers: what a program that shows them reads."""

    def change(record: Record) -> Record:
        if record.kind not in ("response", "revisit"):
            return record
        found = tuple((each, value if each == name else told) for each, told in record.fields)
        return Record(found, record.block)

    return change


def test_a_file_that_no_step_reads_is_told(copy: Copy) -> None:
    """A copy may hold more, as a letter beside it; it must not pass for verified."""
    for name in ("temoignage.txt", "journal/note.txt", "captures/x/2026-11-23.warc.gz"):
        add(copy.folder / name)
    mirror.list_files(copy.folder)

    code, output = run(copy.folder)

    assert code == 0, output
    assert sum("ne disent rien de ce fichier" in line for line in output.splitlines()) == 3


def test_a_chain_and_its_lists_are_judged_once_for_all_tokens(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program for each certificate and list of each token would take hours of a year's."""
    program = verifier()
    asked: list[str] = []

    def counting(*arguments: object) -> Any:
        asked.append(str(arguments[0]))
        return openssl(*arguments)

    program.OpenSSL.find(copy.folder)
    openssl = program.openssl
    monkeypatch.setattr(program, "openssl", counting)
    monkeypatch.setattr(program, "GOOD_CHAINS", {})
    monkeypatch.setattr(program, "GOOD_LISTS", set())
    roots = (copy.folder / "racines.pem").read_bytes()
    first = copy.stamps[0]

    assert program.check_stamp(first, roots) == program.check_stamp(first, roots)
    assert asked == ["ts", "ts", "verify", "x509", "crl", "ts", "ts"]

    revoked = first / "crl-2.crl"
    revoked.write_bytes(b"none")
    with pytest.raises(program.Fault, match=re.escape(str(revoked))):
        program.check_stamp(first, roots)
