"""A good copy of a journal, made without our journal: to be verified, and spoilt."""

import asyncio
import hashlib
import json
import re
import shutil
import subprocess
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path

from monitor.core.journal.encode import instant
from monitor.core.model import Capture, Kind, Observation, Target
from monitor.evidence.captures.capture_policy import Captures
from monitor.evidence.log import note, tlog
from monitor.evidence.log.note import Algorithm, Checkpoint, Note, SignerKey
from tests.support import outcomes, tsa
from tests.support.captured import ANSWERS, spoken
from tests.support.outcomes import DEAD, OK, refusal

ROOT = Path(__file__).parents[2]
VERIFIER = ROOT / "verify" / "verifier.py"
LOG = SignerKey("vigie.example.org/journal", Algorithm.ED25519, bytes(range(32)))
WITNESS = SignerKey("temoin.example.org", Algorithm.COSIGNATURE, bytes(range(1, 33)))
OTHER = SignerKey("vigie.example.org/journal", Algorithm.ED25519, bytes(range(2, 34)))
TARGET = Target(slug="cible", name="Cible", url="http://site.test/", kind=Kind.PAGE, platform="x")


@dataclass(slots=True)
class Tree:
    """Leaves, and every node above them; who stamped them."""

    entries: list[bytes] = field(default_factory=list)
    authority: tsa.Authority | None = None

    def nodes(self) -> tlog.Nodes:
        @cache
        def node(level: int, index: int) -> bytes:
            if level == 0:
                return tlog.leaf_hash(self.entries[index])
            return tlog.node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

        return node

    def checkpoint(self, size: int, *, key: SignerKey = LOG, at: int = 0) -> bytes:
        """Sign the tree of the first `size` leaves; cosigned by the witness if `at` is given."""
        text = str(Checkpoint(key.name, size, tlog.root(self.nodes(), size)))
        signatures = [note.sign(text, key)]
        if at:
            signatures.append(note.cosign(text, WITNESS, at=at))
        return bytes(Note(text, tuple(signatures)))

    def write(self, folder: Path, size: int) -> None:
        """Write the tiles and bundles of a tree of `size`."""
        nodes = self.nodes()
        for tile in tlog.tiles(size):
            put(folder / tile.path, tlog.tile_bytes(nodes, tile))
            if tile.level == 0:
                start = tile.index * tlog.TILE_WIDTH
                bundle = tlog.pack_bundle(self.entries[start : start + tile.width])
                put(folder / tlog.bundle_path(tile.index, tile.width), bundle)

    def proof(self, index: int, size: int, checkpoint: bytes) -> bytes:
        """Return a leaf's tlog-proof."""
        hashes = tlog.prove_inclusion(self.nodes(), index, size)
        lines = [b64encode(hash_).decode() for hash_ in hashes]
        head = "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *lines])
        return f"{head}\n\n".encode() + checkpoint


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def leaf(kind: str, **fields: object) -> bytes:
    return json.dumps({"v": 1, "type": kind, **fields}, sort_keys=True).encode()


def capture_leaf(kept: Capture) -> bytes:
    return leaf(
        "capture",
        target=kept.target,
        point=kept.point,
        at=instant(kept.at),
        file=kept.file,
        sha256=kept.sha256,
        why=sorted(kept.why),
    )


async def captured(folder: Path) -> list[bytes]:
    """Keep captures over two days; return their leaves, which follow a leaf of a start."""
    captures = Captures(folder, software="essai/1", clock_limit_us=0)
    leaves = [leaf("setup", point="local", config_sha256=outcomes.CONFIG)]
    failed_at = None
    for rank, name in enumerate(["plain", "plain", "chunked", "chunked", "gzip", "early answers"]):
        at = outcomes.at(6 * 3600 * rank)
        exchanges = [(OK, spoken(at, ANSWERS[name]))]
        later = at + timedelta(hours=1)
        refused = replace(refusal(later), url=TARGET.url)
        exchanges.append((DEAD, spoken(later, ANSWERS[name]) if rank % 2 else refused))
        for judgement, exchange in exchanges:
            observation = outcomes.observation(
                "cible", exchange.started_at, judgement, exchange=exchange
            )
            kept = await captures.keep(TARGET, observation, known_good=True, in_outage=False)
            place = len(leaves) + 1
            leaves.append(check_leaf(observation, setup=1))
            if failed_at and judgement is OK:
                leaves.append(blip_leaf(observation, failed_at, place))
            failed_at = exchange.started_at if judgement is DEAD else None
            leaves += map(capture_leaf, kept)
    return leaves


