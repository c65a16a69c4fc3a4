"""`vigie at`: whether a target was reachable at an instant, by the checks on both sides of it."""

from argparse import Namespace
from datetime import datetime
from typing import Any

from monitor.attest.point_reader import PointReader
from monitor.cli.gap_log import gap_described
from monitor.cli.log_forms import LogForm, write_french_csv
from monitor.cli.outage_log import RETIRED, titled
from monitor.cli.parsing import Commands, folders, say
from monitor.cli.records import form_options, instant, the_record, write_csv
from monitor.cli.target_choice import readable_config, require
from monitor.core.french.at_sentences import RELATIONS, distance, sentence
from monitor.core.french.figure_sentences import outage_frame
from monitor.core.french.formatting import count, numbered, when
from monitor.core.french.labels import GAPS, NATURES
from monitor.core.french.point_sentences import BLIND, common_word
from monitor.core.french.sentences import REASONS, VERDICTS
from monitor.core.model import Controls, Incident, Outage
from monitor.core.outages.at import CitedCheck, InstantAnswer
from monitor.core.outages.fold import FAILING
from monitor.core.points.combine import CommonWord
from monitor.figures import log_shapes
from monitor.figures.recorded_targets import RecordedTargets
from monitor.figures.target_at_instant import TargetAtInstant, answer_of, seconds_apart
from monitor.figures.word_at_instant import common_at
from monitor.runtime.clock import SystemClock


def add(commands: Commands) -> None:
    """Add the command."""
    at = commands.add_parser("at", help="ce qui a été relevé d’une cible autour d’un instant")
    folders(at)
    at.add_argument("target", metavar="CIBLE", help="son identifiant, par exemple prefecture-93")
    at.add_argument(
        "at", type=instant, metavar="INSTANT", help="AAAA-MM-JJTHH:MM[:SS], heure de Paris"
    )
    form_options(at)
    at.set_defaults(run=run_at)


def run_at(args: Namespace) -> int:
    """Print what can be said; return 1 when nothing can."""
    with the_record(args) as (store, known):
        target = require(known, args.target)
        now = SystemClock().now()
        answer = answer_of(store, known, target, args.at, now=now)
        common = at_all_points(args, answer, known, now)
    form = _form(known)
    match args.format:
        case "json":
            say({**form.as_json(answer), **({"points": _points_json(common)} if common else {})})
        case "csv":
            write_csv([_flat(form.as_json(answer))], names=form.fields)
        case "csv-fr":
            write_french_csv(form.columns, [answer], instants=form.instants)
        case _:
            print(form.describe(answer))
            if common:
                print("\n".join(_points_described(common)))
    return 0 if answer.answer.verdict is not None else 1


def at_all_points(
    args: Namespace,
    own: TargetAtInstant,
    known: RecordedTargets,
    now: datetime,
) -> CommonWord | None:
    """Return what all points say of the instant; None without other points."""
    config = readable_config(args)
    if config is None or not config.points:
        return None
    others = PointReader(config, args.data).others()
    return common_at(own, config.publisher.association, others, known, now=now)


def _points_json(common: CommonWord) -> dict[str, Any]:
    return {
        "agreement": common.agreement.value,
        "verdict": common.verdict.value if common.verdict else None,
        "sentence": common_word(common),
        "points": [
            {
                "point": word.point,
                "operator": word.operator,
                "verdict": word.verdict.value,
                "at": log_shapes.utc(word.at) if word.at else None,
                "blind": word.blind.value if word.blind else None,
            }
            for word in common.words
        ],
    }


def _points_described(common: CommonWord) -> list[str]:
    lines = ["", f"Vu de tous les points : {common_word(common)}."]
    for word in common.words:
        text = BLIND[word.blind] if word.blind else VERDICTS[word.verdict]
        at = f", relevé du {when(word.at)}" if word.at else ""
        lines.append(f"  {word.point} ({word.operator}) : {text}{at}")
    return lines


