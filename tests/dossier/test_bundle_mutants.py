"""Spoilt bundles: each is refused, with the file named, by verifier.py and by `vigie verify`.

verifier.py judges them all in one process without environment and without network.
"""

import gzip
import json
import os
import re
import subprocess
import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.dossier.bundle.extract_file import write_extract
from monitor.dossier.bundle.signed_leaves import SignedLeaves
from monitor.evidence.captures import warc
from monitor.evidence.log import note as notes
from monitor.evidence.log.note import Algorithm, Checkpoint, Note, SignerKey
from monitor.evidence.log.tiles import Tiles
from tests.support import bundles
from tests.support.bundles import Archive, Entry, Files, archive_of, packed, reindexed, repaired
from tests.support.evidence_record import KEY, EvidenceBundle, EvidenceRecord
from tests.support.mirror import VERIFIER

OTHER_KEY = SignerKey(KEY.name, Algorithm.ED25519, b"o" * 32)
ARCHIVE = "archive/2026-11-23.warc.gz"
EXTRACT = "preuve/extrait.gz"
CHECKPOINT = "preuve/journal/checkpoint"

# Judges each file in turn, as `main` would, and tells what it found.
JUDGE = """
import argparse, importlib.util, json, pathlib, sys
spec = importlib.util.spec_from_file_location("verifier", sys.argv[1])
program = sys.modules["verifier"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
for path in map(pathlib.Path, sys.argv[3:]):
    program.GOOD_SIGNATURES.clear()
    options = argparse.Namespace(
        dossier=path, cle=sys.argv[2], cles=None, racines=None, ancien=[], data=False,
        alive=False, unknown=set, package=None, cle_point=[],
    )
    print(json.dumps([path.name, program.judge_package(options, lambda line: None)["faults"]]))
"""


@dataclass(frozen=True, slots=True)
class Good:
    """A good bundle. `extra` is a folder to write in."""

    record: EvidenceRecord
    files: Files
    extra: Path

    def changed(self, name: str, old: bytes, new: bytes) -> Files:
        assert old in self.files[name], name
        return self.files | {name: self.files[name].replace(old, new, 1)}

    def named(self, pattern: str) -> str:
        return next(name for name in sorted(self.files) if re.fullmatch(pattern, name))

    def archive(self) -> Archive:
        return archive_of(self.files)

    def leaves(self) -> SignedLeaves:
        size = Checkpoint.parse(Note.parse(self.files[CHECKPOINT]).text).size
        return SignedLeaves(Tiles(self.record.data / "journal"), size)

    def without_leaf(self, needle: bytes) -> Files:
        """Leave out the first leaf of the span that has this text, and give its right hash."""
        lines = bundles.extract_lines(self.files)
        numbers = [int(line.split()[1]) for line in lines if line.startswith(b"feuille")]
        first = json.loads(self.files["preuve/extrait.json"])["first"]
        left_out = next(
            int(line.split()[1])
            for line in lines
            if line.startswith(b"feuille") and needle in line and int(line.split()[1]) > first + 9
        )
        path = self.extra / "extrait"
        sizes = [
            Checkpoint.parse(Note.parse(data).text).size
            for name, data in self.files.items()
            if name.endswith("-checkpoint")
        ]
        rest = array("q", [number for number in numbers if number != left_out])
        write_extract(path, self.leaves(), rest, sizes)
        return repaired(self.files | {EXTRACT: path.read_bytes()})

    def with_archive(self, records: list[warc.Record]) -> Files:
        return reindexed(self.files | {ARCHIVE: warc.pack(records)}, self.extra)


Spoil = Callable[[Good], bytes]


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def bytes_in(pattern: str) -> Spoil:
    """Change one bit of a file; the archive is as sound as before."""

    def spoil(good: Good) -> bytes:
        name = good.named(pattern)
        return packed(good.files | {name: flipped(good.files[name])})

    return spoil


def raw(old: bytes, new: bytes, *, last: bool = False) -> Spoil:
    """Change bytes of the archive itself."""

    def spoil(good: Good) -> bytes:
        data = packed(good.files)
        at = data.rindex(old) if last else data.index(old)
        return data[:at] + new + data[at + len(old) :]

    return spoil


