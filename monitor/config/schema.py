"""The schema of the files: their keys. Unknown keys are refused; `field_types` has the values.

Where a table holds what the program uses, its class is the program's own: `Publisher`, `Retention`,
`ControlHost`, `StampAuthority`, `Cosigner`, `OtherPoint`. The others, whose name ends in `Entry`,
are completed (defaults of other tables, units) into those of `values` and of the core.
"""

from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.config.fields.field_types import (
    ChannelKind,
    Day,
    Deadline,
    Department,
    Destination,
    HostPattern,
    Interval,
    IpAddress,
    JournalPlace,
    KeyName,
    Label,
    LogKey,
    MailAddress,
    NtpServer,
    Origin,
    PageUrl,
    Slow,
    Slug,
    Surety,
    TargetKind,
    Text,
    Url,
    Verified,
    WebAddress,
    WitnessKey,
    pace,
)
from monitor.core.notices.topics import ALL, CHANGE_MAJOR, INCIDENT, MILESTONE, MOST

SHARES_MAX = 10  # points of one plan: each then asks a tenth as often


class Entry(BaseModel):
    """A table. `RETIRED` are keys of earlier versions: an upgrade must not refuse their files."""

    RETIRED: ClassVar[frozenset[str]] = frozenset()
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_retired(cls, raw: object) -> object:
        if not isinstance(raw, Mapping):
            return raw
        return {key: value for key, value in raw.items() if key not in cls.RETIRED}


class ServiceEntry(Entry):
    user_agent: Text | None = None  # made of the identity
    contact: MailAddress
    allow_private: bool = False
    extra_ca: str = ""
    no_sandbox: bool = False

    @property
    def context(self) -> dict[str, Any]:
        return {"allow_private": self.allow_private}


class Publisher(Entry):
    """Who is responsible for this measuring point; shown on every page and document.

    `site` is the public address of our own pages.
    """

    association: Text
    site: WebAddress


class LegalEntry(Entry):
    """What the law asks a public site to say; `config.legal` refuses one without them.

    Attributes:
        address, phone: Of the seat of the association.
        director: Who answers for what is published: its legal representative.
        host, host_address, host_phone: Who keeps the machine that serves the pages.

    """

    address: Text | None = None
    phone: Text | None = None
    director: Text | None = None
    host: Text | None = None
    host_address: Text | None = None
    host_phone: Text | None = None


class WebEntry(Entry):
    """What the pages let others do.

    `api_origin` is the one other site whose pages may read the interface from a browser.
    """

    api_origin: Origin | None = None


class BrowserSettings(Entry):
    """The browser that shows pages of kind `rendered`.

    Attributes:
        executable: Its path; "" for the one that Debian installs, if there is one.
        memory_mb: What all its processes may take together for themselves.

    """

    executable: str = ""
    memory_mb: Annotated[int, Field(ge=150, le=8_000)] = 450


class ProbeEntry(Entry):
    deadline_s: Deadline = 30.0
    slow_s: Slow = 10.0


class PolicyEntry(Entry):
    failures: Annotated[int, Field(ge=1, le=20)] = 3
    failing_s: Annotated[int, Field(ge=0, le=3_600)] = 120
    successes: Annotated[int, Field(ge=1, le=20)] = 2
    recovering_s: Annotated[int, Field(ge=0, le=3_600)] = 60
    recheck_s: Annotated[int, Field(ge=1, le=3_600), pace(30)] = 60
    silence_s: Annotated[int, Field(ge=60, le=172_800)] = 7_200


class ClockEntry(Entry):
    ntp_servers: Annotated[list[NtpServer], Field(max_length=8)] = []
    limit_ms: Annotated[int, Field(ge=1, le=60_000)] = 500


class ResolverEntry(Entry):
    servers: Annotated[list[IpAddress], Field(max_length=8)] = []
    second: Annotated[list[IpAddress], Field(max_length=8)] = []


class Retention(Entry):
    """Copies that an outage or a change rests on are never deleted."""

    daily_copies_days: Annotated[int, Field(ge=1, le=36_500)] = 365


