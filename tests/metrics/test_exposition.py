"""What Prometheus reads, checked with promtool and against what was observed."""

import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.core.model import (
    Certificate,
    ClockReading,
    Controls,
    Exchange,
    Failure,
    GapCause,
    Hop,
    Judgement,
    Kind,
    LaneState,
    Observation,
    Phase,
    Policy,
    Reason,
    Target,
    Verdict,
)
from monitor.metrics import Exposition, MetricsState
from tests.support.clock import FakeClock
from tests.support.folds import Folds

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TARGET = Target(
    slug="anef-sso",
    name='ANEF "connexion"\\',
    url="https://sso.anef.example/auth?a=1",
    kind=Kind.LOGIN,
    platform="sso",
    group="anef",
    interval_s=60,
    policy=Policy(failures=2, failing_s=60, successes=1, recovering_s=0),
)
HOP = Hop(
    url=TARGET.url,
    started_at=START,
    address="2001:db8::1",
    tls_version="TLSv1.3",
    certificate=Certificate(
        sha256="00" * 32,
        subject="CN=sso",
        issuer="CN=ca",
        not_before=START,
        not_after=START + timedelta(days=30),
        names=("sso.anef.example",),
        chain_length=2,
        verified=False,
    ),
    phases_us={Phase.RESOLVE: 2_000, Phase.CONNECT: 10_000, Phase.PROCESSING: 300_000},
    status=200,
    http_version="HTTP/1.1",
    headers=(("Content-Length", "1234"),),
)
ONLY_UNKNOWN = {verdict.value: float(verdict is Verdict.UNKNOWN) for verdict in Verdict}
ANSWER = Exchange(url=TARGET.url, started_at=START, duration_us=350_000, hops=(HOP,))


