"""The rules of the verdict, in the order in which they are tried."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.model import (
    Certificate,
    Controls,
    Exchange,
    Failure,
    Hop,
    Judgement,
    Kind,
    Phase,
    Reason,
    Target,
    Verdict,
)
from monitor.core.verdict.classify import RULES, classify, classify_saved, ruleset
from tests.support.shipped_config import SHIPPED

MARKS = SHIPPED.fingerprints
AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
URL = "https://anef.example.fr/usagers/"
LINE_WORKS = Controls(at=AT, ok=3, asked=3, needed=2)
LINE_CUT = Controls(at=AT, ok=0, asked=3, needed=2)
CONTENT = (
    "<p>" + "La préfecture reçoit les usagers du lundi au vendredi sur rendez-vous. " * 20 + "</p>"
)
HEALTHY = f"<html><head><title>Séjour</title></head><body><h1>Séjour</h1>{CONTENT}</body></html>"


def target(
    kind: Kind = Kind.PAGE,
    *,
    markers: tuple[str, ...] = (),
    expect_path: str = "",
    signs_of_life: tuple[str, ...] = (),
) -> Target:
    return Target(
        slug="cible",
        name="Cible",
        url=URL,
        kind=kind,
        platform="anef",
        markers=markers,
        expect_path=expect_path,
        signs_of_life=signs_of_life,
    )


def answer(  # noqa: PLR0913 -- every part of an answer, by name
    body: str | bytes = HEALTHY,
    *,
    status: int | None = 200,
    url: str = URL,
    final: str | None = None,
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html; charset=utf-8"),),
    failure: Failure | None = None,
    phase: Phase | None = None,
    seconds: float = 0.2,
    parts: tuple[Exchange, ...] = (),
) -> Exchange:
    hop = Hop(url=final or url, started_at=AT, status=status, headers=headers)
    return Exchange(
        url=url,
        started_at=AT,
        duration_us=int(seconds * 1e6),
        hops=(hop,),
        failure=failure,
        phase=phase,
        body=body.encode() if isinstance(body, str) else body,
        parts=parts,
    )


def judge(
    exchange: Exchange,
    *,
    of: Target | None = None,
    controls: Controls | None = LINE_WORKS,
    offset_us: int | None = 0,
    known_good: bool = True,
) -> Judgement:
    return classify(
        of or target(),
        exchange,
        controls=controls,
        clock_offset_us=offset_us,
        clock_limit_us=500_000,
        known_good=known_good,
        fingerprints=MARKS,
    )


def said(judgement: Judgement) -> tuple[Verdict, Reason]:
    return judgement.verdict, judgement.reason


def page(title: str, body: str) -> str:
    return f"<html><head><title>{title}</title></head><body>{body}</body></html>"


def test_the_shipped_marks_are_right() -> None:
    assert len(MARKS) > 40


# ----------------------------------------------------------------- how a verdict is told


def test_every_rule_that_was_tried_is_told_in_order_and_the_last_decided() -> None:
    judgement = judge(answer(status=503, body=""))

    assert said(judgement) == (Verdict.DOWN, Reason.HTTP_5XX)
    assert [t.rule for t in judgement.tried] == [rule for rule, _ in RULES][: len(judgement.tried)]
    assert [t.matched for t in judgement.tried] == [False] * (len(judgement.tried) - 1) + [True]
    assert judgement.tried[-1].rule == judgement.rule == "server-error"
    assert judgement.tried[-1].ground == "statut 503"


def test_a_mark_that_decides_is_named_with_what_was_seen() -> None:
    judgement = judge(answer(page("Site en maintenance", "<p>À bientôt.</p>")))

    assert said(judgement) == (Verdict.MAINTENANCE, Reason.MAINTENANCE_TEXT)
    assert judgement.tried[-1].ground == (
        "empreinte maintenance-headline : « site en maintenance »"
    )


def test_the_ruleset_changes_with_the_marks() -> None:
    assert ruleset(MARKS) != ruleset(MARKS[1:])
    assert ruleset(MARKS) == ruleset(tuple(MARKS))


# -------------------------------------------------------------------- our clock and line


def test_a_wrong_clock_comes_before_everything() -> None:
    assert said(judge(answer(), offset_us=-500_001)) == (Verdict.UNKNOWN, Reason.CLOCK)
    assert said(judge(answer(), offset_us=500_000)) == (Verdict.UP, Reason.OK)
    assert said(judge(answer(), offset_us=None)) == (Verdict.UP, Reason.OK)


@pytest.mark.parametrize("failure", [f for f in Failure if f is not Failure.TOO_LARGE])
@pytest.mark.parametrize("controls", [None, LINE_CUT], ids=["not asked", "silent"])
def test_no_failure_is_laid_on_the_site_without_controls_that_answer(
    failure: Failure, controls: Controls | None
) -> None:
    judgement = judge(answer("", status=None, failure=failure), controls=controls)

    assert judgement.verdict is Verdict.UNKNOWN


OURS = {
    Failure.DNS_REFUSED,
    Failure.DNS_BOGON,
    Failure.NETWORK_UNREACHABLE,
    Failure.UNKNOWN,
    Failure.TOO_LARGE,  # a head over our bounds
}


@pytest.mark.parametrize("failure", [f for f in Failure if f not in OURS])
def test_a_failure_with_a_working_line_is_down_for_its_own_reason(failure: Failure) -> None:
    judgement = judge(answer("", status=None, failure=failure, phase=Phase.CONNECT))

    assert said(judgement) == (Verdict.DOWN, Reason(failure.value))


@pytest.mark.parametrize(
    ("failure", "phase", "reason"),
    [
        (Failure.DNS_REFUSED, Phase.RESOLVE, Reason.LOCAL_RESOLVER),
        (Failure.TIMEOUT, Phase.RESOLVE, Reason.LOCAL_RESOLVER),
        (Failure.DEADLINE, Phase.RESOLVE, Reason.LOCAL_RESOLVER),
        (Failure.CONNECTION_REFUSED, Phase.RESOLVE, Reason.LOCAL_RESOLVER),  # TCP 53, by us
        (Failure.CONNECTION_RESET, Phase.RESOLVE, Reason.LOCAL_RESOLVER),
        (Failure.HOST_UNREACHABLE, Phase.RESOLVE, Reason.LOCAL_RESOLVER),
        (Failure.EOF, Phase.RESOLVE, Reason.LOCAL_RESOLVER),
        (Failure.NETWORK_UNREACHABLE, Phase.CONNECT, Reason.LOCAL_NETWORK),
        (Failure.DNS_BOGON, Phase.RESOLVE, Reason.LOCAL_FILTER),
        (Failure.UNKNOWN, Phase.TLS, Reason.UNKNOWN_FAILURE),
    ],
)
def test_failures_of_our_own_side_stay_ours(failure: Failure, phase: Phase, reason: Reason) -> None:
    judgement = judge(answer("", status=None, failure=failure, phase=phase))

    assert said(judgement) == (Verdict.UNKNOWN, reason)


def test_a_redirect_to_a_private_address_is_a_filters() -> None:
    inside = answer(
        "",
        status=302,
        failure=Failure.REDIRECT_REFUSED,
        headers=(("Location", "http://10.0.0.1/"),),
    )
    other = answer(
        "", status=302, failure=Failure.REDIRECT_REFUSED, headers=(("Location", "ftp://x.fr/"),)
    )

    assert said(judge(inside)) == (Verdict.UNKNOWN, Reason.LOCAL_FILTER)
    assert said(judge(other)) == (Verdict.DOWN, Reason.REDIRECT_REFUSED)


def test_a_loop_that_sets_cookies_may_be_our_own_doing() -> None:
    cookie = answer("", status=302, failure=Failure.REDIRECT_LOOP, headers=(("Set-Cookie", "a=1"),))
    plain = answer("", status=302, failure=Failure.REDIRECT_LOOP, headers=())

    assert said(judge(cookie)) == (Verdict.UNKNOWN, Reason.REDIRECT_LOOP)
    assert said(judge(plain)) == (Verdict.DOWN, Reason.REDIRECT_LOOP)


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_silent_controls_take_back_what_would_be_laid_on_the_site(status: int) -> None:
    judgement = judge(answer("", status=status), controls=LINE_CUT)

    assert said(judgement) == (Verdict.UNKNOWN, Reason.LOCAL_NETWORK)
    assert judgement.rule == judgement.tried[-1].rule == "controls-failed"


def test_a_healthy_answer_proves_the_line_whatever_the_controls_say() -> None:
    assert said(judge(answer(), controls=LINE_CUT)) == (Verdict.UP, Reason.OK)
    assert said(judge(answer(), controls=None)) == (Verdict.UP, Reason.OK)


def test_an_answer_that_came_is_judged_even_if_the_controls_were_not_asked() -> None:
    assert said(judge(answer("", status=500), controls=None)) == (Verdict.DOWN, Reason.HTTP_5XX)


# ----------------------------------------------------------------- filters and refusals


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (page("Web Page Blocked!", "<p>FortiGuard. Blocked: category politics.</p>"), 200),
        (page("ERROR", "<p>Your cache administrator is webmaster.</p>"), 503),
        (page("Доступ ограничен", "<p>Роскомнадзор</p>"), 200),
        (page("Portail captif", "<form><input name=a><input type=password></form>"), 200),
        ('<iframe src="http://192.168.0.1/block.php"></iframe>', 200),
        ("", 511),
        ("", 407),
    ],
)
def test_a_page_put_in_on_our_side_says_nothing_of_the_site(body: str, status: int) -> None:
    assert said(judge(answer(body, status=status))) == (Verdict.UNKNOWN, Reason.LOCAL_FILTER)


BARE = " ".join(["mot"] * 40)


@pytest.mark.parametrize(
    ("body", "is_a_filters"),
    [
        ('<script src="http://10.0.0.1/portal.js"></script>', True),
        ('<meta http-equiv="refresh" content="0;url=http://172.16.3.4/login">', True),
        ('<p>Un mot.</p><iframe src="http://192.168.0.1/"></iframe>', True),
        (f'<p>{BARE} {BARE}</p><iframe src="http://192.168.0.1/"></iframe>', False),
        ('<iframe src="https://ailleurs.test/"></iframe>', False),
    ],
)
def test_a_bare_page_that_leads_to_a_machine_inside_is_a_filters(
    body: str, *, is_a_filters: bool
) -> None:
    judgement = judge(answer(body))
    assert (judgement.rule == "filter-frame") is is_a_filters
    if is_a_filters:
        assert said(judgement) == (Verdict.UNKNOWN, Reason.LOCAL_FILTER)


REFUSALS = {
    "imperva": '<iframe src="/_Incapsula_Resource?SWUDNSAI=31">Incapsula incident ID: 1-2</iframe>',
    "imperva's script alone": "<script src='/_Incapsula_Resource?SWJIYLWA=1,2'></script>",
    "f5": "The requested URL was rejected. Please consult with your administrator.",
    "denyall": "Condition Intercepted",
    "akamai": page(
        "Access Denied", "<h1>Access Denied</h1>Reference #18.2d351ab8.1557333295.a4e16"
    ),
    "cloudflare": page("Just a moment...", "<script>window._cf_chl_opt={}</script>"),
    "success": page("Portail", "<h1>Victime de son succès</h1><p>Le site limite vos demandes.</p>"),
    "captcha": page("Vérification", "<p>Confirmez que vous n'êtes pas un robot.</p>"),
    "cookie test": "<html><script>document.cookie='a=1';location.reload();</script></html>",
}


@pytest.mark.parametrize("body", REFUSALS.values(), ids=REFUSALS.keys())
@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_refusal_is_never_down_nor_up(body: str, status: int) -> None:
    assert judge(answer(body, status=status)).verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.LOGIN_REQUIRED),
        (403, Reason.WAF),
        (429, Reason.RATE_LIMITED),
        (451, Reason.WAF),
    ],
)
def test_a_bare_refusal_is_known_by_its_status(status: int, reason: Reason) -> None:
    assert said(judge(answer("", status=status))) == (Verdict.BLOCKED, reason)


def test_a_redirect_to_a_captcha_is_a_refusal() -> None:
    there = answer("", status=307, headers=(("Location", "/captcha/?r=1"),))
    arrived = answer(page("RDV", "<p>Cgu</p>"), final="https://anef.example.fr/captcha/")

    assert said(judge(there)) == (Verdict.BLOCKED, Reason.CAPTCHA)
    assert said(judge(arrived)) == (Verdict.BLOCKED, Reason.CAPTCHA)


def test_a_refusal_that_was_cut_is_still_a_refusal() -> None:
    cut = answer("", status=403, failure=Failure.TRUNCATED)

    assert said(judge(cut)) == (Verdict.BLOCKED, Reason.WAF)


# ------------------------------------------------------------------------- healthy pages

TRAPS = {
    "maintenance announced": "<div class=alert>Maintenance le 12 mars de 8 h à 10 h : le service"
    " sera temporairement indisponible.</div>",
    "guard's script": "<script src='/_Incapsula_Resource?SWJIYLWA=1'></script>",
    "contact form's captcha": "<script src='https://www.google.com/recaptcha/api.js'></script>"
    "<form><input name=nom><input name=mail><div class=g-recaptcha></div></form>",
    "noscript": "<noscript>Please enable JavaScript and cookies to continue</noscript>",
    "talk of errors": "<p>Erreur 404, page introuvable, accès refusé, captcha : que faire ?</p>",
    "hidden error": "<div hidden>Une erreur est survenue</div>",
}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS.keys())
def test_a_healthy_page_may_speak_of_anything(trap: str) -> None:
    body = HEALTHY.replace("<h1>", f"{trap}<h1>")
    headers = (("Content-Type", "text/html"), ("Server", "cloudflare"), ("X-Iinfo", "1-2"))

    assert said(judge(answer(body, headers=headers))) == (Verdict.UP, Reason.OK)


@pytest.mark.parametrize(
    "body",
    [
        "<p>Il n'existe plus de plage horaire libre. Veuillez recommencer ultérieurement.</p>",
        "<p>Aucun dossier ne correspond.</p><form><input name=a><input name=b></form>",
        (
            "<p>Maintenance prévue : le service sera indisponible.</p>"
            "<form><input name=id><input type=password></form>"
        ),
        "<h1>Horaires</h1><p>L'accès aux guichets est limité aux usagers convoqués.</p>",
        "<h2>500 places d'hébergement</h2><h2>404 agents</h2><p>Votre demande a été refusée ?</p>",
        "<p>Pour des raisons de sécurité, les bagages sont interdits dans les locaux.</p>",
        "<p>Le service des cartes grises sera fermé le 3 mai pour maintenance.</p>",
    ],
)
def test_a_short_page_that_gives_its_service_is_up(body: str) -> None:
    assert said(judge(answer(page("Rendez-vous", body)))) == (Verdict.UP, Reason.OK)


# ------------------------------------------------------------------- faults behind a 200


@pytest.mark.parametrize(
    ("title", "body", "verdict", "reason"),
    [
        ("Erreur", "<p>Une erreur est survenue.</p>", Verdict.DOWN, Reason.ERROR_TEXT),
        ("Oups", "<h1>Erreur technique</h1>", Verdict.DOWN, Reason.ERROR_TEXT),
        ("x", "<h1>Nous sommes désolés...</h1>", Verdict.DOWN, Reason.ERROR_TEXT),
        ("Welcome to nginx!", "<h1>Welcome to nginx!</h1>", Verdict.DOWN, Reason.ERROR_TEXT),
        ("Index of /", "<a href=a>a</a>", Verdict.DOWN, Reason.ERROR_TEXT),
        ("Page introuvable", "<h1>Erreur 404</h1>", Verdict.DOWN, Reason.GONE),
        ("x.fr", "<p>Ce domaine est à vendre.</p>", Verdict.DOWN, Reason.PARKED),
        ("ANEF", "<h1>Site en maintenance</h1>", Verdict.MAINTENANCE, Reason.MAINTENANCE_TEXT),
    ],
)
def test_a_page_that_is_an_error_is_one_whatever_its_status(
    title: str, body: str, verdict: Verdict, reason: Reason
) -> None:
    menus = "<nav>" + "<a href='/x'>Une rubrique du site</a>" * 60 + "</nav>"

    assert said(judge(answer(page(title, menus + body)))) == (verdict, reason)


@pytest.mark.parametrize("body", ["", " ", "<html><head></head><body></body></html>"])
def test_an_empty_document_is_down(body: str) -> None:
    assert said(judge(answer(body))) == (Verdict.DOWN, Reason.EMPTY_SHELL)


def test_maintenance_under_a_5xx_is_maintenance_and_its_mention_as_a_cause_is_not() -> None:
    known = page("Maintenance", "<h1>Site en maintenance</h1>")
    guessed = page("Erreur 502", "<p>Peut-être une panne brève ou une maintenance en cours.</p>")

    assert judge(answer(known, status=503)).verdict is Verdict.MAINTENANCE
    assert said(judge(answer(guessed, status=502))) == (Verdict.DOWN, Reason.HTTP_5XX)


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_page_is_an_outage_only_if_it_was_there(status: int) -> None:
    assert said(judge(answer("", status=status))) == (Verdict.DOWN, Reason.GONE)
    assert said(judge(answer("", status=status), known_good=False)) == (
        Verdict.UNKNOWN,
        Reason.GONE,
    )


# ------------------------------------------------------------- shells and their components

SHELL = page(
    "ANEF",
    "<app-root></app-root><script src='runtime.1.js'></script><script src='main.2.js'></script>",
)
SIGN = "https://anef.example.fr/api/front_environnement"


def part(
    name: str, body: bytes = b"var a", *, status: int = 200, failure: Failure | None = None
) -> Exchange:
    url = name if name.startswith("http") else f"https://anef.example.fr/usagers/{name}"
    script = (("Content-Type", "text/javascript"),)
    return answer(body, status=status, url=url, headers=script, failure=failure)


GOOD = (part("runtime.1.js"), part("main.2.js"), part("styles.3.css"), part(SIGN, b"{}"))


def shell(*parts: Exchange) -> tuple[Verdict, Reason]:
    by_url = {p.url: p for p in (*GOOD, *parts)}
    of = target(Kind.SHELL, signs_of_life=(SIGN,))
    return said(judge(answer(SHELL, parts=tuple(by_url.values())), of=of))


def test_a_shell_whose_parts_answer_is_up() -> None:
    assert shell() == (Verdict.UP, Reason.OK)


@pytest.mark.parametrize(
    ("dead", "outcome"),
    [
        (part("main.2.js", status=404), (Verdict.DOWN, Reason.ASSET_MISSING)),
        (part("main.2.js", failure=Failure.EOF), (Verdict.DOWN, Reason.ASSET_MISSING)),
        (part("main.2.js", b"<!doctype html>"), (Verdict.DOWN, Reason.ASSET_MISSING)),
        (part("main.2.js", status=403), (Verdict.BLOCKED, Reason.WAF)),
        (part("main.2.js", failure=Failure.TOO_LARGE), (Verdict.UP, Reason.OK)),
        (part("plugin.js", status=500), (Verdict.DEGRADED, Reason.ASSET_MISSING)),
        (part("styles.3.css", status=500), (Verdict.DEGRADED, Reason.ASSET_MISSING)),
        (part("https://tiers.example.com/main.js", status=500), (Verdict.UP, Reason.OK)),
        (part(SIGN, status=502), (Verdict.DOWN, Reason.SIGN_OF_LIFE_MISSING)),
        (part(SIGN, failure=Failure.TIMEOUT), (Verdict.DOWN, Reason.SIGN_OF_LIFE_MISSING)),
        (part(SIGN, status=404), (Verdict.DEGRADED, Reason.SIGN_OF_LIFE_MISSING)),
        (part(SIGN, b"<html>"), (Verdict.DEGRADED, Reason.SIGN_OF_LIFE_MISSING)),
        (part(SIGN, b"{}", status=403), (Verdict.UP, Reason.OK)),
        (part(SIGN, b"<html>", status=403), (Verdict.BLOCKED, Reason.WAF)),
        (part(SIGN, b"<html>Incapsula incident ID: 1"), (Verdict.BLOCKED, Reason.WAF)),
        (part("main.2.js", b"<html>Incapsula incident ID: 1"), (Verdict.BLOCKED, Reason.WAF)),
        (part("main.2.js", failure=Failure.DEADLINE), (Verdict.DEGRADED, Reason.SLOW)),
        (part("styles.3.css", failure=Failure.DEADLINE), (Verdict.DEGRADED, Reason.SLOW)),
        (part(SIGN, failure=Failure.DEADLINE), (Verdict.DEGRADED, Reason.SLOW)),
        (part("main.2.js", failure=Failure.DNS_REFUSED), (Verdict.UNKNOWN, Reason.LOCAL_NETWORK)),
        (part(SIGN, failure=Failure.DNS_BOGON), (Verdict.UNKNOWN, Reason.LOCAL_NETWORK)),
    ],
)
def test_what_is_dead_in_a_shell_decides(dead: Exchange, outcome: tuple[Verdict, Reason]) -> None:
    """A main script or the back end: down. A style, another script, an unsure path: degraded."""
    assert outcome == shell(dead)


def test_a_dead_part_counts_although_another_could_not_be_read() -> None:
    late = part("main.2.js", failure=Failure.DEADLINE)

    assert shell(late, part(SIGN, status=502)) == (Verdict.DOWN, Reason.SIGN_OF_LIFE_MISSING)


def test_a_name_that_our_resolver_did_not_find_in_time_kills_no_shell() -> None:
    """Every part is resolved anew: a hiccup of ours is likely among fifteen."""
    lost = replace(part("main.2.js", failure=Failure.TIMEOUT), phase=Phase.RESOLVE)

    assert shell(lost) == (Verdict.UNKNOWN, Reason.LOCAL_NETWORK)


def test_a_shell_seen_alone_shows_nothing() -> None:
    judgement = judge(answer(SHELL))

    assert said(judgement) == (Verdict.DEGRADED, Reason.EMPTY_SHELL)


@pytest.mark.parametrize(
    ("menu", "verdict"), [(0, Verdict.DEGRADED), (30, Verdict.DEGRADED), (31, Verdict.UP)]
)
def test_a_page_of_its_menu_alone_shows_something_when_the_menu_is_long(
    menu: int, verdict: Verdict
) -> None:
    body = f"<nav>{'mot ' * menu}</nav><script>start()</script>"
    assert judge(answer(page("Séjour", body))).verdict is verdict


def test_a_header_may_name_who_answered_in_place_of_the_site() -> None:
    headers = (("Content-Type", "text/html"), ("Server", "Olfeo/6"))
    body = page("Séjour", "<p>À bientôt.</p>")
    assert said(judge(answer(body, headers=headers))) == (Verdict.UNKNOWN, Reason.LOCAL_FILTER)


# ------------------------------------------------------------------- what is asked of each


@pytest.mark.parametrize(
    ("of", "exchange", "outcome"),
    [
        (target(Kind.API), answer("{}"), (Verdict.UP, Reason.OK)),
        (target(Kind.API), answer('{"error": "x"}'), (Verdict.DOWN, Reason.ERROR_TEXT)),
        (target(Kind.API), answer(HEALTHY), (Verdict.DEGRADED, Reason.MARKER_MISSING)),
        (target(Kind.API), answer('{"a": '), (Verdict.DEGRADED, Reason.ERROR_TEXT)),
        # What our own reader cannot take is no fault of the site's.
        (target(Kind.API), answer('{"n": ' + "9" * 10_000 + "}"), (Verdict.UP, Reason.OK)),
        (target(Kind.API), answer("[" * 5_000 + "]" * 5_000), (Verdict.UP, Reason.OK)),
        (target(Kind.API), answer("[" * 5_000), (Verdict.DEGRADED, Reason.ERROR_TEXT)),
        # Long data are no error, and are not read: only whether they end as they begin.
        (
            target(Kind.API),
            answer('{"error": [' + "1," * 200_000 + "1]}\n"),
            (Verdict.UP, Reason.OK),
        ),
        (target(Kind.API), answer("[" + "1," * 200_000), (Verdict.DEGRADED, Reason.ERROR_TEXT)),
        (target(Kind.LOGIN), answer(HEALTHY), (Verdict.DEGRADED, Reason.MARKER_MISSING)),
        (
            target(Kind.LOGIN),
            answer(HEALTHY + "<form><input type=password></form>"),
            (Verdict.UP, Reason.OK),
        ),
        (target(markers=("Asile", "séjour")), answer(), (Verdict.UP, Reason.OK)),
        (target(markers=("Asile",)), answer(), (Verdict.DEGRADED, Reason.MARKER_MISSING)),
        (
            target(Kind.REDIRECT, expect_path="/usagers"),
            answer(url="https://anef.example.fr/", final=URL),
            (Verdict.UP, Reason.OK),
        ),
        (
            target(Kind.REDIRECT, expect_path="/usagers"),
            answer(final="https://anef.example.fr/autre"),
            (Verdict.DEGRADED, Reason.MARKER_MISSING),
        ),
        (
            target(Kind.REDIRECT, expect_path="/usagers"),
            answer(url="https://anef.example.fr/", final="https://www.example.fr/usagers/"),
            (Verdict.UP, Reason.OK),
        ),
        (
            target(Kind.REDIRECT, expect_path="/usagers"),
            answer(url="https://anef.example.fr/", final="https://anef.example.org/usagers/"),
            (Verdict.DEGRADED, Reason.MOVED),
        ),
        (
            target(Kind.REDIRECT),
            answer(url="https://anef.example.fr/", final="https://anef.example.org/usagers/"),
            (Verdict.UP, Reason.OK),
        ),
    ],
)
def test_each_kind_of_target_is_asked_for_what_makes_it(
    of: Target, exchange: Exchange, outcome: tuple[Verdict, Reason]
) -> None:
    assert outcome == said(judge(exchange, of=of))


def test_a_slow_answer_is_degraded() -> None:
    assert said(judge(answer(seconds=10.1))) == (Verdict.DEGRADED, Reason.SLOW)
    assert said(judge(answer(seconds=10.0))) == (Verdict.UP, Reason.OK)


def test_a_chain_that_was_completed_is_degraded_and_never_down() -> None:
    certificate = Certificate(
        sha256="0" * 64,
        subject="CN=x",
        issuer="CN=y",
        not_before=AT,
        not_after=AT,
        names=(),
        chain_length=1,
        verified=True,
        completed=True,
    )
    exchange = answer()
    exchange = replace(exchange, hops=(replace(exchange.hops[0], certificate=certificate),))

    assert said(judge(exchange)) == (Verdict.DEGRADED, Reason.TLS_CHAIN_INCOMPLETE)


def test_a_page_longer_than_our_limit_is_judged_by_its_start() -> None:
    assert said(judge(answer(failure=Failure.TOO_LARGE))) == (Verdict.DEGRADED, Reason.TOO_LARGE)
    for nothing_read in ("", " ", "<html>"):  # a length announced, members of gzip without end
        assert said(judge(answer(nothing_read, failure=Failure.TOO_LARGE))) == (
            Verdict.DEGRADED,
            Reason.TOO_LARGE,
        )
    assert said(judge(answer("", status=500, failure=Failure.TOO_LARGE))) == (
        Verdict.DOWN,
        Reason.HTTP_5XX,
    )


BULK = {
    "comment": "<!--" + "a" * 1_100_000 + "-->",
    "drawing": "<svg><path d='" + "M1 2" * 300_000 + "'/></svg>",
    "state of a form": f"<form><input type=hidden value='{'a' * 1_100_000}'>",
    "blank lines": "\n" * 1_100_000,
    "icon": f"<link rel=icon href='data:image/png;base64,{'A' * 1_100_000}'>",
}


@pytest.mark.parametrize("bulk", BULK.values(), ids=BULK)
def test_a_page_whose_text_comes_after_what_we_read_is_not_empty(bulk: str) -> None:
    page = f"<!doctype html><html><head><title>Titre</title></head><body>{bulk}"
    text = "<main><h1>Titre</h1><p>" + "Les titres de séjour se demandent en ligne. " * 30
    for rest in (text, ""):  # nothing tells one from the other
        assert said(judge(answer(page + rest))) == (Verdict.DEGRADED, Reason.TOO_LARGE)
    assert said(judge(answer(page + rest, status=500))) == (Verdict.DOWN, Reason.HTTP_5XX)
    styled = page.replace(bulk, f"<style>{'a' * 1_100_000}</style>")  # cut out, and all is read
    assert said(judge(answer(styled + text))) == (Verdict.UP, Reason.OK)
    assert said(judge(answer(styled))) == (Verdict.DOWN, Reason.EMPTY_SHELL)


PADDING = "<p>" + "mot " * 400_000


@pytest.mark.parametrize(
    ("watched", "rest", "outcome"),
    [
        (target(markers=("Étranger",)), "<p>ÉTRANGER", (Verdict.UP, Reason.OK)),
        (target(markers=("Étranger",)), "", (Verdict.DEGRADED, Reason.MARKER_MISSING)),
        (target(Kind.LOGIN), '<input type="password">', (Verdict.UP, Reason.OK)),
        (target(Kind.LOGIN), "", (Verdict.DEGRADED, Reason.MARKER_MISSING)),
    ],
)
def test_what_is_looked_for_may_stand_far_down_a_long_page(
    watched: Target, rest: str, outcome: tuple[Verdict, Reason]
) -> None:
    assert outcome == said(judge(answer(HEALTHY + PADDING + rest), of=watched))
    over = answer(HEALTHY + PADDING, failure=Failure.TOO_LARGE)
    assert said(judge(over, of=watched)) == (Verdict.DEGRADED, Reason.TOO_LARGE)


@pytest.mark.parametrize(
    ("final", "outcome"),
    [
        ("https://anef.example.fr/particuliers/", (Verdict.UP, Reason.MOVED)),
        ("https://sso.example.fr/", (Verdict.UP, Reason.MOVED)),
        ("https://www.anef.example.fr/usagers", (Verdict.UP, Reason.OK)),
        ("https://ailleurs.example.com/usagers/", (Verdict.DEGRADED, Reason.MOVED)),
    ],
)
def test_another_address_of_the_same_site_is_up(
    final: str, outcome: tuple[Verdict, Reason]
) -> None:
    assert outcome == said(judge(answer(final=final)))


# ------------------------------------------------------------------------- saved answers


def saved(status: int, body: bytes, *, controls_failed: bool = False) -> Judgement:
    return classify_saved(
        status=status,
        headers={"content-type": "text/html"},
        body=body,
        url=None,
        controls_failed=controls_failed,
        fingerprints=MARKS,
    )


def test_a_saved_answer_is_judged_like_a_page_that_was_there() -> None:
    assert said(saved(200, HEALTHY.encode())) == (Verdict.UP, Reason.OK)
    assert said(saved(404, b"")) == (Verdict.DOWN, Reason.GONE)
    assert said(saved(503, b"", controls_failed=True)) == (Verdict.UNKNOWN, Reason.LOCAL_NETWORK)


@given(
    body=st.binary(max_size=300),
    status=st.integers(0, 999),
    headers=st.lists(st.tuples(st.text(max_size=8), st.text(max_size=40)), max_size=4),
    url=st.none() | st.text(max_size=40),
)
@settings(max_examples=100)
def test_no_answer_raises(
    body: bytes, status: int, headers: list[tuple[str, str]], url: str | None
) -> None:
    classify_saved(
        status=status,
        headers=[*headers, ("Location", url or "http://[")],
        body=b"<html>" + body,
        url=url,
        controls_failed=False,
        fingerprints=MARKS,
    )