def edited(edit: Callable[[Archive], None]) -> Spoil:
    def spoil(good: Good) -> bytes:
        archive = good.archive()
        edit(archive)
        return archive.packed()

    return spoil


def added(name: str, data: bytes = b"x") -> Spoil:
    """Add a file, and say so in the lists."""

    def spoil(good: Good) -> bytes:
        return packed(repaired(good.files | {name: data}))

    return spoil


def dropped(pattern: str) -> Spoil:
    """Leave out a file, and say so in the lists."""

    def spoil(good: Good) -> bytes:
        gone = good.named(pattern)
        return packed(repaired({name: data for name, data in good.files.items() if name != gone}))

    return spoil


def entry(name: bytes, **how: object) -> Spoil:
    """Add one entry of another form, where the order wants it."""

    def edit(archive: Archive) -> None:
        archive.entries.append(replace(Entry(name=name, data=b"x"), **how))  # type: ignore[arg-type] # the fields of an entry
        archive.entries.sort(key=lambda one: one.name)

    return edited(edit)


def of_entry(pattern: bytes, **how: object) -> Spoil:
    """Change how a file stands in the archive."""

    def edit(archive: Archive) -> None:
        place = next(n for n, one in enumerate(archive.entries) if pattern in one.name)
        archive.entries[place] = replace(archive.entries[place], **how)  # type: ignore[arg-type] # the fields of an entry

    return edited(edit)


def another_time(good: Good) -> bytes:
    """Put the content of a check in the place of another one, of the same page."""
    lines = bundles.extract_lines(good.files)
    checks = [
        number
        for number, line in enumerate(lines)
        if b'"type":"observation"' in line and b'"target":"accueil"' in line
    ]
    one, other = checks[70], checks[80]
    lines[one] = b" ".join([*lines[one].split(b" ", 2)[:2], lines[other].split(b" ", 2)[2]])
    return packed(bundles.with_extract(good.files, lines))


def leaf_removed(good: Good) -> bytes:
    lines = bundles.extract_lines(good.files)
    place = next(n for n, line in enumerate(lines) if b'"verdict":"down"' in line)
    return packed(bundles.with_extract(good.files, lines[:place] + lines[place + 1 :]))


def verdict_changed(good: Good) -> bytes:
    lines = [
        line.replace(b'"verdict":"down"', b'"verdict":"up"')
        for line in bundles.extract_lines(good.files)
    ]
    return packed(bundles.with_extract(good.files, lines))


def proof_moved(good: Good) -> bytes:
    one, other = [name for name in sorted(good.files) if name.endswith(".feuille")][:2]
    return packed(repaired(good.files | {one: good.files[other]}))


def body_swapped(good: Good) -> bytes:
    """Give an answer the body of another one, with digests that are right."""
    records = bundles.records_of(good.files[ARCHIVE])
    answers = [n for n, one in enumerate(records) if one.kind == "response"]
    one, other = answers[0], answers[-1]
    head = records[one].block.partition(b"\r\n\r\n")[0]
    body = records[other].block.partition(b"\r\n\r\n")[2][::-1]
    records[one] = bundles.with_block(records[one], head + b"\r\n\r\n" + body)
    return packed(good.with_archive(records))


def account_changed(good: Good) -> bytes:
    """Let the account of a copy tell another verdict."""
    records = bundles.records_of(good.files[ARCHIVE])
    place = next(n for n, one in enumerate(records) if b'"verdict":"down"' in one.block)
    block = records[place].block.replace(b'"verdict":"down"', b'"verdict":"blocked"')
    records[place] = bundles.with_block(records[place], block)
    return packed(good.with_archive(records))


def record_dropped(good: Good) -> bytes:
    records = bundles.records_of(good.files[ARCHIVE])
    place = next(n for n, one in enumerate(records) if one.kind == "revisit")
    return packed(good.with_archive(records[:place] + records[place + 1 :]))


def archive_renamed(good: Good) -> bytes:
    files = {name.replace("11-23.w", "11-24.w"): data for name, data in good.files.items()}
    return packed(reindexed(files, good.extra))


def archive_dropped(good: Good) -> bytes:
    files = {name: data for name, data in good.files.items() if name != ARCHIVE}
    return packed(reindexed(files, good.extra))


