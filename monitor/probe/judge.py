"""Whose failure it is: an exchange judged with what is known of our own side at that time."""

from asyncio import Lock
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial

from monitor.config import Config
from monitor.core.model import Controls, Exchange, Judgement, Observation, Reason, Target, Verdict
from monitor.core.model.check import Check
from monitor.core.outages.fold import GOOD
from monitor.core.verdict.classify import classify, ruleset
from monitor.core.verdict.context import families_of
from monitor.core.verdict.summary_cache import SummaryCache
from monitor.fetch import Gate, GateClosed
from monitor.probe.local_health import second_look
from monitor.probe.local_health.own_health import LocalHealth
from monitor.probe.local_health.second_look import Places
from monitor.runtime.foreign_work import apart

Fetch = Callable[[Target, Gate], Awaitable[Exchange]]  # never raises for the outside
Again = Callable[[], Awaitable[Exchange | None]]  # None when the request may not be made

# An answer that is no longer is judged at once: that takes some milliseconds, whatever it holds.
SHORT_BYTES = 32 * 1024


class Judge:
    """Makes an observation of an exchange: controls of the same minute, then the rules."""

    def __init__(self, *, config: Config, point: str, line: LocalHealth) -> None:
        self._config = config
        self._point = point
        self._line = line
        self.ruleset = ruleset(config.fingerprints)
        self._memory = SummaryCache()
        self._long_memory = SummaryCache()  # of the thread's own
        self._one_long = Lock()
        self._places = Places()
        self._shown = second_look.LocalFaultMemory()

    def recall(self, checks: Iterable[Check]) -> None:
        """Learn from checks on record where sites answered well, before the first one is judged."""
        self._places.recall(checks)

    async def observation(
        self,
        target: Target,
        slot_at: datetime,
        exchange: Exchange,
        *,
        known_good: bool,
        again: Again | None = None,
    ) -> Observation:
        """Judge an exchange; when it is not a good answer, with all that may tell whose fault.

        The line must have worked in the last round of controls before a failure, in those that
        began within it, and in one after it: a failure in the second before our line came back
        is not the site's. One that no round lay within, or while packets were lost, or that
        rests on the word of one resolver, must show once more when the request is made `again`.

        A whole answer under a good certificate is the site's own, and shows itself that our line
        works: for that one, the last round is enough.

        `known_good`: the target was up once, so that a 404 means something went.
        """
        ended_us = self._line.monotonic_us
        exchange = self._places.stand_for(exchange)
        judge = partial(self._judgement, target, known_good=known_good)
        within: tuple[Controls, ...] = ()
        controls = before = self._line.controls
        alone: Judgement | None = None  # on a failure that could not be tried again
        judgement = await judge(exchange, controls)
        if judgement.verdict is not Verdict.UP:  # else no round can change it: none is waited for
            within = await self._line.within(second_look.silence_us(exchange), ended_us)
            before = self._line.controls
            controls = within[0] if within else before
            judgement = await judge(exchange, controls)
        if judgement.reason is Reason.SLOW:  # unless our line was, at any time of it
            for controls in within:
                judgement = await judge(exchange, controls)
                if judgement.verdict is Verdict.UP:
                    break
        if judgement.verdict not in GOOD:
            rounds = list(within)
            if before is not None and self._is_recent(before, exchange):
                rounds = [before, *rounds]
            if not (rounds and second_look.is_proved(exchange)):
                rounds.append(await self._line.check())
            controls, judgement = await _worst(judge, exchange, rounds)
            recent = (*rounds, *self._line.recent(2 * self._config.controls.interval_s * 1_000_000))
            clean = second_look.nothing_lost(recent, families_of(exchange))
            shown = self._shown.before(target, judgement, exchange.started_at)
            sure = shown or (bool(within) and clean)
            if again and second_look.wanted(exchange, judgement, sure=sure):
                other = await again()
                alone = judgement if other is None else None
                other = other and self._places.stand_for(other)
                second = await judge(other, rounds[-1]) if other else None
                exchange = second_look.joined(exchange, other, second)
                controls, judgement = await _worst(judge, exchange, rounds)
        self._places.learn(exchange, judgement)
        self._shown.learn(target, alone or judgement, exchange.started_at)
        return Observation(
            target=target.slug,
            point=self._point,
            slot_at=slot_at,
            at=exchange.started_at,
            judgement=judgement,
            exchange=exchange,
            controls=_for_the_record(controls, judgement),
            config_sha256=self._config.sha256,
            ruleset=self.ruleset,
            clock_offset_us=self._line.offset_us,
        )

    def _is_recent(self, round_: Controls, exchange: Exchange) -> bool:
        age_s = (exchange.started_at - round_.at).total_seconds()
        return age_s <= 2 * self._config.controls.interval_s

    async def _judgement(
        self, target: Target, exchange: Exchange, controls: Controls | None, *, known_good: bool
    ) -> Judgement:
        """Judge, in a thread when the answer is long: to read a hostile one may take a second."""
        work = partial(
            classify,
            target,
            exchange,
            controls=controls,
            clock_offset_us=self._line.offset_us,
            clock_limit_us=self._config.clock_limit_us,
            known_good=known_good,
            fingerprints=self._config.fingerprints,
        )
        whole = len(exchange.body) + sum(len(part.body) for part in exchange.parts)
        if whole <= SHORT_BYTES:
            return work(look=self._memory.glance)
        async with self._one_long:
            return await apart(work, look=self._long_memory.glance)


async def _worst(
    judge: Callable[[Exchange, Controls], Awaitable[Judgement]],
    exchange: Exchange,
    rounds: list[Controls],
) -> tuple[Controls, Judgement]:
    """Judge by each round; the first that leaves the exchange in doubt counts, else the last."""
    controls, judgement = rounds[0], await judge(exchange, rounds[0])
    for later in rounds[1:]:
        if judgement.verdict is Verdict.UNKNOWN:
            break
        controls, judgement = later, await judge(exchange, later)
    return controls, judgement


def _for_the_record(controls: Controls | None, judgement: Judgement) -> Controls | None:
    """Keep what each control host said for itself where the judgement rests on it."""
    if controls is None or judgement.verdict not in GOOD:
        return controls
    return replace(controls, witnesses=())


async def look_again(again: Fetch, target: Target, gate: Gate) -> Exchange | None:
    """Make the request once more; None when the lane or robots.txt does not let it through."""
    try:
        return await again(target, gate)
    except GateClosed:
        return None
