"""The schema of the files: keys, types and bounds. Unknown keys are refused.

Some classes are used unchanged by the program: `Publisher`, `Retention`, `ControlHost`. The others
are converted (defaults, units, names) to those of `values`.

The validation context `{"allow_private": True}` lifts the rules that protect other sites (public
addresses, lower bounds on intervals): for the demo and the tests only.
"""

import re
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from monitor.config import urls, verifier_keys
from monitor.config.departments import DEPARTMENTS
from monitor.core.model import Confidence, Kind
from monitor.core.outages.milestones import Sure

TEXT_MAX = 500
_DAYS = (date(2000, 1, 1), date(2099, 12, 31))  # a calendar can be worked out for all of these
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_FRENCH_SPACES = str.maketrans("\u00a0\u202f", "  ")  # before « : », inside « guillemets »


def refused(reason: str, cure: str) -> PydanticCustomError:
    """Return the error of a rule of ours; `pydantic_french` reads its two texts."""
    return PydanticCustomError("vigie", "{reason}", {"reason": reason, "cure": cure})


def _private(info: ValidationInfo) -> bool:
    """Return whether private addresses are allowed. Built by code, without context, they are."""
    return info.context is None or bool(info.context["allow_private"])


def _text(value: str) -> str:
    if not value.strip():
        raise refused("texte vide", "l’écrire, ou retirer la clé")
    printable = value.translate(_FRENCH_SPACES).isprintable()
    if len(value) > TEXT_MAX or not printable or value != value.strip():
        cure = f"au plus {TEXT_MAX} caractères, sans espace au bord ni retour à la ligne"
        raise refused("texte mal formé", cure)
    return value


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value) or len(value) > 80:  # noqa: PLR2004 -- a label, a file name
        raise refused("identifiant mal écrit", "minuscules, chiffres et tirets, 80 au plus")
    return value


def _mail(value: str) -> str:
    if not _MAIL.fullmatch(value):
        raise refused("adresse de courriel mal écrite", "écrire nom@domaine.fr")
    return value


def _url(value: str, info: ValidationInfo) -> str:
    if refusal := urls.refuse_url(value, allow_private=_private(info)):
        raise refused(*refusal)
    return value


def _shape(value: str) -> str:
    if refusal := urls.refuse_shape(value):
        raise refused(*refusal)
    return value


def _origin(value: str) -> str:
    address = _shape(value)
    parts = urlsplit(address)
    if address != f"{parts.scheme}://{parts.netloc.lower()}":
        cure = "écrire le protocole et l’hôte en minuscules, par exemple https://exemple.fr"
        raise refused("une origine est attendue, sans chemin ni barre finale", cure)
    return address


def _destination(value: str) -> str:
    if not value.startswith("/"):
        raise refused("un chemin est attendu", "l’écrire depuis la racine, par exemple /usagers/")
    return value


def _host_pattern(value: str, info: ValidationInfo) -> str:
    host = value.removeprefix(".")
    if _private(info) and urls.ip_address(host):
        return value
    if refusal := urls.refuse_name(host, allow_private=_private(info)):
        raise refused(*refusal)
    return value


def _server(value: str) -> str:
    """Accept an NTP server: an IP address or a name, private ones included."""
    if urls.refuse_name(value, allow_private=True) and not urls.ip_address(value):
        raise refused("serveur mal écrit", "écrire un nom ou une adresse IP")
    return value


def _ip(value: str) -> str:
    if urls.ip_address(value) is None:
        raise refused("adresse IP mal écrite", "écrire par exemple 192.0.2.53")
    return value


def _department(value: str) -> str:
    if value not in DEPARTMENTS:
        cure = 'écrire "01" à "95", "2A", "2B", "971" à "976", "977-978", "986" à "988"'
        raise refused("code de département inconnu", cure)
    return value


def _day(value: date) -> date:
    first, last = _DAYS
    if not first <= value <= last:
        raise refused("date hors bornes", f"de {first} à {last}")
    return value


def _key_name(value: str) -> str:
    if not value.isascii() or not value.isprintable() or {" ", "+"} & set(value) or not value:
        raise refused("nom de clé mal écrit", "écrire par exemple vigie.association.fr/temoin")
    return value


def _key(kind: int) -> AfterValidator:
    """Refuse what is not the public key of a log, or of a witness."""

    def check(value: str) -> str:
        if refusal := verifier_keys.refuse_key(value, kind):
            raise refused(*refusal)
        return value

    return AfterValidator(check)


def _pace(floor: float) -> AfterValidator:
    """Refuse an interval below `floor` seconds, which protects the sites."""

    def check(value: float, info: ValidationInfo) -> float:
        if value < floor and not _private(info):
            raise refused("cadence trop rapide pour le site", f"au moins {floor:g} s")
        return value

    return AfterValidator(check)


Text = Annotated[str, AfterValidator(_text)]
Slug = Annotated[str, AfterValidator(_slug)]
MailAddress = Annotated[str, AfterValidator(_mail)]
Url = Annotated[str, AfterValidator(_url)]
Interval = Annotated[int, Field(ge=1, le=86_400), _pace(30)]
Deadline = Annotated[float, Field(ge=1, le=120)]
Slow = Annotated[float, Field(gt=0, le=120)]
# Files have texts, which are converted to members.
Verified = Annotated[Confidence, Field(strict=False)]
TargetKind = Annotated[Kind, Field(strict=False)]
Surety = Annotated[Sure, Field(strict=False)]
Day = Annotated[date, AfterValidator(_day)]


