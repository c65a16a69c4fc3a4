#!/usr/bin/env -S python3 -I
"""Vérifie, sans réseau et sans aucun autre programme de Vigie, la copie d'un journal.

    python3 -I verifier.py DOSSIER [--cle CLE] [--racines FICHIER] [--ancien FICHIER]...

Il ne faut que Python (3.9 ou plus récent, sans rien y ajouter) et la commande `openssl`.
Sortie : 0 si tout concorde, 1 sinon ; chaque défaut est dit avec le nom du fichier.

Ne prenez pas ce programme dans le dossier qu'il juge : qui a changé l'un a pu changer l'autre.
Prenez-le sur le site de l'association, ou comparez son empreinte (sha256sum verifier.py) avec
celle qu'elle publie. « -I » empêche Python de charger un module posé par un tiers.

For whoever reads this file rather than trusts it: it is meant to be read from top to bottom.
The formats are public and not ours: RFC 6962 (the tree), C2SP signed-note, tlog-checkpoint,
tlog-cosignature, tlog-tiles and tlog-proof, RFC 3161 (time-stamps), WARC/1.1 (captures).
Every signature is checked by openssl; Python does nothing but SHA-256, and compares.

    DOSSIER/cles.txt                      "log CLE", "witness NOM CLE", "quorum N" (tlog-policy)
    DOSSIER/racines.pem                   authorities whose time-stamps are believed
    DOSSIER/MANIFESTE                     digest of each file, as sha256sum writes it
    DOSSIER/journal/checkpoint            the root of the tree, signed
    DOSSIER/journal/tile/...              the tree, and its leaves in tile/entries/
    DOSSIER/journal/horodatages/SHA256/   a time-stamp, and the checkpoint that it dates
    DOSSIER/preuves/N.tlog-proof, N.json  a leaf apart, with the proof that it is in the tree
    DOSSIER/captures/*.warc.gz            the bytes that were exchanged
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
import gzip
import hashlib
import json
import os
import re
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

Leaf = dict[str, Any]

DER_PREFIX = bytes.fromhex("302a300506032b6570032100")  # what openssl wants before 32 bytes
LOG, WITNESS = 0x01, 0x04  # kinds of Ed25519 keys (signed-note, tlog-cosignature)
WIDTH = 256  # hashes in a tile
MAX_BYTES = 100_000_000  # of any one thing: what is larger is hostile


class Fault(Exception):  # noqa: N818 -- what was found, not an error of this program
    """Something that does not agree; its text names the file."""


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


def read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Fault(f"{path} : trop grand")
        return path.read_bytes()
    except OSError as error:
        raise Fault(f"{path} : illisible ({error.strerror})") from None


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
    done = subprocess.run(
        [OpenSSL.path, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        env=OpenSSL.environment,
    )
    return done.returncode == 0, done.stdout + done.stderr


def verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether an Ed25519 signature (RFC 8032) is good; `key` is 32 bytes."""
    with tempfile.TemporaryDirectory() as folder:
        public, text, signed = (Path(folder) / name for name in ("key", "text", "signature"))
        public.write_bytes(DER_PREFIX + key)
        text.write_bytes(message)
        signed.write_bytes(signature)
        return openssl(
            "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", public,
            "-in", text, "-sigfile", signed,
        )[0]  # fmt: skip


# Section 7.1 of RFC 8032, test 2: a key, and its signature of the byte 0x72.
KNOWN_KEY = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
KNOWN_SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


# --- Keys, notes, checkpoints ------------------------------------------------------------------


class Key:
    """A public key written "name+hash+base64"."""

    def __init__(self, text: str, where: object) -> None:
        self.name, _, rest = text.strip().partition("+")
        hash_, _, encoded = rest.partition("+")
        data = unbase64(encoded, where)
        self.kind, self.public = data[0] if data else 0, data[1:]
        self.id = sha256(self.name.encode() + b"\n" + data)[:4]
        if self.kind not in (LOG, WITNESS) or len(self.public) != 32 or self.id.hex() != hash_:
            raise Fault(f"{where} : clé mal écrite : {text.strip()[:80]}")

    def verifies(self, message: bytes, signature: bytes) -> bool:
        return verifies(self.public, message, signature)


