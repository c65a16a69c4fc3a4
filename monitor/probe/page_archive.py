"""The exact bytes that were kept of pages, found again in the store and in the files."""

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
    """Answers from any thread; each answer may take as long as a file of captures is read."""

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
        found = (self._opened(target, copy) for copy in copies)
        return next((exchange for exchange in found if exchange is not None), None)

    def shown_until(
        self, target: str, version: Version, same: Callable[[Exchange], bool]
    ) -> datetime:
        """Return the last instant of a stay at which bytes that say the same are known.

        `same` tells whether another exchange says what the body of this version does: another
        text may have been seen for a moment meanwhile. Raises StoreError.
        """
        store, since, until = self._store, version.first_at, version.last_at
        known = store.last_seen(target, version.body_sha256, since, until) or since
        copies = store.copies_between(target, known, until, limit=MOST_LOOKED_AT)
        for copy in copies if known < until else ():
            exchange = self._opened(target, copy)
            if exchange is not None and same(exchange):
                return store.last_seen(target, copy.body_sha256, copy.at, until) or copy.at
        return known

    def _opened(self, target: str, copy: KeptCopy) -> Exchange | None:
        """Read a copy, and make sure that its body is the one that was recorded."""
        try:
            exchange = capture_check.opened(self._folder / copy.file, copy.sha256, reread)
        except (WarcError, OSError, ValueError) as error:
            log.warning("copy unreadable", target=target, file=copy.file, error=str(error))
            return None
        if exchange is None or sha256(exchange.body).hexdigest() != copy.body_sha256:
            log.warning("copy missing or not of its check", target=target, file=copy.file)
            return None
        return exchange
