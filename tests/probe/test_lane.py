"""A platform's budget at run time, on a clock driven by hand."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise

import pytest

from monitor.core.model import GapCause, LaneState, Platform
from monitor.core.scheduling.robots_txt import RobotsFile
from monitor.probe.lane import ROBOTS_MAX, Lane
from monitor.probe.robots_cache import Gate, RobotsBook
from monitor.probe.turn_queue import NoTurn
from tests.support.clock import FakeClock

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SITE = "https://www.ain.gouv.fr"
IDE = Platform(slug="ide", name="Préfectures", spacing_s=10)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class Sites:
    """Answers for /robots.txt, and the instants of all requests."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.files: dict[str, tuple[int | None, str]] = {}
        self.requests: list[tuple[float, str]] = []
        self.kept: list[RobotsFile] = []

    def note(self, url: str) -> None:
        self.requests.append((self.clock.monotonic_us() / 1_000_000, url))

    async def robots(self, url: str, gate: Gate) -> tuple[int | None, str]:
        await gate(url)
        self.note(url)
        return self.files.get(url, (404, ""))

    def book(self, *known: RobotsFile) -> RobotsBook:
        return RobotsBook(
            clock=self.clock,
            agent="VigieANEF",
            fetch=self.robots,
            keep=self.kept.append,
            known=known,
        )


class Bench:
    """A lane, its clock, and what became of each turn that was asked for."""

    def __init__(self, *, platform: Platform = IDE, state: LaneState | None = None) -> None:
        self.clock = FakeClock(NOW)
        self.sites = Sites(self.clock)
        self.states: list[LaneState] = []
        self.robots: RobotsBook | None = None
        self.platform = platform
        self.state = state
        self.log: list[tuple[float, str]] = []
        self.tasks: list[asyncio.Task[None]] = []

    @cached_property
    def lane(self) -> Lane:
        return Lane(
            self.platform,
            self.clock,
            state=self.state,
            robots=self.robots,
            on_change=self.states.append,
        )

    @property
    def now_s(self) -> float:
        return self.clock.monotonic_us() / 1_000_000

    async def ask(
        self,
        target: str,
        *,
        slot_s: float = 0,
        urgent: bool = False,
        lasts_s: float = 1,
        url: str = SITE,
    ) -> asyncio.Task[None]:
        """Ask for a turn, and let all that can happen at this instant happen."""

        async def probe() -> None:
            try:
                async with self.lane.turn(target, at(slot_s), urgent=urgent) as turn:
                    await turn.request(url)
                    self.sites.note(url)
                    self.log.append((self.now_s, target))
                    await self.clock.sleep(lasts_s)
            except NoTurn as refusal:
                self.log.append((self.now_s, f"{target}: {refusal.cause}"))

        task = asyncio.create_task(probe())
        self.tasks.append(task)
        await self.clock.advance(0)
        return task


@asynccontextmanager
async def bench(
    *, platform: Platform = IDE, state: LaneState | None = None
) -> AsyncIterator[Bench]:
    """Give a bench, and end what it started."""
    made = Bench(platform=platform, state=state)
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


def run(scenario: object) -> None:
    """Run a coroutine to its end."""
    assert asyncio.iscoroutine(scenario)
    asyncio.run(scenario)


def test_the_starts_of_two_requests_are_spaced_also_after_the_process_started() -> None:
    async def scenario() -> None:
        async with bench() as b:
            for target in "abc":
                await b.ask(target)
            await b.clock.advance(60)

            assert [(10, "a"), (20, "b"), (30, "c")] == b.log

    run(scenario())


def test_one_probe_at_a_time_is_in_flight() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.ask("slow", lasts_s=45)
            await b.ask("next")
            await b.clock.advance(54)
            assert [(10, "slow")] == b.log
            assert b.lane.backlog == 1
            await b.clock.advance(2)
            assert [(10, "slow"), (55, "next")] == b.log

    run(scenario())


def test_turns_are_given_by_the_time_of_their_slot() -> None:
    async def scenario() -> None:
        async with bench() as b:
            for target, slot_s in [("now", 0), ("late", 3), ("early", 1), ("mid", 2)]:
                await b.ask(target, slot_s=slot_s)
            await b.clock.advance(60)

            assert ["now", "early", "mid", "late"] == [target for _, target in b.log]

    run(scenario())


