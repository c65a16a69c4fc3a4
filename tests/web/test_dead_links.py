"""What readers are told of links that lead nowhere."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html

from monitor.core.changes.dead_links import watched
from monitor.core.changes.text_history import TextHistory, advance
from monitor.core.model import Reason, State, Verdict
from monitor.probe.dead_link_tracker import DeadLinkTracker
from monitor.store import Store
from monitor.web.pages_app import build
from monitor.web.views.dead_link_views import LinkStatus, lives
from tests.support.clock import FakeClock
from tests.support.databases import sqlite_template
from tests.support.followed import address
from tests.support.linking import ALIVE, gone, linking
from tests.support.metrics import FixedMetrics
from tests.support.outcomes import outcome
from tests.support.readings import minute, reading
from tests.support.reads import NOW, config, target
from tests.web.test_app import HOSTILE, Visitor, said
from tests.web.test_faces import read

__all__ = ["sqlite_template"]  # a fixture
HOST = "https://administration-etrangers-en-france.interieur.gouv.fr"
ANEF = replace(target("anef", "ANEF – application"), url=f"{HOST}/usagers/")
PAGE = target("prefecture-63-etrangers", "Étrangers 63", department="63")
LINKS = (
    f'<a href="{HOST}/usagers/#/sejour">Déposer ma demande</a>',
    f'<a href="{HOST}/particuliers/">S’informer</a>',
)


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'vigie.sqlite')}"
    with Store.open(url, point="local", writer=True, rest_s=0) as opened:
        yield opened


def record(store: Store, *states: State, links: tuple[str, ...] = LINKS) -> None:
    """Record what the target said, then the page that leads to it, for each state in turn."""

    async def all_in_order() -> None:
        track, book = (
            TextHistory(target=PAGE.slug, point="local"),
            DeadLinkTracker([ANEF, PAGE], (), point="local"),
        )
        for number, state in enumerate(states, start=1):
            await store.record(replace(outcome(ANEF.slug, minute(2 * number)), state=state))
            track, events = advance(track, reading(linking(*links), minute(2 * number + 1)))
            assert track.current is not None
            told = book.read(PAGE.slug, track.current, minute(2 * number + 1), {"anef": state})
            seen = outcome(PAGE.slug, minute(2 * number + 1))
            version = track.current.version
            await store.record(replace(seen, version=version, changes=(*events, *told)))

    asyncio.run(all_in_order())


def visitor(store: Store) -> Visitor:
    return Visitor(
        build(
            store,
            config=config([ANEF, PAGE]),
            clock=FakeClock(NOW),
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
            fresh_s=0,
        )
    )


def anef_cell(web: Visitor) -> html.HtmlElement:
    return read(web, "/informations").xpath("//tbody/tr[td='63']/td")[-1]


def test_a_dead_link_is_told_with_where_it_led_and_since_when(store: Store) -> None:
    record(store, ALIVE, gone())
    web = visitor(store)
    listed, told = read(web, "/modifications"), read(web, address(store, 2))

    assert "Lien mort : « Déposer ma demande », qui mène à administration-etrangers" in said(listed)
    assert "Au plus tard le 23 novembre 2026, 09:05:00" in said(listed)
    text = said(told)
    for expected in (
        "« Déposer ma demande »",
        "Mène à administration-etrangers-en-france.interieur.gouv.fr/usagers#/sejour",
        "surveillée comme ANEF – application",
        "Dernier relevé où elle répondait 23 novembre 2026, 09:00:00",
        "Premier relevé où elle n’existe plus 23 novembre 2026, 09:01:00",
        "Relevé de la page qui l’a établi 23 novembre 2026, 09:05:00",
        "Nature lien mort",
        "Importance importante",
    ):
        assert expected in text
    assert "Ancien état relevé" not in text
    assert "répond de nouveau" not in text
    assert "/cibles/anef" in told.xpath("//main//a/@href")


def test_a_link_that_lives_again_is_told_with_when_its_address_answered(store: Store) -> None:
    back = gone().outage
    assert back is not None
    ended = replace(back, first_ok_at=minute(5), recovered_at=minute(6))
    record(store, gone(), replace(ALIVE, outage=None))

    async def close() -> None:
        await store.record(
            replace(outcome(ANEF.slug, minute(9)), state=replace(ALIVE, outage=ended))
        )

    asyncio.run(close())
    web = visitor(store)

    text = said(read(web, address(store, 3)))
    assert "Lien rétabli" in text
    assert "Premier relevé où elle répond de nouveau 23 novembre 2026, 09:05:00" in text
    assert "Relevé de la page où il n’est plus mort 23 novembre 2026, 09:05:00" in text
    assert "Aucun lien de cette page ne mène" in said(read(web, f"/cibles/{PAGE.slug}"))


def test_the_target_of_the_page_lists_its_dead_links(store: Store) -> None:
    record(store, gone())
    text = said(read(visitor(store), f"/cibles/{PAGE.slug}"))

    assert "1 lien de cette page mène à une adresse que nous surveillons" in text
    assert "« Déposer ma demande »" in text
    assert "S’informer" not in text


@pytest.mark.parametrize(
    ("state", "told", "style"),
    [
        (gone(), "✖ 1 mort, 1 non suivi", "said-denied"),
        (ALIVE, "✔ oui, 1 vivant, 1 non suivi", "said-yes"),
        (gone(Reason.HTTP_5XX), "✔ oui, 1 incertain, 1 non suivi", "said-yes"),
    ],
)
def test_the_table_says_in_words_what_each_link_to_anef_is_worth(
    store: Store, state: State, told: str, style: str
) -> None:
    record(store, state)
    cell = anef_cell(visitor(store))

    assert told == " ".join(cell.text_content().split())
    assert style in cell.get("class").split()


def test_an_appointment_link_is_offered_unless_it_is_known_to_be_dead(store: Store) -> None:
    booking = f'<a href="{PAGE.url}">Prendre rendez-vous</a>'
    record(store, ALIVE, links=(booking,))
    web = visitor(store)
    at_rest = read(web, "/informations").xpath("//tbody/tr[td='63']/td")[6]
    asyncio.run(kill_own_link(store))
    dead = read(web, "/informations").xpath("//tbody/tr[td='63']/td")[6]

    assert ["✔ oui", "✖ 1 mort"] == [
        " ".join(cell.text_content().split()) for cell in (at_rest, dead)
    ]


async def kill_own_link(store: Store) -> None:
    """Record that a page's link, whatever it leads to, is dead."""
    (track,) = store.tracks()
    assert track.current is not None
    book = DeadLinkTracker([replace(PAGE, slug="anef")], (), point="local")
    changes = book.read(PAGE.slug, track.current, minute(9), {"anef": gone()})
    await store.record(replace(outcome(PAGE.slug, minute(9)), changes=changes))


def test_what_is_not_known_of_a_link_is_said_as_unknown() -> None:
    known = watched([ANEF])
    (address,) = known
    found = [
        lives([f"{address}#/a"], dead=set(), watched=known, states=states)
        for states in (
            {},
            {"anef": replace(ALIVE, verdict=Verdict.UNKNOWN)},
            {"anef": replace(ALIVE, verdict=Verdict.BLOCKED)},
            {"anef": replace(ALIVE, verdict=Verdict.DOWN)},
        )
    ]

    assert [{LinkStatus.UNSURE: 1}] * 4 == found


def test_a_hostile_link_is_text_and_nothing_else(store: Store) -> None:
    text = HOSTILE.replace("<", "&lt;")
    record(store, gone(), links=(f'<a href="{HOST}/usagers/#/{text}">{text}</a>',))
    web = visitor(store)

    for path in ("/modifications", address(store, 2), f"/cibles/{PAGE.slug}", "/informations"):
        answer = web.get(path)
        assert "<script" not in answer.text
        assert not html.fromstring(answer.text).xpath("//@onmouseover")
    assert "alert(" in web.get(address(store, 2)).text
