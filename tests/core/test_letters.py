"""The letters on pages, and those of several events: what they say, and within which bounds."""

from dataclasses import replace

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.change_log import ChangeRecord
from monitor.core.changes.page_events import PageEdge, Version
from monitor.core.model import Reason, State, Verdict
from monitor.core.notices.letter import Letter, LetterSection, Tone, line, subject_of
from monitor.core.notices.letters import (
    LOOKED_AT,
    SHOWN,
    IncidentFacts,
    digest_letter,
    incident_letter,
    page_letter,
    present_section,
)
from monitor.core.notices.notice import Notice, NoticeKind
from monitor.core.points.combine import Blindness, PointWord, combine
from tests.support.outcomes import at
from tests.support.reads import NOW, outage
from tests.support.reads import target as make_target

NBSP = "\N{NO-BREAK SPACE}"
SITE = "https://vigie.test/"
TARGET = make_target("prefecture-38", "Préfecture de l’Isère", department="38")
PRESENT = LetterSection(title="État présent", lines=(line("Accessibles : 1 adresse sur 1."),))


def version(second: float) -> Version:
    return Version(
        sha256="0" * 64,
        body_sha256="1" * 64,
        url="https://www.isere.gouv.fr/",
        title="Étrangers",
        updated_on="2026-11-01",
        extraction_version="4",
        before_at=None,
        first_at=at(second),
        last_at=at(second),
    )


CHANGE = ChangeRecord(
    number=1_234,
    target=TARGET.slug,
    point="local",
    at=at(700),
    edge=PageEdge.CHANGED,
    before=version(0),
    after=version(600),
    kinds=(ChangeKind.PHONE, ChangeKind.FEE),
    weight=Weight.MAJOR,
    summary="téléphone : « 04 00 00 00 01 » devient « 04 00 00 00 02 »",
    silent=True,
    announced=True,
)


def words(letter: Letter) -> str:
    lines = [one.text for section in letter.sections for one in section.lines]
    return "\n".join([letter.subject, letter.lead, *(one.text for one in letter.actions), *lines])


def test_a_letter_on_a_page_says_what_changed_between_which_readings_and_where_to_read_it() -> None:
    letter = page_letter(CHANGE, TARGET, site=SITE, present=PRESENT)
    said = words(letter)
    assert letter.subject == "[Page modifiée] Préfecture de l’Isère : téléphone, montant à payer"
    assert letter.lead.startswith("Préfecture de l’Isère")
    assert "04 00 00 00 02" in said
    assert "n’a pas changé" in said, "the page hides its change"
    assert "En ligne au plus tard le" in said
    assert [one.url for one in letter.actions] == [f"{SITE}modifications/1234", TARGET.url]
    assert PRESENT in letter.sections
    assert "À citer" in said


def test_a_letter_on_many_outages_leads_with_few_addresses_and_counts_the_rest() -> None:
    number = LOOKED_AT + 3
    outages = tuple(replace(outage(f"t{n}"), number=n + 1) for n in range(number))
    targets = {one.target: replace(TARGET, slug=one.target, name=one.target) for one in outages}
    facts = IncidentFacts(
        notice=Notice(
            key="incident/1/0",
            kind=NoticeKind.OPENED,
            thread="incident/1",
            at=NOW,
            numbers=(1,),
        ),
        site=SITE,
        outages=outages,
        targets=targets,
        states=(),
        gaps=(),
        now=NOW,
    )
    letter = incident_letter(facts)
    sheet, *looked_at, rest = letter.actions
    assert sheet.url == f"{SITE}incidents/1"
    assert [one.url for one in looked_at] == [TARGET.url] * LOOKED_AT
    assert all(TARGET.url not in one.text for one in looked_at), "the text part writes it out"
    assert "3 autres" in rest.text.replace(NBSP, " ")
    assert len(letter.sections[0].lines) == number, "each with what frames it"


def test_a_page_that_is_gone_has_no_kinds_of_changes_and_is_still_said() -> None:
    gone = replace(CHANGE, edge=PageEdge.REMOVED, kinds=(), summary="", before=None, silent=False)
    letter = page_letter(gone, TARGET, site=SITE, present=PRESENT)
    assert "page retirée" in letter.subject
    assert "à une date inconnue" in words(letter)


def test_what_a_watched_page_writes_cannot_leave_its_line() -> None:
    hostile = replace(TARGET, name="A\r\nBcc: b@exemple.test " + "x" * 500)
    letter = page_letter(CHANGE, hostile, site=SITE, present=PRESENT)
    assert letter.subject.isprintable()
    assert len(letter.subject) <= 120