def test_rechecks_go_first_and_every_fourth_turn_is_a_planned_check() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.ask("first")
            for number in range(3):
                await b.ask(f"planned-{number}", slot_s=number)
            for number in range(5):
                await b.ask(f"recheck-{number}", slot_s=10 + number, urgent=True)
            await b.clock.advance(100)

            assert [
                "first",
                "recheck-0",
                "recheck-1",
                "recheck-2",
                "planned-0",
                "recheck-3",
                "recheck-4",
                "planned-1",
                "planned-2",
            ] == [target for _, target in b.log]

    run(scenario())


def test_rechecks_without_end_do_not_starve_a_planned_check() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.ask("first")
            for number in range(10):
                await b.ask(f"planned-{number}", slot_s=number)
            for number in range(60):
                await b.ask(f"r{number}", slot_s=10 * number, urgent=True)
                await b.ask(f"s{number}", slot_s=10 * number, urgent=True)
                await b.clock.advance(10)

            served = [target for _, target in b.log if target.startswith("planned")]
            assert [f"planned-{number}" for number in range(10)] == served

    run(scenario())


def test_a_second_planned_turn_of_a_target_gives_way() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.ask("busy")
            await b.ask("a", slot_s=0)
            await b.ask("a", slot_s=5)

            assert [(0, "a: overrun")] == b.log
            assert b.lane.backlog == 1

    run(scenario())


def test_a_target_in_flight_may_wait_for_another_turn() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.ask("a", lasts_s=30)
            await b.clock.advance(15)
            await b.ask("a", slot_s=15)
            await b.clock.advance(60)

            assert [(10, "a"), (40, "a")] == b.log

    run(scenario())


def test_a_planned_check_takes_the_place_of_a_waiting_recheck() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.ask("busy")
            await b.ask("other", slot_s=1)
            await b.ask("a", slot_s=2, urgent=True)
            await b.ask("a", slot_s=3)
            assert [(0, "a: overrun")] == b.log
            await b.clock.advance(60)

            assert ["busy", "a", "other"] == [target for _, target in b.log[1:]]

    run(scenario())


def test_a_recheck_hastens_the_planned_check_that_waits_already() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.ask("busy")
            await b.ask("other", slot_s=1)
            await b.ask("a", slot_s=2)
            await b.ask("a", slot_s=3, urgent=True)
            await b.clock.advance(60)

            assert ["a: overrun", "busy", "a", "other"] == [target for _, target in b.log]

    run(scenario())


def test_a_refusal_sends_away_all_who_wait_and_the_lane_opens_an_hour_later() -> None:
    async def scenario() -> None:
        async with bench() as b:
            for target in "abc":
                await b.ask(target)
            await b.clock.advance(10.5)
            b.lane.refused(b.clock.now())
            await b.clock.advance(0)
            await b.ask("d")
            await b.clock.advance(3_599)
            await b.ask("e")
            await b.clock.advance(1)
            await b.ask("f")
            await b.clock.advance(1)

            assert [
                (10, "a"),
                (10.5, "b: refused"),
                (10.5, "c: refused"),
                (10.5, "d: refused"),
                (3609.5, "e: refused"),
                (3610.5, "f"),
            ] == b.log
            assert [LaneState(platform="ide", blocked_until=at(3610.5), strikes=1)] == b.states

    run(scenario())


def test_a_back_off_outlives_a_restart() -> None:
    async def scenario() -> None:
        state = LaneState(platform="ide", blocked_until=at(60), strikes=1)
        async with bench(state=state) as b:
            await b.ask("a")
            await b.clock.advance(60)
            b.lane.refused(b.clock.now())

            assert [(0, "a: refused")] == b.log
            assert at(60 + 6 * 3600) == b.lane.state.blocked_until

    run(scenario())


def test_an_answer_is_kept_only_when_it_changes_something() -> None:
    async def scenario() -> None:
        async with bench() as b:
            b.lane.answered()
            b.lane.refused(b.clock.now())
            b.lane.answered()
            b.lane.answered()

            assert [1, 0] == [state.strikes for state in b.states]

    run(scenario())


