"""Empty the outbox of the channels, each by itself: one that does not answer delays no other.

The steps are those of mail (`delivery.py`). What the other side knows by its name is sent again
until it answers; elsewhere, a message whose answer was lost is sent once more. A channel that took
nothing for two days, or that answers that it is gone, is disabled until `vigie channels --try`.
"""

import asyncio

import structlog
from sqlalchemy import Connection

from monitor.alerts.channel_sender import ChannelSender
from monitor.alerts.composer import Composer
from monitor.alerts.delivery import CLAIMED_FOR, MOST_UNSURE, UNSURE_AGAIN
from monitor.alerts.relay import DeliveryAttempt, Result
from monitor.alerts.rows import write_rows
from monitor.alerts.vault import Vault, new_nonce
from monitor.config import Channel, Config
from monitor.config.settings import Settings
from monitor.core.notices.alert_channels import CHANNELS
from monitor.core.notices.alert_channels.channel_request import ChannelMessage
from monitor.core.notices.notice import MessageState, SubscriberState
from monitor.core.notices.timing import retry_at
from monitor.core.notices.topics import OPERATOR
from monitor.metrics import MetricsState
from monitor.runtime.clock import Clock
from monitor.store import Store
from monitor.store.reads.alert_reads import DueMessage
from monitor.store.writing import outbox_writes, subscriber_writes

BATCH = 20
IDLE_S = 2.0
SPACING_S = 1.0  # between two messages of a channel

log = structlog.get_logger(__name__)


class ChannelDelivery:
    """Sends what the outbox has for the channels of the configuration."""

    def __init__(  # noqa: PLR0913 -- keyword-only: what it works with
        self,
        *,
        store: Store,
        config: Config,
        settings: Settings,
        vault: Vault,
        clock: Clock,
        board: MetricsState,
    ) -> None:
        self._store = store
        self._config = config
        self._vault = vault
        self._clock = clock
        self._board = board
        self._composer = Composer(store, config, vault, clock, board)
        self._composing = asyncio.Lock()
        self._sender = ChannelSender(config, settings)

    async def set_up(self) -> None:
        """Write the channels of the configuration, and the operator's mailbox, as subscribers."""
        now = self._clock.now()
        topics = {channel.slug: channel.topics for channel in self._config.channels}
        if self._config.relay is not None:
            topics[OPERATOR] = frozenset({OPERATOR})

        def work(connection: Connection) -> None:
            subscriber_writes.put_away(connection, topics)
            for slug, chosen in topics.items():
                address = self._config.contact if slug == OPERATOR else ""
                subscriber_writes.set_up(
                    connection,
                    slug,
                    lookup=self._vault.lookup(f"canal/{slug}"),
                    address=self._vault.encrypt(address),
                    nonce=new_nonce(),
                    topics=chosen,
                    now=now,
                )

        await write_rows(self._store, work)

    async def run(self, channel: Channel) -> None:
        """Deliver to one channel until cancelled."""
        while True:
            if not await self.deliver_due(channel):
                await self._clock.sleep(IDLE_S)

    async def deliver_due(self, channel: Channel) -> int:
        """Send a batch of what is due to a channel; return how many messages."""
        now = self._clock.now()
        due = await asyncio.to_thread(
            self._store.due_messages, now, limit=BATCH, channel=channel.slug
        )
        for message in due:
            await self._one(channel, message)
            await self._clock.sleep(SPACING_S)
        return len(due)

    async def _one(self, channel: Channel, read: DueMessage) -> None:
        now = self._clock.now()
        until = now + CLAIMED_FOR
        claims: list[DueMessage | None] = []
        await write_rows(
            self._store, lambda c: claims.append(outbox_writes.claim(c, read, until, now))
        )
        message = claims[-1]
        if message is None:
            return
        async with self._composing:  # letters are for one thread at a time
            content = await asyncio.to_thread(self._content, message)
        if content is None or message.unsure > MOST_UNSURE:
            state = MessageState.DROPPED if content is None else MessageState.UNSURE
            await write_rows(self._store, lambda c: outbox_writes.end(c, message, state, now))
            return
        if not CHANNELS[channel.kind].repeatable:
            given: list[bool] = []
            await write_rows(self._store, lambda c: given.append(outbox_writes.give(c, message)))
            if not given[-1]:
                return
        attempt = await self._sender.send(channel, content, self._clock.now())
        await self._settle(channel, message, attempt)

    def _content(self, message: DueMessage) -> ChannelMessage | None:
        """Return what is said; None when nothing is left to say, or the channel is disabled."""
        recipient = self._store.recipient(message.subscriber)
        if recipient is None or recipient.standing is not SubscriberState.CONFIRMED:
            return None
        name = self._vault.name("message", message.notice.key, str(recipient.number))
        return self._composer.channel_message(message, recipient, f"msg_{name}")

    async def _settle(
        self, channel: Channel, message: DueMessage, attempt: DeliveryAttempt
    ) -> None:
        self._board.notifications[attempt.result.value] += 1
        now = self._clock.now()
        again = retry_at(message.attempts, now, message.created_at)
        if attempt.result is Result.UNSURE:
            again = now + UNSURE_AGAIN if message.unsure < MOST_UNSURE else None
        given_up = MessageState.UNSURE if attempt.result is Result.UNSURE else MessageState.EXPIRED
        gone = attempt.result is Result.NO_MAILBOX
        late = again is None and given_up is MessageState.EXPIRED
        disabled = False

        def work(connection: Connection) -> None:
            nonlocal disabled
            # One message that is never taken says nothing of a channel that takes others.
            disabled = gone or (late and not outbox_writes.took_since(connection, message))
            if attempt.result is Result.SENT:
                outbox_writes.end(connection, message, MessageState.SENT, now)
            elif attempt.result is Result.NO_MAILBOX:
                outbox_writes.end(connection, message, MessageState.REFUSED, now)
            elif again is None:
                outbox_writes.end(connection, message, given_up, now)
            else:
                lost = attempt.result is Result.UNSURE
                outbox_writes.put_back(connection, message, again, unsure=lost)
            if disabled and attempt.result is not Result.SENT:
                subscriber_writes.set_standing(connection, channel.slug, SubscriberState.REFUSED)

        await write_rows(self._store, work)
        if attempt.result is not Result.SENT:
            result, why = attempt.result.value, attempt.why
            log.warning("channel", channel=channel.slug, result=result, why=why, disabled=disabled)
