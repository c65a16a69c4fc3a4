#!/usr/bin/env -S python3 -I
"""Vérifie, sans réseau et sans aucun autre programme de Vigie, la copie d'un journal.

    python3 -I verifier.py DOSSIER [--cle CLE] [--cles FICHIER] [--racines FICHIER]
                           [--ancien FICHIER]... [--json]
    python3 -I verifier.py LOT.wacz [--cle-point CLE]... ...

DOSSIER est la copie d'un journal entier. LOT.wacz accompagne un dossier remis à un tribunal :
quelques pages, une période, et de quoi retrouver leur place dans le journal.

Il ne faut que Python (3.9 ou plus récent, sans rien y ajouter) et la commande `openssl`.
Sortie : 0 si tout concorde, 1 sinon ; chaque défaut est dit avec le nom du fichier.

Ne prenez pas ce programme dans le dossier qu'il juge : qui a changé l'un a pu changer l'autre.
Prenez-le sur le site de l'association, ou comparez son empreinte (sha256sum verifier.py) avec
celle qu'elle publie. « -I » empêche Python de charger un module posé par un tiers.

Ce qui est pris dans le dossier jugé (clé, cosignataires, racines) y est cru sur parole, et c'est
dit à chaque fois : --cle, --cles et --racines les donnent d'ailleurs.

For whoever reads this file rather than trusts it: it is meant to be read from top to bottom.
The formats are public and not ours: RFC 6962 (the tree), C2SP signed-note, tlog-checkpoint,
tlog-cosignature, tlog-tiles and tlog-proof, RFC 3161 (time-stamps), WARC/1.1 (captures).
Every signature is checked by openssl; Python does nothing but SHA-256, and compares.
Outages are not taken from the leaves that tell them: they are made again from each check, by the
policy that the journal gives, and both must agree.

    DOSSIER/cles.txt                      "log CLE", "witness NOM CLE", "quorum N" (tlog-policy)
    DOSSIER/racines.pem                   authorities whose time-stamps are believed
    DOSSIER/sans-racine.txt               time-stamps that nobody could check: they date nothing
    DOSSIER/MANIFESTE                     digest of each file, as sha256sum writes it
    DOSSIER/journal/checkpoint            the root of the tree, signed
    DOSSIER/journal/changements-de-cle/   a root that an old key and the next one signed
    DOSSIER/journal/tile/...              the tree, and its leaves in tile/entries/
    DOSSIER/journal/horodatages/SHA256/   a time-stamp, and the checkpoint that it dates
    DOSSIER/preuves/N.tlog-proof, .feuille a leaf apart, with the proof that it is in the tree
    DOSSIER/captures/*.warc.gz            the bytes that were exchanged
    DOSSIER/annonces/SHA256               an announcement of maintenance, as it was recorded

A bundle is a WACZ (a ZIP archive of one plain form: see `Package`). It holds the same below
preuve/ under flatter names, its captures in archive/, and an extract in place of all leaves:

    preuve/extrait.json                   which pages, from when to when, which leaves
    preuve/extrait.gz                     these leaves, and hashes that stand for all others
    preuve/horodatage-SHA256-token.tst    a time-stamp, and likewise what lies beside it

Where other points of measurement were followed, each has a bundle of its own in it, without copies,
which is verified in the same way, by that point's own key:

    points/points.json                    which points, their operators and keys, who has no bundle
    points/NAME.wacz                      what the point NAME saw of the same pages then
"""

import sys

if __name__ == "__main__" and not sys.flags.isolated:
    # Without -I, Python looks for modules beside this file first, and wherever PYTHONPATH says:
    # a file named calendar.py there would run, and could say that all is well. `sys` is part of
    # Python itself; before anything else is imported, only Python's own folders are kept.
    sys.path[:] = [
        place
        for place in sys.path[1:]
        if place.startswith((sys.base_prefix, sys.base_exec_prefix)) and "-packages" not in place
    ]
    import os

    if os.name == "posix" and sys.executable:  # and then begin again, as -I would have it
        os.execv(sys.executable, [sys.executable, "-I", "-S", "-B", __file__, *sys.argv[1:]])  # noqa: S606 -- ourselves

import argparse
import base64
import calendar
import errno
import gzip
import hashlib
import json
import os
import re
import stat
import struct
import subprocess
import tempfile
import time
import unicodedata
import zlib
from array import array
from bisect import bisect_left
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

Leaf = dict[str, Any]

DER_PREFIX = bytes.fromhex("302a300506032b6570032100")  # what openssl wants before 32 bytes
LOG, WITNESS = 0x01, 0x04  # kinds of Ed25519 keys (signed-note, tlog-cosignature)
WIDTH = 256  # hashes in a tile

# What is larger than these is hostile. Bytes, but for files.
MAX_NOTE = 1_000_000  # a checkpoint, a key file, a proof
MAX_PEM = 4_000_000  # certificates, roots, lists of those revoked
MAX_TOKEN = 64 * 1024
MAX_LEAF = 65_535
MAX_BUNDLE = WIDTH * (2 + MAX_LEAF)
MAX_RECORD = 32_000_000  # of a WARC file
MAX_HEAD = 64 * 1024  # of a record
MAX_CAPTURES = 200_000_000  # a WARC file, compressed
MAX_UNPACKED = 8_000_000_000  # all that it holds
MAX_FILES = 5_000_000
MAX_FILE = 2_000_000_000
MAX_EXTRACT = 4_000_000_000  # the leaves of an extract, decompressed
MAX_PACKAGE = 4_000_000_000  # a bundle
MAX_MEMBERS = 60_000  # files in it
MAX_LIST = 16_000_000  # its own lists of them
MAX_FINDINGS = 1_000  # faults, or remarks, of which the text is kept; all are counted
MAX_FINDING = 2_000  # characters of one
OPENSSL_S = 60  # seconds for one command

TOLERANCE_S = 300  # between two clocks: ours and an authority's, a witness's
WITNESS_DAYS = 30  # a witness whose clock is further behind its leaves says nothing
EARLIEST = 1_577_836_800  # 2020: before this program was written, nothing of its own existed


class Fault(Exception):  # noqa: N818 -- what was found, not an error of this program
    """Something that does not agree; its text names the file."""


class Gone(Fault):
    """A file that is not there."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def unbase64(text: str, where: object) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
        if base64.b64encode(data).decode() == text:
            return data
    except ValueError:
        pass
    raise Fault(f"{where} : base64 mal formé")


def number(text: str, where: object) -> int:
    """Read a number that has one writing: ASCII digits, no needless zero, below 10^18."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,17}", text):
        raise Fault(f"{where} : nombre mal écrit ({text[:40]!r})")
    return int(text)


def opened(path: Path, limit: int, *, given: bool = False) -> Any:
    """Open a regular file of at most `limit` bytes, and nothing else.

    A link could lead out of the folder; a pipe would wait for ever; a file may claim to be
    larger than any disk. A file `given` by who runs this may be a link.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not given:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        file = os.fdopen(os.open(path, flags), "rb")
    except (OSError, ValueError) as error:
        if getattr(error, "errno", 0) == errno.ELOOP:
            raise Fault(f"{path} : lien symbolique, là où il faut un fichier") from None
        fault = Gone if isinstance(error, FileNotFoundError) else Fault
        raise fault(f"{path} : illisible ({getattr(error, 'strerror', error)})") from None
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
        file.close()
        what = "trop grand" if stat.S_ISREG(status.st_mode) else "ce n’est pas un fichier ordinaire"
        raise Fault(f"{path} : {what}")
    return file


def read(path: Path, limit: int = MAX_NOTE, *, given: bool = False) -> bytes:
    """Return the bytes of a regular file. Raises Fault for anything else."""
    try:
        with opened(path, limit, given=given) as file:
            data: bytes = file.read(limit + 1)
    except OSError as error:
        raise Fault(f"{path} : illisible ({error.strerror})") from None
    if len(data) > limit:
        raise Fault(f"{path} : trop grand")
    return data


class Findings:
    """Texts of what was found, for a terminal: the first are kept, all are counted.

    Whoever makes a copy of a million faults must not fill the memory of whoever verifies it.
    """

    def __init__(self) -> None:
        self.first: list[str] = []
        self.count = 0

    def append(self, text: str) -> None:
        self.count += 1
        if len(self.first) < MAX_FINDINGS:
            line = shown(text)
            self.first.append(line if len(line) <= MAX_FINDING else f"{line[:MAX_FINDING]}…")

    def __iadd__(self, more: "Findings | list[str]") -> "Findings":  # noqa: PYI034 -- Python 3.9
        for text in more.first if isinstance(more, Findings) else more:
            self.append(text)
        if isinstance(more, Findings):
            self.count += more.count - len(more.first)
        return self

    def __len__(self) -> int:
        return self.count

    def told(self, word: str) -> "Iterator[str]":
        """Yield a line for each of the first, and one that says how many more there are."""
        for line in self.first[:SHOWN]:
            yield f"{word} {line}"
        if self.count > SHOWN:
            yield f"{word} … et {self.count - SHOWN} autres"


def census(*folders: Path) -> tuple[list[Path], Findings]:
    """Return the files below some folders, and what is neither a file nor a folder."""
    files: list[Path] = []
    faults = Findings()
    waiting = list(folders)
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda one: one.name)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and folder not in folders:
                continue  # the service whose data these are let go of it meanwhile
            raise Fault(f"{error.filename} : illisible ({error.strerror})") from None
        for one in entries:
            if one.is_symlink():
                faults.append(f"{shown(one.path)} : lien symbolique ; une copie n’en contient pas")
            elif one.is_dir():
                waiting.append(Path(one.path))
            elif one.is_file():
                files.append(Path(one.path))
            else:
                faults.append(f"{shown(one.path)} : ce n’est pas un fichier ordinaire")
        if len(files) > MAX_FILES:
            raise Fault(f"{folders[0]} : plus de {MAX_FILES} fichiers")
    return sorted(files), faults


def shown(text: object) -> str:
    """Write a text from outside so that it cannot drive a terminal, nor break a line."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "replace").decode()
        for char in str(text)
    )


