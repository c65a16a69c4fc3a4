"""A page with links, and what is known of the target that they lead to."""

from dataclasses import replace

from monitor.core.model import Nature, Outage, Reason, State, Verdict
from monitor.core.text.page import Page
from monitor.core.text.read import read_page
from tests.support.readings import URL, minute

ALIVE = State(target="anef", point="local", verdict=Verdict.UP, reason=Reason.OK)


def body(*said: str, around: str = "") -> bytes:
    """Return a page whose main part says each thing, as HTML, in a paragraph of its own."""
    paragraphs = "".join(f"<p>{one}</p>" for one in said)
    return (
        f"<html><head><title>Étrangers</title></head><body>{around}<main>"
        "<h1>Accueil des étrangers</h1><p>La demande est déposée en ligne.</p>"
        f"{paragraphs}</main></body></html>"
    ).encode()


def linking(*said: str, around: str = "") -> Page:
    return read_page(body(*said, around=around), url=URL)


def gone(reason: Reason = Reason.GONE, *, first: Reason | None = None, since: int = 1) -> State:
    """Return the state of a target whose confirmed outage began with `first`."""
    at = minute(since)
    outage = Outage(
        target="anef",
        point="local",
        nature=Nature.DOWN,
        reason=first or reason,
        last_ok_at=minute(0),
        first_fail_at=at,
        last_fail_at=at,
        confirmed_at=at,
    )
    return replace(ALIVE, verdict=Verdict.DOWN, reason=reason, outage=outage)
