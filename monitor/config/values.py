"""The configuration: plain frozen values, and its digest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from monitor.config.canonical import sha256_of
from monitor.config.fields.french_holidays import holidays_of
from monitor.config.files.local import Setting
from monitor.config.rules.lanes import lane_of, lanes_of
from monitor.config.schema import (
    BrowserSettings,
    ControlHost,
    Cosigner,
    LegalEntry,
    OtherPoint,
    Publisher,
    Retention,
    Security,
    StampAuthority,
)
from monitor.config.strict_toml.problems import shown
from monitor.core.model import Platform, Policy, Target
from monitor.core.outages.calendar import Opening
from monitor.core.outages.milestones import Component, Milestone, OpeningHours
from monitor.core.scheduling.slots import Share
from monitor.core.untrusted.public_addresses import PORTS
from monitor.core.verdict.fingerprints import Fingerprint

NO_ASSOCIATION = "Association à désigner"  # in the shipped file
_NOWHERE = {"invalid", "test", "localhost"}
# Of hosts, in a User-Agent.
_NAMES = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,10}", re.IGNORECASE)


def made_up(host: str, *, allow_private: bool = False) -> bool:
    """Return whether a host name is a reserved example (RFC 2606); tests may use some of them."""
    labels = host.lower().rstrip(".").split(".")
    if labels[-1] == "example" or labels[-2:-1] == ["example"]:
        return True
    return labels[-1] in _NOWHERE and not allow_private


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """The line works when at least `needed` of `hosts` answer."""

    hosts: tuple[ControlHost, ...]
    needed: int
    interval_s: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    sender: str
    daily_cap: int  # messages a day, all subscribers together


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The mail server that takes our messages, and how much it is given.

    Attributes:
        user: To log in with, "" for no login; the password is of the environment.
        per_minute: Messages a minute at most.
        person_cap: Messages a day that one person may get by themselves; later ones come together.
        verp: Whether each message has its own return path, `sender+…`.
        selector: Of the DKIM key, "" when the server signs.

    """

    host: str
    port: int = 587
    security: Security = Security.STARTTLS
    user: str = ""
    per_minute: int = 60
    person_cap: int = 10
    verp: bool = True
    selector: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedMail:
    """The mailbox that messages are returned to, read by IMAP over TLS."""

    host: str
    port: int
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where notices go besides mailboxes; `kind` is a name in `core.notices.alert_channels`.

    `url` "" where it is the secret; `room` only where the kind needs one.
    """

    slug: str
    kind: str
    topics: frozenset[str]
    url: str = ""
    room: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journaling:
    """Our journal.

    Attributes:
        origin: Its name and that of its key, never changed: an address without scheme (C2SP
            tlog-checkpoint).
        public_ip: Our public addresses, as sites see them; empty when not known.

    """

    origin: str = ""
    public_ip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamping:
    """The authorities that time-stamp our journal, and the interval, besides edges of incidents."""

    authorities: tuple[StampAuthority, ...] = ()
    interval_s: int = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigning:
    """A checkpoint counts as cosigned when `needed` of `witnesses` signed it; 0 means all."""

    witnesses: tuple[Cosigner, ...] = ()
    needed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessing:
    """The journals that we cosign, and our name.

    Attributes:
        name: The name of our key, never changed: an address without scheme (C2SP
            tlog-cosignature).
        logs: Verifier keys; the name of each is its log's origin.

    """

    name: str = ""
    logs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureSettings:
    """What figures are made with; printed with each of them.

    Attributes:
        milestones: By date, then by slug.
        hours: No two of them share an instant.
        components: No target is in two of them; one is necessary at least, when there are any.
        coverage_min: Share of a span, in ]0, 1], that must be covered for a rate to stand alone.

    """

    milestones: tuple[Milestone, ...] = ()
    hours: tuple[OpeningHours, ...] = ()
    components: tuple[Component, ...] = ()
    coverage_min: Fraction = Fraction(9, 10)  # exact: nine tenths covered are enough

    @property
    def openings(self) -> tuple[Opening, ...]:
        return tuple(hour.opening for hour in self.hours)

    @property
    def necessary(self) -> tuple[Component, ...]:
        """The components without any of which the whole service is not usable."""
        return tuple(component for component in self.components if component.necessary)

    @staticmethod
    def holidays(first: date, last: date) -> frozenset[date]:
        """Return the French public holidays of the years of two days, and of those between."""
        years = range(first.year, last.year + 1)
        return frozenset().union(*map(holidays_of, years))


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The effective configuration. Build it with `load`; equal values, equal `sha256`.

    Attributes:
        targets: National services first, then the departments by code.
        platforms: By slug.
        policy: The default one; each target carries its own.
        resolvers: IP addresses; empty for the machine's own resolvers.
        second_resolvers: Asked when the first ones fail, to tell a fault of theirs.
        clock_limit_us: Offset of our clock above which observations are `unknown: clock`.
        allow_private: Private addresses may be probed: the demo and the tests only.
        extra_ca: PEM file of an authority to trust besides the public ones, or None.
        no_sandbox: The browser has no sandbox: tests that run as root only.
        browser: What shows pages of kind `rendered`; each leaf of these says which it was.
        figures: What figures are made with, whenever they are asked for.
        api_origin: The other site whose pages may read the interface from a browser, or "".
        legal: What the law asks the pages to say of their publisher and host.
        local: The settings of `local.toml`, which are already applied to all of the above.
        sha256: Digest of all that checks depend on, as canonical JSON, lower-case hex.
        by_slug: The targets by slug.

    """

    targets: tuple[Target, ...]
    platforms: Mapping[str, Platform]
    controls: ControlSettings
    policy: Policy
    fingerprints: tuple[Fingerprint, ...]
    resolvers: tuple[str, ...]
    second_resolvers: tuple[str, ...]
    ntp_servers: tuple[str, ...]
    clock_limit_us: int
    user_agent: str
    contact: str
    publisher: Publisher
    mail: Mail
    retention: Retention
    allow_private: bool = False
    extra_ca: Path | None = None
    journaling: Journaling = Journaling()
    stamping: Stamping = Stamping()
    cosigning: Cosigning = Cosigning()
    witnessing: Witnessing = Witnessing()
    # Neither in the digest nor in comparisons. The digest stands in every leaf of the journal for
    # what a check was made with; a new milestone or other opening hours change no check, and must
    # not make those before and after look as if they were made under different rules. Figures are
    # worked out from the journal when they are asked for, and print these settings themselves.
    figures: FigureSettings = field(default=FigureSettings(), compare=False)
    no_sandbox: bool = field(default=False, compare=False)  # said in each leaf that it concerns
    browser: BrowserSettings = field(default=BrowserSettings(), compare=False)  # the same
    api_origin: str = field(default="", compare=False)  # changes no check either
    legal: LegalEntry = field(default=LegalEntry(), compare=False)
    relay: Relay | None = field(default=None, compare=False)  # the same; None: no mail
    channels: tuple[Channel, ...] = field(default=(), compare=False)
    returned: ReturnedMail | None = field(default=None, compare=False)  # None: nobody reads it
    share: Share = field(default=Share(), compare=False)  # `targets` and `platforms` have it
    points: tuple[OtherPoint, ...] = field(default=(), compare=False)  # change no check of ours
    local: tuple[Setting, ...] = field(default=(), repr=False, compare=False)
    sha256: str = field(init=False)
    by_slug: Mapping[str, Target] = field(init=False, repr=False, compare=False)
    _lanes: Mapping[str, str] = field(init=False, repr=False, compare=False)

    @property
    def ports(self) -> frozenset[int]:
        """The TCP ports that may be connected to: those of HTTP, and of configured addresses."""
        ours = [
            *(host.url for host in self.controls.hosts),
            *(party.url for party in self.stamping.authorities),
            *(party.url for party in self.cosigning.witnesses),
            *(point.url for point in self.points),
        ]
        for target in self.targets:
            ours += [target.url, *target.signs_of_life]
        return PORTS.union(filter(None, (urlsplit(url).port for url in ours)))

    @property
    def shortest_interval_s(self) -> int:
        """The shortest of the intervals between two checks of a target; an hour without any."""
        return min((target.interval_s for target in self.targets), default=3600)

    def __post_init__(self) -> None:
        by_slug = {target.slug: target for target in self.targets}
        object.__setattr__(self, "by_slug", MappingProxyType(by_slug))
        object.__setattr__(self, "_lanes", lanes_of(self.platforms.values()))
        object.__setattr__(self, "sha256", sha256_of(self))

    @property
    def missing_identity(self) -> tuple[str, ...]:
        """What is missing in the identity announced to sites, one line of French per key."""
        site, contact = self.publisher.site, self.contact
        faults = {
            ("publisher.association", self.publisher.association): (
                self.publisher.association == NO_ASSOCIATION
            ),
            ("publisher.site", site): self._made_up(urlsplit(site).hostname or ""),
            ("service.contact", contact): self._made_up(contact.rpartition("@")[2]),
        }
        if not any(faults.values()):
            hosts = _NAMES.findall(self.user_agent)
            faults["service.user_agent", self.user_agent] = any(map(self._made_up, hosts))
        return tuple(
            f"{key}: {shown(value)}: ce n’est qu’un exemple: donner la vôtre par « vigie init »"
            for (key, value), wrong in faults.items()
            if wrong
        )

    @property
    def identified(self) -> bool:
        """Return whether those whom the robot visits can know who sends it, and answer."""
        return not self.missing_identity

    @property
    def reminders(self) -> tuple[str, ...]:
        """Return what an operator must still do before this watches real sites. French."""
        sender = self.mail.sender
        lines = list(self.missing_identity)
        if sender != self.contact and self._made_up(sender.rpartition("@")[2]):
            cure = "en écrire une qui est à vous, ou retirer la clé"
            lines.append(f"mail.sender: {shown(sender)}: ce n’est qu’un exemple: {cure}")
        return tuple(lines)

    def _made_up(self, host: str) -> bool:
        return made_up(host, allow_private=self.allow_private)

    @property
    def advice(self) -> tuple[str, ...]:
        """Return what would let more be said of the sites. French."""
        if set(self.second_resolvers) - set(self.resolvers):
            return ()
        text = (
            "vigie.toml: resolver.second: aucun résolveur indépendant des premiers ; un nom nié ou "
            "une adresse sans réponse restera « indéterminé : filtre » ; en écrire un, par exemple "
            '"9.9.9.9"'
        )
        return (text,)

    def lane_of(self, host: str) -> str | None:
        """Return the slug of the platform that a host belongs to; None for a stranger."""
        return lane_of(self._lanes, host)
