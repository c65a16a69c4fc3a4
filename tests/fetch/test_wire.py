"""What servers really send, over a socket: what every browser shows is not laid on the site."""

import asyncio

import pytest

from monitor.core.model import Controls, Exchange, Kind, Reason, Target, Verdict
from monitor.core.verdict.classify import classify
from monitor.fetch.reparse import reread
from tests.corpus.wire import PAGE, UP, WIRE, Wire
from tests.support import sites
from tests.support.fetching import PATIENT_S, make_fetcher, open_gate
from tests.support.shipped_config import SHIPPED
from tests.support.sites import Script, Visit

pytestmark = pytest.mark.anyio
FINGERPRINTS = SHIPPED.fingerprints


def served(wire: Wire, silence: asyncio.Event) -> Script:
    """Send an answer. A RST drops what is not read yet: it waits until the client waits."""

    async def script(visit: Visit) -> None:
        await visit.request()
        silence.clear()
        await visit.send(wire.data)
        if wire.reset:
            await silence.wait()
            visit.reset()

    return script


def target(url: str) -> Target:
    return Target(slug="x", name="x", url=url, kind=Kind.PAGE, platform="x", deadline_s=PATIENT_S)


def said(exchange: Exchange) -> tuple[Verdict, Reason]:
    judgement = classify(
        target(exchange.url),
        exchange,
        controls=Controls(at=exchange.started_at, ok=1, asked=1),
        clock_offset_us=0,
        clock_limit_us=1,
        known_good=True,
        fingerprints=FINGERPRINTS,
    )
    return judgement.verdict, judgement.reason


@pytest.mark.parametrize("name", WIRE)
async def test_what_browsers_show_is_up_and_what_they_refuse_is_not(name: str) -> None:
    wire = WIRE[name]
    fetcher, silence = make_fetcher(), asyncio.Event()
    fetcher.on_silence = silence.set
    async with sites.site(served(wire, silence)) as site:
        exchange = await fetcher.fetch(target(site.url()), open_gate)

    assert said(exchange) == wire.said, exchange.detail
    if wire.said == UP and name != "HTTP/1.0 has no chunks":
        assert exchange.body.startswith(PAGE)
    again = reread(exchange)
    assert (again.body, again.hops) == (exchange.body, exchange.hops)