def index_elsewhere(good: Good) -> bytes:
    """Let an address lead to the answer of another one."""
    index = good.files["indexes/index.cdx"].decode().splitlines()
    place = next(n for n, line in enumerate(index) if "connexion" in line)
    offset = re.compile(r'"offset": "\d+"')
    first = offset.search(index[0])
    assert first is not None
    index[place] = offset.sub(first[0], index[place])
    data = "".join(f"{line}\n" for line in index).encode()
    return packed(repaired(good.files | {"indexes/index.cdx": data}))


def index_short(good: Good) -> bytes:
    data = b"".join(good.files["indexes/index.cdx"].splitlines(keepends=True)[1:])
    return packed(repaired(good.files | {"indexes/index.cdx": data}))


def page_elsewhere(good: Good) -> bytes:
    files = good.changed("pages/pages.jsonl", b"http://accueil", b"http://accueim")
    return packed(repaired(files))


def signed_by_another(good: Good) -> bytes:
    text = Note.parse(good.files[CHECKPOINT]).text
    forged = bytes(Note(text, (notes.sign(text, OTHER_KEY),)))
    keys = good.files["preuve/cles.txt"].replace(
        str(KEY.verifier).encode(), str(OTHER_KEY.verifier).encode()
    )
    return packed(repaired(good.files | {CHECKPOINT: forged, "preuve/cles.txt": keys}))


def not_cosigned(good: Good) -> bytes:
    parsed = Note.parse(good.files[CHECKPOINT])
    alone = bytes(Note(parsed.text, parsed.signatures[:1]))
    return packed(repaired(good.files | {CHECKPOINT: alone}))


def stamps_exchanged(good: Good) -> bytes:
    one, other = [name for name in sorted(good.files) if name.endswith("-checkpoint")][:2]
    swap = {one: good.files[other], other: good.files[one]}
    return packed(repaired(good.files | swap))


def no_roots(good: Good) -> bytes:
    other = next((good.record.roots.parent).glob("signer.pem")).read_bytes()
    return packed(repaired(good.files | {"preuve/racines.pem": other}))


def bomb(good: Good) -> bytes:
    data = gzip.compress(b"extrait 1\n" + b"feuille 0 " + bytes(50_000_000), mtime=0)
    return packed(repaired(good.files | {EXTRACT: data}))


def warc_bomb(good: Good) -> bytes:
    data = good.files[ARCHIVE] + gzip.compress(bytes(60_000_000), mtime=0)
    return packed(repaired(good.files | {ARCHIVE: data}))


def far_hashes(good: Good) -> bytes:
    """Stand for more leaves than any journal has."""
    return packed(bundles.with_extract(good.files, [b"extrait 1\n", b"autres 0 %d A\n" % 2**59]))


def other_pages(good: Good) -> bytes:
    files = good.changed("preuve/extrait.json", b'"connexion"', b'"accueil2"')
    return packed(repaired(files))


def longer_span(good: Good) -> bytes:
    """Claim a day more than the leaves tell of, and let nothing be told of it."""
    files = good.changed("preuve/extrait.json", b'"to": "2026-11-23', b'"to": "2026-11-22')
    return packed(repaired(files))


