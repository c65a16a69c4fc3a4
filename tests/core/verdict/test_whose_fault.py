"""A failure is laid on the site only when nothing of our own side can be why it came."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from monitor.core.model import (
    Attempt,
    Certificate,
    Controls,
    ControlStatus,
    Exchange,
    Failure,
    Family,
    Hop,
    Kind,
    Phase,
    Reason,
    Resolution,
    SecondLook,
    Target,
    Verdict,
)
from monitor.core.verdict.classify import classify
from tests.support.outcomes import START, at

URL = "https://www.exemple.gouv.fr/demarches"
TARGET = Target(slug="cible", name="", url=URL, kind=Kind.PAGE, platform="p", slow_s=10)
V4, V6, OTHER = "198.51.100.7", "2001:db8::7", "203.0.113.9"
PAGE = b"<html lang='fr'><title>ok</title><main><h1>Titre</h1><p>" + b"mot " * 100
PROMPT = {
    "a": ControlStatus.PROMPT,
    "b": ControlStatus.PROMPT,
    "c": ControlStatus.PROMPT,
    "d": ControlStatus.PROMPT,
}
SILENT = dict.fromkeys(PROMPT, ControlStatus.SILENT)
GOOD_CERTIFICATE = Certificate(
    sha256="ab" * 32, subject="CN=x", issuer="CN=y", not_before=START, not_after=at(10**6),
    names=("www.exemple.gouv.fr",), chain_length=2, verified=True,
)  # fmt: skip


def controls(
    four: Mapping[str, ControlStatus] = PROMPT,
    six: Mapping[str, ControlStatus] = PROMPT,
    *,
    needed: int = 2,
) -> Controls:
    said = {Family.IPV4: four, Family.IPV6: six}
    answers = {
        slug: any(
            words[slug] in {ControlStatus.PROMPT, ControlStatus.LATE} for words in said.values()
        )
        for slug in four
    }
    return Controls(
        at=START, ok=sum(answers.values()), asked=4, needed=needed, answers=answers, families=said
    )


def failed(  # noqa: PLR0913 -- the facts of a failure, by name
    *tried: str,
    failure: Failure = Failure.TIMEOUT,
    phase: Phase = Phase.CONNECT,
    connected: str | None = None,
    second: str | None = "9.9.9.9",
    stalled_us: int = 0,
    offender: str | None = None,
    status: int | None = None,
) -> Exchange:
    hop = Hop(
        url=URL,
        started_at=START,
        resolution=Resolution(
            host="www.exemple.gouv.fr",
            server="192.0.2.53",
            addresses=tried or (V4,),
            elapsed_us=1,
            second=second,
        ),
        attempts=tuple(
            Attempt(address=each, elapsed_us=1, failure=failure, offender=offender)
            for each in tried
        ),
        address=connected,
        status=status,
    )
    return Exchange(
        url=URL,
        started_at=START,
        duration_us=10_000_000,
        hops=(hop,),
        failure=failure,
        phase=phase,
        stalled_us=stalled_us,
    )


def page(*, seconds: float = 0.4, status: int = 200, stalled_us: int = 0) -> Exchange:
    headers = (("Content-Type", "text/html; charset=utf-8"),)
    resolution = Resolution(host="x", server="192.0.2.53", addresses=(V4,), elapsed_us=1)
    hop = Hop(
        url=URL, started_at=START, status=status, headers=headers, address=V4,
        resolution=resolution, certificate=GOOD_CERTIFICATE,
    )  # fmt: skip
    return Exchange(
        url=URL,
        started_at=START,
        duration_us=int(seconds * 1e6),
        hops=(hop,),
        body=PAGE,
        stalled_us=stalled_us,
    )


def said(exchange: Exchange, by: Controls | None = None) -> tuple[Verdict, Reason]:
    judgement = classify(
        TARGET,
        exchange,
        controls=by or controls(),
        clock_offset_us=0,
        clock_limit_us=500_000,
        known_good=True,
        fingerprints=(),
    )
    return judgement.verdict, judgement.reason


DOWN = (Verdict.DOWN, Reason.TIMEOUT)
NO_IPV4 = (Verdict.UNKNOWN, Reason.LOCAL_IPV4)
NO_IPV6 = (Verdict.UNKNOWN, Reason.LOCAL_IPV6)


# ------------------------------------------------------------------------ each family alone


@pytest.mark.parametrize(
    ("exchange", "four", "six", "wanted"),
    [
        (failed(V4), PROMPT, SILENT, DOWN),
        (failed(V4), SILENT, PROMPT, NO_IPV4),
        (failed(V6), PROMPT, SILENT, NO_IPV6),
        (failed(V6), SILENT, PROMPT, DOWN),
        (failed(V4, V6), PROMPT, SILENT, NO_IPV6),
        (failed(V4, V6), SILENT, PROMPT, NO_IPV4),
        (failed(V4, V6), PROMPT, PROMPT, DOWN),
        # Connected over one family after the other failed: that one alone is in question.
        (failed(V4, connected=V6, phase=Phase.TLS), SILENT, PROMPT, DOWN),
        (failed(V4, connected=V6, phase=Phase.TLS), PROMPT, SILENT, NO_IPV6),
        (failed(connected=V4, phase=Phase.PROCESSING), SILENT, PROMPT, NO_IPV4),
        (failed(V4), SILENT, SILENT, (Verdict.UNKNOWN, Reason.LOCAL_NETWORK)),
    ],
)
def test_controls_count_for_the_family_that_they_answered_over(
    exchange: Exchange,
    four: Mapping[str, ControlStatus],
    six: Mapping[str, ControlStatus],
    wanted: tuple[Verdict, Reason],
) -> None:
    assert said(exchange, controls(four, six)) == wanted


def test_a_family_of_which_we_have_no_route_asks_nothing_of_the_controls() -> None:
    """A machine without IPv6 sees the outage of a site that has both."""
    both = failed(V4, V6)
    (hop,) = both.hops
    no_route = replace(hop.attempts[1], failure=Failure.NETWORK_UNREACHABLE)
    both = replace(both, hops=(replace(hop, attempts=(hop.attempts[0], no_route)),))
    absent = dict.fromkeys(PROMPT, ControlStatus.ABSENT)
    assert said(both, controls(PROMPT, absent)) == DOWN


@pytest.mark.parametrize("word", [ControlStatus.ABSENT, ControlStatus.LOST])
def test_a_family_that_our_line_lacks_hides_no_failure_over_the_other_one(
    word: ControlStatus,
) -> None:
    none = dict.fromkeys(PROMPT, word)
    assert said(failed(V4, V6), controls(PROMPT, none)) == DOWN
    assert said(failed(V4, V6), controls(none, PROMPT)) == DOWN
    assert said(failed(V6), controls(PROMPT, none)) == NO_IPV6
    assert said(failed(V4, connected=V6, phase=Phase.TLS), controls(PROMPT, none)) == NO_IPV6
    assert said(failed(V4, V6), controls(SILENT, none)) == (
        Verdict.UNKNOWN, Reason.LOCAL_NETWORK,
    )  # fmt: skip
    assert said(failed(V4, V6), controls(none, none)) == (Verdict.UNKNOWN, Reason.LOCAL_NETWORK)
    one_failed = {**none, next(iter(none)): ControlStatus.SILENT}
    assert said(failed(V4, V6), controls(PROMPT, one_failed)) == NO_IPV6


@pytest.mark.parametrize(
    ("words", "works"),
    [
        ("pppp", True), ("ppps", True), ("pppl", True), ("ppss", False), ("ppll", True),
        ("ppff", False), ("ppaa", True), ("paaa", False), ("llll", False), ("aaaa", False),
        ("ppfa", True), ("plsf", False), ("plll", False), ("pplf", True), ("ppoo", True),
        ("pooo", False), ("oooo", False),
    ],
)  # fmt: skip
def test_most_of_them_must_have_answered_and_enough_of_them_promptly(
    words: str, *, works: bool
) -> None:
    names = {controlstatu.value[0]: controlstatu for controlstatu in ControlStatus} | {
        "l": ControlStatus.LATE,
        "o": ControlStatus.LOST,
    }
    four = dict(zip("abcd", map(names.__getitem__, words), strict=True))
    assert (said(failed(V4), controls(four)) == DOWN) is works


# ----------------------------------------------------------------------- our own process


@pytest.mark.parametrize(
    ("failure", "stalled_us", "ours"),
    [
        (Failure.DEADLINE, 3_000_000, True),
        (Failure.TIMEOUT, 500_000, True),
        (Failure.TIMEOUT, 300_000, False),
        (Failure.CONNECTION_RESET, 2_000_000, True),  # the server gave up on us
        (Failure.EOF, 30_000_000, True),
        (Failure.CONNECTION_REFUSED, 600_000, False),
    ],
)
def test_a_failure_that_our_process_slept_through_is_ours(
    failure: Failure, stalled_us: int, *, ours: bool
) -> None:
    found = said(failed(V4, failure=failure, stalled_us=stalled_us))
    assert (found == (Verdict.UNKNOWN, Reason.LOCAL_PROCESS)) is ours
    assert (found[0] is Verdict.DOWN) is not ours


def test_a_healthy_answer_stays_healthy_however_long_we_slept() -> None:
    asleep = page(seconds=40, stalled_us=39_000_000)
    assert said(asleep) == (Verdict.UP, Reason.OK)
    assert said(page(seconds=40)) == (Verdict.DEGRADED, Reason.SLOW)
    assert said(page(seconds=40, stalled_us=5_000_000)) == (Verdict.DEGRADED, Reason.SLOW)


def test_a_request_that_we_sent_too_late_is_ours() -> None:
    assert said(page(status=408)) == (Verdict.DOWN, Reason.HTTP_4XX)
    assert said(page(status=408, stalled_us=30_000_000)) == (
        Verdict.UNKNOWN, Reason.LOCAL_PROCESS,
    )  # fmt: skip


def test_a_slow_line_makes_no_site_slow() -> None:
    late = dict.fromkeys(PROMPT, ControlStatus.LATE)
    assert said(page(seconds=12), controls(late, PROMPT)) == (Verdict.UP, Reason.OK)
    assert said(page(seconds=12), controls(PROMPT, late)) == (Verdict.DEGRADED, Reason.SLOW)


# -------------------------------------------------------------------------- whose word it is

FILTER = (Verdict.UNKNOWN, Reason.LOCAL_FILTER)


@pytest.mark.parametrize("failure", [Failure.DNS_NXDOMAIN, Failure.DNS_NO_ANSWER])
@pytest.mark.parametrize(
    ("second", "verdict"), [(None, Verdict.UNKNOWN), ("9.9.9.9", Verdict.DOWN)]
)
def test_no_resolver_alone_denies_a_name(
    failure: Failure, second: str | None, verdict: Verdict
) -> None:
    resolution = Resolution(
        host="x", server="192.0.2.53", addresses=(), elapsed_us=1, failure=failure, second=second
    )
    hop = Hop(url=URL, started_at=START, resolution=resolution)
    exchange = Exchange(
        url=URL, started_at=START, duration_us=1, hops=(hop,), failure=failure,
        phase=Phase.RESOLVE,
    )  # fmt: skip
    assert said(exchange)[0] is verdict
    if second is None:
        assert said(exchange) == FILTER


@pytest.mark.parametrize("second", [None, "9.9.9.9"])
def test_servfail_takes_two(second: str | None) -> None:
    resolution = Resolution(
        host="x", server="192.0.2.53", addresses=(), elapsed_us=1,
        failure=Failure.DNS_SERVFAIL, second=second,
    )  # fmt: skip
    hop = Hop(url=URL, started_at=START, resolution=resolution)
    exchange = Exchange(
        url=URL, started_at=START, duration_us=1, hops=(hop,), failure=Failure.DNS_SERVFAIL,
        phase=Phase.RESOLVE,
    )  # fmt: skip
    ours = (Verdict.UNKNOWN, Reason.LOCAL_RESOLVER)
    assert said(exchange) == (ours if second is None else (Verdict.DOWN, Reason.DNS_SERVFAIL))


@pytest.mark.parametrize(
    "failure",
    [
        Failure.SSL_INVALID_HOSTNAME, Failure.SSL_UNKNOWN_AUTHORITY,
        Failure.SSL_INVALID_CERTIFICATE, Failure.SSL_FAILED_HANDSHAKE,
        Failure.CONNECTION_REFUSED, Failure.TIMEOUT, Failure.EOF,
    ],
)  # fmt: skip
def test_an_address_that_one_resolver_alone_gives_accuses_nobody(failure: Failure) -> None:
    phase = Phase.CONNECT if failure is Failure.CONNECTION_REFUSED else Phase.TLS
    assert said(failed(V4, failure=failure, phase=phase, second=None)) == FILTER
    assert said(failed(V4, failure=failure, phase=phase))[0] is Verdict.DOWN


@pytest.mark.parametrize(
    ("second", "addresses", "wanted"),
    [
        (Verdict.UP, (OTHER,), FILTER),
        (Verdict.DEGRADED, (OTHER,), FILTER),
        (Verdict.UP, (V4,), (Verdict.UNKNOWN, Reason.LOCAL_NETWORK)),
        (Verdict.DOWN, (V4,), DOWN),
        (Verdict.DOWN, (OTHER,), DOWN),
        (Verdict.UNKNOWN, (V4,), (Verdict.UNKNOWN, Reason.LOCAL_IPV6)),
    ],
)
def test_what_does_not_show_again_is_not_laid_on_the_site(
    second: Verdict, addresses: tuple[str, ...], wanted: tuple[Verdict, Reason]
) -> None:
    reason = Reason.LOCAL_IPV6 if second is Verdict.UNKNOWN else Reason.OK
    look = SecondLook(resolver="9.9.9.9", addresses=addresses, verdict=second, reason=reason)
    assert said(replace(failed(V4), second=look)) == wanted


def test_a_bad_page_in_clear_from_an_address_that_nobody_confirms_is_a_filters() -> None:
    plain = page(status=404)
    (hop,) = plain.hops
    bare = replace(hop, certificate=None, url="http://www.exemple.gouv.fr/")
    assert said(plain) == (Verdict.DOWN, Reason.GONE)  # its certificate proves who speaks
    assert said(replace(plain, hops=(bare,))) == FILTER


@pytest.mark.parametrize(
    ("offender", "ours"),
    [("192.168.1.1", True), ("10.0.0.1", True), ("fe80::1", True), ("fd00::1", True),
     ("127.0.0.1", True), ("203.0.113.1", False), (None, False)],
)  # fmt: skip
def test_an_error_that_our_own_router_sent_is_ours(offender: str | None, *, ours: bool) -> None:
    found = said(failed(V4, failure=Failure.HOST_UNREACHABLE, offender=offender))
    assert (found == (Verdict.UNKNOWN, Reason.LOCAL_NETWORK)) is ours


# ------------------------------------------------------------------------- parts of a shell


@pytest.mark.parametrize(
    ("four", "stalled_us", "wanted"),
    [
        (PROMPT, 0, (Verdict.DOWN, Reason.ASSET_MISSING)),
        (SILENT, 0, NO_IPV4),
        (PROMPT, 5_000_000, (Verdict.UNKNOWN, Reason.LOCAL_PROCESS)),
    ],
)
def test_a_part_that_failed_by_our_fault_kills_no_application(
    four: Mapping[str, ControlStatus], stalled_us: int, wanted: tuple[Verdict, Reason]
) -> None:
    script = failed(V4, stalled_us=stalled_us)
    script = replace(script, url="https://www.exemple.gouv.fr/main.1.js")
    shell = replace(TARGET, kind=Kind.SHELL)
    judgement = classify(
        shell,
        replace(page(), parts=(script,)),
        controls=controls(four),
        clock_offset_us=0,
        clock_limit_us=500_000,
        known_good=True,
        fingerprints=(),
    )
    assert (judgement.verdict, judgement.reason) == wanted
