"""When authorities are asked, what is kept of their answers, and where."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import certifi
import pytest

from monitor.config import StampAuthority as Configured
from monitor.core.model.anchors import Stamp, Standing
from monitor.evidence.outbound_http import Reply
from monitor.evidence.timestamps import timestamping
from monitor.evidence.timestamps.timestamping import ASIDE, KEPT, SPACING_S, TICK_S, Stamper
from tests.support.clock import FakeClock
from tests.support.couriers import FakeCourier, Server, eventually
from tests.support.small_log import SmallLog
from tests.support.tsa import authority, openssl, revocations

HOUR_S = 3600
CRL = "http://crl.example/liste.crl"
LOG = SmallLog()


def url(slug: str) -> str:
    return f"http://{slug}.example/tsa"


class Scene:
    """A stamper on a clock driven by hand; authorities that stamp by that clock."""

    def __init__(
        self, folder: Path, *, crl: str = "", last: dict[str, Stamp] | None = None
    ) -> None:
        # Certificates are made by the real clock, and so are the times that openssl states.
        self.clock = FakeClock(datetime.now(UTC))  # noqa: TID251 -- see above
        self.folder = folder / "data"
        self.real = {slug: authority(folder / slug, crl=crl) for slug in ("une", "deux")}
        self.courier = FakeCourier({url(slug): self.good(slug) for slug in self.real})
        self.size: int | None = 5
        self.stamps: list[Stamp] = []
        self.last = last or {}
        self.stamper = self.restarted()

    def good(self, slug: str) -> Server:
        return lambda query: self.real[slug].lie(query, at=self.clock.now())

    def restarted(self, *, roots: str | None = None) -> Stamper:
        async def record(stamp: Stamp) -> None:
            self.stamps.append(stamp)
            if stamp.standing is not Standing.REFUSED:
                self.last[stamp.authority] = stamp

        return Stamper(
            [
                Configured(
                    slug=slug,
                    name=slug,
                    url=url(slug),
                    operator=slug,
                    roots=one.root.pem.decode() if roots is None else roots,
                )
                for slug, one in self.real.items()
            ],
            interval_s=HOUR_S,
            clock=self.clock,
            courier=self.courier,
            data=self.folder,
            newest=lambda: None if self.size is None else bytes(LOG.note(self.size)),
            record=record,
            last=self.last,
        )

    async def live(self, seconds: float) -> list[str]:
        """Let time pass, tick by tick; return whom the stamper asked, in order."""
        asked = len(self.courier.asked)
        for _ in range(round(seconds / TICK_S)):
            await self.clock.advance(TICK_S)
            await asyncio.gather(*map(self.stamper._visit, self.stamper.desks))
        return self.courier.asked[asked:]

    def of(self, slug: str) -> list[Stamp]:
        return [stamp for stamp in self.stamps if stamp.authority == slug]


def lived(scene: Scene, *seconds: float) -> list[list[str]]:
    async def live() -> list[list[str]]:
        return [await scene.live(second) for second in seconds]

    return asyncio.run(live())


def test_a_token_is_kept_whole_and_openssl_verifies_what_was_kept(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    lived(scene, 30)

    (stamp,) = scene.of("une")
    folder = scene.folder / stamp.file
    token = (folder / "token.tst").read_bytes()

    assert (Standing.VERIFIED, 5) == (stamp.standing, stamp.size)
    assert sha256(token).digest() == stamp.sha256
    assert (KEPT / sha256(token).hexdigest()).as_posix() == stamp.file
    assert bytes(LOG.note(5)) == (folder / "checkpoint").read_bytes()
    assert {"checkpoint", "chain.pem", "token.tst"} == {one.name for one in folder.iterdir()}
    assert stamp.at is not None
    assert "Verification: OK" in openssl(
        *("-verify", "-token_in", "-in", folder / "token.tst", "-data", folder / "checkpoint"),
        *("-CAfile", scene.real["une"].root_pem, "-untrusted", folder / "chain.pem"),
        *("-attime", str(int(stamp.at.timestamp()))),
    )


def test_each_authority_is_asked_every_hour_and_not_before(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    first, calm, second = [], [], []

    async def live() -> None:
        first.extend(await scene.live(60))
        scene.size = 8
        calm.extend(await scene.live(HOUR_S - 120))
        second.extend(await scene.live(120))

    asyncio.run(live())

    assert ([url("deux"), url("une")], [], [url("deux"), url("une")]) == (
        sorted(first),
        calm,
        sorted(second),
    )
    assert [5, 8] == [stamp.size for stamp in scene.of("une")]


def test_nothing_is_stamped_twice_nor_before_there_is_anything(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.size = None
    before = lived(scene, 60)
    scene.size = 5
    once = lived(scene, 60, 3 * HOUR_S)

    assert [[]] == before
    assert [2, 0] == [len(asked) for asked in once]


def test_two_requests_to_one_authority_are_15_seconds_apart(tmp_path: Path) -> None:
    """Whatever happens: edges at every second, answers good or bad."""
    scene = Scene(tmp_path)
    at: dict[str, list[int]] = {slug: [] for slug in scene.real}

    def noting(slug: str, server: Server) -> Server:
        def served(query: bytes) -> bytes | Reply:
            at[slug].append(scene.clock.monotonic_us())
            return server(query)

        return served

    scene.courier.servers = {
        url("une"): noting("une", scene.good("une")),
        url("deux"): noting("deux", lambda _: b"no"),
    }

    async def live() -> None:
        for size in range(6, 30):
            scene.size = size
            scene.stamper.stamp_soon()
            await scene.live(TICK_S)

    asyncio.run(live())

    assert 8 == len(at["une"])
    for times in at.values():
        gaps = [after - before for before, after in pairwise(times)]
        assert min([times[0], *gaps]) >= SPACING_S * 1e6


def test_an_edge_of_an_incident_is_dated_at_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    asked: list[str] = []

    async def live() -> None:
        await scene.live(60)
        scene.size = 6
        scene.stamper.stamp_soon()
        asked.extend(await scene.live(TICK_S))

    asyncio.run(live())

    assert 2 == len(asked)
    assert [5, 6] == [stamp.size for stamp in scene.of("une")]


def test_an_edge_waits_for_an_authority_that_is_down(tmp_path: Path) -> None:
    scene = Scene(tmp_path)

    async def live() -> None:
        await scene.live(60)
        working = scene.courier.servers
        scene.courier.servers, scene.size = {}, 6
        scene.stamper.stamp_soon()
        await scene.live(60)
        scene.courier.servers = working
        await scene.live(120)

    asyncio.run(live())

    assert [5, 6] == [stamp.size for stamp in scene.of("une")]


def test_an_authority_that_is_dead_is_asked_ever_less_and_stops_nobody(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    del scene.courier.servers[url("deux")]

    (asked,) = lived(scene, 6 * HOUR_S)

    assert 1 == asked.count(url("une"))
    assert 8 <= asked.count(url("deux")) <= 14  # 15, 30, 60 … seconds, then each hour
    assert [] == scene.of("deux")


def status(number: int) -> Callable[[bytes], Reply]:
    return lambda _: Reply(status=number, media_type="text/html", body=b"<html>")


@pytest.mark.parametrize("number", [302, 404, 429, 500, 503])
def test_an_http_error_is_no_answer(tmp_path: Path, number: int) -> None:
    scene = Scene(tmp_path)
    scene.courier.servers[url("une")] = status(number)
    lived(scene, 60)

    assert [] == scene.of("une")


def test_a_wrong_answer_is_kept_aside_refused_and_said(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    garbage = Reply(status=200, media_type="text/html", body=b"<html>Bienvenue</html>")
    scene.courier.servers[url("une")] = lambda _: garbage
    lived(scene, 30)

    stamp = scene.of("une")[0]
    folder = scene.folder / stamp.file

    assert (Standing.REFUSED, None, None) == (stamp.standing, stamp.at, stamp.sha256)
    assert stamp.detail.startswith("unreadable")
    assert (ASIDE / "une").as_posix() == Path(stamp.file).parent.as_posix()
    assert garbage.body == (folder / "answer").read_bytes()
    assert bytes(LOG.note(5)) == (folder / "checkpoint").read_bytes()
    assert stamp.detail == (folder / "why.txt").read_text().strip()
    assert [Standing.VERIFIED] == [one.standing for one in scene.of("deux")]


def test_wrong_answers_do_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timestamping, "MAX_ASIDE", 2)
    scene = Scene(tmp_path)
    scene.courier.servers[url("une")] = lambda _: b"no"
    lived(scene, 600)

    assert 2 == len(list((scene.folder / ASIDE / "une").iterdir()))
    assert 4 < len(scene.of("une"))


def test_a_time_far_from_ours_is_refused(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.clock.step_wall(600)
    scene.courier.servers[url("une")] = scene.real["une"].answer
    lived(scene, 30)

    assert [True] == [stamp.detail.startswith("clock") for stamp in scene.of("une")]


def test_an_unknown_root_is_kept_and_not_counted_as_verified(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.stamper = scene.restarted(roots="")
    lived(scene, 30)

    (stamp,) = scene.of("une")

    assert Standing.UNVERIFIED is stamp.standing
    assert (scene.folder / stamp.file / "token.tst").is_file()


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    """The hour counts from the last stamp; the spacing from the start, at worst."""
    scene = Scene(tmp_path)
    lived(scene, 60)
    scene.stamper, scene.size = scene.restarted(), 8

    at_once, later = lived(scene, HOUR_S - 120, 120)

    assert [] == at_once
    assert 2 == len(later)


def test_the_lists_of_revocations_are_kept_with_the_first_token_of_a_day(tmp_path: Path) -> None:
    scene = Scene(tmp_path, crl=CRL)
    lists = revocations(scene.real["une"].root)
    scene.courier.servers[CRL] = lambda _: lists

    async def live() -> None:
        for size in (5, 6):
            scene.size = size
            await scene.live(HOUR_S + 60)

    asyncio.run(live())

    first, second = scene.of("une")
    assert lists == (scene.folder / first.file / "crl-1.crl").read_bytes()
    assert not (scene.folder / second.file / "crl-1.crl").exists()


def test_a_token_of_a_revoked_signer_is_refused(tmp_path: Path) -> None:
    scene = Scene(tmp_path, crl=CRL)
    bad = scene.real["une"]
    scene.courier.servers[CRL] = lambda _: revocations(bad.root, bad.signer)
    lived(scene, 30)

    assert ["revoked"] == [stamp.detail.partition(":")[0] for stamp in scene.of("une")]


@pytest.mark.parametrize("served", [b"<html>", b"", bytes(2_000_000)])
def test_a_bad_list_of_revocations_forbids_nothing(tmp_path: Path, served: bytes) -> None:
    scene = Scene(tmp_path, crl=CRL)
    scene.courier.servers[CRL] = lambda _: served
    lived(scene, 30)

    (stamp,) = scene.of("une")
    assert Standing.VERIFIED is stamp.standing
    assert not (scene.folder / stamp.file / "crl-1.crl").exists()


def test_a_disk_that_is_full_stops_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    scene = Scene(tmp_path)
    monkeypatch.setattr("monitor.evidence.durable.write", full)

    with pytest.raises(OSError, match="No space"):
        lived(scene, 30)
    assert [] == scene.stamps


def test_without_roots_of_its_own_an_authority_is_held_to_the_public_ones(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    public = ssl.create_default_context(cafile=certifi.where())

    (desk, _) = scene.restarted(roots="").desks

    assert len(public.get_ca_certs()) <= len(desk.roots)


def test_the_loop_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    scene = Scene(tmp_path)

    async def live() -> None:
        running = asyncio.create_task(scene.stamper.run())
        for _ in range(4):
            await scene.clock.advance(TICK_S)
        await eventually(lambda: len(scene.stamps) == 2)
        running.cancel()

    asyncio.run(live())

    assert {"une", "deux"} == {stamp.authority for stamp in scene.stamps}
    assert timedelta(minutes=1) > abs(scene.clock.now() - replace(scene.stamps[0]).asked_at)
