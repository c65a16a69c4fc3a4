"""Find the archived bytes of pages, in the store and in the files of captures."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import structlog

from monitor.core.changes.change_log import KeptCopy
from monitor.core.changes.page_events import Version
from monitor.core.model import Exchange
from monitor.evidence.captures import capture_check
from monitor.evidence.captures.warc import WarcError
from monitor.fetch.reparse import reread
from monitor.runtime.clock import Clock
from monitor.store import Store

log = structlog.get_logger(__name__)

MOST_COPIES = 3  # of one body, tried one after the other
MOST_LOOKED_AT = 3  # copies of one stay, the newest
MOST_VERSIONS = 40  # stays of one page, the newest


class Archive:
    """Safe from any thread; each call may take as long as it takes to read a file of captures."""

    def __init__(self, store: Store, folder: Path, *, clock: Clock) -> None:
        self.clock = clock
        self._store = store
        self._folder = folder

    def versions(self, target: str) -> tuple[Version, ...]:
        """Return the last stays of the texts of a page, the newest first. Raises StoreError."""
        return self._store.page_versions(target, limit=MOST_VERSIONS)

    def body(self, target: str, body_sha256: str) -> Exchange | None:
        """Return an exchange that had this body; None when no copy of it can be read.

        Raises StoreError.
        """
        copies = self._store.copies_of(target, body_sha256, limit=MOST_COPIES)
        exchanges = (self._opened(target, copy) for copy in copies)
        return next((exchange for exchange in exchanges if exchange is not None), None)

    def shown_until(
        self, target: str, version: Version, same: Callable[[Exchange], bool]
    ) -> datetime:
        """Return the last instant of a stay for which bytes with the same text are archived.

        `same` returns whether another exchange has the text of this version: another text may have
        been read for a moment meanwhile. Raises StoreError.
        """
        store, since, until = self._store, version.first_at, version.last_at
        last_at = store.last_seen(target, version.body_sha256, since, until) or since
        copies = store.copies_between(target, last_at, until, limit=MOST_LOOKED_AT)
        for copy in copies if last_at < until else ():
            exchange = self._opened(target, copy)
            if exchange is not None and same(exchange):
                return store.last_seen(target, copy.body_sha256, copy.at, until) or copy.at
        return last_at

    def _opened(self, target: str, copy: KeptCopy) -> Exchange | None:
        """Read a copy and check that its body is the recorded one; None when it is not."""
        try:
            exchange = capture_check.opened(self._folder / copy.file, copy.sha256, reread)
        except (WarcError, OSError, ValueError) as error:
            log.warning("copy unreadable", target=target, file=copy.file, error=str(error))
            return None
        if exchange is None or sha256(exchange.body).hexdigest() != copy.body_sha256:
            log.warning("copy missing or not of its check", target=target, file=copy.file)
            return None
        return exchange
