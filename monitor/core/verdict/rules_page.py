"""Rules on a complete page: is it the service, and in what state."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from monitor.core.model import Exchange, Failure, Kind, Reason, Verdict
from monitor.core.text.charset import decode
from monitor.core.verdict.answer_form import Form
from monitor.core.verdict.context import (
    BARE_WORDS,
    Finding,
    RuleContext,
    families_used,
    host_of,
    path_of,
    same_site,
)
from monitor.core.verdict.page_summary import fold
from monitor.core.verdict.rules_form import is_blank
from monitor.core.verdict.rules_local import is_ours, reason_of, was_frozen

_MAIN_SCRIPT = re.compile(r"(^|[/._-])(main|runtime|polyfills?|app|index|bundle|vendors?)[._-]")
_KEYCLOAK = ("/protocol/openid-connect", "kc-form", "kc-login", "login-actions")
_PASSWORDS = ('type="password"', "type='password'", "type=password")
_WALL_WORDS = 60
_WALL_WORDS_IN_ALL = 400
_SENTENCE_WORDS = 5
_WAITS = re.compile(r"charg|load|patient|wait|javascript|cookie|moment|redirig|redirect|initial")
_LOGIN_PATH = re.compile(
    r"log-?(in|on)|sign-?(in|up)|connexion|connecter|auth|sso|compte|account|identif|inscri|register"
    r"|espace|portail|admin|session|passw|mot-?de-?passe"
)
_LOGIN_WORD = re.compile(
    r"\b(identifi|authentifi|connexion|connecte|log ?in\b|sign ?in\b|mot de passe|password)"
)
_REFUSED = frozenset({401, 403, 405, 406, 429, 451})
_GONE = frozenset({404, 410})


def dead_asset(case: RuleContext) -> Finding | None:
    """Find files that cannot be fetched: down if the application cannot start without them.

    Else degraded. Only files of the same site count: a third party's failure is not the service's.
    """
    scripts, other_files = _assets(case)
    dead = [part for part in scripts if asset_fault(case, part)]
    refused = next((part for part in dead if is_refused(case, part)), None)
    if refused:
        return Finding(Verdict.BLOCKED, Reason.WAF, f"fichier refusé : {_name(refused)}")
    main = [part for part in dead if _MAIN_SCRIPT.search(_name(part).lower())]
    if main or (dead and len(dead) == len(scripts)):
        part = (main or dead)[0]
        ground = f"script indispensable {_name(part)} : {asset_fault(case, part)}"
        return Finding(Verdict.DOWN, Reason.ASSET_MISSING, ground)
    for part in (
        *dead,
        *(p for p in other_files if asset_fault(case, p) and not is_refused(case, p)),
    ):
        ground = f"fichier {_name(part)} : {asset_fault(case, part)}"
        return Finding(Verdict.DEGRADED, Reason.ASSET_MISSING, ground)
    return None


def dead_sign_of_life(case: RuleContext) -> Finding | None:
    """Find a back end that fails behind its shell: down. A path that no longer exists: degraded.

    An API that refuses us (401, 403 …) works; a page that refuses us is that of a protection.
    """
    doubtful: Finding | None = None
    for part in case.exchange.parts:
        if part.url not in case.target.signs_of_life or says_nothing(case, part):
            continue
        status, path = part.status or 0, path_of(part.url)
        if _is_markup(part) and is_refused(case, part):
            return Finding(Verdict.BLOCKED, Reason.WAF, f"{path} : refusé par une page")
        if part.failure is not None or status >= 500:  # noqa: PLR2004 -- 5xx
            fault = part.failure.value if part.failure else f"statut {status}"
            return Finding(Verdict.DOWN, Reason.SIGN_OF_LIFE_MISSING, f"{path} : {fault}")
        if status in _GONE or _is_markup(part):
            ground = f"{path} : statut {status}, adresse à vérifier"
            doubtful = Finding(Verdict.DEGRADED, Reason.SIGN_OF_LIFE_MISSING, ground)
    return doubtful


def unread_part(case: RuleContext) -> Finding | None:
    """Find a part that was not read: slow for lack of time, unknown for a fault of ours.

    The parts share one deadline. A browser requests several at once, and waits longer.
    """
    late: Finding | None = None
    for part in case.exchange.parts:
        if part.failure is Failure.DEADLINE:
            late = Finding(Verdict.DEGRADED, Reason.SLOW, f"délai écoulé avant {_name(part)}")
        elif (ours := fault_of_ours(case, part)) is not None:
            ground = f"{_name(part)} : {part.failure or ''} de notre côté"
            return Finding(Verdict.UNKNOWN, ours, ground)
    return late


def empty_shell(case: RuleContext) -> Finding | None:
    """Find a page that shows nothing without scripts; normal for a shell whose scripts answer."""
    page = case.page
    if page.form is not Form.HTML or page.own_words > BARE_WORDS:
        return None
    if (page.frames and not page.root) or _says_something(page.own_text):
        return None
    if page.headings or page.fields or page.password or page.words > 3 * BARE_WORDS:
        return None
    if not (page.scripts or page.inline_chars or page.root or page.images):
        return None
    scripts, _ = _assets(case)
    if case.target.kind is Kind.SHELL and scripts:
        return None
    return Finding(
        Verdict.DEGRADED, Reason.EMPTY_SHELL, f"{page.words} mot(s) affiché(s) sans JavaScript"
    )


def _says_something(own_text: str) -> bool:
    """Return whether a text has a sentence that is not about its own loading."""
    return not _WAITS.search(own_text) and any(
        block.endswith((".", "!")) and len(block.split()) >= _SENTENCE_WORDS
        for block in own_text.split(" ¦ ")
    )


def unexpected_redirect(case: RuleContext) -> Finding | None:
    """Require of a redirect that it leads to the path in the list of targets, on the same site.

    A good page at the same path of another site may be a stranger's, or the State moved: a person
    decides, as for a page that moved.
    """
    expected_path = case.target.expect_path
    if case.target.kind is not Kind.REDIRECT or not expected_path:
        return None
    final = case.exchange.final_url
    if not same_site(case.exchange.url, final):
        return Finding(Verdict.DEGRADED, Reason.MOVED, f"mène à un autre site : {host_of(final)}")
    path = path_of(final)
    if path.startswith(expected_path.rstrip("/") or "/"):
        return None
    return Finding(
        Verdict.DEGRADED, Reason.MARKER_MISSING, f"mène à {path[:80]}, attendu {expected_path[:80]}"
    )


def login_wall(case: RuleContext) -> Finding | None:
    """Find a log-in form where the list says that there is a page: it needs an account."""
    page, path = case.page, path_of(case.exchange.url)
    if case.target.kind is not Kind.PAGE or not page.password or page.own_words > _WALL_WORDS:
        return None
    if page.words > _WALL_WORDS_IN_ALL:  # an article in links or buttons, and a log-in window
        return None
    asked_for_it = _LOGIN_PATH.search(path.lower()) or _LOGIN_PATH.search(
        host_of(case.exchange.url)
    )
    if not any(map(_LOGIN_WORD.search, (page.title, page.text))):
        return None
    if asked_for_it or (path == "/" and path_of(case.exchange.final_url) == "/"):
        return None
    return Finding(Verdict.BLOCKED, Reason.LOGIN_REQUIRED, "formulaire de connexion")


def no_login_form(case: RuleContext) -> Finding | None:
    if case.target.kind is not Kind.LOGIN or case.page.password:
        return None
    if any(mark in case.page.source for mark in _KEYCLOAK):
        return None
    if _is_in_rest(case, (*_KEYCLOAK, *_PASSWORDS)) or _is_unread(case):
        return None
    return Finding(Verdict.DEGRADED, Reason.MARKER_MISSING, "aucun formulaire de connexion")


def no_marker(case: RuleContext) -> Finding | None:
    """Find a page that looks healthy and contains none of its expected texts."""
    markers = case.target.markers
    if not markers or any(marker.lower() in case.page.source for marker in markers):
        return None
    folded_source = fold(case.page.source)
    if any(fold(marker) in folded_source for marker in markers):
        return None
    if _is_in_rest(case, [marker.lower() for marker in markers]) or _is_unread(case):
        return None
    return Finding(Verdict.DEGRADED, Reason.MARKER_MISSING, f"texte absent : « {markers[0][:80]} »")


def _is_in_rest(case: RuleContext, texts: Iterable[str]) -> bool:
    """Return whether a long page contains one of some lower-case texts beyond what was read."""
    if not case.page.cut:
        return False
    whole = decode(case.exchange.body, case.exchange.charset).lower()
    return any(text in whole for text in texts)


def _is_unread(case: RuleContext) -> bool:
    """Return whether a text may be beyond our bound, which the rule `too_large` reports."""
    return case.exchange.failure is Failure.TOO_LARGE


def too_large(case: RuleContext) -> Finding | None:
    """Find a page that we did not read to its end: its start is healthy, a visitor gets the page.

    The start of a complete page is enough, unless it is blank: a megabyte of comments, of drawings
    or of a form's state may come before the text.
    """
    unseen = case.page.cut and is_blank(case.page)
    if case.exchange.failure is not Failure.TOO_LARGE and not unseen:
        return None
    return Finding(Verdict.DEGRADED, Reason.TOO_LARGE, "page plus longue que notre limite")


def chain_incomplete(case: RuleContext) -> Finding | None:
    for hop in case.exchange.hops:
        if hop.certificate and hop.certificate.completed:
            ground = f"certificat intermédiaire non envoyé par {host_of(hop.url)}"
            return Finding(Verdict.DEGRADED, Reason.TLS_CHAIN_INCOMPLETE, ground)
    return None


def slow(case: RuleContext) -> Finding | None:
    """Find a slow answer, when neither our own process nor our line explains it."""
    exchange = case.exchange
    seconds = (exchange.duration_us - exchange.stalled_us) / 1e6
    if seconds <= case.target.slow_s:
        return None
    used = {family for hop in exchange.hops for family in families_used(hop)}
    if case.controls is not None and not all(map(case.controls.vouch_for, used)):
        return None
    ground = f"{seconds:.1f} s, seuil {case.target.slow_s:g} s"
    return Finding(Verdict.DEGRADED, Reason.SLOW, ground)


def moved(case: RuleContext) -> Finding | None:
    """Find a page served at another address: up on the same site, degraded on another."""
    requested, final = case.exchange.url, case.exchange.final_url
    if case.target.kind is Kind.REDIRECT:
        return None
    if not same_site(requested, final):
        return Finding(Verdict.DEGRADED, Reason.MOVED, f"mène à un autre site : {host_of(final)}")
    if path_of(requested) == path_of(final) and _bare(requested) == _bare(final):
        return None
    return Finding(Verdict.UP, Reason.MOVED, f"servi à {final[:120]}")


def healthy(case: RuleContext) -> Finding:
    ground = f"statut {case.status}, {case.page.words} mots"
    if case.broken is not None:
        ground += f", page entière malgré {case.broken.value}"
    return Finding(Verdict.UP, Reason.OK, ground)


def _bare(url: str) -> str:
    return host_of(url).removeprefix("www.")


def _assets(case: RuleContext) -> tuple[list[Exchange], list[Exchange]]:
    """Return the scripts, then the other files, of the site's own among the parts."""
    signs = case.target.signs_of_life
    own = [
        part
        for part in case.exchange.parts
        if part.url not in signs and same_site(part.url, case.exchange.final_url)
    ]
    scripts = [part for part in own if path_of(part.url).endswith((".js", ".mjs"))]
    return scripts, [part for part in own if part not in scripts]


