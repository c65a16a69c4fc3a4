"""Captures against the leaves that name them."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from os.path import realpath  # unlike Path.resolve, it raises for no loop of links
from pathlib import Path

from monitor.core.model import CaptureReason, Exchange
from monitor.evidence.captures import capture_metadata, day_files
from monitor.evidence.captures.warc import WarcError


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a `capture` leaf says, and what its observation says of the body.

    `body_sha256` is None for no body, and "" when the observation is too far to be compared.
    """

    leaf: int
    target: str
    point: str
    at: datetime
    file: str
    sha256: str
    why: tuple[str, ...]
    body_sha256: str | None

    @property
    def may_be_gone(self) -> bool:
        """Whether retention may have removed it: nothing rests on it."""
        return self.why == (CaptureReason.DAILY.value,)


def opened(path: Path, sha256: str, reread: Callable[[Exchange], Exchange]) -> Exchange | None:
    """Return the exchange of a capture, whole again; None when the file has none of this digest.

    `reread` reads status, headers and body from its bytes.

    Raises:
        WarcError, ValueError: it cannot be read, or its bytes are not those that it names.
        OSError: the file is missing, or cannot be read.

    """
    found = day_files.find(path, sha256)
    return reread(capture_metadata.observation_from(*found).exchange) if found else None


class Claims:
    """All that leaves say of captures, kept on the disk once it is much."""

    def __init__(self) -> None:
        self._kept = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._kept.execute(
            "CREATE TABLE claim (file TEXT, leaf INT, target TEXT, point TEXT, at TEXT,"
            " sha256 TEXT, why TEXT, body TEXT)"
        )
        self._kept.execute("BEGIN")
        self._count = 0

    def add(self, claim: Claim) -> None:
        """Take note of one."""
        check = claim.target, claim.point, claim.at.isoformat()
        kept = claim.sha256, " ".join(claim.why), claim.body_sha256
        row = claim.file, claim.leaf, *check, *kept
        self._kept.execute("INSERT INTO claim VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def by_file(self) -> Iterator[tuple[str, list[Claim]]]:
        """Yield the name of each file, and what is said of it, leaf after leaf."""
        every = self._kept.execute("SELECT * FROM claim ORDER BY file, leaf")
        for file, rows in groupby(every, key=itemgetter(0)):
            yield (
                file,
                [
                    Claim(
                        leaf=leaf,
                        target=target,
                        point=point,
                        at=datetime.fromisoformat(at),
                        file=file,
                        sha256=sha256,
                        why=tuple(why.split()),
                        body_sha256=body,
                    )
                    for _, leaf, target, point, at, sha256, why, body in rows
                ],
            )

    def close(self) -> None:
        """Let go of the file."""
        self._kept.close()


def faults(
    folder: Path,
    claims: Claims,
    reread: Callable[[Exchange], Exchange],
    progress: Callable[[str, int], None] = lambda what, count: None,  # noqa: ARG005 -- silent
) -> Iterator[str]:
    """Yield, in French, the captures that are missing or are not what their leaf says.

    Each file is read once. `reread` reads status, headers and body from the bytes of an
    exchange again; `progress` is told how many captures were checked.
    """
    done = 0
    for file, some in claims.by_file():
        for leaf, fault in _faults_of(folder, file, some, reread):
            yield f"entrée {leaf}, {file} : {fault}"
        done += len(some)
        progress("captures", done)


def _faults_of(
    folder: Path, file: str, claims: list[Claim], reread: Callable[[Exchange], Exchange]
) -> Iterator[tuple[int, str]]:
    path = folder / file
    if not Path(realpath(path)).is_relative_to(realpath(folder)):
        yield claims[0].leaf, "un fichier hors du dossier des captures"
        return
    wanted: dict[str, list[Claim]] = {}
    for claim in claims:
        wanted.setdefault(claim.sha256, []).append(claim)
    why = "octets absents"
    try:
        for sha256_, found in day_files.accounts(path, wanted.keys()):
            for claim in wanted.pop(sha256_, ()):
                fault = _fault(claim, found, reread)
                if fault is not None:
                    yield claim.leaf, fault
    except FileNotFoundError:
        pass
    except (WarcError, OSError, ValueError) as error:
        yield claims[0].leaf, f"le fichier est illisible ({error})"
        why = "octets illisibles ou absents"
    for claim in (claim for some in wanted.values() for claim in some):
        if not claim.may_be_gone:
            yield claim.leaf, why


def _fault(
    claim: Claim, found: day_files.Found, reread: Callable[[Exchange], Exchange]
) -> str | None:
    try:
        told, records = found
        seen = capture_metadata.observation_from(told, records)
        exchange = reread(seen.exchange)
    except (WarcError, ValueError) as error:
        return f"illisible ({error})"
    if (seen.target, seen.point, seen.at) != (claim.target, claim.point, claim.at):
        return "c’est la copie d’un autre relevé"
    if tuple(sorted(told.why)) != claim.why:
        return "elle n’est pas gardée pour les raisons que dit son entrée"
    body = sha256(exchange.body).hexdigest() if exchange.body else None
    if claim.body_sha256 not in {"", body}:
        return "le corps n’est pas celui du relevé"
    return None