def test_a_pause_stops_a_turn_that_waits_for_its_spacing() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.ask("a")
            await b.ask("b")
            b.lane.pause("travaux")
            await b.clock.advance(0)
            await b.clock.advance(20)
            assert [(0, "b: paused"), (10, "a: paused")] == b.log
            b.lane.resume()
            await b.ask("c")
            await b.clock.advance(1)

            assert b.log[-1] == (20, "c")

    run(scenario())


def test_a_stop_sends_away_those_who_wait_and_lets_the_one_in_hand_end() -> None:
    async def scenario() -> None:
        async with bench() as b:
            inside = await b.ask("a", lasts_s=5)
            await b.ask("b")
            await b.clock.advance(10)
            b.lane.stop()
            await b.clock.advance(0)
            await b.ask("c")
            await b.clock.advance(5)

            assert [(10, "a"), (10, "b: stopped"), (10, "c: stopped")] == b.log
            assert inside.done()

    run(scenario())


def test_a_stop_ends_the_wait_for_the_spacing_without_a_request() -> None:
    async def scenario() -> None:
        async with bench() as b:
            inside = await b.ask("a")
            await b.clock.advance(3)
            b.lane.stop()
            await b.clock.advance(0)

            assert [(3, "a: stopped")] == b.log
            assert inside.done()

    run(scenario())


def test_a_probe_that_a_stop_found_between_two_requests_is_not_half_judged() -> None:
    """A part that a lane bars is not judged; one that there was no time for is another thing."""

    async def scenario() -> None:
        clock = FakeClock()
        lane = Lane(IDE, clock)
        await clock.advance(20)
        async with lane.turn("a", at(0)) as turn:
            await turn.request("https://site.fr/")
            turn.require_whole()
            lane.stop()
            with pytest.raises(NoTurn):
                await turn.request("https://site.fr/part")
            with pytest.raises(NoTurn) as refused:
                turn.require_whole()
            assert refused.value.cause is GapCause.STOPPED

    run(scenario())


@pytest.mark.parametrize("when", ["waiting", "granted", "holding"])
def test_a_turn_that_is_cancelled_leaves_the_lane_to_the_next(when: str) -> None:
    async def scenario() -> None:
        async with bench() as b:
            first = await b.ask("first")
            second = await b.ask("second")
            await b.ask("third")
            if when == "waiting":
                second.cancel()
            elif when == "granted":  # the grant and the cancellation come in one breath
                first.cancel()
                await asyncio.sleep(0)
                second.cancel()
            else:
                await b.clock.advance(10.5)
                first.cancel()
                second.cancel()
            await b.clock.advance(60)

            assert b.log[-1][1] == "third"
            assert b.lane.backlog == 0

    run(scenario())


# robots.txt


def test_robots_txt_is_asked_for_before_the_site_and_spaced_like_any_request() -> None:
    async def scenario() -> None:
        async with bench() as b:
            b.robots = b.sites.book()
            await b.ask("a", url=f"{SITE}/a")
            await b.ask("b", url=f"{SITE}/b")
            await b.clock.advance(60)

            assert [
                (10, f"{SITE}/robots.txt"),
                (20, f"{SITE}/a"),
                (30, f"{SITE}/b"),
            ] == b.sites.requests
            file = RobotsFile(origin=SITE, fetched_at=at(10), status=404, text="")
            assert [file] == b.sites.kept

    run(scenario())


def test_what_robots_txt_forbids_is_not_fetched() -> None:
    async def scenario() -> None:
        async with bench() as b:
            b.sites.files[f"{SITE}/robots.txt"] = (200, "User-agent: *\nDisallow: /prive")
            b.robots = b.sites.book()
            await b.ask("a", url=f"{SITE}/prive/a")
            await b.clock.advance(60)

            assert [(10, "a: robots")] == b.log
            assert [(10, f"{SITE}/robots.txt")] == b.sites.requests

    run(scenario())


def test_robots_txt_is_asked_for_once_a_day_and_known_files_are_used() -> None:
    async def scenario() -> None:
        async with bench() as b:
            known = RobotsFile(origin=SITE, fetched_at=at(-3600), status=200, text="")
            b.robots = b.sites.book(known)
            for _ in range(30):
                await b.ask("a")
                await b.clock.advance(3600)

            asked = [url for _, url in b.sites.requests if url.endswith("robots.txt")]
            assert len(b.log) == 30
            assert 1 <= len(asked) <= 2

    run(scenario())