class OpenSSL:
    """The command, found once: never in a folder that is judged, or beside this program."""

    path = ""
    # None of the variables that would make it trust, load or obey something else.
    environment = {  # noqa: RUF012 -- a constant
        "PATH": os.defpath,
        "LC_ALL": "C",
        **dict.fromkeys(("OPENSSL_CONF", "SSL_CERT_FILE", "SSL_CERT_DIR"), os.devnull),
        **({"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}),
    }

    @classmethod
    def find(cls, *avoided: Path) -> None:
        """Look for it in PATH. Raises Fault when there is none, or it is not to be believed."""
        name = "openssl.exe" if os.name == "nt" else "openssl"
        places = map(Path, os.environ.get("PATH", os.defpath).split(os.pathsep))
        for path in (place / name for place in places if place.is_absolute()):
            if path.is_file() and os.access(path, os.X_OK) and not is_below(path, *avoided):
                cls.path = str(path)
                break
        else:
            raise Fault("La commande openssl est introuvable.")
        key, signature = map(bytes.fromhex, (KNOWN_KEY, KNOWN_SIGNATURE))
        if not verifies(key, b"\x72", signature) or verifies(key, b"\x73", signature):
            raise Fault(
                f"{path} : cette commande ne sait pas vérifier une signature Ed25519 connue. "
                "Il faut OpenSSL 1.1.1 ou plus récent (et non LibreSSL), le vôtre."
            )


def is_below(path: Path, *folders: Path) -> bool:
    """Tell whether a file, links followed, is in one of the folders."""
    real = path.resolve()
    return any(folder in real.parents or folder in path.absolute().parents for folder in folders)


def openssl(*arguments: object) -> tuple[bool, str]:
    """Return whether openssl agrees, and what it said."""
    try:
        done = subprocess.run(
            [OpenSSL.path, *map(str, arguments)],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            env=OpenSSL.environment,
            timeout=OPENSSL_S,
        )
    except subprocess.TimeoutExpired:
        return False, f"rien en {OPENSSL_S} s"
    return done.returncode == 0, done.stdout + done.stderr


def verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether an Ed25519 signature (RFC 8032) is good; `key` is 32 bytes."""
    same = sha256(key + signature + message)
    if same in GOOD_SIGNATURES:  # the same checkpoint stands at the end of each proof
        return True
    with tempfile.TemporaryDirectory() as folder:
        public, text, signature_file = (
            Path(folder) / name for name in ("key", "text", "signature")
        )
        public.write_bytes(DER_PREFIX + key)
        text.write_bytes(message)
        signature_file.write_bytes(signature)
        is_good = openssl(
            "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", public,
            "-in", text, "-sigfile", signature_file,
        )[0]  # fmt: skip
    GOOD_SIGNATURES.update([same] * is_good)
    return is_good


GOOD_SIGNATURES: set[bytes] = set()  # digests of a key, a signature and what it signs


# Section 7.1 of RFC 8032, test 2: a key, and its signature of the byte 0x72.
KNOWN_KEY = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
KNOWN_SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


# --- Keys, notes, checkpoints ------------------------------------------------------------------


PRIME = 2**255 - 19  # Ed25519, RFC 8032
# The y of the eight points of small order: under such a key, a signature is good for any text.
ORDER_8 = int.from_bytes(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
)
SMALL = {0, 1, PRIME - 1, ORDER_8, PRIME - ORDER_8}


class Key:
    """A public key written "name+hash+base64", for one kind of signature."""

    def __init__(self, text: str, kind: int, where: object) -> None:
        self.name, _, rest = text.strip().partition("+")
        hash_, _, encoded = rest.partition("+")
        data = unbase64(encoded, where)
        self.kind, self.public = kind, data[1:]
        self.id = sha256(self.name.encode() + b"\n" + data)[:4]
        if not self.name or data[:1] != bytes([kind]) or len(data) != 33 or self.id.hex() != hash_:
            raise Fault(f"{where} : clé mal écrite : {shown(text.strip()[:80])}")
        y = int.from_bytes(self.public, "little") % 2**255
        if y >= PRIME or y in SMALL:
            raise Fault(f"{where} : clé faible, sous laquelle tout texte passerait pour signé")

    def verifies(self, message: bytes, signature: bytes) -> bool:
        return verifies(self.public, message, signature)


class Checkpoint:
    """A signed root. `where` names its file; `cosigned` are witnesses and their times.

    The journal's own signature is checked by `require`: which key it had then is only known
    once its leaves are read.
    """

    def __init__(self, data: bytes, where: object, origin: str, witnesses: Sequence[Key]) -> None:
        self.where = where
        try:
            text, separator, lines = data.decode().rpartition("\n\n")
        except UnicodeDecodeError:
            raise Fault(f"{where} : texte illisible") from None
        self.text = text + "\n"
        parts = self.text.split("\n")
        signatures = lines[:-1].split("\n")
        if not separator or not lines.endswith("\n") or len(parts) < 4 or len(signatures) > 100:
            raise Fault(f"{where} : ce n’est pas un checkpoint signé")
        self.origin, self.size = parts[0], number(parts[1], where)
        self.root = unbase64(parts[2], where)
        self.cosigned: dict[str, int] = {}
        self.lines: dict[tuple[str, bytes], bytes] = {}
        for line in signatures:
            dash, _, rest = line.partition(" ")
            name, _, encoded = rest.partition(" ")
            data = unbase64(encoded, where)
            if dash != "—" or not name or len(data) < 5:
                raise Fault(f"{where} : ligne de signature mal formée")
            self.lines.setdefault((name, data[:4]), data[4:])
        if self.origin != origin:
            raise Fault(f"{where} : pas signé par la clé du journal, {origin}")
        for witness in witnesses:
            if (witness.name, witness.id) in self.lines:
                self._check(witness, self.lines[witness.name, witness.id])

    def require(self, keys: Sequence[Key]) -> None:
        """Raise Fault unless one of these keys signed it, and none of them wrongly."""
        usable = [key for key in keys if (key.name, key.id) in self.lines]
        if not usable:
            raise Fault(f"{self.where} : pas signé par la clé du journal, {self.origin}")
        for key in usable:
            self._check(key, self.lines[key.name, key.id])

    def names(self, *keys: Key) -> bool:
        """Tell whether it bears the signatures of all of these keys, be they right or wrong."""
        return all((key.name, key.id) in self.lines for key in keys)

    def _check(self, key: Key, signature: bytes) -> None:
        message = self.text.encode()
        if key.kind == WITNESS:
            at, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = f"cosignature/v1\ntime {at}\n".encode() + message
            if at < EARLIEST:
                raise Fault(f"{self.where} : {key.name} aurait contresigné avant 2020 ({at})")
            if at > NOW + TOLERANCE_S:
                raise Fault(
                    f"{self.where} : {key.name} aurait contresigné après l’heure de cette machine"
                )
            self.cosigned[key.name] = at
        if not key.verifies(message, signature):
            raise Fault(f"{self.where} : la signature de {key.name} est fausse")


NOW = int(time.time())  # noqa: TID251 -- this program stands alone


# --- The tree ----------------------------------------------------------------------------------


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\0" + entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right)


def tile_name(kind: object, index: int, width: int = WIDTH) -> str:
    groups = f"{index % 1000:03}"
    while index := index // 1000:
        groups = f"x{index % 1000:03}/{groups}"
    return f"tile/{kind}/{groups}" + ("" if width == WIDTH else f".p/{width}")


class Tree:
    """Leaves are added one by one; tiles are compared with the files as they fill up.

    `complete` holds the roots of complete subtrees, largest first, as (height, hash).
    """

    def __init__(
        self, journal: Path, faults: Findings, *, alive: bool, data: bool, bare: bool = False
    ) -> None:
        self.journal, self.faults, self.alive, self.data = journal, faults, alive, data
        self.bare = bare  # there are no tiles to compare with
        self.size = 0
        self.complete: list[tuple[int, bytes]] = []
        self.rows: dict[int, tuple[int, list[bytes]]] = {}
        self.seen: set[Path] = set()

    def skip(self, height: int, hash_: bytes) -> None:
        """Take the root of 2^height leaves that are not here; that divides the size so far."""
        self.size += 1 << height
        while self.complete and self.complete[-1][0] == height:
            hash_ = node_hash(self.complete.pop()[1], hash_)
            height += 1
        self.complete.append((height, hash_))

    def add(self, hash_: bytes) -> None:
        height = 0
        self._in_tile(0, hash_)
        while self.complete and self.complete[-1][0] == height:
            hash_ = node_hash(self.complete.pop()[1], hash_)
            height += 1
            if height % 8 == 0:
                self._in_tile(height // 8, hash_)
        self.complete.append((height, hash_))
        self.size += 1

    def root(self) -> bytes:
        if not self.complete:
            return sha256(b"")
        hash_ = self.complete[-1][1]
        for _, left in reversed(self.complete[:-1]):
            hash_ = node_hash(left, hash_)
        return hash_

    def finish(self) -> None:
        """Compare the tiles that are not full, then look for files that belong to none."""
        for level, (index, hashes) in sorted(self.rows.items()):
            if hashes:
                self._compare(level, index, hashes)
        if self.alive:
            return
        for path in sorted((self.journal / "tile").rglob("*")):
            is_known = path in self.seen or (self.data and self._unfinished(path))
            if path.is_file() and not is_known:
                self.faults.append(f"{path} : fichier de trop")

    def _unfinished(self, path: Path) -> bool:
        """Tell whether a service that was killed as it signed left this: no checkpoint needs it."""
        if re.fullmatch(r"\..*\.tmp", path.name):
            return True
        level, _, place = path.relative_to(self.journal / "tile").as_posix().partition("/")
        match = re.fullmatch(r"((?:x\d{3}/)*\d{3})(?:\.p/(\d{1,3}))?(?:\.gz)?", place, re.ASCII)
        if not match or not re.fullmatch(r"entries|[0-6]", level):
            return False
        index, width = int(re.sub("[x/]", "", match[1])), int(match[2] or WIDTH)
        leaves: int = WIDTH ** int(level.replace("entries", "0"))  # below each of its hashes
        return (index * WIDTH + width) * leaves > self.size

    def _in_tile(self, level: int, hash_: bytes) -> None:
        if self.bare:
            return
        index, hashes = self.rows.setdefault(level, (0, []))
        hashes.append(hash_)
        if len(hashes) == WIDTH:
            self._compare(level, index, hashes)
            self.rows[level] = (index + 1, [])

    def _compare(self, level: int, index: int, hashes: list[bytes]) -> None:
        for width, path in self.files(level, index, len(hashes)):
            try:
                data = read(path, WIDTH * 32)[: 32 * width if self.alive else None]
            except Gone:
                if self.alive:
                    continue  # a partial tile whose place a full one took meanwhile
                raise
            if data != b"".join(hashes[:width]):
                leaves = f" (ou tile/entries : {tile_name('entries', index)})" * (not level)
                self.faults.append(f"{path} : ne concorde pas avec les feuilles{leaves}")

    def files(self, kind: object, index: int, width: int) -> list[tuple[int, Path]]:
        """Return the file of a tile, and older ones that hold its beginning."""
        full = self.journal / tile_name(kind, index)
        names = [(width, self.journal / tile_name(kind, index, width))]
        partial = full.with_name(full.name + ".p")
        try:
            others = sorted(partial.iterdir())
        except OSError:
            others = []  # there are none
        for path in others:
            part = path.name.removesuffix(".gz") if kind == "entries" else path.name
            if re.fullmatch("[1-9][0-9]{0,2}", part) and int(part) <= width:
                names.append((int(part), path))
        if kind == "entries":
            zipped = names[0][1].with_name(names[0][1].name + ".gz")
            if zipped.exists():
                names[0] = (width, zipped) if not names[0][1].exists() else names[0]
                names.append((width, zipped))
        if self.alive and not names[0][1].exists():  # grown beyond what the checkpoint signs
            names[0] = (width, full if full.exists() else full.with_name(f"{full.name}.gz"))
        places = sorted(set(names), key=lambda one: (-one[0], one[1].name))
        self.seen.update(path for _, path in places)
        return places


def bundle(tree: Tree, index: int, width: int) -> tuple[list[tuple[int, Path]], list[bytes]]:
    """Return the files that hold the leaves of a tile, or its beginning, and these leaves."""
    files = tree.files("entries", index, width)
    try:
        leaves = list(entries_of(files[0][1]))
    except Gone:
        if not tree.alive:
            raise
        files = tree.files("entries", index, width)  # a full one has taken its place meanwhile
        leaves = list(entries_of(files[0][1]))
    leaves = leaves[: width if tree.alive else None]
    if len(leaves) != width:
        raise Fault(f"{files[0][1]} : {len(leaves)} feuilles au lieu de {width}")
    return files, leaves


def entries_of(path: Path) -> Iterator[bytes]:
    """Yield the leaves in a bundle: each is two bytes of length, then its bytes."""
    data = read(path, MAX_BUNDLE)
    if path.name.endswith(".gz"):
        data = inflate(data, path)
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            raise Fault(f"{path} : coupé")
        yield data[at + 2 : end]
        at = end


def inflate(data: bytes, where: object) -> bytes:
    """Undo one gzip member, and nothing after it."""
    stream = zlib.decompressobj(wbits=31)
    try:
        whole = stream.decompress(data, MAX_BUNDLE + 1)
    except zlib.error:
        raise Fault(f"{where} : compression abîmée") from None
    if not stream.eof or stream.unused_data or len(whole) > MAX_BUNDLE:
        raise Fault(f"{where} : coupé, ou trop grand")
    return whole


def walk(  # noqa: PLR0913 -- what is read, what is compared, who is told
    journal: Path,
    checkpoint: Checkpoint,
    older: Sequence[Checkpoint],
    story: "Story",
    faults: Findings,
    *,
    alive: bool,
    data: bool,
    extract: "Extract | None",
) -> None:
    """Rebuild the tree from its leaves, and have `story` read each of them.

    The root is recomputed at the size of each older checkpoint: that is more than a proof of
    consistency, which stands for this when one has not all the leaves.
    """
    roots = {one.size: b"" for one in older}
    tree = Tree(journal, faults, alive=alive, data=data, bare=extract is not None)
    if extract:
        extract.walk(tree, checkpoint.size, story, roots)
    else:
        walk_all(tree, checkpoint.size, story, roots)
    if tree.root() != checkpoint.root:
        faults.append(
            f"{extract.path if extract else checkpoint.where} : les feuilles ne mènent pas à la "
            f"racine signée ({Path(str(checkpoint.where)).name})"
        )
    roots[0] = sha256(b"")
    for one in older:
        if not roots[one.size]:
            faults.append(f"{one.where} : l’extrait ne mène pas à un journal de cette taille")
        elif roots[one.size] != one.root:
            faults.append(
                f"{one.where} : le journal ne prolonge pas ce checkpoint : il a été réécrit, ou "
                "abrégé"
            )
    story.mark(tree.size)
    story.end()


def walk_all(tree: Tree, size: int, story: "Story", roots: "dict[int, bytes]") -> None:
    """Read all leaves, and compare each tile and each older file with them."""
    faults, alive = tree.faults, tree.alive
    for index in range((size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - tree.size)
        files, leaves = bundle(tree, index, width)
        for part, path in files[1:]:
            try:
                if list(entries_of(path))[:part] != leaves[:part]:
                    faults.append(f"{path} : autres feuilles que {files[0][1].name}")
            except Gone:
                if not alive:
                    raise
        for leaf in leaves:
            story.tell(tree.size, leaf, files[0][1])
            tree.add(leaf_hash(leaf))
            if tree.size in roots:
                roots[tree.size] = tree.root()
                story.mark(tree.size)
    tree.finish()


class Extract:
    """Some leaves of a journal, in their order, and hashes that stand for all the others.

    extrait.json says which pages, from when to when, and that every leaf of these pages from
    `first` to `end` is here: whether a check is missing is then asked of the plan of the service.
    Each line of extrait.gz is one of these; the hashes are those of the largest complete subtrees
    that hold the leaves from A to B - 1, from left to right, in base64:

        feuille N {...}
        autres A B HASHES
    """

    HEAD = b"extrait 1\n"

    def __init__(self, folder: Path) -> None:
        self.path, self.of = folder / "extrait.gz", folder / "extrait.json"
        said = strict_json(read(self.of))
        if (
            said.keys() != {"v", "targets", "from", "to", "first", "end", "absent"}
            or said["v"] != 1
        ):
            raise Fault(f"{self.of} : ce n’est pas la description d’un extrait")
        self.targets: list[str] = said["targets"]
        if not self.targets or not all(isinstance(slug, str) for slug in self.targets):
            raise Fault(f"{self.of} : il ne nomme pas ses pages")
        self.absent: list[str] = said["absent"]  # files of copies that were no longer there
        self.said = {name: said[name] for name in ("targets", "from", "to")}
        self.since, self.until = microseconds(said["from"]), microseconds(said["to"])
        self.first, self.end = whole_number(said["first"]), whole_number(said["end"])
        if self.since >= self.until or not 0 <= self.first < self.end:
            raise Fault(f"{self.of} : une période, ou une suite de feuilles, qui n’en est pas une")
        self.numbers, self.places = array("q"), array("q")  # of the leaves that are here
        self.here = tempfile.TemporaryFile()  # noqa: SIM115 -- let go of with this program

    def walk(self, tree: Tree, size: int, story: "Story", roots: "dict[int, bytes]") -> None:
        """Rebuild the tree from its lines, and have `story` read each leaf."""
        place = 0
        for line in self._lines():
            kind, _, rest = line.partition(b" ")
            if kind == b"feuille":
                text, _, leaf = rest.partition(b" ")
                if text != b"%d" % tree.size:
                    raise Fault(f"{self.path} : la feuille {tree.size} manque, ou est déplacée")
                self.numbers.append(tree.size)
                self.places.append(place)
                place += self.here.write(leaf + b"\n")
                story.tell(tree.size, leaf, self.path)
                tree.add(leaf_hash(leaf))
            elif kind == b"autres":
                self._skip(tree, rest.decode("ascii", "replace"))
            else:
                raise Fault(f"{self.path} : ligne inconnue, après la feuille {tree.size}")
            if tree.size > size:
                raise Fault(f"{self.path} : plus de feuilles que le checkpoint n’en signe")
            if tree.size in roots:
                roots[tree.size] = tree.root()
                story.mark(tree.size)
        if tree.size != size or size < self.end:
            raise Fault(f"{self.path} : il manque des lignes ; le checkpoint signe {size} feuilles")

    def _skip(self, tree: Tree, text: str) -> None:
        since, until, encoded = [*text.split(" "), "", ""][:3]
        at, end = number(since, self.path), number(until, self.path)
        hashes = unbase64(encoded, self.path)
        if at != tree.size or end <= at:
            raise Fault(f"{self.path} : la feuille {tree.size} manque, ou est déplacée")
        place = 0
        while at < end:
            height = (end - at).bit_length() - 1
            if at:
                height = min(height, (at & -at).bit_length() - 1)
            tree.skip(height, hashes[place : place + 32])
            at, place = at + (1 << height), place + 32
        if place != len(hashes):
            raise Fault(
                f"{self.path} : il y a trop, ou trop peu, de hachages pour {shown(text[:60])}"
            )

    def _lines(self) -> Iterator[bytes]:
        unpacked = 0
        try:
            with opened(self.path, MAX_CAPTURES) as packed, gzip.GzipFile(fileobj=packed) as whole:
                file = BufferedReader(whole, PIECE)
                if file.readline(len(self.HEAD)) != self.HEAD:
                    raise Fault(f"{self.path} : ce n’est pas un extrait de journal")
                while line := file.readline(2 * MAX_LEAF):
                    unpacked += len(line)
                    if not line.endswith(b"\n") or unpacked > MAX_EXTRACT:
                        raise Fault(f"{self.path} : ligne coupée, ou extrait trop grand")
                    yield line[:-1]
        except (OSError, EOFError, zlib.error):
            raise Fault(f"{self.path} : abîmé") from None

    def __getitem__(self, number: int) -> bytes:
        """Return a leaf that was read. Raises KeyError for one that is not here."""
        place = bisect_left(self.numbers, number)
        if place == len(self.numbers) or self.numbers[place] != number:
            raise KeyError(number)
        self.here.seek(self.places[place])
        return self.here.readline()[:-1]


def check_proof(path: Path, checkpoint: Checkpoint) -> None:
    """Check that a leaf kept apart is in the tree of the proof's checkpoint (RFC 9162, 2.1.3)."""
    head, separator, _ = read(path).partition(b"\n\n")
    lines = head.decode("utf-8", "replace").split("\n")
    lines = [line for line in lines if not line.startswith("extra ")]
    index = lines[1].removeprefix("index ") if len(lines) > 1 else ""
    if not separator or lines[0] != "c2sp.org/tlog-proof@v1" or len(lines) > 70:
        raise Fault(f"{path} : ce n’est pas une preuve")
    hashes = [unbase64(line, path) for line in lines[2:]]
    beside = path.with_suffix(".feuille")
    place, last = number(index, path), checkpoint.size - 1
    node, hash_ = place, leaf_hash(read(beside, MAX_LEAF))
    for sibling in hashes:
        if last == 0:
            break
        if node % 2 or node == last:
            hash_ = node_hash(sibling, hash_)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            hash_ = node_hash(hash_, sibling)
        node, last, hashes = node // 2, last // 2, hashes[1:]
    if last or hashes or place >= checkpoint.size or hash_ != checkpoint.root:
        raise Fault(f"{path} : {beside.name} n’est pas dans l’arbre signé")


# --- Time-stamps -------------------------------------------------------------------------------

STATED = re.compile(
    r"^Time stamp: (\w{3} +\d+ \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$", re.MULTILINE
)


GOOD_CHAINS: dict[bytes, tuple[int, int]] = {}  # by digest, the times at which it was verified
GOOD_LISTS: set[bytes] = set()  # digests of a chain and a list by which it is not revoked
MAX_ACCURACY_US = 60_000_000  # an authority that may be further off dates nothing
ACCURACY = re.compile(
    r"^Accuracy: (?:unspecified"
    r"|(?P<seconds>\S+) seconds, (?P<millis>\S+) millis, (?P<micros>\S+) micros)$",
    re.MULTILINE,
)


def check_stamp(folder: Path, roots: bytes) -> int:
    """Check a time-stamp (RFC 3161) at the time that it states; return that time."""
    token, note = folder / "token.tst", folder / "checkpoint"
    files = {
        "token.tst": read(token, MAX_TOKEN),
        "checkpoint": read(note),
        "chain.pem": read(folder / "chain.pem", MAX_PEM),
        "racines.pem": roots,
    }
    if sha256(files["token.tst"]).hex() != folder.name:
        raise Fault(f"{token} : ce n’est pas le jeton qui donne son nom au dossier")
    # openssl sees copies: what was judged is what it reads.
    with tempfile.TemporaryDirectory() as name:
        copies = Path(name)
        for file, data in files.items():
            (copies / file).write_bytes(data)
        told_by = openssl("ts", "-reply", "-token_in", "-in", copies / "token.tst", "-text")[1]
        stamp_time, accuracy = STATED.search(told_by), ACCURACY.search(told_by)
        if stamp_time is None or accuracy is None:
            raise Fault(f"{token} : jeton illisible")
        if accuracy_us(accuracy) > MAX_ACCURACY_US:
            raise Fault(f"{token} : son autorité se dit exacte à plus d’une minute près")
        at = calendar.timegm(time.strptime(" ".join(stamp_time.groups()), "%b %d %H:%M:%S %Y"))
        if not openssl(
            "ts", "-verify", "-token_in", "-in", copies / "token.tst",
            "-data", copies / "checkpoint", "-CAfile", copies / "racines.pem",
            "-untrusted", copies / "chain.pem", "-attime", at,
        )[0]:  # fmt: skip
            raise Fault(f"{token} : refusé par openssl (checkpoint, chain.pem, racines.pem)")
        if at > NOW + TOLERANCE_S:
            raise Fault(f"{token} : daté après l’heure de cette machine")
        check_chain(folder, copies, at)
    return at


def accuracy_us(match: "re.Match[str]") -> int:
    """Read what openssl says of a token's accuracy, in microseconds; 0 when it says nothing."""
    parts = (match["seconds"], match["millis"], match["micros"])
    values = [int(part or "0", 0) if part != "unspecified" else 0 for part in parts]
    return values[0] * 1_000_000 + values[1] * 1_000 + values[2]


def check_chain(folder: Path, copies: Path, at: int) -> None:
    """Check the certificates kept beside a token, and the lists of those revoked."""
    chain, copy, roots = folder / "chain.pem", copies / "chain.pem", copies / "racines.pem"
    alone = ("-CAfile", roots, "-no-CApath")
    # A chain that is good at two times is good between them: each certificate has one span.
    same = sha256(copy.read_bytes() + roots.read_bytes())
    first, last = GOOD_CHAINS.get(same, (at + 1, at - 1))
    if not first <= at <= last:
        if certificates(copy, chain)[-1] not in certificates(roots, "racines.pem"):
            raise Fault(f"{chain} : sa racine n’est pas dans les racines (racines.pem)")
        if not openssl(
            "verify", "-purpose", "timestampsign", "-attime", at, *alone, "-untrusted", copy, copy,
        )[0]:  # fmt: skip
            raise Fault(f"{chain} : chaîne de certificats refusée par openssl")
        GOOD_CHAINS[same] = min(first, at), max(last, at)
    for path in sorted(folder.glob("*.crl")):
        check_list(folder, path, copies)


def check_list(folder: Path, path: Path, copies: Path) -> None:
    """Check a list of revoked certificates, and that the signer of a token is not in it."""
    copy, crl = copies / "chain.pem", copies / "liste.crl"
    data = read(path, MAX_PEM)
    same = sha256(sha256(copy.read_bytes()) + data)
    if same in GOOD_LISTS:
        return
    crl.write_bytes(data)
    serial = openssl("x509", "-in", copy, "-noout", "-serial")[1].strip().partition("=")[2]
    text = openssl(
        "crl", "-inform", "DER", "-in", crl, "-CAfile", copy, "-no-CApath", "-text", "-noout"
    )[1]
    if "verify OK" not in text:
        raise Fault(f"{path} : liste de révocation que la chaîne ne signe pas")
    if re.search(rf"Serial Number: 0*{serial}$", text, re.MULTILINE):
        raise Fault(f"{path} : le certificat de {folder / 'token.tst'} est révoqué")
    GOOD_LISTS.add(same)


def certificates(path: Path, where: object) -> list[bytes]:
    """Return the certificates of a PEM file, as DER."""
    text = read(path, MAX_PEM).decode("ascii", "replace")
    blocks = re.findall(
        "-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.DOTALL
    )
    if not blocks:
        raise Fault(f"{where} : aucun certificat")
    return [unbase64("".join(block.split()), where) for block in blocks]


# --- Captures ----------------------------------------------------------------------------------

HEAD_END = re.compile(rb"\r?\n\r?\n")
INTERIM = re.compile(rb"HTTP/1\.[01] 1\d\d")
CHUNK = re.compile(rb"\s*([0-9a-fA-F]{1,16})[^\n]*\n")
REVISIT = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
CUT = {  # WARC/1.1, 5.13: why an answer is not whole, by the failure of its transfer
    "too_large": "length",
    "deadline": "time",
    "generic_timeout_error": "time",
    "truncated": "disconnect",
    "connection_reset": "disconnect",
}
HTTP_MESSAGE = "application/http; msgtype="


def warc_digest(digest: bytes) -> str:
    return f"sha256:{base64.b32encode(digest).decode()}"


def dechunked(body: bytes) -> bytes:
    """Undo a chunked transfer coding, as far as it goes."""
    payload, at = bytearray(), 0
    while True:
        line = CHUNK.match(body, at)
        size = int(line[1], 16) if line else 0
        if not line or not size:
            return bytes(payload)
        payload += body[line.end() : line.end() + size]
        at = line.end() + size


# What the service reads of one answer, on the wire and after each coding.
MAX_BODY = 5_000_000
MAX_CODINGS = 3
MAX_GZIP_MEMBERS = 1_000  # of one gzip
PIECE = 64 * 1024
CODINGS = {"gzip", "x-gzip", "deflate", "br", "zstd"}  # those that the service undoes
# How far the codings of a body were undone: to their end; until they broke or became too long;
# not at all, because Python alone cannot.
WHOLE, STOPPED, UNKNOWN = "whole", "stopped", "unknown"


def decoded(body: bytes, codings: str) -> tuple[bytes, str]:
    """Undo a Content-Encoding as the service does; return also how far that went."""
    parts = (part.strip().lower() for part in codings.split(","))
    names = [name for name in parts if name in CODINGS]
    if len(names) > MAX_CODINGS:
        return b"", STOPPED
    for name in reversed(names):
        if not body:
            break
        if name in ("br", "zstd"):
            return b"", UNKNOWN
        whole = bytearray()
        try:
            for piece in inflated(body, zipped=name != "deflate"):
                whole += piece
                if len(whole) > MAX_BODY:
                    return bytes(whole[:MAX_BODY]), STOPPED
        except (zlib.error, EOFError):
            return bytes(whole), STOPPED
        body = bytes(whole)
    return body, WHOLE


def inflated(body: bytes, *, zipped: bool) -> Iterator[bytes]:
    """Yield by pieces what gzip (all its members) or deflate holds. Raises as zlib, EOFError.

    As browsers do, without looking at checksums: the text is there, or it is not.
    """
    if not zipped:  # zlib's wrapper, which RFC 9110 asks for, or the raw one that some send
        wrapped = body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
        yield from one_stream(body, 2 if wrapped else 0)
        return
    at = 0
    for _ in range(MAX_GZIP_MEMBERS):
        at = yield from one_stream(body, after_gzip_header(body, at))
        at += 8  # a checksum and a length
        if not body.startswith(GZIP, at):
            return  # what follows the last member is ignored, as browsers do
    raise EOFError


GZIP = b"\x1f\x8b"


def after_gzip_header(body: bytes, at: int) -> int:
    """Return where the content of a member begins (RFC 1952). Raises EOFError."""
    if not body.startswith(GZIP, at):
        raise EOFError
    flags = body[at + 3] if len(body) >= at + 10 else 0
    at += 10
    if flags & 4:
        at += 2 + int.from_bytes(body[at : at + 2], "little")
    for flag in (8, 16):  # a name, a comment
        if flags & flag:
            at = body.find(b"\x00", at) + 1
            if not at:
                raise EOFError
    return at + 2 if flags & 2 else at


def one_stream(body: bytes, at: int) -> Generator[bytes, None, int]:
    """Yield what a deflate stream holds that begins at `at`; return where it ends."""
    stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    while at < len(body):
        end = min(at + PIECE, len(body))
        rest = body[at:end]
        while rest and not stream.eof:
            yield stream.decompress(rest, PIECE)
            rest = stream.unconsumed_tail
        if stream.eof:
            return end - len(stream.unused_data)
        at = end
    while True:  # what it still held back
        piece = stream.decompress(b"", PIECE)
        if not piece:
            break
        yield piece
    if not stream.eof:
        raise EOFError
    return len(body)


# Headers of which a `conditions` leaf gives the value; of the others it gives the name.
KEPT_HEADERS = {"cf-mitigated", "content-encoding", "content-language", "content-type", "location",
                "retry-after", "server", "via", "x-powered-by"}  # fmt: skip
MAX_TEXT, MAX_URL, MAX_NAME = 300, 2000, 40  # characters of what is kept of a text from outside
MAX_HEADERS, MAX_NAMES, MAX_PARTS = 40, 20, 40
DIRECTIONS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
PARAMETER = re.compile(r"([?&;][^=&;#]{0,100}=)([^&;#?]*)")
ONE_TIME = re.compile(r"(?=\D*\d)[\w.~+=-]{8,}", re.ASCII)


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Cut a text from outside, and replace what is obeyed and not read, as the service does."""
    text = text[:limit]
    if text.isascii() and text.isprintable():
        return text
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(
        char
        if unicodedata.category(char) not in ("Cc", "Zl", "Zp") and char not in DIRECTIONS
        else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )  # fmt: skip


def without_tokens(url: str) -> str:
    """Replace the values of a query that look made for one request, as the service does."""

    def masked(parameter: "re.Match[str]") -> str:
        name, value = parameter.groups()
        return f"{name}…" if ONE_TIME.fullmatch(unquote(value)) else parameter[0]

    return PARAMETER.sub(masked, url) if "=" in url else url


PROTOCOL, SLOP = b"http", 4  # how an answer begins, and what browsers skip before it
HEAD_ENDS = re.compile(rb"\n\r?\n")
LINE_ENDS = re.compile(rb"[\r\n]+")
VERSION = re.compile(rb"http/(\d+)\.(\d+)", re.IGNORECASE)
STATUS = re.compile(rb"[^ ]* +(\d+)")
TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15}) *(?:;[^\n]{0,16384})?\r?\n")
LINE_END = re.compile(rb"\r?\n")
BODILESS = (204, 205, 304)


def unchunked(body: bytes) -> bytes:
    """Undo a chunked transfer coding as the service does: up to what is no chunk."""
    payload, at = bytearray(), 0
    while line := CHUNK_LINE.match(body, at):
        size = int(line[1], 16)
        payload += body[line.end() : line.end() + size]
        end = LINE_END.match(body, line.end() + size)
        if not (size and end):
            break
        at = end.end()
    return bytes(payload)


class Answer:
    """The head of an answer as the service reads it: early answers (103) left out.

    `end` is where the head ends for a WARC record, `begin` where the service sees the body.
    """

    def __init__(self, data: bytes) -> None:
        self.end = head_of(data)[1]
        self.begin, self.version, self.status = 0, "", 100
        lines: list[bytes] = []
        while self.status < 200:
            first = data[self.begin : self.begin + len(PROTOCOL) + SLOP].lower().find(PROTOCOL)
            start = self.begin + first
            head_end = HEAD_ENDS.search(data, start) if first >= 0 else None
            if head_end is None:  # no whole head: nothing was read
                self.status, self.version, lines = 0, "", []
                break
            self.begin = head_end.end()
            lines = [line for line in LINE_ENDS.split(data[start : self.begin]) if line]
            version, status = VERSION.match(lines[0]), STATUS.match(lines[0])
            recent = version and (int(version[1][:4]), int(version[2][:4])) >= (1, 1)
            self.version = "1.1" if recent else "1.0"
            self.status = int(status[1][:4]) if status else 200
        whole: list[bytes] = []
        for line in lines[1:]:
            if line[:1] in (b" ", b"\t") and whole:  # a line that continues the one before
                whole[-1] += b" " + line.strip(b" \t")
            else:
                whole.append(line)
        self.headers = []
        for line in whole:
            name, colon, value = line.partition(b":")
            name = name.rstrip(b" \t")
            if colon and TOKEN.fullmatch(name):  # browsers leave out what is no header
                pair = (name.decode().lower(), value.strip(b" \t").decode("latin-1"))
                self.headers.append(pair)

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]

    @property
    def is_chunked(self) -> bool:
        return bool(self.values("transfer-encoding"))

    def step(self) -> "dict[str, Any]":
        """Return what a `conditions` leaf says of it."""
        kept_headers = [
            (name, without_tokens(clean(value)) if name == "location" else clean(value))
            for name, value in self.headers
            if name in KEPT_HEADERS
        ]
        others = {clean(name, MAX_NAME) for name, _ in self.headers if name not in KEPT_HEADERS}
        return filled(
            status=self.status,
            http_version=self.version,
            headers=sorted(map(list, kept_headers[:MAX_NAMES])),
            other_headers=sorted(others)[:MAX_HEADERS],
        )

    def body(self, data: bytes) -> tuple[bytes, str]:
        """Return the body of an answer, its codings undone, and how far that went."""
        payload = data[self.begin :]
        codings = [part.strip().lower() for value in self.values("transfer-encoding")
                   for part in value.split(",")]  # fmt: skip
        length = (self.values("content-length") or [""])[0].split(",")[0].strip()
        if not self.status or self.status in BODILESS:
            payload = b""
        elif "chunked" in codings and self.version == "1.1":
            payload = unchunked(payload)
        elif length.isascii() and length.isdigit():
            payload = payload[: int(length[:18])]
        return decoded(payload, ", ".join(self.values("content-encoding")))


def filled(**fields: Any) -> "dict[str, Any]":
    """Return the fields that say something: a leaf leaves out the others."""
    return {name: value for name, value in fields.items() if value not in (None, [], "", 0)}


class Kept:
    """What is needed of a record of bytes, once these are let go.

    Attributes:
        head: The fields of the record, as they are written.
        digest: SHA-256 of the bytes exchanged; of a `revisit`, known once its original was read.
        block: SHA-256 of the block of the record.
        payloads: The digests that a record of an answer may give of its payload.
        open: It may give none: a coding, or an early answer, stands before the payload.
        step: What a `conditions` leaf says of the answer, None for none that could be read.
        body: Of the body, if the leaf of a check says it: digest, length and how far it went.

    """

    __slots__ = ("block", "body", "digest", "head", "open", "payloads", "step")

    def __init__(self, head: bytes, block: bytes) -> None:
        self.head = head
        self.block = self.digest = sha256(block)
        self.payloads: tuple[bytes, ...] = ()
        self.open = False
        self.step: dict[str, Any] | None = None
        self.body: tuple[bytes, int, str] | None = None

    @property
    def fields(self) -> "dict[str, str]":
        return fields_of(self.head, "")

    def answers(self, answer: Answer, data: bytes) -> None:
        """Take an answer; of a `revisit`, `data` has the body of the one that it points at."""
        self.open = answer.is_chunked or bool(INTERIM.match(data))
        rest = data[answer.end :]
        plain = sha256(rest)
        self.payloads = (plain, sha256(dechunked(rest))) if answer.is_chunked else (plain,)


class Capture:
    """One WARC file, read twice: first its records, then the copies that leaves name.

    `wanted` are the digests of these copies. Of the records, no more is held than `Kept`, and
    of the copies nothing: `copies` yields them one by one.
    """

    def __init__(self, path: Path, wanted: "Collection[str]") -> None:
        self.path, self.wanted = path, wanted
        self.kept: dict[str, Kept] = {}  # by record id
        self.apart: dict[str, tuple[str, str, str] | None] = {}  # of copies that no leaf names
        self.tops = 0  # records that describe the file, of which nothing speaks
        self.strays: set[str] = set()  # records that no named copy points at
        self.bodies: set[str] = set()  # those whose body the leaf of a check says
        self.doubts: list[tuple[str, Leaf, str]] = []  # bodies that may be a part: see `settle`
        self.revisits: dict[str, list[tuple[str, bytes]]] = {}  # by what they point at
        self.steps: dict[str, dict[str, Any]] = {}  # equal ones are held once
        for fields, block, whole in records(path):
            kind, name = fields.get("warc-type"), fields.get("warc-record-id", "")
            if kind == "metadata":
                self._metadata(sha256(whole).hex(), block)
                continue
            if name in self.kept:
                raise Fault(f"{path} : deux enregistrements du nom de {shown(name)}")
            self.tops += kind == "warcinfo"
            kept = self.kept[name] = Kept(whole[: -len(block) - 4], block)
            if kind != "warcinfo":
                self.strays.add(name)
            if kind == "revisit":
                self.revisits.setdefault(fields.get("warc-refers-to", ""), []).append((name, block))
                kept.digest = b""
            if kind in ("revisit", "response"):
                answer = Answer(block)
                step = answer.step()
                kept.step = self.steps.setdefault(json.dumps(step), step)
                if kind == "response":
                    kept.answers(answer, block)

    def _metadata(self, digest: str, block: bytes) -> None:
        try:
            account = json.loads(block)
            if digest in self.wanted:
                self.bodies.add(last_answer(account))
            else:
                self.apart[digest] = check_named(account)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            if digest not in self.wanted:
                self.apart[digest] = None

    def copies(self) -> Iterator[tuple[str, bytes]]:
        """Yield the copies that leaves name: the digest and the block of each."""
        late: list[tuple[str, bytes]] = []
        digests: set[str] = set()
        for fields, block, whole in records(self.path):
            name = fields.get("warc-record-id", "")
            if fields.get("warc-type") != "metadata":
                self._resolve(name, block, fields.get("warc-type", ""))
                continue
            digest = sha256(whole).hex()
            if digest not in self.wanted or digest in digests:
                continue
            digests.add(digest)
            if any(not kept.digest for kept in map(self.kept.get, wires_of(block)) if kept):
                late.append((digest, block))  # what its records point at comes later
            else:
                yield digest, block
        yield from late

    def _resolve(self, name: str, block: bytes, kind: str) -> None:
        """Take the bytes of a record, for itself and for those that point at it."""
        if kind == "response" and name in self.bodies:
            body, how = Answer(block).body(block)
            self.kept[name].body = sha256(body), len(body), how
        same: dict[bytes, tuple[bytes, int, str]] = {}
        rest = block[head_of(block)[1] :] if name in self.revisits and kind == "response" else b""
        for other, head in self.revisits.get(name, ()) if kind == "response" else ():
            entry, answer, data = self.kept[other], Answer(head), head + rest
            entry.digest = sha256(data)
            entry.answers(answer, data)
            if other in self.bodies:
                fields = [answer.values(each) for each in FRAMING]
                framing = repr([*fields, answer.status, answer.version]).encode()
                if framing not in same:
                    body, how = answer.body(data)
                    same[framing] = sha256(body), len(body), how
                entry.body = same[framing]

    def settle(self) -> Iterator[str]:
        """Look at bodies of which no more than a part may have been read, and say what is wrong.

        The service stops in the middle of an answer that is too long, takes too long to be
        decompressed, or is broken: what it noted is then the beginning of what stands here.
        """
        if not self.doubts:
            return
        wanted: dict[str, list[tuple[Leaf, str]]] = {}
        for name, said, at in self.doubts:
            wanted.setdefault(name, []).append((said, at))
        heads = {name: (original, head) for original, some in self.revisits.items()
                 for name, head in some if name in wanted}  # fmt: skip
        pointed: dict[str, list[str]] = {}
        for name, (original, _) in heads.items():
            pointed.setdefault(original, []).append(name)
        for fields, block, _ in records(self.path):
            own = fields.get("warc-record-id", "")
            names = [own] if own in wanted and own not in heads else []
            for name in [*names, *pointed.get(own, ())]:
                data = heads[name][1] + block[head_of(block)[1] :] if name in heads else block
                body = Answer(data).body(data)[0]
                for said, at in wanted[name]:
                    size = whole_number(said["bytes"])
                    if size > len(body) or sha256(body[:size]).hex() != said["sha256"]:
                        yield at


FRAMING = ("content-length", "transfer-encoding", "content-encoding")  # what the body depends on


def last_answer(account: Any) -> str:
    """Return the record of the answer whose body the leaf of a check says, "" for none."""
    hops = account["observation"]["exchange"]["hops"]
    name = account["wires"][len(hops) - 1]["response"] if hops else ""
    return str(name)


def wires_of(block: bytes) -> "list[str]":
    """Return the records of answers that a copy names."""
    try:
        return [str(wire["response"]) for wire in json.loads(block)["wires"]]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []


def records(path: Path) -> Iterator[tuple[dict[str, str], bytes, bytes]]:
    """Yield the fields, the block and all the bytes of each record of a WARC file.

    The last record may be cut short: a crash leaves it so, and nothing names it.
    """
    unpacked = 0
    with opened(path, MAX_CAPTURES) as packed, gzip.GzipFile(fileobj=packed) as file:
        while True:
            try:
                parts = record(file, path)
            except EOFError:
                return
            except (OSError, zlib.error):
                raise Fault(f"{path} : abîmé") from None
            if parts is None:
                return
            unpacked += len(parts[2])
            if unpacked > MAX_UNPACKED:
                raise Fault(f"{path} : trop grand, une fois décompressé")
            yield parts


def record(file: gzip.GzipFile, path: Path) -> "tuple[dict[str, str], bytes, bytes] | None":
    """Read one record of a WARC file; None at its end. Raises as gzip does, and Fault."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = file.readline(MAX_HEAD)
        if not line and not head:
            return None
        head += line
        if not line:
            raise Fault(f"{path} : enregistrement coupé")
        if len(head) > MAX_HEAD:
            raise Fault(f"{path} : ce n’est pas un fichier WARC/1.1")
    fields = fields_of(head, path)
    size = number(fields.get("content-length", ""), path)
    if not head.startswith(b"WARC/1.1\r\n") or size > MAX_RECORD:
        raise Fault(f"{path} : ce n’est pas un fichier WARC/1.1")
    block, end = file.read(size), file.read(4)
    if len(block) != size or end != b"\r\n\r\n":
        raise Fault(f"{path} : enregistrement coupé")
    return fields, block, head + block + end


def fields_of(head: bytes, path: object) -> "dict[str, str]":
    """Read the fields of a record of a WARC file, their names in lower case."""
    lines = head.decode("utf-8", "replace").split("\r\n")
    fields: dict[str, str] = {}
    for name, _, value in (line.partition(":") for line in lines[1:-2]):
        if name.lower() in fields and name.lower() != "warc-concurrent-to":
            raise Fault(f"{path} : un enregistrement dit deux fois {shown(name)}")
        before = f"{fields[name.lower()]} " if name.lower() in fields else ""
        fields[name.lower()] = before + value.strip()
    return fields


def head_of(response: bytes) -> tuple[int, int]:
    """Return where the head of an HTTP answer begins and ends, early answers (103) before it."""
    begin = end = 0
    while True:
        interim, head_end = INTERIM.match(response, end), HEAD_END.search(response, end)
        begin, end = end, head_end.end() if head_end else len(response)
        if not (interim and head_end):
            return begin, end


# Fields of a `target` leaf that its copies have too, beside pace, policy and durations.
PLANNED = ("slug", "name", "url", "kind", "platform", "department", "markers", "expect_path",
           "signs_of_life")  # fmt: skip
URI_SAFE = "!#$%&'()*+,/:;=?@[]~"  # as they stand in WARC-Target-URI


@dataclass
class Copied:
    """A copy that a leaf names: that leaf, and all that leaves say of its check.

    Attributes:
        check: The leaf of the check, None when it is older than the journal; `number` is its own.
        setup, plan: What made the check, and what was watched; empty for none.
        met, panel: What the check met, and the round of controls that it names.
        rendering: What a browser showed then.

    """

    leaf: Leaf
    number: int = -1
    check: "Leaf | None" = None
    setup: Leaf = field(default_factory=dict)
    plan: Leaf = field(default_factory=dict)
    met: "Leaf | None" = None
    panel: "Leaf | None" = None
    rendering: "Leaf | None" = None


def check_copy(copy: Copied, block: bytes, file: Capture, on_trust: "Counter[str]") -> None:
    """Check a copy, the block of its record, against the leaves. Raises Fault."""
    leaf, account = copy.leaf, json.loads(block)
    if check_named(account) != (leaf["target"], leaf["point"], instant(leaf["at"])):
        raise Fault(f"{file.path} : la copie du {leaf['at']} est celle d’un autre relevé")
    if sorted(account["why"]) != leaf["why"]:
        raise Fault(
            f"{file.path} : la copie du {leaf['at']} dit être gardée pour d’autres raisons "
            f"({shown(', '.join(account['why']))}) que sa feuille ({shown(', '.join(leaf['why']))})"
        )
    if file.path.name[:10] != leaf["at"][:10]:
        raise Fault(f"{file.path} : la copie du {leaf['at']} n’est pas dans le fichier de son jour")
    if copy.check is not None:
        _check_told(copy, copy.check, account, file.path)
    _check_bytes(leaf, account, file)
    _check_shown(copy, account, file)
    if copy.check is not None:
        _check_body(copy, copy.check, account, file, on_trust)
        _check_met(copy, account, file, on_trust)


def _check_bytes(leaf: Leaf, account: Any, file: Capture) -> None:
    """Compare the bytes that were exchanged, and what their records say, with their copy."""
    observation = account["observation"]
    hops = list(hops_of(observation["exchange"]))
    if len(hops) != len(account["wires"]):
        raise Fault(f"{file.path} : la copie du {leaf['at']} ne dit pas où est chaque requête")
    for rank, wire in enumerate(account["wires"]):
        for part in ("request", "response"):
            if not wire[part]:
                continue
            entry = file.kept.get(wire[part])
            if entry is None or entry.digest.hex() != wire[f"{part}_sha256"]:
                raise Fault(f"{file.path} : octets changés ou absents, relevé du {leaf['at']}")
            _check_head(leaf, part, wire, hops[rank], file)
            file.strays -= {wire[part], entry.fields.get("warc-refers-to", "")}


def _check_shown(copy: Copied, account: Any, file: Capture) -> None:
    """Compare the files of what a browser showed with their copy and with their leaf."""
    copied: dict[str, str] = {}
    for one in account.get("shown", ()):
        entry = file.kept.get(one["record"])
        if entry is None or entry.digest.hex() != one["sha256"]:
            raise Fault(
                f"{file.path} : affichage changé ou absent ({shown(one['name'])}), relevé du "
                f"{copy.leaf['at']}"
            )
        file.strays.discard(one["record"])
        copied[one["name"]] = one["sha256"]
    if copy.rendering is not None:
        said = {name: kept["sha256"] for name, kept in copy.rendering["files"].items()}
        if copied != said:
            raise Fault(
                f"{file.path} : la copie du {copy.leaf['at']} n’a pas l’affichage de sa feuille"
            )


def _check_body(
    copy: Copied, check: Leaf, account: Any, file: Capture, on_trust: "Counter[str]"
) -> None:
    """Compare the body that the leaf of a check says with the bytes of its answer."""
    if "rule" not in check:
        return  # a leaf that does not say all: counted elsewhere
    name = last_answer(account)
    kept = file.kept.get(name)
    digest, size, how = (kept and kept.body) or (sha256(b""), 0, WHOLE)
    body = check.get("body", {"sha256": sha256(b"").hex(), "bytes": 0})
    if how == UNKNOWN:
        on_trust["codings"] += 1
    elif (body["sha256"], whole_number(body["bytes"])) == (digest.hex(), size):
        return
    elif account["observation"]["exchange"]["failure"] is None:
        raise Fault(body_fault(file, copy.leaf["at"]))
    elif how == STOPPED and whole_number(body["bytes"]) > size:
        on_trust["bodies"] += 1  # another zlib goes further before it stops
    else:
        file.doubts.append((name, body, copy.leaf["at"]))


def body_fault(file: Capture, at: str) -> str:
    return (
        f"{file.path} : le corps de la copie du {at} n’est pas celui que dit la feuille du relevé"
    )


def _check_met(copy: Copied, account: Any, file: Capture, on_trust: "Counter[str]") -> None:
    """Compare what the check met, by its own leaf, with its copy and the heads of answers."""
    if copy.panel is not None:
        _agree(copy, file.path, "le contrôle de la ligne que nomme",
               panel_said(copy.panel),
               copied_panel(account["observation"]["controls"]))  # fmt: skip
    if copy.met is None:
        return
    names = iter([wire["response"] for wire in account["wires"]])
    copied = copied_met(account["observation"]["exchange"], names, file)
    recorded = dict(copy.met["met"])
    on_trust["charsets"] += recorded.pop("charset", "") != ""  # the bytes of the page decide it
    if recorded != copied and len(json.dumps(copied)) > LONG_MET:
        on_trust["shortened"] += 1
        return
    whole = dict.fromkeys((*recorded, *copied))
    _agree(copy, file.path, "les conditions que nomme",
           {**whole, **recorded}, {**whole, **copied})  # fmt: skip


LONG_MET = 9_000  # characters, beyond which the service may shorten what it keeps of a check


def copied_met(exchange: Any, names: "Iterator[str]", file: Capture) -> "dict[str, Any]":
    """Return what a `conditions` leaf says of an exchange; `names` are its records of answers."""

    def answered(hops: Any) -> "list[dict[str, Any]]":
        entries = [file.kept.get(next(names)) for _ in hops]
        return [(kept.step if kept else None) or {} for kept in entries]

    answers = answered(exchange["hops"])
    steps = [
        {**copied_step(hop, first=rank == 0), **answers[rank]}
        for rank, hop in enumerate(exchange["hops"])
    ]
    parts = []
    for part in exchange.get("parts", ()):
        last = (answered(part["hops"]) or [{}])[-1]
        for inner in part.get("parts", ()):
            copied_met(inner, names, file)
        url = without_tokens(clean(part["url"], MAX_URL))
        status = None if part["failure"] else last.get("status")
        parts.append(filled(url=url, status=status, failure=part["failure"], phase=part["phase"]))
    second, stalled = exchange.get("second"), exchange.get("stalled_us", 0)
    return filled(
        url=clean(exchange["url"], MAX_URL),
        steps=steps,
        failure=exchange["failure"],
        phase=exchange["phase"],
        parts=parts[:MAX_PARTS],
        second=second and {**second, "addresses": sorted(second["addresses"])[:MAX_NAMES]},
        stalled_ms=stalled // 1000 if stalled >= 500_000 else 0,
    )


def copied_step(hop: Any, *, first: bool) -> "dict[str, Any]":
    """Return what a `conditions` leaf says of a request, but for its answer."""
    url, resolution = clean(hop["url"], MAX_URL), hop["resolution"] or {}
    tried = hop["attempts"][:MAX_NAMES]
    certificate = hop["certificate"]
    if certificate:
        names = [clean(name) for name in certificate["names"][:MAX_NAMES]]
        texts = {name: clean(certificate[name]) for name in ("subject", "issuer")}
        certificate = {**certificate, **texts, "names": names}
        if not certificate.get("completed"):
            certificate.pop("completed", None)
    return filled(
        url=url if first else without_tokens(url),
        resolver=resolution.get("server"),
        answers=sorted(resolution.get("addresses", ()))[:MAX_NAMES],
        resolver_failure=resolution.get("failure"),
        second=resolution.get("second"),
        attempts=[[each["address"], each["failure"]] for each in tried if each["failure"]],
        offenders=sorted({each["offender"] for each in tried if each.get("offender")}),
        address=hop["address"],
        tls_version=hop["tls_version"],
        tls_cipher=hop["tls_cipher"],
        certificate=certificate,
    )


def panel_said(leaf: Leaf) -> "dict[str, Any]":
    """Return what a `panel` leaf says that a copy must say too."""
    names = ("ok", "asked", "needed", "answers", "families", "witnesses")
    return {name: leaf[name] for name in names if name in leaf}


def copied_panel(controls: Any) -> "dict[str, Any]":
    """Return what a copy says of the controls, by the names of a `panel` leaf."""
    if not controls:
        return {}
    panel = panel_said(controls)
    panel["witnesses"] = [
        {name: value for name, value in each.items() if value is not None}
        for each in controls.get("witnesses", ())
    ]
    return panel


def check_named(account: Any) -> "tuple[str, str, str]":
    """Return of which check an account is: target, point and instant."""
    observation = account["observation"]
    return observation["target"], observation["point"], instant(observation["at"])


def check_absent(leaf: Leaf, file: Capture, *, others: bool) -> None:
    """See that a daily copy that is not in its file may have been removed.

    All those of a file are removed at once. `others` tells whether the file holds daily copies
    that leaves name.
    """
    check = leaf["target"], leaf["point"], instant(leaf["at"])
    if leaf["why"] != ["daily"]:
        raise Fault(f"{file.path} : la copie {leaf['sha256'][:16]}… du journal n’y est pas")
    if others:
        raise Fault(
            f"{file.path} : la copie quotidienne {leaf['sha256'][:16]}… du journal n’y est pas, et "
            "d’autres y sont, qui seraient parties avec elle"
        )
    if check in file.apart.values():
        raise Fault(
            f"{file.path} : la copie du {leaf['at']} n’est pas celle que dit le journal, "
            f"{leaf['sha256'][:16]}…"
        )


def _check_told(copy: Copied, check: Leaf, account: Any, path: Path) -> None:
    """Compare what the copy says of its check with what the check's own leaf says."""
    judged, target = account["observation"]["judgement"], account["target"]
    if (check["verdict"], check["reason"]) != (judged["verdict"], judged["reason"]):
        raise Fault(
            f"{path} : la copie du {copy.leaf['at']} dit {shown(judged['verdict'])}, "
            f"{shown(judged['reason'])} ; la feuille {copy.number}, {shown(check['verdict'])}, "
            f"{shown(check['reason'])}"
        )
    if account["observation"]["exchange"]["url"] != target["url"]:
        raise Fault(
            f"{path} : la copie du {copy.leaf['at']} est celle d’une autre adresse que sa page"
        )
    _agree(copy, path, "le plan de", plan_told(copy.plan), copied_plan(target))
    _agree(copy, path, "", check_told(check, copy.setup), copied_check(account["observation"]))


def _agree(
    copy: Copied, path: Path, what: str, recorded: "dict[str, Any]", copied: "dict[str, Any]"
) -> None:
    """Compare field by field, as far as a copy has it, what a leaf and a copy say."""
    for name, value in recorded.items():
        if copied.get(name, value) != value:
            raise Fault(
                f"{path} : la copie du {copy.leaf['at']} dit {name} = "
                f"{shown(copied[name])[:SHOWN]} ; {what + ' ' if what else ''}la feuille "
                f"{copy.number}, {shown(value)[:SHOWN]}"
            )


def copied_plan(target: Any) -> "dict[str, Any]":
    """Return what a copy says of its target, by the names of a `target` leaf."""
    fields = {name: target[name] for name in (*PLANNED, "interval_s") if name in target}
    lasting = {
        f"{name}_ms": round(target[f"{name}_s"] * 1000)
        for name in ("deadline", "slow")
        if f"{name}_s" in target
    }
    return {**target.get("policy", {}), **fields, **lasting}


def copied_check(observation: Any) -> "dict[str, Any]":
    """Return what a copy says of its check, by the names of an `observation` leaf."""
    exchange, controls = observation["exchange"], observation["controls"]
    at, slot = (microseconds(f"{instant(observation[name])}Z") for name in ("at", "slot_at"))
    offsets = {
        "clock_offset_us": observation["clock_offset_us"],
        "server_offset_us": exchange["server_offset_us"],
    }
    return {
        "rule": observation["judgement"]["rule"],
        "late_us": at - slot,
        "duration_us": exchange["duration_us"],
        "controls": instant(controls["at"]) if controls else None,
        "config_sha256": observation["config_sha256"],
        "ruleset": observation["ruleset"],
        "detail": without_tokens(clean(exchange["detail"])) or None,
        "phases_us": copied_phases(exchange),
        # One of centuries is in no leaf.
        **{name: us if us is None or abs(us) < 2**53 else None for name, us in offsets.items()},
    }


def copied_phases(exchange: Any) -> "dict[str, int]":
    """Return the time of each phase, over all requests, as the leaf of a check has it."""
    total: Counter[str] = Counter()
    for hop in exchange["hops"]:
        total.update(hop["phases_us"])
    return dict(total)


def hops_of(exchange: Any) -> "Iterator[tuple[Any, str]]":
    """Yield every request of an exchange, then those of its parts: the order of `wires`.

    Each is beside the reason why its answer is not whole, "" for none.
    """
    hops = exchange["hops"]
    cut = CUT.get(exchange["failure"] or "", "") if exchange["phase"] == "transfer" else ""
    for rank, hop in enumerate(hops, start=1):
        yield hop, cut if rank == len(hops) else ""
    for part in exchange.get("parts", ()):
        yield from hops_of(part)


def _check_head(
    leaf: Leaf, part: str, wire: "dict[str, str]", hop: "tuple[Any, str]", file: Capture
) -> None:
    """Compare what a record says of its bytes, to whoever shows them again, with its copy.

    Every field must be there, with its value, and no other.
    """
    name = wire[part]
    head = file.kept[name].fields
    ought = _request_head(wire, hop[0], file) if part == "request" else {}
    if part == "response":
        ought = _answer_head(name, *hop, file)
    differing = {key for key in {**head, **ought} if head.get(key) != ought.get(key)}
    if differing:
        raise Fault(
            f"{file.path} : un enregistrement dit autre chose que sa copie "
            f"({shown(', '.join(sorted(differing)))}), relevé du {leaf['at']}"
        )


def _any_head(name: str, kind: str, hop: Any, file: Capture) -> "dict[str, str]":
    """Return the fields that every record of bytes has."""
    uri = quote(hop["url"], safe=URI_SAFE, errors="replace")
    peer = {"warc-ip-address": hop["address"]} if hop["address"] else {}
    return {
        "warc-type": kind,
        "warc-record-id": name,
        "warc-date": f"{instant(hop['started_at'])}Z",
        "warc-target-uri": ("urn:partial:" if kind == "resource" else "") + uri,
        **peer,
        "warc-block-digest": warc_digest(file.kept[name].block),
        "content-length": file.kept[name].fields["content-length"],  # read by it, and so right
    }


def _request_head(wire: "dict[str, str]", hop: Any, file: Capture) -> "dict[str, str]":
    beside = {"warc-concurrent-to": wire["response"]} if wire["response"] else {}
    return {
        **_any_head(wire["request"], "request", hop, file),
        **beside,
        "content-type": f"{HTTP_MESSAGE}request",
    }


def _answer_head(name: str, hop: Any, cut: str, file: Capture) -> "dict[str, str]":
    entry = file.kept[name]
    head, payloads = entry.fields, [warc_digest(one) for one in entry.payloads]
    kind = head.get("warc-type", "")
    if kind == "resource":  # bytes that are not the whole head of an answer
        return {**_any_head(name, kind, hop, file), "content-type": "application/octet-stream"}
    payload = head.get("warc-payload-digest", "")
    right = payload if payload in payloads else min(payloads, default="")
    more: dict[str, str] = {}
    if kind == "revisit" and not cut:
        pointed = file.kept.get(head.get("warc-refers-to", ""))
        original = pointed.fields if pointed else {}
        more = {
            "warc-profile": REVISIT,
            "warc-refers-to": original.get("warc-record-id", ""),
            "warc-refers-to-target-uri": original.get("warc-target-uri", ""),
            "warc-refers-to-date": original.get("warc-date", ""),
            "warc-payload-digest": right,
        }
    elif cut:
        kind, more = "response", {"warc-truncated": cut}
    elif payload or not entry.open:
        kind, more = "response", {"warc-payload-digest": right}
    else:
        kind = "response"
    return {
        **_any_head(name, kind, hop, file),
        **more,
        "content-type": f"{HTTP_MESSAGE}response",
    }


def instant(text: str) -> str:
    """Write an instant with all its microseconds, to compare it."""
    whole, _, rest = text.rstrip("Z").replace("+00:00", "").partition(".")
    return f"{whole}.{rest:0<6}"


# --- What the leaves tell ----------------------------------------------------------------------

GOOD, FAILING = {"up", "degraded"}, {"down", "maintenance"}
TELLING = GOOD | FAILING
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z", re.ASCII)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- all are UTC, and fromisoformat has no Z before 3.11
SECOND = 1_000_000  # instants are whole microseconds since 1970
NEAR = 50  # checks of a target between a check and the copy that it turns out to need
SHOWN = 200  # lines of one table; --json gives them all
POLICY = {"failures": 3, "failing_s": 120, "successes": 2, "recovering_s": 60, "silence_s": 7200}


def _pairs(items: "list[tuple[str, Any]]") -> dict[str, Any]:
    read = dict(items)
    if len(read) != len(items):
        raise ValueError("un nom est donné deux fois")
    return read


def _refuse(text: str) -> Any:
    raise ValueError(f"nombre {text[:20]}")


def _integer(text: str) -> int:
    return int(text) if len(text) <= 17 else _refuse(text)


# Made once: making one takes as long as reading a leaf.
STRICT_JSON = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_refuse, parse_constant=_refuse, parse_int=_integer
)
# The same for what has no long number: to call `_integer` for each would take longer than the rest.
SHORT_JSON = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_refuse, parse_constant=_refuse)
LONG_NUMBER = b"0" * 17
DIGITS = bytes.maketrans(b"123456789", b"0" * 9)


