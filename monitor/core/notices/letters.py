"""The texts of what is sent about the record. Neutral: what was observed, and how."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.core.changes.change_log import ChangeRecord
from monitor.core.french import sentences
from monitor.core.french.change_sentences import KINDS
from monitor.core.french.formatting import PARIS
from monitor.core.french.page_event_sentences import EDGES
from monitor.core.french.typesetting import typeset
from monitor.core.language import FRENCH, Language
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
from monitor.core.notices.point_lines import point_lines
from monitor.core.points.combine import CommonWord

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
        common: What all points say now, by target; empty without other points.

    """

    notice: Notice
    site: str
    outages: tuple[Outage, ...]
    targets: dict[str, Target]
    states: tuple[State, ...]
    gaps: tuple[Gap, ...]
    now: datetime
    language: Language = FRENCH
    common: Mapping[str, CommonWord] = field(default_factory=dict)


def incident_letter(facts: IncidentFacts) -> Letter:
    """Return the message on an incident: opened, widened, still open or closed."""
    language, text = facts.language, facts.language.text
    number = facts.notice.numbers[0]
    cited, address = language.numbered(number), f"{facts.site}incidents/{number}"
    closed = facts.notice.kind is NoticeKind.CLOSED
    return Letter(
        language=language,
        subject=subject_of(_subject(facts)),
        tone=Tone.CLOSED if closed else Tone.OPEN,
        lead=typeset(_closed_lead(facts) if closed else _open_lead(facts)),
        actions=(
            line(
                text("Fiche de l’incident %(number)s, à joindre à une demande", number=cited),
                f"{facts.site.rstrip('/')}{language.prefix}/incidents/{number}",
            ),
            *(() if closed else _to_look_at(facts)),
        ),
        sections=(
            LetterSection(title=text("Ce que nos relevés établissent"), lines=_facts(facts)),
            present_section(facts.states, facts.targets, facts.now, language),
            LetterSection(
                title=text("Comment c’est mesuré"),
                lines=(
                    line(
                        text(
                            "Chaque page est demandée à intervalle fixe depuis un point de mesure "
                            "en France ; une indisponibilité n’est retenue qu’après plusieurs "
                            "échecs, quand notre propre accès à internet est vérifié. Les instants "
                            "des relevés sont dans un journal signé."
                        )
                    ),
                    line(
                        text(
                            "À citer : incident %(number)s, %(address)s",
                            number=cited,
                            address=address,
                        ),
                        address,
                    ),
                ),
            ),
        ),
    )


def _subject(facts: IncidentFacts) -> str:
    language, names = facts.language, _names(facts)
    word = state_word(facts.outages, language)
    match facts.notice.kind:
        case NoticeKind.WIDENED:
            return language.text("[%(state)s, plus étendu] %(names)s", state=word, names=names)
        case NoticeKind.STILL_OPEN:
            lasted = _lasting(facts.notice.hours, language)
            return language.text(
                "[Toujours indisponible, %(lasted)s] %(names)s", lasted=lasted, names=names
            )
        case NoticeKind.CLOSED:
            return language.text("[Rétabli] %(names)s", names=names)
    return language.text(
        "[%(state)s de nouveau] %(names)s" if facts.notice.again else "[%(state)s] %(names)s",
        state=word,
        names=names,
    )


def page_letter(
    record: ChangeRecord,
    target: Target,
    *,
    site: str,
    present: LetterSection,
    language: Language = FRENCH,
) -> Letter:
    """Return the message on a change of a page."""
    text = language.text
    page, cited = f"{site}modifications/{record.number}", language.numbered(record.number)
    edge = language.message(EDGES[record.edge])
    names = language.words(KINDS)
    kinds = text(", ").join(names[kind] for kind in record.kinds) or edge
    by = language.when(record.by_at)
    name = language.foreign(target.name)
    lines = [
        line(text("Nature : %(kinds)s.", kinds=kinds)),
        line(
            text(
                "En ligne au plus tard le %(by)s ; après le %(after)s.",
                by=by,
                after=language.when(record.after_at),
            )
            if record.after_at
            else text("En ligne au plus tard le %(by)s ; à une date inconnue.", by=by)
        ),
        # It quotes the page.
        *([LetterLine(text=language.foreign(record.summary))] if record.summary else []),
        *(
            [line(text("La date de mise à jour que la page affiche n’a pas changé."))]
            if record.silent
            else []
        ),
    ]
    return Letter(
        language=language,
        subject=subject_of(text("[Page modifiée] %(name)s : %(kinds)s", name=name, kinds=kinds)),
        tone=Tone.PLAIN,
        lead=typeset(text("%(name)s : %(edge)s (%(kinds)s).", name=name, edge=edge, kinds=kinds)),
        actions=(
            line(text("Texte avant et après, modification %(number)s", number=cited), page),
            line(text("La page elle-même"), target.url),
        ),
        sections=(
            LetterSection(title=text("Ce que nos relevés établissent"), lines=tuple(lines)),
            present,
            LetterSection(
                title=text("Comment c’est mesuré"),
                lines=(
                    line(
                        text(
                            "Deux relevés de la page s’accordent sur le nouveau texte avant qu’il "
                            "soit annoncé."
                        )
                    ),
                    line(
                        text(
                            "À citer : modification %(number)s, %(address)s",
                            number=cited,
                            address=page,
                        ),
                        page,
                    ),
                ),
            ),
        ),
    )


