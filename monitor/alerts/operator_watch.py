"""Whether the service does its own work, and who is told when it does not.

Everything is judged from outside of the work itself: checks and seals by when the last one was
recorded, mail by whether any is taken while some waits. What a process that hangs or ended cannot
say is left to the dead-man address: it is told every minute that all is well, and its service
(healthchecks' protocol) tells the operator when it no longer is.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Connection

from monitor.alerts.rows import write_rows
from monitor.config import Config
from monitor.core.notices.notice import Notice, NoticeKind
from monitor.core.notices.operator_letters import THREAD, ServiceWork
from monitor.core.notices.topics import OPERATOR
from monitor.core.outages.time_accounts import HOLD
from monitor.core.untrusted.public_addresses import PORTS
from monitor.evidence.outbound_http import OutboundHttp, Unreachable
from monitor.metrics import MetricsState
from monitor.runtime.clock import Clock
from monitor.store import Store
from monitor.store.writing import outbox_writes

LOOK_S = 60.0
PATIENCE = timedelta(minutes=5)  # added to every limit: a machine may be busy
SEALED_WITHIN = timedelta(minutes=15)  # three times as long as between two seals
MAIL_WITHIN = timedelta(minutes=15)
PING_S = 10.0

log = structlog.get_logger(__name__)


class OperatorWatch:
    """Looks once a minute. What was said is forgotten at a restart, which the operator sees."""

    def __init__(
        self,
        *,
        store: Store,
        config: Config,
        clock: Clock,
        board: MetricsState,
        dead_man: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._board = board
        self._dead_man = dead_man.rstrip("/")
        self._mails = config.relay is not None
        shortest = min((HOLD * t.interval_s + t.deadline_s for t in config.targets), default=0.0)
        self._checked_within = timedelta(seconds=shortest)
        self._began = clock.now()
        self._progress: dict[ServiceWork, tuple[object, datetime]] = {}
        self._said: set[ServiceWork] = set()
        self._courier = OutboundHttp(
            user_agent=config.user_agent,
            allow_private=config.allow_private,
            extra_ca=config.extra_ca,
            ports=PORTS.union(filter(None, [urlsplit(dead_man).port])),
        )

    async def start(self) -> None:
        """Announce to the dead-man address that the service starts."""
        await self._ping("/start")

    async def look(self) -> None:
        """Judge all, tell the operator of what changed, and the dead-man address of the whole."""
        now = self._clock.now()
        still = {work for work, limit_at in self._limits(now).items() if now > limit_at}
        notices = [
            *(_notice(NoticeKind.STANDS_STILL, work, now) for work in sorted(still - self._said)),
            *(_notice(NoticeKind.RUNS_AGAIN, work, now) for work in sorted(self._said - still)),
        ]
        if notices:
            await write_rows(self._store, lambda c: _write(c, notices, now))
            for notice in notices:
                log.warning("service", work=notice.thread, state=notice.kind.value)
            self._said = still
        await self._ping("/fail" if still else "")

    def _limits(self, now: datetime) -> Mapping[ServiceWork, datetime]:
        """Return until when each work, as it was last seen, is as it should be."""
        checks = [
            metrics.state.last_at
            for metrics in self._board.targets.values()
            if metrics.state and metrics.state.last_at
        ]
        limits = {}
        if self._board.targets:
            last_check = max([self._began, *checks])
            limits[ServiceWork.PROBING] = last_check + self._checked_within + PATIENCE
        journal = self._board.journal
        if journal is not None:
            sealed = journal.sealed_at
            waits = any(sealed is None or at > sealed for at in checks)
            since = self._waits_since(ServiceWork.SEALING, now, waits=waits, progress=sealed)
            limits[ServiceWork.SEALING] = since + SEALED_WITHIN + PATIENCE
        faults = [one.fault_at for one in self._board.points.others] if self._board.points else []
        if first := min(filter(None, faults), default=None):
            limits[ServiceWork.POINTS] = first
        if self._mails:
            waits = self._board.outbox_since is not None
            sent = self._board.mails_sent  # what channels took says nothing of the relay
            since = self._waits_since(ServiceWork.DELIVERY, now, waits=waits, progress=sent)
            limits[ServiceWork.DELIVERY] = since + MAIL_WITHIN + PATIENCE
        return limits

    def _waits_since(
        self, work: ServiceWork, now: datetime, *, waits: bool, progress: object
    ) -> datetime:
        """Return since when there is something to do without any progress; now for no such time."""
        before, since = self._progress.get(work, (progress, now))
        if not waits or progress != before or since > now:
            since = now
        self._progress[work] = (progress, since)
        return since

    async def _ping(self, end: str) -> None:
        if not self._dead_man:
            return
        try:
            reply = await self._courier.get(
                f"{self._dead_man}{end}", limit_bytes=None, deadline_s=PING_S
            )
        except Unreachable:
            log.warning("dead-man address not reached")  # it is a secret
            return
        if reply.status // 100 != 2:  # noqa: PLR2004 -- RFC 9110: success
            log.warning("dead-man address refuses", status=reply.status)


def _notice(kind: NoticeKind, work: ServiceWork, now: datetime) -> Notice:
    return Notice(
        key=f"{THREAD}{work.value}/{kind.value}/{now.isoformat()}",
        kind=kind,
        thread=f"{THREAD}{work.value}",
        at=now,
        to=(OPERATOR,),
        interests=(OPERATOR,),
    )


def _write(connection: Connection, notices: list[Notice], now: datetime) -> None:
    outbox_writes.write_notices(connection, notices, now=now, daily=0)