MUTANTS: dict[str, tuple[Spoil, str]] = {
    **{
        f"bytes of {pattern}": (bytes_in(pattern), named)
        for pattern, named in (
            (ARCHIVE, ARCHIVE),
            ("indexes/index.cdx", "indexes/index.cdx"),
            ("pages/pages.jsonl", "pages/pages.jsonl"),
            ("datapackage.json", "datapackage"),
            ("datapackage-digest.json", "datapackage"),
            ("preuve/LISEZMOI-avocat.txt", "LISEZMOI-avocat.txt"),
            ("preuve/LISEZMOI-expert.txt", "LISEZMOI-expert.txt"),
            ("preuve/cles.txt", "cles.txt"),
            ("preuve/extrait.json", "extrait.json"),
            (EXTRACT, "extrait.gz"),
            (CHECKPOINT, "journal/checkpoint"),
            ("preuve/racines.pem", "racines.pem"),
            ("preuve/verifier.py", "verifier.py"),
            (r"preuve/horodatage-.*-token\.tst", "-token.tst"),
            (r"preuve/horodatage-.*-chain\.pem", "-chain.pem"),
            (r"preuve/horodatage-.*-crl-1\.crl", "-crl-1.crl"),
            (r"preuve/horodatage-.*-checkpoint", "-checkpoint"),
            (r"preuve/\d+\.feuille", ".feuille"),
            (r"preuve/\d+\.tlog-proof", ".tlog-proof"),
        )
    },
    "a leaf of another time": (another_time, "extrait.gz"),
    "a leaf removed": (leaf_removed, "extrait.gz"),
    "a verdict changed": (verdict_changed, "extrait.gz"),
    "a good check left out, its hash given": (
        lambda good: packed(good.without_leaf(b'"verdict":"up"')), "ni relevé ni lacune",
    ),
    "a failure left out, its hash given": (
        lambda good: packed(good.without_leaf(b'"verdict":"down"')), "accueil",
    ),
    "an outage left out, its hash given": (
        lambda good: packed(good.without_leaf(b'"edge":"opened"')), "feuille",
    ),
    "the plan left out": (lambda good: packed(bundles.with_extract(good.files, [
        line for line in bundles.extract_lines(good.files) if b'"type":"plan"' not in line
    ])), "extrait.gz"),
    "a proof of another leaf": (proof_moved, ".tlog-proof"),
    "other pages": (other_pages, "extrait"),
    "a span without end": (longer_span, "extrait.json"),
    "a body of another answer": (body_swapped, ARCHIVE),
    "an account changed": (account_changed, ARCHIVE),
    "an answer dropped": (record_dropped, ARCHIVE),
    "the captures under another day": (archive_renamed, "2026-11-2"),
    "the captures dropped": (archive_dropped, ARCHIVE),
    "the index leads elsewhere": (index_elsewhere, "indexes/index.cdx"),
    "the index is short": (index_short, "indexes/index.cdx"),
    "a page of another address": (page_elsewhere, "pages/pages.jsonl"),
    "another key": (signed_by_another, "cles.txt"),
    "not cosigned": (not_cosigned, "journal/checkpoint"),
    "checkpoints exchanged": (stamps_exchanged, "-token.tst"),
    "other roots": (no_roots, "racines.pem"),
    "no index": (dropped("indexes/index.cdx"), "indexes/index.cdx"),
    "no pages": (dropped("pages/pages.jsonl"), "pages/pages.jsonl"),
    "no keys": (dropped("preuve/cles.txt"), "cles.txt"),
    "no extract": (dropped(EXTRACT), ""),
    "no description": (dropped("preuve/extrait.json"), "extrait.json"),
    "no checkpoint": (dropped(CHECKPOINT), "journal/checkpoint"),
    "no token": (dropped(r"preuve/horodatage-.*-token\.tst"), "horodatage"),
    "no chain": (dropped(r"preuve/horodatage-.*-chain\.pem"), "-chain.pem"),
    "no leaf to a proof": (dropped(r"preuve/\d+\.feuille"), ".feuille"),
    "a program": (added("preuve/openssl.py"), "preuve/openssl.py"),
    "a second verifier": (added("preuve/bin/verifier.py"), "preuve/bin/verifier.py"),
    "a file at the top": (added("LISEZMOI.html"), "LISEZMOI.html"),
    "captures that no leaf names": (
        lambda good: packed(reindexed(
            good.files | {"archive/2026-11-25.warc.gz": good.files[ARCHIVE]}, good.extra)),
        "2026-11-25.warc.gz",
    ),
    "a tile beside the extract": (added("preuve/journal/tile/0/000"), "tile/0/000"),
    "captures where they are unpacked": (added("preuve/captures/2026-11-23.warc.gz"), "captures"),
    "a comment": (edited(lambda archive: setattr(archive, "comment", b"bonjour")), ""),
    "bytes before": (edited(lambda archive: setattr(archive, "prefix", b"#!/bin/sh\n")), ""),
    "bytes after": (edited(lambda archive: setattr(archive, "suffix", b"\0" * 40)), ""),
    "more files than there are": (edited(lambda archive: setattr(archive, "count", 60_000)), ""),
    "no file": (edited(lambda archive: setattr(archive, "count", 0)), ""),
    "two files of one name": (entry(b"preuve/cles.txt"), "preuve/cles.txt"),
    "two names but for case": (entry(b"preuve/CLES.txt"), "preuve/"),
    "another name in front": (of_entry(b"cles", local_name=b"preuve/clef.txt"), "preuve/cles.txt"),
    "compressed": (of_entry(b"racines", method=8), "preuve/racines.pem"),
    "encrypted": (of_entry(b"racines", flags=1), "preuve/racines.pem"),
    "another length": (of_entry(b"racines", size=10), "preuve/verifier.py"),
    "a file within another": (of_entry(b"racines", offset=0), "preuve/racines.pem"),
    "an extra field": (of_entry(b"racines", extra=b"\1\0\2\0xy"), "preuve/racines.pem"),
    "a comment of a file": (of_entry(b"racines", comment=b"x"), "preuve/racines.pem"),
    "bytes between files": (of_entry(b"racines", before=b"xyz"), "preuve/racines.pem"),
    "a file that is not listed": (of_entry(b"LISEZMOI-avocat", listed=False), "preuve/"),
    "a link": (of_entry(b"racines", mode=0o120777), "preuve/racines.pem"),
    "a folder": (entry(b"preuve/rien/"), "preuve/rien/"),
    "up": (entry(b"../evil"), "../evil"),
    "up, inside": (entry(b"preuve/../../evil"), "preuve/../../evil"),
    "from the root": (entry(b"/etc/evil"), "/etc/evil"),
    "by a backslash": (entry(b"preuve\\evil"), "preuve\\evil"),
    "a name that drives a terminal": (entry(b"preuve/\x1b[2Jevil"), "evil"),
    "a long name": (entry(b"preuve/" + b"a" * 300), "preuve/aaa"),
    "a file and a folder": (entry(b"preuve/cles.txt/evil"), "preuve/cles.txt"),
    "a bomb in the extract": (bomb, "extrait.gz"),
    "a bomb in the captures": (warc_bomb, ARCHIVE),
    "hashes without end": (far_hashes, "extrait.gz"),
    "cut short": (lambda good: packed(good.files)[:-9], ""),
    "a bit of a file, without its sum": (
        raw(b"log vigie.example", b"log wigie.example"), "preuve/cles.txt",
    ),
    "a bit of the list": (raw(b"preuve/cles.txt", b"preuve/cles.tyt", last=True), "preuve/cles.t"),
}  # fmt: skip


