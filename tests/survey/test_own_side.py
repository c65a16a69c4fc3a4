"""Each surprise of our own side is named, its line proposed, and accepting it makes it right."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from monitor.config import ControlHost
from monitor.demo.name_server import NameServer
from monitor.demo.sites import FICHES
from monitor.runtime.clock import SystemClock
from monitor.survey import own_side
from monitor.survey.acceptance import accept
from monitor.survey.surprise import Surprise, SurpriseKind
from monitor.survey.target_reading import TargetClass
from tests.support.sites import Site, Visit, site
from tests.support.surveying import Surveyed, of, surveyed
from tests.support.time_server import TimeServer
from tests.support.tsa import Authority, authority

pytestmark = pytest.mark.anyio
SLUG = "prefecture-34"
THIRD = "127.86.0.253"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Surveyed]:
    async with surveyed(tmp_path) as one:
        yield one


async def surprise_of(demo: Surveyed, kind: SurpriseKind) -> Surprise:
    report = await demo.ask(only=(SLUG,))
    (surprise,) = report.own_side.surprises
    assert surprise.kind is kind
    return surprise


def accepted(demo: Surveyed, surprise: Surprise) -> None:
    now = SystemClock().now()
    accept(demo.world.config_folder, surprise, observed_at=now, now=now)


def local(demo: Surveyed, text: str) -> None:
    (demo.world.config_folder / "local.toml").write_text(text, encoding="utf-8")


async def test_a_dead_control_is_replaced_by_one_that_answered(
    demo: Surveyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites = {one.host.name: one.server for one in demo.world._sites}
    port = await sites[FICHES].start()
    url = f"https://{FICHES}:{port}/titre-de-sejour"
    spare = ControlHost(slug="reserve", name="Réserve", url=url, operator="Un autre")
    monkeypatch.setattr(own_side, "RESERVES", (spare,))
    await sites["temoin-1.demo.test"].stop()
    if demo.world._six is not None:
        await demo.world._six.stop()

    surprise = await surprise_of(demo, SurpriseKind.CONTROL)
    assert "Réserve, qui vient de répondre" in surprise.advice
    assert surprise.edit
    accepted(demo, surprise)

    report = await demo.ask(only=(SLUG,))
    assert report.own_side.surprises == ()
    assert [part.works for part in report.own_side.controls] == [True, True, True]


async def test_a_line_that_is_cut_is_said_first(demo: Surveyed) -> None:
    for one in demo.world._sites:
        await one.server.stop()
    if demo.world._six is not None:
        await demo.world._six.stop()

    report = await demo.ask(only=(SLUG,))

    assert not report.own_side.right
    assert report.installation.startswith("Votre installation n’est pas encore prête : témoins qui")
    assert of(report, SLUG).standing is TargetClass.UNKNOWN
    await demo.world.show(0.0)
    again = await demo.ask(only=(SLUG,))
    assert of(again, SLUG).standing is TargetClass.EXPECTED


async def test_a_lying_resolver_is_left_out(demo: Surveyed) -> None:
    third = NameServer(demo.world._names._hosts)
    await third.start(address=THIRD, port=demo.world.dns_address[1])
    first, second = demo.world.dns_address[0], demo.world.second_dns
    demo.change = lambda config: (
        config
        if config.resolvers != (first,)
        else replace(config, second_resolvers=(second, THIRD))
    )
    demo.world._names.lies = demo.world._lies()
    try:
        surprise = await surprise_of(demo, SurpriseKind.RESOLVER)
        assert surprise.about == first
        assert surprise.edit
        assert surprise.edit.values == {"servers": [second], "second": [THIRD]}
        accepted(demo, surprise)

        report = await demo.ask(only=(SLUG,))
        assert report.own_side.surprises == ()
        assert of(report, SLUG).standing is TargetClass.EXPECTED
    finally:
        third.stop()


async def test_a_server_of_time_that_is_mute_is_left_out(demo: Surveyed) -> None:
    local(demo, '[clock]\nntp_servers = ["127.0.0.1", "127.86.0.200"]\n')
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: TimeServer(offset_s=0.01), local_addr=("127.0.0.1", 0)
    )
    demo.time_port = transport.get_extra_info("sockname")[1]
    try:
        surprise = await surprise_of(demo, SurpriseKind.CLOCK)
        assert surprise.about == "127.86.0.200"
        accepted(demo, surprise)

        report = await demo.ask(only=(SLUG,))
        assert demo.config.ntp_servers == ("127.0.0.1",)
        assert report.own_side.surprises == ()
        assert report.own_side.clocks[0].works
    finally:
        transport.close()


async def test_a_false_clock_is_a_fault_of_the_installation(demo: Surveyed) -> None:
    local(demo, '[clock]\nntp_servers = ["127.0.0.1"]\n')
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: TimeServer(offset_s=30), local_addr=("127.0.0.1", 0)
    )
    demo.time_port = transport.get_extra_info("sockname")[1]
    report = await demo.ask(only=(SLUG,))
    transport.close()
    assert "horloge de cette machine est fausse" in report.installation


@asynccontextmanager
async def stamping(one: Authority) -> AsyncGenerator[Site]:
    """Serve an authority over HTTP."""

    async def script(visit: Visit) -> None:
        query = b""
        head = await visit.request()
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        while len(query) < length:
            query += await visit.receive()
        body = await asyncio.to_thread(one.answer, query)
        lines = ("HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Connection: close", "", "")
        await visit.send("\r\n".join(lines).encode() + body)

    async with site(script) as server:
        yield server


async def test_an_authority_whose_root_changed(demo: Surveyed, tmp_path: Path) -> None:
    right, changed = authority(tmp_path / "a"), authority(tmp_path / "b")
    folder = demo.world.config_folder
    (folder / "racines").mkdir()
    (folder / "racines" / "ancienne.pem").write_bytes(right.root_pem.read_bytes())
    async with stamping(right) as one, stamping(changed) as two:
        entries = "".join(
            f'[[stamps.authority]]\nslug = "{slug}"\nname = "{slug}"\noperator = "{slug}"\n'
            f'url = "{server.url("/tsa")}"\nroots = "racines/ancienne.pem"\n'
            for slug, server in (("bonne", one), ("changee", two))
        )
        local(demo, entries)

        surprise = await surprise_of(demo, SurpriseKind.STAMP)
        assert surprise.id == "horodatage-changee"
        assert "racine n’est pas reconnue" in surprise.observed
        digest = changed.root.certificate.fingerprint(SHA256())
        assert digest.hex() in surprise.advice
        accepted(demo, surprise)

        report = await asyncio.to_thread(demo.report)
    assert report.own_side.surprises == ()
    assert [part.works for part in report.own_side.authorities] == [True, True]
