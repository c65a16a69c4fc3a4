"""Compare two saved bodies: the entry for the command line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.core.changes.change import Change, ChangeKind, Edit, Weight
from monitor.core.changes.compare import compare, is_same_page, obstacle
from monitor.core.french import change_sentences
from monitor.core.model import Verdict
from monitor.core.text.page import Obstacle, Page
from monitor.core.text.read import read_page
from monitor.core.verdict.classify import classify_saved
from monitor.core.verdict.fingerprints import Fingerprint

OK = 200  # a saved body comes without its status

IsPage = Callable[[bytes, str | None], bool]  # body and URL: is this the page, not an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The answer for two bodies.

    `changed` is None when one side is no comparable page; `obstacle` then says why.
    `compared_permille` is how much of the prose of each side is compared, None where unknown.
    """

    changed: bool | None
    change: Change | None = None
    obstacle: Obstacle | None = None
    summary: str = ""
    compared_permille: tuple[int | None, int | None] = (None, None)

    @property
    def kinds(self) -> tuple[ChangeKind, ...]:
        return self.change.kinds if self.change else ()

    @property
    def diff(self) -> tuple[Edit, ...]:
        """The edits of the text; those of links are in `change.links`."""
        return self.change.edits if self.change else ()

    @property
    def weight(self) -> Weight | None:
        return self.change.weight if self.change else None


def compare_saved(
    before: bytes,
    after: bytes,
    *,
    url: str | None = None,
    content_type: str | None = None,
    is_page: IsPage | None = None,
) -> Comparison:
    """Judge whether each side is a page, then compare. Never raises for what the bodies hold.

    Two sides that say the same at length are the same page, whatever words of it an error page
    would use: only others are judged.
    """
    old = read_page(before, url=url, charset=content_type)
    new = old if before == after else read_page(after, url=url, charset=content_type)
    shares = old.compared_permille, new.compared_permille
    if (
        is_page
        and not is_same_page(old, new)
        and not (is_page(before, url) and is_page(after, url))
    ):
        return _incomparable(Obstacle.NOT_THE_PAGE, shares)
    if reason := obstacle(old, new):
        return _incomparable(reason, shares)
    change = compare(old, new)
    counts = change is not None and change.counts
    if not counts and before != after and (reason := _unsure(old, new)):
        return _incomparable(reason, shares)
    summary = change.summary if change else "Aucune modification."
    return Comparison(changed=counts, change=change, summary=summary, compared_permille=shares)


def _unsure(before: Page, after: Page) -> Obstacle | None:
    """Return why two pages may differ although nothing that is compared does."""
    if before.cut or after.cut:
        return Obstacle.CUT
    little = before.is_little_compared or after.is_little_compared
    return Obstacle.LITTLE_COMPARED if little else None


def judge_with(fingerprints: Sequence[Fingerprint], *, content_type: str | None = None) -> IsPage:
    """Return a function that accepts a body as a page when the rules judge it up or degraded."""
    headers = {"content-type": content_type or "text/html"}

    def is_page(body: bytes, url: str | None) -> bool:
        judgement = classify_saved(
            status=OK,
            headers=headers,
            body=body,
            url=url,
            controls_failed=False,
            fingerprints=fingerprints,
        )
        return judgement.verdict in {Verdict.UP, Verdict.DEGRADED}

    return is_page


def _incomparable(obstacle: Obstacle, shares: tuple[int | None, int | None]) -> Comparison:
    text = f"Comparaison impossible : {change_sentences.OBSTACLES[obstacle]}."
    return Comparison(changed=None, obstacle=obstacle, summary=text, compared_permille=shares)
