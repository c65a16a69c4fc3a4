"""A signed JSON webhook, in the form of Standard Webhooks (standardwebhooks.com)."""

import base64
import binascii
import hmac
from datetime import UTC, datetime

from monitor.core.notices.alert_channels.channel_request import (
    ChannelAddress,
    ChannelForm,
    ChannelMessage,
    ChannelRequest,
    encoded,
)

PREFIX = "whsec_"
_SECRET_MIN = 24  # bytes, as that specification asks


def request(message: ChannelMessage, address: ChannelAddress, now: datetime) -> ChannelRequest:
    """Return the request; its receiver checks the signature, and knows the message by its name."""
    letter = message.letter
    body = encoded(
        {
            "type": message.kind,
            "timestamp": message.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "data": {
                "title": letter.subject,
                "summary": letter.lead,
                "url": message.page or None,
                **message.details,
            },
        }
    )
    at = str(int(now.timestamp()))
    signed = b".".join((message.name.encode(), at.encode(), body))
    signature = base64.b64encode(hmac.digest(_key(address.secret), signed, "sha256")).decode()
    headers = {
        "webhook-id": message.name,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{signature}",
    }
    return ChannelRequest(method="POST", url=address.url, body=body, headers=headers)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _SECRET_MIN:
        raise ValueError(f"« {PREFIX} » puis {_SECRET_MIN} octets ou plus, en base 64")
    return key


CHANNEL = ChannelForm(request=request, repeatable=True, needs=("url",))
