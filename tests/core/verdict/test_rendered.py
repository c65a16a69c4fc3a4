"""A page is judged by what its browser shows; what the browser could not do is not the site's."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.core.model import (
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
from monitor.core.model.rendering import (
    RefusalCause,
    RefusedRequests,
    RenderFailure,
    Rendering,
)
from monitor.core.verdict.classify import RENDERED_RULES, RULES, classify
from tests.support.shipped_config import SHIPPED

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
SITE = "https://anef.example.fr"
TARGET = Target(
    slug="ecran",
    name="Écran",
    url=f"{SITE}/usagers/#/accueil",
    kind=Kind.RENDERED,
    platform="anef",
    markers=("Vos démarches",),
)
SHELL = '<html><body><div id="root"></div><script src="/main.js"></script></body></html>'
FULL = "<html><body><h1>Vos démarches</h1><p>Déposer une demande.</p></body></html>"
FULL_TREE = "RootWebArea « ANEF »\n  heading « Vos  démarches » level=1\n"
BLANK = Rendering(browser="b", tree="RootWebArea « ANEF »\n", document=SHELL)
SERVED = replace(BLANK, tree=FULL_TREE, document=FULL)


def loaded(
    path: str,
    status: int | None = 200,
    *,
    failure: Failure | None = None,
    site: str = SITE,
    body: bytes = b"{}",
) -> Exchange:
    kind = "application/json" if path.startswith("/api") else "text/javascript"
    headers = (("Content-Type", kind),)
    hop = Hop(url=site + path, started_at=AT, status=status, address="192.0.2.1", headers=headers)
    phase = Phase.CONNECT if failure else None
    return Exchange(
        url=site + path, started_at=AT, duration_us=1, hops=(hop,), failure=failure, phase=phase,
        body=body,
    )  # fmt: skip


GOOD = (loaded("/main.js"), loaded("/api/configuration"))


def judged(
    rendering: Rendering | None,
    *parts: Exchange,
    known_good: bool = True,
    status: int = 200,
    body: str = SHELL,
    line: bool = True,
) -> Judgement:
    headers = (("Content-Type", "text/html; charset=utf-8"),)
    hop = Hop(
        url=f"{SITE}/usagers/", started_at=AT, status=status, address="192.0.2.1", headers=headers
    )
    exchange = Exchange(
        url=TARGET.url,
        started_at=AT,
        duration_us=200_000,
        hops=(hop,),
        body=body.encode(),
        charset="utf-8",
        parts=parts,
        rendering=rendering,
    )
    return classify(
        TARGET,
        exchange,
        controls=Controls(at=AT, ok=3 if line else 0, asked=3, needed=2),
        clock_offset_us=0,
        clock_limit_us=500_000,
        known_good=known_good,
        fingerprints=SHIPPED.fingerprints,
    )


def words(judgement: Judgement) -> tuple[Verdict, Reason]:
    return judgement.verdict, judgement.reason


def test_the_marker_on_the_screen_is_enough() -> None:
    """Whatever else failed: a visitor is served."""
    assert words(judged(SERVED, *GOOD)) == (Verdict.UP, Reason.OK)
    dead = loaded("/assets/photo.js", 404)
    assert words(judged(SERVED, *GOOD, dead)) == (Verdict.UP, Reason.OK)


def test_a_marker_in_the_markup_alone_is_not_on_the_screen() -> None:
    hidden = replace(BLANK, document=FULL)
    assert words(judged(hidden, *GOOD)) == (Verdict.DOWN, Reason.EMPTY_SHELL)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (loaded("/api/configuration", 503), Reason.SIGN_OF_LIFE_MISSING),
        (loaded("/api/configuration", None, failure=Failure.CONNECTION_REFUSED),
         Reason.SIGN_OF_LIFE_MISSING),
        (loaded("/main.js", 404), Reason.ASSET_MISSING),
        (loaded("/main.js", 200, body=b"<!doctype html><html>une page</html>"),
         Reason.ASSET_MISSING),
    ],
)  # fmt: skip
def test_what_failed_says_why_nothing_is_shown(part: Exchange, reason: Reason) -> None:
    found = judged(BLANK, loaded("/polyfills.js"), part)
    assert words(found) == (Verdict.DOWN, reason)
    assert part.url.rpartition("/")[2] in found.tried[-1].ground


def test_all_is_good_and_nothing_is_shown() -> None:
    assert words(judged(BLANK, *GOOD)) == (Verdict.DOWN, Reason.EMPTY_SHELL)
    waiting = replace(BLANK, tree=f"{BLANK.tree}  text « Chargement en cours… »\n")
    assert words(judged(waiting, *GOOD)) == (Verdict.DOWN, Reason.EMPTY_SHELL)


def test_other_words_than_expected_are_no_outage() -> None:
    other = replace(BLANK, tree="RootWebArea « A »\n  text « " + "un mot " * 20 + " »\n")
    assert words(judged(other, *GOOD)) == (Verdict.DEGRADED, Reason.MARKER_MISSING)


@pytest.mark.parametrize("part", [loaded("/api/moi", 401), loaded("/logo.png", 404)])
def test_what_cannot_be_why_is_not_said_to_be(part: Exchange) -> None:
    assert words(judged(BLANK, *GOOD, part)) == (Verdict.DOWN, Reason.EMPTY_SHELL)


def test_a_refusal_of_its_files_is_a_refusal() -> None:
    assert words(judged(BLANK, loaded("/api/x", 403)))[0] is Verdict.BLOCKED


@pytest.mark.parametrize("failure", RenderFailure)
def test_what_the_browser_could_not_do_proves_nothing(failure: RenderFailure) -> None:
    broken = Rendering(failure=failure)
    assert words(judged(broken, *GOOD)) == (Verdict.UNKNOWN, Reason.LOCAL_BROWSER)


def test_a_page_that_no_browser_showed_proves_nothing() -> None:
    """As the same request made again without one."""
    assert words(judged(None)) == (Verdict.UNKNOWN, Reason.LOCAL_BROWSER)


@pytest.mark.parametrize("cause", [RefusalCause.ROBOTS, RefusalCause.CLOSED, RefusalCause.LIMIT])
def test_what_we_did_not_ask_this_time_may_be_why(cause: RefusalCause) -> None:
    withheld = replace(BLANK, refused=(RefusedRequests(origin=SITE, cause=cause),))
    assert words(judged(withheld, *GOOD)) == (Verdict.UNKNOWN, Reason.LOCAL_BROWSER)


def test_what_we_never_ask_is_no_excuse_for_a_page_that_was_shown_without() -> None:
    third = RefusedRequests(origin="https://cdn.test", cause=RefusalCause.THIRD_PARTY)
    without = replace(BLANK, refused=(third,))
    assert words(judged(without, *GOOD)) == (Verdict.DOWN, Reason.EMPTY_SHELL)
    never = judged(without, *GOOD, known_good=False)
    assert words(never) == (Verdict.UNKNOWN, Reason.LOCAL_BROWSER)


def test_a_request_that_our_side_spoiled_proves_nothing() -> None:
    bogon = loaded("/api/x", None, failure=Failure.DNS_BOGON)
    assert words(judged(BLANK, bogon)) == (Verdict.UNKNOWN, Reason.LOCAL_NETWORK)
    late = loaded("/api/x", None, failure=Failure.DEADLINE)
    assert words(judged(BLANK, late)) == (Verdict.UNKNOWN, Reason.LOCAL_BROWSER)
    no_line = judged(BLANK, loaded("/api/x", 503), line=False)
    assert no_line.verdict is Verdict.UNKNOWN


def test_what_the_screen_says_is_read_as_on_any_page() -> None:
    said = "<h1>Site en maintenance</h1><p>Le service est momentanément indisponible.</p>"
    maintenance = replace(
        BLANK,
        tree="RootWebArea « ANEF »\n  heading « Site en maintenance » level=1\n",
        document=f"<html><body>{said}</body></html>",
    )
    assert judged(maintenance, *GOOD).verdict is Verdict.MAINTENANCE


def test_a_page_that_does_not_come_is_judged_as_any_other() -> None:
    assert words(judged(None, status=503)) == (Verdict.DOWN, Reason.HTTP_5XX)
    assert words(judged(BLANK, status=503)) == (Verdict.DOWN, Reason.HTTP_5XX)


def test_the_rules_of_our_own_side_come_first_for_both() -> None:
    common = [rule for rule, _ in RENDERED_RULES if rule in dict(RULES)]
    assert common == [rule for rule, _ in RULES if rule in dict(RENDERED_RULES)]
    assert RENDERED_RULES[:20] == RULES[:20]
