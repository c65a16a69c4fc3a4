"""The pages of incidents: what framed them, what a visitor saw, and for how long it is so."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import html

from monitor.core.changes.change_log import KeptCopy
from monitor.core.journal.recorded import check_of
from monitor.core.model import Annotation, AnnotationKind, Incident, Judgement, Outage, Target
from monitor.core.model.check import Check
from monitor.evidence.captures.capture_policy import Captures
from monitor.web.pages_app import build
from monitor.web.record_routes import SETTLED_S
from tests.support.captured import spoken
from tests.support.clock import FakeClock
from tests.support.metrics import FixedMetrics
from tests.support.outcomes import DEAD, OK, observation
from tests.support.reads import NOW, FakeReads, ago, config, incident, outage, state, target
from tests.support.sites import answer
from tests.web.test_app import HOSTILE, Visitor, said

OLD = timedelta(days=9)


def check(slug: str, at_offset: timedelta, first: Outage, judgement: Judgement) -> Check:
    return check_of(observation(slug, first.first_fail_at + at_offset, judgement))


def framed(slug: str, *, number: int, age: timedelta = timedelta(hours=1)) -> FakeReads:
    """Return a record of one closed outage, with the four checks that frame it."""
    one = replace(outage(slug, closed=True, first=NOW - age), number=number)
    assert one.last_ok_at
    assert one.first_ok_at
    checks: list[tuple[int | None, Check]] = [
        (number - 10, check(slug, one.last_ok_at - one.first_fail_at, one, OK)),
        (number - 5, check(slug, timedelta(), one, DEAD)),
        (number + 5, check(slug, one.last_fail_at - one.first_fail_at, one, DEAD)),
        (number + 10, check(slug, one.first_ok_at - one.first_fail_at, one, OK)),
    ]
    whole = Incident(
        platform="anef",
        point="local",
        opened_at=one.first_fail_at,
        closed_at=one.first_ok_at,
        outages=((slug, one.first_fail_at),),
        number=number,
    )
    return FakeReads(confirmed=[one], grouped=[whole], checks=checks, seen=[state(slug)])


def visitor(
    reads: FakeReads,
    targets: Sequence[Target] = (),
    *,
    captures: Path | None = None,
    fresh_s: float = 0,
) -> Visitor:
    return Visitor(
        build(
            reads,
            config=config(targets or [target("a"), target("b")]),
            clock=FakeClock(NOW),
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
            captures=captures,
            fresh_s=fresh_s,
        )
    )


def page(reads: FakeReads, path: str, targets: Sequence[Target] = ()) -> html.HtmlElement:
    response = visitor(reads, targets).get(path)
    assert response.status_code == 200
    return html.fromstring(response.text)


def plain(text: str) -> str:
    return text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")


def hrefs(document: html.HtmlElement) -> list[str]:
    """Return where the links of the main part lead to, in order."""
    main = document.find(".//main")
    assert main is not None
    return [link.get("href", "") for link in main.iter("a")]


def test_the_page_has_the_four_checks_each_with_its_leaf_and_both_bounds() -> None:
    text = said(page(framed("a", number=100), "/incidents/100"))
    for number in (90, 95, 105, 110):
        assert f"feuille n° {number}" in text
    assert "au moins 12 min 00 s" in text
    assert "au plus 14 min 00 s" in text


def test_the_page_offers_a_sheet_to_send_which_asks_for_an_answer_in_writing() -> None:
    reads = framed("a", number=100)
    assert "/incidents/100/fiche" in hrefs(page(reads, "/incidents/100"))
    text = said(page(reads, "/incidents/100/fiche"))
    assert "Fiche d’incident n° 100" in text
    assert "m’indiquer par écrit" in text
    assert "Mes tentatives" in text
    assert visitor(reads).get("/incidents/999/fiche").status_code == 404


def test_an_outage_that_goes_on_has_no_longest_duration() -> None:
    one = replace(outage("a"), number=7)
    reads = FakeReads(confirmed=[one], grouped=[replace(incident("a"), number=7)])
    text = said(page(reads, "/incidents/7"))
    assert "En cours." in text
    assert "aucun à ce jour" in text
    assert "au plus" not in text


def test_the_controls_of_the_same_minute_are_said() -> None:
    text = said(page(framed("a", number=100), "/incidents/100"))
    assert "3 témoins sur 3 répondaient à la même sonde" in text
    assert "aucun défaut de notre connexion" in text


def test_what_failed_at_the_same_hour_elsewhere_is_said_and_what_did_not_too() -> None:
    reads = framed("a", number=100)
    other = replace(outage("p", closed=True, first=ago(hours=1)), number=200)
    reads.confirmed.append(other)
    places = [target("a"), target("b"), target("p", "Préfecture P", platform="prefectures")]
    text = said(page(reads, "/incidents/100", places))
    assert "seule cette page était en défaut dans cet incident, parmi les 2" in text
    assert "Préfecture P" in text
    reads.confirmed.remove(other)
    alone = said(page(reads, "/incidents/100", places))
    assert "Aucune autre indisponibilité confirmée n’est au registre" in alone


def test_maintenance_that_was_announced_late_is_shown_as_late() -> None:
    reads = framed("a", number=100)
    one = reads.confirmed[0]
    assert "Aucune maintenance n’était annoncée" in said(page(reads, "/incidents/100"))
    reads.notes = [
        Annotation(
            kind=AnnotationKind.MAINTENANCE,
            at=one.first_fail_at + timedelta(minutes=5),
            targets=("a",),
            from_at=one.first_fail_at,
            to_at=one.last_fail_at,
            sha256="0" * 64,
            number=300,
        )
    ]
    assert "enregistrée après son début" in said(page(reads, "/incidents/100"))


def test_it_says_how_to_cite_it() -> None:
    document = page(framed("a", number=48213), "/incidents/48213")
    (citation,) = document.find_class("citation")
    assert "https://vigie.association.fr/incidents/48213" in said(citation)
    assert "Association d’essai" in said(citation)
    # Alone, it says which page, and between which checks.
    assert "incident n° 48 213 : Cible a, premier relevé en échec le " in plain(said(citation))
    assert ", premier relevé conforme ensuite le " in said(citation)


async def kept(folder: Path, body: bytes, at: Outage) -> KeptCopy:
    """Keep the bytes of the first failing check."""
    captures = Captures(folder, software="essai/1", clock_limit_us=500_000)
    exchange = spoken(at.first_fail_at, answer(body))
    failing = observation("a", at.first_fail_at, DEAD, exchange=exchange)
    (capture,) = await captures.keep(target("a"), failing, known_good=True, in_outage=False)
    return KeptCopy(at=capture.at, file=capture.file, sha256=capture.sha256, body_sha256="0" * 64)


def test_what_a_visitor_saw_is_quoted_escaped_and_bounded(tmp_path: Path) -> None:
    reads = framed("a", number=100)
    words = "Service momentanément indisponible. " + "mot " * 5_000
    body = f"<html><h1>{'&lt;script&gt;x'}</h1><p>{words}</p><script>alert(1)</script></html>"
    reads.copies["a"] = [asyncio.run(kept(tmp_path, body.encode(), reads.confirmed[0]))]
    response = visitor(reads, captures=tmp_path).get("/incidents/100")
    text = said(html.fromstring(response.text))
    assert "Service momentanément indisponible." in text
    assert "[…]" in text
    assert text.count("mot ") < 400
    assert "alert(1)" not in response.text
    assert "<script" not in response.text


def test_a_file_of_captures_that_is_missing_hides_the_words_only(tmp_path: Path) -> None:
    reads = framed("a", number=100)
    at = reads.confirmed[0].first_fail_at
    copy = KeptCopy(at=at, file="2026-11-23.warc.gz", sha256="1" * 64, body_sha256="2" * 64)
    reads.copies["a"] = [copy]
    response = visitor(reads, captures=tmp_path).get("/incidents/100")
    assert response.status_code == 200
    assert "2" * 64 in response.text
    assert "n’est pas montré ici" in response.text


def test_a_settled_incident_may_be_cached_for_long_and_does_not_change() -> None:
    web = visitor(framed("a", number=100, age=OLD), fresh_s=10)
    first = web.get("/incidents/100")
    assert f"max-age={SETTLED_S}" in first.headers["cache-control"]
    tag = first.headers["etag"]
    assert web.get("/incidents/100", {"If-None-Match": tag}).status_code == 304
    later = Visitor(
        build(
            framed("a", number=100, age=OLD),
            config=config([target("a"), target("b")]),
            clock=FakeClock(NOW + timedelta(days=400)),
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
        )
    )
    assert later.get("/incidents/100").headers["etag"] == tag


def test_a_reply_is_shown_word_for_word_on_its_incident_and_on_no_other() -> None:
    reads = framed("a", number=100, age=OLD)
    reply = Annotation(
        kind=AnnotationKind.REPLY,
        at=NOW,
        targets=("a",),
        from_at=reads.grouped[0].opened_at,
        text="Première ligne <script>x</script>\n\nSeconde ligne.",
        number=900,
    )
    other = replace(reply, from_at=NOW - timedelta(days=1), text="D’un autre incident", number=901)
    reads.notes += [reply, other]

    text = visitor(reads).get("/incidents/100").text

    assert "Réponse du service concerné" in text
    assert "<p>Première ligne &lt;script&gt;x&lt;/script&gt;</p>" in text
    assert "<p>Seconde ligne.</p>" in text
    assert "D’un autre incident" not in text
    assert "Réponse du service" not in visitor(framed("a", number=100)).get("/incidents/100").text


def test_an_incident_that_may_still_grow_is_not_cached_for_long() -> None:
    answered = visitor(framed("a", number=100)).get("/incidents/100")
    assert f"max-age={SETTLED_S}" not in answered.headers["cache-control"]
    assert "peut encore changer" in answered.text


def test_another_number_of_an_incident_leads_to_the_one_that_it_is_cited_by() -> None:
    reads = framed("a", number=100)
    second = replace(outage("b", closed=True, first=ago(minutes=55)), number=140)
    reads.confirmed.append(second)
    whole = reads.grouped[0]
    reads.grouped[0] = replace(whole, outages=(*whole.outages, ("b", second.first_fail_at)))
    answered = visitor(reads).get("/incidents/140")
    assert answered.status_code == 302
    assert answered.headers["location"] == "/incidents/100"


@pytest.mark.parametrize("name", ["0", "999", "x", "1e3", "-1", "9" * 30])
def test_a_number_that_is_none_is_not_found(name: str) -> None:
    assert visitor(framed("a", number=100)).get(f"/incidents/{name}").status_code == 404


def test_the_drawing_has_its_data() -> None:
    answered = visitor(framed("a", number=100)).get("/incidents/100.csv")
    assert answered.status_code == 200
    assert answered.headers["content-type"].startswith("text/csv")
    assert answered.text.startswith("name,from_at,to_at,verdict\n")


def test_the_list_is_newest_first_and_turns_its_pages() -> None:
    reads = FakeReads(seen=[state("a")])
    for rank in range(60):
        first = NOW - timedelta(days=60 - rank)
        one = replace(outage("a", closed=True, first=first), number=rank)
        reads.confirmed.append(one)
        reads.grouped.append(
            replace(
                incident("a", closed=True),
                opened_at=first,
                closed_at=one.first_ok_at,
                outages=(("a", first),),
                number=rank,
            )
        )
    first_page = hrefs(page(reads, "/incidents"))
    lines = [link for link in first_page if link.startswith("/incidents/")]
    assert lines[:2] == ["/incidents/59", "/incidents/58"]
    assert len(lines) == 25
    assert "/incidents?page=2" in first_page
    last = hrefs(page(reads, "/incidents?page=3&etat="))
    assert len([link for link in last if link.startswith("/incidents/")]) == 10
    assert "/incidents?page=4" not in last


def test_filters_are_in_the_address_and_stay_in_the_links() -> None:
    reads = framed("a", number=100)
    places = [target("a", department="93"), target("b", department="75")]
    assert "n° 100" in said(page(reads, "/incidents?departement=93", places))
    empty = said(page(reads, "/incidents?departement=75&du=2026-11-01&au=2026-11-30", places))
    assert "Aucun incident" in empty
    assert "Ce n’est pas la preuve que tout a fonctionné" in empty


MEANINGLESS = [
    "departement=999", "plateforme=x", "etat=x", "page=0", "page=x", "du=hier", "au=2026-13-01",
]  # fmt: skip


@pytest.mark.parametrize("query", MEANINGLESS)
def test_a_filter_that_means_nothing_is_refused(query: str) -> None:
    assert visitor(framed("a", number=100)).get(f"/incidents?{query}").status_code == 400


def test_a_hostile_name_stays_a_text() -> None:
    reads = framed("a", number=100)
    for path in ("/incidents", "/incidents/100"):
        answered = visitor(reads, [target("a", HOSTILE)]).get(path)
        assert "<script>" not in answered.text
        assert 'onmouseover="x' not in answered.text
