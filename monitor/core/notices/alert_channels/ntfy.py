"""A topic of ntfy, on ntfy.sh or elsewhere: with a token, or its whole address as the secret."""

from datetime import datetime

from monitor.core.notices.alert_channels.channel_request import (
    ChannelAddress,
    ChannelForm,
    ChannelMessage,
    ChannelRequest,
    conversation_lines,
    encoded,
    parts_of,
)
from monitor.core.notices.letter import Tone

_TAGS = {Tone.OPEN: ["red_circle"], Tone.CLOSED: ["white_check_mark"], Tone.PLAIN: []}
_PRIORITIES = {Tone.OPEN: 4, Tone.CLOSED: 3, Tone.PLAIN: 3}


def request(message: ChannelMessage, address: ChannelAddress, now: datetime) -> ChannelRequest:
    """Return the request: JSON to the server, so that no text is in a header."""
    del now
    parts = parts_of(address.url or address.secret)
    topic = parts.path.strip("/")
    if not topic or "/" in topic:
        raise ValueError("l’adresse d’un sujet, par exemple https://ntfy.sh/mon-sujet")
    letter = message.letter
    content = {
        "topic": topic,
        "title": letter.subject,
        "message": "\n".join(f"{text} {url}".rstrip() for text, url in conversation_lines(message)),
        "priority": _PRIORITIES[letter.tone],
        "tags": _TAGS[letter.tone],
    }
    if message.page:
        content["click"] = message.page
    bearer = {"Authorization": f"Bearer {address.secret}"} if address.url and address.secret else {}
    return ChannelRequest(
        method="POST",
        url=f"{parts.scheme}://{parts.netloc}/",
        body=encoded(content),
        headers=bearer,
    )


CHANNEL = ChannelForm(request=request)
