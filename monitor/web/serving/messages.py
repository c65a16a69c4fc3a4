"""The protocol between the process that checks and the one that serves the pages.

They share a pair of sockets, and no memory. The first sends an `Order`, once. Then the second
sends requests of one line, and gets an answer to each:

    metrics              the text of `/metrics`
    probe <slug>         that of `/probe`
    subscription <text>  the answer to what a visitor of `/abonnement` wrote
    dossier <text>       the answer to what a visitor of `/releve` wrote
    -> status (1 byte), length (4 bytes, big-endian), text

The end of either process closes the sockets.
"""

import copyreg
import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from monitor.config import Config
from monitor.config.settings import Settings

LENGTH_BYTES = 4
QUESTION_MAX = 16_500  # bytes
METRICS = b"metrics"
PROBE = b"probe "
SUBSCRIPTION = b"subscription "
DOSSIER = b"dossier "
KNOWN, UNKNOWN, FAILED = b"+", b"-", b"!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to serve. It contains secrets (the database's URL): it is only sent through a socket.

    Attributes:
        version: Of the program, shown to readers.
        journal: Folder of the journal, served unchanged; None while nothing is signed.
        journal_key: Its verifier key, shown to readers.
        log_level: As `logging` numbers them.
        alerts: Whether people can subscribe.
        dossiers: Whether people can ask for dossiers.

    """

    config: Config
    settings: Settings
    version: str
    journal: Path | None
    journal_key: str
    log_level: int
    alerts: bool = False
    dossiers: bool = False


def packed(order: Order) -> bytes:
    """Encode an order for `unpacked`, with its length before it."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    pickler.dispatch_table = copyreg.dispatch_table | {MappingProxyType: _reduced}
    pickler.dump(order)
    return framed(file.getvalue())


def unpacked(data: bytes) -> Order:
    """Decode an order without its length. Only for data from the process that started us."""
    order = pickle.loads(data)  # noqa: S301 -- written by our own program, on a private socket
    if not isinstance(order, Order):
        raise TypeError(f"not an order: {type(order)}")
    return order


def framed(data: bytes) -> bytes:
    """Return a message with its length before it."""
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


def _reduced(proxy: Mapping[Any, Any]) -> tuple[Any, ...]:
    return frozen, (dict(proxy),)


def frozen(values: dict[Any, Any]) -> Mapping[Any, Any]:
    """Make a mapping read-only again."""
    return MappingProxyType(values)
