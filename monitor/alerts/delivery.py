"""Empty the outbox: one message at a time, at the rate that the server is promised.

1. Read what is due, the most pressing first.
2. Claim a few messages. A stop before their answers are stored leaves claims, which lapse.
3. Of each in turn: read the record, write the letter, offer it to the server.
4. Store that the server is given the message, just before it is.
5. Store what the server answered.

A stop between 4 and 5, or a connection that ends between them, is the one case in which a person
may get a message twice, with the same identifier. A second time, it is given up.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from monitor.alerts.composer import Composer
from monitor.alerts.mime import DkimKey, Envelope, message_of, signed
from monitor.alerts.relay import DeliveryAttempt, RelaySession, RelayUnreachable, Result
from monitor.alerts.returned_mail import return_proof
from monitor.alerts.rows import write_rows
from monitor.alerts.vault import Vault, VaultError
from monitor.config import Config, Relay
from monitor.config.settings import Settings
from monitor.core.notices.notice import MessageState, NoticeKind, SubscriberState
from monitor.core.notices.timing import PATIENCE, day_began, retry_at
from monitor.metrics import MetricsState
from monitor.runtime.clock import Clock
from monitor.store import Store
from monitor.store.reads.alert_reads import DueMessage, Recipient
from monitor.store.writing import outbox_writes, subscriber_writes

BATCH = 50  # messages that are read at once
PERSONAL_SHARE = 5  # of which one is what a person asked for, while others wait
IDLE_S = 1.0  # between two looks at an empty outbox
CLAIMED_FOR = timedelta(minutes=10)  # longer than what is claimed at once may take
AGAIN_S, AGAIN_MAX_S = 15.0, 900.0  # before a server that cannot be reached is tried again
UNSURE_AGAIN = timedelta(minutes=5)
MOST_UNSURE = 1  # attempts whose answer was lost; after one more, the message is given up
END_S = 10.0  # that a message in progress may still take when the service stops

log = structlog.get_logger(__name__)


class Delivery:
    """Sends what the outbox has. One at a time on a database."""

    def __init__(  # noqa: PLR0913 -- keyword-only: what it works with
        self,
        *,
        store: Store,
        config: Config,
        relay: Relay,
        settings: Settings,
        vault: Vault,
        clock: Clock,
        board: MetricsState,
    ) -> None:
        self._store = store
        self._config = config
        self._relay = relay
        self._settings = settings
        self._vault = vault
        self._clock = clock
        self._board = board
        self._composer = Composer(store, config, vault, clock, board)
        domain = config.mail.sender.rpartition("@")[2]
        self._dkim = (
            DkimKey(selector=relay.selector, domain=domain, pem=settings.dkim_key)
            if settings.dkim_key and relay.selector
            else None
        )

    async def run(self) -> None:
        """Deliver until cancelled."""
        again_s = AGAIN_S
        await self._write(lambda c: outbox_writes.lapse_claims(c, self._clock.now()))
        while True:
            try:
                sent = await self.deliver_due()
            except RelayUnreachable as why:
                log.warning("mail server not reached", why=str(why), again_s=again_s)
                await self._clock.sleep(again_s)
                again_s = min(2 * again_s, AGAIN_MAX_S)
                continue
            again_s = AGAIN_S
            if not sent:
                await self._clock.sleep(IDLE_S)

    async def deliver_due(self) -> int:
        """Offer a batch of what is due; return how many messages.

        Raises:
            RelayUnreachable: The server cannot be reached, or ended the connection.

        """
        now = self._clock.now()
        due = await asyncio.to_thread(self._due, now)
        self._board.outbox_since = await asyncio.to_thread(self._store.oldest_due, now)
        if not due:
            return 0
        session = RelaySession(
            self._relay, self._settings.mail_password, extra_ca=self._config.extra_ca
        )
        async with session:
            claimed = await self._claim(due)
            try:
                while claimed:
                    began_us = self._clock.monotonic_us()
                    await self._unbroken(self._one(session, claimed.popleft()))
                    spent_s = (self._clock.monotonic_us() - began_us) / 1e6
                    await self._clock.sleep(60 / self._relay.per_minute - spent_s)
            finally:
                rest = tuple(claimed)
                await self._unbroken(self._write(lambda c: outbox_writes.release(c, rest)))
        return len(due)

    async def _unbroken(self, work: Coroutine[Any, Any, None]) -> None:
        """Await work that a cancellation does not end, but only bounds."""
        task = asyncio.create_task(work)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            with suppress(TimeoutError, RelayUnreachable):
                await asyncio.wait_for(task, END_S)
            raise

    def _due(self, now: datetime) -> Sequence[DueMessage]:
        """Return what is sent next, a minute's worth at most, within the cap of the day.

        What strangers ask for in the form leads, but has only a share of the minute while others
        wait, and of the day: they may ask for much, and an incident would wait behind it.
        """
        cap, morning = self._config.mail.daily_cap, day_began(now)
        room = max(0, cap - self._store.sent_since(morning))
        of_form = self._store.sent_since(morning, personal=True)
        most = max(0, min(room, -(-cap // PERSONAL_SHARE) - of_form))
        size = min(BATCH, room, self._relay.per_minute)
        few, read = min(most, size // PERSONAL_SHARE or size), self._store.due_messages
        personal = read(now, limit=few, personal=True)
        others = read(now, limit=size - len(personal), personal=False)
        if len(personal) == few and len(personal) + len(others) < size:
            personal = read(now, limit=min(most, size - len(others)), personal=True)
        return (*personal, *others)

    async def _claim(self, due: Sequence[DueMessage]) -> deque[DueMessage]:
        now = self._clock.now()
        claims: deque[DueMessage] = deque()

        def work(connection: Connection) -> None:
            for read in due:
                message = outbox_writes.claim(connection, read, now + CLAIMED_FOR, now)
                if message is not None:
                    claims.append(message)

        await self._write(work)
        return claims

    async def _one(self, session: RelaySession, message: DueMessage) -> None:
        recipient = await asyncio.to_thread(self._store.recipient, message.subscriber)
        if message.unsure > MOST_UNSURE:
            await self._end(message, MessageState.UNSURE)
        elif recipient is None or not _may_be_written_to(recipient, message):
            await self._end(message, MessageState.DROPPED)
        else:
            await self._send(session, message, recipient)

    async def _send(self, session: RelaySession, message: DueMessage, recipient: Recipient) -> None:
        try:
            address = self._vault.decrypt(recipient.address)
            data = await asyncio.to_thread(self._data, message, recipient, address)
        except VaultError as error:
            log.error("address not readable", why=str(error))  # noqa: TRY400 -- its message says all
            await self._retry(message)
            return
        if data is None:
            await self._end(message, MessageState.DROPPED)
            return

        async def give() -> bool:
            given: list[bool] = []
            await self._write(lambda c: given.append(outbox_writes.give(c, message)))
            return given[-1]

        sender = self._return_path(message, recipient)
        attempt = await session.deliver(sender, address, data, give=give)
        await self._settle(message, attempt)

    def _data(self, message: DueMessage, recipient: Recipient, address: str) -> bytes | None:
        letter = self._composer.letter(message, recipient)
        if letter is None:
            return None
        notice, number = message.notice, str(recipient.number)
        leaves = recipient.standing is SubscriberState.CONFIRMED and not recipient.channel
        envelope = Envelope(
            sender=self._config.mail.sender,
            publisher=self._config.publisher.association,
            recipient=address,
            name=self._vault.name("message", notice.key, number),
            thread=self._vault.name("thread", notice.thread, number) if notice.numbers else "",
            leave=self._composer.leave_address(recipient) if leaves else "",
            at=self._clock.now(),
        )
        return signed(message_of(letter, envelope), self._dkim)

    def _return_path(self, message: DueMessage, recipient: Recipient) -> str:
        sender = self._config.mail.sender
        if not self._relay.verp:
            return sender
        local, _, domain = sender.rpartition("@")
        proof = return_proof(self._vault, message.number, recipient.number)
        return f"{local}+{message.number}-{proof}@{domain}"

    async def _settle(self, message: DueMessage, attempt: DeliveryAttempt) -> None:
        """Store what became of an attempt. The log has no address."""
        self._board.notifications[attempt.result.value] += 1
        self._board.mails_sent += attempt.result is Result.SENT
        now = self._clock.now()
        following = _following(message, attempt.result, now)

        def write(connection: Connection) -> None:
            if isinstance(following, MessageState):
                outbox_writes.end(connection, message, following, now)
            else:
                lost = attempt.result is Result.UNSURE
                outbox_writes.put_back(connection, message, following, unsure=lost)
            if attempt.result is Result.NO_MAILBOX:
                subscriber_writes.refuse(connection, message.subscriber, now)

        await self._write(write)
        if attempt.result is not Result.SENT:
            result = attempt.result.value
            log.warning("not delivered", message=message.number, result=result, why=attempt.why)
        if attempt.result in {Result.UNSURE, Result.UNREACHABLE}:
            raise RelayUnreachable(attempt.why)

    async def _retry(self, message: DueMessage) -> None:
        await self._settle(message, DeliveryAttempt(result=Result.LATER, why="address"))

    async def _end(self, message: DueMessage, state: MessageState) -> None:
        now = self._clock.now()
        await self._write(lambda c: outbox_writes.end(c, message, state, now))

    async def _write(self, work: Callable[[Connection], object]) -> None:
        await write_rows(self._store, work)


_ENDS = {
    Result.SENT: MessageState.SENT,
    Result.REFUSED: MessageState.REFUSED,
    Result.NO_MAILBOX: MessageState.REFUSED,
}


def _following(message: DueMessage, result: Result, now: datetime) -> MessageState | datetime:
    """Return the state that ends a message, or when it is tried again."""
    if result in _ENDS:
        return _ENDS[result]
    if result is Result.UNSURE:
        lost_before = message.unsure >= MOST_UNSURE
        return MessageState.UNSURE if lost_before else now + UNSURE_AGAIN
    if result is Result.UNREACHABLE:  # it was not offered: the pause is that of the server
        over = now - message.created_at > PATIENCE
        return MessageState.EXPIRED if over else now
    return retry_at(message.attempts, now, message.created_at) or MessageState.EXPIRED


def _may_be_written_to(recipient: Recipient, message: DueMessage) -> bool:
    """Judge at the last moment: a person may have left since the message was planned."""
    if recipient.standing is SubscriberState.CONFIRMED:
        return True
    return (
        recipient.standing is SubscriberState.PENDING and message.notice.kind is NoticeKind.CONFIRM
    )
