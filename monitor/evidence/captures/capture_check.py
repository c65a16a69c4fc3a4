"""Check captures against the leaves that name them."""

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
    """The content of a `capture` leaf, and the digest of the body in its observation.

    `body_sha256` is None for no body, and "" when the observation is not at hand for comparison.
    """

    leaf: int
    target: str
    point: str
    at: datetime
    file: str
    sha256: str
    why: tuple[str, ...]
    body_sha256: str | None
    body_bytes: int = 0

    @property
    def may_be_gone(self) -> bool:
        """Whether retention may have removed it: no verdict depends on it."""
        return self.why == (CaptureReason.DAILY.value,)


def opened(path: Path, sha256: str, reread: Callable[[Exchange], Exchange]) -> Exchange | None:
    """Return the exchange of a capture; None when the file has no account of this digest.

    `reread` reads status, headers and body from its bytes.

    Raises:
        WarcError, ValueError: The capture is invalid, or its bytes are not those of its account.
        OSError: The file is missing, or cannot be read.

    """
    match = day_files.find(path, sha256)
    return reread(capture_metadata.observation_from(*match).exchange) if match else None


class Claims:
    """The claims of all `capture` leaves, in a temporary database that spills to the disk."""

    def __init__(self) -> None:
        self._kept = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._kept.execute(
            "CREATE TABLE claim (file TEXT, leaf INT, target TEXT, point TEXT, at TEXT,"
            " sha256 TEXT, why TEXT, body TEXT, bytes INT)"
        )
        self._kept.execute("BEGIN")
        self._count = 0

    def add(self, claim: Claim) -> None:
        """Add one claim."""
        check = claim.target, claim.point, claim.at.isoformat()
        digests = claim.sha256, " ".join(claim.why), claim.body_sha256, claim.body_bytes
        row = claim.file, claim.leaf, *check, *digests
        self._kept.execute("INSERT INTO claim VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def by_file(self) -> Iterator[tuple[str, list[Claim]]]:
        """Yield the name of each file, and its claims in the order of the leaves."""
        all_rows = self._kept.execute("SELECT * FROM claim ORDER BY file, leaf")
        for file, rows in groupby(all_rows, key=itemgetter(0)):
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
                        body_bytes=size,
                    )
                    for _, leaf, target, point, at, sha256, why, body, size in rows
                ],
            )

    def close(self) -> None:
        """Delete the temporary database."""
        self._kept.close()


def faults(
    folder: Path,
    claims: Claims,
    reread: Callable[[Exchange], Exchange],
    progress: Callable[[str, int], None] = lambda what, count: None,  # noqa: ARG005 -- silent
) -> Iterator[str]:
    """Yield, in French, the captures that are missing or are not what their leaf says.

    Each file is read once. `reread` reads status, headers and body from the bytes of an
    exchange again; `progress` is called with the number of captures checked so far.
    """
    checked_count = 0
    for file, file_claims in claims.by_file():
        for leaf, fault in _faults_of(folder, file, file_claims, reread):
            yield f"feuille {leaf}, {file} : {fault}"
        checked_count += len(file_claims)
        progress("captures", checked_count)


def _faults_of(
    folder: Path, file: str, claims: list[Claim], reread: Callable[[Exchange], Exchange]
) -> Iterator[tuple[int, str]]:
    path = folder / file
    if not Path(realpath(path)).is_relative_to(realpath(folder)):
        yield claims[0].leaf, "un fichier hors du dossier des captures"
        return
    by_sha256: dict[str, list[Claim]] = {}
    for claim in claims:
        by_sha256.setdefault(claim.sha256, []).append(claim)
    why = "octets absents"
    try:
        for sha256_, account_and_records in day_files.accounts(path, by_sha256.keys()):
            for claim in by_sha256.pop(sha256_, ()):
                fault = _fault(claim, account_and_records, reread)
                if fault is not None:
                    yield claim.leaf, fault
    except FileNotFoundError:
        pass
    except (WarcError, OSError, ValueError) as error:
        yield claims[0].leaf, f"le fichier est illisible ({error})"
        why = "octets illisibles ou absents"
    for claim in (claim for same_digest in by_sha256.values() for claim in same_digest):
        if not claim.may_be_gone:
            yield claim.leaf, why


def _fault(
    claim: Claim, account_and_records: day_files.Found, reread: Callable[[Exchange], Exchange]
) -> str | None:
    try:
        account, records = account_and_records
        observation = capture_metadata.observation_from(account, records)
        exchange = reread(observation.exchange)
    except (WarcError, ValueError) as error:
        return f"illisible ({error})"
    if (observation.target, observation.point, observation.at) != (
        claim.target,
        claim.point,
        claim.at,
    ):
        return "c’est la copie d’un autre relevé"
    if tuple(sorted(account.why)) != claim.why:
        return "elle n’est pas gardée pour les raisons que dit sa feuille"
    read = exchange.body
    if exchange.failure is not None:
        # The probe gives up a decompression that takes too long: it kept the digest of what it had.
        read = read[: claim.body_bytes]
    body = sha256(read).hexdigest() if read else None
    if claim.body_sha256 not in {"", body}:
        return "le corps n’est pas celui du relevé"
    return None
