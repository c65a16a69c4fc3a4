"""The demo's sites answer, and fall ill, over real sockets on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import dns.asyncquery
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from monitor.core.model import Reason, Verdict
from monitor.demo import sites
from monitor.demo.scenario import ends_s, expected, running
from monitor.demo.timetable import SCENES
from monitor.demo.world import DemoWorld
from tests.support.clock import FakeClock

pytestmark = pytest.mark.anyio
DURING_THE_CUT = 45.0
DURING_THE_FAULTS = 21.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[DemoWorld]:
    fingerprints = tmp_path / "fingerprints.toml"
    fingerprints.write_text("", encoding="utf-8")
    world = DemoWorld(work_folder=tmp_path, fingerprints=fingerprints, clock=FakeClock())
    await world.start()
    yield world
    await world.stop()


async def ask(world: DemoWorld, name: str) -> dns.message.Message:
    address, port = world.dns_address
    query = dns.message.make_query(name, dns.rdatatype.A)
    return await dns.asyncquery.udp(query, address, port=port, timeout=60)


async def get(world: DemoWorld, host: str, path: str) -> tuple[int, bytes]:
    """Fetch as a strict client that trusts the demo's root only."""
    answer = await ask(world, host)
    address = answer.answer[0][0].to_text()
    context = ssl.create_default_context(cafile=world.ca_path)
    port = int(world.targets[0].url.split(":")[2].split("/")[0])
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(
            address, port, ssl=context, server_hostname=host
        )
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        raw = await reader.read()
        writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


async def test_every_watched_site_is_well_at_the_start(world: DemoWorld) -> None:
    """But for the one that forgets its intermediate certificate for the whole demo."""
    for target in world.targets:
        if target.slug == "prefecture-06":
            continue
        host, path = target.url.split("/", 3)[2].split(":")[0], "/" + target.url.split("/", 3)[3]
        status, body = await get(world, host, path)
        assert (target.slug, 200) == (target.slug, status)
        assert b"<html" in body


async def test_the_shell_names_assets_that_exist(world: DemoWorld) -> None:
    for path in (sites.MAIN_SCRIPT, *sites.SIGNS_OF_LIFE):
        assert (await get(world, sites.ANEF, path))[0] == 200


async def test_an_unknown_name_does_not_exist_and_a_cut_line_resolves_nothing(
    world: DemoWorld,
) -> None:
    assert (await ask(world, "inconnu.demo.test")).rcode() == dns.rcode.NXDOMAIN
    await world.show(DURING_THE_CUT)
    assert (await ask(world, sites.SSO)).rcode() == dns.rcode.SERVFAIL


async def test_a_known_name_has_no_ipv6_address(world: DemoWorld) -> None:
    address, port = world.dns_address
    query = dns.message.make_query(sites.SSO, dns.rdatatype.AAAA)
    answer = await dns.asyncquery.udp(query, address, port=port, timeout=60)
    assert (dns.rcode.NOERROR, []) == (answer.rcode(), answer.answer)


