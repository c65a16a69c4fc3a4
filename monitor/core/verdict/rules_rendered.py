"""Rules on a page that a browser shows: is what is expected on the screen, and if not, why not.

A visitor is served when one of the target's markers is in the accessibility tree. Else the first
of the site's own files and answers that failed says why; with all of them good, the page is empty.
What our browser could not do, or was not given, is never counted against the site.
"""

from collections.abc import Sequence

from monitor.core.model import Exchange, Reason, Verdict
from monitor.core.model.rendering import RefusalCause, Rendering
from monitor.core.verdict import rules_page
from monitor.core.verdict.context import BARE_WORDS, Finding, RuleContext, path_of, same_site
from monitor.core.verdict.page_summary import fold

_ASSETS = (".js", ".mjs", ".css", ".wasm")
_PICTURES = (".avif", ".gif", ".ico", ".jpeg", ".jpg", ".png", ".svg", ".ttf", ".webp", ".woff",
             ".woff2")  # fmt: skip
_UNAUTHORISED = 401  # how an interface says to any visitor that he has not logged in
_OURS = frozenset({RefusalCause.ROBOTS, RefusalCause.CLOSED, RefusalCause.LIMIT})


def is_shown(tree: str, markers: Sequence[str]) -> bool:
    """Return whether one of some texts is in an accessibility tree."""
    folded_tree = fold(tree)
    return any(fold(marker) in folded_tree for marker in markers)


def not_rendered(case: RuleContext) -> Finding | None:
    """Find a page that our browser showed nothing of: it proves nothing of the site."""
    rendering = case.exchange.rendering
    if rendering is None:
        return Finding(Verdict.UNKNOWN, Reason.LOCAL_BROWSER, "aucun navigateur ne l’a affichée")
    if rendering.failure is None:
        return None
    ground = f"navigateur : {rendering.failure.value}"
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_BROWSER, ground)


def not_shown(case: RuleContext) -> Finding | None:
    """Find a page that does not show what it should, and why."""
    rendering = case.exchange.rendering
    if rendering is None or is_shown(rendering.tree, case.target.markers):
        return None
    own = [part for part in case.exchange.parts if same_site(part.url, case.exchange.final_url)]
    for part in own:
        if finding := _fault(case, part):
            return finding
    if withheld := _withheld(case, rendering):
        return Finding(Verdict.UNKNOWN, Reason.LOCAL_BROWSER, withheld)
    words = _words(rendering.tree)
    if words <= BARE_WORDS:
        ground = f"{words} mot(s) à l’écran, tous les fichiers reçus"
        return Finding(Verdict.DOWN, Reason.EMPTY_SHELL, ground)
    ground = f"texte absent de l’écran : « {case.target.markers[0][:80]} »"
    return Finding(Verdict.DEGRADED, Reason.MARKER_MISSING, ground)


def _fault(case: RuleContext, part: Exchange) -> Finding | None:
    """Return the finding of one request of the page that failed, whoever's fault it is."""
    name = path_of(part.url)[-80:]
    if (ours := rules_page.fault_of_ours(case, part)) is not None:
        ground = f"{name} : {part.failure or ''} de notre côté"
        return Finding(Verdict.UNKNOWN, ours, ground)
    if part.status == _UNAUTHORISED or path_of(part.url).endswith(_PICTURES):
        return None
    if rules_page.says_nothing(case, part):
        return Finding(Verdict.UNKNOWN, Reason.LOCAL_BROWSER, f"délai écoulé avant {name}")
    is_asset = path_of(part.url).endswith(_ASSETS)
    fault = rules_page.asset_fault(case, part) if is_asset else _answer_fault(part)
    if not fault:
        return None
    if rules_page.is_refused(case, part):
        return Finding(Verdict.BLOCKED, Reason.WAF, f"{name} : refusé")
    reason = Reason.ASSET_MISSING if is_asset else Reason.SIGN_OF_LIFE_MISSING
    return Finding(Verdict.DOWN, reason, f"rien d’attendu à l’écran ; {name} : {fault}")


def _answer_fault(part: Exchange) -> str:
    """Return why an answer to the page's scripts is none; "" when it is one."""
    if part.failure is not None:
        return part.failure.value
    failed = part.status is None or part.status >= 400  # noqa: PLR2004 -- 4xx and 5xx
    return f"statut {part.status}" if failed else ""


def _withheld(case: RuleContext, rendering: Rendering) -> str:
    """Return which request of the page we did not make that may be why it is empty; "" for none.

    A page that was shown before without what we never fetch needs none of it.
    """
    for refused in rendering.refused:
        if refused.cause in _OURS or not case.known_good:
            return f"demande non faite : {refused.origin} ({refused.cause.value})"
    return ""


def _words(tree: str) -> int:
    """Count the words that are between quotes in a tree: names and texts, not roles."""
    names = (line.partition("« ")[2].rpartition(" »")[0] for line in tree.splitlines()[1:])
    return sum(len(name.split()) for name in names)
