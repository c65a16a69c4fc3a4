"""A kept answer of a target, judged and read by the rules of today."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from monitor.config import Config
from monitor.core.model import Exchange, GapCause, Judgement, Kind, Observation, Target, Verdict
from monitor.core.outages.fold import GOOD
from monitor.core.text.page import Page
from monitor.core.text.read import read_page
from monitor.core.verdict.classify import classify
from monitor.core.verdict.fingerprints import Fingerprint
from monitor.core.verdict.page_summary import PageSummary, fold, glance
from monitor.evidence.captures.capture_metadata import CaptureMetadata
from monitor.survey.explored_page import ExploredPage, explore


class TargetClass(StrEnum):
    """What is to be thought of a target after its survey."""

    EXPECTED = "expected"
    TO_CORRECT = "to_correct"
    REFUSED = "refused"
    DOWN = "down"  # for now, by its own words or status: nothing to correct
    UNKNOWN = "unknown"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, kw_only=True)
class TargetReading:
    """One target with what came back.

    Attributes:
        target: As configured now, or as it was asked if it is no target any more.
        account: What the answer was judged by; None, as `observation`, when it was not asked.
        gap: Why it was not asked.

    """

    target: Target
    config: Config
    account: CaptureMetadata | None = None
    observation: Observation | None = None
    gap: GapCause | None = None

    @property
    def exchange(self) -> Exchange | None:
        return self.observation.exchange if self.observation else None

    @cached_property
    def judgement(self) -> Judgement | None:
        """What the rules of today say."""
        return self.judged(self.target, self.config.fingerprints)

    def judged(self, target: Target, fingerprints: Sequence[Fingerprint]) -> Judgement | None:
        """Judge the answer as that of another definition of its target, by other fingerprints."""
        account, observation = self.account, self.observation
        if account is None or observation is None:
            return None
        signs = set(account.target.signs_of_life) - set(target.signs_of_life)
        parts = tuple(part for part in observation.exchange.parts if part.url not in signs)
        return classify(
            target,
            replace(observation.exchange, parts=parts),
            controls=observation.controls,
            clock_offset_us=observation.clock_offset_us,
            clock_limit_us=account.clock_limit_us,
            known_good=account.known_good,
            fingerprints=fingerprints,
        )

    @cached_property
    def summary(self) -> PageSummary:
        """The answer as the rules see it; an empty page when there is none."""
        exchange = self.exchange
        if exchange is None or exchange.last is None:
            return glance(b"")
        kind = exchange.last.header("content-type") or ""
        return glance(exchange.body, content_type=kind, charset=exchange.charset)

    @cached_property
    def explored(self) -> ExploredPage:
        return explore(self.exchange) if self.exchange else ExploredPage()

    @cached_property
    def page(self) -> Page:
        """The text that would be compared."""
        if self.exchange is None:
            return Page()
        exchange = self.exchange
        return read_page(exchange.body, url=exchange.final_url, charset=exchange.charset or None)

    @property
    def verdict(self) -> Verdict | None:
        return self.judgement.verdict if self.judgement else None

    @property
    def rule(self) -> str:
        return self.judgement.rule if self.judgement else ""

    @property
    def ground(self) -> str:
        """The ground of the rule that decided."""
        return self.judgement.tried[-1].ground if self.judgement else ""

    @cached_property
    def marker(self) -> str:
        """The first expected text that is in the answer, "" when none is."""
        source = fold(self.summary.source)
        return next((text for text in self.target.markers if fold(text) in source), "")

    @property
    def is_read(self) -> bool:
        """Whether the answer is a page of words, whose text says something to a visitor."""
        return self.target.kind is not Kind.API and bool(self.summary.words)

    def class_of(self, *, corrected: bool) -> TargetClass:
        """Return what is to be thought of it; `corrected`: something is to be corrected."""
        if self.gap is GapCause.ROBOTS or self.verdict is Verdict.BLOCKED:
            return TargetClass.REFUSED
        if self.verdict is None:
            return TargetClass.NOT_ASKED
        if corrected:
            return TargetClass.TO_CORRECT
        if self.verdict in GOOD:
            return TargetClass.EXPECTED
        return TargetClass.UNKNOWN if self.verdict is Verdict.UNKNOWN else TargetClass.DOWN