class Desk:
    """A board with its exposition, and a hand that records checks on it."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.board = MetricsState([TARGET])
        self.exposition = Exposition(
            self.board, clock=self.clock, point="local", version="1.0", config_sha256="ab" * 32
        )
        self.folds = Folds({TARGET.slug: TARGET})

    async def see(
        self, verdict: Verdict, *, after_s: float = 60, exchange: Exchange = ANSWER
    ) -> None:
        await self.clock.advance(after_s)
        at = self.clock.now()
        reason = Reason.OK if verdict is Verdict.UP else Reason.HTTP_5XX
        observation = Observation(
            target=TARGET.slug,
            point="local",
            slot_at=at,
            at=at,
            judgement=Judgement(verdict=verdict, reason=reason, rule="test"),
            exchange=exchange,
            controls=None,
            config_sha256="ab" * 32,
            ruleset="1",
        )
        outcome = self.folds.outcome(observation)
        self.board.observe(outcome, content_length=exchange.content_length)

    def samples(self) -> dict[str, dict[str, float]]:
        """Return {name: {the labels that vary: value}} as Prometheus would read it."""
        own = {"instance", "target", "group", "department", "platform", "module", "point", "le"}
        found: dict[str, dict[str, float]] = {}
        for family in text_string_to_metric_families(self.exposition.render().decode()):
            for sample in family.samples:
                rest = {k: v for k, v in sample.labels.items() if k not in own}
                found.setdefault(sample.name, {})[",".join(rest.values())] = sample.value
        return found


@pytest.fixture
def desk() -> Desk:
    return Desk()


pytestmark = pytest.mark.anyio


async def test_a_good_answer_shows_what_blackbox_exporter_would(desk: Desk) -> None:
    await desk.see(Verdict.UP)

    samples = desk.samples()

    assert samples["probe_success"] == {"": 1.0}
    assert samples["probe_duration_seconds"] == {"": 0.35}
    assert samples["probe_http_status_code"] == {"": 200.0}
    assert samples["probe_http_duration_seconds"]["processing"] == 0.3
    assert samples["probe_http_duration_seconds"]["tls"] == 0.0
    assert samples["probe_dns_lookup_time_seconds"] == {"": 0.002}
    assert samples["probe_http_content_length"] == {"": 1234.0}
    assert samples["probe_http_version"] == {"": 1.1}
    assert samples["probe_ip_protocol"] == {"": 6.0}
    assert samples["probe_tls_version_info"] == {"TLS 1.3": 1.0}


async def test_the_expiry_is_shown_although_verification_failed(desk: Desk) -> None:
    failed = replace(ANSWER, failure=Failure.SSL_INVALID_CERTIFICATE, phase=Phase.TLS)

    await desk.see(Verdict.DOWN, exchange=failed)

    samples = desk.samples()
    assert samples["probe_ssl_earliest_cert_expiry"] == {
        "": (START + timedelta(days=30)).timestamp()
    }
    assert samples["probe_http_status_code"] == {"": 0.0}


async def test_success_is_zero_only_in_a_confirmed_outage(desk: Desk) -> None:
    """No sample while a failure is not confirmed, nor when nothing can be said."""
    await desk.see(Verdict.DOWN)
    assert "probe_success" not in desk.samples()

    await desk.see(Verdict.DOWN)
    assert desk.samples()["probe_success"] == {"": 0.0}

    await desk.see(Verdict.UNKNOWN)
    assert "probe_success" not in desk.samples()

    await desk.see(Verdict.BLOCKED)
    assert "probe_success" not in desk.samples()


async def test_an_open_outage_shows_both_bounds_of_its_start(desk: Desk) -> None:
    await desk.see(Verdict.UP)
    await desk.see(Verdict.DOWN)
    await desk.see(Verdict.DOWN)

    samples = desk.samples()

    assert samples["anef_outage_open"] == {"": 1.0}
    assert samples["anef_outages_total"] == {"": 1.0}
    assert samples["anef_outage_started_timestamp_seconds"] == {
        "first_fail": (START + timedelta(seconds=120)).timestamp(),
        "last_ok": (START + timedelta(seconds=60)).timestamp(),
    }


async def test_a_state_lasts_since_the_first_check_that_gave_it(desk: Desk) -> None:
    """A service whose state is not known has none since when; see how old gauges fade."""
    for verdict in (Verdict.UP, Verdict.DEGRADED, Verdict.DEGRADED):
        await desk.see(verdict)

    since = START + timedelta(seconds=120)
    assert desk.samples()["anef_state_since_timestamp_seconds"] == {"": since.timestamp()}
    await desk.clock.advance(181)
    assert "anef_state_since_timestamp_seconds" not in desk.samples()


async def test_old_gauges_fade_and_the_last_timestamp_stays(desk: Desk) -> None:
    """The last values of a monitor that is stuck must not look like those of a healthy one."""
    await desk.see(Verdict.UP)
    await desk.clock.advance(181)

    samples = desk.samples()

    assert "probe_success" not in samples
    assert samples["anef_target_state"] == ONLY_UNKNOWN
    assert samples["anef_probe_last_timestamp_seconds"] == {
        "": (START + timedelta(seconds=60)).timestamp()
    }


async def test_a_target_never_checked_is_unknown_and_all_six_states_are_shown(desk: Desk) -> None:
    assert desk.samples()["anef_target_state"] == ONLY_UNKNOWN

    await desk.see(Verdict.UP)

    shown = desk.samples()["anef_target_state"]
    assert shown == {verdict.value: float(verdict is Verdict.UP) for verdict in Verdict}


async def test_seconds_in_each_state_only_grow_and_add_up(desk: Desk) -> None:
    """An observation holds for two intervals, then all is unknown."""
    await desk.see(Verdict.UP)
    await desk.see(Verdict.DOWN, after_s=30)
    await desk.clock.advance(300)

    first = desk.samples()["anef_state_seconds_total"]
    await desk.see(Verdict.UP, after_s=0)
    second = desk.samples()["anef_state_seconds_total"]

    assert first == second
    assert (first["up"], first["down"], first["unknown"]) == (30, 120, 180)


async def test_a_value_from_a_hostile_header_is_not_a_number(desk: Desk) -> None:
    for text in ("-1", "1e309", "nan", "٣", "9" * 400, ""):
        hop = replace(HOP, headers=(("content-length", text),))
        await desk.see(Verdict.UP, exchange=replace(ANSWER, hops=(hop,)))

        assert desk.samples()["probe_http_content_length"] == {"": -1.0}


async def test_a_target_has_its_name_even_before_its_first_check(desk: Desk) -> None:
    assert desk.samples()["anef_target_info"] == {TARGET.name: 1.0}


async def test_the_service_itself_is_shown(desk: Desk) -> None:
    desk.board.controls = Controls(at=START, ok=2, asked=4)
    desk.board.clock = ClockReading(at=START, server="ntp", offset_us=-1500)
    desk.board.lanes["sso"] = LaneState(platform="sso", blocked_until=START, paused=True)
    desk.board.backlog["sso"] = 3
    desk.board.missed(TARGET.slug, GapCause.PAUSED, 2)
    desk.exposition.lateness.observe(0.02)

    samples = desk.samples()

    assert samples["anef_control_success_ratio"] == {"": 0.5}
    assert samples["anef_clock_offset_seconds"] == {"": -0.0015}
    assert samples["anef_lane_blocked_until_timestamp_seconds"] == {"": START.timestamp()}
    assert samples["anef_lane_paused"] == {"": 1.0}
    assert samples["anef_lane_backlog"] == {"": 3.0}
    assert samples["anef_incident_open"] == {"": 0.0}
    assert samples["anef_slots_missed_total"] == {"fault": 0.0, "overrun": 0.0, "paused": 2.0}
    assert samples["anef_scheduler_lateness_seconds_count"] == {"": 1.0}
    assert "anef_build_info" in samples
    assert "anef_config_info" in samples


async def test_every_series_of_ours_names_its_point(desk: Desk) -> None:
    """The dashboards choose one point: a series without it would be on none."""
    await desk.see(Verdict.UP)
    desk.exposition.lateness.observe(0.02)
    lines = desk.exposition.render().decode().splitlines()
    assert [] == [line for line in lines if line.startswith("anef_") and 'point="' not in line]


async def test_after_a_restart_an_open_incident_and_a_back_off_are_still_shown(desk: Desk) -> None:
    """They were found by the process before: a new one must not deny them."""
    await desk.see(Verdict.DOWN)
    await desk.see(Verdict.DOWN)
    lanes = [LaneState(platform="sso", blocked_until=START), LaneState(platform="ide")]
    desk.board = MetricsState([TARGET], states=desk.folds.states.values(), lanes=lanes)
    desk.exposition = Exposition(
        desk.board, clock=desk.clock, point="local", version="1.0", config_sha256="ab" * 32
    )

    text = desk.exposition.render().decode()

    assert 'anef_incident_open{platform="sso",point="local"} 1.0' in text
    assert 'anef_incident_open{platform="ide",point="local"} 0.0' in text
    assert 'anef_lane_blocked_until_timestamp_seconds{platform="ide",point="local"} 0.0' in text
    assert desk.samples()["anef_outage_open"] == {"": 1.0}


async def test_a_page_for_one_target_is_its_last_observation(desk: Desk) -> None:
    await desk.see(Verdict.UP)

    page = desk.exposition.probe(TARGET.slug).decode()

    assert "\nprobe_success 1.0\n" in page
    assert "anef_" not in page
    with pytest.raises(KeyError):
        desk.exposition.probe("inconnue")


async def test_promtool_finds_nothing_to_say(desk: Desk) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        assert not os.environ.get("CI"), "promtool is needed in CI"
        pytest.skip("promtool is missing (Debian package prometheus)")
    await desk.see(Verdict.UP)
    await desk.see(Verdict.DOWN)
    await desk.see(Verdict.DOWN)
    desk.board.controls = Controls(at=START, ok=2, asked=4)
    desk.board.clock = ClockReading(at=START, server="ntp", offset_us=-1500)
    desk.board.lanes["sso"] = LaneState(platform="sso")
    desk.board.missed(TARGET.slug, GapCause.PAUSED, 2)

    for page in (desk.exposition.render(), desk.exposition.probe(TARGET.slug)):
        assert lint(promtool, page) == ""


def lint(promtool: str, page: bytes) -> str:
    done = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, check=False
    )
    return (done.stdout + done.stderr).decode() if done.returncode else ""
