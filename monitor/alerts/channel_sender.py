"""One request to a channel, and what its answer means."""

from datetime import datetime

from monitor.alerts.relay import DeliveryAttempt, Result
from monitor.config import Channel, Config
from monitor.config.settings import Settings
from monitor.core.notices.alert_channels import CHANNELS
from monitor.core.notices.alert_channels.channel_request import (
    ChannelAddress,
    ChannelMessage,
    ChannelRequest,
    parts_of,
)
from monitor.core.untrusted.public_addresses import PORTS
from monitor.evidence.outbound_http import NeverAsked, OutboundHttp, Unreachable

DEADLINE_S = 20.0
NEVER_ASKED, NO_ANSWER = "never asked", "no answer"
_GONE = 410


class ChannelSender:
    """Sends to channels. Redirects are not followed; addresses that are not public are refused."""

    def __init__(self, config: Config, settings: Settings) -> None:
        self._settings = settings
        self._config = config

    async def send(
        self, channel: Channel, message: ChannelMessage, now: datetime
    ) -> DeliveryAttempt:
        """Send a message and return what became of it. Never raises for what the other side does.

        `why` of the result has no address: many are secrets.
        """
        form = CHANNELS[channel.kind]
        try:
            request = self._request(channel, message, now)
            port = parts_of(request.url).port
        except ValueError as error:
            why = f"VIGIE_CHANNEL_SECRETS, {channel.slug} : il faut {error}"
            return DeliveryAttempt(result=Result.LATER, why=why)
        courier = OutboundHttp(
            user_agent=self._config.user_agent,
            allow_private=self._config.allow_private,
            extra_ca=self._config.extra_ca,
            ports=PORTS | ({port} if port else set()),
        )
        try:
            reply = await courier.send(
                request.method,
                request.url,
                request.body,
                headers={"Content-Type": request.media_type, **request.headers},
                limit_bytes=None,
                deadline_s=DEADLINE_S,
            )
        except NeverAsked:
            return DeliveryAttempt(result=Result.UNREACHABLE, why=NEVER_ASKED)
        except Unreachable:
            result = Result.LATER if form.repeatable else Result.UNSURE
            return DeliveryAttempt(result=result, why=NO_ANSWER)
        return DeliveryAttempt(result=_meaning(reply.status), why=str(reply.status))

    def _request(self, channel: Channel, message: ChannelMessage, now: datetime) -> ChannelRequest:
        """Return the request. Raises ValueError, which says what the secret must be."""
        secret = self._settings.secret_of_channel(channel.slug)
        address = ChannelAddress(url=channel.url, room=channel.room, secret=secret)
        request = CHANNELS[channel.kind].request(message, address, now)
        # An address of the configuration was checked when it was read.
        secret_address = not channel.url and not self._config.allow_private
        if secret_address and parts_of(request.url).scheme != "https":
            raise ValueError("une adresse qui commence par https://")
        return request


def _meaning(status: int) -> Result:
    """Judge a status: anything but a success is tried again, except that there is nobody left."""
    if status // 100 == 2:  # noqa: PLR2004 -- RFC 9110: success
        return Result.SENT
    return Result.NO_MAILBOX if status == _GONE else Result.LATER
