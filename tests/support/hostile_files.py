"""Files that nobody should read as they come: links, pipes, bombs, sizes that no disk has."""

import gzip
import os
import zlib
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

HUGE = 64 * 2**30


def fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE)


def folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def unreadable_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00" * 50)


def text(path: Path) -> None:
    path.write_text("log ²\n\n— é ²\nquorum ²\n")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def bomb(path: Path) -> None:
    """Write 10 MB that hold 10 GB of zeros, the same member again and again."""
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(2**20)
    member = b"".join(packer.compress(zeros) for _ in range(100)) + packer.flush()
    with path.open("wb") as file:
        for _ in range(100):
            file.write(member)


def empty_members(path: Path) -> None:
    path.write_bytes(gzip.compress(b"", mtime=0) * 200_000)


HOSTILE: dict[str, Callable[[Path], None]] = {
    "a pipe": fifo,
    "a link to what never ends": endless,
    "a sparse file": sparse,
    "a folder": folder,
    "bytes where text belongs": unreadable_text,
    "text where bytes belong": text,
    "nothing": empty,
    "a bomb": bomb,
    "many empty members": empty_members,
}

PRIME = 2**255 - 19
ORDER_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"


def weak_keys() -> dict[str, bytes]:
    """Return the points of small order, and writings of points that are not canonical."""
    eighth = int.from_bytes(bytes.fromhex(ORDER_8), "little")
    values = {
        "neutral": 1, "order 2": PRIME - 1, "order 4": 0, "order 8": eighth,
        "order 8, other": PRIME - eighth, "p": PRIME, "p + 1": PRIME + 1,
        "the largest": 2**255 - 1,
    }  # fmt: skip
    found = {}
    for name, y in values.items():
        for sign in (0, 1):
            found[f"{name}, sign {sign}"] = (y | sign << 255).to_bytes(32, "little")
    return found


def key_text(name: str, kind: int, public: bytes) -> str:
    """Write a verifier key whatever its 32 bytes are."""
    data = bytes([kind]) + public
    identity = sha256(name.encode() + b"\n" + data).digest()[:4].hex()
    return f"{name}+{identity}+{b64encode(data).decode()}"
