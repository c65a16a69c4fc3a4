"""What figures are compared with and made of: dates of the law, opening hours, components."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from monitor.core.outages.calendar import Opening


class Sure(StrEnum):
    """How sure the date of a milestone is; printed beside it."""

    YES = "yes"  # read in the decision, or where the court publishes it
    DEDUCED = "deduced"  # worked out from a sure one: a period counted from it
    REPORTED = "reported"  # read in the press only


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A day that figures are cut at: before, and from its beginning on.

    Attributes:
        slug: Its identifier, which never changes.
        date: A day of Paris.
        name: French.
        source: Where the date was read. French.

    """

    slug: str
    date: date
    name: str
    source: str
    sure: Sure


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """Hours that count as open, and why these; closed on French public holidays.

    Attributes:
        source: Where the hours were read, or that they are our choice. French.
        why: French.

    """

    slug: str
    opening: Opening
    source: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part of the service that a visitor would name: down when any of its targets is.

    Attributes:
        slug: Its identifier, which never changes.
        name: French.
        targets: Slugs, of one target at least. One that is no longer checked may be among them:
            its time is not covered.
        necessary: Without it nobody can file or follow a request: the whole service is held as
            not usable while this component is down.
        why: Why it is necessary, or is not. French.

    """

    slug: str
    name: str
    targets: tuple[str, ...]
    necessary: bool
    why: str
