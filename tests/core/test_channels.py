"""What each kind of channel makes of a notice: its form, its signature, texts that call nobody."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from monitor.core.notices.alert_channels import CHANNELS
from monitor.core.notices.alert_channels.channel_request import (
    LINES,
    ChannelAddress,
    ChannelMessage,
    ChannelRequest,
)
from monitor.core.notices.letter import Letter, Tone, line
from tests.support.outcomes import at

KEY = base64.b64encode(bytes(range(32))).decode()
HOSTILE = 'A <!channel> @all @room "*`</a><script>\r\nX-Evil: 1'
MESSAGE = ChannelMessage(
    name="msg_0123",
    kind="incident.opened",
    at=at(0),
    letter=Letter(
        subject=f"[Indisponible] {HOSTILE}",
        tone=Tone.OPEN,
        lead=f"{HOSTILE} : indisponible.",
        actions=tuple(line(f"Ligne {n} {HOSTILE}", f"https://v.test/{n}") for n in range(40)),
    ),
    page="https://v.test/incidents/5",
    details={"incident": 5, "outages": []},
)
ADDRESSES = {
    "webhook": ChannelAddress(url="https://a.test/hook", secret=f"whsec_{KEY}"),
    "slack": ChannelAddress(secret="https://hooks.test/services/T/B/x"),  # noqa: S106 -- made up
    "matrix": ChannelAddress(url="https://m.test", room="!r:m.test", secret="token"),  # noqa: S106
    "ntfy": ChannelAddress(url="https://ntfy.test/sujet", secret="tk_1"),  # noqa: S106
}


def made(kind: str, **changes: Any) -> ChannelRequest:
    address = ADDRESSES[kind]
    values = {"url": address.url, "room": address.room, "secret": address.secret} | changes
    return CHANNELS[kind].request(MESSAGE, ChannelAddress(**values), at(60))


def content(request: ChannelRequest) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(request.body)
    return value


def test_a_webhook_is_signed_as_standard_webhooks_asks() -> None:
    request = made("webhook")
    headers = request.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    expected = hmac.new(bytes(range(32)), signed, hashlib.sha256).digest()
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert base64.b64decode(signature) == expected
    assert headers["webhook-id"] == "msg_0123"
    assert int(headers["webhook-timestamp"]) == at(60).timestamp(), "of the attempt, not the event"
    body = content(request)
    assert body["type"] == "incident.opened"
    assert body["timestamp"] == "2026-11-23T08:00:00Z"
    assert body["data"]["incident"] == 5
    assert body["data"]["url"] == "https://v.test/incidents/5"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_abc", "motdepasse", f"whsec_{'A' * 20}"])
def test_a_webhook_without_a_real_key_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        made("webhook", secret=secret)


def test_a_message_of_slack_or_mattermost_calls_nobody() -> None:
    request = made("slack")
    text: str = content(request)["text"]
    assert request.url == "https://hooks.test/services/T/B/x"
    assert "<" not in text
    assert "&lt;!channel&gt;" in text
    assert "@all" not in text
    assert "https://v.test/0" in text


def test_a_text_is_no_link_of_markdown_in_mattermost() -> None:
    letter = replace(MESSAGE.letter, lead="[Compte](https://a.test) ![x](https://b.test)")
    message = replace(MESSAGE, letter=letter)
    text: str = content(CHANNELS["slack"].request(message, ADDRESSES["slack"], at(60)))["text"]
    assert "Compte" in text
    assert "](" not in text


@pytest.mark.parametrize("kind", CHANNELS)
def test_half_of_a_pair_in_a_text_stops_no_message(kind: str) -> None:
    letter = replace(MESSAGE.letter, lead="a\ud800\x00b")
    request = CHANNELS[kind].request(replace(MESSAGE, letter=letter), ADDRESSES[kind], at(60))
    assert b"a?" in request.body


def test_a_notice_of_matrix_is_there_once_and_calls_nobody() -> None:
    request = made("matrix")
    assert (request.method, request.headers["Authorization"]) == ("PUT", "Bearer token")
    assert request.url == (
        "https://m.test/_matrix/client/v3/rooms/%21r%3Am.test/send/m.room.message/msg_0123"
    )
    body = content(request)
    assert body["m.mentions"] == {}
    assert body["msgtype"] == "m.notice"
    assert "<script>" not in body["formatted_body"]
    assert 'href="https://v.test/0"' in body["formatted_body"]
    with pytest.raises(ValueError, match="jeton"):
        made("matrix", secret="a\r\nX: y")  # noqa: S106 -- made up


def test_a_message_of_ntfy_has_no_text_in_its_headers() -> None:
    request = made("ntfy")
    assert request.url == "https://ntfy.test/"
    assert request.headers == {"Authorization": "Bearer tk_1"}
    body = content(request)
    assert (body["topic"], body["click"]) == ("sujet", MESSAGE.page)
    secret = made("ntfy", url="", secret="https://ntfy.test/sujet-secret")  # noqa: S106 -- made up
    assert content(secret)["topic"] == "sujet-secret"
    assert secret.headers == {}
    with pytest.raises(ValueError, match="sujet"):
        made("ntfy", url="https://ntfy.test/")


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_every_kind_makes_a_bounded_request_whose_headers_hold_one_line(kind: str) -> None:
    request = made(kind)
    assert len(request.body) < 20_000
    assert request.body.count(b"https://v.test/") <= 2 * LINES
    assert all("\n" not in value and value.isascii() for value in request.headers.values())
    assert repr(ADDRESSES[kind]).count(ADDRESSES[kind].secret) == 0