@pytest.mark.parametrize("answer", [(None, ""), (503, ""), (403, "refus"), (200, "<html>")])
def test_a_robots_txt_that_cannot_be_had_leaves_the_last_one_in_force(
    answer: tuple[int | None, str],
) -> None:
    """The probe is still made where it was allowed: else no outage would ever be recorded."""

    async def scenario() -> None:
        async with bench() as b:
            text = "User-agent: *\nDisallow: /prive"
            b.robots = b.sites.book(
                RobotsFile(origin=SITE, fetched_at=at(-90_000), status=200, text=text)
            )
            b.sites.files[f"{SITE}/robots.txt"] = answer
            for target in ("a", "prive", "b"):
                await b.ask(target, url=f"{SITE}/{target}")
            await b.clock.advance(60)

            assert [(20, "a"), (20 + 1, "prive: robots"), (30, "b")] == b.log

    run(scenario())


def test_a_site_without_a_known_robots_txt_that_falls_is_still_watched() -> None:
    async def scenario() -> None:
        async with bench() as b:
            b.sites.files[f"{SITE}/robots.txt"] = (None, "")
            b.robots = b.sites.book()
            await b.ask("a")
            await b.clock.advance(60)
            await b.ask("a")
            await b.clock.advance(60)

            assert [(20, "a"), (60, "a")] == b.log
            assert len(b.sites.kept) == 1

    run(scenario())


@pytest.mark.parametrize(("delay", "second"), [("25", 45), ("5", 30), ("60", 80)])
def test_a_crawl_delay_of_up_to_a_minute_is_waited_for(delay: str, second: float) -> None:
    async def scenario() -> None:
        async with bench() as b:
            text = f"User-agent: *\nCrawl-delay: {delay}"
            b.robots = b.sites.book(
                RobotsFile(origin=SITE, fetched_at=NOW, status=200, text=text),
                RobotsFile(origin="https://x.fr", fetched_at=NOW, status=404, text=""),
            )
            await b.ask("other", url="https://x.fr/")
            await b.ask("a", slot_s=1)
            await b.ask("b", slot_s=2)
            await b.clock.advance(200)

            assert [(10, "other"), (20, "a"), (second, "b")] == b.log

    run(scenario())


def asks_for(delay: str, origin: str = SITE) -> RobotsFile:
    text = f"User-agent: *\nCrawl-delay: {delay}"
    return RobotsFile(origin=origin, fetched_at=NOW, status=200, text=text)


def test_a_probe_that_waits_for_its_site_lets_its_neighbours_go_first() -> None:
    async def scenario() -> None:
        async with bench() as b:
            others = [f"https://h{number}.fr" for number in range(4)]
            free = [RobotsFile(origin=o, fetched_at=NOW, status=404, text="") for o in others]
            b.robots = b.sites.book(asks_for("50"), *free)
            await b.ask("a", url=f"{SITE}/a")
            await b.ask("b", slot_s=1, url=f"{SITE}/b")
            await b.ask("c", slot_s=1, url=f"{SITE}/c")
            for number, origin in enumerate(others):
                await b.ask(f"h{number}", slot_s=2 + number, url=origin)
            await b.clock.advance(200)

            assert [(10, "a"), (20, "h0"), (30, "h1"), (40, "h2"), (50, "h3")] == b.log[:5]
            assert [(60, "b"), (110, "c")] == b.log[5:]

    run(scenario())


@pytest.mark.parametrize("delay", ["61", "3600", "86400", "999999999"])
def test_a_delay_that_is_too_long_to_wait_for_is_a_gap_of_that_site(delay: str) -> None:
    """A whole platform was checked three times instead of eighteen for one site's file."""

    async def scenario() -> None:
        async with bench() as b:
            x = "https://x.fr"
            free = RobotsFile(origin=x, fetched_at=NOW, status=404, text="")
            b.robots = b.sites.book(asks_for(delay), free)
            for number in range(6):
                await b.ask(f"a{number}", slot_s=20 * number, url=f"{SITE}/{number}")
                await b.ask(f"x{number}", slot_s=20 * number, url=f"{x}/{number}")
                await b.clock.advance(20)

            lost = [target for _, target in b.log if ":" in target]
            assert {"crawl_delay"} == {target.split(": ")[1] for target in lost}
            assert len(lost) >= (1 if delay == "61" else 4)
            assert [f"x{n}" for n in range(6)] == [t for _, t in b.log if t.startswith("x")]

    run(scenario())