class Security(StrEnum):
    """How the connection to a mail server is protected. The certificate is always verified."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"  # to this very machine only


class MailEntry(Entry):
    """Alerts; nothing is sent, and nobody can subscribe, while `host` is missing."""

    sender: MailAddress | None = None  # the contact
    daily_cap: Annotated[int, Field(ge=0, le=100_000)] = 500
    person_cap: Annotated[int, Field(ge=1, le=100)] = 10
    host: NtpServer | None = None
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Annotated[Security, Field(strict=False)] = Security.STARTTLS
    user: Text | None = None
    per_minute: Annotated[int, Field(ge=1, le=300)] = 60
    verp: bool = True
    dkim_selector: Label | None = None
    imap_host: NtpServer | None = None
    imap_port: Annotated[int, Field(ge=1, le=65_535)] = 993
    imap_user: Text | None = None  # the sender


class ChannelEntry(Entry):
    """Where notices go besides mailboxes; what is secret of it is in the environment."""

    slug: Slug
    kind: ChannelKind
    url: Url | None = None  # the secret
    room: Text | None = None
    topics: Annotated[list[Text], Field(min_length=1, max_length=MOST)] = [
        *(ALL, INCIDENT, MILESTONE, CHANGE_MAJOR)
    ]


class ControlHost(Entry):
    """A host of the control panel, which shows whether our own line works.

    Attributes:
        url: A tiny public resource, in https so that no captive portal can imitate it.
        operator: The operator of the host; different for all hosts.

    """

    slug: Slug
    name: Text
    url: Url
    operator: Text


class ControlsEntry(Entry):
    needed: Annotated[int, Field(ge=1, le=20)]
    interval_s: Annotated[int, Field(ge=1, le=3_600), pace(30)] = 60
    host: list[Any]  # of ControlHost, each validated alone


class StampAuthority(Entry):
    """A time-stamping authority (RFC 3161).

    Attributes:
        operator: Its operator; two authorities of one operator count as one.
        roots: The only roots that its tokens may lead to: in the file the path of a PEM file, in
            the configuration its text; "": the public ones.

    """

    RETIRED = frozenset({"qualified"})
    slug: Slug
    name: Text
    url: Url
    operator: Text
    roots: str = ""


class JournalEntry(Entry):
    origin: KeyName | None = None  # from publisher.site
    public_ip: Annotated[list[IpAddress], Field(max_length=8)] = []


class StampsEntry(Entry):
    interval_s: Annotated[int, Field(ge=1, le=86_400), pace(900)] = 3_600
    authority: list[Any] = []  # of StampAuthority, each validated alone


class Cosigner(Entry):
    """A witness of our journal; without an address, it answers by mail."""

    key: WitnessKey
    url: Url = ""


class CosigningEntry(Entry):
    needed: Annotated[int, Field(ge=0, le=20)] = 0
    witness: list[Any] = []  # of Cosigner, each validated alone


class LogEntry(Entry):
    """A journal of others that we cosign."""

    key: LogKey


class WitnessEntry(Entry):
    name: KeyName | None = None  # from publisher.site
    log: list[Any] = []  # of LogEntry, each validated alone


class OtherPoint(Entry):
    """Another point, whose journal we follow.

    Attributes:
        name: Ours for it, also of its folder below `data/points/`.
        operator: Two points of one operator are one voice.
        key: Verifier key of its journal.
        url: Address of its journal, or the absolute path of a folder.

    """

    name: Slug
    operator: Text
    key: LogKey
    url: JournalPlace


class ShareEntry(Entry):
    """Our part of a plan that several points share."""

    rank: Annotated[int, Field(ge=1, le=SHARES_MAX)] = 1
    of: Annotated[int, Field(ge=1, le=SHARES_MAX)] = 1


class PlatformEntry(Entry):
    slug: Slug
    name: Text
    spacing_s: Annotated[float, Field(gt=0, le=3_600), pace(1)]
    hosts: Annotated[list[HostPattern], Field(min_length=1)]
    interval_s: dict[TargetKind, Interval] = {}
    deadline_s: Deadline | None = None
    slow_s: Slow | None = None
    policy: PolicyEntry | None = None  # the keys given replace those of the default policy


class TargetEntry(Entry):
    RETIRED = frozenset({"route"})
    slug: Slug
    name: Text
    url: PageUrl
    kind: TargetKind
    platform: Slug | None = None
    interval_s: Interval | None = None
    deadline_s: Deadline | None = None
    slow_s: Slow | None = None
    markers: Annotated[list[Text], Field(max_length=20)] = []
    expect_path: Destination | None = None
    signs_of_life: Annotated[list[Url], Field(max_length=10)] = []
    policy: PolicyEntry | None = None  # the keys given replace those of the platform's policy
    source: Text
    verified: Verified


class LocalTargetEntry(TargetEntry):
    """A target that `local.toml` adds, with the keys that files have once for all targets."""

    group: Slug = "local"
    department: Department | None = None
    city: Text | None = None


class NationalEntry(Entry):
    """A file of `targets/`: services for the whole country."""

    group: Slug
    target: list[Any]  # of TargetEntry, each validated alone


class DepartmentEntry(Entry):
    """A file of `targets/prefectures/`."""

    RETIRED = frozenset({"name"})
    department: Department
    city: Text
    platform: Slug
    target: list[Any]  # of TargetEntry, each validated alone


class Weekday(StrEnum):
    """The days of the week in order: Monday is the first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class OpeningEntry(Entry):
    """Opening hours on some days of the week, in the time of Paris."""

    slug: Slug
    days: Annotated[
        list[Annotated[Weekday, Field(strict=False)]], Field(min_length=1, max_length=7)
    ]
    opens: time
    closes: time
    source: Text
    why: Text


class ComponentEntry(Entry):
    """What makes a part of the service, and whether the whole needs it."""

    slug: Slug
    name: Text
    targets: Annotated[list[Slug], Field(min_length=1, max_length=20)]
    necessary: bool
    why: Text


class FiguresEntry(Entry):
    coverage_min: Annotated[float, Field(gt=0, le=1)] = 0.9
    opening: Annotated[list[Any], Field(max_length=20)] = []  # of OpeningEntry, each alone
    component: Annotated[list[Any], Field(max_length=50)] = []  # of ComponentEntry, each alone


class MilestoneEntry(Entry):
    """A day that figures are cut at."""

    slug: Slug
    date: Day
    name: Text
    source: Text
    sure: Surety


class MilestonesEntry(Entry):
    """`milestones.toml`."""

    milestone: Annotated[list[Any], Field(max_length=50)] = []  # of MilestoneEntry, each alone


class MainEntry(Entry):
    """`vigie.toml`: its sections, each validated alone."""

    service: Any = None
    publisher: Any = None
    controls: Any = None
    platform: list[Any] = []
    probe: Any = None
    policy: Any = None
    clock: Any = None
    resolver: Any = None
    retention: Any = None
    mail: Any = None
    channel: Annotated[list[Any], Field(max_length=20)] = []  # of ChannelEntry, each alone
    journal: Any = None
    stamps: Any = None
    cosigning: Any = None
    witness: Any = None
    points: Annotated[list[Any], Field(max_length=20)] = []  # of OtherPoint, each alone
    share: Any = None
    figures: Any = None
    web: Any = None
    browser: Any = None
    legal: Any = None
