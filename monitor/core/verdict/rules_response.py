"""Rules on who answered (a filter, a protection, the site), and on the status."""

import re
from http import HTTPStatus

from monitor.core.model import Kind, Reason, Verdict
from monitor.core.model.exchange import StatusClass, status_class
from monitor.core.verdict.answer_form import Form
from monitor.core.verdict.context import BARE_WORDS, Finding, RuleContext, is_private
from monitor.core.verdict.page_summary import fold
from monitor.core.verdict.signs_of_fault import ENOUGH, most_other_words, other_words, signs_of

_PROXY = frozenset({407, 511})
_REFUSALS = {
    401: Reason.LOGIN_REQUIRED,
    402: Reason.WAF,
    403: Reason.WAF,
    405: Reason.WAF,  # to a plain GET: several protections answer so
    406: Reason.WAF,  # ModSecurity's usual status
    418: Reason.WAF,
    420: Reason.RATE_LIMITED,
    429: Reason.RATE_LIMITED,
    451: Reason.WAF,
    999: Reason.WAF,
}
_GONE = frozenset({404, 410})
_FAULTS = frozenset({Reason.ERROR_TEXT, Reason.GONE, Reason.PARKED, Reason.HTTP_5XX})
_RELOADS = re.compile(r"location\.(reload|replace|assign)\(|location(\.href)? ?= ?|\.submit\(\)")
_STATEMENT_WORDS = 80  # a longer page has other things to say
_CHALLENGE_CHARS = 40_000  # an application's own scripts are longer


def filter_status(case: RuleContext) -> Finding | None:
    """Attribute 407 and 511 to a proxy or a portal: no site sends them (RFC 9110, RFC 6585)."""
    if case.status not in _PROXY:
        return None
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_FILTER, f"statut {case.status} d'un intermédiaire")


def filter_mark(case: RuleContext) -> Finding | None:
    """Recognise a page that a filter on our side put in place of the site's."""
    return case.match_fingerprint(Verdict.UNKNOWN)


def filter_frame(case: RuleContext) -> Finding | None:
    """Recognise a bare page that frames, or leads to, a machine of a local network."""
    page = case.page
    if page.own_words > BARE_WORDS or is_private(case.exchange.url):
        return None
    inside = next((u for u in (*case.urls, *page.scripts) if is_private(u)), "")
    if not inside:
        return None
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_FILTER, f"la page renvoie à {inside[:80]}")


def overload_mark(case: RuleContext) -> Finding | None:
    """Recognise a service that says of itself, to everyone, that it has too many visitors.

    A limit on what *we* ask (our address, our robot) is a refusal.
    """
    return case.match_fingerprint(Verdict.DOWN, reasons=frozenset({Reason.OVERLOADED}))


def refusal_mark(case: RuleContext) -> Finding | None:
    """Recognise a protection, a captcha or a rate limit in place of the service."""
    return case.match_fingerprint(Verdict.BLOCKED)


def script_challenge(case: RuleContext) -> Finding | None:
    """Recognise a protection's test: no word, and a script that sets a cookie and reloads."""
    page = case.page
    if page.form is not Form.HTML or page.words > BARE_WORDS or page.root or page.fields:
        return None
    if not 0 < page.inline_chars <= _CHALLENGE_CHARS or "document.cookie" not in page.source:
        return None
    if not _RELOADS.search(page.source):
        return None
    return Finding(
        Verdict.BLOCKED, Reason.WAF, "page vide dont le script pose un cookie et recharge"
    )


def maintenance_mark(case: RuleContext) -> Finding | None:
    """Recognise a notice of maintenance in place of the service."""
    return case.match_fingerprint(Verdict.MAINTENANCE)


def refusal_status(case: RuleContext) -> Finding | None:
    reason = _REFUSALS.get(case.status)
    return Finding(Verdict.BLOCKED, reason, _status_text(case.status)) if reason else None


def server_error(case: RuleContext) -> Finding | None:
    """Find 5xx, and what no class of HTTP has: to be treated as 5xx (RFC 9110 15)."""
    if status_class(case.status) < StatusClass.SERVER_ERROR:
        return None
    return Finding(Verdict.DOWN, Reason.HTTP_5XX, _status_text(case.status))


def gone_status(case: RuleContext) -> Finding | None:
    """Find 404 and 410. If the page was never up, the address in our list may be wrong: unknown."""
    if case.status not in _GONE:
        return None
    if case.known_good:
        return Finding(Verdict.DOWN, Reason.GONE, _status_text(case.status))
    return Finding(
        Verdict.UNKNOWN,
        Reason.GONE,
        f"{_status_text(case.status)} ; page jamais vue, adresse à vérifier",
    )


def client_error(case: RuleContext) -> Finding | None:
    if status_class(case.status) != StatusClass.CLIENT_ERROR:
        return None
    return Finding(Verdict.DOWN, Reason.HTTP_4XX, _status_text(case.status))


def accepted_only(case: RuleContext) -> Finding | None:
    """Recognise 202 without a page, by which some protections turn a robot away."""
    if case.status != HTTPStatus.ACCEPTED or case.page.own_words > BARE_WORDS:
        return None
    if case.target.kind is Kind.API or case.page.form is Form.JSON:
        return None
    return Finding(Verdict.BLOCKED, Reason.WAF, "statut 202 sans contenu")


def fault_mark(case: RuleContext) -> Finding | None:
    """Recognise an error, a parked domain or a server's default page, whatever the status."""
    finding = case.match_fingerprint(Verdict.DOWN, reasons=_FAULTS)
    if finding is None or finding.reason is not Reason.GONE or case.known_good:
        return finding
    return Finding(Verdict.UNKNOWN, Reason.GONE, f"{finding.ground} ; page jamais vue")


def own_statement(case: RuleContext) -> Finding | None:
    """Find a short page that says by several signs that the service does not work.

    A page that works has a form, or the words that the list expects of it.
    """
    page = case.page
    if status_class(case.status) != StatusClass.SUCCESS or page.form in {Form.JSON, Form.CODE}:
        return None
    if page.own_words > _STATEMENT_WORDS or page.fields > 1 or case.target.kind is Kind.API:
        return None
    if any(fold(marker) in page.own_text for marker in case.target.markers):
        return None
    others = other_words(page.own_text, page.headings)
    signs = signs_of(f"{page.title} ¦ {page.own_text}", page.own_words, others=others)
    most = most_other_words(page.own_text, page.title, page.headings)
    if signs.points < ENOUGH or others > most:
        return None
    pieces = ", ".join(f"« {piece} »" for piece in signs.pieces[:4])
    ground = f"page de {page.own_words} mots, {signs.points} indices d’une panne : {pieces}"
    return Finding(Verdict.DOWN, Reason.ERROR_TEXT, ground[:300])


def _status_text(status: int) -> str:
    return f"statut {status}"
