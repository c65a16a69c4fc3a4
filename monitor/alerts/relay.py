"""The conversation with the mail server: one message, one answer, and what the answer means."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from monitor.config import Relay
from monitor.config.schema import Security

STEP_S = 30.0  # one command and its answer
MESSAGE_S = 120.0  # a whole message; RFC 5321 lets a server take ten minutes after DATA
_PERMANENT = 500
_POLICY = re.compile(r"\b5\.7\.\d{1,3}\b")  # about who sends, or the content: not the address
_NO_MAILBOX = frozenset({550, 551, 553})


class Result(StrEnum):
    """What became of one attempt; a label of `anef_notifications_total`."""

    SENT = "sent"
    LATER = "later"  # the server asks to try again, or took it for no mail at all
    REFUSED = "refused"  # it will never take this message
    NO_MAILBOX = "no_mailbox"  # it will never take any message to this address
    UNSURE = "unsure"  # the connection ended after the message and before the answer
    UNREACHABLE = "unreachable"  # no message could be offered


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """`why` has no address: the code of the answer, or the kind of error."""

    result: Result
    why: str


class RelayUnreachable(Exception):  # noqa: N818 -- a state of the server, not a fault of ours
    """No session could be opened: the message is without any blame."""


async def _always() -> bool:
    return True


class RelaySession:
    """A connection to the server, for several messages in a row."""

    def __init__(self, relay: Relay, password: str, *, extra_ca: Path | None = None) -> None:
        self._relay = relay
        self._password = password
        context = ssl.create_default_context()
        if extra_ca is not None:
            context.load_verify_locations(extra_ca)
        secure = relay.security is Security.TLS
        self._client = SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=secure,
            start_tls=relay.security is Security.STARTTLS,
            tls_context=context if relay.security is not Security.NONE else None,
            timeout=STEP_S,
        )

    async def __aenter__(self) -> Self:
        """Connect and log in.

        Raises:
            RelayUnreachable: No answer, no TLS, another certificate, a refused login.

        """
        try:
            async with asyncio.timeout(MESSAGE_S):
                await self._client.connect()
                if self._relay.user:
                    await self._client.login(self._relay.user, self._password)
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            self._client.close()
            raise RelayUnreachable(_named(error)) from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            async with asyncio.timeout(1.0):  # politeness has its limits
                await self._client.quit()
        except (SMTPException, OSError, TimeoutError):
            self._client.close()

    async def deliver(
        self,
        sender: str,
        recipient: str,
        message: bytes,
        *,
        give: Callable[[], Awaitable[bool]] = _always,
    ) -> DeliveryAttempt:
        """Offer one message, and return what became of it. Never raises for what a server does.

        `give` is awaited once the server takes the recipient, just before it is given the message;
        when it returns False, the server is not.
        """
        given = False
        try:
            async with asyncio.timeout(MESSAGE_S):
                await self._client.mail(sender)
                await self._client.rcpt(recipient)
                if not await give():
                    await self._reset()
                    return DeliveryAttempt(result=Result.LATER, why="claim lapsed")
                given = True
                answer = await self._client.data(message, timeout=MESSAGE_S)
        except SMTPResponseException as error:
            await self._reset()
            return _refusal(error)
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            self._client.close()
            result = Result.UNSURE if given else Result.UNREACHABLE
            return DeliveryAttempt(result=result, why=_named(error))
        return DeliveryAttempt(result=Result.SENT, why=str(answer.code))

    async def _reset(self) -> None:
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            self._client.close()


def _refusal(error: SMTPResponseException) -> DeliveryAttempt:
    """Judge an answer that refuses. Only what is said of the recipient disables an address."""
    why = str(error.code)
    if error.code < _PERMANENT:
        return DeliveryAttempt(result=Result.LATER, why=why)
    about_policy = _POLICY.search(str(error.message)) is not None
    if isinstance(error, SMTPSenderRefused):
        return DeliveryAttempt(
            result=Result.LATER, why=f"{why} sender"
        )  # the operator must see to it
    if isinstance(error, SMTPRecipientRefused) and error.code in _NO_MAILBOX and not about_policy:
        return DeliveryAttempt(result=Result.NO_MAILBOX, why=why)
    return DeliveryAttempt(result=Result.REFUSED, why=why)


def _named(error: BaseException) -> str:
    """Return the kind of an error, and the code of an answer: never its text, which names us."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__