def strict_json(data: bytes) -> Any:
    """Read JSON that two readers cannot read differently. Raises ValueError for any other."""
    text = data.decode()
    decoder = STRICT_JSON if LONG_NUMBER in data.translate(DIGITS) else SHORT_JSON
    try:
        if text[:1] == "{":  # as all leaves; `decode` would look for blanks on both sides
            value, end = decoder.raw_decode(text)
            if end == len(text):
                return value
        return decoder.decode(text)
    except RecursionError:
        raise ValueError("trop profond") from None


def microseconds(text: Any) -> int:
    """Read an instant of the journal. Raises ValueError for any other text."""
    if not isinstance(text, str) or not INSTANT.fullmatch(text):
        raise ValueError(f"instant mal écrit : {text!r}")
    try:
        since = datetime.fromisoformat(text[:-1]) - EPOCH
    except ValueError:
        raise ValueError(f"instant mal écrit : {text!r}") from None
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def whole_number(value: Any) -> int:
    if type(value) is not int:  # a truth value is an int, too
        raise ValueError(f"il faut un nombre entier : {str(value)[:40]!r}")
    return value


@dataclass
class Outage:
    """One outage of one target, made again from the checks. Instants in microseconds."""

    target: str
    point: str
    nature: str
    reason: str
    last_ok_at: "int | None"
    first_fail_at: int
    last_fail_at: int
    confirmed_at: int
    checks: int
    relapses: int = 0
    first_ok_at: "int | None" = None
    recovered_at: "int | None" = None
    # Leaves: of the checks at its edges, then those that tell them.
    leaves: "dict[str, int | None]" = field(default_factory=dict)

    def says(self) -> "dict[str, Any]":
        """Return what an `outage` leaf says of it."""
        fields = {name: value for name, value in asdict(self).items() if name != "leaves"}
        return {name: value for name, value in fields.items() if value is not None}

    @property
    def shortest_us(self) -> int:
        return self.last_fail_at - self.first_fail_at

    @property
    def longest_us(self) -> "int | None":
        if self.first_ok_at is None or self.last_ok_at is None:
            return None
        return self.first_ok_at - self.last_ok_at


@dataclass
class Streak:
    """Checks of one kind that follow each other."""

    first_at: int
    last_at: int
    count: int
    reason: str
    downs: int
    leaf: int  # of the first

    def with_one(self, at: int, verdict: str) -> None:
        self.last_at, self.count = at, self.count + 1
        self.downs += verdict == "down"

    def lasted(self, count: int, seconds: int) -> bool:
        return self.count >= count and self.last_at - self.first_at >= seconds * SECOND