class Checkpoint:
    """A signed root. `where` names its file; `cosigned` are witnesses and their times."""

    def __init__(self, data: bytes, where: object, key: Key, witnesses: Sequence[Key]) -> None:
        self.where = where
        try:
            text, found, lines = data.decode().rpartition("\n\n")
        except UnicodeDecodeError:
            raise Fault(f"{where} : texte illisible") from None
        self.text = text + "\n"
        parts = self.text.split("\n")
        if not found or not lines.endswith("\n") or len(parts) < 4 or not parts[1].isdigit():
            raise Fault(f"{where} : ce n'est pas un checkpoint signé")
        self.origin, self.size = parts[0], int(parts[1])
        self.root = unbase64(parts[2], where)
        self.cosigned: dict[str, int] = {}
        signed = False
        for line in lines[:-1].split("\n"):
            dash, _, rest = line.partition(" ")
            name, _, encoded = rest.partition(" ")
            data = unbase64(encoded, where)
            if dash != "—" or not name or len(data) < 5:
                raise Fault(f"{where} : ligne de signature mal formée")
            for one in (key, *witnesses):
                if (one.name, one.id) == (name, data[:4]):
                    self._check(one, data[4:])
                    signed = signed or one is key
        if not signed or self.origin != key.name:
            raise Fault(f"{where} : pas signé par la clé du journal, {key.name}")

    def _check(self, key: Key, signature: bytes) -> None:
        message = self.text.encode()
        if key.kind == WITNESS:
            at, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = f"cosignature/v1\ntime {at}\n".encode() + message
            self.cosigned[key.name] = at
        if not key.verifies(message, signature):
            raise Fault(f"{self.where} : la signature de {key.name} est fausse")


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

    def __init__(self, journal: Path, faults: list[str]) -> None:
        self.journal, self.faults = journal, faults
        self.size = 0
        self.complete: list[tuple[int, bytes]] = []
        self.rows: dict[int, tuple[int, list[bytes]]] = {}
        self.seen: set[Path] = set()

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
        for path in sorted((self.journal / "tile").rglob("*")):
            if path.is_file() and path not in self.seen:
                self.faults.append(f"{path} : fichier de trop")

    def _in_tile(self, level: int, hash_: bytes) -> None:
        index, hashes = self.rows.setdefault(level, (0, []))
        hashes.append(hash_)
        if len(hashes) == WIDTH:
            self._compare(level, index, hashes)
            self.rows[level] = (index + 1, [])

    def _compare(self, level: int, index: int, hashes: list[bytes]) -> None:
        for width, path in self.files(level, index, len(hashes)):
            if read(path) != b"".join(hashes[:width]):
                leaves = f" (ou tile/entries : {tile_name('entries', index)})" * (not level)
                self.faults.append(f"{path} : ne concorde pas avec les feuilles{leaves}")

    def files(self, kind: object, index: int, width: int) -> list[tuple[int, Path]]:
        """Return the file of a tile, and older ones that hold its beginning."""
        full = self.journal / tile_name(kind, index)
        names = [(width, self.journal / tile_name(kind, index, width))]
        partial = full.with_name(full.name + ".p")
        for path in sorted(partial.iterdir()) if partial.is_dir() else ():
            number = path.name.removesuffix(".gz") if kind == "entries" else path.name
            if number.isdigit() and 0 < int(number) <= width:
                names.append((int(number), path))
        if kind == "entries":
            zipped = names[0][1].with_name(names[0][1].name + ".gz")
            if zipped.exists():
                names[0] = (width, zipped) if not names[0][1].exists() else names[0]
                names.append((width, zipped))
        found = sorted(set(names), key=lambda one: (-one[0], one[1].name))
        self.seen.update(path for _, path in found)
        return found


