"""The index of a survey: what was asked, when, and where its answer is. Pure.

An index may come from somebody else: its instants, numbers and lists are bounded.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field

from monitor import __version__
from monitor.core.model import (
    ClockReading,
    Exchange,
    Failure,
    GapCause,
    LaneState,
    Observation,
    Resolution,
    Target,
    Verdict,
)
from monitor.fetch import text

FORMAT = "vigie-survey/1"
ROBOTS = "robots"  # slug of the captures of robots.txt
ROBOTS_CHARACTERS = 50_000  # in the index; the answer is kept whole
# A machine without a battery begins in 1970 until its clock is set.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
MAX_RESOLVERS = 50  # and answers of one
MAX_OFFSET_US = 10**14  # of a clock: three years


def plausible(at: datetime) -> datetime:
    """Return an instant. Raises ValueError for one that no survey can have."""
    if at.tzinfo is None or not EARLIEST <= at <= LATEST:
        raise ValueError("an instant of no survey")
    return at


SurveyInstant = Annotated[AwareDatetime, AfterValidator(plausible)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyStep:
    """One thing that was asked once.

    Attributes:
        url: What was asked for; another address since is to be asked again.
        sha256: Of the account of its capture, "" when there is no answer to keep.
        sure: Whether it was an answer of the site's, and no fault of our own side.
        gap: Why it was not asked: robots.txt, a pause, a refusal of its platform.

    """

    at: SurveyInstant
    url: str
    sha256: str = ""
    sure: bool = True
    gap: GapCause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StampStep:
    """One request to an authority. `why` is why there is no answer, "" when there is one."""

    at: SurveyInstant
    nonce: Annotated[int, Field(ge=0, lt=2**64)]
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsStep:
    """A robots.txt, by its site's origin."""

    at: SurveyInstant
    status: int | None
    text: str
    sha256: str


@dataclass(slots=True, kw_only=True)
class SurveyIndex:
    """What was asked so far.

    Attributes:
        controls: By "slug/family".
        reserves: Hosts that may replace a dead control, by slug.
        resolvers: By address; one resolution a name.
        clocks: By server.
        stamps: By the slug of the authority.
        robots: By origin.
        targets: By slug.
        lanes: By platform: a refusal counts across a stop.

    """

    format: str = FORMAT
    version: str = __version__
    begun_at: SurveyInstant
    point: str
    config_sha256: str
    controls: dict[str, SurveyStep] = field(default_factory=dict)
    reserves: dict[str, SurveyStep] = field(default_factory=dict)
    resolvers: Annotated[
        dict[str, Annotated[list[Resolution], Field(max_length=MAX_RESOLVERS)]],
        Field(max_length=MAX_RESOLVERS),
    ] = field(default_factory=dict)
    clocks: dict[str, ClockReading] = field(default_factory=dict)
    stamps: dict[str, StampStep] = field(default_factory=dict)
    robots: dict[str, RobotsStep] = field(default_factory=dict)
    targets: dict[str, SurveyStep] = field(default_factory=dict)
    lanes: dict[str, LaneState] = field(default_factory=dict)


def step_of(target: Target, observation: Observation, digest: str) -> SurveyStep:
    """Return what the index says of an answer. `digest` is that of its account.

    It is sure when nothing of our own side can have made it: a certificate of an unknown authority
    may be good by a newer list of authorities than ours.
    """
    sure = (
        observation.judgement.verdict is not Verdict.UNKNOWN
        and observation.exchange.failure is not Failure.SSL_UNKNOWN_AUTHORITY
    )
    return SurveyStep(at=observation.at, url=target.url, sha256=digest, sure=sure)


def robots_step(exchange: Exchange, digest: str) -> RobotsStep:
    """Return what the index says of a robots.txt."""
    return RobotsStep(
        at=exchange.started_at,
        status=exchange.status,
        text=text(exchange)[:ROBOTS_CHARACTERS],
        sha256=digest,
    )


def origin_of(url: str) -> str:
    """Return the scheme, host and port of an address, lower case."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
