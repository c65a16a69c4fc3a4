"""The terminal view of the demo, as plain text. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from monitor.core.changes.change_log import ChangeRecord
from monitor.core.french.formatting import apart, clock_time, count, duration
from monitor.core.french.page_event_sentences import EXPLAINED
from monitor.core.french.point_sentences import common_word
from monitor.core.french.sentences import REASONS, VERDICTS
from monitor.core.model import Outage, State, Target
from monitor.core.points.combine import Agreement, CommonWord
from monitor.core.state_looks import STATE_LOOKS
from monitor.demo.scenario import Scene, ends_s

_NAME, _STATE, _SINCE, _PATH = 30, 28, 10, 16  # columns
# Once the scenes are over, every one of these pages has something on it.
WORTH_SEEING = {
    "": "l’état, les incidents, les modifications, nos lacunes",
    "incidents": "chaque incident : ses bornes, ce qui s’affichait, sa citation",
    "modifications": "ce que les pages disaient, puis disent",
    "departements": "la carte, et chaque département",
    "disponibilite": "les chiffres, leurs bornes et leur couverture",
    "verifier": "une date, un numéro, un dossier, un fichier",
    "releve": "les pièces d’un dossier, à demander",
}


def render(  # noqa: PLR0913 -- all that is shown, named at the call
    *,
    targets: Sequence[Target],
    states: Mapping[str, State],
    outages: Sequence[Outage],
    changes: Sequence[ChangeRecord],
    scenes: Sequence[Scene],
    words: Mapping[str, CommonWord],
    second: float,
    now: datetime,
    url: str,
    mail_url: str,
    width: int = 120,
) -> str:
    """Return the whole screen as lines of at most `width` characters, at least 80.

    Args:
        targets: Rows of the table, in order.
        states: By slug; a target without one has not been checked yet.
        outages: Confirmed ones, closed and open, in order of time.
        changes: Announced ones of the pages' texts, in order of time.
        scenes: The scenario.
        words: What all points of measurement say together, by slug.
        second: Seconds since it began.
        now: Aware instant, for the duration of open outages.
        url: Address of the web pages.
        mail_url: Address of the mailbox.
        width: Columns of the terminal.

    """
    lines = [
        f"Vigie ANEF – démonstration, {_progress(second, scenes)}",
        f"Sites simulés, sur cette machine seule. Page : {url} (Ctrl-C pour arrêter)",
        f"Courriels envoyés : {mail_url}",
        "",
        *_worth_seeing(second, scenes, url),
        *_stage(scenes, second),
        _points(words, targets),
        "",
        f"{'Cible':{_NAME}}{'État':{_STATE}}{'Depuis':{_SINCE}}Motif",
        *(_row(target, states.get(target.slug)) for target in targets),
        "",
        *_log(outages, targets, now),
        "",
        *_changed(changes, targets),
    ]
    return "\n".join(_cut(line, max(80, width)) for line in lines) + "\n"


def _progress(second: float, scenes: Sequence[Scene]) -> str:
    last = ends_s(tuple(scenes))
    if second < last:
        return f"{duration(second)} sur {duration(last)}"
    return "scènes terminées ; la surveillance continue"


def _worth_seeing(second: float, scenes: Sequence[Scene], url: str) -> Iterable[str]:
    if second < ends_s(tuple(scenes)):
        return
    yield "À regarder"
    yield from (f"  {url}{path:{_PATH}}{what}" for path, what in WORTH_SEEING.items())
    yield ""


def _stage(scenes: Sequence[Scene], second: float) -> Iterable[str]:
    yield "En scène"
    captions = [scene.caption for scene in scenes if scene.runs(second)]
    yield from (f"  {caption}" for caption in captions)
    if not captions:
        yield "  rien : tous les sites simulés répondent"


def _points(words: Mapping[str, CommonWord], targets: Sequence[Target]) -> str:
    differing = [
        f"{target.name} : {common_word(words[target.slug])}"
        for target in targets
        if target.slug in words and words[target.slug].differs
    ]
    agreed = sum(word.agreement is Agreement.ALL for word in words.values())
    same = f"d’accord sur {count(agreed, 'page')}" if agreed else "aucun état commun en ce moment"
    return f"Trois points de mesure : {' ; '.join(differing) or same}"


def _row(target: Target, state: State | None) -> str:
    name = _cut(target.name, _NAME - 2)
    if state is None or state.verdict is None or state.reason is None or state.since is None:
        return f"{name:{_NAME}}– pas encore de relevé"
    confirmed = ", confirmé" if state.outage else ""
    state_text = f"{STATE_LOOKS[state.verdict].sign} {VERDICTS[state.verdict]}{confirmed}"
    since = clock_time(state.since)
    return f"{name:{_NAME}}{state_text:{_STATE}}{since:{_SINCE}}{REASONS[state.reason]}"


def _log(outages: Sequence[Outage], targets: Sequence[Target], now: datetime) -> Iterable[str]:
    yield "Indisponibilités confirmées"
    names = {target.slug: target.name for target in targets}
    for outage in outages:
        name = _cut(names.get(outage.target, outage.target), _NAME - 2)
        yield f"  {name:{_NAME}}{_span(outage, now)}"
    if not outages:
        yield "  aucune"


def _changed(changes: Sequence[ChangeRecord], targets: Sequence[Target]) -> Iterable[str]:
    yield "Modifications de pages, confirmées par deux relevés"
    names = {target.slug: target.name for target in targets}
    for change in changes:
        name = _cut(names.get(change.target, change.target), _NAME - 2)
        silent = " (date affichée inchangée)" if change.silent else ""
        # A page that is back, as it was, has no difference to sum up.
        words = change.summary or EXPLAINED[change.edge]
        yield f"  {name:{_NAME}}avant {clock_time(change.by_at)}{silent} : {words}"
    if not changes:
        yield "  aucune"


def _span(outage: Outage, now: datetime) -> str:
    first, last = clock_time(outage.first_fail_at), clock_time(outage.last_fail_at)
    if outage.first_ok_at is None:
        so_far = _apart(outage.first_fail_at, now)
        return f"depuis {first}, en cours ({so_far}, {outage.checks} relevés en échec)"
    upper = "maximum inconnu"
    if outage.last_ok_at is not None:
        upper = f"au plus {_apart(outage.last_ok_at, outage.first_ok_at)}"
    shortest = _apart(outage.first_fail_at, outage.last_fail_at)
    checks = f"{outage.checks} relevés en échec"
    return f"échecs de {first} à {last} : au moins {shortest}, {upper}, {checks}"


def _apart(first: datetime, last: datetime) -> str:
    return duration(apart(first, last))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
