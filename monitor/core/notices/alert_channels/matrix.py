"""A room of Matrix: the token of an account that is in it, which sends notices."""

import html
from datetime import datetime
from urllib.parse import quote

from monitor.core.notices.alert_channels.channel_request import (
    ChannelAddress,
    ChannelForm,
    ChannelMessage,
    ChannelRequest,
    conversation_lines,
    encoded,
)


def request(message: ChannelMessage, address: ChannelAddress, now: datetime) -> ChannelRequest:
    """Return the request; the transaction is the message's name, so that it is there once."""
    del now
    if not address.secret.isascii() or not address.secret.isprintable() or not address.secret:
        raise ValueError("le jeton d’un compte qui est dans le salon")
    lines = [(message.letter.subject, ""), *conversation_lines(message)]
    shown = [
        f'<a href="{html.escape(url)}">{html.escape(text)}</a>' if url else html.escape(text)
        for text, url in lines
    ]
    content = {
        "msgtype": "m.notice",
        "body": "\n".join(f"{text} {url}".rstrip() for text, url in lines),
        "format": "org.matrix.custom.html",
        "formatted_body": f"<strong>{shown[0]}</strong><br>{'<br>'.join(shown[1:])}",
        "m.mentions": {},  # nobody: "@room" in a text is text
    }
    place = f"rooms/{quote(address.room, safe='')}/send/m.room.message/{quote(message.name)}"
    return ChannelRequest(
        method="PUT",
        url=f"{address.url.rstrip('/')}/_matrix/client/v3/{place}",
        body=encoded(content),
        headers={"Authorization": f"Bearer {address.secret}"},
    )


CHANNEL = ChannelForm(request=request, repeatable=True, needs=("url", "room"))