def test_a_site_with_a_long_delay_is_checked_when_it_has_passed() -> None:
    async def scenario() -> None:
        async with bench() as b:
            b.robots = b.sites.book(asks_for("3600"))
            for number in range(8):
                await b.ask("a", slot_s=1800 * number)
                await b.clock.advance(1800)

            assert [10, 3610, 7210, 10810] == [
                round(at_s, -1) for at_s, target in b.log if target == "a"
            ]

    run(scenario())


def test_the_file_that_says_the_delay_is_not_held_back_by_it() -> None:
    """A delay of a day would else forbid to learn, a day later, that it is over."""

    async def scenario() -> None:
        async with bench() as b:
            b.sites.files[f"{SITE}/robots.txt"] = (200, "User-agent: *\nCrawl-delay: 86400")
            b.robots = b.sites.book()
            await b.ask("a", url=f"{SITE}/a")
            await b.clock.advance(60)
            assert [(10, f"{SITE}/robots.txt"), (20, f"{SITE}/a")] == b.sites.requests
            b.sites.files[f"{SITE}/robots.txt"] = (200, "")
            await b.clock.advance(86_000)
            await b.ask("a", slot_s=86_000, url=f"{SITE}/a")
            await b.clock.advance(60)
            assert [f"{SITE}/robots.txt", f"{SITE}/a"] == [url for _, url in b.sites.requests[2:]]

    run(scenario())


@pytest.mark.parametrize("how", ["cancel", "pause", "refused", "stop"])
def test_who_waits_for_its_site_is_still_sent_away(how: str) -> None:
    async def scenario() -> None:
        async with bench() as b:
            b.robots = b.sites.book(asks_for("50"))
            await b.ask("a", url=f"{SITE}/a")
            waiting = await b.ask("b", slot_s=1, url=f"{SITE}/b")
            await b.clock.advance(30)
            match how:
                case "cancel":
                    waiting.cancel()
                case "pause":
                    b.lane.pause("travaux")
                case "refused":
                    b.lane.refused(b.clock.now())
                case _:
                    b.lane.stop()
            await b.clock.advance(100)
            said = {"cancel": [], "pause": ["b: paused"], "stop": ["b: stopped"]}
            assert said.get(how, ["b: refused"]) == [target for _, target in b.log[1:]]
            assert b.lane.backlog == 0
            assert not b.lane.busy

    run(scenario())


def test_rules_without_number_are_obeyed_as_well() -> None:
    async def scenario() -> None:
        text = "User-agent: *\n" + "Disallow: /a/*/b\n" * 20_000 + "Disallow: /prive"
        sites = Sites(FakeClock(NOW))
        sites.files[f"{SITE}/robots.txt"] = (200, text)
        lane = Lane(IDE, sites.clock, robots=sites.book())

        async def gate(_: str) -> None:
            pass

        with pytest.raises(NoTurn):
            await lane.heed_robots(f"{SITE}/prive", gate)
        await lane.heed_robots(f"{SITE}/public", gate)

    run(scenario())


def test_a_maze_of_new_sites_does_not_hold_the_lane_without_end() -> None:
    """Each file may take 20 s: a probe that redirects lead to new sites asks for ten of them."""

    async def scenario() -> None:
        sites = Sites(FakeClock(NOW))
        lane = Lane(replace(IDE, spacing_s=0), sites.clock, robots=sites.book())
        async with lane.turn("a", NOW, urgent=False) as turn:
            for number in range(ROBOTS_MAX):
                await turn.request(f"https://h{number}.fr/")
            await turn.request("https://h0.fr/autre")  # its file is known
            with pytest.raises(NoTurn) as refusal:
                await turn.request("https://encore.fr/")
        assert refusal.value.cause is GapCause.ROBOTS
        assert len(sites.requests) == ROBOTS_MAX

    run(scenario())


