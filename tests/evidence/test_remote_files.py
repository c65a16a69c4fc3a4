"""Files of another's journal over HTTP: conditional, compressed, bounded."""

import asyncio
import gzip
from collections.abc import Mapping

import pytest

from monitor.evidence.log.tlog import ProofError
from monitor.evidence.other_points.remote_files import HttpFiles
from monitor.evidence.outbound_http import OutboundHttp, Reply, Unreachable

URL = "https://autre.example.test/journal/"


class _Courier(OutboundHttp):
    """Answers each request with the next reply, and remembers what was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def get(
        self,
        url: str,
        *,
        limit_bytes: int | None,
        deadline_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        del limit_bytes, deadline_s
        self.asked.append((url, dict(headers or {})))
        return self.replies.pop(0)


def _reply(status: int, body: bytes = b"", *, encoding: str = "", etag: str = "") -> Reply:
    return Reply(status=status, media_type="", body=body, encoding=encoding, etag=etag)


def test_a_checkpoint_is_asked_for_again_only_if_it_changed() -> None:
    courier = _Courier(_reply(200, b"note", etag='"a"'), _reply(304), _reply(200, b"next"))
    files = HttpFiles(URL, courier)
    assert asyncio.run(files.checkpoint()) == b"note"
    assert asyncio.run(files.checkpoint()) is None
    assert asyncio.run(files.checkpoint()) == b"next"
    assert [headers for _, headers in courier.asked] == [
        {},
        {"If-None-Match": '"a"'},
        {"If-None-Match": '"a"'},
    ]
    assert courier.asked[0][0] == "https://autre.example.test/journal/checkpoint"


def test_304_without_a_question_is_no_answer() -> None:
    with pytest.raises(Unreachable):
        asyncio.run(HttpFiles(URL, _Courier(_reply(304))).checkpoint())


def test_a_tag_that_cannot_be_sent_is_forgotten() -> None:
    files = HttpFiles(URL, _Courier(_reply(200, b"note", etag='"a"\r\nX: y')))
    asyncio.run(files.checkpoint())
    assert files.etag == ""


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (_reply(200, gzip.compress(b"bundle"), encoding="gzip"), b"bundle"),
        (_reply(200, b"bundle"), b"bundle"),
        (_reply(404), None),
        (_reply(200, b"junk", encoding="gzip"), ProofError),
        (_reply(200, gzip.compress(bytes(20_000_000)), encoding="gzip"), ProofError),
        (_reply(200, b"bundle", encoding="br"), Unreachable),
        (_reply(302), Unreachable),
        (_reply(500), Unreachable),
    ],
)
def test_a_bundle_comes_plain_or_compressed(
    reply: Reply, result: bytes | type[Exception] | None
) -> None:
    files = HttpFiles(URL, _Courier(reply))
    if isinstance(result, type):
        with pytest.raises(result):
            asyncio.run(files.read("tile/entries/000"))
    else:
        assert asyncio.run(files.read("tile/entries/000")) == result