def entries_of(path: Path) -> Iterator[bytes]:
    """Yield the leaves in a bundle: each is two bytes of length, then its bytes."""
    data = read(path)
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
        whole = stream.decompress(data, MAX_BYTES)
    except zlib.error:
        raise Fault(f"{where} : compression abîmée") from None
    if not stream.eof or stream.unused_data:
        raise Fault(f"{where} : coupé, ou trop grand")
    return whole


def walk(
    journal: Path, checkpoint: Checkpoint, older: Sequence[Checkpoint], faults: list[str]
) -> dict[str, list[tuple[int, Leaf]]]:
    """Rebuild the tree from its leaves; return the leaves that speak of other files.

    The root is recomputed at the size of each older checkpoint: that is more than a proof of
    consistency, which stands for this when one has not all the leaves.
    """
    tree = Tree(journal, faults)
    said: dict[str, list[tuple[int, Leaf]]] = {"token": [], "capture": []}
    roots = {one.size: b"" for one in older}
    for index in range((checkpoint.size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, checkpoint.size - tree.size)
        files = tree.files("entries", index, width)
        leaves = list(entries_of(files[0][1]))
        if len(leaves) != width:
            raise Fault(f"{files[0][1]} : {len(leaves)} feuilles au lieu de {width}")
        faults += [
            f"{path} : autres feuilles que {files[0][1].name}"
            for part, path in files[1:]
            if list(entries_of(path)) != leaves[:part]
        ]
        for leaf in leaves:
            note_leaf(leaf, tree.size, said, files[0][1], faults)
            tree.add(leaf_hash(leaf))
            if tree.size in roots:
                roots[tree.size] = tree.root()
    tree.finish()
    if tree.root() != checkpoint.root:
        faults.append(f"{checkpoint.where} : les feuilles ne mènent pas à la racine signée")
    roots[0] = sha256(b"")
    faults += [
        f"{one.where} : le journal ne prolonge pas ce checkpoint : il a été réécrit, ou abrégé"
        for one in older
        if roots[one.size] != one.root
    ]
    return said


def note_leaf(
    leaf: bytes,
    index: int,
    said: dict[str, list[tuple[int, Leaf]]],
    path: Path,
    faults: list[str],
) -> None:
    try:
        told = json.loads(leaf)
        kind = told["type"]
    except (ValueError, TypeError, KeyError):
        faults.append(f"{path} : la feuille {index} n'est pas un objet JSON")
        return
    if kind in said:
        said[kind].append((index, told))


def check_proof(path: Path, key: Key, witnesses: Sequence[Key]) -> Checkpoint:
    """Check that a leaf kept apart is in the tree that its checkpoint signs (RFC 9162, 2.1.3)."""
    head, found, note = read(path).partition(b"\n\n")
    lines = head.decode("utf-8", "replace").split("\n")
    lines = [line for line in lines if not line.startswith("extra ")]
    index = lines[1].removeprefix("index ") if len(lines) > 1 else ""
    if not found or lines[0] != "c2sp.org/tlog-proof@v1" or not index.isdigit():
        raise Fault(f"{path} : ce n'est pas une preuve")
    checkpoint = Checkpoint(note, path, key, witnesses)
    hashes = [unbase64(line, path) for line in lines[2:]]
    node, last, hash_ = int(index), checkpoint.size - 1, leaf_hash(read(path.with_suffix(".json")))
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
    if last or hashes or int(index) >= checkpoint.size or hash_ != checkpoint.root:
        raise Fault(f"{path} : {path.with_suffix('.json').name} n'est pas dans l'arbre signé")
    return checkpoint


# --- Time-stamps -------------------------------------------------------------------------------

STATED = re.compile(
    r"^Time stamp: (\w{3} +\d+ \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$", re.MULTILINE
)


def check_stamp(folder: Path, roots: Path) -> int:
    """Check a time-stamp (RFC 3161) at the time that it states; return that time."""
    token, note, chain = (folder / name for name in ("token.tst", "checkpoint", "chain.pem"))
    if sha256(read(token)).hex() != folder.name:
        raise Fault(f"{token} : ce n'est pas le jeton qui donne son nom au dossier")
    stated = STATED.search(openssl("ts", "-reply", "-token_in", "-in", token, "-text")[1])
    if stated is None:
        raise Fault(f"{token} : jeton illisible")
    at = calendar.timegm(time.strptime(" ".join(stated.groups()), "%b %d %H:%M:%S %Y"))
    if not openssl(
        "ts", "-verify", "-token_in", "-in", token, "-data", note, "-CAfile", roots,
        "-untrusted", chain, "-attime", at,
    )[0]:  # fmt: skip
        raise Fault(f"{token} : refusé par openssl ({note.name}, {chain.name}, {roots.name})")
    check_chain(folder, roots, at)
    return at


def check_chain(folder: Path, roots: Path, at: int) -> None:
    """Check the certificates kept beside a token, and the lists of those revoked."""
    chain = folder / "chain.pem"
    if certificates(chain)[-1] not in certificates(roots):
        raise Fault(f"{chain} : sa racine n'est pas dans {roots.name}")
    if not openssl(
        "verify", "-purpose", "timestampsign", "-attime", at, "-CAfile", roots,
        "-untrusted", chain, chain,
    )[0]:  # fmt: skip
        raise Fault(f"{chain} : chaîne de certificats refusée par openssl")
    serial = openssl("x509", "-in", chain, "-noout", "-serial")[1].strip().partition("=")[2]
    for path in sorted(folder.glob("*.crl")):
        text = openssl("crl", "-inform", "DER", "-in", path, "-CAfile", chain, "-text", "-noout")[1]
        if "verify OK" not in text:
            raise Fault(f"{path} : liste de révocation que la chaîne ne signe pas")
        if re.search(rf"Serial Number: 0*{serial}$", text, re.MULTILINE):
            raise Fault(f"{path} : le certificat de {folder / 'token.tst'} est révoqué")


def certificates(path: Path) -> list[bytes]:
    """Return the certificates of a PEM file, as DER."""
    text = read(path).decode("ascii", "replace")
    blocks = re.findall(
        "-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.DOTALL
    )
    if not blocks:
        raise Fault(f"{path} : aucun certificat")
    return [unbase64("".join(block.split()), path) for block in blocks]


# --- Captures ----------------------------------------------------------------------------------

HEAD_END = re.compile(rb"\r?\n\r?\n")
INTERIM = re.compile(rb"HTTP/1\.[01] 1\d\d")


class Capture:
    """The records of one WARC file, by id; of their blocks, no more than what is needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.accounts: dict[str, bytes] = {}  # `metadata` blocks, by the digest of the record
        self.digests: dict[str, str] = {}  # of the bytes exchanged, by record id
        revisits: list[tuple[str, str, bytes]] = []
        for fields, block, whole in records(path):
            kind, name = fields.get("warc-type"), fields.get("warc-record-id", "")
            if kind == "metadata":
                self.accounts[sha256(whole).hex()] = block
            elif kind == "revisit":
                revisits.append((name, fields.get("warc-refers-to", ""), block))
            else:
                self.digests[name] = sha256(block).hex()
        wanted = {original for _, original, _ in revisits}
        for fields, block, _ in records(path) if wanted else ():
            if fields.get("warc-record-id") in wanted:
                body = block[head_size(block) :]
                for name, original, head in revisits:
                    if original == fields["warc-record-id"]:
                        self.digests[name] = sha256(head + body).hex()


def records(path: Path) -> Iterator[tuple[dict[str, str], bytes, bytes]]:
    """Yield the fields, the block and all the bytes of each record of a WARC file.

    The last record may be cut short: a crash leaves it so, and nothing names it.
    """
    with gzip.open(path) as file:
        while True:
            try:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = file.readline(MAX_BYTES)
                    if not line:
                        if head:
                            raise Fault(f"{path} : enregistrement coupé")
                        return
                    head += line
                lines = head.decode("utf-8", "replace").split("\r\n")
                pairs = (line.partition(":") for line in lines[1:-2])
                fields = {name.lower(): value.strip() for name, _, value in pairs}
                size = int(fields.get("content-length", "-1"))
                if lines[0] != "WARC/1.1" or not 0 <= size <= MAX_BYTES:
                    raise Fault(f"{path} : ce n'est pas un fichier WARC/1.1")
                block, end = file.read(size), file.read(4)
                if len(block) != size or end != b"\r\n\r\n":
                    raise Fault(f"{path} : enregistrement coupé")
            except EOFError:
                return
            except (OSError, zlib.error, ValueError):
                raise Fault(f"{path} : abîmé") from None
            yield fields, block, head + block + end


def head_size(response: bytes) -> int:
    """Return how long the head of an HTTP answer is, early answers (103) included."""
    end = 0
    while True:
        interim, found = INTERIM.match(response, end), HEAD_END.search(response, end)
        end = found.end() if found else len(response)
        if not (interim and found):
            return end


def check_capture(leaf: Leaf, file: Capture) -> bool:
    """Check a capture against its leaf; False for a daily copy that was removed since."""
    block = file.accounts.get(leaf["sha256"])
    if block is None:
        if leaf.get("why") == ["daily"]:
            return False
        raise Fault(f"{file.path} : la copie {leaf['sha256'][:16]}… du journal n'y est pas")
    told = json.loads(block)
    seen = told["observation"]
    if seen["target"] != leaf["target"] or instant(seen["at"]) != instant(leaf["at"]):
        raise Fault(f"{file.path} : la copie du {leaf['at']} est celle d'un autre relevé")
    for wire in told["wires"]:
        for part in ("request", "response"):
            if wire[part] and file.digests.get(wire[part]) != wire[f"{part}_sha256"]:
                raise Fault(f"{file.path} : octets changés ou absents, relevé du {leaf['at']}")
    return True


def instant(text: str) -> str:
    """Write an instant with all its microseconds, to compare it."""
    whole, _, rest = text.rstrip("Z").replace("+00:00", "").partition(".")
    return f"{whole}.{rest:0<6}"


# --- Programs that have no business there ------------------------------------------------------

PROGRAMS = {".py", ".pyc", ".pyd", ".pth", ".so", ".dll", ".dylib", ".exe"}
COMMANDS = {"openssl", "python", "python3", "sitecustomize", "usercustomize"}
HERE = Path(__file__).resolve()


def programs(folder: Path) -> list[Path]:
    """Return the programs in a copy of a journal, where none but this one belongs."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in PROGRAMS or path.name.lower() in COMMANDS
        if path != folder / "verifier.py"
    ]