@pytest.fixture(scope="module")
def good(evidence: EvidenceBundle, tmp_path_factory: pytest.TempPathFactory) -> Good:
    files = bundles.files_of(evidence.path.read_bytes())
    return Good(evidence.record, files, tmp_path_factory.mktemp("extra"))


@pytest.fixture(scope="module")
def judged(good: Good, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return the faults that verifier.py finds in each mutant, and in the good one ("")."""
    folder = tmp_path_factory.mktemp("mutants")
    names = ["", *MUTANTS]
    for number, name in enumerate(names):
        data = MUTANTS[name][0](good) if name else packed(good.files)
        (folder / f"{number}.wacz").write_bytes(data)
    paths = [str(folder / f"{number}.wacz") for number in range(len(names))]
    command = [sys.executable, "-I", "-S", "-c", JUDGE, str(VERIFIER), str(KEY.verifier), *paths]
    alone = subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True)
    if alone.returncode == 0:
        command = ["unshare", "--net", *command]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={"PATH": os.defpath}, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    found = dict(json.loads(line) for line in done.stdout.splitlines())
    return {name: found[f"{number}.wacz"] for number, name in enumerate(names)}


def test_a_good_bundle_is_accepted(judged: dict[str, list[str]]) -> None:
    assert judged[""] == []


@pytest.mark.parametrize("name", MUTANTS)
def test_a_spoilt_bundle_is_refused_with_the_file_named(
    good: Good, judged: dict[str, list[str]], name: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    spoil, named = MUTANTS[name]

    assert judged[name], "verifier.py"
    assert any(named in fault for fault in judged[name]), judged[name]

    path = tmp_path / "lot.wacz"
    path.write_bytes(spoil(good))
    assert main(["verify", str(path), "--key", str(KEY.verifier)]) == 1
    output = capsys.readouterr().out
    assert named in output, output
    assert "\x1b" not in output
