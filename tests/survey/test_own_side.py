"""Each surprise of our own side is named, its line proposed, and accepting it makes it right."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from monitor.config import ControlHost, load
from monitor.demo.certificates import issue_authority
from monitor.demo.name_server import NameServer
from monitor.demo.sites import FICHES
from monitor.runtime.clock import SystemClock
from monitor.survey import own_side
from monitor.survey.acceptance import NotWritten, accept
from monitor.survey.surprise import Surprise, SurpriseKind
from monitor.survey.target_reading import TargetClass
from tests.support.sites import Site, Visit, site
from tests.support.surveying import Surveyed, of, surveyed
from tests.support.time_server import TimeServer
from tests.support.tsa import STAMPING, Authority, authority, issue

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
    now, folder = SystemClock().now(), demo.world.config_folder
    accept(folder, surprise, before=load(folder), observed_at=now, now=now)


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
async def stamping(authorities: Mapping[str, Authority]) -> AsyncGenerator[Site]:
    """Serve authorities over HTTP, each at its path, and their roots at /racine/<path>."""

    async def script(visit: Visit) -> None:
        head = await visit.request()
        method, path, *_ = head.decode().split()
        one = authorities[path.rpartition("/")[2]]
        body = one.root.der
        if method == "POST":
            body = await asyncio.to_thread(one.answer, await query(visit, head))
        lines = ("HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Connection: close", "", "")
        await visit.send("\r\n".join(lines).encode() + body)

    async with site(script) as server:
        yield server


async def query(visit: Visit, head: bytes) -> bytes:
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    body = b""
    while len(body) < length:
        body += await visit.receive()
    return body


def entries(server: Site, **roots: str) -> str:
    return "".join(
        f'[[stamps.authority]]\nslug = "{slug}"\nname = "{slug}"\noperator = "{slug}"\n'
        f'url = "{server.url(f"/{slug}")}"\n' + (f'roots = "{path}"\n' if path else "")
        for slug, path in roots.items()
    )


OLD = "racines/ancienne.pem"


def old_root(demo: Surveyed, one: Authority) -> None:
    folder = demo.world.config_folder
    (folder / "racines").mkdir()
    (folder / OLD).write_bytes(one.root_pem.read_bytes())


async def test_an_authority_whose_root_changed(demo: Surveyed, tmp_path: Path) -> None:
    right, changed = authority(tmp_path / "a"), authority(tmp_path / "b")
    old_root(demo, right)
    async with stamping({"bonne": right, "changee": changed}) as server:
        local(demo, entries(server, bonne=OLD, changee=OLD))

        surprise = await surprise_of(demo, SurpriseKind.STAMP)
        assert surprise.id == "horodatage-changee"
        assert "racine n’est pas reconnue" in surprise.observed
        digest = changed.root.certificate.fingerprint(SHA256())
        assert digest.hex() in surprise.advice
        accepted(demo, surprise)

        report = await asyncio.to_thread(demo.report)
    assert report.own_side.surprises == ()
    assert [part.works for part in report.own_side.authorities] == [True, True]
    roots = demo.config.stamping.authorities[1].roots
    assert right.root.pem.decode() in roots, "tokens of before are still verified"


def without_root(folder: Path, aia_url: str) -> Authority:
    """Make an authority whose answers hold an intermediate, which says where its root is."""
    now = SystemClock().now()
    root = issue_authority(
        "Racine nouvelle", starts=now - timedelta(days=9), ends=now + timedelta(days=900)
    )
    between = issue_authority(
        "Intermédiaire",
        issuer=root,
        starts=now - timedelta(days=9),
        ends=now + timedelta(days=90),
        aia_url=aia_url,
    )
    signer = issue("Horodatage de test", between, uses=STAMPING)
    one = Authority(folder, signer=signer, root=root, chain=(between,))
    (folder / "certs.pem").write_bytes(between.pem)
    return one


async def test_a_root_that_no_answer_holds_is_where_its_chain_points(
    demo: Surveyed, tmp_path: Path
) -> None:
    old, sites = authority(tmp_path / "a"), dict[str, Authority]()
    old_root(demo, old)
    async with stamping(sites) as server:
        sites |= {"b": old, "c": without_root(tmp_path / "c", server.url("/racine/c"))}
        local(demo, entries(server, b=OLD, c=OLD))

        surprise = await surprise_of(demo, SurpriseKind.STAMP)
        assert sites["c"].root.certificate.fingerprint(SHA256()).hex() in surprise.advice
        accepted(demo, surprise)

        report = await asyncio.to_thread(demo.report)
    assert report.own_side.surprises == ()
    assert [part.works for part in report.own_side.authorities] == [True, True]


async def test_a_root_that_nothing_gives_is_brought_by_a_person(
    demo: Surveyed, tmp_path: Path
) -> None:
    old = authority(tmp_path / "a")
    one = without_root(tmp_path / "c", "http://127.86.0.99:9/")
    old_root(demo, old)
    async with stamping({"b": old, "c": one}) as server:
        local(demo, entries(server, b=OLD, c=OLD))
        surprise = await surprise_of(demo, SurpriseKind.STAMP)
    assert "« Common Name: Racine nouvelle »" in surprise.advice
    with pytest.raises(NotWritten, match="fichier introuvable"):
        accepted(demo, surprise)

    brought = demo.world.config_folder / "racines" / "c.pem"
    brought.write_text("-----BEGIN CERTIFICATE-----\nAAAA", encoding="utf-8")
    with pytest.raises(NotWritten, match="sans certificat"):
        accepted(demo, surprise)
    brought.write_bytes(one.root.pem)
    accepted(demo, surprise)

    report = await asyncio.to_thread(demo.report)
    assert report.own_side.surprises == ()
