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

# "&", "<" and ">" are all that Slack's own syntax begins with; Mattermost also knows "@all", and
# the links of Markdown, which it shows as their text alone.
_INERT = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\N{WORD JOINER}", "*": "∗", "`": "’"}
)


def request(message: ChannelMessage, address: ChannelAddress, now: datetime) -> ChannelRequest:
    """Return the request; nothing in the text calls anyone."""
    del now
    lines = [f"*{_inert(message.letter.subject)}*"]
    for text, url in conversation_lines(message):
        lines.append(f"{_inert(text)} {url}".rstrip())
    body = encoded({"text": "\n".join(lines)})
    return ChannelRequest(method="POST", url=address.url or address.secret, body=body)


def _inert(text: str) -> str:
    return text.translate(_INERT).replace("](", "]\N{WORD JOINER}(")


CHANNEL = ChannelForm(request=request)
