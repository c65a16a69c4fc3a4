"""From an exchange to a verdict: ordered rules, each with an id; the first that matches decides.

The order matters. First faults of our own (clock, line, filters on our side), then a refusal
(never counted against the site), then what the site says of itself, then its status, then the
page, then what merely degrades it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from monitor.core.model import (
    Controls,
    Exchange,
    Hop,
    Judgement,
    Kind,
    Target,
    Trial,
    Verdict,
)
from monitor.core.verdict import (
    rules_form,
    rules_local,
    rules_page,
    rules_rendered,
    rules_response,
)
from monitor.core.verdict.context import Finding, Rule, RuleContext, as_shown, leads_to
from monitor.core.verdict.fingerprints import Fingerprint, digest
from monitor.core.verdict.page_summary import PageSummary, Summarize, glance

RULESET = "2026-11-30.4"  # changes with the rules; `ruleset` adds the fingerprints' digest

RULES: tuple[tuple[str, Rule], ...] = (
    ("clock-offset", rules_local.clock_offset),
    ("frozen", rules_local.frozen),
    ("dns-bogon", rules_local.bogon),
    ("redirect-inside", rules_local.redirected_inside),
    ("line-in-doubt", rules_local.line_in_doubt),
    ("our-side", rules_local.our_side),
    ("cookie-loop", rules_local.cookie_loop),
    ("no-answer", rules_local.no_answer),
    ("filter-status", rules_response.filter_status),
    ("filter-mark", rules_response.filter_mark),
    ("filter-frame", rules_response.filter_frame),
    ("overload-mark", rules_response.overload_mark),
    ("refusal-mark", rules_response.refusal_mark),
    ("script-challenge", rules_response.script_challenge),
    ("maintenance-mark", rules_response.maintenance_mark),
    ("refusal-status", rules_response.refusal_status),
    ("server-error", rules_response.server_error),
    ("gone-status", rules_response.gone_status),
    ("client-error", rules_response.client_error),
    ("cut-answer", rules_local.cut_answer),
    ("redirect-unfollowed", rules_form.redirect_unfollowed),
    ("fault-mark", rules_response.fault_mark),
    ("own-statement", rules_response.own_statement),
    ("accepted-only", rules_response.accepted_only),
    ("not-a-page", rules_form.not_a_page),
    ("api-body", rules_form.api_body),
    ("json-error", rules_form.json_error),
    ("empty-document", rules_form.empty_document),
    ("empty-frame", rules_form.empty_frame),
    ("login-wall", rules_page.login_wall),
    ("dead-asset", rules_page.dead_asset),
    ("dead-sign-of-life", rules_page.dead_sign_of_life),
    ("unread-part", rules_page.unread_part),
    ("empty-shell", rules_page.empty_shell),
    ("unexpected-redirect", rules_page.unexpected_redirect),
    ("no-login-form", rules_page.no_login_form),
    ("no-marker", rules_page.no_marker),
    ("too-large", rules_page.too_large),
    ("chain-incomplete", rules_page.chain_incomplete),
    ("slow", rules_page.slow),
    ("moved", rules_page.moved),
    ("healthy", rules_page.healthy),
)
# Of a page that a browser shows, what is on the screen takes the place of what its files are.
_BEFORE_THE_SCREEN = "accepted-only"  # the last rule before
_AFTER_THE_SCREEN = "chain-incomplete"  # the first rule after
_IDS = tuple(rule_id for rule_id, _ in RULES)
RENDERED_RULES: tuple[tuple[str, Rule], ...] = (
    *RULES[: _IDS.index(_BEFORE_THE_SCREEN) + 1],
    ("not-rendered", rules_rendered.not_rendered),
    ("not-shown", rules_rendered.not_shown),
    *RULES[_IDS.index(_AFTER_THE_SCREEN) :],
)
# Tried after a rule that would count something against the site.
CONTROL_RULE = "controls-failed"
DOUBTS: tuple[tuple[str, Rule], ...] = (
    (CONTROL_RULE, rules_local.controls_failed),
    (rules_local.NAME_RULE, rules_local.name_in_doubt),
    ("not-repeated", rules_local.not_repeated),
)


def classify(  # noqa: PLR0913 -- all that a judgement depends on, by name
    target: Target,
    exchange: Exchange,
    *,
    controls: Controls | None,
    clock_offset_us: int | None,
    clock_limit_us: int,
    known_good: bool,
    fingerprints: Sequence[Fingerprint],
    look: Summarize = glance,
) -> Judgement:
    """Judge one exchange. `look` summarises its page: `glance`, or a `SummaryCache`.

    `known_good` is whether the target was ever up: only then is a 404 an outage. The last trial
    is the one that decided. Never raises, whatever the site sent.
    """
    page = _read(exchange, look)
    shown = as_shown(exchange)
    case = RuleContext(
        target=target,
        exchange=shown,
        broken=exchange.failure if shown is not exchange else None,
        controls=controls,
        clock_offset_us=clock_offset_us,
        clock_limit_us=clock_limit_us,
        known_good=known_good,
        fingerprints=fingerprints,
        status=(exchange.last.status or 0) if exchange.last else 0,
        page=page,
        urls=leads_to(shown, page),
    )
    return _judge(case)


def _read(exchange: Exchange, look: Summarize) -> PageSummary:
    """Summarise the page as a visitor has it: as a browser left it, if one did."""
    if exchange.rendering is not None and exchange.rendering.document:
        document = exchange.rendering.document.encode("utf-8", "replace")
        return look(document, content_type="text/html", charset="utf-8")
    content_type = (exchange.last.header("content-type") or "") if exchange.last else ""
    return look(exchange.body, content_type=content_type, charset=exchange.charset)


def _judge(case: RuleContext) -> Judgement:
    trials: list[Trial] = []
    rules = RENDERED_RULES if case.target.kind is Kind.RENDERED else RULES
    finding = _first(case, rules, trials)
    if finding is None:
        raise AssertionError("the last rule always decides")
    if finding.verdict not in {Verdict.UP, Verdict.UNKNOWN}:
        decided = len(trials)
        doubt = _first(case, DOUBTS, trials)
        if doubt is None:
            del trials[decided:]  # the last trial is the one that decided
        else:
            finding = doubt
    return Judgement(
        verdict=finding.verdict,
        reason=finding.reason,
        rule=trials[-1].rule,
        tried=tuple(trials),
    )


def _first(
    case: RuleContext, rules: Sequence[tuple[str, Rule]], trials: list[Trial]
) -> Finding | None:
    """Try rules in order until one matches; append each trial to `trials`."""
    for rule_id, rule in rules:
        finding = rule(case)
        ground = finding.ground if finding else ""
        trials.append(Trial(rule=rule_id, matched=finding is not None, ground=ground))
        if finding is not None:
            return finding
    return None


def ruleset(fingerprints: Sequence[Fingerprint]) -> str:
    """Return the version of rules and fingerprints that every observation records."""
    return f"{RULESET}+{digest(fingerprints)[:12]}"


def classify_saved(  # noqa: PLR0913 -- what `vigie classify` is given, by name
    *,
    status: int,
    headers: Mapping[str, str] | Sequence[tuple[str, str]],
    body: bytes,
    url: str | None,
    controls_failed: bool,
    fingerprints: Sequence[Fingerprint],
) -> Judgement:
    """Judge a saved answer, as of a page that was up before, on a line that works or not."""
    target, exchange = exchange_of_saved(status=status, headers=headers, body=body, url=url)
    at = exchange.started_at
    return classify(
        target,
        exchange,
        controls=Controls(at=at, ok=0 if controls_failed else 1, asked=1),
        clock_offset_us=0,
        clock_limit_us=0,
        known_good=True,
        fingerprints=fingerprints,
    )


def exchange_of_saved(
    *,
    status: int,
    headers: Mapping[str, str] | Sequence[tuple[str, str]],
    body: bytes,
    url: str | None,
) -> tuple[Target, Exchange]:
    """Return the target and the exchange that a saved answer represents."""
    place = url or "https://reponse-enregistree.invalid/"
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
    hop = Hop(url=place, started_at=_NO_TIME, status=status, headers=pairs, http_version="HTTP/1.1")
    _, _, charset = (hop.header("content-type") or "").lower().partition("charset=")
    exchange = Exchange(
        url=place,
        started_at=_NO_TIME,
        duration_us=0,
        hops=(hop,),
        body=body,
        charset=charset.split(";")[0].strip(" \"'"),
    )
    target = Target(slug="enregistree", name=place, url=place, kind=Kind.PAGE, platform="")
    return target, exchange


_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # a saved answer does not say when it came