async def refused(world: DemoWorld, code: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        await get(world, sites.prefecture(code), "/")


async def badly_certified(world: DemoWorld, code: str, text: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=text):
        await get(world, sites.prefecture(code), "/")


async def test_each_fault_shows_on_the_wire(world: DemoWorld) -> None:
    await world.show(DURING_THE_FAULTS)
    assert (await get(world, sites.SSO, sites.LOGIN_PATH))[0] == 503
    status, body = await get(world, sites.prefecture("93"), "/Demarches/Accueil-des-etrangers")
    assert status == 200
    assert "rencontre un problème".encode() in body
    assert (await get(world, sites.ANEF, "/usagers/"))[0] == 200
    assert (await get(world, sites.ANEF, sites.MAIN_SCRIPT))[0] == 404
    status, body = await get(world, sites.BOOKING, sites.BOOKING_PATH)
    assert status == 403
    assert b"Incapsula incident ID" in body
    assert b"maintenance" in (await get(world, sites.prefecture("13"), "/"))[1]
    await refused(world, "69")
    await badly_certified(world, "59", "expired")
    await badly_certified(world, "06", "unable to get local issuer")


async def test_a_silent_site_takes_the_request_and_says_nothing(world: DemoWorld) -> None:
    await world.show(DURING_THE_FAULTS)
    asking = asyncio.create_task(get(world, sites.CONTACT, sites.CONTACT_PATH))
    done, _ = await asyncio.wait([asking], timeout=0.2)
    assert not done
    await world.stop()
    with pytest.raises((OSError, IndexError)):
        await asking


async def test_a_cut_line_closes_everything_controls_included(world: DemoWorld) -> None:
    await world.show(DURING_THE_CUT)
    assert not any(site.server.listens for site in world._sites)


async def test_after_the_last_scene_everything_is_well_again(world: DemoWorld) -> None:
    await world.show(DURING_THE_CUT)
    await world.show(ends_s(SCENES))
    for host in (sites.SSO, sites.prefecture("69"), sites.prefecture("59"), *sites.CONTROLS):
        path = sites.LOGIN_PATH if host == sites.SSO else "/"
        assert (await get(world, host, path))[0] == 200


async def test_the_timetable_follows_the_clock(tmp_path: Path) -> None:
    (tmp_path / "fingerprints.toml").touch()
    clock = FakeClock()
    world = DemoWorld(
        work_folder=tmp_path, fingerprints=tmp_path / "fingerprints.toml", clock=clock
    )
    await world.start()
    playing = asyncio.create_task(world.run())
    await until(lambda: world._began_us is not None)
    await step(clock, 8.0, until_=lambda: world._sites[1].fault is not None)
    assert (await get(world, sites.SSO, sites.LOGIN_PATH))[0] == 503
    await world.stop()
    playing.cancel()


async def step(clock: FakeClock, seconds: float, *, until_: Callable[[], bool]) -> None:
    await clock.advance(seconds)
    await until(until_)


async def until(condition: Callable[[], bool]) -> None:
    """Let real sockets do their work until `condition`; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- sockets announce nothing to wait for
            await asyncio.sleep(0.005)


def test_all_scenes_are_over_within_a_minute() -> None:
    assert ends_s(SCENES) <= 55


def test_a_cut_line_is_never_an_outage() -> None:
    found = {
        expected(SCENES, target=target.slug, second=DURING_THE_CUT)
        for target in sites.targets(port=443)
    }
    assert found == {
        (Verdict.UNKNOWN, Reason.LOCAL_NETWORK),
        (None, None),  # robots.txt
        (Verdict.BLOCKED, Reason.WAF),  # not asked again
    }


def test_what_a_site_plays_is_what_its_targets_are_expected_to_show() -> None:
    """A host never plays two scenes at once, but for the cut of our own line."""
    slugs = {target.slug for target in sites.targets(port=443, browser=True)}
    hosts = {host.name for host in sites.hosts(intermediate_der=b"")}
    for scene in SCENES:
        assert (scene.verdict is None) == (scene.reason is None)
        assert set(scene.targets) <= slugs
        assert scene.host in hosts | {""}
        middle = (scene.from_s + min(scene.to_s, scene.from_s + 2)) / 2
        assert running(SCENES, host=scene.host, second=middle) == scene


async def test_the_lone_failure_is_one_answer_however_late_the_check(world: DemoWorld) -> None:
    """An instant would be missed by a check that a busy machine delays."""
    blip = next(scene for scene in SCENES if scene.targets == ("prefecture-75",))
    host = sites.prefecture("75")
    await world.show(blip.from_s)
    await world.show(blip.to_s - 1)  # another site's fault may begin or end between the two

    statuses = [(await get(world, host, "/"))[0] for _ in range(3)]
    await world.show(blip.to_s)

    assert statuses == [503, 200, 200]
    assert (await get(world, host, "/"))[0] == 200
    assert sites.POLICY.failures > 1
    assert (blip.to_s - blip.from_s) / sites.INTERVAL_S > 3


def test_every_confirmed_scene_leaves_time_for_its_confirmation() -> None:
    for scene in SCENES:
        if scene.verdict in {Verdict.DOWN, Verdict.MAINTENANCE} and "75" not in scene.host:
            checks = (scene.to_s - scene.from_s) / sites.INTERVAL_S
            assert checks >= sites.POLICY.failures + 2
