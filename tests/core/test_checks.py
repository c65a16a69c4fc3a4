"""What is kept of an exchange: the facts that stay, within bounds, without one-time tokens."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Attempt, Exchange, Failure, Phase, Resolution
from monitor.core.model.check import (
    MAX_HEADERS,
    MAX_NAMES,
    MAX_PARTS,
    MAX_TEXT,
    STALLED_US,
    clean,
    conditions_of,
    phases_of,
    without_tokens,
)
from tests.support.outcomes import PHASES_US, answer, at, hop


def test_two_like_answers_have_the_same_conditions() -> None:
    """Times, request ids, lengths and the order of addresses do not make them differ."""
    first, second = answer(at(0)), answer(at(60), b"another body")
    turned = Resolution(
        host="administration-etrangers-en-france.test",
        server="192.0.2.53",
        addresses=("198.51.100.8", "198.51.100.7"),
        elapsed_us=77,
    )
    second = replace(second, hops=(replace(second.hops[0], resolution=turned),))
    assert conditions_of(first) == conditions_of(second)


def test_another_address_or_certificate_makes_them_differ() -> None:
    there = answer(at(0))
    elsewhere = replace(there, hops=(replace(there.hops[0], address="198.51.100.8"),))
    assert conditions_of(there) != conditions_of(elsewhere)


def test_names_of_all_headers_are_kept_and_values_of_few() -> None:
    (step,) = conditions_of(answer(at(0))).steps
    assert step.headers == (("content-type", "text/html; charset=utf-8"), ("server", "Apache"))
    assert step.other_headers == ("date", "x-request-id")


def test_addresses_tried_in_vain_are_kept_with_their_reason() -> None:
    attempts = (
        Attempt(address="2001:db8::7", elapsed_us=900, failure=Failure.NETWORK_UNREACHABLE),
        Attempt(address="198.51.100.7", elapsed_us=800),
    )
    exchange = replace(answer(at(0)), hops=(replace(hop(at(0)), attempts=attempts),))
    (step,) = conditions_of(exchange).steps
    assert step.attempts == (("2001:db8::7", Failure.NETWORK_UNREACHABLE),)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("/auth?client_id=anef&state=9f86d081884c", "/auth?client_id=anef&state=…"),
        ("/x;jsessionid=0A1B2C3D4E5F?lang=fr", "/x;jsessionid=…?lang=fr"),
        ("/x?nonce=5f0c2b7e-0a57-4c9a-9c4b-d7e4a1f7f1a0#top", "/x?nonce=…#top"),
        ("/x?v=1%32345678", "/x?v=…"),
    ],
)
def test_values_made_for_one_request_are_not_kept(url: str, kept: str) -> None:
    assert without_tokens(f"https://a.test{url}") == f"https://a.test{kept}"


@pytest.mark.parametrize(
    "url",
    [
        "/x?page=2",
        "/?redirect_uri=https%3A%2F%2Fb.test%2F1",
        "/?q=bonjour-tout-le-monde#t=12345678",
        "/?" + "a" * 5000,
        "/dossier/12345678901234567890",
    ],
)
def test_the_rest_of_a_url_is_kept(url: str) -> None:
    assert without_tokens(f"https://a.test{url}") == f"https://a.test{url}"


def test_the_first_url_is_ours_and_kept_whole() -> None:
    asked = "https://a.test/?id=123456789"
    exchange = replace(
        answer(at(0)), url=asked, hops=(hop(at(0), asked), hop(at(0), asked + "&state=12345678"))
    )
    kept = conditions_of(exchange)
    assert kept.url == kept.steps[0].url == asked
    assert kept.steps[1].url == "https://a.test/?id=…&state=…"


def test_what_the_outside_sends_is_bounded() -> None:
    long = "é" * 100_000
    headers = tuple((f"x-{n}-{long}", long) for n in range(500))
    headers += (("server", long),) * 500
    certificate = hop(at(0)).certificate
    assert certificate is not None
    names = replace(certificate, names=(long,) * 500, subject=long, issuer=long)
    huge = replace(hop(at(0), f"https://a.test/{long}"), headers=headers, certificate=names)
    parts = (Exchange(url=long, started_at=at(0), duration_us=1),) * 500
    kept = conditions_of(replace(answer(at(0)), hops=(huge,), parts=parts, charset=long))
    (step,) = kept.steps
    assert len(step.other_headers) == MAX_HEADERS
    assert len(step.headers) == MAX_NAMES
    assert len(kept.parts) == MAX_PARTS
    assert step.certificate is not None
    assert len(step.certificate.names) == MAX_NAMES
    assert len(repr(kept)) < 150_000


def test_a_token_in_a_redirect_is_not_kept_and_another_header_is_kept_whole() -> None:
    headers = (("Location", "/x?state=12345678"), ("Server", "a/1?state=12345678"))
    (step,) = conditions_of(
        replace(answer(at(0)), hops=(replace(hop(at(0)), headers=headers),))
    ).steps

    assert step.headers == (("location", "/x?state=…"), ("server", "a/1?state=12345678"))


@pytest.mark.parametrize(
    ("stalled_us", "kept_ms"),
    [(0, 0), (STALLED_US - 1, 0), (STALLED_US, STALLED_US // 1000), (2_999_999, 2_999)],
)
def test_only_a_long_stall_of_our_own_is_kept(stalled_us: int, kept_ms: int) -> None:
    assert conditions_of(replace(answer(at(0)), stalled_us=stalled_us)).stalled_ms == kept_ms


def test_phases_are_summed_over_the_hops() -> None:
    exchange = replace(answer(at(0)), hops=(hop(at(0)), hop(at(1))))
    assert phases_of(exchange) == {phase: 2 * us for phase, us in PHASES_US.items()}
    assert phases_of(replace(exchange, hops=())) == {}
    cut = replace(hop(at(0)), phases_us={Phase.RESOLVE: 5})
    assert phases_of(replace(exchange, hops=(cut,))) == {Phase.RESOLVE: 5}


@given(st.text(st.characters(), max_size=400))
def test_a_cleaned_text_can_be_written_anywhere(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert "\0" not in cleaned
    assert len(cleaned) <= MAX_TEXT
    assert clean(cleaned) == cleaned


def test_what_a_terminal_would_obey_is_shown_as_a_sign_or_a_space() -> None:
    assert clean("a\0b\u202ec") == "a\ufffdb\ufffdc"
    assert clean("a\tb\r\nc\u2028d") == "a b  c d"


def test_a_healthy_text_is_left_as_it_is() -> None:
    assert clean("Bientôt — à l’été") == "Bientôt — à l’été"