class Watched:
    """What one point sees of one target."""

    def __init__(self, target: str, point: str) -> None:
        self.target, self.point = target, point
        self.first_at = 0  # of its first check in the journal
        self.instants = array("q")  # of its checks, increasing
        self.others: set[int] = set()  # those after which the clock was set back
        self.slots = array("q")  # when they were due
        self.rising = array("q")  # of these, each later than the one before: see `begins`
        self.latest_slot: tuple[int, int] | None = None  # planned: number of the run, and the slot
        # Leaf, number of the run, slot: of those older than their run, or than one before them.
        self.overdue: list[tuple[int, int, int]] = []
        self.interval = 0  # of its last check, in microseconds
        self.intervals: dict[int, int] = {}  # by the first slot since which it holds
        self.verdicts: Counter[str] = Counter()
        self.page: int | None = None  # leaf that says what it is
        self.last_ok: int | None = None
        self.last_ok_leaf: int | None = None
        self.failing: Streak | None = None
        self.recovering: Streak | None = None
        self.outage: Outage | None = None

    def is_new(self, at: int) -> bool:
        """Take the instant of a check; False when there was one at that instant."""
        if not self.instants:
            self.first_at = at
        if not self.instants or at > self.instants[-1]:
            self.instants.append(at)
            return True
        place = bisect_left(self.instants, at)
        is_known = self.instants[place] == at or at in self.others
        self.others.add(at)
        return not is_known

    def begins(self, slot: int) -> bool:
        """Take the slot of a check; False when it had one since the slots last went back."""
        self.goes_back(slot + 1)
        if self.rising and self.rising[-1] == slot:
            return False
        self.rising.append(slot)
        return True

    def goes_back(self, at: int) -> None:
        """Let the slots from `at` on come again: something was due then, after them."""
        while self.rising and self.rising[-1] >= at:
            self.rising.pop()

    def planned(self, leaf: int, run: int, slot: int) -> None:
        """Take a check that the plan of a run wanted, by the number of that run."""
        before = self.latest_slot
        if before is not None and before[0] == run and slot < before[1]:
            self.overdue.append((leaf, run, slot))
        else:
            self.latest_slot = run, slot

    def tells(self, at: int, verdict: str) -> bool:
        """Tell whether a check says something of the site.

        One that was refused, or that the watcher's own side spoiled, says nothing, and neither
        does one that the clock puts before the last that did.
        """
        return not (
            verdict not in TELLING
            or (self.last_ok is not None and at <= self.last_ok)
            or (self.failing and at <= self.failing.last_at)
            or (self.recovering and at <= self.recovering.last_at)
            or (self.outage and at <= self.outage.last_fail_at)
        )

    def forget(self) -> None:
        """Let go of what follows from checks so far, but for the last good one."""
        self.failing = self.recovering = self.outage = None

    def fold(
        self, leaf: int, at: int, verdict: str, reason: str, policy: dict[str, int]
    ) -> list[Any]:
        """Take one more check; return what follows: an outage, "opened" or "closed", or a "blip".

        See `tells`.
        """
        if not self.tells(at, verdict):
            return []
        if self.outage:
            return self._follow(self.outage, leaf, at, verdict, policy)
        events: list[Any] = []
        if verdict in GOOD:
            events += [("blip", self.failing)] if self.failing else []
            self.last_ok, self.last_ok_leaf, self.failing = at, leaf, None
            return events
        if self.failing and at - self.failing.last_at > policy["silence_s"] * SECOND:
            events.append(("blip", self.failing))  # nobody saw what lay between
            self.failing = None
        if self.failing:
            self.failing.with_one(at, verdict)
        else:
            self.failing = Streak(at, at, 1, reason, int(verdict == "down"), leaf)
        streak = self.failing
        if streak.lasted(policy["failures"], policy["failing_s"]):
            self.failing, self.outage = None, Outage(
                target=self.target, point=self.point, reason=streak.reason, checks=streak.count,
                nature="down" if streak.downs else "maintenance", last_ok_at=self.last_ok,
                first_fail_at=streak.first_at, last_fail_at=streak.last_at, confirmed_at=at,
                leaves={"last_ok": self.last_ok_leaf, "first_fail": streak.leaf, "last_fail": leaf},
            )  # fmt: skip
            events.append(("opened", self.outage))
        return events

    def _follow(
        self, outage: Outage, leaf: int, at: int, verdict: str, policy: dict[str, int]
    ) -> list[Any]:
        if verdict in FAILING:
            outage.nature = "down" if verdict == "down" else outage.nature
            outage.last_fail_at, outage.leaves["last_fail"] = at, leaf
            outage.checks += 1
            outage.relapses += self.recovering is not None
            self.recovering = None
            return []
        if self.recovering:
            self.recovering.with_one(at, verdict)
        else:
            self.recovering = Streak(at, at, 1, "", 0, leaf)
        streak = self.recovering
        if not streak.lasted(policy["successes"], policy["recovering_s"]):
            return []
        outage.first_ok_at, outage.recovered_at = streak.first_at, at
        outage.leaves["first_ok"] = streak.leaf
        self.recovering, self.outage, self.last_ok, self.last_ok_leaf = None, None, at, leaf
        return [("closed", outage)]


Edge = tuple[str, Any, dict[str, Any]]  # which, what it is about, and what its leaf must say


class Doubt:
    """What is not known of a target at its first leaf, when a record is older than its journal.

    Checks of before the journal may have left a good check, failures or an open outage behind.
    Two readings are followed until one is left: no outage was open, or one was. The first edge
    that the journal tells decides, and so do good checks that would have ended any outage.
    What begins at the first leaf or later is never in doubt.
    """

    def __init__(self, first_at: int) -> None:
        self.first_at = first_at
        self.was_open = False  # what would follow, had no outage been open, is not told
        self.awaited: list[Edge] = []  # what follows from the last check by the first reading
        self.good: Streak | None = None  # good checks in a row
        self.met_good = False  # one before the last check was good
        self.failures = 0
        self.fail_at: list[int | None] = [None, None]  # the last before the last check, and with it
        self.last: tuple[int, bool] = (first_at - 1, False)  # an instant, and whether it was good
        self.policy = dict(POLICY)

    def take(self, at: int, verdict: str, policy: dict[str, int]) -> None:
        """Take a check that tells something."""
        if at <= self.last[0]:
            return
        self.policy, self.last = policy, (at, verdict in GOOD)
        self.met_good = self.met_good or self.good is not None
        self.fail_at[0] = self.fail_at[1]
        if verdict in FAILING:
            self.good, self.fail_at[1] = None, at
            self.failures += 1
        elif self.good:
            self.good.with_one(at, verdict)
        else:
            self.good = Streak(at, at, 1, "", 0, -1)

    @property
    def is_over(self) -> bool:
        """Whether the good checks seen would have ended any outage."""
        good, policy = self.good, self.policy
        return good is not None and good.lasted(policy["successes"], policy["recovering_s"])

    def explains(self, edge: str, fields: dict[str, Any], awaited: list[Edge]) -> bool:
        """Tell whether an edge that does not follow from the checks may rest on earlier ones."""
        if fields["at"] != self.last[0]:
            return False
        if edge == "closed":
            return self._closes(fields)
        if self.was_open:
            return False
        return self._opens(fields, awaited) if edge == "opened" else self._ends(fields)

    def _closes(self, fields: dict[str, Any]) -> bool:
        first_ok, last_fail = fields["first_ok_at"], fields["last_fail_at"]
        if not self.good or fields["recovered_at"] != fields["at"]:
            return False
        within = first_ok >= self.first_at or self.failures
        return (
            (not within or (first_ok == self.good.first_at and self.is_over))
            and fields["confirmed_at"] < self.first_at
            and fields["first_fail_at"] <= last_fail < first_ok
            and fields.get("last_ok_at", fields["first_fail_at"] - 1) < fields["first_fail_at"]
            and self._is_last_failure(last_fail, self.fail_at[1])
            and whole_number(fields["checks"]) > self.failures
        )

    def _opens(self, fields: dict[str, Any], awaited: list[Edge]) -> bool:
        first_fail = fields["first_fail_at"]
        last_ok = fields.get("last_ok_at", first_fail - 1)
        if self.last[1] or "first_ok_at" in fields or "recovered_at" in fields:
            return False
        if first_fail >= self.first_at:  # only the good check before it is older
            ought = next((one for edge, _, one in awaited if edge == "opened"), None)
            bare = {name: value for name, value in fields.items() if name != "last_ok_at"}
            return "last_ok_at" in fields and last_ok < self.first_at and bare == ought
        return (
            not self.met_good
            and fields["confirmed_at"] == fields["last_fail_at"] == fields["at"]
            and last_ok < first_fail
            and whole_number(fields["checks"]) > self.failures
            and fields["relapses"] == 0
        )

    def _ends(self, fields: dict[str, Any]) -> bool:
        at, good = self.last
        return (
            fields["first_at"] < self.first_at
            and not self.met_good
            and (good or at - fields["last_at"] > self.policy["silence_s"] * SECOND)
            and self._is_last_failure(fields["last_at"], self.fail_at[good])
            and whole_number(fields["count"]) > self.failures - (not good)
        )

    def _is_last_failure(self, at: int, failed_at: "int | None") -> bool:
        return at == failed_at if failed_at is not None else at < self.first_at


def plan_told(plan: Leaf) -> "dict[str, Any]":
    """Return what a `target` leaf says that a copy must say too."""
    names = (*PLANNED, "interval_s", "deadline_ms", "slow_ms")
    optional = {"department": "", "expect_path": ""} if "url" in plan else {}
    fields = {name: plan[name] for name in names if name in plan}
    return {**plan.get("policy", {}), **optional, **fields}


def check_told(leaf: Leaf, setup: Leaf) -> "dict[str, Any]":
    """Return what the leaf of a check says that its copy must say too."""
    names = ("rule", "late_us", "duration_us", "phases_us")
    fields: dict[str, Any] = {name: leaf[name] for name in names if name in leaf}
    if "rule" in leaf:
        fields["detail"] = leaf.get("detail")
        fields["controls"] = instant(leaf["controls"]["at"]) if "controls" in leaf else None
        fields |= {name: leaf.get(name) for name in ("clock_offset_us", "server_offset_us")}
    fields |= {name: setup[name] for name in ("config_sha256", "ruleset") if name in setup}
    return fields


@dataclass
class Life:
    """One run of a point.

    Attributes:
        plan: The interval and the phase of each target's slots, in microseconds; None when the
            software that ran did not write it.
        stretches: Between which instants of the point's clock it lived: a new one begins when
            the clock is set back.
        last_at: Its last sign of life, a check or a round.

    """

    at: int
    plan: "dict[str, tuple[int, int]] | None"
    stretches: "list[list[int]]"
    last_at: int
    stopped_at: "int | None" = None
    config: str = ""
    absence: "int | None" = None  # leaf of the gap that says what was lost before it

    @property
    def round_at(self) -> int:
        """Its last round of controls, or its start."""
        return self.stretches[-1][1]

    def beat(self, at: int) -> None:
        """Take a round of controls: these follow each other in time."""
        if at < self.stretches[-1][1]:
            self.stretches.append([at, at])
        self.stretches[-1][1] = at
        self.last_at = max(self.last_at, at)


IN_HAND_US = 7200 * SECOND  # how long a slot may have waited in a run that was killed
STEP_US = 60 * SECOND  # within which a run takes note that its clock was set back
Due = tuple[int, int, bool]  # from, until, and whether every slot there must be accounted for


def due(lives: "list[Life]") -> "dict[str, list[tuple[tuple[int, int], list[Due]]]]":
    """Return, for each target, the spans in which a point owes an account, by its plans."""
    by_target: dict[str, list[tuple[tuple[int, int], list[Due]]]] = {}
    highest = 0
    for life, following in zip(lives, [*lives[1:], None]):  # noqa: B905 -- Python 3.9
        highest = max(highest, life.at)
        for slug, slots in (life.plan or {}).items():
            spans = due_while(life, following, slug)
            by_target.setdefault(slug, []).append((slots, spans))
        if following is None or following.plan is None or life.at < highest:
            continue
        # What was lost between the two was counted at the second start, by the plan of that one.
        away = life.last_at if life.stopped_at is None else life.stopped_at
        for slug, slots in following.plan.items():
            same = life.stopped_at is None and (life.plan or {}).get(slug) == slots
            if not same and away < following.at:
                by_target.setdefault(slug, []).append((slots, [(away, following.at, True)]))
    return by_target


def within(
    extract: Extract, slug: str, plans: "list[tuple[tuple[int, int], list[Due]]]"
) -> "list[tuple[tuple[int, int], list[Due]]]":
    """Return what is owed of a target by an extract: its pages, within its span."""
    if slug not in extract.targets:
        return []
    return [
        (slots, [
            (max(since, extract.since), min(until, extract.until), certain)
            for since, until, certain in spans
            if since < extract.until and until > extract.since
        ])
        for slots, spans in plans
    ]  # fmt: skip


def owed_before(lives: "list[Life]", slug: str, slot: int) -> bool:
    """Tell whether the lives before the last owed an account of a slot of a target."""
    last = lives[-1]
    bare = Life(last.at, last.plan, [[last.at, last.at]], last.at)
    return any(
        certain and since <= slot < until and (slot - phase) % interval == 0
        for (interval, phase), spans in due([*lives[:-1], bare]).get(slug, ())
        for since, until, certain in spans
    )


def due_while(life: Life, following: "Life | None", slug: str) -> "list[Due]":
    """Return the spans of one target in one life."""
    spans: list[Due] = []
    for number, (since, until) in enumerate(life.stretches):
        begin, end, sure = since, until, until
        if number:  # what was due between the step and our notice of it
            begin = min(until, since + STEP_US)
            spans.append((since, begin, False))
        if number == len(life.stretches) - 1:
            if life.stopped_at is not None:
                end = sure = max(until, life.stopped_at)
            elif (
                following
                and following.at >= until
                and following.plan is not None
                and (following.plan.get(slug) == (life.plan or {}).get(slug))
            ):
                end = sure = following.at
            else:  # it goes on, or another plan followed: what it had in hand nobody tells
                end = until if number else max(until, life.last_at)
                sure = max(begin, end - IN_HAND_US)
                sure = min(sure, following.at) if following else sure
        spans += [(begin, sure, True), (max(begin, sure), end, False)]
    return [one for one in spans if one[0] < one[1]]


class Terms(NamedTuple):
    """What a check goes by: the point, the interval of the page in microseconds, its policy."""

    point: str
    interval: int
    policy: "dict[str, int]"


@dataclass
class Block:
    """A check, and how far what follows from it was told: the last rank of FOLLOWS."""

    leaf: int
    target: str
    point: str
    at: str
    rank: int = 0
    bare: bool = False  # it is not good, and no leaf says where its bytes are
    changes: "list[Leaf]" = field(default_factory=list)


