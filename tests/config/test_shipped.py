"""The configuration that comes with the program: nothing lost, nothing asked twice."""

from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from monitor.config import Config, budget, load
from monitor.config.fields.departments import DEPARTMENTS
from monitor.core.model import Confidence, Kind


@pytest.fixture(scope="module")
def config() -> Config:
    return load(Path(__file__).parents[2] / "config")


def test_it_loads(config: Config) -> None:
    assert 189 == len(config.targets)
    assert 64 == len(config.sha256)
    assert config.fingerprints


def test_every_kind_is_counted(config: Config) -> None:
    """189 addresses are watched."""
    assert {
        Kind.HOME: 123,
        Kind.PAGE: 50,
        Kind.API: 4,
        Kind.REDIRECT: 4,
        Kind.SHELL: 2,
        Kind.FORM: 2,
        Kind.LOGIN: 1,
        Kind.RENDERED: 3,
    } == Counter(target.kind for target in config.targets)
    assert {"anef": 13, "services": 22, "prefectures": 154} == Counter(
        target.group for target in config.targets
    )


def test_each_confidence_is_counted(config: Config) -> None:
    """164 addresses were read in a public source, 17 are to be confirmed, 5 are deduced."""
    said = [target.verified for target in config.targets]

    assert {Confidence.YES: 164, Confidence.NO: 20, Confidence.FROM_MEMORY: 5} == Counter(said)


def test_every_department_has_its_prefecture(config: Config) -> None:
    """Paris has two: that of police and that of the region."""
    homes = [t.department for t in config.targets if t.kind is Kind.HOME and t.department]

    assert DEPARTMENTS == set(homes)
    assert {"75": 2} == {code: n for code, n in Counter(homes).items() if n > 1}


def test_every_prefecture_page_is_of_its_department_and_one_lane(config: Config) -> None:
    own = [target for target in config.targets if target.department]

    assert all(t.slug.startswith(f"prefecture-{t.department.lower()}") for t in own)
    assert {"ide": 152, "interieur": 2} == Counter(target.platform for target in own)


def test_no_request_is_planned_twice(config: Config) -> None:
    """But for the routes of one application, which only a browser shows."""
    plain = [target for target in config.targets if target.kind is not Kind.RENDERED]
    requests = [urlsplit(target.url)._replace(fragment="") for target in plain]

    assert len(requests) == len(set(requests))


def test_no_platform_is_planned_over_its_budget(config: Config) -> None:
    loads = {load.platform: load for load in budget(config)}

    assert all(load.fits for load in loads.values())
    assert "ide" == budget(config)[0].platform
    assert 258 == round(loads["ide"].planned_per_hour)
    assert 360 == round(loads["ide"].capacity_per_hour)
    assert 487 == round(loads["anef"].planned_per_hour)


def test_the_shell_of_anef_knows_its_signs_of_life(config: Config) -> None:
    shell = config.by_slug["anef-usagers"]
    signs = {t.url for t in config.targets if t.platform == "anef" and "/api/" in t.url}

    assert set(shell.signs_of_life) == signs
    assert {config.lane_of(urlsplit(url).hostname or "") for url in signs} == {"anef"}


def test_nothing_beyond_a_captcha_or_a_log_in_is_watched(config: Config) -> None:
    assert not [t.url for t in config.targets if "/cgu" in t.url or "/login" in t.url]


def test_a_502_of_a_site_that_throttles_with_it_must_last_at_our_ordinary_pace(
    config: Config,
) -> None:
    """A 502 from one point after our own activity is no proof of an outage."""
    own = [target for target in config.targets if target.platform == "rdv-prefecture"]

    assert {(3, 1800, 600)} == {
        (t.policy.failures, t.policy.failing_s, t.policy.recheck_s) for t in own
    }


def test_the_panel_has_four_operators_and_a_state_site_outside_the_ministry(
    config: Config,
) -> None:
    hosts = [urlsplit(host.url).hostname or "" for host in config.controls.hosts]

    assert 4 == len({host.operator for host in config.controls.hosts})
    assert [host for host in hosts if host.endswith(".gouv.fr")] == ["www.data.gouv.fr"]
    assert {None} == {config.lane_of(host) for host in hosts}


def test_the_robot_says_who_sends_it(config: Config) -> None:
    assert config.contact in config.user_agent
    assert config.publisher.site in config.user_agent


def test_no_identity_comes_with_the_program(config: Config) -> None:
    """It cannot be known here: an operator must give its own before anything is visited."""
    assert not config.identified
    assert ["publisher.association", "publisher.site", "service.contact"] == [
        text.split(": ")[0] for text in config.reminders
    ]


def test_three_operators_date_the_journal(config: Config) -> None:
    authorities = config.stamping.authorities

    assert 3 == len({authority.operator for authority in authorities})
    assert 3_600 == config.stamping.interval_s