def check_leaf(seen: Observation, *, setup: int) -> bytes:
    return leaf(
        "observation",
        target=seen.target,
        at=instant(seen.at),
        late_us=(seen.at - seen.slot_at) // timedelta(microseconds=1),
        verdict=seen.judgement.verdict,
        reason=seen.judgement.reason,
        setup=setup,
    )


def blip_leaf(seen: Observation, failed_at: datetime, place: int) -> bytes:
    """Return the leaf of a blip: one failure, ended by the good check whose leaf is `place`."""
    where = {"target": seen.target, "point": seen.point, "at": instant(seen.at)}
    failure = {"first_at": instant(failed_at), "last_at": instant(failed_at), "count": 1}
    return leaf("blip", **where, observation=place, **failure, reason=DEAD.reason, downs=1)


def stamp(folder: Path, authority: tsa.Authority, checkpoint: bytes) -> bytes:
    """Have a checkpoint time-stamped, keep that below `folder`, and return the token's leaf."""
    query = place_of(folder, "query.tsq")
    openssl("ts", "-query", "-data", place_of(folder, "note", checkpoint), "-sha256", "-cert",
            "-out", query)  # fmt: skip
    answer = place_of(folder, "answer.tsr", authority.answer(query.read_bytes()))
    token = place_of(folder, "token.tst")
    openssl("ts", "-reply", "-in", answer, "-token_out", "-out", token)
    output = openssl("ts", "-reply", "-token_in", "-in", token, "-text")
    stated = next(line for line in output.splitlines() if line.startswith("Time stamp: "))
    at = parsedate_to_datetime(re.sub(r"Time stamp: (\w+) +(\d+) ([\d:]+)\S* (\d+) GMT",
                                      r"\2 \1 \4 \3 +0000", stated))  # fmt: skip
    digest = hashlib.sha256(token.read_bytes()).hexdigest()
    chain = (authority.signer, *reversed(authority.chain), authority.root)
    place = folder / digest
    put(place / "checkpoint", checkpoint)
    put(place / "chain.pem", b"".join(one.pem for one in chain))
    put(place / "crl-1.crl", tsa.revocations(authority.root))
    put(place / "token.tst", token.read_bytes())
    shutil.rmtree(folder / "travail")
    size = Checkpoint.parse(Note.parse(checkpoint).text).size
    return leaf("token", size=size, authority="essai", at=instant(at), sha256=digest)


def place_of(folder: Path, name: str, data: bytes = b"") -> Path:
    put(folder / "travail" / name, data)
    return folder / "travail" / name


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def make(folder: Path, *, size: int = 700) -> Tree:
    """Make a copy in which everything agrees: captures, two time-stamps, a witness, a proof."""
    tree = Tree([leaf("run", edge="start", at="2026-11-23T08:00:00.000000Z")])
    tree.entries += asyncio.run(captured(folder / "captures"))
    authority = tree.authority = tsa.authority(folder.parent / "tsa", between=1)
    put(folder / "racines.pem", authority.root_pem.read_bytes())
    stamps = folder / "journal" / "horodatages"
    for end in (300, size):
        while len(tree.entries) < end - 1:
            tree.entries.append(leaf("round", number=len(tree.entries)))
        here = len(tree.entries)
        checkpoint = tree.checkpoint(here, at=1_795_000_000 + here)
        tree.entries.append(stamp(stamps, authority, checkpoint))
    tree.write(folder / "journal", size)
    last = tree.checkpoint(size, at=1_795_100_000)
    put(folder / "journal" / "checkpoint", last)
    put(folder / "preuves" / "3.feuille", tree.entries[3])
    put(folder / "preuves" / "3.tlog-proof", tree.proof(3, size, last))
    keys = f"log {LOG.verifier}\nwitness temoin {WITNESS.verifier}\nquorum 1\n"
    put(folder / "cles.txt", keys.encode())
    put(folder / "LISEZMOI.txt", b"Voir verifier.py\n")
    shutil.copyfile(VERIFIER, folder / "verifier.py")
    list_files(folder)
    return tree


def list_files(folder: Path) -> None:
    """Write the list of files, as sha256sum does."""
    manifest = folder / "MANIFESTE"
    manifest.unlink(missing_ok=True)
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    manifest.write_text("".join(lines), encoding="utf-8")
