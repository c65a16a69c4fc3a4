"""Rules on the form of an answer: a page, data, a file, or a way elsewhere."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress

from monitor.core.model import Failure, Kind, Reason, Verdict
from monitor.core.model.exchange import StatusClass, status_class
from monitor.core.verdict.answer_form import Form
from monitor.core.verdict.context import BARE_WORDS, Finding, RuleContext, path_of, same_site
from monitor.core.verdict.page_summary import PageSummary, fold

REFRESH_S = 10  # a visitor waits that long for a page that sends on by itself
# An error is shorter; to read more at once would delay the other checks.
_LONG_JSON_BYTES = 256 * 1024
_MOST_DIGITS = 20
_ERROR_KEYS = frozenset({"error", "errors", "exception", "erreur", "erreurs", "fault"})
_SUCCESS_KEYS = ("success", "succes", "ok")
_STATUS_KEYS = (
    "status",
    "statuscode",
    "status_code",
    "code",
    "etat",
    "statut",
    "state",
    "resultat",
    "result",
)
_MESSAGE_KEYS = (
    "message",
    "msg",
    "detail",
    "details",
    "description",
    "title",
    "titre",
    "info",
    "motif",
    "libelle",
    "reason",
    "raison",
)
_FEW_KEYS = 8
_ERROR_CODE = re.compile(
    r"\b(err(or|eur)?s?|fail(ed|ure)?|fault|ko|down|unavailable|indisponible|exception|timeout"
    r"|maintenance|critical)\b|_err(or|eur)?\b|\berr(or|eur)?_"
)
_ERROR_WORD = re.compile(
    r"\b(err(or|eur)s?|fail(ed|ure|s)?|faults?|exceptions?|unavailable|(in|non )disponibles?"
    r"|not available|time(d[ -]?out|out)|inaccessible|unreachable|impossible|unable|could not"
    r"|cannot|echec|echoue|n'a pas pu|n'ont pas pu|ne peut|panne|try again|reessay|overload|satur"
    r"|injoignable|hors service|interrompu|invalid response|upstream|bad gateway|internal)"
)
_DOCUMENT = re.compile(r"\.(pdf|docx?|odt|ods|xlsx?|csv|ics|zip|txt|xml|json|rss)$", re.IGNORECASE)
# What browsers do not show as a page, whatever the bytes are.
_NO_PAGE = re.compile(
    r"text/(css|javascript|x-php|x-python|x-c|x-java|x-sh|ecmascript)|(image|audio|video|font)/"
    r"|application/(javascript|x-javascript|ecmascript|octet-stream|x-httpd-php|zip|gzip|x-gzip"
    r"|x-msdownload|x-tar|force-download|x-php)"
)
_SHOWN_FORMS = re.compile(r"image/svg\+xml|application/(pdf|xhtml\+xml)")


def redirect_unfollowed(case: RuleContext) -> Finding | None:
    """Judge a redirect that was not followed by its destination."""
    page = case.page
    redirected = status_class(case.status) == StatusClass.REDIRECTION
    bare = page.words <= BARE_WORDS
    place = next((url for url in reversed(case.urls) if url != case.exchange.final_url), "")
    elsewhere = bool(place) and not same_site(case.exchange.url, place)
    sent_on = page.refresh and page.refresh_s <= REFRESH_S
    meta_refresh = sent_on and ((bare and not page.scripts) or elsewhere)
    if not (redirected or meta_refresh):
        return None
    if not place:
        if not bare:  # browsers show the page that came with it
            return None
        return Finding(Verdict.DOWN, Reason.INVALID_RESPONSE, f"statut {case.status} sans adresse")
    kind = Verdict.DEGRADED if elsewhere else Verdict.UP
    return Finding(kind, Reason.MOVED, f"renvoi vers {place[:80]}")


def not_a_page(case: RuleContext) -> Finding | None:
    """Find what no visitor can read: source code, a file to download, bytes that are no text.

    A target that is a document by its address is shown, or downloaded, as it should be.
    """
    if case.target.kind is Kind.API or not case.answered:
        return None
    form, content_type = case.page.form, _header(case, "content-type")
    if _DOCUMENT.search(path_of(case.exchange.url)) or _SHOWN_FORMS.match(content_type):
        return None
    ground = ""
    if _header(case, "content-disposition").startswith("attachment"):
        ground = "fichier à télécharger"
    elif _NO_PAGE.match(content_type):
        ground = f"type {content_type[:60]}"
    elif form is Form.BINARY and not case.exchange.body.startswith(b"%PDF"):
        ground = "octets qui ne sont pas du texte"
    elif form is Form.CODE:
        ground = "code source à la place de la page"
    return Finding(Verdict.DOWN, Reason.NOT_A_PAGE, ground) if ground else None


def _header(case: RuleContext, name: str) -> str:
    """Return a header of the answer, lower case; "" when absent."""
    last = case.exchange.last
    return ((last and last.header(name)) or "").strip().lower()


def api_body(case: RuleContext) -> Finding | None:
    """Require of an anonymous API that it answers in readable JSON."""
    if case.target.kind is not Kind.API:
        return None
    page = case.page
    if page.form is Form.HTML:
        return Finding(Verdict.DEGRADED, Reason.MARKER_MISSING, "page HTML au lieu de données")
    if page.form is Form.JSON and not _is_readable(case):
        return Finding(Verdict.DEGRADED, Reason.ERROR_TEXT, "JSON illisible")
    return None


def json_error(case: RuleContext) -> Finding | None:
    """Find JSON that reports an error, from an API or in place of a page."""
    data = _data(case) if case.page.form is Form.JSON else None
    if not isinstance(data, dict):
        return None
    fields = {str(key).lower(): value for key, value in data.items()}
    if fields.get("success") is True or fields.get("ok") is True:
        return None
    errors = sorted(key for key in _ERROR_KEYS if fields.get(key))
    errors += [f"{key} false" for key in _SUCCESS_KEYS if fields.get(key) is False]
    errors += [f"{key} {fields[key]}" for key in _STATUS_KEYS if _tells_error(fields.get(key))]
    if len(fields) <= _FEW_KEYS:
        errors += [key for key in _MESSAGE_KEYS if _ERROR_WORD.search(fold(_text(fields, key)))]
    if not errors:
        return None
    return Finding(Verdict.DOWN, Reason.ERROR_TEXT, f"JSON d'erreur : {', '.join(errors)[:80]}")


def _tells_error(status: object) -> bool:
    """Return whether the value of a status, or of a code, is that of an error."""
    if isinstance(status, str):
        if status.isascii() and status.isdigit():
            return _tells_error(int(status[:4]))
        return bool(_ERROR_CODE.search(status.lower()[:100]))
    return isinstance(status, int) and not isinstance(status, bool) and 400 <= status <= 599  # noqa: PLR2004 -- 4xx, 5xx


def _text(fields: Mapping[str, object], key: str) -> str:
    value = fields.get(key)
    return value[:1000] if isinstance(value, str) else ""


def _is_readable(case: RuleContext) -> bool:
    """Return whether JSON can be parsed; for a long one, whether its outer brackets match."""
    body = case.exchange.body
    if len(body) <= _LONG_JSON_BYTES:
        with suppress(RecursionError):  # a depth that we do not read is no fault of the site's
            return _read_json(body) is not None
    return (body.lstrip()[:1], body.rstrip()[-1:]) in {(b"{", b"}"), (b"[", b"]")}


def _data(case: RuleContext) -> object:
    """Return the parsed JSON; None when it is invalid, or too long to be an error."""
    if len(case.exchange.body) > _LONG_JSON_BYTES:
        return None
    with suppress(RecursionError):
        return _read_json(case.exchange.body)
    return None


def _read_json(body: bytes) -> object:
    """Parse JSON; None when it is invalid. Raises RecursionError beyond some depth."""
    try:
        return json.loads(body, parse_int=_number)
    except ValueError:
        return None


def _number(digits: str) -> int:
    """Parse a number; 0 for one that is too long to be a status."""
    return int(digits) if len(digits) <= _MOST_DIGITS else 0


def empty_document(case: RuleContext) -> Finding | None:
    """Find a page with nothing visible, and nothing that could show anything.

    Perhaps nothing was read of an answer over our bound: that proves nothing of the page.
    """
    page = case.page
    if case.exchange.failure is Failure.TOO_LARGE or page.cut or not is_blank(page):
        return None
    if page.form is Form.EMPTY:
        if case.target.kind is Kind.API:
            return None
        return Finding(Verdict.DOWN, Reason.EMPTY_SHELL, "réponse vide")
    return Finding(Verdict.DOWN, Reason.EMPTY_SHELL, "page sans texte, sans image et sans script")


def empty_frame(case: RuleContext) -> Finding | None:
    """Find the frame of a site around nothing: a main part without text, image, form or frame."""
    page = case.page
    if not page.hollow or page.own_words > BARE_WORDS or case.target.kind is Kind.SHELL:
        return None
    dynamic = page.scripts or page.inline_chars
    verdict = Verdict.DEGRADED if dynamic else Verdict.DOWN
    return Finding(verdict, Reason.EMPTY_SHELL, "partie principale vide")


def is_blank(page: PageSummary) -> bool:
    if page.form is not Form.HTML:
        return page.form is Form.EMPTY
    visible = page.words or page.frames or page.fields or page.password
    could_show = page.scripts or page.inline_chars or page.images or page.refresh or page.root
    return not (visible or could_show)
