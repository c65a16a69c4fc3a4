"""What is recorded of a check: every fact but the bytes, within what a leaf can hold."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.journal import encode
from monitor.core.journal.jcs import canonical
from monitor.core.journal.recorded import MAX_CONDITIONS_BYTES, check_of, truncated_to_leaf_size
from monitor.core.model import Attempt, Exchange, Failure, Resolution
from monitor.core.model.check import ConnectionProfile, Part, StoredHop, conditions_of
from tests.support.outcomes import answer, at, hop, observation

LEAF_BYTES_MAX = 65_535  # C2SP tlog-tiles: the length of an entry has two bytes
LONG = 4096


def hostile(char: str) -> Exchange:
    """Return an exchange in which all that a site decides is as long as it can be."""
    text = char * LONG
    certificate = hop(at(0)).certificate
    assert certificate is not None
    step = replace(
        hop(at(0), f"https://site.test/{text}"),
        resolution=Resolution(
            host="site.test",
            server="192.0.2.53",
            addresses=tuple(f"2001:db8:1111:2222:3333:4444:5555:{n:x}" for n in range(100)),
            elapsed_us=1,
        ),
        attempts=tuple(
            Attempt(address=f"2001:db8::{n:x}", elapsed_us=1, failure=Failure.TIMEOUT)
            for n in range(100)
        ),
        certificate=replace(certificate, subject=text, issuer=text, names=(text,) * 100),
        headers=tuple(
            (name, text)
            for n in range(100)
            for name in (f"{n}{char * 60}", "Server", "Via", "Location", "X-Powered-By")
        ),
    )
    part = replace(answer(at(0)), url=f"https://site.test/{text}")
    return replace(answer(at(0)), hops=(step,) * 10, parts=(part,) * 100, detail=text, charset=text)


@pytest.mark.parametrize("char", ["a", "é", "😀", '"', "\\", "\x01", "\x00", "\x7f", "\ud800", "%"])
def test_whatever_a_site_sends_a_leaf_holds_it(char: str) -> None:
    """A leaf that is too long would stop the service, again and again: the site must not."""
    check = check_of(observation("anef", at(0), exchange=hostile(char)))

    kept = canonical(encode.conditions(check.conditions))
    said = canonical(encode.observation(check, setup=1, conditions=3, panel=4, plan=2))

    assert len(kept) <= LEAF_BYTES_MAX
    assert len(said) <= LEAF_BYTES_MAX
    assert len(check.conditions.steps) == 10


LONG_TEXT = "😀" * 300
CERTIFICATE = hop(at(0)).certificate
assert CERTIFICATE is not None


@pytest.mark.parametrize(
    "profile",
    [
        ConnectionProfile(url="/", parts=(Part(url="😀" * 2000),) * 40),
        *(
            ConnectionProfile(url="/", steps=(step,) * 10)
            for step in (
                StoredHop(url="😀" * 2000),
                StoredHop(url="/", headers=(("server", LONG_TEXT),) * 20),
                StoredHop(url="/", other_headers=("😀" * 40,) * 40, answers=("192.0.2.1",) * 20),
                StoredHop(url="/", certificate=replace(CERTIFICATE, names=(LONG_TEXT,) * 20)),
            )
        ),
    ],
    ids=["parts", "addresses", "headers", "other headers", "certificates"],
)
def test_one_kind_of_long_text_is_enough_to_be_cut(profile: ConnectionProfile) -> None:
    kept = truncated_to_leaf_size(profile)

    assert len(canonical(encode.conditions(profile))) > MAX_CONDITIONS_BYTES
    assert len(canonical(encode.conditions(kept))) <= MAX_CONDITIONS_BYTES


def test_an_ordinary_answer_is_kept_whole() -> None:
    met = conditions_of(answer(at(0)))

    assert truncated_to_leaf_size(met) == met


@pytest.mark.parametrize("years", [-9_000, 9_000])
def test_a_server_s_clock_of_another_age_is_not_believed(years: int) -> None:
    """`Date` may say anything; a number that JSON cannot hold exactly is let go of."""
    offset_us = round(years * timedelta(days=365.25).total_seconds() * 1_000_000)
    exchange = replace(answer(at(0)), server_offset_us=offset_us)

    assert check_of(observation("anef", at(0), exchange=exchange)).server_offset_us is None


def test_an_empty_exchange_is_kept_too() -> None:
    """Of an address that may not be fetched, nothing but the refusal is there."""
    exchange = Exchange(url="x", started_at=at(0), duration_us=0, failure=Failure.UNKNOWN)

    check = check_of(observation("anef", at(0), exchange=exchange))

    assert check.conditions == ConnectionProfile(url="x", failure=Failure.UNKNOWN)
    assert (check.body_sha256, check.status, check.final_url) == (None, None, "x")
    assert (check.last, check.address) == (None, None)


def test_a_check_tells_what_its_last_hop_met() -> None:
    there = replace(answer(at(0)), hops=(hop(at(0)), hop(at(1), "https://site.test/suite")))

    check = check_of(observation("anef", at(0), exchange=there))

    assert (check.status, check.address) == (200, "198.51.100.7")
    assert check.final_url == "https://site.test/suite"


def test_a_status_that_came_before_a_failure_is_not_that_of_the_check() -> None:
    cut = replace(answer(at(0)), failure=Failure.TRUNCATED)

    check = check_of(observation("anef", at(0), exchange=cut))

    assert (check.status, check.address) == (None, "198.51.100.7")
