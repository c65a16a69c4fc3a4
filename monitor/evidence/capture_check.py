"""Captures against the leaves that name them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from monitor.core.types import Exchange, Keep
from monitor.evidence import account, dayfiles
from monitor.evidence.warc import WarcError


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a `capture` leaf says, and what its observation says of the body.

    `body_sha256` is None for no body, and "" when the observation is too far to be compared.
    """

    leaf: int
    file: str
    sha256: str
    why: tuple[str, ...]
    body_sha256: str | None

    @property
    def may_be_gone(self) -> bool:
        """Whether retention may have removed it: nothing rests on it."""
        return self.why == (Keep.DAILY.value,)


def opened(path: Path, sha256: str, reread: Callable[[Exchange], Exchange]) -> Exchange | None:
    """Return the exchange of a capture, whole again; None when the file has none of this digest.

    `reread` reads status, headers and body from its bytes.

    Raises:
        WarcError, ValueError: it cannot be read, or its bytes are not those that it names.
        OSError: the file is missing, or cannot be read.

    """
    found = dayfiles.find(path, sha256)
    return reread(account.observation_from(*found).exchange) if found else None


def faults(
    folder: Path, claims: Iterable[Claim], reread: Callable[[Exchange], Exchange]
) -> Iterator[str]:
    """Yield, in French, the captures that are missing or are not what their leaf says.

    `reread` reads status, headers and body from the bytes of an exchange again.
    """
    for claim in claims:
        fault = _fault(folder, claim, reread)
        if fault is not None:
            yield f"entrée {claim.leaf}, {claim.file} : {fault}"


def _fault(folder: Path, claim: Claim, reread: Callable[[Exchange], Exchange]) -> str | None:
    path = folder / claim.file
    if not path.resolve().is_relative_to(folder.resolve()):
        return "un fichier hors du dossier des captures"
    gone = None if claim.may_be_gone else "octets absents"
    try:
        exchange = opened(path, claim.sha256, reread)
    except FileNotFoundError:
        return gone
    except (WarcError, OSError, ValueError) as error:
        return f"illisible ({error})"
    if exchange is None:
        return gone
    body = sha256(exchange.body).hexdigest() if exchange.body else None
    if claim.body_sha256 not in {"", body}:
        return "le corps n’est pas celui du relevé"
    return None
