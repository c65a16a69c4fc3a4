"""What published rulesets make of recorded checks, and what none of them may ever make."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.french.sentences import RULES as RULE_SENTENCES
from monitor.core.model import (
    Controls,
    ControlStatus,
    Failure,
    Family,
    Policy,
    Reason,
    Sighting,
    Verdict,
)
from monitor.core.model.check import ConnectionProfile, StoredHop
from monitor.core.outages.fold import FAILING
from monitor.core.outages.refold import refold
from monitor.core.outages.time_accounts import Account, microseconds, stretches, tally
from monitor.core.verdict.rulesets import (
    MAY_COUNT_AS,
    OUR_FAULTS,
    Facts,
    Line,
    Recorded,
    Ruleset,
    decided,
    is_vouched,
    recorded,
    status_of,
)
from tests.support.outcomes import START, at
from tests.support.shipped_rulesets import AS_RECORDED, SHIPPED

HOLD_S = 600
SECOND = 1_000_000


@dataclass(frozen=True)
class Kept:
    after_s: int  # after the check before
    judgement: Recorded
    facts: Facts
    announced: bool


def line_of(ruleset: Ruleset, kept: Kept) -> Line:
    candidates = ruleset.candidates(kept.judgement)
    return decided(candidates, lambda: kept.facts, announced=kept.announced)


REASONS = {
    verdict: sorted(set(Reason) - OUR_FAULTS if verdict is not Verdict.UNKNOWN else set(Reason))
    for verdict in Verdict
}
JUDGEMENTS = st.sampled_from(list(Verdict)).flatmap(
    lambda verdict: st.builds(
        Recorded,
        st.just(verdict),
        st.sampled_from([*REASONS[verdict], None]),
        st.sampled_from([*sorted(RULE_SENTENCES), "of-a-newer-program"]),
    )
)
FACTS = st.builds(
    Facts,
    st.sampled_from([0, 200, 404, 410, 500, 503, 999]),
    st.sampled_from([0, 20_000_000, 20_000_001, 60_000_000]),
    st.booleans(),
)
CHECKS = st.builds(
    Kept,
    st.sampled_from([1, 59, 60, 300, 599, 600, 601, 3000, 7200, 7201]),
    JUDGEMENTS,
    FACTS,
    st.booleans(),
)
# Mostly what may make an outage, so that outages begin, waver and end.
LIKELY = st.one_of(
    st.sampled_from(
        [
            Recorded(Verdict.DOWN, Reason.HTTP_5XX, "server-error"),
            Recorded(Verdict.DOWN, Reason.TIMEOUT, "no-answer"),
            Recorded(Verdict.DOWN, Reason.ERROR_TEXT, "fault-mark"),
            Recorded(Verdict.DEGRADED, Reason.ASSET_MISSING, "dead-asset"),
            Recorded(Verdict.MAINTENANCE, Reason.MAINTENANCE_TEXT, "maintenance-mark"),
            Recorded(Verdict.UP, Reason.OK, "healthy"),
            Recorded(Verdict.UP, Reason.OK, "healthy"),
        ]
    ),
    JUDGEMENTS,
)
STREAKS = st.lists(
    st.builds(
        lambda after, judgement, status, vouched, announced, times: (
            [Kept(after, judgement, Facts(status, 30_000_000, vouched), announced)] * times
        ),
        st.sampled_from([30, 60, 120, 300]),
        LIKELY,
        st.sampled_from([200, 500]),
        st.booleans(),
        st.sampled_from([False, False, True]),
        st.integers(1, 6),
    ),
    max_size=12,
).map(lambda runs: [kept for run in runs for kept in run])
POLICIES = st.builds(
    Policy,
    failures=st.integers(1, 5),
    failing_s=st.sampled_from([0, 60, 120, 1800]),
    successes=st.integers(1, 4),
    recovering_s=st.sampled_from([0, 60, 600]),
    silence_s=st.sampled_from([600, 7200, 10_000]),
)


@dataclass(frozen=True)
class Counted:
    down: frozenset[int]  # seconds
    failing: frozenset[int]
    outages: frozenset[int]
    account: Account


def counted(ruleset: Ruleset, checks: Sequence[Kept], own: Policy) -> Counted:
    """Count one target as the readers of the store do, second by second."""
    policy = ruleset.confirmation.policy(own)
    instants = []
    seconds = 0
    for kept in checks:
        seconds += kept.after_s
        instants.append(seconds)
    until = seconds + 2 * HOLD_S
    lines = [line_of(ruleset, kept) for kept in checks]
    folded = refold(
        "a",
        "local",
        (
            (Sighting(at=at(second), verdict=line.counts_as, reason=Reason.OK), policy)
            for second, line in zip(instants, lines, strict=True)
        ),
    )
    start = microseconds(START)
    observed = []
    for second, line in zip(instants, lines, strict=True):
        verdict, other = line.counts_as, ruleset.confirmation.unconfirmed
        us = start + second * SECOND
        if other is not None and verdict in FAILING and folded.is_unconfirmed(us):
            verdict = other
        observed.append((us, verdict, Reason.OK, HOLD_S * SECOND))
    edges = [start, start + until * SECOND]
    pieces = list(stretches(observed, edges))

    def of(*verdicts: Verdict) -> frozenset[int]:
        return frozenset(
            second
            for piece in pieces
            if piece.key[0] in verdicts
            for second in range((piece.from_us - start) // SECOND, (piece.to_us - start) // SECOND)
        )

    outages = frozenset(
        second
        for outage in folded.outages
        for second in range(
            int((outage.first_fail_at - START).total_seconds()),
            int((outage.first_ok_at - START).total_seconds()) if outage.first_ok_at else until,
        )
    )
    return Counted(of(Verdict.DOWN), of(*FAILING), outages, tally(pieces, edges)[0])


@given(checks=st.one_of(st.lists(CHECKS, max_size=12), STREAKS), own=POLICIES)
def test_lenient_is_within_what_was_recorded_and_that_within_strict(
    checks: list[Kept], own: Policy
) -> None:
    lenient = counted(SHIPPED["lenient"], checks, own)
    kept = counted(AS_RECORDED, checks, own)
    strict = counted(SHIPPED["strict"], checks, own)

    assert lenient.down <= kept.down <= strict.down
    assert lenient.failing <= kept.failing <= strict.failing
    assert lenient.outages <= kept.outages <= strict.outages
    spans = {one.account.span_us for one in (lenient, kept, strict)}
    assert len(spans) == 1
    for one in (lenient, kept, strict):
        assert sum(one.account.by_verdict.values()) == one.account.span_us


@given(own=POLICIES)
def test_the_ruleset_that_changes_nothing_keeps_any_policy(own: Policy) -> None:
    assert AS_RECORDED.confirmation.policy(own) == own


def test_thresholds_are_the_harder_or_the_easier_of_both() -> None:
    hard = Policy(failures=5, failing_s=1800, successes=1, recovering_s=0, silence_s=600)
    easy = Policy(failures=1, failing_s=0, successes=4, recovering_s=600, silence_s=10_000)
    lenient, strict = (SHIPPED[name].confirmation for name in ("lenient", "strict"))

    assert lenient.policy(hard) == hard
    assert strict.policy(easy) == easy
    assert lenient.policy(easy) == replace(
        easy, failures=4, failing_s=600, successes=1, recovering_s=0, silence_s=7200
    )
    assert strict.policy(hard) == replace(
        hard, failures=2, failing_s=60, successes=3, recovering_s=300, silence_s=7200
    )


LINES = st.sampled_from(list(Verdict)).flatmap(
    lambda verdict: st.builds(
        Line,
        verdict=st.just(verdict),
        counts_as=st.sampled_from(list(Verdict)),
        why=st.just("essai"),
        reasons=st.frozensets(st.sampled_from(list(Reason)), max_size=3),
    )
)


@given(
    lines=st.lists(LINES, max_size=8),
    verdict=st.sampled_from(list(Verdict)),
    reason=st.sampled_from(sorted(OUR_FAULTS)),
)
def test_what_our_own_side_spoiled_is_unknown_under_any_lines(
    lines: list[Line], verdict: Verdict, reason: Reason
) -> None:
    """Also under lines that no file could have: the core does not rest on their validation."""
    ruleset = replace(AS_RECORDED, lines=(*lines, *AS_RECORDED.lines))
    kept = Kept(1, Recorded(verdict, reason, "any"), Facts(0, 0, vouched=True), announced=False)

    assert line_of(ruleset, kept).counts_as is Verdict.UNKNOWN


def test_nothing_healthy_or_silent_can_accuse() -> None:
    for verdict in (Verdict.UP, Verdict.BLOCKED, Verdict.UNKNOWN):
        assert not MAY_COUNT_AS[verdict] & FAILING


def test_every_fault_of_our_own_is_known() -> None:
    assert {r for r in Reason if r.value.startswith("local_")} | {Reason.CLOCK} == OUR_FAULTS


def test_words_of_a_newer_program_claim_nothing_that_is_not_understood() -> None:
    new_verdict = recorded("half_up", "half_open", "half")
    assert Recorded(Verdict.UNKNOWN, None, "half") == new_verdict
    new_reason = recorded("down", "quantum_error", "no-answer")
    assert Recorded(Verdict.DOWN, None, "no-answer") == new_reason
    kept = Kept(1, new_reason, Facts(500, 0, vouched=True), announced=False)
    assert line_of(SHIPPED["lenient"], kept).counts_as is Verdict.UNKNOWN
    assert line_of(SHIPPED["strict"], kept).counts_as is Verdict.DOWN


@pytest.mark.parametrize(
    ("judgement", "facts", "announced", "lenient", "strict"),
    [
        ("down http_5xx server-error", (503, 0, False), False, "down", "down"),
        ("down http_5xx server-error", (503, 0, False), True, "unknown", "down"),
        ("down http_5xx fault-mark", (200, 0, False), False, "up", "down"),
        ("down gone gone-status", (404, 0, False), False, "down", "down"),
        ("down gone fault-mark", (200, 0, False), False, "unknown", "down"),
        ("down generic_timeout_error no-answer", (0, 0, True), False, "down", "down"),
        ("down generic_timeout_error no-answer", (0, 0, False), False, "unknown", "down"),
        ("down ssl_invalid_certificate no-answer", (0, 0, True), False, "down", "down"),
        ("down ssl_failed_handshake no-answer", (0, 0, True), False, "unknown", "down"),
        ("down error_text fault-mark", (200, 0, True), False, "up", "down"),
        ("down http_4xx client-error", (400, 0, True), False, "unknown", "down"),
        ("degraded slow slow", (200, 20_000_000, True), False, "up", "degraded"),
        ("degraded slow slow", (200, 20_000_001, True), False, "up", "down"),
        ("degraded slow slow", (200, 20_000_001, False), False, "up", "degraded"),
        ("degraded asset_missing dead-asset", (200, 0, False), False, "up", "down"),
        ("degraded marker_missing no-login-form", (200, 0, False), False, "up", "down"),
        ("degraded marker_missing no-marker", (200, 0, False), False, "up", "degraded"),
        ("degraded empty_shell empty-shell", (200, 0, False), False, "up", "degraded"),
        ("degraded moved moved", (200, 0, False), False, "up", "degraded"),
        ("maintenance maintenance_text m", (503, 0, False), False, "unknown", "down"),
        ("maintenance maintenance_text m", (503, 0, False), True, "unknown", "maintenance"),
        ("blocked waf refusal-status", (403, 0, True), False, "blocked", "blocked"),
        ("unknown gone gone-status", (404, 0, True), False, "unknown", "unknown"),
        ("unknown local_network line-in-doubt", (0, 0, False), False, "unknown", "unknown"),
        ("up ok healthy", (200, 60_000_000, True), False, "up", "up"),
    ],
)  # fmt: skip
def test_what_the_shipped_rulesets_make_of_a_check(
    judgement: str, facts: tuple[int, int, bool], lenient: str, strict: str, *, announced: bool
) -> None:
    kept = Kept(1, recorded(*judgement.split()), Facts(*facts), announced)
    counts = {name: line_of(one, kept).counts_as.value for name, one in SHIPPED.items()}

    assert counts == {"lenient": lenient, "strict": strict}


PROMPT, SILENT, ABSENT = ControlStatus.PROMPT, ControlStatus.SILENT, ControlStatus.ABSENT


@pytest.mark.parametrize(
    ("address", "ipv4", "ipv6", "vouched"),
    [
        ("192.0.2.1", PROMPT, SILENT, True),
        ("2001:db8::1", PROMPT, SILENT, False),
        ("192.0.2.1", SILENT, PROMPT, False),
        (None, SILENT, PROMPT, True),  # a name that did not resolve: over either
        (None, SILENT, SILENT, False),
        ("2001:db8::1", PROMPT, ABSENT, False),
    ],
)
def test_control_hosts_vouch_for_the_family_that_a_check_went_over(
    address: str | None, ipv4: ControlStatus, ipv6: ControlStatus, *, vouched: bool
) -> None:
    hop = StoredHop(url="https://a.example.test/", address=address, status=502)
    profile = ConnectionProfile(url=hop.url, steps=(hop,))
    families = {Family.IPV4: {"h": ipv4}, Family.IPV6: {"h": ipv6}}
    controls = Controls(at=START + timedelta(1), ok=1, asked=1, families=families)

    assert is_vouched(profile, controls) is vouched
    assert not is_vouched(profile, None)
    assert status_of(profile) == 502
    assert status_of(replace(profile, steps=())) == 0


def test_a_family_that_our_line_lacks_is_ignored_beside_another() -> None:
    tried = (("192.0.2.1", Failure.TIMEOUT), ("2001:db8::1", Failure.TIMEOUT))
    hop = StoredHop(url="https://a.example.test/", attempts=tried)
    profile = ConnectionProfile(url=hop.url, steps=(hop,))

    def vouched(ipv6: ControlStatus) -> bool:
        families = {Family.IPV4: {"h": PROMPT}, Family.IPV6: {"h": ipv6}}
        return is_vouched(profile, Controls(at=START, ok=1, asked=1, families=families))

    assert vouched(ABSENT)
    assert vouched(PROMPT)
    assert not vouched(SILENT)