def modules(folder: Path) -> list[Path]:
    """Return what lies in a folder under the name of a module of Python that we load."""
    loaded = {name.partition(".")[0] for name in sys.modules} - {"__main__"}
    return [path for path in sorted(folder.iterdir()) if path.name.partition(".")[0] in loaded]


# --- The whole ---------------------------------------------------------------------------------


class Verification:
    """The steps, in order. `faults` is all that does not agree."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.folder: Path = asked.dossier
        self.journal = self.folder / "journal"
        self.roots: Path = asked.racines or self.folder / "racines.pem"
        self.old: list[Path] = asked.ancien
        self.faults: list[str] = [
            f"{path} : programme étranger ; la copie d'un journal n'en contient pas"
            for path in programs(self.folder)
        ]
        self.key, self.witnesses, self.quorum = self._keys(asked.cle)
        self.stamps = [path.parent for path in sorted(self.journal.glob("horodatages/*/token.tst"))]
        self.said: dict[str, list[tuple[int, Leaf]]] = {"token": [], "capture": []}

    def _keys(self, given: str) -> tuple[Key, list[Key], int]:
        path = self.folder / "cles.txt"
        lines = [line.split() for line in read(path).decode("utf-8", "replace").splitlines()]
        logs = [words[1] for words in lines if words[:1] == ["log"] and len(words) > 1]
        witnesses = [Key(w[2], path) for w in lines if w[:1] == ["witness"] and len(w) > 2]
        quorum = [w[1] for w in lines if w[:1] == ["quorum"] and len(w) > 1 and w[1].isdigit()]
        if len(logs) != 1:
            raise Fault(f"{path} : il faut une clé de journal, et une seule")
        if given and given != logs[0]:
            raise Fault(f"{path} : la clé du dossier n'est pas celle que vous avez donnée")
        if not given:
            print("   Clé lue dans le dossier même : comparez-la avec celle que l'association")
            print("   publie et imprime sur ses pièces, ou donnez celle-ci par --cle.")
        print(f"   {logs[0]}")
        return Key(logs[0], path), witnesses, int(quorum[0]) if quorum else 0

    def attempt(self, check: Callable[..., Any], *given: object) -> Any:
        """Do one check; what is wrong is noted, and the next ones are still done."""
        try:
            return check(*given)
        except Fault as fault:
            self.faults.append(str(fault))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.faults.append(f"{self.folder} : contenu inattendu ({error!r})")
        return None

    def manifest(self) -> str:
        path = self.folder / "MANIFESTE"
        if not path.exists():
            return "absent : on ne peut dire si des fichiers manquent à cette copie"
        told = {}
        for line in read(path).decode("utf-8", "replace").splitlines():
            digest, _, name = line.partition("  ")
            told[name] = digest
        here = {
            each.relative_to(self.folder).as_posix(): each
            for each in sorted(self.folder.rglob("*"))
            if each.is_file() and each != path
        }
        for name in sorted(set(told) | set(here)):
            if name not in here:
                self.faults.append(f"{self.folder / name} : manque, et le MANIFESTE le nomme")
            elif name not in told:
                self.faults.append(f"{here[name]} : de trop, le MANIFESTE ne le nomme pas")
            elif sha256(read(here[name])).hex() != told[name]:
                self.faults.append(f"{here[name]} : n'a pas l'empreinte que dit le MANIFESTE")
        return f"{len(told)} fichiers"

    def checkpoint(self, path: Path) -> Checkpoint:
        return Checkpoint(read(path), path, self.key, self.witnesses)

    def tree(self) -> str:
        last = self.checkpoint(self.journal / "checkpoint")
        paths = [*self.old, *(folder / "checkpoint" for folder in self.stamps)]
        older = [one for one in (self.attempt(self.checkpoint, p) for p in paths) if one]
        self.said = walk(self.journal, last, older, self.faults)
        if last.size and len(last.cosigned) < self.quorum:
            self.faults.append(
                f"{last.where} : {len(last.cosigned)} témoins, il en faut {self.quorum}"
            )
        seen = ", ".join(f"{name} le {told(at)}" for name, at in sorted(last.cosigned.items()))
        return (
            f"{last.size} feuilles, racine {last.root.hex()[:16]}… ; {len(older)} checkpoints "
            f"antérieurs prolongés ; contresigné par : {seen or 'personne'}"
        )

    def proofs(self) -> str:
        paths = sorted(self.folder.glob("preuves/*.tlog-proof"))
        for path in paths:
            self.attempt(check_proof, path, self.key, self.witnesses)
        return f"{len(paths)} feuilles à part"

    def tokens(self) -> str:
        announced = {leaf["sha256"]: (index, leaf) for index, leaf in self.said["token"]}
        for folder in self.stamps:
            at = self.attempt(check_stamp, folder, self.roots)
            index, leaf = announced.pop(folder.name, (None, {}))
            if at is None:
                continue
            size = self.checkpoint(folder / "checkpoint").size
            if index is not None and (leaf["size"], leaf["at"][:19]) != (size, stamp(at)):
                self.faults.append(f"{folder / 'token.tst'} : la feuille {index} dit autre chose")
            place = "pas encore au journal" if index is None else f"feuille {index}"
            print(f"   les {size} premières feuilles existaient le {told(at)} ({place})")
        for digest, (index, _) in announced.items():
            path = self.journal / "horodatages" / digest
            self.faults.append(f"{path} : jeton absent, la feuille {index} l'annonce")
        return f"{len(self.stamps)} jetons"

    def captures(self) -> str:
        there = {path.name: path for path in (self.folder / "captures").glob("*.warc.gz")}
        by_file: dict[str, list[Leaf]] = {}
        for _, leaf in self.said["capture"]:
            by_file.setdefault(leaf["file"], []).append(leaf)
        done = removed = 0
        for name, leaves in by_file.items():
            file = self.attempt(Capture, there[name]) if name in there else None
            for leaf in leaves if file else ():
                found = self.attempt(check_capture, leaf, file)
                done, removed = done + (found is True), removed + (found is False)
        for name in sorted(set(there) - set(by_file)):
            self.faults.append(f"{there[name]} : aucune feuille ne nomme ce fichier")
        absent = sum(len(leaves) for name, leaves in by_file.items() if name not in there)
        return (
            f"{done} relevés dont les octets concordent ; {removed} copies quotidiennes retirées "
            f"depuis ; {absent} dans des fichiers absents de ce dossier"
        )


def stamp(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))


def told(at: int) -> str:
    return time.strftime("%d/%m/%Y à %H:%M:%S UTC", time.gmtime(at))


STEPS = (
    ("Fichiers", "manifest", "aucun fichier de cette copie n'a changé depuis qu'elle fut faite",
     "d'où vient la copie"),
    ("Arbre", "tree", "le journal est entier, signé par sa clé, et prolonge ses états antérieurs",
     "que ce qu'il contient est vrai"),
    ("Preuves", "proofs", "ces feuilles sont dans l'arbre signé", "ce que disent les autres"),
    ("Horodatages", "tokens", "ces feuilles existaient à ces dates, selon des autorités tierces",
     "qu'elles n'existaient pas avant"),
    ("Copies", "captures", "ces octets sont ceux que le relevé a notés",
     "qu'un autre visiteur aurait reçu les mêmes"),
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="Vérifie la copie d'un journal Vigie.")
    parser.add_argument("dossier", type=Path)
    parser.add_argument("--cle", default="", help="clé publique du journal, telle que publiée")
    parser.add_argument("--racines", type=Path, help="certificats des autorités d'horodatage (PEM)")
    parser.add_argument(
        "--ancien", type=Path, action="append", default=[],
        help="checkpoint obtenu auparavant, que le journal doit prolonger",
    )  # fmt: skip
    asked = parser.parse_args()
    faults: list[str]
    judged = asked.dossier.resolve()
    print("0. Ce programme et la clé")
    if judged in HERE.parents:
        print("   Pris dans le dossier même : ce programme est pris dans le dossier qu'il juge.")
        print(f"   Comparez son empreinte (sha256sum {HERE.name}) avec celle que l'association")
        print("   publie, calculée par vos soins : celle qu'il dirait lui-même ne prouverait rien.")
    else:
        for path in modules(HERE.parent):
            print(f"   {path} : posé à côté de ce programme ; il n'a pas été chargé.")
    try:
        OpenSSL.find(judged, HERE.parent)
        verification = Verification(asked)
        faults = verification.faults
        for rank, (title, step, proves, proves_not) in enumerate(STEPS, start=1):
            print(f"{rank}. {title}")
            said = verification.attempt(getattr(verification, step))
            print(f"   {said or 'ne peut être vérifié'}")
            print(f"   Prouve que : {proves}. Ne prouve pas : {proves_not}.")
    except Fault as fault:
        faults = [str(fault)]
    for line in faults:
        print(f"ÉCHEC {line}")
    print(f"\n{len(faults)} défaut(s)." if faults else "\nTout concorde.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
