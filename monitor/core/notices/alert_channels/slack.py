"""An incoming webhook of Slack, Mattermost, Rocket.Chat: its address is the secret."""

from datetime import datetime

from monitor.core.notices.alert_channels.channel_request import (
    ChannelAddress,
    ChannelForm,
    ChannelMessage,
    ChannelRequest,
    conversation_lines,
    encoded,
)

# "&", "<" and ">" are all that Slack's own syntax begins with; Mattermost also knows "@all".
_INERT = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\N{WORD JOINER}", "*": "∗", "`": "’"}
)


def request(message: ChannelMessage, address: ChannelAddress, now: datetime) -> ChannelRequest:
    """Return the request; nothing in the text calls anyone."""
    del now
    lines = [f"*{message.letter.subject.translate(_INERT)}*"]
    for text, url in conversation_lines(message):
        lines.append(f"{text.translate(_INERT)} {url}".rstrip())
    body = encoded({"text": "\n".join(lines)})
    return ChannelRequest(method="POST", url=address.url or address.secret, body=body)


CHANNEL = ChannelForm(request=request)
