"""The verdict on an exchange and what follows from it: what is recorded."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.core.changes.page_events import PageEvent, Version
from monitor.core.model.check import Check
from monitor.core.model.exchange import Controls, Exchange
from monitor.core.model.rendering import RecordedRendering
from monitor.core.model.vocabulary import Reason, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One rule that was tried, whether it decided, and on what ground (French, short)."""

    rule: str
    matched: bool
    ground: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict, its reason, the id of the rule that decided, and those tried before."""

    verdict: Verdict
    reason: Reason
    rule: str
    tried: tuple[Trial, ...] = field(default=(), compare=False)


class CaptureReason(StrEnum):
    """Why the exact bytes of an observation are kept, and not only their digest."""

    FAILURE = "failure"  # it is not a good answer
    BEFORE = "before"  # the last good check before a failure
    AFTER = "after"  # a good check that ends a failure, or may end an outage
    TEXT = "text"  # the page does not say what it said before
    DAILY = "daily"  # the first good check of the day: all that retention may remove


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Where the exact bytes of one observation are kept.

    Attributes:
        at: Of the observation, whose natural key is (target, point, at).
        file: Name of a WARC file in the folder of captures.
        sha256: Lower-case hex, of the uncompressed `metadata` record there, which names
            every other record of the capture by its own digest.

    """

    target: str
    point: str
    at: datetime
    file: str
    sha256: str
    why: tuple[CaptureReason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One check with its exact bytes, judged. Natural key: (target, point, at).

    `Check` is what is recorded of it; captures keep the whole of it.

    Attributes:
        slot_at: The instant at which the plan wanted it; a recheck has its own.
        at: The instant at which it started, lane waits over.
        config_sha256: Digest of the effective configuration.
        ruleset: Version of the classification rules.
        clock_offset_us: Our clock against NTP, None when unknown.
        capture: Always None: the account of a capture, which is JSON of this, has the key.

    """

    target: str
    point: str
    slot_at: datetime
    at: datetime
    judgement: Judgement
    exchange: Exchange
    controls: Controls | None
    config_sha256: str
    ruleset: str
    clock_offset_us: int | None = None
    capture: None = None


class Transition(StrEnum):
    """What the fold of sightings can announce."""

    OUTAGE_OPENED = "outage_opened"
    OUTAGE_CLOSED = "outage_closed"
    BLIP = "blip"  # failures that were not confirmed


class Nature(StrEnum):
    """The kind of unavailability: `maintenance` when all its checks say so."""

    DOWN = "down"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A confirmed unavailability and the checks that frame it.

    Shortest duration: `first_fail_at` to `last_fail_at`. Longest: `last_ok_at` to
    `first_ok_at`; unknown (None) while open, or when nothing was seen before it.

    Attributes:
        last_ok_at: Last good check before; None when none was ever seen.
        first_fail_at: First failing check of the streak that was confirmed.
        last_fail_at: Last failing check so far.
        first_ok_at: First good check of the confirmed recovery; None while open.
        confirmed_at: The check that made it an outage.
        recovered_at: The check that confirmed its end; None while open.
        checks: Failing checks in it.
        relapses: Times that a recovery began and was not confirmed (flapping).
        number: Index of the leaf that opened it, by which it is cited; None where there is none.

    """

    target: str
    point: str
    nature: Nature
    reason: Reason  # of the first failing check
    last_ok_at: datetime | None
    first_fail_at: datetime
    last_fail_at: datetime
    confirmed_at: datetime
    first_ok_at: datetime | None = None
    recovered_at: datetime | None = None
    checks: int = 1
    relapses: int = 0
    number: int | None = field(default=None, compare=False)

    @property
    def shortest_s(self) -> float:
        return (self.last_fail_at - self.first_fail_at).total_seconds()

    @property
    def longest_s(self) -> float | None:
        if self.last_ok_at is None or self.first_ok_at is None:
            return None
        return (self.first_ok_at - self.last_ok_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What the fold needs to know of one observation."""

    at: datetime
    verdict: Verdict
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """Consecutive checks that say the same: all failing, or all good."""

    first_at: datetime
    last_at: datetime
    count: int
    reason: Reason  # of the first
    downs: int = 0  # how many were `down` rather than `maintenance`


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that the fold remembers of one target seen from one point.

    Attributes:
        verdict: Of the last observation; None before the first.
        since: Instant of the first of the observations that share this verdict in a row.
        last_at: Instant of the last observation.
        last_ok_at: Instant of the last `up` or `degraded` observation before `failing`.
        failing: Failing checks not yet confirmed as an outage.
        recovering: Good checks not yet confirmed as the end of `outage`.
        outage: The open outage.

    """

    target: str
    point: str
    verdict: Verdict | None = None
    reason: Reason | None = None
    since: datetime | None = None
    last_at: datetime | None = None
    last_ok_at: datetime | None = None
    failing: Streak | None = None
    recovering: Streak | None = None
    outage: Outage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An edge found by the fold. `outage` for the outage edges, `blip` for a blip."""

    edge: Transition
    at: datetime
    target: str
    point: str
    outage: Outage | None = None
    blip: Streak | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Outages of one platform that overlap. Natural key: (platform, point, opened_at).

    `number`, by which it is cited, is the least of those of its outages: it stays the same when
    the incident grows. Once incidents have merged, the number of each still finds the whole.
    """

    platform: str
    point: str
    opened_at: datetime  # first_fail_at of its first outage
    closed_at: datetime | None = None  # first_ok_at of its last; None while one is open
    outages: tuple[tuple[str, datetime], ...] = ()  # (target, first_fail_at) of each
    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One check and all that follows from it: what one transaction records.

    Attributes:
        incidents: Those opened, grown or closed by it, whole.
        captures: Of the good check before, when it is kept now that this one failed; then its
            own.
        version: Of the page's text, when this check read the one we believe.
        changes: Of the page's text: leaves of type `change`.
        rendering: What a browser showed: a leaf of type `rendering`, the last one.

    """

    check: Check
    state: State
    events: tuple[Event, ...] = ()
    incidents: tuple[Incident, ...] = ()
    captures: tuple[Capture, ...] = ()
    version: Version | None = None
    changes: tuple[PageEvent, ...] = ()
    rendering: RecordedRendering | None = None


class GapCause(StrEnum):
    """Why there is no observation where the plan wanted one."""

    STOPPED = "stopped"  # the service was not running
    OVERRUN = "overrun"  # the slot before was still waiting or running
    PAUSED = "paused"  # an operator paused the platform
    REFUSED = "refused"  # backing off after a refusal
    ROBOTS = "robots"  # robots.txt forbids it
    CRAWL_DELAY = "crawl_delay"  # robots.txt asks for more time between requests than there is
    FAULT = "fault"  # our own program failed at it
    UNIDENTIFIED = "unidentified"  # nobody is asked while the robot cannot say who sends it
    NO_BROWSER = "no_browser"  # a page that only a browser shows, and there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Planned slots without an observation. `target` empty: every target of the point.

    `number`, by which it is cited, is the index of its leaf; None where there is none.
    """

    point: str
    target: str
    from_at: datetime
    to_at: datetime
    slots: int
    cause: GapCause
    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One life of the service.

    `alive_at` is renewed every minute; `stopped_at` is None while it runs, and for ever
    when it was killed.
    """

    point: str
    started_at: datetime
    alive_at: datetime
    stopped_at: datetime | None
    version: str
    config_sha256: str
    ruleset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """What a platform's budget remembers across restarts.

    Attributes:
        blocked_until: No request before this instant; None when free.
        strikes: Refusals in a row; decides the next back-off: 1 h, 6 h, then 24 h.
        paused: An operator's pause; `paused_why` is shown to readers.

    """

    platform: str
    blocked_until: datetime | None = None
    strikes: int = 0
    paused: bool = False
    paused_why: str = ""
