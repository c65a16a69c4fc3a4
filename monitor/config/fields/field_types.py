"""The types of single values in the files: their shape and bounds, refused in French.

The validation context `{"allow_private": True}` lifts the rules that protect other sites (public
addresses, lower bounds on intervals): for the demo and the tests only.
"""

import re
from datetime import date
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from monitor.config.fields import urls, verifier_keys
from monitor.config.fields.departments import DEPARTMENTS
from monitor.core.model import Confidence, Kind
from monitor.core.notices.alert_channels import CHANNELS
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


def _label(value: str) -> str:
    if not _SLUG.fullmatch(value) or len(value) > 63:  # noqa: PLR2004 -- of DNS
        raise refused("sélecteur mal écrit", "minuscules, chiffres et tirets, 63 au plus")
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


def _page_url(value: str, info: ValidationInfo) -> str:
    if refusal := urls.refuse_url(value, allow_private=_private(info), fragment=True):
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


def pace(floor: float) -> AfterValidator:
    """Refuse an interval below `floor` seconds, which protects the sites."""

    def check(value: float, info: ValidationInfo) -> float:
        if value < floor and not _private(info):
            raise refused("cadence trop rapide pour le site", f"au moins {floor:g} s")
        return value

    return AfterValidator(check)


def _channel_kind(value: str) -> str:
    if value not in CHANNELS:
        raise refused("genre de canal inconnu", f"choisir {', '.join(CHANNELS)}")
    return value


def _journal_place(value: str, info: ValidationInfo) -> str:
    """Refuse what is neither the address of a journal nor the absolute path of a folder."""
    return _text(value) if value.startswith("/") else _url(value, info)


Text = Annotated[str, AfterValidator(_text)]
Slug = Annotated[str, AfterValidator(_slug)]
Label = Annotated[str, AfterValidator(_label)]  # of a name in the DNS
MailAddress = Annotated[str, AfterValidator(_mail)]
Url = Annotated[str, AfterValidator(_url)]
PageUrl = Annotated[str, AfterValidator(_page_url)]  # a fragment may follow: a script reads it
WebAddress = Annotated[str, AfterValidator(_shape)]
Origin = Annotated[str, AfterValidator(_origin)]
NtpServer = Annotated[str, AfterValidator(_server)]
IpAddress = Annotated[str, AfterValidator(_ip)]
HostPattern = Annotated[str, AfterValidator(_host_pattern)]
Department = Annotated[str, AfterValidator(_department)]
KeyName = Annotated[str, AfterValidator(_key_name)]
ChannelKind = Annotated[str, AfterValidator(_channel_kind)]
Destination = Annotated[Text, AfterValidator(_destination)]
WitnessKey = Annotated[Text, _key(verifier_keys.WITNESS)]
JournalPlace = Annotated[str, AfterValidator(_journal_place)]
LogKey = Annotated[Text, _key(verifier_keys.LOG)]
Interval = Annotated[int, Field(ge=1, le=86_400), pace(30)]
Deadline = Annotated[float, Field(ge=1, le=120)]
Slow = Annotated[float, Field(gt=0, le=120)]
# Files have texts, which are converted to members.
Verified = Annotated[Confidence, Field(strict=False)]
TargetKind = Annotated[Kind, Field(strict=False)]
Surety = Annotated[Sure, Field(strict=False)]
Day = Annotated[date, AfterValidator(_day)]
