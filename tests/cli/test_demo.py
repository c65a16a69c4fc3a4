"""The service on the demo's simulated sites, from the first slot to the pages: one real minute."""

import asyncio
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.attest.point_reader import PointReader
from monitor.cli import main
from monitor.cli.demo import play
from monitor.cli.service import address, listen
from monitor.config import load
from monitor.config.settings import Settings, read_settings
from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.page_events import PageEdge
from monitor.core.french.point_sentences import common_word
from monitor.core.model import GapCause, Nature, Outage, Reason, Transition, Verdict
from monitor.core.points.combine import Agreement, CommonWord
from monitor.demo import sites
from monitor.demo.scenario import Scene, SiteFault
from monitor.demo.timetable import SCENES
from monitor.figures.recorded_targets import recorded_targets
from monitor.figures.target_at_instant import answer_of
from monitor.figures.word_at_instant import common_at
from monitor.store import Store
from tests.support.prometheus import missing, rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What the demo left: its record, and its pages as they were in the middle and at the end."""

    store: Store
    began_at: datetime
    pages: dict[str, bytes]
    pace: int
    data: Path

    def at(self, second: float) -> datetime:
        """Return the instant at which the timetable says `second`."""
        return self.began_at + timedelta(seconds=second * self.pace)


# The whole scene is one event loop: what it is late, every site, resolver and check is late. A
# machine that cannot keep a pace plays the same minute again, in slower motion.
LATE_S = 0.3
TICK_S = 0.05
PACES = (1, 4)
pytestmark = pytest.mark.timeout(900)  # both of them, and what comes before and after


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    settings, pages, pace = _played_in_time(tmp_path_factory)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        yield Played(
            store=store,
            began_at=store.runs()[0].started_at,
            pages=pages,
            pace=pace,
            data=settings.data,
        )


def _played_in_time(
    folders: pytest.TempPathFactory,
) -> tuple[Settings, dict[str, bytes], int]:
    """SiteFault the demo at the first pace that this machine keeps, or at the slowest."""
    for pace in PACES:
        settings = read_settings({"VIGIE_LISTEN": "127.0.0.1:0"}, data=folders.mktemp("demo"))
        pages: dict[str, bytes] = {}
        if _play(settings, pages, pace=pace, whole=pace == PACES[-1]):
            return settings, pages, pace
    raise AssertionError("no pace")


def _play(settings: Settings, pages: dict[str, bytes], *, pace: int, whole: bool) -> bool:
    """SiteFault the demo to its end, or until its event loop is late; tell whether it ended."""
    late = False

    async def watch(url: str, stop: asyncio.Event) -> None:
        nonlocal late
        await asyncio.to_thread(_wait_for, url + "sante")  # tables and parts are made before
        loop = asyncio.get_running_loop()
        while not late:
            due = loop.time() + TICK_S
            await asyncio.sleep(TICK_S)
            late = loop.time() - due > LATE_S * pace
        stop.set()

    async def run(listening: socket.socket) -> None:
        url, stop = address(listening), asyncio.Event()
        watching = None if whole else asyncio.create_task(watch(url, stop))
        reading = asyncio.create_task(_read_pages(url, pages, pace=pace))
        await play(settings, stop, listening=listening, once=True, pace=pace)
        if watching is not None:
            watching.cancel()
        if late:
            reading.cancel()
        else:
            await reading

    with listen(settings) as listening:
        asyncio.run(run(listening))
    return not late


def _wait_for(url: str) -> None:
    for _ in range(600):
        try:
            _get(url)
        except OSError:
            time.sleep(0.1)
        else:
            return


async def _read_pages(url: str, pages: dict[str, bytes], *, pace: int) -> None:
    """Read the pages while four outages are open, as a visitor and Prometheus would."""
    await asyncio.sleep(24 * pace)
    for name in (
        *("", "sante", "metrics", "probe?target=anef-connexion"),
        *("modifications", "informations", "cibles/prefecture-69", "releve"),
    ):
        pages[name] = await asyncio.to_thread(_get, url + name)


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 -- our own address
        body: bytes = answer.read()
    return body


def outage_of(played: Played, target: str) -> Outage:
    (outage,) = played.store.outages([target])
    return outage


# The dead interface is seen by a browser alone, which this demo has not: tests/probe/test_renderer.
_NOT_SEEN = {SiteFault.ROBOTS, SiteFault.LINE_CUT, SiteFault.DEAD_API}
SEEN = [scene for scene in SCENES if scene.fault not in _NOT_SEEN]


@pytest.mark.parametrize("scene", SEEN, ids=lambda scene: f"{scene.fault}-{scene.host}")
def test_each_scene_gets_its_verdict_and_reason(played: Played, scene: Scene) -> None:
    """A check that lies well inside the scene must say what a right monitor says."""
    margin = timedelta(seconds=2.5) * played.pace
    begins = played.at(scene.from_s)
    # Those of the sites that last for ever are told from our own side's, which come at the end.
    last_s = min(scene.to_s, 40.0) if scene.host else scene.to_s
    ends = played.at(last_s)

    checks = [
        check
        for target in scene.targets
        for check in played.store.observations(target, begins - margin, ends + margin)
    ]  # the scenes begin a moment before the run, and a refused site is asked only once

    assert (scene.verdict, scene.reason) in {(check.verdict, check.reason) for check in checks}


def test_the_outage_of_the_log_in_host_has_four_framing_checks_and_two_durations(
    played: Played,
) -> None:
    outage = outage_of(played, "anef-connexion")

    framing = (
        outage.last_ok_at,
        outage.first_fail_at,
        outage.last_fail_at,
        outage.first_ok_at,
    )
    assert all(framing)
    at = [moment for moment in framing if moment is not None]
    checks = {
        c.at: c.verdict
        for c in played.store.observations("anef-connexion", at[0], max(at) + timedelta(seconds=1))
    }
    assert [checks[moment] for moment in at] == [
        Verdict.UP,
        Verdict.DOWN,
        Verdict.DOWN,
        Verdict.UP,
    ]
    assert outage.longest_s is not None
    assert 0 < outage.shortest_s <= 18 * played.pace <= outage.longest_s


def _words(played: Played, target: str, since: datetime, until: datetime) -> list[CommonWord]:
    """Return what the three points say together, at each check of ours in between."""
    config = load(played.data / "config")
    known = recorded_targets([target], played.store.definitions(), config)
    reader, now = PointReader(config, played.data), played.at(90)
    return [
        common_at(
            answer_of(played.store, known, known.of(target, check.at), check.at, now=now),
            config.publisher.association,
            reader.others(),
            known,
            now=now,
        )
        for check in played.store.observations(target, since, until)
    ]


def test_one_point_of_three_sees_a_page_down_alone_and_then_all_agree(played: Played) -> None:
    outage = outage_of(played, "timbre-fiscal")
    assert outage.recovered_at is not None
    after = outage.last_fail_at + timedelta(microseconds=1)

    apart = _words(played, "timbre-fiscal", outage.first_fail_at, after)
    together = _words(played, "timbre-fiscal", outage.recovered_at, played.at(90))

    assert any(
        word.differs
        and word.counts[Verdict.DOWN] == 1
        and "indisponible vu de 1 point sur 3, " in common_word(word).replace("\u00a0", " ")
        for word in apart
    )
    assert not any(word.counts[Verdict.DOWN] > 1 for word in apart)
    assert any(word.agreement is Agreement.ALL for word in together)


def test_the_journals_of_the_other_points_were_followed_to_their_end(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--config", str(played.data / "config"), "--data", str(played.data)]
    assert main(["follow", *where, "--json"]) == 0
    points = json.loads(capsys.readouterr().out)

    assert {one["point"] for one in points} == {"lyon", "lille"}
    assert all(one["imported_leaves"] == one["signed_leaves"] > 0 for one in points)


def test_cutting_our_own_line_opens_no_outage(played: Played) -> None:
    cut = played.at(41)
    end = played.store.runs()[0].stopped_at
    assert end is not None

    opened = [e for e in played.store.events(cut, end) if e.edge is Transition.OUTAGE_OPENED]
    seen = {
        (check.verdict, check.reason)
        for check in played.store.observations("anef-connexion", cut, end)
    }

    assert opened == []
    assert (Verdict.UNKNOWN, Reason.LOCAL_NETWORK) in seen
    assert Verdict.DOWN not in {verdict for verdict, _ in seen}


def test_every_target_is_back_and_no_outage_stays_open(played: Played) -> None:
    assert played.store.outages(open_only=True) == ()


def test_a_lone_failure_is_a_blip_and_a_maintenance_has_its_nature(played: Played) -> None:
    end = played.store.runs()[0].stopped_at
    assert end is not None
    blips = [
        e.target for e in played.store.events(played.began_at, end) if e.edge is Transition.BLIP
    ]

    assert "prefecture-75" in blips
    assert outage_of(played, "prefecture-13").nature is Nature.MAINTENANCE


def test_robots_txt_is_obeyed_and_its_slots_are_gaps(played: Played) -> None:
    end = played.store.runs()[0].stopped_at
    assert end is not None

    gaps = [g for g in played.store.gaps(played.began_at, end) if g.target == "prefecture-33"]

    late = {GapCause.OVERRUN}  # a busy machine also comes too late for a slot, and says so
    assert {gap.cause for gap in gaps} - late == {GapCause.ROBOTS}
    assert played.store.observations("prefecture-33", played.began_at, end) == ()


def test_prefectures_that_fall_together_are_one_incident(played: Played) -> None:
    incidents = [i for i in played.store.incidents() if i.platform == "ide"]

    assert any({t for t, _ in i.outages} >= {"prefecture-59", "prefecture-69"} for i in incidents)


@pytest.mark.parametrize(
    ("department", "kinds", "silent"),
    [
        ("34", {ChangeKind.PHONE, ChangeKind.DISPLAYED_DATE}, False),
        ("38", {ChangeKind.SUBSTITUTE_CHANNEL}, False),
        ("76", {ChangeKind.FEE}, True),
    ],
)
def test_what_a_page_says_otherwise_is_announced_once_with_its_kind(
    played: Played, department: str, kinds: set[ChangeKind], *, silent: bool
) -> None:
    (change,) = played.store.page_changes(targets=[f"prefecture-{department}"], announced_only=True)

    assert kinds <= set(change.kinds)
    assert (PageEdge.CHANGED, Weight.MAJOR, silent) == (change.edge, change.weight, change.silent)
    assert change.after_at is not None
    assert change.after_at < change.by_at < change.at


def test_a_link_to_a_page_that_goes_and_comes_back_dies_and_lives_again(played: Played) -> None:
    page, booking = f"prefecture-{sites.LINKING}", f"prefecture-{sites.LINKING}-rendez-vous"
    outage = outage_of(played, booking)
    died, back = played.store.page_changes(targets=[page], announced_only=True)[::-1]
    (link,) = played.store.dead_links([page])

    assert (PageEdge.LINK_BROKEN, PageEdge.LINK_RESTORED) == (died.edge, back.edge)
    assert (booking, outage.first_fail_at) == (link.link.target, link.link.gone_at)
    assert (died.at, back.at) == (link.since, link.until)
    assert outage.recovered_at is not None
    assert outage.confirmed_at < died.at < outage.recovered_at < back.at


def test_noise_changes_nothing_and_a_flapping_banner_is_told_once(played: Played) -> None:
    noisy = played.store.page_changes(targets=["prefecture-44"])
    flapping = played.store.page_changes(targets=["prefecture-67"])

    assert [PageEdge.FIRST] == [one.edge for one in noisy]
    assert 1 == [one.edge for one in flapping].count(PageEdge.FLAPPING)
    assert not any(one.announced for one in flapping)


def test_errors_refusals_and_a_cut_line_make_no_version(played: Played) -> None:
    """Every page that only failed for a while still has its first text, and no other."""
    troubled = [scene.targets for scene in SCENES if scene.verdict is not Verdict.UP]
    told = {*sites.CHANGING, sites.LINKING, f"{sites.LINKING}-rendez-vous"}
    slugs = {slug for targets in troubled for slug in targets} - {
        f"prefecture-{code}" for code in told
    }

    assert {PageEdge.FIRST} == {
        change.edge for change in played.store.page_changes(targets=sorted(slugs))
    }


def test_the_pages_answered_in_the_middle(played: Played) -> None:
    assert b'"etat":"ok"' in played.pages["sante"]
    assert "Indisponibilités en cours".encode() in played.pages[""]
    assert b'anef_outage_open{instance="https://sso' in played.pages["metrics"]
    assert b"probe_success 0.0\n" in played.pages["probe?target=anef-connexion"]
    assert b"Modifications des pages" in played.pages["modifications"]
    assert b"anef_page_information_present" in played.pages["metrics"]
    assert "✔ oui".encode() in played.pages["informations"]
    assert "Premier relevé en échec".encode() in played.pages["cibles/prefecture-69"]


def test_the_alerts_read_what_a_living_service_shows(played: Played) -> None:
    """But for what the demo has not: an authority that dates the journal, a time server."""
    expressions = [rule["expr"] for rule in rules()]
    assert missing(expressions, played.pages["metrics"]) <= {
        "anef_journal_last_stamp_timestamp_seconds",
        "anef_clock_offset_seconds",
    }


def test_promtool_accepts_the_metrics_of_a_living_service(played: Played) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is missing (Debian package prometheus)")

    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=played.pages["metrics"],
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
