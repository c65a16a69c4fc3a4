"""Answer the requests of visitors: subscribe, confirm, choose, leave.

Who asks to subscribe is answered before the database is looked at, and the work waits in a bounded
queue: neither the words nor the time of the answer tell whether an address is known.
"""

import asyncio
from datetime import timedelta

from sqlalchemy import Connection

from monitor.alerts.composer import MANAGED
from monitor.alerts.requests import SubscriptionAnswer, SubscriptionRequest, Wish
from monitor.alerts.rows import write_rows
from monitor.alerts.throttle import Throttle
from monitor.alerts.vault import LinkUse, Vault, new_nonce, read_link
from monitor.config import Config
from monitor.core.notices.notice import Notice, NoticeKind, SubscriberState
from monitor.core.notices.topics import known_topics, usable
from monitor.core.untrusted.mail_addresses import normalized
from monitor.runtime.cancellation import heed_cancellation
from monitor.runtime.clock import Clock
from monitor.store import Store
from monitor.store.reads.alert_reads import Recipient
from monitor.store.writing import outbox_writes, subscriber_writes
from monitor.translations import language_of

HOUR_S, DAY_S = 3_600.0, 86_400.0
BY_ADDRESS = 3  # messages a day that anyone may have sent to one address
BY_NETWORK = 20  # requests an hour
BY_ALL = 300  # requests an hour
WAITING = 500  # requests in the queue
REFUSED_FOR = timedelta(days=30)  # a mailbox that does not exist is not tried again

DONE = SubscriptionAnswer(outcome="done")
INVALID = SubscriptionAnswer(outcome="invalid")
BUSY = SubscriptionAnswer(outcome="busy")


class Subscriptions:
    """Subscriptions of one record. For one event loop."""

    def __init__(self, *, store: Store, config: Config, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._allow_private = config.allow_private
        self._known = known_topics(config.targets, config.figures.components)
        self._queue: asyncio.Queue[SubscriptionRequest] = asyncio.Queue(WAITING)
        self._by_address = Throttle(BY_ADDRESS, DAY_S, clock.monotonic_us)
        self._by_network = Throttle(BY_NETWORK, HOUR_S, clock.monotonic_us)
        self._by_all = Throttle(BY_ALL, HOUR_S, clock.monotonic_us)

    async def answer(self, request: SubscriptionRequest) -> SubscriptionAnswer:
        """Answer one request. Raises StoreError."""
        match request.wish:
            case Wish.ASK:
                return self._ask(request)
            case Wish.CONFIRM:
                return await self._confirm(request)
            case Wish.SHOW:
                return await self._show(request)
            case Wish.CHOOSE:
                return await self._choose(request)
            case Wish.LEAVE:
                return await self._leave(request)

    def _ask(self, request: SubscriptionRequest) -> SubscriptionAnswer:
        """Queue a request, by what it says alone."""
        address = normalized(request.address, allow_private=self._allow_private)
        if address is None or not self._are_usable(request):
            return INVALID
        if not self._by_network.allows(request.network) or not self._by_all.allows(""):
            return BUSY
        try:
            self._queue.put_nowait(request.model_copy(update={"address": address}))
        except asyncio.QueueFull:
            return BUSY
        return DONE

    def _are_usable(self, request: SubscriptionRequest) -> bool:
        topics = frozenset(request.topics)
        return topics <= self._known and usable(topics)

    async def work(self) -> None:
        """Do what waits in the queue, for ever. Raises StoreError."""
        while True:
            heed_cancellation()
            await self.subscribe(await self._queue.get())

    async def subscribe(self, request: SubscriptionRequest) -> None:
        """Write who asks, and the one message that follows, unless too many were asked for."""
        vault, now = self._vault, self._clock.now()
        lookup = vault.lookup(request.address)
        if not self._by_address.allows(lookup):
            return
        encrypted, nonce = vault.encrypt(request.address), new_nonce()

        def write(connection: Connection) -> None:
            if subscriber_writes.is_refused(connection, lookup, now - REFUSED_FOR):
                return
            number, before = subscriber_writes.ask(
                connection,
                lookup=lookup,
                address=encrypted,
                nonce=nonce,
                topics=request.topics,
                pace=request.pace,
                rests=request.rests,
                language=request.language,
                now=now,
            )
            known = before is SubscriberState.CONFIRMED
            kind = NoticeKind.MANAGE if known else NoticeKind.CONFIRM
            notice = Notice(
                key=f"{kind}/{number}/{now.isoformat()}", kind=kind, thread=f"{kind}", at=now
            )
            outbox_writes.write_personal(connection, notice, number, now)

        await write_rows(self._store, write)

    async def _confirm(self, request: SubscriptionRequest) -> SubscriptionAnswer:
        person = await self._bearer(request.token, LinkUse.CONFIRM)
        if person is None:
            return INVALID
        now = self._clock.now()
        done: list[bool] = []
        await write_rows(
            self._store,
            lambda c: done.append(subscriber_writes.confirm(c, person.number, person.nonce, now)),
        )
        if not done[-1]:
            return INVALID
        until = now + MANAGED
        token = self._vault.sign(LinkUse.MANAGE, person.number, person.nonce, until)
        return _choices(person, token)

    async def _show(self, request: SubscriptionRequest) -> SubscriptionAnswer:
        person = await self._bearer(request.token, LinkUse.MANAGE)
        return INVALID if person is None else _choices(person, request.token)

    async def _choose(self, request: SubscriptionRequest) -> SubscriptionAnswer:
        person = await self._bearer(request.token, LinkUse.MANAGE)
        if person is None or not self._are_usable(request):
            return INVALID
        done: list[bool] = []
        await write_rows(
            self._store,
            lambda c: done.append(
                subscriber_writes.choose(
                    c,
                    person.number,
                    person.nonce,
                    topics=request.topics,
                    pace=request.pace,
                    rests=request.rests,
                    language=request.language,
                )
            ),
        )
        return DONE if done[-1] else INVALID

    async def _leave(self, request: SubscriptionRequest) -> SubscriptionAnswer:
        """Delete a person. Who already left is answered the same; a link that is cut is not."""
        if read_link(request.token) is None:
            return INVALID
        person = await self._bearer(request.token, LinkUse.LEAVE)
        if person is None:
            person = await self._bearer(request.token, LinkUse.MANAGE)
        if person is not None:
            now = self._clock.now()
            number, nonce = person.number, person.nonce
            await write_rows(self._store, lambda c: subscriber_writes.remove(c, number, nonce, now))
        return DONE

    async def _bearer(self, token: str, use: LinkUse) -> Recipient | None:
        """Return the person who was sent a link for this use; None when we did not sign it."""
        link = read_link(token)
        if link is None or link.use is not use:
            return None
        person = await asyncio.to_thread(self._store.recipient, link.subscriber)
        if person is None or not self._vault.verify(link, person.nonce, self._clock.now()):
            return None
        return person


def _choices(person: Recipient, token: str) -> SubscriptionAnswer:
    return SubscriptionAnswer(
        outcome="done",
        topics=sorted(person.topics),
        pace=person.pace,
        rests=person.rests,
        language=language_of(person.language).code,
        token=token,
    )