def _form(known: RecordedTargets) -> LogForm[TargetAtInstant]:
    return LogForm(
        name="at",
        fields=(
            "target",
            "name",
            "url",
            "department",
            "platform",
            "point",
            "at",
            "verdict",
            "why",
            "sentence",
            *(f"before_{name}" for name in _CHECK_FIELDS),
            *(f"after_{name}" for name in _CHECK_FIELDS),
            "outage_number",
            "incident_number",
            "gap_number",
        ),
        as_json=log_shapes.at_instant,
        columns=(
            ("Cible", lambda one: one.target.name),
            ("Identifiant", lambda one: one.target.slug),
            ("Adresse", lambda one: one.target.url),
            ("Point de mesure", lambda one: one.point),
            ("Instant demandé", lambda one: one.answer.at),
            ("Réponse", lambda one: _word(one.answer)),
            ("Explication", lambda one: sentence(one.answer)),
            ("Relevé avant", lambda one: _at(one.answer.around.before)),
            (
                "Écart avant (secondes)",
                lambda one: _distance(one, one.answer.around.before),
            ),
            ("État avant", lambda one: _state(one.answer.around.before)),
            ("Feuille du relevé avant", lambda one: _leaf(one.answer.around.before)),
            ("Relevé après", lambda one: _at(one.answer.around.after)),
            (
                "Écart après (secondes)",
                lambda one: _distance(one, one.answer.around.after),
            ),
            ("État après", lambda one: _state(one.answer.around.after)),
            ("Feuille du relevé après", lambda one: _leaf(one.answer.around.after)),
            (
                "Indisponibilité",
                lambda one: one.answer.outage.number if one.answer.outage else None,
            ),
            ("Incident", lambda one: one.incident.number if one.incident else None),
            ("Lacune", lambda one: one.answer.gap.number if one.answer.gap else None),
            (
                "Cause de la lacune",
                lambda one: GAPS[one.answer.gap.cause] if one.answer.gap else None,
            ),
        ),
        instants=frozenset({"Instant demandé", "Relevé avant", "Relevé après"}),
        describe=lambda one: _described(one, known),
        ending=str,
    )


def _word(reply: InstantAnswer) -> str:
    return VERDICTS[reply.verdict] if reply.verdict else "nous ne pouvons pas le dire"


def _at(cited: CitedCheck | None) -> datetime | None:
    return cited.check.at if cited else None


def _distance(one: TargetAtInstant, cited: CitedCheck | None) -> float | None:
    return seconds_apart(one.answer, cited)


def _state(cited: CitedCheck | None) -> str | None:
    return VERDICTS[cited.check.verdict] if cited else None


def _leaf(cited: CitedCheck | None) -> int | None:
    return cited.number if cited else None


_CHECK_FIELDS = ("number", "at", "distance_s", "verdict", "reason", "rule", "status")


def _flat(whole: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of both checks beside the others, for a table."""
    numbers = {
        f"{name}_number": whole[name]["number"] if whole[name] else None
        for name in ("outage", "gap")
    }
    checks = {
        f"{side}_{name}": whole[side][name] if whole[side] else None
        for side in ("before", "after")
        for name in _CHECK_FIELDS
    }
    return {**whole, **numbers, **checks}


def _described(one: TargetAtInstant, known: RecordedTargets) -> str:
    reply, target = one.answer, one.target
    around = reply.around
    lines = [titled(target), *([f"  {target.url}"] if target.url else [])]
    lines += [f"  {RETIRED}"] if target.watched is False else []
    lines += [f"  instant demandé : {when(reply.at)}", "", sentence(reply), ""]
    lines += _check_lines("Relevé avant", reply, around.before)
    if around.telling_before != around.before:
        lines += _check_lines("Dernier relevé avant qui dit l’état", reply, around.telling_before)
    lines += _check_lines("Relevé après", reply, around.after)
    if around.telling_after != around.after:
        lines += _check_lines("Premier relevé après qui dit l’état", reply, around.telling_after)
    if reply.gap:
        lines.append(gap_described(reply.gap, known))
    if reply.outage:
        lines += _outage_lines(reply, reply.outage, one.incident)
    elif reply.verdict in FAILING:
        lines.append("Cet échec n’est pas confirmé : aucune indisponibilité n’a été ouverte.")
    lines += [
        "",
        (
            f"Un relevé vaut jusqu’au suivant, et {int(reply.hold.total_seconds())} s au plus. Les "
            f"relevés partent du point de mesure « {one.point} » :"
        ),
        "un visiteur placé ailleurs a pu voir autre chose.",
    ]
    return "\n".join(lines)


def _check_lines(head: str, reply: InstantAnswer, cited: CitedCheck | None) -> list[str]:
    if cited is None:
        return [f"{head} : aucun"]
    check = cited.check
    status = f" (code {check.status})" if check.status else ""
    return [
        f"{head}, {distance(check.at, reply.at)} : {VERDICTS[check.verdict]}{status}",
        f"  le {when(check.at)}, feuille {numbered(cited.number)}",
        f"  {REASONS[check.reason]}",
        f"  {_controls(check.controls, check.at)}",
    ]


def _controls(controls: Controls | None, at: datetime) -> str:
    if controls is None:
        return "témoins de notre connexion : pas de contrôle connu"
    return (
        f"témoins de notre connexion : {controls.ok} sur {controls.asked} répondaient "
        f"({count(controls.needed, 'attendu')}), au contrôle fait {distance(controls.at, at)}"
    )


def _outage_lines(reply: InstantAnswer, outage: Outage, incident: Incident | None) -> list[str]:
    lines = [
        (
            f"{NATURES[outage.nature].capitalize()} {numbered(outage.number)} : "
            f"{outage_frame(outage)}"
        ),
    ]
    if reply.relation:
        lines.append(f"  {RELATIONS[reply.relation]}")
    if incident:
        lines.append(f"  incident {numbered(incident.number)}")
    return lines