def test_sites_without_number_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr("monitor.probe.lane.ORIGINS_MAX", 3)
        monkeypatch.setattr("monitor.probe.robots_cache.ORIGINS_MAX", 3)
        async with bench() as b:
            b.robots = b.sites.book()
            for number in range(8):
                await b.ask(f"t{number}", url=f"https://h{number}.fr/")
                await b.clock.advance(30)

            assert len(b.log) == 8
            assert b.robots.due("https://h0.fr")
            assert not b.robots.due("https://h7.fr")

    run(scenario())


def test_a_robots_txt_dated_by_a_clock_that_was_ahead_is_asked_for_again() -> None:
    book = Sites(FakeClock(NOW)).book(
        RobotsFile(origin=SITE, fetched_at=at(10_000_000), status=200, text="")
    )

    assert book.due(SITE)


class TwoLanes:
    """Two platforms that lead to each other, and what is in flight on each."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.lanes: dict[str, Lane] = {}
        for slug in ("anef", "sso"):
            platform = Platform(slug=slug, name=slug, spacing_s=10)
            self.lanes[slug] = Lane(platform, self.clock, owner=self.owner)
        self.flying: Counter[str] = Counter()
        self.starts: defaultdict[str, list[float]] = defaultdict(list)

    def owner(self, host: str) -> Lane | None:
        return self.lanes.get(host.removesuffix(".fr"))

    async def probe(self, home: str, *hosts: str, lasts_s: float = 25) -> str:
        """Hold the turn of `home` and make a request to each host; say how it ended."""
        try:
            async with self.lanes[home].turn(f"{home}{len(hosts)}", NOW) as turn:
                for host in hosts:
                    await turn.request(f"https://{host}.fr/")
                    self.starts[host].append(self.clock.monotonic_us() / 1e6)
                    self.flying[host] += 1
                    assert self.flying[host] == 1
                    await self.clock.sleep(lasts_s)
                    self.flying[host] -= 1
        except NoTurn as refusal:
            return refusal.cause.value
        return "done"

    async def all(self, *probes: Coroutine[object, object, str]) -> list[str]:
        tasks = [asyncio.create_task(probe) for probe in probes]
        await self.clock.advance(0)
        await self.clock.advance(1000)
        return [task.result() for task in tasks]


def test_a_redirect_to_another_platform_keeps_to_the_budget_of_that_one() -> None:
    """Limits belong to a platform, whoever's probe leads there."""

    async def scenario() -> None:
        b = TwoLanes()
        probes = (
            b.probe("anef", "anef", "sso"),
            b.probe("sso", "sso"),
            b.probe("sso", "sso", "sso"),
        )

        assert ["done"] * 3 == await b.all(*probes)
        assert all(later - sooner >= 25 for sooner, later in pairwise(b.starts["sso"]))
        assert len(b.starts["sso"]) == 4

    run(scenario())


def test_two_platforms_that_lead_to_each_other_do_not_lock_up() -> None:
    async def scenario() -> None:
        b = TwoLanes()
        probes = (b.probe("anef", "anef", "sso", "anef"), b.probe("sso", "sso", "anef", "sso"))

        assert ["done"] * 2 == await b.all(*probes)

    run(scenario())


def test_a_redirect_to_a_closed_platform_is_not_followed() -> None:
    async def scenario() -> None:
        b = TwoLanes()
        b.lanes["sso"].pause("travaux")

        assert ["paused"] == await b.all(b.probe("anef", "anef", "sso"))
        assert b.starts["sso"] == []
        assert ["done"] == await b.all(b.probe("anef", "anef"))

    run(scenario())


def test_a_probe_that_waits_at_another_platform_does_not_hold_up_its_own() -> None:
    async def scenario() -> None:
        b = TwoLanes()
        await b.all(b.probe("sso", "sso", lasts_s=0.1))
        begun = b.clock.monotonic_us() / 1e6
        probes = (
            b.probe("sso", "sso", lasts_s=500),  # the other platform is slow
            b.probe("anef", "anef", "sso", lasts_s=1),
            b.probe("anef", "anef", lasts_s=1),
        )
        assert ["done"] * 3 == await b.all(*probes)
        assert [at_s - begun < 60 for at_s in b.starts["anef"]] == [True, True]

    run(scenario())