class Entry(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class ServiceEntry(Entry):
    user_agent: Text | None = None  # made of the identity
    contact: MailAddress
    allow_private: bool = False
    extra_ca: str = ""

    @property
    def context(self) -> dict[str, Any]:
        return {"allow_private": self.allow_private}


class Publisher(Entry):
    """Who is responsible for this measuring point; shown on every page and document.

    `site` is the public address of our own pages.
    """

    association: Text
    site: Annotated[str, AfterValidator(_shape)]


class WebEntry(Entry):
    """What the pages let others do.

    `api_origin` is the one other site whose pages may read the interface from a browser.
    """

    api_origin: Annotated[str, AfterValidator(_origin)] | None = None


class ProbeEntry(Entry):
    deadline_s: Deadline = 30.0
    slow_s: Slow = 10.0


class PolicyEntry(Entry):
    failures: Annotated[int, Field(ge=1, le=20)] = 3
    failing_s: Annotated[int, Field(ge=0, le=3_600)] = 120
    successes: Annotated[int, Field(ge=1, le=20)] = 2
    recovering_s: Annotated[int, Field(ge=0, le=3_600)] = 60
    recheck_s: Annotated[int, Field(ge=1, le=3_600), _pace(30)] = 60
    silence_s: Annotated[int, Field(ge=60, le=172_800)] = 7_200


class ClockEntry(Entry):
    ntp_servers: Annotated[list[Annotated[str, AfterValidator(_server)]], Field(max_length=8)] = []
    limit_ms: Annotated[int, Field(ge=1, le=60_000)] = 500


class ResolverEntry(Entry):
    servers: Annotated[list[Annotated[str, AfterValidator(_ip)]], Field(max_length=8)] = []
    second: Annotated[list[Annotated[str, AfterValidator(_ip)]], Field(max_length=8)] = []


class Retention(Entry):
    """Copies that an outage or a change rests on are never deleted."""

    daily_copies_days: Annotated[int, Field(ge=1, le=36_500)] = 365


class MailEntry(Entry):
    sender: MailAddress | None = None  # the contact
    daily_cap: Annotated[int, Field(ge=0, le=100_000)] = 500


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
    interval_s: Annotated[int, Field(ge=1, le=3_600), _pace(30)] = 60
    host: list[Any]  # of ControlHost, each validated alone


class AuthorityEntry(Entry):
    """A time-stamping authority (RFC 3161)."""

    slug: Slug
    name: Text
    url: Url
    operator: Text
    qualified: bool = False
    roots: str = ""


class JournalEntry(Entry):
    origin: Annotated[str, AfterValidator(_key_name)] | None = None  # from publisher.site
    public_ip: Annotated[list[Annotated[str, AfterValidator(_ip)]], Field(max_length=8)] = []


class StampsEntry(Entry):
    interval_s: Annotated[int, Field(ge=1, le=86_400), _pace(900)] = 3_600
    authority: list[Any] = []  # of AuthorityEntry, each validated alone


class CosignerEntry(Entry):
    """A witness of our journal; without an address, it answers by mail."""

    key: Annotated[Text, _key(verifier_keys.WITNESS)]
    url: Url | None = None


class CosigningEntry(Entry):
    needed: Annotated[int, Field(ge=0, le=20)] = 0
    witness: list[Any] = []  # of CosignerEntry, each validated alone


class LogEntry(Entry):
    """A journal of others that we cosign."""

    key: Annotated[Text, _key(verifier_keys.LOG)]


class WitnessEntry(Entry):
    name: Annotated[str, AfterValidator(_key_name)] | None = None  # from publisher.site
    log: list[Any] = []  # of LogEntry, each validated alone


class PlatformEntry(Entry):
    slug: Slug
    name: Text
    spacing_s: Annotated[float, Field(gt=0, le=3_600), _pace(1)]
    hosts: Annotated[list[Annotated[str, AfterValidator(_host_pattern)]], Field(min_length=1)]
    interval_s: dict[TargetKind, Interval] = {}
    deadline_s: Deadline | None = None
    slow_s: Slow | None = None
    policy: PolicyEntry | None = None  # the keys given replace those of the default policy


class RouteEntry(Entry):
    name: Text
    url: Annotated[str, AfterValidator(_shape)]
    source: Text
    verified: Verified


class TargetEntry(Entry):
    slug: Slug
    name: Text
    url: Url
    kind: TargetKind
    platform: Slug | None = None
    interval_s: Interval | None = None
    deadline_s: Deadline | None = None
    slow_s: Slow | None = None
    markers: Annotated[list[Text], Field(max_length=20)] = []
    expect_path: Annotated[Text, AfterValidator(_destination)] | None = None
    signs_of_life: Annotated[list[Url], Field(max_length=10)] = []
    policy: PolicyEntry | None = None  # the keys given replace those of the platform's policy
    route: list[RouteEntry] = []
    source: Text
    verified: Verified


class LocalTargetEntry(TargetEntry):
    """A target that `local.toml` adds, with the keys that files have once for all targets."""

    group: Slug = "local"
    department: Annotated[str, AfterValidator(_department)] | None = None
    city: Text | None = None


class NationalEntry(Entry):
    """A file of `targets/`: services for the whole country."""

    group: Slug
    target: list[Any]  # of TargetEntry, each validated alone


class DepartmentEntry(Entry):
    """A file of `targets/prefectures/`."""

    department: Annotated[str, AfterValidator(_department)]
    name: Text
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
    journal: Any = None
    stamps: Any = None
    cosigning: Any = None
    witness: Any = None
    figures: Any = None
    web: Any = None