class Story:
    """Reads the leaves in order, once. `faults` contradict each other, `remarks` do not."""

    def __init__(
        self, faults: Findings, remarks: Findings, extract: "Extract | None" = None
    ) -> None:
        self.faults, self.remarks, self.extract = faults, remarks, extract
        self.named: dict[int, Leaf] = {}  # leaves that others name
        self.watched: dict[tuple[str, str], Watched] = {}
        self.outages: list[Outage] = []
        self.blips: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.gaps: list[dict[str, Any]] = []
        self.starts: list[tuple[int, str, str]] = []  # of runs: instant, point, configuration
        self.tokens: list[tuple[int, Leaf]] = []
        # By file of copies: for each that a leaf names, that leaf and the one of its check, or -1.
        self.captures: dict[str, array[int]] = {}
        # The last checks of each target: instant, leaf, whether a leaf says where its copy is.
        self.recent: dict[tuple[str, str], deque[tuple[str, int]]] = {}
        self.with_copy: set[int] = set()  # of these, the leaves of those that have one
        # For each leaf, whether it is one of MARKED; of an extract, for those that are.
        self.marks: Any = {} if extract else bytearray()
        self.shown: dict[int, int] = {}  # what a browser showed: its leaf, by that of its check
        self.announced: dict[int, dict[str, Any]] = {}  # maintenance, by leaf
        self.keys: list[tuple[int, Key, Key]] = []  # changes of keys: leaf, the old, the new
        self.kinds: Counter[str] = Counter()
        self.latest: tuple[int, int] = (0, 0)  # the last leaf that has a time of its own, and it
        self.latest_at: dict[int, tuple[int, int]] = {}  # the same, at each size that was marked
        self.alive: dict[str, int] = {}  # by point, the last sign of life
        self.runs: dict[int, str] = {}  # the point of each, by the leaf of its start
        self.stopped: set[str] = set()  # points whose run ended of its own will
        self.lives: dict[str, list[Life]] = {}  # by point, in the order of the journal
        self.planned = 0  # slots that were due by the plans of the runs
        self.trusted = 0  # of these, the ones that nothing proves to be a check or a gap
        self.on_trust: Counter[str] = Counter()  # what else nothing proves, by its name in TRUSTED
        self.paces: dict[tuple[str, str], set[int]] = {}  # by configuration and target
        self._terms: dict[tuple[int, int | None, str], Terms] = {}  # by setup, plan and target
        self._unplanned: list[tuple[int, str, str, int, int]] = []  # gaps: leaf, configuration…
        self._block: Block | None = None  # the check that the next leaves may follow from
        self.rounds: dict[str, Watched] = {}  # by point
        self.copies: set[bytes] = set()  # beginnings of their digests
        self.texts: dict[tuple[str, str, str], str] = {}  # target, point, first instant: digest
        self.before = extract is not None  # the record is older than its journal, or extract
        self.doubts: dict[tuple[str, str], Doubt | None] = {}  # None: it is over
        self._doubtful: tuple[int, tuple[str, str]] | None = None  # the last check, in doubt
        self._awaited: list[tuple[int, Edge]] = []
        self._stated = 0  # the latest time that a token stated
        self._next = 0  # the leaf after the last one

    def tell(self, index: int, data: bytes, where: Path) -> None:
        """Read one leaf; those of an extract do not all follow each other."""
        if index != self._next:
            self._block = None
        self._next = index + 1
        if not self.extract:
            self.marks.append(0)
        try:
            leaf = strict_json(data)
            kind = leaf["type"]
            if not isinstance(kind, str):
                raise TypeError("type")  # noqa: TRY301 -- as an absent one
        except (ValueError, TypeError, KeyError) as error:
            self.faults.append(f"{where} : la feuille {index} n’est pas un objet JSON ({error!r})")
            return
        self.kinds[kind] += 1
        if kind in MARKED:
            self.marks[index] = MARKED[kind]
        reader = getattr(self, f"_{kind}", None) if kind in READ else None
        self.on_trust["unread"] += kind not in READ | UNREAD or leaf.get("v") != 1
        block, self._block = self._block, None
        if reader is None:
            return
        try:
            if kind in FOLLOWS:
                self._block = self._following(index, leaf, block)
            reader(index, leaf)
        except (
            Fault, ValueError, TypeError, KeyError, AttributeError, OverflowError,
        ) as error:  # fmt: skip
            self.faults.append(
                f"{where} : la feuille {index} ({shown(kind)}) est mal formée ({error!r})"
            )

    def _following(self, index: int, leaf: Leaf, block: "Block | None") -> "Block | None":
        """See that what follows from a check stands right after it, in the order of FOLLOWS."""
        kind, rank = leaf["type"], FOLLOWS[leaf["type"]]
        where = (leaf["target"], leaf["point"])
        if block is None or where != (block.target, block.point) or rank < block.rank:
            self.faults.append(
                f"feuille {index} : {shown(FOLLOWED[kind])} n’est pas à la suite de son relevé"
            )
            return block
        block.rank = rank
        if kind != "capture" and (leaf["observation"], leaf["at"]) != (block.leaf, block.at):
            self.faults.append(
                f"feuille {index} : {shown(FOLLOWED[kind])} nomme un autre relevé que celui "
                f"qu’elle suit, à la feuille {block.leaf}"
            )
        return block

    def mark(self, size: int) -> None:
        self.latest_at[size] = self.latest

    def end(self) -> None:
        """Say what should have followed, and which checks were neither made nor explained."""
        self._settle()
        for one in self.watched.values():
            Holes(self, one).look()
        self._within_gaps()
        self._out_of_place()
        self._counted_by_pace()
        self.on_trust["backwards"] = sum(len(one.others) for one in self.watched.values())
        self.on_trust["rounds"] = sum(len(one.others) for one in self.rounds.values())
        for point, lives in self.lives.items():
            for slug, spans in due(lives).items():
                if self.extract:
                    spans = within(self.extract, slug, spans)  # noqa: PLW2901 -- of the question
                one = self.watched.get((slug, point)) or Watched(slug, point)
                Holes(self, one).account(spans)

    def _within_gaps(self) -> None:
        """Look for checks where the journal says that there were none.

        Where a clock was ever set back, one instant comes twice: then this is only said.
        """
        moved = any(one.others for one in self.watched.values())
        gaps: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for gap in self.gaps:
            gaps.setdefault((gap["point"], gap["target"]), []).append(gap)
        self.on_trust["twice"] = sum(map(told_twice, gaps.values()))
        for one in self.watched.values():
            slots = sorted(one.slots)
            for gap in gaps.get((one.point, one.target), ()):
                self.on_trust["both"] += told_done(gap, slots)
            for gap in [*gaps.get((one.point, one.target), ()), *gaps.get((one.point, ""), ())]:
                first = bisect_left(slots, gap["from"] + TOLERANCE_S * SECOND)
                last = bisect_left(slots, gap["to"] - TOLERANCE_S * SECOND)
                if first < last:
                    (self.remarks if moved else self.faults).append(
                        f"feuille {gap['leaf']} : la lacune du {told_us(gap['from'])} au "
                        f"{told_us(gap['to'])} couvre {some(last - first, 'relevé')} de "
                        f"{shown(one.target)}, au journal pourtant"
                    )

    def pace(self, slug: str) -> int:
        """Return the longest interval that a target had, in microseconds; 0 if none is told."""
        return max((interval for (target, _), one in self.watched.items() if target == slug
                    for interval in one.intervals.values()), default=0)  # fmt: skip

    def _out_of_place(self) -> None:
        """Look for checks taken from their place and told at another, where they hide a hole.

        When the clock is set back, the slots that come again were all accounted for before. A
        check that is older than those before it, and the only account of its slot, is none.
        """
        for one in self.watched.values():
            if not one.overdue:
                continue
            times, lives = Counter(one.slots), self.lives[one.point]
            holes = Holes(self, one)
            for leaf, run, slot in one.overdue:
                alone = times[slot] == 1 and not holes.in_gap(slot)
                mine = slot >= lives[run].at
                if alone and (mine or owed_before(lives[: run + 1], one.target, slot)):
                    self.faults.append(
                        f"feuille {leaf} : relevé de {shown(one.target)} prévu le {told_us(slot)}, "
                        "inscrit après d’autres plus tardifs : il n’est pas à sa place"
                    )

    def _counted_by_pace(self) -> None:
        """Compare gaps of runs without a plan with the pace that targets had meanwhile."""
        for leaf, config, target, lasting_us, slots in self._unplanned:
            paces = self.paces.get((config, target), ())
            if not paces:
                self.on_trust["gaps"] += 1
            elif lasting_us not in {slots * pace for pace in paces}:
                self._miscounted(leaf, slots)

    def _miscounted(self, leaf: int, slots: int, ought: "int | None" = None) -> None:
        self.faults.append(
            f"feuille {leaf} : la lacune dit {some(slots, 'relevé non fait', 'relevés non faits')}"
            + (
                " ; la cadence de la page en prévoyait un autre nombre"
                if ought is None
                else f" ; le plan en prévoyait {ought}"
            )
        )

    def _origin(self, index: int, leaf: Leaf) -> None:
        if index:
            self.faults.append(f"feuille {index} : un journal ne commence qu’une fois")
        self.before = self.before or any(leaf["rows_before"].values())
        self.on_trust["rows_before"] = sum(map(whole_number, leaf["rows_before"].values()))

    def _setup(self, index: int, leaf: Leaf) -> None:
        self.named[index] = leaf
        self.on_trust["environments"] += "environment" in leaf

    def _target(self, index: int, leaf: Leaf) -> None:
        self.named[index] = leaf

    def _plan(self, index: int, leaf: Leaf) -> None:
        slots = {
            slug: (whole_number(interval), whole_number(phase))
            for slug, (interval, phase) in leaf["slots"].items()
        }
        if any(not 0 <= phase < interval for interval, phase in slots.values()):
            raise ValueError("slots")
        self.named[index] = {**leaf, "slots": slots}

    def _planned(self, leaf: Leaf, point: str) -> "dict[str, tuple[int, int]] | None":
        if "plans" not in leaf:
            return None
        slots: dict[str, tuple[int, int]] = {}
        for index in leaf["plans"]:
            plan = self.named[whole_number(index)]
            if plan["type"] != "plan" or plan["point"] != point:
                raise ValueError("plans")
            slots.update(plan["slots"])
        return slots

    def _observation(self, index: int, leaf: Leaf) -> None:
        if self._doubtful or self._awaited:
            self._settle()
        at, target, verdict = microseconds(leaf["at"]), leaf["target"], leaf["verdict"]
        plan = whole_number(leaf["plan"]) if "plan" in leaf else None
        terms = self._terms_of(whole_number(leaf["setup"]), plan, target)
        point = terms.point
        one = self.watched.get((target, point))
        if one is None:
            one = self.watched[target, point] = Watched(target, point)
            self.recent[target, point] = deque(maxlen=NEAR)
        if not one.is_new(at):
            self.faults.append(f"feuille {index} : deux relevés de {shown(target)} au même instant")
        slot = at - whole_number(leaf["late_us"])
        one.slots.append(slot)
        self._take_slot(index, one, slot, at)
        block = self._block = Block(index, target, point, leaf["at"], bare=verdict not in GOOD)
        self.on_trust["bare"] += block.bare
        if plan is not None:
            one.page = plan
        if terms.interval and terms.interval != one.interval:
            one.interval = one.intervals[slot] = terms.interval
        one.verdicts[verdict] += 1
        near = self.recent[target, point]
        if len(near) == NEAR:
            self.with_copy.discard(near[0][1])
        near.append((leaf["at"], index))
        self._names(index, leaf, "conditions", CONDITIONS)
        if "controls" in leaf:
            self._names(index, leaf["controls"], "panel", PANEL)
        self.on_trust["partial"] += not leaf.keys() >= MANDATORY
        right = at + whole_number(leaf.get("clock_offset_us", 0))
        self._timed(index, right, point, at)
        lives = self.lives.get(point)
        if lives and at > lives[-1].last_at:
            lives[-1].last_at = at
        if right < self._stated - TOLERANCE_S * SECOND:
            self.remarks.append(
                f"feuille {index} : relevé daté du {told_us(right)}, alors qu’un jeton inscrit "
                "avant lui est plus tardif ; l’horloge de la sonde retardait"
            )
        self._fold(index, one, (at, verdict, leaf["reason"]), terms.policy)

    def _terms_of(self, setup: int, plan: "int | None", target: str) -> "Terms":
        """Return what the leaves that a check names say, read once for all checks of one kind."""
        terms = self._terms.get((setup, plan, target))
        if terms is None:
            under = self.named[setup]
            planned = {} if plan is None else self.named[plan]
            if under["type"] != "setup" or (
                planned and (planned["type"], planned["slug"]) != ("target", target)
            ):
                raise ValueError("setup, plan")
            interval = whole_number(planned.get("interval_s", 0)) * SECOND
            policy = planned.get("policy", {})
            terms = Terms(
                under["point"], interval,
                {name: whole_number(policy.get(name, value)) for name, value in POLICY.items()},
            )  # fmt: skip
            for config in (under["config_sha256"], "") if interval else ():
                self.paces.setdefault((config, target), set()).add(interval)
            self._terms[setup, plan, target] = terms
        return terms

    def _fold(
        self, index: int, watched: Watched, sighting: "tuple[int, str, str]", policy: dict[str, int]
    ) -> None:
        """See what follows from a check; its leaves must tell it."""
        at, verdict, _ = sighting
        key = watched.target, watched.point
        if self.before and key not in self.doubts:
            self.doubts[key] = Doubt(at)
        doubt = self.doubts.get(key)
        edges: list[Edge] = []
        if doubt and watched.tells(at, verdict):
            doubt.take(at, verdict, policy)
        for edge, what in (
            watched.fold(index, *sighting, policy) if not (doubt and doubt.was_open) else ()
        ):
            if edge == "opened" and watched.page is not None:
                what.leaves["target"] = watched.page
            where = {
                "target": watched.target,
                "point": watched.point,
                "at": at,
                "observation": index,
            }
            fields = what.says() if edge != "blip" else {
                "first_at": what.first_at, "last_at": what.last_at, "count": what.count,
                "reason": what.reason, "downs": what.downs,
            }  # fmt: skip
            edges.append((edge, what, {**where, **fields}))
        if doubt:
            self._doubtful, doubt.awaited = (index, key), edges
        else:
            self._await(index, edges)

    def _await(self, index: int, edges: list[Edge]) -> None:
        if edges:
            self.outages += [what for edge, what, _ in edges if edge == "opened"]
            self._awaited += [(index, edge) for edge in edges]

    def _take_slot(self, index: int, one: Watched, slot: int, at: int) -> None:
        if not one.begins(slot):
            self.faults.append(
                f"feuille {index} : deux relevés de {shown(one.target)} prévus au même moment, le "
                f"{told_us(slot)}, sans que l’horloge ait reculé entre eux"
            )
        lives = self.lives.get(one.point, [])
        self.on_trust["outside"] += not lives or one.point in self.stopped
        if not lives or at < slot:
            return
        grid = (lives[-1].plan or {}).get(one.target)
        wanted = grid is not None and (slot - grid[1]) % grid[0] == 0
        self.on_trust["unplanned"] += (
            lives[-1].plan is not None and slot >= lives[-1].at and not wanted
        )
        if slot < lives[-1].at:
            one.overdue.append((index, len(lives) - 1, slot))
        elif wanted:
            one.planned(index, len(lives) - 1, slot)

    def _outage(self, index: int, leaf: Leaf) -> None:
        self._edge(index, leaf["edge"], leaf)

    def _blip(self, index: int, leaf: Leaf) -> None:
        self._edge(index, "blip", leaf)

    def _edge(self, index: int, edge: str, leaf: Leaf) -> None:
        """Compare an edge that the journal tells with the one that follows from its checks."""
        fields = {
            name: microseconds(value) if name == "at" or name.endswith("_at") else value
            for name, value in leaf.items()
            if name not in ("v", "type", "edge")
        }
        doubt = self.doubts[self._doubtful[1]] if self._doubtful else None
        if self._doubtful and doubt and self._adopts(index, edge, fields, doubt):
            return
        made, what = -1, None
        ought: dict[str, Any] = {}
        if self._awaited:
            made, (due_edge, what, ought) = self._awaited.pop(0)
            ought = ought if due_edge == edge else {}
        if fields != ought:
            self.faults.append(
                f"feuille {index} : cette indisponibilité ({EDGES.get(edge, shown(edge))}) ne suit "
                "pas des relevés"
                + (f", qui en font une autre à la feuille {made}" if made >= 0 else "")
            )
        elif edge == "blip":
            self.blips.append({"leaf": index, **fields})
        elif what is not None:
            what.leaves[edge] = index

    def _adopts(self, index: int, edge: str, fields: dict[str, Any], doubt: Doubt) -> bool:
        """Take an edge that rests on checks of before the journal; False for any other.

        The first edge of a target in doubt says all that is to be known of it.
        """
        check, key = self._doubtful or (-1, ("", ""))
        awaited, doubt.awaited = doubt.awaited, []
        self.doubts[key] = None
        if (awaited and (edge, fields) == (awaited[0][0], awaited[0][2])) or not (
            (fields["observation"], fields["target"], fields["point"]) == (check, *key)
            and doubt.explains(edge, fields, awaited)
        ):
            self._await(check, awaited)
            return False
        self.on_trust["edges"] += 1
        one = self.watched[key]
        if edge == "blip":
            self.blips.append({"leaf": index, **fields})
            if doubt.last[1]:
                one.forget()
                one.last_ok, one.last_ok_leaf = fields["at"], check
            return True
        one.forget()
        names = {name: value for name, value in fields.items() if name not in ("at", "observation")}
        outage = Outage(**{"last_ok_at": None, **names}, leaves={edge: index})
        self.outages.append(outage)
        if edge == "opened":
            one.outage, one.last_ok, one.last_ok_leaf = outage, outage.last_ok_at, None
        else:
            one.last_ok, one.last_ok_leaf = fields["at"], check
        return True

    def _settle(self) -> None:
        """Say what should have followed from the last check, and did not."""
        if self._doubtful:
            (index, key), self._doubtful = self._doubtful, None
            doubt = self.doubts[key]
            if doubt:
                self._leave(index, key, doubt)
        for index, (edge, _, _) in self._awaited:
            self._untold(index, edge)
        self._awaited.clear()

    def _leave(self, index: int, key: "tuple[str, str]", doubt: Doubt) -> None:
        """Go on after a check of a target in doubt of which no edge was told."""
        if doubt.awaited:
            doubt.was_open, doubt.awaited = True, []
            self.watched[key].forget()
            self.on_trust["edges"] += 1
        if doubt.is_over:
            self.doubts[key] = None
            if doubt.was_open:
                self._untold(index, "closed")

    def _untold(self, index: int, edge: str) -> None:
        self.faults.append(
            f"feuille {index} : de ce relevé suit une indisponibilité ({EDGES[edge]}) que le "
            "journal ne dit pas"
        )

    def _change(self, index: int, leaf: Leaf) -> None:
        at = microseconds(leaf["at"])
        if self._block is not None and leaf in self._block.changes:
            self.faults.append(f"feuille {index} : la même modification, dite deux fois")
        elif self._block is not None:
            self._block.changes.append(leaf)
        self._text(index, leaf)
        entry = {"leaf": index, "target": leaf["target"], "edge": leaf["edge"], "at": at}
        texts = {side: leaf[side]["sha256"] for side in ("before", "after") if leaf.get(side)}
        self.changes.append({**entry, "kinds": list(leaf.get("kinds", ())), **texts})

    def _text(self, index: int, leaf: Leaf) -> None:
        """See that a text that is left is one that came: else a leaf between them is missing."""
        subject = leaf["target"], leaf["point"]
        left, after = leaf.get("before"), leaf.get("after")
        text = self.texts.get((*subject, left["first_at"])) if left else None
        if left and text != left["sha256"] and (text is not None or not self.before):
            self.faults.append(
                f"feuille {index} : la modification quitte un texte que le journal ne dit pas, ou "
                "en dit un autre : une feuille manque avant elle"
            )
        if after:
            self.texts.setdefault((*subject, after["first_at"]), after["sha256"])

    def _gap(self, index: int, leaf: Leaf) -> None:
        since, until = microseconds(leaf["from_at"]), microseconds(leaf["to_at"])
        slots = whole_number(leaf["slots"])
        where = {"leaf": index, "target": leaf.get("target", ""), "point": leaf["point"]}
        if slots < 1 or until <= since:
            raise ValueError("une lacune sans durée, ou sans relevé")
        gap = {**where, "from": since, "to": until, "slots": slots, "cause": leaf["cause"]}
        self.gaps.append(gap)
        if gap["target"]:
            one = self.watched.get((gap["target"], gap["point"]))
            if one is not None:
                one.goes_back(since + 1)
            self._count_slots(gap)
        else:
            self._goes_back(gap["point"], since + 1)
            self._count_absence(gap)

    def _goes_back(self, point: str, at: int) -> None:
        for (_, of), one in self.watched.items():
            if of == point:
                one.goes_back(at)

    def _count_slots(self, gap: "dict[str, Any]") -> None:
        """Compare the number of slots of one target's gap with what its plan wanted there."""
        lives = self.lives.get(gap["point"], [])
        if not lives or lives[-1].plan is None:
            config = lives[-1].config if lives else ""
            lasting_us = gap["to"] - gap["from"]
            self._unplanned.append((gap["leaf"], config, gap["target"], lasting_us, gap["slots"]))
            return
        if gap["target"] not in lives[-1].plan:
            self.faults.append(
                f"feuille {gap['leaf']} : lacune de {shown(gap['target'])}, que le plan en vigueur "
                "ne prévoyait pas"
            )
            return
        interval, phase = lives[-1].plan[gap["target"]]
        if (gap["from"] - phase) % interval:
            self.faults.append(
                f"feuille {gap['leaf']} : la lacune ne commence pas à un relevé prévu par le plan"
            )
        elif gap["to"] - gap["from"] != gap["slots"] * interval:
            ought = -(-(gap["to"] - gap["from"]) // interval)
            self._miscounted(gap["leaf"], gap["slots"], ought)

    def _count_absence(self, gap: "dict[str, Any]") -> None:
        """See that a gap of a whole point is what its new run found that it had lost.

        It goes from the end of the run before to the start of this one, and counts what the
        plan of this one wanted meanwhile.
        """
        lives = self.lives.get(gap["point"], [])
        if not lives:
            if self.before:
                self.on_trust["gaps"] += 1
            else:
                self.faults.append(
                    f"feuille {gap['leaf']} : lacune de toutes les pages avant tout démarrage"
                )
            return
        life, earlier = lives[-1], lives[:-1]
        taken = {one.at for one in earlier}  # a start at an instant that is taken is moved
        at = life.at
        while at - 1 in taken and at > gap["to"]:
            at -= 1
        if life.absence is not None or at != gap["to"]:
            self.faults.append(
                f"feuille {gap['leaf']} : la lacune de toutes les pages ne finit pas au démarrage "
                f"du service, le {told_us(life.at)}, qui seul en dit une"
            )
            return
        life.absence = gap["leaf"]
        last = max(earlier, key=lambda one: one.at, default=None)
        if last is not None:
            stopped = last.stopped_at
            end = min(last.round_at, at) if stopped is None else stopped
            if gap["from"] < end or (stopped is not None and gap["from"] > end):
                self.faults.append(
                    f"feuille {gap['leaf']} : la lacune commence le {told_us(gap['from'])} ; le "
                    f"service s’était arrêté le {told_us(end)}"
                )
        if life.plan is None:
            self.on_trust["gaps"] += 1
            return
        ought = sum(
            -(-(gap["to"] - phase) // interval) - -(-(gap["from"] - phase) // interval)
            for interval, phase in life.plan.values()
        )
        if ought != gap["slots"]:
            self._miscounted(gap["leaf"], gap["slots"], ought)

    def _run(self, index: int, leaf: Leaf) -> None:
        at = microseconds(leaf["at"])
        if leaf["edge"] == "start":
            setup = self.named[whole_number(leaf["setup"])] if "setup" in leaf else {}
            point = self.runs[index] = setup.get("point", "")
            self.stopped.discard(point)
            if any(one.at == at for one in self.lives.get(point, ())):
                self.faults.append(f"feuille {index} : deux démarrages au même instant")
            if setup:
                self.starts.append((at, point, setup["config_sha256"]))
            life = Life(at, self._planned(leaf, point), [[at, at]], at)
            life.config = setup.get("config_sha256", "")
            self.lives.setdefault(point, []).append(life)
            self._goes_back(point, at)
            self._timed(index, at, point, at)
        elif leaf["edge"] != "stop":
            raise ValueError("edge")
        else:
            point = self.runs.get(leaf.get("start", -1), "")
            last = max((start for start, of in self.runs.items() if of == point), default=-1)
            if point and (leaf["start"] != last or point in self.stopped):
                self.faults.append(f"feuille {index} : arrêt d’un service qui ne fonctionnait pas")
            self._timed(index, at, point, at)
            self.stopped.add(point)
            for life in self.lives.get(point, [])[-1:]:
                life.stopped_at = at

    def marked(self, place: int, mark: int) -> bool:
        """Tell whether an earlier leaf is of a type that others name."""
        if self.extract:
            return bool(self.marks.get(place) == mark)
        return bool(0 <= place < len(self.marks) and self.marks[place] == mark)

    def _names(self, index: int, leaf: Leaf, name: str, mark: int) -> None:
        """See that a leaf that another one names is of the right type, and before it."""
        if name not in leaf:
            return
        place = whole_number(leaf[name])
        if not (place < index and self.marked(place, mark)):
            self.faults.append(
                f"feuille {index} : la feuille {place} qu’elle nomme n’est pas de type {name}"
            )

    def _round(self, index: int, leaf: Leaf) -> None:
        self._names(index, leaf, "panel", PANEL)
        if "at" in leaf:
            at = microseconds(leaf["at"])
            if not self.rounds.setdefault(leaf["point"], Watched("", leaf["point"])).is_new(at):
                self.faults.append(f"feuille {index} : deux contrôles de la ligne au même instant")
            self._timed(index, at, leaf["point"], at)
            for life in self.lives.get(leaf["point"], [])[-1:]:
                life.beat(at)

    def _timed(self, index: int, right: int, point: str, at: int) -> None:
        self.latest = index, right
        self.on_trust["dates"] += not EARLIEST <= right // SECOND <= NOW + TOLERANCE_S
        if at > self.alive.get(point, 0) and point not in self.stopped:
            self.alive[point] = at

    def _token(self, index: int, leaf: Leaf) -> None:
        self.tokens.append((index, leaf))
        self._stated = max(self._stated, microseconds(leaf["at"]))

    def _capture(self, index: int, leaf: Leaf) -> None:
        one = self.watched.get((leaf["target"], leaf["point"]))
        near = self.recent.get((leaf["target"], leaf["point"]), ())
        check = next((number for at, number in near if at == leaf["at"]), None)
        if self._block is not None and self._block.bare and leaf["at"] == self._block.at:
            self._block.bare = False
            self.on_trust["bare"] -= 1
        digest = bytes.fromhex(leaf["sha256"])[:16]
        if digest in self.copies:
            self.faults.append(f"feuille {index} : la même copie, nommée deux fois")
        self.copies.add(digest)
        if check is not None and check in self.with_copy and "before" not in leaf["why"]:
            self.faults.append(f"feuille {index} : une autre copie du relevé de la feuille {check}")
        if check is not None:
            self.with_copy.add(check)
        elif not self.before or one is None or microseconds(leaf["at"]) >= one.first_at:
            self.faults.append(
                f"feuille {index} : copie d’un relevé de {shown(leaf['target'])} qui n’est pas "
                f"au journal, celui du {shown(leaf['at'])}"
            )
        else:
            self.on_trust["copies_before"] += 1
        if not isinstance(leaf["file"], str):
            raise TypeError("file")
        pairs = self.captures.setdefault(leaf["file"], array("q"))
        pairs.extend((index, -1 if check is None else check))

    def _rendering(self, index: int, leaf: Leaf) -> None:
        for name, kept in leaf["files"].items():
            if not re.fullmatch("[0-9a-f]{64}", kept["sha256"]) or whole_number(kept["bytes"]) < 1:
                raise ValueError(f"files, {name}")
        check = whole_number(leaf["observation"])
        if check in self.shown:
            self.faults.append(f"feuille {index} : un autre affichage du relevé {check}")
        self.shown[check] = index

    def _annotation(self, index: int, leaf: Leaf) -> None:
        what = "réponse du service concerné" if leaf.get("kind") == "reply" else "annotation"
        self.remarks.append(f"feuille {index} : {what} : {leaf.get('text', '')}")
        if leaf.get("kind") == "maintenance":
            self._announce(index, leaf)
        elif leaf.get("kind") == "withdrawal":
            place = whole_number(leaf["withdraws"])
            announcement = self.announced.get(place)
            if announcement is None:
                self.faults.append(
                    f"feuille {index} : retire l’annonce de la feuille {place}, où il n’y en a pas"
                )
            elif announcement["withdrawn_by"] is None:
                announcement["withdrawn_by"], announcement["counts"] = index, False

    def _announce(self, index: int, leaf: Leaf) -> None:
        """Note an announced maintenance. It counts only when it was recorded before it began."""
        at, since, until = (microseconds(leaf[name]) for name in ("at", "from_at", "to_at"))
        targets, digest = leaf["targets"], leaf.get("sha256")
        if until <= since or not targets or not all(isinstance(slug, str) for slug in targets):
            raise ValueError("from_at, to_at, targets")
        if digest is None and "change" not in leaf:
            raise ValueError("sha256, change")
        if digest is not None and not re.fullmatch("[0-9a-f]{64}", digest):
            raise ValueError("sha256")
        if not self.extract or leaf.get("change") in self.extract.numbers:
            self._names(index, leaf, "change", CHANGE)
        self.announced[index] = {
            "leaf": index, "at": at, "targets": targets, "from": since, "to": until,
            "sha256": digest, "change": leaf.get("change"), "counts": at < since,
            "withdrawn_by": None,
        }  # fmt: skip

    def _correction(self, index: int, leaf: Leaf) -> None:
        self.remarks.append(
            f"feuille {index} : correction de la feuille {whole_number(leaf['leaf'])} : "
            f"{leaf.get('text', '')}"
        )

    def _key(self, index: int, leaf: Leaf) -> None:
        old, new = (Key(leaf[name], LOG, f"feuille {index}") for name in ("old", "new"))
        self.keys.append((index, old, new))


READ = {"origin", "setup", "target", "plan", "observation", "outage", "blip", "change", "gap",
        "run", "round", "token", "capture", "rendering", "key", "annotation",
        "correction"}  # fmt: skip
# Leaves that others name, and that are read again when a copy is compared with them.
CONDITIONS, PANEL, CHANGE = 1, 2, 3
MARKED = {"conditions": CONDITIONS, "panel": PANEL, "change": CHANGE}
# What the leaf of every check says.
MANDATORY = {"target", "at", "late_us", "verdict", "reason", "rule", "setup", "conditions",
             "duration_us", "phases_us"}  # fmt: skip
UNREAD = {"conditions", "panel", "clock"}  # nothing here follows from them
EDGES = {"opened": "début", "closed": "fin", "blip": "échec isolé"}
# What follows from a check stands right after it, in this order.
FOLLOWS = {"outage": 1, "blip": 1, "capture": 2, "change": 3, "rendering": 4}
FOLLOWED = {"outage": "cette indisponibilité", "blip": "cet échec isolé", "capture": "cette copie",
            "change": "cette modification", "rendering": "cet affichage"}  # fmt: skip
# What nothing in the journal proves nor denies, by one and by many.
TRUSTED = {
    "keys": (
        "changement de clé que rien, signé par l’ancienne, ne montre ici",
        "changements de clé que rien, signé par les anciennes, ne montre ici",
    ),
    "edges": (
        "début ou fin d’indisponibilité qui dépend de relevés d’avant ce journal ou cet extrait",
        "débuts ou fins d’indisponibilités qui dépendent de relevés d’avant journal ou extrait",
    ),
    "gaps": (
        "lacune dont rien ne dit combien de relevés étaient prévus",
        "lacunes dont rien ne dit combien de relevés étaient prévus",
    ),
    "backwards": (
        "relevé inscrit après un plus tardif de la même page : l’horloge avait reculé, dit-on",
        "relevés inscrits après un plus tardif de la même page : l’horloge avait reculé, dit-on",
    ),
    "bare": (
        "relevé qui n’est pas bon, et dont aucune feuille ne dit où sont les octets",
        "relevés qui ne sont pas bons, et dont aucune feuille ne dit où sont les octets",
    ),
    "partial": (
        "relevé dont la feuille ne dit pas tout ce que le format demande",
        "relevés dont les feuilles ne disent pas tout ce que le format demande",
    ),
    "environments": (
        "feuille qui dit la machine et les logiciels du service, que rien ne montre",
        "feuilles qui disent la machine et les logiciels du service, que rien ne montre",
    ),
    "codings": (
        "corps compressé en br ou en zstd, que Python seul ne sait pas décompresser",
        "corps compressés en br ou en zstd, que Python seul ne sait pas décompresser",
    ),
    "bodies": (
        "corps dont la décompression s’arrête ici plus tôt que chez le service",
        "corps dont la décompression s’arrête ici plus tôt que chez le service",
    ),
    "shortened": (
        "copie dont la feuille abrège les conditions, trop longues",
        "copies dont les feuilles abrègent les conditions, trop longues",
    ),
    "charsets": (
        "copie dont ce programme ne refait pas l’encodage du texte, déduit de la page",
        "copies dont ce programme ne refait pas l’encodage du texte, déduit de la page",
    ),
    "rows_before": (
        "enregistrement d’avant ce journal, qui n’en a pas la feuille",
        "enregistrements d’avant ce journal, qui n’en a pas les feuilles",
    ),
    "outside": (
        "relevé fait alors que le journal ne dit pas que le service fonctionnait",
        "relevés faits alors que le journal ne dit pas que le service fonctionnait",
    ),
    "unplanned": (
        "relevé que le plan du service ne prévoyait pas",
        "relevés que le plan du service ne prévoyait pas",
    ),
    "dates": (
        "feuille datée d’avant 2020, ou d’après l’heure de cette machine",
        "feuilles datées d’avant 2020, ou d’après l’heure de cette machine",
    ),
    "unread": (
        "feuille que ce programme ne sait pas lire : un plus récent le saurait peut-être",
        "feuilles que ce programme ne sait pas lire : un plus récent le saurait peut-être",
    ),
    "rounds": (
        "contrôle de la ligne inscrit après un plus tardif : l’horloge avait reculé, dit-on",
        "contrôles de la ligne inscrits après un plus tardif : l’horloge avait reculé, dit-on",
    ),
    "twice": (
        "lacune qui en recouvre une autre de la même page",
        "lacunes qui en recouvrent d’autres de la même page",
    ),
    "both": (
        "relevé au journal, qu’une lacune de sa page dit pourtant non fait",
        "relevés au journal, qu’une lacune de leur page dit pourtant non faits",
    ),
    "copies_before": (
        "copie d’un relevé d’avant ce journal, ou cet extrait",
        "copies de relevés d’avant ce journal, ou cet extrait",
    ),
    "removed": (
        "copie quotidienne absente de son fichier : retirée après un temps, dit-on",
        "copies quotidiennes absentes de leurs fichiers : retirées après un temps, dit-on",
    ),
    "unnamed": (
        "copie qu’aucune feuille ne nomme",
        "copies qu’aucune feuille ne nomme",
    ),
    "strays": (
        "enregistrement d’octets qu’aucune copie nommée ne désigne",
        "enregistrements d’octets qu’aucune copie nommée ne désigne",
    ),
    "tops": (
        "enregistrement qui décrit un fichier de copies (warcinfo)",
        "enregistrements qui décrivent les fichiers de copies (warcinfo)",
    ),
    "away": (
        "copie nommée dont le fichier n’est pas dans ce dossier",
        "copies nommées dont les fichiers ne sont pas dans ce dossier",
    ),
    "slots": (
        "relevé prévu dont rien ne montre qu’il fut fait, ni qu’il ne le fut pas",
        "relevés prévus dont rien ne montre qu’ils furent faits, ni qu’ils ne le furent pas",
    ),
}


def told_twice(gaps: "list[dict[str, Any]]") -> int:
    """Count the gaps of one target that begin within another one of it."""
    count, end = 0, 0
    for gap in sorted(gaps, key=lambda one: one["from"]):
        count += gap["from"] < end
        end = max(end, gap["to"])
    return count


def told_done(gap: "dict[str, Any]", slots: "list[int]") -> int:
    """Count the slots of a gap of one target that have a check."""
    pace = (gap["to"] - gap["from"]) // gap["slots"]
    if not pace:
        return 0
    within = slots[bisect_left(slots, gap["from"]) : bisect_left(slots, gap["to"])]
    return len({slot for slot in within if (slot - gap["from"]) % pace == 0})


class Holes:
    """Checks that were due and that neither a check nor a gap of the journal accounts for.

    A target is due at a fixed pace. Between two checks further apart than that, every moment
    must lie in a gap, but for less than one interval.
    """

    def __init__(self, story: Story, one: Watched) -> None:
        self.story, self.one = story, one
        gaps = [
            (gap["from"], gap["to"])
            for gap in story.gaps
            if gap["point"] == one.point and gap["target"] in ("", one.target)
        ]
        self.gaps: list[tuple[int, int]] = []
        for since, until in sorted(gaps):
            if self.gaps and since <= self.gaps[-1][1]:
                self.gaps[-1] = (self.gaps[-1][0], max(until, self.gaps[-1][1]))
            else:
                self.gaps.append((since, until))
        self.starts = sorted((at, mark) for at, point, mark in story.starts if point == one.point)

    def look(self) -> None:
        slots = sorted(self.one.slots)
        changes = sorted(self.one.intervals.items())
        if not changes:
            return
        interval, following, started = changes[0][1], 1, 0
        for since, until in zip(slots, slots[1:]):  # noqa: B905, RUF007 -- Python 3.9
            longest = interval
            while following < len(changes) and changes[following][0] <= until:
                interval = changes[following][1]
                longest = max(longest, interval)
                following += 1
            config, moved = self._config_at(since), False
            while started < len(self.starts) and self.starts[started][0] <= until:
                if self.starts[started][0] > since:
                    moved = moved or self.starts[started][1] != config
                    longest *= 1 if longest > interval else 2  # a new plan may begin elsewhere
                started += 1
            if until - since > longest:
                self._bare(since, until, longest, certain=not moved)
        end = self.story.alive.get(self.one.point, 0)
        if slots and not any(at > slots[-1] for at, _ in self.starts):
            # The last may still be under way, or late behind others.
            self._bare(slots[-1], end, 2 * interval + TOLERANCE_S * SECOND, certain=True)

    def account(self, plans: "list[tuple[tuple[int, int], list[Due]]]") -> None:
        """Ask of each slot that was due whether a check or a gap accounts for it."""
        slots = sorted(set(self.one.slots))
        for (interval, phase), spans in plans:
            for since, until, certain in spans:
                first = phase + -(-(since - phase) // interval) * interval
                last = phase + -(-(until - phase) // interval) * interval
                self.story.planned += max(0, last - first) // interval
                for missing, count in self._lost(slots, first, last, interval):
                    if certain:
                        self.story.faults.append(
                            f"{shown(self.one.target)} : ni relevé ni lacune pour "
                            + some(count, "relevé prévu", "relevés prévus")
                            + f" à partir du {told_us(missing)} : le journal est incomplet"
                        )
                    else:
                        self.story.trusted += count

    def in_gap(self, at: int) -> bool:
        place = bisect_left(self.gaps, (at + 1, 0)) - 1
        return place >= 0 and self.gaps[place][1] > at

    def _lost(
        self, slots: "list[int]", first: int, last: int, interval: int
    ) -> "Iterator[tuple[int, int]]":
        """Yield the first and the number of slots in [first, last) that nothing accounts for."""
        made_slots = [
            slot
            for slot in slots[bisect_left(slots, first) : bisect_left(slots, last)]
            if (slot - first) % interval == 0
        ]
        at = first
        if len(made_slots) == max(0, last - first) // interval:
            return
        for made in [*made_slots, last]:
            while at < made:
                place = bisect_left(self.gaps, (at + 1, 0)) - 1
                if self.in_gap(at):
                    at += -(-(self.gaps[place][1] - at) // interval) * interval
                    continue
                begin = self.gaps[place + 1][0] if place + 1 < len(self.gaps) else made
                until = min(made, at + -(-(begin - at) // interval) * interval)
                yield at, (until - at) // interval
                at = until
            at = max(at, made + interval)

    def _config_at(self, at: int) -> str:
        place = bisect_left(self.starts, (at, "~"))
        return self.starts[place - 1][1] if place else ""

    def _bare(self, since: int, until: int, longest: int, *, certain: bool) -> None:
        """Report the stretches of [since, until) in no gap that are too long."""
        place = max(0, bisect_left(self.gaps, (since, 0)) - 1)
        at = since
        for begin, end in [*self.gaps[place:], (until, until)]:
            if begin >= until or end <= at:
                if begin >= until:
                    break
                continue
            self._tell(at, begin, longest, certain=certain)
            at = max(at, end)
        self._tell(at, until, longest, certain=certain)

    def _tell(self, since: int, until: int, longest: int, *, certain: bool) -> None:
        if until - since <= longest:
            return
        text = f"{shown(self.one.target)} : ni relevé ni lacune dite du {told_us(since)} au "
        text += told_us(until)
        if certain:
            self.story.faults.append(f"{text} ; des relevés prévus manquent au journal")
        else:
            self.story.remarks.append(f"{text} ; la configuration avait changé")


# --- Programs that have no business there ------------------------------------------------------

PROGRAMS = {".py", ".pyc", ".pyd", ".pth", ".so", ".dll", ".dylib", ".exe"}
KEY_CHANGES = "changements-de-cle"  # below the journal's folder
COMMANDS = {"openssl", "python", "python3", "sitecustomize", "usercustomize"}
HERE = Path(__file__).resolve()


# What a copy holds, by the step that reads it; what is elsewhere, none of them vouches for.
PLACES = re.compile(
    r"cles\.txt|racines\.pem|sans-racine\.txt|LISEZMOI(?:-avocat|-expert)?\.txt|verifier\.py"
    r"|extrait\.json|extrait\.gz"
    r"|journal/checkpoint|journal/tile/.+|journal/changements-de-cle/[0-9]+|captures/[^/]+"
    r"|annonces/[0-9a-f]{64}|preuves/[^/]+\.(?:tlog-proof|feuille)"
    r"|journal/horodatages/[0-9a-f]{64}/(?:checkpoint|token\.tst|chain\.pem|crl-[0-9]+\.crl)"
)


def programs(folder: Path, files: list[Path]) -> list[Path]:
    """Return the programs in a copy of a journal, where none but this one belongs."""
    return [
        path
        for path in files
        if path.suffix.lower() in PROGRAMS or path.name.lower() in COMMANDS
        if path != folder / "verifier.py"
    ]


def modules(folder: Path) -> list[Path]:
    """Return what lies in a folder under the name of a module of Python that we load."""
    loaded = {name.partition(".")[0] for name in sys.modules} - {"__main__"}
    return [path for path in sorted(folder.iterdir()) if path.name.partition(".")[0] in loaded]


# --- A bundle ----------------------------------------------------------------------------------

MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,6}")
# The one form in which a bundle is written: nothing compressed, nothing between two files, no
# comment, no extra field, one date, ordinary files only. Two programs cannot read it differently.
MEMBER_HEAD = struct.Struct("<4s5H3L2H")
MEMBER_LINE = struct.Struct("<4s6H3L5H2L")
LIST_END = struct.Struct("<4s4H2LH")
MADE_BY, NEEDS, DAY, ORDINARY = 3 << 8 | 20, 20, 33, 0o100644 << 16  # Unix; 2.0; 1 January 1980
DATAPACKAGE, DATAPACKAGE_DIGEST = "datapackage.json", "datapackage-digest.json"
INDEX, PAGES = "indexes/index.cdx", "pages/pages.jsonl"
POINTS, MAX_POINTS = "points/points.json", 20
POINT_TOLD = {"name", "operator", "key", "from", "to", "why"}  # and its pages
POINT = re.compile(r"points/([a-z0-9][a-z0-9-]{0,79})\.wacz")  # the bundle of another point


# Some lie elsewhere in a copy of the journal: a checker of WACZ files knows of two levels only.
STAMPED = r"(checkpoint|token\.tst|chain\.pem|crl-[0-9]+\.crl)"
PLACED = tuple(
    (re.compile(name), re.compile(place), there, back)
    for name, place, there, back in (
        (r"archive/([^/]+\.warc\.gz)", r"preuve/captures/([^/]+)", r"preuve/captures/\1",
         r"archive/\1"),
        (r"preuve/([0-9]+\.(?:tlog-proof|feuille))", r"preuve/preuves/([^/]+)",
         r"preuve/preuves/\1", r"preuve/\1"),
        (r"preuve/horodatage-([0-9a-f]{64})-" + STAMPED,
         r"preuve/journal/horodatages/([0-9a-f]{64})/" + STAMPED,
         r"preuve/journal/horodatages/\1/\2", r"preuve/horodatage-\1-\2"),
    )
)  # fmt: skip
ELSEWHERE = ("captures/", "preuves/", "journal/horodatages/", "journal/tile/")


class Package:
    """A bundle: a WACZ file. Reads it and unpacks it; `faults` is what does not agree.

    Raises Fault where two programs could read it differently: nothing of it is then read.
    """

    def __init__(self, path: Path, folder: Path, *, within: "Package | None" = None) -> None:
        self.path, self.folder, self.faults = path, folder, Findings()
        self.within = within  # that of a point is in another one, and holds no further ones
        self.members: dict[str, tuple[int, int, int]] = {}  # name: where, bytes, CRC-32
        self.digests: dict[str, str] = {}
        self.lower_names: set[str] = set()  # some disks take A and a for one name
        self.answers = 0  # in the index
        self._unpacked = re.compile(re.escape(str(folder)) + r"((?:/[A-Za-z0-9._-]*)*)")
        with opened(path, MAX_PACKAGE, given=True) as file:
            try:
                self._list(file)
                for name in self.members:
                    self._unpack(file, name)
            except OSError as error:
                raise Fault(f"{path} : illisible ({error.strerror})") from None
        for check in (self._described, self._signed_list, self._indexed, self._paged):
            self._attempt(check)
        self.told = (
            f"{some(len(self.members), 'fichier')} ; index : {some(self.answers, 'réponse')}"
        )

    def _attempt(self, check: Callable[[], None]) -> None:
        try:
            check()
        except Fault as fault:
            self.faults.append(str(fault))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            self.faults.append(f"{self.path} : contenu inattendu ({shown(repr(error))[:300]})")

    def _refuse(self, name: str, why: str) -> "Fault":
        return Fault(f"{self.path}/{shown(name)} : {why}" if name else f"{self.path} : {why}")

    def _list(self, file: Any) -> None:
        """Read the list of files at the end; all of the file must be in it."""
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - LIST_END.size))
        data = file.read(LIST_END.size)
        if len(data) != LIST_END.size or data[:4] != b"PK\5\6":
            raise self._refuse("", "ce n’est pas un lot de preuves, ou des octets suivent sa fin")
        _, disk, first, here, count, length, start, comment = LIST_END.unpack(data)
        if (disk, first, comment) != (0, 0, 0) or here != count or not 0 < count <= MAX_MEMBERS:
            raise self._refuse("", "fin d’archive inattendue (commentaire, volumes, nombre)")
        if length > MAX_LIST or start + length + LIST_END.size != size:
            raise self._refuse("", "des octets sont à côté de la liste de ses fichiers")
        file.seek(start)
        listed, at, begin = file.read(length), 0, 0
        for _ in range(count):
            name, begin, at = self._line(listed, at, begin, file)
        if at != length or begin != start:
            raise self._refuse("", "des octets n’appartiennent à aucun de ses fichiers")
        folders = {name[:place] for name in self.members for place in range(len(name))
                   if name[place] == "/"}  # fmt: skip
        for name in sorted(folders & self.members.keys()):
            raise self._refuse(name, "à la fois fichier et dossier")

    def _line(self, listed: bytes, at: int, begin: int, file: Any) -> "tuple[str, int, int]":
        """Read one line of the list, and the head of its file, which must say the same."""
        if at + MEMBER_LINE.size > len(listed):
            raise self._refuse("", "la liste de ses fichiers est coupée")
        line = MEMBER_LINE.unpack_from(listed, at)
        crc, packed, size, length = line[7:11]
        raw = listed[at + MEMBER_LINE.size : at + MEMBER_LINE.size + length]
        name = raw.decode("ascii", "replace")
        if not MEMBER.fullmatch(name) or len(raw) != length:
            raise self._refuse(name, "nom de fichier refusé")
        if name.lower() in self.lower_names or name <= next(reversed(self.members), ""):
            raise self._refuse(name, "deux fichiers de ce nom, ou fichiers sans ordre")
        self.lower_names.add(name.lower())
        ought = (b"PK\1\2", MADE_BY, NEEDS, 0, 0, 0, DAY, crc, size, size, length, 0, 0, 0, 0,
                 ORDINARY, begin)  # fmt: skip
        if line != ought or packed != size:
            raise self._refuse(name, "ce n’est pas un fichier ordinaire, rangé tel quel à sa place")
        place = file.tell()
        file.seek(begin)
        head = file.read(MEMBER_HEAD.size + length)
        file.seek(place)
        same = b"PK\3\4", NEEDS, 0, 0, 0, DAY, crc, size, size, length, 0
        if head != MEMBER_HEAD.pack(*same) + raw:
            raise self._refuse(name, "son en-tête et la liste ne disent pas la même chose")
        self.members[name] = begin + len(head), size, crc
        return name, begin + len(head) + size, at + MEMBER_LINE.size + length

    def place(self, name: str) -> Path:
        """Return where a file is unpacked: where a copy of the journal has it."""
        if name in (DATAPACKAGE, DATAPACKAGE_DIGEST, INDEX, PAGES):
            return self.folder / name
        if not self.within and (name == POINTS or POINT.fullmatch(name)):
            return self.folder / name
        for pattern, _, there, _ in PLACED:
            match = pattern.fullmatch(name)
            if match:
                return self.folder / match.expand(there)
        place = name.removeprefix("preuve/")
        if place == name or not PLACES.fullmatch(place) or place.startswith(ELSEWHERE):
            raise self._refuse(name, "de trop : un lot de preuves n’a pas de fichier de ce nom")
        return self.folder / name

    def named(self, text: str) -> str:
        """Write what was unpacked under the names that it has in the bundle."""
        return self._unpacked.sub(lambda match: f"{self.path}{self._name(match[1])}", text)

    def _name(self, place: str) -> str:
        for _, pattern, _, back in PLACED:
            match = pattern.fullmatch(place[1:])
            if match:
                return "/" + match.expand(back)
        return place

    def _unpack(self, file: Any, name: str) -> None:
        begin, left, crc = self.members[name]
        place = self.place(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        digest, sum_ = hashlib.sha256(), 0
        file.seek(begin)
        with place.open("xb") as out:
            while left:
                data = file.read(min(left, 1 << 20))
                if not data:
                    raise self._refuse(name, "coupé")
                out.write(data)
                digest.update(data)
                sum_, left = zlib.crc32(data, sum_), left - len(data)
        if sum_ != crc:
            self.faults.append(f"{self.path}/{name} : n’a pas la somme (CRC-32) que dit l’archive")
        self.digests[name] = digest.hexdigest()

    def _read(self, name: str, limit: int = MAX_LIST) -> bytes:
        if name not in self.members:
            raise self._refuse(name, "manque")
        return read(self.place(name), limit)

    def _described(self) -> None:
        """Compare the files with datapackage.json, which names each of them."""
        said = strict_json(self._read(DATAPACKAGE))
        listed: dict[str, tuple[str, int]] = {}
        for one in said["resources"]:
            path = one["path"]
            if path in listed or one.keys() != {"name", "path", "hash", "bytes"}:
                self.faults.append(f"{self.path}/{DATAPACKAGE} : dit deux fois {shown(path)}")
            listed[path] = one["hash"], whole_number(one["bytes"])
            if one["name"] != path.lower().replace("/", "-"):
                self.faults.append(f"{self.path}/{DATAPACKAGE} : nomme autrement {shown(path)}")
        here = set(self.members) - {DATAPACKAGE, DATAPACKAGE_DIGEST}
        for name in sorted(here | set(listed)):
            if name not in here:
                self.faults.append(f"{self.path}/{shown(name)} : manque, {DATAPACKAGE} le nomme")
            elif name not in listed:
                self.faults.append(f"{self.path}/{name} : de trop, {DATAPACKAGE} ne le nomme pas")
            elif listed[name] != (f"sha256:{self.digests[name]}", self.members[name][1]):
                self.faults.append(
                    f"{self.path}/{name} : n’a pas l’empreinte que dit {DATAPACKAGE}"
                )

    def _signed_list(self) -> None:
        said = strict_json(self._read(DATAPACKAGE_DIGEST))
        if said != {"path": DATAPACKAGE, "hash": f"sha256:{self.digests[DATAPACKAGE]}"}:
            self.faults.append(
                f"{self.path}/{DATAPACKAGE} : n’a pas l’empreinte que dit {DATAPACKAGE_DIGEST}"
            )

    def _indexed(self) -> None:
        """Make the index again from the copies, and compare."""
        lines: list[str] = []
        for name in self.members:
            if name.startswith("archive/"):
                lines += indexed(self.place(name))
        ought = "".join(f"{line}\n" for line in sorted(lines)).encode()
        self.answers = len(lines)
        if self._read(INDEX, MAX_CAPTURES) != ought:
            raise self._refuse(INDEX, "ne mène pas aux réponses gardées dans archive/")

    def _paged(self) -> None:
        """See that each page of the list is an answer of the index."""
        known = {
            (line["url"], line["timestamp"]) for line in map(cdx_fields, self._read(
                INDEX, MAX_CAPTURES).decode().splitlines())
        }  # fmt: skip
        head, *lines = self._read(PAGES, MAX_CAPTURES).decode().splitlines()
        said = strict_json(head.encode())
        if said.get("format") != "json-pages-1.0":
            raise self._refuse(PAGES, "ce n’est pas une liste de pages")
        before = ""
        for line in lines:
            page = strict_json(line.encode())
            at = page["ts"]
            if (page["url"], re.sub("[^0-9]", "", at)[:14]) not in known or page["id"] <= before:
                raise self._refuse(PAGES, f"page qui n’est pas dans l’index : {shown(line[:120])}")
            before = page["id"]


def members_of(path: Path) -> "Iterator[tuple[int, int, bytes]]":
    """Yield where each record of a WARC file stands, packed, how long that is, and the record."""
    with opened(path, MAX_CAPTURES) as file:
        rest, offset, unpacked = b"", 0, 0
        while rest := rest or file.read(PIECE):
            stream, whole, length = zlib.decompressobj(wbits=31), bytearray(), 0
            while True:
                try:
                    whole += stream.decompress(rest, MAX_RECORD + MAX_HEAD - len(whole))
                except zlib.error:
                    raise Fault(f"{path} : abîmé") from None
                length += len(rest) - len(stream.unused_data)
                if stream.eof or stream.unconsumed_tail:
                    break
                rest = file.read(PIECE)
                if not rest:
                    raise Fault(f"{path} : coupé")
            unpacked += len(whole)
            if not stream.eof or unpacked > MAX_UNPACKED:
                raise Fault(f"{path} : enregistrement trop grand")
            yield offset, length, bytes(whole)
            offset, rest = offset + length, stream.unused_data


def indexed(path: Path) -> "Iterator[str]":
    """Yield the lines of the index (CDXJ) for the answers in a file of copies."""
    for offset, length, whole in members_of(path):
        head, _, block = whole.partition(b"\r\n\r\n")
        fields = fields_of(head + b"\r\n\r\n", path)
        kind, url = fields.get("warc-type"), fields.get("warc-target-uri", "")
        if kind not in ("response", "revisit"):
            continue
        begin, end = head_of(block)
        lines = [line.decode("latin-1") for line in block[begin:end].splitlines()]
        status = re.match(r"HTTP/\S+ +([0-9]{3})", lines[0]) if lines else None
        types = [line.partition(":")[2] for line in lines[1:]
                 if line.partition(":")[0].lower() == "content-type"]  # fmt: skip
        mime = (types or [""])[0].partition(";")[0].strip().lower()
        entry = {
            "url": url,
            "mime": "warc/revisit" if kind == "revisit" else mime or "unk",
            "status": status[1] if status else "0",
            "digest": fields.get("warc-payload-digest", fields.get("warc-block-digest", "")),
            "length": str(length),
            "offset": str(offset),
            "filename": path.name,
        }
        at = re.sub("[^0-9]", "", fields.get("warc-date", ""))[:14]
        yield f"{surt(url)} {at} {json.dumps(entry)}"


def cdx_fields(line: str) -> "dict[str, str]":
    """Read a line of the index."""
    _, at, entry = line.split(" ", 2)
    return {**strict_json(entry.encode()), "timestamp": at}


def surt(url: str) -> str:
    """Write an address as an index sorts it: the parts of its host from the last to the first."""
    parts = urlsplit(url)
    host = re.sub(r"^www\d*\.", "", parts.hostname or "")
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    path = parts.path.lower() or "/"
    path = path.rstrip("/") or "/"
    query = "&".join(sorted(parts.query.lower().split("&")))
    return f"{','.join(reversed(host.split('.')))}{port}){path}" + (f"?{query}" if query else "")


# --- The whole ---------------------------------------------------------------------------------


class Verification:
    """The steps, in order. `faults` is all that does not agree."""

    def __init__(self, options: argparse.Namespace, faults: Findings, files: list[Path]) -> None:
        self.folder: Path = options.dossier
        self.journal = place_of(options, "journal")
        self.kept = place_of(options, "captures")
        self.announced = place_of(options, "annonces")
        self.alive: bool = options.alive
        self.data: bool = options.data
        self.unknown: Callable[[], set[str]] = options.unknown
        self.files = files
        self.old: list[Path] = options.ancien
        self.faults = faults
        self.remarks = Findings()
        self.own: list[str] = []  # what is taken from the folder itself
        self.details: list[str] = []  # of the step under way
        self.nothing = False  # there was nothing to verify in it
        self.faults += [
            f"{shown(path)} : programme étranger ; la copie d’un journal n’en contient pas"
            for path in programs(self.folder, files if not options.data else [])
        ]
        self.stated, self.witnesses, self.quorum = self._keys(options.cles, options.cle)
        # The key that was given may be an older one: the journal then says what took its place.
        self.key = Key(options.cle, LOG, "--cle") if options.cle else self.stated
        if options.racines:
            self.roots = read(options.racines, MAX_PEM, given=True)
        else:
            self.roots = self._own_roots()
        self.stamps = self._stamps()
        self.key_changes = [path for path in files if path.parent == self.journal / KEY_CHANGES]
        self.apart = [path for path in files if self._is_proof(path)]
        self.package_read: Package | None = options.package
        self.extract = self._extract()
        self.story = Story(self.faults, self.remarks, self.extract)
        self.cosigned: dict[str, int] = {}
        self.dated: list[dict[str, Any]] = []
        self.size = 0

    def _is_proof(self, path: Path) -> bool:
        return path.suffix == ".tlog-proof" and path.parent == self.folder / "preuves"

    def _stamps(self) -> list[Path]:
        return sorted(
            path.parent for path in self.files
            if path.name == "token.tst" and path.parent.parent == self.journal / "horodatages"
        )  # fmt: skip

    def _extract(self) -> "Extract | None":
        """Return the extract that stands for the leaves; None where all of them are."""
        if self.folder / "extrait.gz" not in self.files:
            return None
        if any(self.journal / "tile" in path.parents for path in self.files):
            raise Fault(f"{self.folder / 'extrait.gz'} : un extrait, à côté de tout le journal")
        try:
            return Extract(self.folder)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            place = self.folder / "extrait.json"
            raise Fault(f"{place} : contenu inattendu ({shown(repr(error))[:300]})") from None

    def _own_roots(self) -> bytes:
        self.own.append("les racines des autorités d’horodatage (racines.pem)")
        return read(self.folder / "racines.pem", MAX_PEM)

    def _keys(self, keys_file: "Path | None", key: str) -> tuple[Key, list[Key], int]:
        path = keys_file or self.folder / "cles.txt"
        text = read(path, given=keys_file is not None).decode("utf-8", "replace")
        lines = [line.split() for line in text.splitlines()]
        self.elsewhere = keys_file is not None
        logs = [words[1] for words in lines if words[:1] == ["log"] and len(words) > 1]
        witnesses = [Key(w[2], WITNESS, path) for w in lines if w[:1] == ["witness"] and len(w) > 2]
        quorum = [w[1] for w in lines if w[:1] == ["quorum"] and len(w) > 1]
        if len(logs) != 1 or len(quorum) > 1:
            raise Fault(f"{path} : il faut une clé de journal, et une seule")
        if keys_file and key and key.strip() != logs[0]:
            raise Fault(f"{path} : la clé de ce fichier n’est pas celle que vous avez donnée")
        if not keys_file and not key:
            self.own.append("la clé du journal (cles.txt)")
        if not keys_file and witnesses:
            self.own.append("les clés des cosignataires, et combien il en faut (cles.txt)")
        needed = number(quorum[0], path) if quorum and quorum[0] != "none" else 0
        return Key(logs[0], LOG, path), witnesses, needed

    def attempt(
        self, check: Callable[..., Any], *given: object, where: "Path | None" = None
    ) -> Any:
        """Do one check; what is wrong is noted, and the next ones are still done.

        `where` is the file that is read, for what is so badly formed that it does not say so.
        """
        try:
            return check(*given)
        except Fault as fault:
            self.faults.append(str(fault))
        except (
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            OSError,
            ArithmeticError,
            RecursionError,
        ) as error:
            self.faults.append(
                f"{where or self.folder} : contenu inattendu ({shown(repr(error))[:300]})"
            )
        return None

    def manifest(self) -> str:
        path = self.folder / "MANIFESTE"
        if self.package_read:
            self.nothing = True
            return "ceux du lot, que compare la dernière étape"
        if path not in self.files:
            self.nothing = True
            return "absent : on ne peut dire si des fichiers manquent à cette copie"
        listed = {}
        for line in read(path, MAX_CAPTURES).decode("utf-8", "replace").splitlines():
            digest, _, name = line.partition("  ")
            if name in listed:
                self.faults.append(f"{path} : nomme deux fois {shown(name)}")
            listed[name] = digest
        here = {
            each.relative_to(self.folder).as_posix(): each for each in self.files if each != path
        }
        for name in sorted(set(listed) | set(here)):
            if name not in here:
                self.faults.append(
                    f"{shown(self.folder / name)} : manque, et le MANIFESTE le nomme"
                )
            elif name not in listed:
                self.faults.append(f"{shown(here[name])} : de trop, le MANIFESTE ne le nomme pas")
            elif self.attempt(digest_of, here[name]) not in (listed[name], None):
                self.faults.append(
                    f"{shown(here[name])} : n’a pas l’empreinte que dit le MANIFESTE"
                )
        self.remarks += [
            f"{shown(each)} : ni ce programme ni le journal ne disent rien de ce fichier"
            for name, each in sorted(here.items())
            if not PLACES.fullmatch(name)
        ]
        return some(len(listed), "fichier")

    def checkpoint(self, path: Path) -> Checkpoint:
        """Read a checkpoint, or the one at the end of a proof; `require_key` is to follow."""
        note = read(path, given=path in self.old)
        if self._is_proof(path):
            note = note.partition(b"\n\n")[2]
        return Checkpoint(note, path, self.key.name, self.witnesses)

    def require_key(self, one: Checkpoint) -> None:
        """Check that it is signed by the journal's key, or by one that was changed later on."""
        former = {old.id: old for index, old, _ in self.story.keys if index >= one.size}
        one.require([self.key, *(key for key in former.values() if key.id != self.key.id)])

    def _follow_keys(self, last: Checkpoint, older: list[Checkpoint]) -> None:
        """Go from the key that was given to the one that signs now.

        A leaf says that one gives way to the next; a checkpoint that the old one signed must hold
        that leaf: it is the only one to be believed of it.
        """
        for index, old, new in self.story.keys:
            points = [one for one in (last, *older) if one.size > index and one.names(old, new)]
            if not points and old.id != self.key.id:
                self.story.on_trust["keys"] += 1
            if old.id != self.key.id:
                continue
            if not points:
                raise Fault(
                    f"{self.journal / KEY_CHANGES} : la feuille {index} dit que la clé a changé ; "
                    "aucun checkpoint signé par l’ancienne ne contient cette feuille"
                )
            for one in points:
                one.require([old, new])
            self.key = new
        if self.key.id != self.stated.id and not self.elsewhere:
            raise Fault(
                f"{self.folder / 'cles.txt'} : la clé du dossier n’est pas celle que vous avez "
                "donnée, et le journal ne mène pas de l’une à l’autre"
            )

    def tree(self) -> str:
        last = self.checkpoint(self.journal / "checkpoint")
        if self.alive:  # what the leaves of `last` name is there by now
            self.files, irregular = census(*filter(Path.is_dir, (self.journal, self.kept)))
            self.faults += irregular
            self.stamps = self._stamps()
        # The journal must hold the tree that a proof leads to, as it holds all older ones.
        paths = [*self.old, *self.key_changes, *self.apart]
        paths += [folder / "checkpoint" for folder in self.stamps]
        older = [one for one in (self.attempt(self.checkpoint, p) for p in paths) if one]
        self.size, self.cosigned = last.size, last.cosigned
        if self.alive:  # stamped since `last` was read
            older = [one for one in older if one.size <= last.size or one.where in self.old]
        walk(self.journal, last, older, self.story, self.faults, alive=self.alive,
             data=self.data, extract=self.extract)  # fmt: skip
        if self.extract:
            self._extracted(self.extract)
        self._follow_keys(last, older)
        last.require([self.key])
        for one in older:
            self.attempt(self.require_key, one)
        self.details += [
            shown(f"clé changée à la feuille {index} : {key_line(old)}, puis {key_line(new)}")
            for index, old, new in self.story.keys
        ]
        if last.size and len(last.cosigned) < self.quorum:
            self.faults.append(
                f"{last.where} : {some(len(last.cosigned), 'cosignataire')}, "
                f"il en faut {self.quorum}"
            )
        for one in (last, *older):
            self._witnessed(one)
        cosigners = ", ".join(f"{name} le {told(at)}" for name, at in sorted(last.cosigned.items()))
        proofs = set(self.apart)
        before = sum(one.where not in proofs for one in older)
        return (
            f"{some(last.size, 'feuille')}, racine {last.root.hex()[:16]}… ; "
            + some(before, "checkpoint antérieur prolongé", "checkpoints antérieurs prolongés")
            + f" ; contresigné par : {cosigners or 'personne'}"
        )

    def _extracted(self, extract: Extract) -> None:
        """Say what an extract holds, and see that it is of these pages only, and of all of them."""
        names = ", ".join(map(shown, extract.targets))
        self.details.append(
            f"extrait du journal : {some(len(extract.numbers), 'feuille')} sur {self.size}, les "
            f"autres par leurs hachages ; pages : {names} ; du {told_us(extract.since)} au "
            f"{told_us(extract.until)}"
        )
        followed = {target for target, _ in self.story.watched}
        self.faults += [
            f"{extract.path} : des relevés de {shown(slug)}, page que {extract.of.name} ne nomme "
            "pas"
            for slug in sorted(followed - set(extract.targets))
        ]
        for slug in extract.targets:
            slots = [slot for (of, _), one in self.story.watched.items() if of == slug
                     for slot in (min(one.slots), max(one.slots))]  # fmt: skip
            if not slots:
                self.remarks.append(f"{shown(slug)} : aucun relevé dans cet extrait")
                continue
            pace = self.story.pace(slug)
            if min(slots) > extract.since:
                self.remarks.append(
                    f"{shown(slug)} : premier relevé de l’extrait le {told_us(min(slots))}, après "
                    "le début de la période ; rien ici ne dit ce qu’il en fut avant"
                )
            if max(slots) + pace < extract.until:
                self.remarks.append(
                    f"{shown(slug)} : dernier relevé de l’extrait le {told_us(max(slots))}, avant "
                    "la fin de la période ; rien ici ne dit ce qu’il en fut après"
                )

    def package(self) -> str:
        """Say what the bundle was found to be."""
        self.nothing = self.package_read is None
        if self.package_read is None:
            return "rien : ceci n’est pas un lot de preuves"
        self.faults += self.package_read.faults
        return self.package_read.told

    def _witnessed(self, one: Checkpoint) -> None:
        """Compare the times of cosignatures with those of the leaves that they cover."""
        leaf, at = self.story.latest_at.get(one.size, (0, 0))
        for name, when in one.cosigned.items():
            late = at // SECOND - when
            text = (
                f"{one.where} : {name} l’aurait contresigné le {told(when)}, avant la feuille "
                f"{leaf} ({told_us(at)})"
            )
            if late > WITNESS_DAYS * 86_400:
                self.faults.append(text)
            elif late > TOLERANCE_S:
                self.remarks.append(f"{text} : une des deux horloges se trompe")

    def checks(self) -> str:
        story = self.story
        verdicts: Counter[str] = Counter()
        for one in story.watched.values():
            verdicts += one.verdicts
        reasons = ", ".join(
            some(verdicts[name], *WORDS.get(name, (name, name))) for name in sorted(verdicts)
        )
        self.details += list(tables(story))
        self.nothing = not verdicts
        missing = sum(gap["slots"] for gap in story.gaps)
        unplanned = sum(life.plan is None for lives in story.lives.values() for life in lives)
        self.details.append(
            some(story.planned, "relevé prévu", "relevés prévus")
            + f" par les plans inscrits, chacun fait ou dit non fait, sauf {story.trusted} pris "
            f"sur parole ; {some(unplanned, 'démarrage')} sans plan inscrit, où les relevés prévus "
            "sont déduits des relevés faits"
        )
        return (
            f"{some(sum(verdicts.values()), 'relevé')} de {some(len(story.watched), 'page')} "
            f"({reasons or 'aucun'}) ; "
            + some(missing, "relevé prévu non fait, et dit", "relevés prévus non faits, et dits")
            + " ; "
            + some(len(story.outages), "indisponibilité refaite", "indisponibilités refaites")
            + " à partir des relevés ; "
            + some(len(story.blips), "échec isolé", "échecs isolés")
            + f" ; {', '.join(texts_and_links(story))}"
        )

    def proofs(self) -> str:
        for path in self.apart:
            self.attempt(lambda path: check_proof(path, self.checkpoint(path)), path)
        self.nothing = not self.apart
        return some(len(self.apart), "feuille à part", "feuilles à part")

    def tokens(self) -> str:
        announced = {leaf["sha256"]: (index, leaf) for index, leaf in self.story.tokens}
        unknown = self._rootless()
        for folder in self.stamps:
            index, leaf = announced.pop(folder.name, (None, {}))
            if folder.name in unknown:
                if sha256(read(folder / "token.tst", MAX_TOKEN)).hex() != folder.name:
                    self.faults.append(f"{folder / 'token.tst'} : n’est pas le jeton de ce nom")
                continue
            at = self.attempt(check_stamp, folder, self.roots)
            if at is not None:
                self.attempt(self._dates, folder, at, index, leaf)
        for digest, (index, _) in announced.items():
            path = self.journal / "horodatages" / digest
            self.faults.append(f"{path} : jeton absent, la feuille {index} l’annonce")
        whole = {path.parent for path in self.files if self.journal / "horodatages" in path.parents}
        for folder in sorted(whole - set(self.stamps)) if not self.alive else ():
            self.faults.append(f"{folder} : pas de jeton (token.tst)")
        self.nothing = not self.dated
        without = len(unknown & {folder.name for folder in self.stamps})
        rest = f" ; sans racine connue, et qui ne date rien ici : {without}"
        return some(len(self.stamps) - without, "jeton") + rest * bool(without)

    def _rootless(self) -> set[str]:
        """Return the tokens that whoever made this copy could not check: none of them counts."""
        path = self.folder / "sans-racine.txt"
        if self.data or path not in self.files:
            return self.unknown()
        return set(read(path, MAX_PEM).decode("ascii", "replace").split())

    def _dates(self, folder: Path, at: int, index: "int | None", leaf: Leaf) -> None:
        """Compare the time of a token with those of the leaves, and of what it covers."""
        token, note = folder / "token.tst", self.checkpoint(folder / "checkpoint")
        size = note.size
        if self.alive and size > self.size:
            return
        if index is not None and (leaf["size"], leaf["at"][:19]) != (size, stamp(at)):
            self.faults.append(f"{token} : la feuille {index} dit autre chose")
        if index is not None and index < size:
            self.faults.append(f"{token} : la feuille {index} l’annonce avant ce qu’il date")
        last, newest_us = self.story.latest_at.get(size, (0, 0))
        if newest_us // SECOND - at > TOLERANCE_S:
            self.faults.append(
                f"{token} : daté du {told(at)}, avant la feuille {last} qu’il couvre "
                f"({told_us(newest_us)})"
            )
        for name, cosigned in note.cosigned.items():
            if cosigned - at > TOLERANCE_S:
                self.faults.append(
                    f"{token} : daté du {told(at)}, avant la contresignature de {name} qu’il couvre"
                )
        for place, older in self.story.tokens:
            if place < size and microseconds(older["at"]) // SECOND - at > TOLERANCE_S:
                self.faults.append(
                    f"{token} : daté avant le jeton de la feuille {place}, qu’il couvre"
                )
        where = "pas encore au journal" if index is None else f"feuille {index}"
        self.dated.append({"at": at, "size": size, "token": folder.name, "leaf": index})
        first = (
            "la première feuille existait"
            if size == 1
            else f"les {size} premières feuilles existaient"
        )
        self.details.append(f"{first} le {told(at)} ({where})")

    def captures(self) -> str:
        there = {path.name: path for path in self.files if path.parent == self.kept}
        if self.data:
            there = {name: path for name, path in there.items() if name.endswith(".warc.gz")}
        by_file = self.story.captures
        leaves = Leaves(self.journal, self.size, alive=self.alive, extract=self.extract)
        done = removed = unnamed = tops = strays = 0
        for name, pairs in by_file.items():
            if name not in there:
                continue
            copies = CopiesOf(self, there[name], pairs, leaves)
            file = self.attempt(copies.check, where=there[name])
            done += copies.done
            removed += copies.removed
            if file:
                unnamed, tops, strays = (
                    unnamed + len(file.apart), tops + file.tops, strays + len(file.strays)
                )  # fmt: skip
        for name in sorted(set(there) - set(by_file)) if not self.alive else ():
            # A service that was killed leaves its last bytes there, which no signed leaf names yet.
            if self.data and name[:10] >= stamp(self.story.latest[1] // SECOND)[:10]:
                self.remarks.append(
                    f"{shown(there[name])} : aucune feuille signée ne nomme encore ce fichier ; "
                    "le service a été interrompu avant"
                )
            else:
                self.faults.append(f"{shown(there[name])} : aucune feuille ne nomme ce fichier")
        self._absent({name for name in by_file if name not in there})
        self.nothing = not done
        away = sum(len(pairs) // 2 for name, pairs in by_file.items() if name not in there)
        self.story.on_trust.update(
            removed=removed, unnamed=unnamed, away=away, tops=tops, strays=strays
        )
        return (
            f"{some(done, 'relevé')} dont les octets concordent ; "
            + some(removed, "copie quotidienne retirée", "copies quotidiennes retirées")
            + f" depuis ; {away} hors de ce dossier ; {some(unnamed, 'copie')} qu’aucune feuille "
            "ne nomme (plus récentes, ou d’avant un arrêt brutal), sans valeur de preuve"
        )

    def _absent(self, names: "set[str]") -> None:
        """Refuse an extract without a file of copies, unless it says that it had none."""
        for name in sorted(names) if self.extract else ():
            path = self.kept / shown(name)
            if self.extract and name in self.extract.absent:
                self.remarks.append(f"{path} : copies absentes, dit qui a fait ce lot")
            else:
                self.faults.append(f"{path} : manque, des feuilles de l’extrait le nomment")

    def announcements(self) -> str:
        """Compare the announcements that are here with what their leaves name."""
        there = {path.name: path for path in self.files if path.parent == self.announced}
        notes = self.story.announced.values()
        digests = {note["sha256"] for note in notes if note["sha256"]}
        for name in sorted(set(there) - digests) if not self.data else ():
            self.faults.append(f"{shown(there[name])} : aucune feuille ne nomme ce fichier")
        for name in sorted(digests & set(there)):
            if self.attempt(digest_of, there[name], where=there[name]) not in (name, None):
                self.faults.append(f"{shown(there[name])} : n’est pas l’annonce qui fut inscrite")
        self._date_announcements()
        self.nothing = not digests & set(there)
        return (
            some(len(notes), "maintenance annoncée", "maintenances annoncées")
            + f", dont {sum(note['counts'] for note in notes)} à compter ; "
            + some(len(digests & set(there)), "texte d’annonce", "textes d’annonces")
            + f" ici, {len(digests - set(there))} hors de ce dossier"
        )

    def _date_announcements(self) -> None:
        """Refuse an announcement dated before its maintenance, when a token shows that it is not.

        What stands in the journal after a token was written after the time of that token.
        """
        tokens = sorted((one["leaf"], one["at"]) for one in self.dated if one["leaf"] is not None)
        latest = 0
        for note in self.story.announced.values():  # in the order of the journal
            while tokens and tokens[0][0] < note["leaf"]:
                latest = max(latest, tokens.pop(0)[1])
            if note["at"] < note["from"] <= (latest - TOLERANCE_S) * SECOND:
                self.faults.append(
                    f"feuille {note['leaf']} : annonce datée du {told_us(note['at'])}, avant la "
                    f"maintenance ; un jeton inscrit avant elle est du {told(latest)}, après son "
                    "début"
                )

    def verdict(self) -> str:
        """Say in one sentence what all this is worth."""
        if self.faults:
            return f"{some(len(self.faults), 'défaut')}."
        if not self.cosigned and not self.dated:
            return (
                "Aucun défaut, et peu de preuves : rien ne date ni n’atteste ce journal, que qui "
                "tient sa clé a pu récrire en entier."
            )
        by = []
        if self.dated:
            last = max(self.dated, key=lambda one: one["size"])
            by.append(
                some(last["size"], "feuille datée", "feuilles datées")
                + f", sur {self.size}, au plus tard du {told(last['at'])}"
            )
        if self.cosigned:
            by.append(f"contresigné par {', '.join(sorted(self.cosigned))}")
        return f"Tout concorde. Ce journal est {' et '.join(attested(by))}."


class CopiesOf:
    """The copies of one file, each compared with the leaves, which are read again one by one.

    `pairs` are the leaves that name them, each with that of its check, or -1.
    """

    def __init__(
        self, verification: Verification, path: Path, pairs: "array[int]", leaves: "Leaves"
    ) -> None:
        self.verification, self.path, self.leaves = verification, path, leaves
        self.story = verification.story
        self.checks = dict(zip(pairs[::2], pairs[1::2]))  # noqa: B905 -- Python 3.9
        self.done = self.removed = 0
        self.daily = False  # one that was made for its day alone is there

    def check(self) -> Capture:
        wanted: dict[str, list[int]] = {}
        for number in self.checks:
            wanted.setdefault(self.leaves[number]["sha256"], []).append(number)
        file = Capture(self.path, wanted)
        for digest, block in file.copies():
            for number in wanted.pop(digest, ()):
                self.verification.attempt(self._one, number, block, file, where=self.path)
        for at in file.settle():
            self.verification.faults.append(body_fault(file, at))
        for numbers in wanted.values():
            for leaf in map(self.leaves.__getitem__, numbers):
                self.removed += leaf["why"] == ["daily"]
                self.verification.attempt(partial(check_absent, others=self.daily), leaf, file)
        return file

    def _one(self, number: int, block: bytes, file: Capture) -> None:
        copy = self._copied(number)
        self.daily = self.daily or self._is_daily(copy.leaf)
        check_copy(copy, block, file, self.story.on_trust)
        self.done += 1

    def _copied(self, number: int) -> Copied:
        copy, place = Copied(self.leaves[number]), self.checks[number]
        if place < 0:
            return copy
        copy.number, copy.check = place, self.leaves[place]
        copy.setup = self.story.named[copy.check["setup"]]
        copy.plan = self.story.named[copy.check["plan"]] if "plan" in copy.check else {}
        copy.met = self._referred(copy.check.get("conditions"), CONDITIONS)
        copy.panel = self._referred(copy.check.get("controls", {}).get("panel"), PANEL)
        shown_at = self.story.shown.get(place)
        copy.rendering = None if shown_at is None else self.leaves[shown_at]
        return copy

    def _referred(self, place: "int | None", mark: int) -> "Leaf | None":
        """Return a leaf that a check names; None when it names none of this type."""
        if place is None or not self.story.marked(place, mark):
            return None
        return self.leaves[place]

    def _is_daily(self, leaf: Leaf) -> bool:
        """Tell whether a copy was made for its day alone, by a clock that went on."""
        one = self.story.watched.get((leaf["target"], leaf["point"]))
        back = one is not None and microseconds(leaf["at"]) in one.others
        return leaf["why"] == ["daily"] and not back


class Leaves:
    """Leaves that were verified, read again by their number; those that were read last are held."""

    def __init__(self, journal: Path, size: int, *, alive: bool, extract: "Extract | None") -> None:
        self.tree = Tree(journal, Findings(), alive=alive, data=False)
        self.extract = extract
        self.size = size
        self.bundles: OrderedDict[int, list[bytes]] = OrderedDict()
        self.read: OrderedDict[int, Leaf] = OrderedDict()

    def __getitem__(self, number: int) -> Leaf:
        leaf = self.read.get(number)
        if leaf is None and self.extract:
            leaf = self.read[number] = strict_json(self.extract[number])
        elif leaf is None:
            index, place = divmod(number, WIDTH)
            if index not in self.bundles:
                width = min(WIDTH, self.size - index * WIDTH)
                self.bundles[index] = bundle(self.tree, index, width)[1]
            self.bundles.move_to_end(index)
            leaf = self.read[number] = strict_json(self.bundles[index][place])
        self.read.move_to_end(number)
        while len(self.bundles) > HELD_BUNDLES:
            self.bundles.popitem(last=False)
        while len(self.read) > HELD_LEAVES:
            self.read.popitem(last=False)
        return leaf


HELD_BUNDLES, HELD_LEAVES = 8, 512


def attested(by: list[str]) -> list[str]:
    return [text if text.startswith("contresigné") else f"daté ({text})" for text in by]


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, read by pieces."""
    digest = hashlib.sha256()
    with opened(path, MAX_FILE) as file:
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()


# --- Words -------------------------------------------------------------------------------------

WORDS = {
    "up": ("normal", "normaux"),
    "degraded": ("dégradé", "dégradés"),
    "down": ("indisponible", "indisponibles"),
    "blocked": ("bloqué", "bloqués"),
    "maintenance": ("en maintenance", "en maintenance"),
    "unknown": ("indéterminé", "indéterminés"),
}
NATURES = {"down": "indisponible", "maintenance": "en maintenance"}
REASONS = {  # of the first failing check, as on the pages of the service
    "ok": "La page a répondu comme attendu.",
    "moved": "La page est servie à une autre adresse que celle de la liste.",
    "dns_nxdomain_error": "Le nom du site n’existe pas dans le DNS.",
    "dns_no_answer": "Le DNS ne donne aucune adresse pour ce nom.",
    "dns_servfail_error": "Les serveurs DNS du site n’ont pas su répondre.",
    "dns_refused_error": "Le résolveur DNS a refusé de répondre à la sonde.",
    "dns_bogon_error": "Le DNS a rendu une adresse privée pour un nom public.",
    "connection_refused": "Le serveur a refusé la connexion.",
    "connection_reset": "La connexion a été coupée par le serveur ou sur le trajet.",
    "host_unreachable": "Le serveur ne peut être joint.",
    "network_unreachable": "Le réseau du serveur ne peut être joint.",
    "eof_error": "Le serveur a fermé la connexion sans répondre.",
    "generic_timeout_error": "Le serveur n’a pas répondu dans le délai.",
    "ssl_invalid_certificate": "Le certificat du site n’est pas valable.",
    "ssl_invalid_hostname": "Le certificat du site porte un autre nom.",
    "ssl_unknown_authority": "Le certificat du site vient d’une autorité non reconnue.",
    "ssl_failed_handshake": "La connexion sécurisée n’a pu être établie.",
    "unknown_failure": "Le relevé a échoué pour une raison que la sonde ne connaît pas.",
    "deadline": "La réponse n’était pas complète à la fin du délai.",
    "truncated": "La réponse s’est interrompue avant sa fin.",
    "too_large": "La réponse est plus longue que ce que la sonde accepte de lire.",
    "invalid_response": "La réponse n’est pas conforme au protocole HTTP.",
    "invalid_encoding": "La réponse ne peut être décompressée.",
    "redirect_loop": "Les renvois d’adresse en adresse tournent en rond.",
    "redirect_refused": "Le site renvoie vers une adresse que la sonde ne peut suivre.",
    "slow": "La réponse a dépassé le seuil de lenteur.",
    "tls_chain_incomplete": "Le serveur n’envoie pas toute la chaîne de son certificat.",
    "asset_missing": "Un fichier nécessaire à l’affichage de la page manque.",
    "sign_of_life_missing": "Une adresse que la page interroge à son ouverture ne répond pas.",
    "marker_missing": "La page ne contient pas ce qui la caractérise.",
    "empty_shell": "La page est vide, ou n’affiche rien sans JavaScript.",
    "error_text": "La page affiche une erreur à la place du service.",
    "overloaded": "Le site se dit saturé : trop de visiteurs à la fois.",
    "not_a_page": "La réponse n’est pas une page, mais un fichier, du code ou du binaire.",
    "http_4xx": "Le serveur a répondu par un code d’erreur de la famille 400.",
    "http_5xx": "Le serveur a répondu par un code d’erreur de la famille 500.",
    "gone": "La page n’existe pas ou plus à cette adresse.",
    "parked": "L’adresse affiche la page d’attente d’un hébergeur ou d’un tiers.",
    "maintenance_text": "Le site affiche une maintenance à la place du service.",
    "waf": "Une protection du site a écarté la sonde.",
    "captcha": "Le site demande une vérification que la sonde ne passe pas.",
    "rate_limited": "Le site limite le nombre de demandes.",
    "login_required": "Le site demande une authentification.",
    "robots": "Le fichier robots.txt du site demande de ne pas relever cette page.",
    "local_network": "Rien ne prouve que la connexion de la sonde fonctionnait.",
    "local_ipv4": "Rien ne prouve que la connexion IPv4 de la sonde fonctionnait.",
    "local_ipv6": "Rien ne prouve que la connexion IPv6 de la sonde fonctionnait.",
    "local_resolver": "Les résolveurs DNS de la sonde n’ont rien dit du nom du site.",
    "local_filter": "Un filtre du côté de la sonde a pu répondre à la place du site.",
    "local_browser": "Le navigateur de la sonde n’a rien montré : il ne prouve rien.",
    "local_process": "La sonde s’est arrêtée pendant le relevé : il ne prouve rien.",
    "clock": "L’horloge de la sonde s’écartait trop de l’heure exacte.",
}
CAUSES = {
    "stopped": "le service de surveillance était arrêté",
    "overrun": "le relevé précédent n’était pas terminé",
    "paused": "la surveillance était suspendue par l’opérateur",
    "refused": "attente après un refus du site",
    "robots": "le fichier robots.txt du site demande de ne pas relever la page",
    "crawl_delay": "le fichier robots.txt du site demande un délai trop long",
    "fault": "une erreur de notre propre programme a empêché le relevé",
    "no_browser": "cette page se lit à l’écran, et la sonde n’a pas de navigateur",
    "unidentified": "aucun site n’est interrogé tant que le robot n’a pas d’identité",
}
CHANGES = {
    "first": "premier texte relevé",
    "changed": "texte modifié",
    "returned": "retour à un texte antérieur",
    "replaced": "texte remplacé",
    "unconfirmed": "autre texte vu, non confirmé",
    "flapping": "textes en alternance",
    "settled": "fin d’une alternance",
    "technical": "règles de lecture changées",
    "removed": "page retirée",
    "restored": "page revenue",
    "link_broken": "lien mort",
    "link_restored": "lien rétabli",
    "link_dropped": "lien mort retiré",
}
KINDS = {  # of a change of text
    "opening_hours": "horaires",
    "phone": "téléphone",
    "email": "courriel",
    "address": "adresse",
    "appointment_link": "lien de rendez-vous",
    "required_documents": "pièces à fournir",
    "fee": "montant à payer",
    "delay": "délai",
    "appointment": "nécessité d’un rendez-vous",
    "substitute_channel": "solution de substitution",
    "alert_banner": "message d’alerte",
    "replaced": "page remplacée",
    "procedure_text": "texte",
    "title": "titre",
    "link_added": "lien ajouté",
    "link_removed": "lien retiré",
    "link_target": "destination d’un lien",
    "displayed_date": "date de mise à jour affichée",
    "moved": "déplacement",
    "structure": "présentation de la page",
    "technical": "règles de lecture de Vigie ANEF",
    "link_broken": "lien mort",
    "link_restored": "lien rétabli",
    "page_removed": "page retirée",
}


def some(number: int, one: str, many: str = "") -> str:
    """Write a number and what it counts: in French, zero and one are singular."""
    return f"{number} {one if number < 2 else many or f'{one}s'}"


def stamp(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))


def told(at: int) -> str:
    """Write an instant, POSIX seconds, in UTC. One that no calendar holds is written as it is."""
    try:
        return time.strftime("%d/%m/%Y à %H:%M:%S UTC", time.gmtime(at))
    except (ValueError, OverflowError, OSError):
        return f"{at} s"


def told_us(at: int) -> str:
    """Write an instant, in microseconds, to the millisecond: durations follow from these."""
    return told(at // SECOND).replace(" UTC", f",{at // 1000 % 1000:03} UTC")


def paris(at: int) -> str:
    """Write the hour in Paris at an instant in microseconds (directive 2000/84/CE)."""
    seconds = at // SECOND
    year = time.gmtime(seconds).tm_year

    def change(month: int) -> int:
        """Return the last Sunday of a month of 31 days, at 01:00 UTC."""
        last = calendar.timegm((year, month, 31, 1, 0, 0))
        return last - (time.gmtime(last).tm_wday + 1) % 7 * 86_400

    summer = change(3) <= seconds < change(10)
    local = time.gmtime(seconds + (7200 if summer else 3600))
    return time.strftime("%d/%m/%Y à %H:%M:%S", local) + f",{at // 1000 % 1000:03}"


def change_kind(edge: str) -> str:
    """Tell a first text and a dead link from a change of a text."""
    return {"first": "Premier texte"}.get(
        edge, "Lien mort" if edge.startswith("link_") else "Modification"
    )


def texts_and_links(story: Story) -> Iterator[str]:
    kinds = Counter(change_kind(str(change["edge"])) for change in story.changes)
    yield some(kinds["Premier texte"], "premier texte", "premiers textes")
    yield some(kinds["Modification"], "modification de texte", "modifications de texte")
    yield some(kinds["Lien mort"], "entrée sur un lien mort", "entrées sur des liens morts")


def both(at: "int | None") -> str:
    return "inconnu" if at is None else f"{told_us(at)} (Paris : {paris(at)})"


def lasting(since: "int | None", until: "int | None") -> str:
    """Write the time between two instants as they are printed, to the millisecond."""
    if since is None or until is None:
        return "inconnu"
    ms = until // 1000 - since // 1000
    parts = (ms // 86_400_000, "j"), (ms // 3_600_000 % 24, "h"), (ms // 60_000 % 60, "min")
    pieces = [f"{value} {unit}" for value, unit in parts if value]
    return " ".join([*pieces, f"{ms // 1000 % 60},{ms % 1000:03} s"])


def merged(gaps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join the gaps of one target and cause that follow each other; by time."""
    rows: list[dict[str, Any]] = []
    last: dict[tuple[str, ...], dict[str, Any]] = {}
    for gap in sorted(gaps, key=lambda one: (one["from"], one["leaf"])):
        name = gap["point"], gap["target"], gap["cause"]
        if name in last and last[name]["to"] == gap["from"]:
            last[name]["to"] = gap["to"]
            last[name]["slots"] += gap["slots"]
            last[name]["leaves"].append(gap["leaf"])
        else:
            last[name] = {**gap, "leaves": [gap["leaf"]]}
            rows.append(last[name])
    return rows


def leaf_of(leaves: "dict[str, int | None]", name: str) -> str:
    return "aucune feuille" if leaves.get(name) is None else f"feuille {leaves[name]}"


def rule_of(policy: "dict[str, int]") -> str:
    """Say what makes an outage, and what ends it."""
    full = {**POLICY, **policy}
    return (
        some(full["failures"], "échec", "échecs")
        + f" sur {full['failing_s']} s au moins ; pour la fin, "
        + some(full["successes"], "relevé bon", "relevés bons")
        + f" sur {full['recovering_s']} s au moins"
    )


def in_question(story: Story, one: Outage) -> bool:
    """Tell whether an outage touches the span that an extract is of."""
    extract, ended = story.extract, one.first_ok_at
    if extract is None:
        return True
    return one.first_fail_at < extract.until and (ended is None or ended > extract.since)


def tables(story: Story) -> Iterator[str]:
    """Yield the outages, changes and gaps that the leaves prove, with the numbers of leaves."""
    for rank, one in enumerate(story.outages[:SHOWN], start=1):
        at = one.leaves
        apart = " ; hors de la période demandée" * (not in_question(story, one))
        yield f"Indisponibilité {rank} : {shown(one.target)} ({NATURES[one.nature]}){apart}"
        place = at.get("target")
        page = story.named[place] if place is not None else {}
        if "url" in page:
            names = f"{shown(page['name'])}, {shown(page['url'])}"
            yield f"  page                 : {names}, {leaf_of(at, 'target')}"
            yield f"  règle                : {rule_of(page['policy'])}"
        yield f"  raison du 1er échec  : {REASONS.get(one.reason, shown(one.reason))}"
        yield f"  dernier relevé bon   : {both(one.last_ok_at)}, {leaf_of(at, 'last_ok')}"
        yield f"  premier échec        : {both(one.first_fail_at)}, {leaf_of(at, 'first_fail')}"
        yield f"  dernier échec        : {both(one.last_fail_at)}, {leaf_of(at, 'last_fail')}"
        yield f"  premier relevé bon   : {both(one.first_ok_at)}, {leaf_of(at, 'first_ok')}"
        yield (
            f"  durée                : au moins {lasting(one.first_fail_at, one.last_fail_at)} ; "
            f"au plus : {lasting(one.last_ok_at, one.first_ok_at)}"
        )
        yield f"  relevés en échec     : {one.checks} ; rechutes : {one.relapses}"
        end = leaf_of(at, "closed") if one.recovered_at else "en cours à la fin du journal"
        yield f"  dite au journal par  : début, {leaf_of(at, 'opened')} ; fin, {end}"
    for change in story.changes[:SHOWN]:
        edge = shown(CHANGES.get(str(change["edge"]), change["edge"]))
        words = [KINDS.get(str(kind), shown(kind)) for kind in change["kinds"]]
        kinds = ", ".join(word for word in words if word != edge)
        yield (
            f"{change_kind(str(change['edge']))} : {shown(change['target'])}, {edge}"
            + (f" ({kinds})" if kinds else "")
            + f", {both(change['at'])}, feuille {change['leaf']}"
        )
    gaps = merged(story.gaps)
    for gap in gaps[:SHOWN]:
        first, last = gap["leaves"][0], gap["leaves"][-1]
        yield (
            f"Non mesuré : {shown(gap['target']) or 'toutes les pages'}, "
            f"{shown(CAUSES.get(str(gap['cause']), gap['cause']))}, "
            f"du {told_us(gap['from'])} au {told_us(gap['to'])}, {some(gap['slots'], 'relevé')}, "
            + (f"feuille {first}" if first == last else f"feuilles {first} à {last}")
        )
    announced = list(story.announced.values())
    for note in announced[:SHOWN]:
        worth = "inscrite avant son début" if note["counts"] else "inscrite après coup"
        if note["withdrawn_by"] is not None:
            worth = f"retirée par la feuille {note['withdrawn_by']}"
        yield (
            f"Maintenance annoncée : {', '.join(map(shown, note['targets'][:SHOWN]))}, "
            f"du {told_us(note['from'])} au {told_us(note['to'])}, {worth}, feuille {note['leaf']}"
        )
    for name, rows in (("indisponibilités", story.outages), ("textes et liens", story.changes),
                        ("lacunes", gaps), ("maintenances annoncées", announced)):  # fmt: skip
        if len(rows) > SHOWN:
            yield f"… et {len(rows) - SHOWN} autres {name} : --json les donne toutes"


STEPS = (
    ("Fichiers", "manifest", "ces fichiers sont ceux du MANIFESTE, et il n’y en a pas d’autre",
     "d’où vient la copie, car le MANIFESTE n’est pas signé"),
    ("Arbre", "tree",
     ("la clé du journal a signé ces feuilles, dans cet ordre, et les états antérieurs qui sont "
      "ici en sont le début"),
     ("que ce qu’elles disent est vrai, ni que la même clé n’a pas signé un autre journal : seul "
      "un cosignataire, ou un checkpoint reçu auparavant (--ancien), le montrerait")),
    ("Relevés", "checks",
     "ces indisponibilités suivent de ces relevés, et aucun ne manque sans être dit",
     ("que chaque verdict est juste (il se rejoue sur les octets gardés), que ce qui est dit non "
      "fait ne le fut pas, ni pourquoi, ni que les textes ont changé comme il est dit")),
    ("Preuves", "proofs", "ces feuilles sont dans l’arbre signé", "ce que disent les autres"),
    ("Horodatages", "tokens", "ces feuilles existaient à ces dates, selon des autorités tierces",
     "qu’elles n’existaient pas avant"),
    ("Copies", "captures", "ces octets sont ceux que le relevé a notés",
     "que le site les a envoyés, ni qu’un autre visiteur aurait reçu les mêmes"),
    ("Annonces", "announcements", "ces annonces de maintenance sont celles qui furent inscrites",
     "qui les a publiées, ni ce qu’elles disent : elles sont à lire"),
    ("Lot", "package",
     "ces fichiers sont ceux que le lot annonce, et son index mène à chaque réponse gardée",
     "qui l’a fait : ce que dit le lot de lui-même n’est pas signé, le journal l’est"),
)  # fmt: skip


Say = Callable[[str], None]


def place_of(options: argparse.Namespace, name: str) -> Path:
    """Return a folder of the copy; of a service's own data, where a link may lead."""
    path: Path = options.dossier / name
    return path.resolve() if options.data else path


def judge(options: argparse.Namespace, tell: Say) -> dict[str, Any]:
    """Verify, telling each step; return the whole as --json gives it."""
    faults = Findings()

    def say(line: str) -> None:
        tell(shown(line))

    say("0. Ce programme et la clé")
    verification = begin(options, faults, say)
    inside = options.dossier.resolve() in HERE.parents
    own = ["ce programme"] * inside + (verification.own if verification else [])
    if own:
        say(f"   Pris dans le dossier même : {', '.join(own)}.")
        say("   Cela y est cru sur parole : comparez-le avec ce que l’association publie, ou")
        say("   donnez-le d’ailleurs (--cle, --cles, --racines).")
    if inside:
        say(
            f"   L’empreinte de ce programme (sha256sum {HERE.name}) est à calculer par vos soins :"
        )
        say("   celle qu’il dirait lui-même ne prouverait rien.")
    steps = list(taken(verification, say)) if verification else []
    if verification and verification.extract:
        verification.extract.here.close()
    remarks = verification.remarks if verification else Findings()
    trusted = list(on_trust(verification)) if verification else []
    for line in trusted:
        say(f"PRIS SUR PAROLE {line}")
    for line in (*remarks.told("REMARQUE"), *faults.told("ÉCHEC")):
        say(line)
    verdict = verification.verdict() if verification else f"{some(len(faults), 'défaut')}."
    say("")
    say(verdict)
    if own and not faults:
        say(f"Sous réserve de ce qui est pris dans le dossier même : {', '.join(own)}.")
    result: dict[str, Any] = {"ok": not faults, "verdict": verdict, "taken_from_the_folder": own,
                              "steps": steps, "faults": faults.first,
                              "faults_in_all": len(faults), "remarks": remarks.first,
                              "remarks_in_all": len(remarks), "on_trust": trusted}  # fmt: skip
    return {**result, **(as_json(verification) if verification else {})}


def on_trust(verification: "Verification") -> Iterator[str]:
    """Yield, with its number, each kind of thing that nothing here proves nor denies."""
    counts = {**verification.story.on_trust, "slots": verification.story.trusted}
    for name, (one, many) in TRUSTED.items():
        if counts.get(name):
            yield some(counts[name], one, many)


def begin(options: argparse.Namespace, faults: Findings, say: Say) -> "Verification | None":
    """Find openssl, the files and the key; None when one of them cannot be used."""
    judged = options.dossier.resolve()
    if judged not in HERE.parents:
        for path in modules(HERE.parent):
            say(f"   {shown(path)} : posé à côté de ce programme ; il n’a pas été chargé.")
    try:
        OpenSSL.find(judged, HERE.parent)
        say(f"   openssl : {OpenSSL.path}")
        places = [place_of(options, name) for name in ("journal", "captures", "annonces")]
        files, irregular = census(
            *([place for place in places if place.is_dir()] if options.data else [options.dossier])
        )
        faults += irregular
        if irregular:
            return None
        verification = Verification(options, faults, files)
    except Fault as fault:
        faults.append(str(fault))
        return None
    say(f"   {key_line(verification.key)}")
    return verification


def taken(verification: "Verification", say: Say) -> Iterator[dict[str, Any]]:
    """Take each step, and tell it."""
    for rank, (title, step, proves, proves_not) in enumerate(STEPS, start=1):
        say(f"{rank}. {title}")
        before = len(verification.faults)
        told_by = verification.attempt(getattr(verification, step))
        for line in verification.details:
            say(f"   {line}")
        nothing, verification.details, verification.nothing = verification.nothing, [], False
        say(f"   {told_by or 'ne peut être vérifié'}")
        more = len(verification.faults) - before
        if more:
            say(f"   Refusé, voir à la fin : {some(more, 'défaut')}.")
        elif nothing:
            say("   Rien de tel ici : cela ne prouve rien.")
        else:
            say(f"   Prouve que : {proves}. Ne prouve pas : {proves_not}.")
        yield {"title": title, "ok": not more, "found": told_by, "empty": nothing,
               "proves": proves, "leaves_open": proves_not}  # fmt: skip


def key_line(key: Key) -> str:
    """Write a key as it is published."""
    data = base64.b64encode(bytes([key.kind]) + key.public).decode()
    return f"{key.name}+{key.id.hex()}+{data}"


def as_json(verification: Verification) -> dict[str, Any]:
    """Return what the leaves tell; instants as the journal writes them, durations in µs."""

    def written(name: str, value: Any) -> Any:
        is_instant = name in ("at", "from", "to") or name.endswith("_at")
        if not is_instant or not isinstance(value, int):
            return value
        return f"{stamp(value // SECOND)}.{value % SECOND:06}Z"

    def all_of(row: dict[str, Any]) -> dict[str, Any]:
        return {name: written(name, value) for name, value in row.items()}

    return {
        "tables": list(tables(verification.story)),
        "key": key_line(verification.key),
        "leaves": verification.size,
        **({"span": verification.extract.said} if verification.extract else {}),
        "cosigned": {name: f"{stamp(at)}Z" for name, at in verification.cosigned.items()},
        "dated": [{**one, "at": f"{stamp(one['at'])}Z"} for one in verification.dated],
        "checks": {
            f"{one.target}@{one.point}": dict(one.verdicts)
            for one in verification.story.watched.values()
        },
        "outages": [
            {**all_of(one.says()), "shortest_us": one.shortest_us, "longest_us": one.longest_us,
             "leaves": one.leaves}
            for one in verification.story.outages
        ],
        "blips": [all_of(one) for one in verification.story.blips],
        "changes": [all_of(one) for one in verification.story.changes],
        "gaps": [all_of(one) for one in verification.story.gaps],
        "announcements": [all_of(one) for one in verification.story.announced.values()],
    }  # fmt: skip


def renamed(value: Any, named: "Callable[[str], str]") -> Any:
    """Rename the files in all texts of a result."""
    if isinstance(value, str):
        return named(value)
    if isinstance(value, list):
        return [renamed(one, named) for one in value]
    if isinstance(value, dict):
        return {key: renamed(one, named) for key, one in value.items()}
    return value


def judge_package(options: argparse.Namespace, tell: Say) -> dict[str, Any]:
    """Verify a bundle: unpack it where nobody else writes, then verify what is in it."""
    bundle: Path = options.dossier
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        try:
            package = Package(bundle, folder, within=options.package)
            several = POINTS in package.members or any(map(POINT.fullmatch, package.members))
        except Fault as fault:
            told = shown(fault)
            tell(f"ÉCHEC {told}")
            return {"ok": False, "verdict": "1 défaut.", "taken_from_the_folder": [], "steps": [],
                    "faults": [told], "faults_in_all": 1, "remarks": [], "remarks_in_all": 0,
                    "on_trust": []}  # fmt: skip
        options.package, options.dossier = package, folder / "preuve"

        def say(line: str) -> None:
            tell(package.named(line))

        result = judge(options, say)
        options.dossier = bundle
        if several or options.cle_point:
            result = OtherPoints(options, package, result).judge(say)
        whole: dict[str, Any] = renamed(result, package.named)
    return whole


# --- Other points ------------------------------------------------------------------------------


class OtherPoints:
    """The bundles of other points in a bundle; `own` is what was found of the rest of it.

    Each is verified as any bundle is, by that point's own key. points.json names them. It is not
    signed: who runs a point, and that no other point was left out, is taken on trust; so is the
    key of a point, unless it is given (--cle-point).
    """

    def __init__(self, options: argparse.Namespace, package: Package, own: dict[str, Any]) -> None:
        self.options, self.package, self.own = options, package, own
        self.faults = Findings()
        self.keys = {"ce lot": own.get("key", "")}  # one key is one point

    def judge(self, tell: Say) -> dict[str, Any]:
        """Judge each point, and return what all of the bundle comes to."""
        points: list[dict[str, Any]] = []
        try:
            for one in self._listed():
                points.append(one)
                tell("")
                tell(f"Point « {one['name']} » ({shown(one['operator'])})")
                if one["why"]:
                    tell(f"   Rien de ce point n’est dans ce lot : {shown(one['why'])}")
                else:
                    self._judge(one, tell)
        except Fault as fault:
            self.faults.append(str(fault))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            self.faults.append(f"{self._path(POINTS)} : contenu inattendu ({shown(repr(error))})")
        for line in self.faults.told("ÉCHEC"):
            tell(line)
        whole = self._whole(points)
        tell("")
        for line in whole["seen_by"]:
            tell(line)
        tell(whole["verdict"])
        return whole

    def _path(self, name: str) -> Path:
        return self.package.folder / name

    def _listed(self) -> "list[dict[str, Any]]":
        """Read which points there are; raise Fault unless each bundle is that of one of them."""
        path = self._path(POINTS)
        if POINTS not in self.package.members:
            raise Fault(f"{path} : manque")
        said = strict_json(read(path))
        points: list[dict[str, Any]] = said["points"]
        is_short = type(points) is list and len(points) <= MAX_POINTS
        if said.keys() != {"v", "points"} or whole_number(said["v"]) != 1 or not is_short:
            raise Fault(f"{path} : ce n’est pas la liste des points")
        here = {match[1] for match in map(POINT.fullmatch, self.package.members) if match}
        for one in points:
            if not _is_told(one):
                raise Fault(f"{path} : un point mal décrit")
            if not POINT.fullmatch(f"points/{one['name']}.wacz"):
                raise Fault(f"{path} : nom de point refusé : {shown(one['name'])}")
        listed = [one["name"] for one in points if not one["why"]]
        if len({one["name"] for one in points}) != len(points) or set(listed) != here:
            raise Fault(f"{path} : les lots de points qu’il nomme ne sont pas ceux qui sont là")
        given = [Key(text, LOG, "--cle-point") for text in self.options.cle_point]
        for one in points:
            key = Key(one["key"], LOG, path)
            one["key"] = key_line(key)  # however it was written
            self._once(one["name"], one["key"], path)
            one["given"] = next((key_line(each) for each in given if each.name == key.name), "")
        for key in given:
            if not any(one["given"] == key_line(key) and not one["why"] for one in points):
                raise Fault(f"{path} : rien du point dont vous avez donné la clé ({key.name})")
        return points

    def _judge(self, one: dict[str, Any], tell: Say) -> None:
        place = self._path(f"points/{one['name']}.wacz")
        options = argparse.Namespace(**vars(self.options))
        options.dossier, options.cle, options.cles = place, one["given"], None
        options.ancien, options.cle_point = [], []
        result = one["result"] = judge_package(options, lambda line: tell(f"   {line}"))
        if result.get("key", one["key"]) != one["key"]:
            self.faults.append(f"{place} : signé par une autre clé que celle de ce point")
        if result.get("span"):
            self._compare(one, result["span"], place)
        elif result["ok"]:
            self.faults.append(f"{place} : rien n’y est prouvé d’aucune page")

    def _once(self, name: str, line: str, path: Path) -> None:
        """See that one journal, or one key, is not told as two points, be one of them silent."""
        for where, key in self.keys.items():
            if key.partition("+")[0] == line.partition("+")[0] or key[-44:] == line[-44:]:
                what = f"{path} : le point {name} a le même journal, ou la même clé, que {where}"
                self.faults.append(what)
        self.keys[f"le point {name}"] = line

    def _compare(self, one: dict[str, Any], span: dict[str, Any], place: Path) -> None:
        """See that a point tells of the same pages and of the same time."""
        own = self.own.get("span")
        if not own:
            return
        here = {"pages": span["targets"], "from": span["from"], "to": span["to"]}
        if {name: one[name] for name in here} != here:
            self.faults.append(f"{place} : n’est pas des pages, ou de l’heure, que dit {POINTS}")
        since, until = microseconds(span["from"]), microseconds(span["to"])
        if since != microseconds(own["from"]) or until > microseconds(own["to"]):
            self.faults.append(f"{place} : d’un autre temps que le lot")
        if not set(span["targets"]) <= set(own["targets"]):
            self.faults.append(f"{place} : d’autres pages que celles du lot")
        if until < microseconds(own["to"]):
            one["silent_from"] = span["to"]

    def _whole(self, points: list[dict[str, Any]]) -> dict[str, Any]:
        whole: dict[str, Any] = {name: list(value) if isinstance(value, list) else value
                 for name, value in self.own.items()}  # fmt: skip
        whole["points"], whole["seen_by"] = points, []
        faults = Findings()
        for one in points:
            result = one.get("result", {})
            faults += [f"point {one['name']} : {text}" for text in result.get("faults", ())]
            faults.count += result.get("faults_in_all", 0) - len(result.get("faults", ()))
            whole["remarks_in_all"] += result.get("remarks_in_all", 0)
        faults += self.faults
        whole["faults"] += faults.first
        whole["faults_in_all"] += len(faults)
        verdicts: list[str] = [self.own["verdict"]]
        whole["taken_from_the_folder"].append("la liste des points et de leurs exploitants")
        for one in points:
            name, result = one["name"], one.get("result", {})
            whole["taken_from_the_folder"] += [
                f"{text} du point {name}" for text in result.get("taken_from_the_folder", ())
            ]
            for kind in ("remarks", "on_trust"):
                whole[kind] += [f"point {name} : {line}" for line in result.get(kind, ())]
            if one.get("silent_from"):
                whole["remarks"].append(
                    f"point {name} : rien n’est dans ce lot de ce qu’il a vu après"
                    f" {one['silent_from']}"
                )
                whole["remarks_in_all"] += 1
            whole.setdefault("tables", [])
            whole["tables"] += [f"Point {name} ({shown(one['operator'])})"]
            whole["tables"] += [f"  {line}" for line in _checks_of(result)]
            whole["tables"] += result.get("tables", ())
            verdicts.append(f"Point {name} : {result.get('verdict', 'rien ici.')}")
        whole["seen_by"] = list(self._seen_by(points))
        whole["tables"] += whole["seen_by"]
        good = whole["ok"] = not whole["faults"]
        text = " ; ".join(f"{one['name']} ({shown(one['operator'])})" for one in points)
        whole["steps"].append({
            "title": "Points", "ok": not faults, "found": text, "empty": not points,
            "proves": "ces points, par leurs propres clés, ont inscrit ces relevés des mêmes pages",
            "leaves_open": "qui les exploite, et qu’aucun autre point n’a été tu",
        })  # fmt: skip
        number_of = some(whole["faults_in_all"], "défaut")
        whole["verdict"] = " ".join(verdicts) if good else f"{number_of}."
        return whole

    def _seen_by(self, points: list[dict[str, Any]]) -> Iterator[str]:
        """Tell of each outage of ours at what moments each point proves one of its own."""
        for rank, outage in enumerate(self.own.get("outages", ()), start=1):
            yield f"Indisponibilité {rank} ({outage['target']}), vue des autres points :"
            for one in points:
                yield f"  {one['name']} : {_seen(outage, one.get('result', {}))}"


def _is_told(one: dict[str, Any]) -> bool:
    """Tell whether the list of points has all of a point, and nothing but texts of a line."""
    pages = one.get("pages")
    return one.keys() == POINT_TOLD | {"pages"} and isinstance(pages, list) and all(
        isinstance(text, str) and len(text) <= MAX_FINDING
        for text in (*pages, *map(one.get, POINT_TOLD))
    )  # fmt: skip


def _checks_of(result: dict[str, Any]) -> Iterator[str]:
    """Tell the checks of each page at a point, the good ones too: it may deny what we say."""
    if not result.get("checks"):
        yield "rien n’en est prouvé ici"
    for name, verdicts in result.get("checks", {}).items():
        target = name.partition("@")[0]
        outages = sum(outage["target"] == target for outage in result["outages"])
        counts = ", ".join(some(verdicts[one], *WORDS[one]) for one in WORDS if one in verdicts)
        total, found = some(sum(verdicts.values()), "relevé"), some(outages, "indisponibilité")
        yield f"{shown(target)} : {total} ({counts}), {found}"


def _seen(outage: dict[str, Any], result: dict[str, Any]) -> str:
    # One that is not over has no end: "9" is after any instant.
    target, end = outage["target"], outage.get("first_ok_at", "9")
    same = [
        other for other in result.get("outages", ()) if other["target"] == target
        if other["first_fail_at"] < end and other.get("first_ok_at", "9") > outage["first_fail_at"]
    ]  # fmt: skip
    if same:
        spans: list[str] = [
            f"du {each['first_fail_at']} au {each.get('first_ok_at', '…')}" for each in same
        ]
        return f"indisponible {', '.join(spans)}"
    if any(name.partition("@")[0] == target for name in result.get("checks", ())):
        return "relevée aussi, sans indisponibilité à ces moments"
    return "rien n’est prouvé de cette page"


def main() -> int:
    parser = argparse.ArgumentParser(description="Vérifie la copie d’un journal Vigie.")
    parser.add_argument("dossier", type=Path, help="dossier d’une copie, ou lot de preuves (.wacz)")
    parser.add_argument("--cle", default="", help="clé publique du journal, telle que publiée")
    parser.add_argument(
        "--cles", type=Path, help="clés du journal et des cosignataires, obtenues d’ailleurs"
    )
    parser.add_argument(
        "--cle-point", action="append", default=[], metavar="CLE",
        help="clé d’un autre point de mesure, dont le lot doit contenir les preuves",
    )  # fmt: skip
    parser.add_argument("--racines", type=Path, help="certificats des autorités d’horodatage (PEM)")
    parser.add_argument(
        "--ancien", type=Path, action="append", default=[],
        help="checkpoint obtenu auparavant, que le journal doit prolonger",
    )  # fmt: skip
    # `vigie verify` has this program judge a service's own data: there, other things stand beside
    # the journal, and while the service runs it adds to it.
    parser.set_defaults(data=False, alive=False, unknown=set, package=None)
    parser.add_argument("--json", action="store_true", help="répondre en JSON")
    options = parser.parse_args()
    for stream in (sys.stdout, sys.stderr):  # a terminal of another alphabet is no reason to stop
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    whole = judge if options.dossier.is_dir() else judge_package
    result = whole(options, (lambda _: None) if options.json else print)
    if options.json:
        print(json.dumps(result, ensure_ascii=True, indent=1))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
