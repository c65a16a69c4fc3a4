"""From a row of the outbox to a letter: the record is read when the message is sent.

So a message that a server took late tells the present state, and not that of hours ago.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from monitor.alerts.vault import LinkUse, Vault
from monitor.config import Config
from monitor.core.changes.change_log import ChangeRecord
from monitor.core.language import Language
from monitor.core.model import Gap, Outage, State, Target
from monitor.core.notices import choices, letters, operator_letters, subscription_letters
from monitor.core.notices.alert_channels.channel_request import EVENT_TYPES, ChannelMessage
from monitor.core.notices.letter import Letter, LetterLine
from monitor.core.notices.notice import (
    OF_INCIDENTS,
    OF_SERVICE,
    PERSONAL,
    Notice,
    NoticeKind,
    SubscriberState,
)
from monitor.core.notices.topics import topics_of
from monitor.figures import log_shapes
from monitor.figures.recorded_targets import recorded_targets
from monitor.metrics import MetricsState
from monitor.runtime.clock import Clock
from monitor.store import Store
from monitor.store.reads.alert_reads import DueMessage, Recipient
from monitor.translations import language_of

FRESH_US = 5_000_000  # how long what all recipients share is reused
CACHED = 64
MANAGED = timedelta(days=90)  # how long a link to one's choices works
CONFIRMED_WITHIN = timedelta(hours=subscription_letters.CONFIRM_HOURS)
RENEWED_WITHIN = timedelta(days=31)
GAP_MIN = timedelta(minutes=5)  # shorter ones are on the page of the incident

T = TypeVar("T")


class Composer:
    """Writes letters. For one thread at a time."""

    def __init__(
        self, store: Store, config: Config, vault: Vault, clock: Clock, board: MetricsState
    ) -> None:
        self._store = store
        self._board = board
        self._config = config
        self._vault = vault
        self._clock = clock
        self._site = f"{config.publisher.site.rstrip('/')}/"
        parts = config.figures.components
        self._topics = {
            target.slug: frozenset(topics_of(target, parts)) for target in config.targets
        }
        self._named = recorded_targets((), (), config).by_slug
        self._cache: OrderedDict[Hashable, tuple[int, object]] = OrderedDict()

    def letter(self, message: DueMessage, recipient: Recipient) -> Letter | None:
        """Return the letter of a message; None when there is nothing left to say of it."""
        notice = message.notice
        if notice.kind in PERSONAL:
            return self._personal(notice, recipient)
        if notice.kind is NoticeKind.DIGEST:
            notices = self._store.digested(message.number)
            written = [self._one(one, recipient) for one in notices]
            several = [letter for letter in written if letter is not None]
            if not several:
                return None
            states = letters.present_section(
                self._states(notice, recipient),
                self._targets,
                self._clock.now(),
                language_of(recipient.language),
            )
            letter: Letter | None = letters.digest_letter(
                several, states, language_of(recipient.language)
            )
        else:
            letter = self._one(notice, recipient)
        exits = () if recipient.channel else self._exits(recipient)
        return letter and replace(letter, exits=exits)

    def channel_message(
        self, message: DueMessage, recipient: Recipient, name: str
    ) -> ChannelMessage | None:
        """Return a notice for a channel; None when there is nothing left to say of it."""
        notice = message.notice
        letter = self._one(notice, recipient)
        if letter is None:
            return None
        page, details = "", dict[str, Any]()
        if notice.kind in OF_INCIDENTS:
            page = f"{self._site}incidents/{notice.numbers[0]}"
            outages = [
                log_shapes.outage(one, self._named[one.target])
                for one in self._followed(notice, recipient)
            ]
            details = {"incident": notice.numbers[0], "outages": outages}
        elif notice.kind is NoticeKind.PAGE and (change := self._change(notice)):
            page = f"{self._site}modifications/{notice.numbers[0]}"
            details = {"change": log_shapes.change(change[0], self._named[change[1].slug])}
        return ChannelMessage(
            name=name,
            kind=EVENT_TYPES[notice.kind],
            at=notice.at,
            letter=letter,
            page=page,
            details=details,
        )

    def leave_address(self, recipient: Recipient) -> str:
        """Return the address that leaves with one click. It works for ever."""
        token = self._vault.sign(LinkUse.LEAVE, recipient.number, recipient.nonce)
        return f"{self._site}abonnement/quitter/{token}"

    def _exits(self, recipient: Recipient) -> tuple[LetterLine, ...]:
        language = language_of(recipient.language)
        token = self._vault.sign(LinkUse.LEAVE, recipient.number, recipient.nonce)
        return subscription_letters.exits(
            self._manage_address(recipient), self._address("quitter", token, language), language
        )

    def _address(self, use: str, token: str, language: Language) -> str:
        """Return the address of a page of one's own subscription, in one's language."""
        return f"{self._site.rstrip('/')}{language.prefix}/abonnement/{use}/{token}"

    def _manage_address(self, recipient: Recipient) -> str:
        until = self._clock.now() + MANAGED
        token = self._vault.sign(LinkUse.MANAGE, recipient.number, recipient.nonce, until)
        return self._address("choix", token, language_of(recipient.language))

    def _personal(self, notice: Notice, recipient: Recipient) -> Letter:
        language = language_of(recipient.language)
        if notice.kind is NoticeKind.MANAGE:
            return subscription_letters.manage_letter(self._manage_address(recipient), language)
        renews = recipient.standing is SubscriberState.CONFIRMED
        until = notice.at + (RENEWED_WITHIN if renews else CONFIRMED_WITHIN)
        token = self._vault.sign(LinkUse.CONFIRM, recipient.number, recipient.nonce, until)
        link = self._address("confirmer", token, language)
        if renews:
            letter = subscription_letters.renew_letter(link, language)
            return replace(letter, exits=self._exits(recipient))
        return subscription_letters.confirm_letter(
            link,
            self._chosen(recipient, language),
            association=self._config.publisher.association,
            language=language,
        )

    def _chosen(self, recipient: Recipient, language: Language) -> list[str]:
        """Return what a person chose, in words."""
        parts = self._config.figures.components
        names = {
            **choices.places(self._config.targets, parts, language),
            **language.words(choices.INTERESTS),
            **choices.kinds_of_changes(language),
        }
        chosen = [name for topic, name in names.items() if topic in recipient.topics]
        pace = language.message(choices.PACES[recipient.pace])
        return [*chosen, language.text("rythme : %(pace)s", pace=pace)]

    def _one(self, notice: Notice, recipient: Recipient) -> Letter | None:
        if notice.kind is NoticeKind.PAGE:
            return self._of_page(notice, recipient)
        if notice.kind in OF_SERVICE:
            return operator_letters.service_letter(notice)
        outages = self._followed(notice, recipient)
        if not outages:  # a target that is no longer checked
            return None
        if notice.kind is not NoticeKind.CLOSED and letters.is_over(outages):
            return None  # no server took it in time: the message on the end says all of it
        return letters.incident_letter(
            letters.IncidentFacts(
                notice=notice,
                site=self._site,
                outages=outages,
                targets=self._targets,
                states=self._states(notice, recipient),
                gaps=self._gaps(outages),
                common=self._board.points.words if self._board.points else {},
                now=self._clock.now(),
                language=language_of(recipient.language),
            )
        )

    def _followed(self, notice: Notice, recipient: Recipient) -> tuple[Outage, ...]:
        """Return the outages of an incident that a recipient follows."""
        return tuple(
            outage
            for outage in self._shared((notice.key, "outages"), lambda: self._outages(notice))
            if not recipient.topics.isdisjoint(self._topics.get(outage.target, ()))
        )

    def _of_page(self, notice: Notice, recipient: Recipient) -> Letter | None:
        change = self._change(notice)
        if change is None:
            return None
        language = language_of(recipient.language)
        present = letters.present_section(
            self._states(notice, recipient), self._targets, self._clock.now(), language
        )
        return letters.page_letter(*change, site=self._site, present=present, language=language)

    def _change(self, notice: Notice) -> tuple[ChangeRecord, Target] | None:
        change = self._store.page_change(notice.numbers[0])
        target = change and self._config.by_slug.get(change[0].target)
        return None if change is None or target is None else (change[0], target)

    def _outages(self, notice: Notice) -> tuple[Outage, ...]:
        return tuple(
            outage for number in notice.numbers for outage in self._store.outages(number=number)
        )

    def _states(self, notice: Notice, recipient: Recipient) -> tuple[State, ...]:
        states = self._shared((notice.key, "states"), self._store.states)
        return tuple(
            state
            for state in states
            if not recipient.topics.isdisjoint(self._topics.get(state.target, ()))
        )

    def _gaps(self, outages: tuple[Outage, ...]) -> tuple[Gap, ...]:
        since = min(outage.first_fail_at for outage in outages)
        until = max(outage.first_ok_at or self._clock.now() for outage in outages)
        if since >= until:
            return ()
        slugs = {"", *(outage.target for outage in outages)}
        gaps = self._shared(("gaps", since, until), lambda: self._store.gaps(since, until))
        return tuple(
            gap for gap in gaps if gap.target in slugs and gap.to_at - gap.from_at >= GAP_MIN
        )

    @property
    def _targets(self) -> dict[str, Target]:
        return dict(self._config.by_slug)

    def _shared(self, name: Hashable, read: Callable[[], T]) -> T:
        """Read something once for the many recipients of one notice: never what preceded it."""
        now_us = self._clock.monotonic_us()
        if name in self._cache and now_us - self._cache[name][0] < FRESH_US:
            value: T = self._cache[name][1]  # type: ignore[assignment]  # of the same `read`
            return value
        value = read()
        self._cache[name] = (now_us, value)
        self._cache.move_to_end(name)
        while len(self._cache) > CACHED:
            self._cache.popitem(last=False)
        return value