def test_a_digest_has_each_event_once_counts_those_left_out_and_ends_with_the_present() -> None:
    many = SHOWN + 3
    opened = [
        Letter(
            subject=subject_of(f"[Indisponible] Adresse {number}"),
            tone=Tone.OPEN if number % 2 else Tone.CLOSED,
            lead=f"Adresse {number} : indisponible.",
            actions=(line("Fiche", f"{SITE}incidents/{number}"), line("À regarder", "https://x/")),
        )
        for number in range(many)
    ]
    digest = digest_letter(opened, PRESENT)
    assert digest.subject == f"[Récapitulatif] {many} événements"
    assert "11 annonces" in digest.lead.replace(NBSP, " ")
    titles = [section.title for section in digest.sections]
    assert titles[:2] == ["[Indisponible] Adresse 0", "[Indisponible] Adresse 1"]
    assert len(titles) == SHOWN + 2
    assert "3" in titles[-2]
    assert digest.sections[-1] == PRESENT
    assert [one.url for one in digest.sections[0].lines] == ["", f"{SITE}incidents/0"]


def test_the_present_names_what_is_not_well_and_counts_the_rest() -> None:
    good = State(target=TARGET.slug, point="local", verdict=Verdict.UP, last_at=at(0))
    bad = replace(
        good, target="b", verdict=Verdict.DOWN, reason=Reason.HTTP_5XX, since=at(-86_400 * 3)
    )
    fresh = State(target="c", point="local")
    targets = {slug: replace(TARGET, slug=slug, name=f"Cible {slug}") for slug in "bc"}
    section = present_section([good, bad, fresh], targets | {TARGET.slug: TARGET}, at(0))
    texts = [one.text.replace(NBSP, " ") for one in section.lines]
    assert texts[0].startswith("Cible b : ")
    assert "le 20/11/2026" in texts[0], "a day that is not today is said"
    assert texts[1] == "Cible c : pas encore relevé"
    assert texts[2] == "Accessibles : 1 adresse sur 3."
    many = present_section([bad] * (SHOWN + 5), targets, at(0))
    assert len(many.lines) == SHOWN + 1


def word(point: str, verdict: Verdict, blind: Blindness | None = None) -> PointWord:
    return PointWord(point=point, operator=f"opérateur de {point}", verdict=verdict, blind=blind)


def told_by_points(*words_of_points: PointWord, over: bool = False) -> str:
    common = {TARGET.slug: combine(words_of_points)} if words_of_points else {}
    facts = IncidentFacts(
        notice=Notice(
            key="incident/1/0",
            kind=NoticeKind.CLOSED if over else NoticeKind.STILL_OPEN,
            thread="incident/1",
            at=NOW,
            numbers=(1,),
            hours=2,
        ),
        site=SITE,
        outages=(replace(outage(TARGET.slug, closed=over), number=1),),
        targets={TARGET.slug: TARGET},
        states=(),
        gaps=(),
        now=NOW,
        common=common,
    )
    said = words(incident_letter(facts)).replace(NBSP, " ")
    return "\n".join(one for one in said.splitlines() if one.startswith("Nos points"))


def test_a_letter_says_what_all_points_see_while_it_lasts() -> None:
    ours, lyon = word("local", Verdict.DOWN), word("lyon", Verdict.DOWN)
    lille = word("lille", Verdict.UNKNOWN, Blindness.SILENT)

    assert told_by_points(ours, lyon, lille) == (
        "Nos points de mesure, Préfecture de l’Isère : indisponible pour tous les points qui "
        "peuvent le dire, 2 sur 3, de deux exploitants au moins."
    )
    assert told_by_points(ours, word("lyon", Verdict.UP), lille) == (
        "Nos points de mesure, Préfecture de l’Isère : pas d’état commun : indisponible vu de 1 "
        "sur 3, accessible vu de 1 sur 3, indéterminé vu de 1 sur 3."
    )
    assert told_by_points(replace(ours, verdict=Verdict.UNKNOWN, blind=Blindness.LINE), lille) == (
        "Nos points de mesure, Préfecture de l’Isère : aucun point de mesure ne peut le dire."
    )


def test_a_letter_of_one_point_or_of_what_is_over_says_nothing_of_points() -> None:
    ours, lyon = word("local", Verdict.DOWN), word("lyon", Verdict.UP)

    assert told_by_points() == told_by_points(ours) == told_by_points(ours, lyon, over=True) == ""