def digest_letter(
    letters: Sequence[Letter], states: LetterSection, language: Language = FRENCH
) -> Letter:
    """Return one message of several."""
    text = language.text
    open_ones = sum(letter.tone is Tone.OPEN for letter in letters)
    heading = language.count(len(letters), "événement")
    if open_ones:
        lead = text(
            "%(events)s sur ce que vous suivez, dont %(outages)s.",
            events=heading,
            outages=language.count(
                open_ones, "annonce d’indisponibilité", "annonces d’indisponibilité"
            ),
        )
    else:
        lead = text("%(events)s sur ce que vous suivez.", events=heading)
    return Letter(
        language=language,
        subject=subject_of(text("[Récapitulatif] %(events)s", events=heading)),
        tone=Tone.PLAIN,
        lead=typeset(lead),
        sections=(
            *(
                LetterSection(title=letter.subject, lines=(line(letter.lead), *letter.actions[:1]))
                for letter in letters[:SHOWN]
            ),
            *_left_out(len(letters) - SHOWN, language),
            states,
        ),
    )


def present_section(
    states: Sequence[State],
    targets: dict[str, Target],
    now: datetime,
    language: Language = FRENCH,
) -> LetterSection:
    """Return the whole present state of what a recipient follows: what is not well by name."""
    good = [state for state in states if state.verdict in {Verdict.UP, Verdict.DEGRADED}]
    others = [state for state in states if state not in good]
    text, words = language.text, language.words(sentences.VERDICTS)
    lines: list[LetterLine] = []
    for state in others[:SHOWN]:
        name = language.foreign(targets[state.target].name)
        shown = words[state.verdict] if state.verdict else text("pas encore relevé")
        if state.since:
            since = _hour(state.since, now, language)
            lines.append(
                line(
                    text(
                        "%(name)s : %(state)s, depuis %(since)s",
                        name=name,
                        state=shown,
                        since=since,
                    )
                )
            )
        else:
            lines.append(line(text("%(name)s : %(state)s", name=name, state=shown)))
    if len(others) > SHOWN:
        rest = language.count(
            len(others) - SHOWN, "autre dans un autre état", "autres dans un autre état"
        )
        lines.append(line(text("et %(rest)s", rest=rest)))
    if good:
        reachable = language.count(len(good), "adresse")
        lines.append(
            line(text("Accessibles : %(some)s sur %(all)s.", some=reachable, all=len(states)))
        )
    return LetterSection(
        title=text("État présent de ce que vous suivez (%(hour)s)", hour=_hour(now, now, language)),
        lines=tuple(lines),
    )


def _left_out(number: int, language: Language) -> tuple[LetterSection, ...]:
    if number <= 0:
        return ()
    rest = language.count(number, "autre")
    return (LetterSection(title=language.text("et %(rest)s", rest=rest), lines=()),)


def _open_lead(facts: IncidentFacts) -> str:
    language, text = facts.language, facts.language.text
    first = min(_lasting_ones(facts), key=lambda outage: outage.first_fail_at)
    maintenance = first.nature is Nature.MAINTENANCE
    state = text("en maintenance" if maintenance else "indisponible")
    return text(
        "%(names)s : %(state)s, de nouveau, depuis %(since)s d’après nos relevés. Toujours en "
        "cours, constatable maintenant."
        if facts.notice.again
        else "%(names)s : %(state)s depuis %(since)s d’après nos relevés. Toujours en cours, "
        "constatable maintenant.",
        names=_names(facts),
        state=state,
        since=_hour(first.first_fail_at, facts.now, language),
    )


