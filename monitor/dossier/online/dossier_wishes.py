"""What the pages may ask of the service about dossiers, and its answers.

The pages send what a visitor wrote, in one line; here everything is judged again, as coming from a
stranger. The date of expiry goes through and is neither stored nor logged.
"""

import base64
import binascii
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from monitor.dossier.dossier_question import DossierReader

TOKEN_LENGTH = 120
_DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"


def _in_the_calendar(day: str) -> str:
    """Refuse a day that does not exist, before a process is begun for it."""
    if day:
        date.fromisoformat(day)
    return day


Day = Annotated[str, Field(pattern=_DAY, repr=False), AfterValidator(_in_the_calendar)]
Kind = Literal["target", "platform", "department", "incident", "anef"]


class DossierWish(BaseModel):
    """One request: to make a dossier, or to look at one that was asked for.

    Attributes:
        about, name: What it is about: the slug of a target or a platform, the code of a
            department, the number of an incident; nothing for the whole of ANEF.
        since, until: Days of Paris, both included; "" for an incident's own, or for today.
        network: Where the visitor is, for the throttle.

    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    wish: Literal["make", "look"]
    token: Annotated[str, Field(max_length=TOKEN_LENGTH)] = ""
    about: Kind = "anef"
    name: Annotated[str, Field(max_length=100)] = ""
    since: Day = ""
    until: Day = ""
    expiry: Day = ""
    reader: DossierReader = DossierReader.AVOCAT
    pages: bool = False
    network: Annotated[str, Field(max_length=60)] = ""


class MadeFile(BaseModel):
    """A file of a dossier that was made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    number: int | None
    size_bytes: int
    sha256: str


class DossierState(BaseModel):
    """The answer.

    Attributes:
        outcome: `waiting`, `working`, `done`; `refused`: no dossier can be made, `why` says it in
            French; `gone`: the link is not ours, or its day is over; `busy`: too many ask.
        token: What the link to it ends with.
        ahead: How many are made before it.
        doing, count, total: What is being done, how much of it, and of how much (0: not known).
        folder: Where its files are, below `data/dossiers`.
        whole: The name of the archive of all files.

    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcome: Literal["waiting", "working", "done", "refused", "gone", "busy"]
    token: str = ""
    ahead: int = 0
    doing: str = ""
    count: int = 0
    total: int = 0
    why: str = ""
    code: str = ""
    folder: str = ""
    whole: str = ""
    settled: bool = True
    files: list[MadeFile] = []


def encoded(wish: DossierWish) -> bytes:
    """Write a request on one line."""
    return base64.b64encode(wish.model_dump_json().encode())


def decoded(line: bytes) -> DossierWish | None:
    """Read a request; None when it is none."""
    try:
        return DossierWish.model_validate_json(base64.b64decode(line, validate=True))
    except (binascii.Error, ValidationError):
        return None
