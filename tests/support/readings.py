"""Readings of one small page, for tests of what follows from them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from monitor.core.changes.page_events import PageEvent, PageReading, text_digest
from monitor.core.changes.text_history import TextHistory, advance
from monitor.core.text.packed import PackedPage
from monitor.core.text.page import Page
from monitor.core.text.read import read_page
from tests.support.outcomes import START

URL = "https://www.exemple.gouv.fr/Demarches/Etrangers"
SENTENCES = {
    "A": "Du lundi au vendredi de 8h30 à 11h30. Téléphone : 01 99 00 12 34.",
    "B": "Du lundi au vendredi de 8h30 à 11h30. Téléphone : 01 99 00 56 78.",
    "C": "Du lundi au jeudi de 8h30 à 11h30. Téléphone : 01 99 00 56 78.",
}


def body(letter: str, *, updated: str = "12/10/2026") -> bytes:
    """Return a page whose one telling sentence goes by a letter."""
    said = SENTENCES.get(letter, f"La procédure numéro {letter} est décrite sur cette page.")
    return (
        "<html><head><title>Étrangers</title></head><body><main><h1>Accueil des étrangers</h1>"
        f"<p>Mis à jour le {updated}</p><p>La demande est déposée en ligne.</p><p>{said}</p>"
        "</main></body></html>"
    ).encode()


def page(letter: str, *, updated: str = "12/10/2026") -> Page:
    return read_page(body(letter, updated=updated), url=URL)


def reading(found: Page, at: datetime) -> PageReading:
    return PageReading(
        at=at,
        sha256=text_digest(found),
        body_sha256="00" * 32,
        url=URL,
        packed=PackedPage.of(found),
    )


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def follow(
    pages: Iterable[Page], track: TextHistory | None = None
) -> tuple[TextHistory, list[PageEvent]]:
    """Fold one reading a minute."""
    track = track or TextHistory(target="etrangers", point="local")
    events: list[PageEvent] = []
    for number, found in enumerate(pages):
        track, more = advance(track, reading(found, minute(number)))
        events += more
    return track, events