def _closed_lead(facts: IncidentFacts) -> str:
    language, text = facts.language, facts.language.text
    start = min(outage.first_fail_at for outage in facts.outages)
    ends = [outage.first_ok_at for outage in facts.outages if outage.first_ok_at]
    longest = [outage.longest_s for outage in facts.outages]
    length = text(
        "au moins %(least)s",
        least=language.duration(max(outage.shortest_s for outage in facts.outages)),
    )
    if all(longest):
        most = language.duration(max(one for one in longest if one), up=True)
        length = text("%(least)s et au plus %(most)s", least=length, most=most)
    names, since = _names(facts), _hour(start, facts.now, language)
    if not ends:
        return text(
            "%(names)s : indisponible à partir de %(since)s ; %(length)s.",
            names=names,
            since=since,
            length=length,
        )
    return text(
        "%(names)s : indisponible à partir de %(since)s, accessible de nouveau depuis %(end)s ; "
        "%(length)s.",
        names=names,
        since=since,
        end=_hour(max(ends), facts.now, language),
        length=length,
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
    language, lasting = facts.language, _lasting_ones(facts)
    lines = [
        line(
            language.text(
                "À regarder, %(name)s : %(reason)s",
                name=language.foreign(facts.targets[outage.target].name),
                reason=language.message(sentences.REASONS[outage.reason]),
            ),
            facts.targets[outage.target].url,
        )
        for outage in lasting[:LOOKED_AT]
    ]
    if len(lasting) > LOOKED_AT:
        rest = language.count(len(lasting) - LOOKED_AT, "autre")
        lines.append(line(language.text("et %(rest)s, sur la fiche", rest=rest)))
    return tuple(lines)


def _facts(facts: IncidentFacts) -> tuple[LetterLine, ...]:
    language, text = facts.language, facts.language.text
    lines = [
        line(
            text(
                "%(name)s (%(number)s) : %(bounds)s",
                name=language.foreign(facts.targets[outage.target].name),
                number=language.numbered(outage.number),
                bounds=bounds(outage, language),
            )
        )
        for outage in facts.outages[:SHOWN]
    ]
    if len(facts.outages) > SHOWN:
        rest = language.count(len(facts.outages) - SHOWN, "autre")
        lines.append(line(text("et %(rest)s, sur la fiche", rest=rest)))
    lasting = [one.target for one in facts.outages[:SHOWN] if one.first_ok_at is None]
    lines += point_lines(lasting, facts.common, facts.targets, language)
    lines += [
        line(
            text(
                "Nous n’avons pas pu mesurer de %(start)s à %(end)s.",
                start=_hour(gap.from_at, facts.now, language),
                end=_hour(gap.to_at, facts.now, language),
            )
        )
        for gap in facts.gaps[:SHOWN]
    ]
    return tuple(lines)


def state_word(outages: Sequence[Outage], language: Language = FRENCH) -> str:
    """Return what a subject calls outages that last."""
    maintenance = all(outage.nature is Nature.MAINTENANCE for outage in outages)
    return language.text("Maintenance" if maintenance else "Indisponible")


def bounds(outage: Outage, language: Language = FRENCH) -> str:
    """Return what frames an outage: the last good check before, the first good one after."""
    text, when = language.text, language.when
    framed = text(
        "%(reason)s Dernier relevé correct avant : %(before)s. Premier échec : %(first)s. Dernier "
        "échec : %(last)s. %(checks)s.",
        reason=language.message(sentences.REASONS[outage.reason]),
        before=when(outage.last_ok_at) if outage.last_ok_at else text("jamais relevé"),
        first=when(outage.first_fail_at),
        last=when(outage.last_fail_at),
        checks=language.count(outage.checks, "relevé en échec", "relevés en échec"),
    )
    if outage.first_ok_at is None:
        return text("%(framed)s Pas de relevé correct depuis.", framed=framed)
    return text(
        "%(framed)s Premier relevé correct après : %(after)s.",
        framed=framed,
        after=when(outage.first_ok_at),
    )


def _names(facts: IncidentFacts) -> str:
    names = (facts.targets[outage.target].name for outage in _lasting_ones(facts))
    return named(names, facts.language)


def named(names: Iterable[str], language: Language = FRENCH) -> str:
    """Return the first of some names, and how many there are besides; each counts once."""
    first, *others = dict.fromkeys(names)
    if not others:
        return language.foreign(first)
    rest = language.count(len(others), "autre adresse", "autres adresses")
    return language.text("%(name)s et %(rest)s", name=language.foreign(first), rest=rest)


def _hour(at: datetime, now: datetime, language: Language) -> str:
    """Return "14 h 02", with its day unless that is today, in Paris time."""
    hour, local = language.hour_minute(at), at.astimezone(PARIS)
    if local.date() == now.astimezone(PARIS).date():
        return hour
    return language.text("%(hour)s le %(day)s", hour=hour, day=language.short_day(local))


def _lasting(hours: int, language: Language) -> str:
    days = timedelta(hours=hours).days
    return language.count(days, "jour") if days else language.text("%(h)s h", h=hours)
