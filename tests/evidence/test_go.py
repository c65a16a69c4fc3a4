"""Go's own packages verify our journal and our proofs, and refuse what is changed in them."""

import json
import os
import random
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from monitor.evidence.log import mirror, tlog
from monitor.evidence.log.journal import Journal
from monitor.evidence.log.note import Algorithm, SignerKey

SOURCE = Path(__file__).parent / "go" / "verify.go"
PACKAGES = Path("/usr/share/gocode")  # Debian's golang-golang-x-mod-dev
KEY = SignerKey("vigie.example.org/journal", Algorithm.ED25519, bytes(range(32)))
SIZE = 70_001
AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

needs_go = pytest.mark.skipif(
    shutil.which("go") is None or not (PACKAGES / "src/golang.org/x/mod").is_dir(),
    reason="needs Debian's golang-go and golang-golang-x-mod-dev (scripts/packages test)",
)
pytestmark = needs_go


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the verifier, without any network."""
    folder = tmp_path_factory.mktemp("go")
    env = {
        "PATH": os.environ["PATH"],
        "GOPATH": str(PACKAGES),
        "GO111MODULE": "off",
        "GOFLAGS": "",
        "GOPROXY": "off",
        "GOCACHE": str(folder / "cache"),
        "HOME": str(folder),
    }
    command = ["go", "build", "-o", str(folder / "verify"), str(SOURCE)]
    subprocess.run(command, check=True, env=env)
    return folder / "verify"


def entry(index: int) -> bytes:
    return json.dumps({"v": 1, "type": "round", "number": index}).encode()


class Leaves:
    """A store of leaves that are made when they are asked for."""

    def leaf_count(self) -> int:
        return SIZE

    def first_leaf(self) -> int:
        return 0

    def leaves(self, since: int, until: int) -> Sequence[bytes]:
        return [entry(index) for index in range(since, until)]

    def signed_size(self) -> int:
        return 0


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seal a journal of 70,001 leaves as the service does, and export it."""
    data = tmp_path_factory.mktemp("journal")
    journal = Journal(data, KEY, Leaves())
    journal.open(AT)
    journal.seal(AT)
    journal.close()
    mirror.copy_tree(data / "journal", data / "copie")
    return data / "copie"


def verify(program: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(program), str(folder), str(KEY.verifier)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_go_verifies_every_leaf_of_our_journal(program: Path, exported: Path) -> None:
    done = verify(program, exported)

    assert done.returncode == 0, done.stderr
    assert f"{SIZE} leaves verified\n" == done.stdout


def flipped(path: Path) -> Callable[[], None]:
    """Flip a bit of a file; return what puts it back."""
    before = path.read_bytes()
    changed = bytearray(before)
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)

    def put_back() -> None:
        path.write_bytes(before)

    return put_back


@pytest.mark.parametrize(
    "name",
    [
        "checkpoint",
        "tile/0/000",
        "tile/0/273.p/113",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
        "tile/entries/100",
        "tile/entries/273.p/113",
    ],
)
def test_go_refuses_a_flipped_bit_of_any_kind_of_file(
    name: str, program: Path, exported: Path
) -> None:
    put_back = flipped(exported / name)
    try:
        assert verify(program, exported).returncode != 0
    finally:
        put_back()


@cache
def nodes(level: int, index: int) -> bytes:
    if level == 0:
        return tlog.leaf_hash(entry(index))
    return tlog.node_hash(nodes(level - 1, 2 * index), nodes(level - 1, 2 * index + 1))


def case(hashes: Sequence[bytes], *, old: bool, size: int, n: int) -> dict[str, object]:
    """Return a case: the proof, then the root, then what is proved."""
    *proof, root, known = (b64encode(hash_).decode() for hash_ in hashes)
    return {"Old": old, "Proof": proof, "Size": size, "N": n, "Root": root, "Hash": known}


def cases(chance: random.Random) -> list[tuple[dict[str, object], str]]:
    """Return one good proof of each kind, and the same with one bit changed in each hash."""
    size = chance.randint(2, 3000)
    n, root = chance.randrange(1, size), tlog.root(nodes, size)
    inclusion, consistency = tlog.prove_inclusion, tlog.prove_consistency
    found = []
    for old, proof, known in (
        (False, inclusion(nodes, n, size), nodes(0, n)),
        (True, consistency(nodes, n, size), tlog.root(nodes, n)),
    ):
        hashes = [*proof, root, known]
        found.append((case(hashes, old=old, size=size, n=n), "yes"))
        for rank in range(len(hashes)):
            changed = bytearray(hashes[rank])
            changed[chance.randrange(32)] ^= 1 << chance.randrange(8)
            spoilt = [*hashes[:rank], bytes(changed), *hashes[rank + 1 :]]
            found.append((case(spoilt, old=old, size=size, n=n), "no"))
    return found


def test_go_accepts_our_proofs_and_no_flipped_bit(program: Path) -> None:
    chance = random.Random(3)  # noqa: S311 -- a test that can be repeated
    asked = [case for _ in range(100) for case in cases(chance)]

    done = subprocess.run(
        [program, "proofs"],
        input="".join(f"{json.dumps(each)}\n" for each, _ in asked),
        check=True,
        capture_output=True,
        text=True,
    )

    assert [wanted for _, wanted in asked] == done.stdout.split()
