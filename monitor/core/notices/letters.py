"""The French texts of what is sent about the record. Neutral: what was observed, and how."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.changes.change_log import ChangeRecord
from monitor.core.french import sentences
from monitor.core.french.change_sentences import KINDS
from monitor.core.french.formatting import PARIS, count, duration, numbered, when
from monitor.core.french.page_event_sentences import EDGES
from monitor.core.french.typesetting import typeset
from monitor.core.model import Gap, Nature, Outage, State, Target, Verdict
from monitor.core.notices.letter import (
    Letter,
    LetterLine,
    LetterSection,
    Tone,
    line,
    subject_of,
)
from monitor.core.notices.notice import Notice, NoticeKind

SHOWN = 20  # lines of one list; what is left out is counted
LOOKED_AT = 4  # addresses to look at, before all that is established


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFacts:
    """What a message on an incident is made of.

    Attributes:
        site: Address of our pages, with a slash at its end.
        outages: Those of the incident that the recipient follows, oldest first.
        targets: By slug, of these outages and of `states`.
        states: Of all that the recipient follows.
        gaps: When we could not measure, in the time of the outages.

    """

    notice: Notice
    site: str
    outages: tuple[Outage, ...]
    targets: dict[str, Target]
    states: tuple[State, ...]
    gaps: tuple[Gap, ...]
    now: datetime


def incident_letter(facts: IncidentFacts) -> Letter:
    """Return the message on an incident: opened, widened, still open or closed."""
    names = _names(facts)
    word = state_word(facts.outages)
    number = facts.notice.numbers[0]
    page = f"{facts.site}incidents/{number}"
    subjects = {
        NoticeKind.OPENED: f"[{word}{' de nouveau' if facts.notice.again else ''}] {names}",
        NoticeKind.WIDENED: f"[{word}, plus étendu] {names}",
        NoticeKind.STILL_OPEN: f"[Toujours indisponible, {_lasting(facts.notice.hours)}] {names}",
        NoticeKind.CLOSED: f"[Rétabli] {names}",
    }
    closed = facts.notice.kind is NoticeKind.CLOSED
    return Letter(
        subject=subject_of(subjects[facts.notice.kind]),
        tone=Tone.CLOSED if closed else Tone.OPEN,
        lead=typeset(_closed_lead(facts) if closed else _open_lead(facts)),
        actions=(
            line(f"Fiche de l’incident {numbered(number)}, à joindre à une demande", page),
            *(() if closed else _to_look_at(facts)),
        ),
        sections=(
            LetterSection(title="Ce que nos relevés établissent", lines=_facts(facts)),
            _present(facts),
            LetterSection(
                title="Comment c’est mesuré",
                lines=(
                    line(
                        "Chaque page est demandée à intervalle fixe depuis un point de mesure en "
                        "France ; une indisponibilité n’est retenue qu’après plusieurs échecs, "
                        "quand notre propre accès à internet est vérifié. Les instants des relevés "
                        "sont dans un journal signé."
                    ),
                    line(f"À citer : incident {numbered(number)}, {page}", page),
                ),
            ),
        ),
    )


def page_letter(
    record: ChangeRecord, target: Target, *, site: str, present: LetterSection
) -> Letter:
    """Return the message on a change of a page."""
    page = f"{site}modifications/{record.number}"
    kinds = ", ".join(KINDS[kind] for kind in record.kinds) or EDGES[record.edge]
    after = f"après le {when(record.after_at)}" if record.after_at else "à une date inconnue"
    lines = [
        line(f"Nature : {kinds}."),
        line(f"En ligne au plus tard le {when(record.by_at)} ; {after}."),
        *([LetterLine(text=record.summary)] if record.summary else []),  # it quotes the page
        *(
            [line("La date de mise à jour que la page affiche n’a pas changé.")]
            if record.silent
            else []
        ),
    ]
    return Letter(
        subject=subject_of(f"[Page modifiée] {target.name} : {kinds}"),
        tone=Tone.PLAIN,
        lead=typeset(f"{target.name} : {EDGES[record.edge]} ({kinds})."),
        actions=(
            line(f"Texte avant et après, modification {numbered(record.number)}", page),
            line("La page elle-même", target.url),
        ),
        sections=(
            LetterSection(title="Ce que nos relevés établissent", lines=tuple(lines)),
            present,
            LetterSection(
                title="Comment c’est mesuré",
                lines=(
                    line(
                        "Deux relevés de la page s’accordent sur le nouveau texte avant qu’il soit "
                        "annoncé."
                    ),
                    line(f"À citer : modification {numbered(record.number)}, {page}", page),
                ),
            ),
        ),
    )


def digest_letter(letters: Sequence[Letter], states: LetterSection) -> Letter:
    """Return one message of several."""
    open_ones = sum(letter.tone is Tone.OPEN for letter in letters)
    heading = count(len(letters), "événement")
    return Letter(
        subject=subject_of(f"[Récapitulatif] {heading}"),
        tone=Tone.PLAIN,
        lead=typeset(
            f"{heading} sur ce que vous suivez"
            + (f", dont {count(open_ones, 'annonce')} d’indisponibilité." if open_ones else ".")
        ),
        sections=(
            *(
                LetterSection(title=letter.subject, lines=(line(letter.lead), *letter.actions[:1]))
                for letter in letters[:SHOWN]
            ),
            *_left_out(len(letters) - SHOWN),
            states,
        ),
    )


def present_section(
    states: Sequence[State], targets: dict[str, Target], now: datetime
) -> LetterSection:
    """Return the whole present state of what a recipient follows: what is not well by name."""
    good = [state for state in states if state.verdict in {Verdict.UP, Verdict.DEGRADED}]
    others = [state for state in states if state not in good]
    lines = [
        line(
            f"{targets[state.target].name} : "
            + (sentences.VERDICTS[state.verdict] if state.verdict else "pas encore relevé")
            + (f", depuis {_hour(state.since, now)}" if state.since else "")
        )
        for state in others[:SHOWN]
    ]
    if len(others) > SHOWN:
        lines.append(line(f"et {count(len(others) - SHOWN, 'autre')} dans un autre état"))
    if good:
        lines.append(line(f"Accessibles : {count(len(good), 'adresse')} sur {len(states)}."))
    return LetterSection(
        title=f"État présent de ce que vous suivez ({_hour(now, now)})", lines=tuple(lines)
    )


def _present(facts: IncidentFacts) -> LetterSection:
    return present_section(facts.states, facts.targets, facts.now)


def _left_out(number: int) -> tuple[LetterSection, ...]:
    if number <= 0:
        return ()
    return (LetterSection(title=f"et {count(number, 'autre')}", lines=()),)


def _open_lead(facts: IncidentFacts) -> str:
    first = min(_lasting_ones(facts), key=lambda outage: outage.first_fail_at)
    since = _hour(first.first_fail_at, facts.now)
    again = ", de nouveau," if facts.notice.again else ""
    state = "en maintenance" if first.nature is Nature.MAINTENANCE else "indisponible"
    return (
        f"{_names(facts)} : {state}{again} depuis {since} d’après nos relevés. Toujours en cours, "
        "constatable maintenant."
    )


def _closed_lead(facts: IncidentFacts) -> str:
    start = min(outage.first_fail_at for outage in facts.outages)
    ends = [outage.first_ok_at for outage in facts.outages if outage.first_ok_at]
    shortest = max(outage.shortest_s for outage in facts.outages)
    longest = [outage.longest_s for outage in facts.outages]
    most = (
        f" et au plus {duration(max(one for one in longest if one), up=True)}"
        if all(longest)
        else ""
    )
    end = f", accessible de nouveau depuis {_hour(max(ends), facts.now)}" if ends else ""
    return (
        f"{_names(facts)} : indisponible à partir de {_hour(start, facts.now)}{end} ; au moins "
        f"{duration(shortest)}{most}."
    )


def is_over(outages: Sequence[Outage]) -> bool:
    """Return whether all have ended: a message that they begin or last would be false by now."""
    return all(outage.first_ok_at is not None for outage in outages)


def _lasting_ones(facts: IncidentFacts) -> tuple[Outage, ...]:
    """Return the outages that last, or all of an incident that is over."""
    lasting = tuple(outage for outage in facts.outages if outage.first_ok_at is None)
    return lasting or facts.outages


def _to_look_at(facts: IncidentFacts) -> tuple[LetterLine, ...]:
    """Return what a bailiff or an expert may see while it lasts: the address, and what it shows."""
    lasting = _lasting_ones(facts)
    lines = [
        line(
            f"À regarder, {facts.targets[outage.target].name} : {sentences.REASONS[outage.reason]}",
            facts.targets[outage.target].url,
        )
        for outage in lasting[:LOOKED_AT]
    ]
    if len(lasting) > LOOKED_AT:
        lines.append(line(f"et {count(len(lasting) - LOOKED_AT, 'autre')}, sur la fiche"))
    return tuple(lines)


def _facts(facts: IncidentFacts) -> tuple[LetterLine, ...]:
    lines = []
    for outage in facts.outages[:SHOWN]:
        name = facts.targets[outage.target].name
        lines.append(line(f"{name} ({numbered(outage.number)}) : {bounds(outage)}"))
    if len(facts.outages) > SHOWN:
        lines.append(line(f"et {count(len(facts.outages) - SHOWN, 'autre')} sur la fiche"))
    lines += [
        line(
            f"Nous n’avons pas pu mesurer de {_hour(gap.from_at, facts.now)} à "
            f"{_hour(gap.to_at, facts.now)}."
        )
        for gap in facts.gaps[:SHOWN]
    ]
    return tuple(lines)


def state_word(outages: Sequence[Outage]) -> str:
    """Return what a subject calls outages that last."""
    maintenance = all(outage.nature is Nature.MAINTENANCE for outage in outages)
    return "Maintenance" if maintenance else "Indisponible"


def bounds(outage: Outage) -> str:
    """Return what frames an outage: the last good check before, the first good one after."""
    before = when(outage.last_ok_at) if outage.last_ok_at else "jamais relevé"
    text = (
        f"{sentences.REASONS[outage.reason]} Dernier relevé correct avant : {before}. Premier "
        f"échec : {when(outage.first_fail_at)}. Dernier échec : {when(outage.last_fail_at)}. "
        f"{count(outage.checks, 'relevé')} en échec."
    )
    if outage.first_ok_at is None:
        return f"{text} Pas de relevé correct depuis."
    return f"{text} Premier relevé correct après : {when(outage.first_ok_at)}."


def _names(facts: IncidentFacts) -> str:
    return named([facts.targets[outage.target].name for outage in _lasting_ones(facts)])


def named(names: Iterable[str]) -> str:
    """Return the first of some names, and how many there are besides; each counts once."""
    first, *others = dict.fromkeys(names)
    if not others:
        return first
    return f"{first} et {count(len(others), 'autre adresse', 'autres adresses')}"


def _hour(at: datetime, now: datetime) -> str:
    """Return "14 h 02", with its day unless that is today, in Paris time."""
    local = at.astimezone(PARIS)
    text = f"{local.hour} h {local:%M}".replace(" ", "\N{NO-BREAK SPACE}")
    if local.date() == now.astimezone(PARIS).date():
        return text
    return f"{text} le {local.day}/{local.month:02}/{local.year}"


def _lasting(hours: int) -> str:
    days = timedelta(hours=hours).days
    return count(days, "jour") if days else f"{hours} h"
