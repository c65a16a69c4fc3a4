"""What the pages may ask of the service on behalf of a visitor, and its answers.

The pages' process has neither the key of the addresses nor the right to write. It sends what a
visitor wrote, in one line; here everything is judged again, as coming from a stranger.
"""

import base64
import binascii
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.alerts.vault import TOKEN_LENGTH
from monitor.core.notices.notice import Pace
from monitor.core.notices.topics import MOST
from monitor.core.untrusted.mail_addresses import LONGEST

Topic = Annotated[str, Field(max_length=100)]
# As `translations.LANGUAGES`: a test compares them.
LanguageCode = Literal["fr", "en", "ar"]
Token = Annotated[str, Field(max_length=TOKEN_LENGTH)]


class Wish(StrEnum):
    """What a visitor asks for."""

    ASK = "ask"  # to subscribe
    CONFIRM = "confirm"
    SHOW = "show"  # one's choices
    CHOOSE = "choose"
    LEAVE = "leave"


class SubscriptionRequest(BaseModel):
    """One request; what it needs besides `wish` depends on that."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wish: Wish
    address: Annotated[str, Field(max_length=LONGEST)] = ""
    token: Token = ""
    topics: Annotated[list[Topic], Field(max_length=MOST)] = []
    pace: Pace = Pace.AT_ONCE
    rests: bool = False
    language: LanguageCode = "fr"
    network: Annotated[str, Field(max_length=60)] = ""


class SubscriptionAnswer(BaseModel):
    """The answer. It never depends on whether an address is known.

    Attributes:
        outcome: `done`; `invalid`: a link or a form that cannot be used; `busy`: too many ask.
        token: A link to the choices, for who has just confirmed.

    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcome: Literal["done", "invalid", "busy"]
    topics: list[str] = []
    pace: Pace = Pace.AT_ONCE
    rests: bool = False
    language: LanguageCode = "fr"
    token: str = ""


def encoded(request: SubscriptionRequest) -> bytes:
    """Write a request on one line."""
    return base64.b64encode(request.model_dump_json().encode())


def decoded(line: bytes) -> SubscriptionRequest | None:
    """Read a request; None when it is none."""
    try:
        return SubscriptionRequest.model_validate_json(base64.b64decode(line, validate=True))
    except (binascii.Error, ValidationError):
        return None