def says_nothing(case: RuleContext, part: Exchange) -> bool:
    """Return whether a part failed by a bound or a fault of ours, which proves nothing."""
    return part.failure in {Failure.TOO_LARGE, Failure.DEADLINE} or bool(fault_of_ours(case, part))


def fault_of_ours(case: RuleContext, part: Exchange) -> Reason | None:
    """Return the fault of our side that may explain a part's failure, as for the page itself."""
    if part.failure in {None, Failure.TOO_LARGE}:
        return None
    if was_frozen(part):
        return Reason.LOCAL_PROCESS
    if part.failure is Failure.DNS_BOGON or is_ours(part):
        return Reason.LOCAL_NETWORK
    unvouched = case.unvouched(part) if case.controls is not None else ()
    return reason_of(case, unvouched) if unvouched else None


def asset_fault(case: RuleContext, part: Exchange) -> str:
    if says_nothing(case, part):
        return ""
    if part.failure is not None:
        return part.failure.value
    if part.status is None or part.status >= 400:  # noqa: PLR2004 -- 4xx and 5xx
        return f"statut {part.status}"
    return "page HTML à sa place" if _is_markup(part) else ""


def _is_markup(part: Exchange) -> bool:
    kind = (part.last.header("content-type") or "") if part.last else ""
    start = part.body[:256].lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html")) or ("html" in kind and b"<" in start)


def is_refused(case: RuleContext, part: Exchange) -> bool:
    """Return whether we were refused a part: by its status, or by a page in its place."""
    status = (part.last.status or 0) if part.last else 0
    return status in _REFUSED or (_is_markup(part) and case.refuses(part, status))


def _name(part: Exchange) -> str:
    return urlsplit(part.url).path.rsplit("/", 1)[-1][:80]
