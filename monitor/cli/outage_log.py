"""`vigie outages` and `vigie incidents`: what was down, between which checks."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.cli.log_forms import LogForm, print_log, print_one
from monitor.cli.parsing import Commands
from monitor.cli.records import (
    log_options,
    number,
    number_option,
    require_span,
    the_record,
)
from monitor.cli.target_choice import require_chosen
from monitor.core.french.figure_sentences import outage_frame
from monitor.core.french.formatting import apart, count, duration, numbered, when
from monitor.core.french.labels import NATURES
from monitor.core.french.sentences import REASONS
from monitor.core.model import Incident, Outage
from monitor.figures import log_shapes
from monitor.figures.coverage import coverage, of_chosen
from monitor.figures.recorded_targets import RecordedTarget, RecordedTargets
from monitor.store import Store

_SILENCE = "Rien n’est dit du temps sans relevé, ni de celui où l’état était indéterminé."


def add(commands: Commands) -> None:
    """Add both commands."""
    log = commands.add_parser("outages", help="le journal des indisponibilités")
    log_options(log)
    log.add_argument("--open", action="store_true", help="seulement celles qui durent encore")
    number_option(log, what="l’indisponibilité")
    log.set_defaults(run=outages)

    groups = commands.add_parser(
        "incidents", help="les indisponibilités d’une même plateforme, réunies"
    )
    log_options(groups)
    groups.add_argument("--open", action="store_true", help="seulement ceux qui durent encore")
    groups.add_argument(
        "--number", type=number, metavar="N", help="l’incident de ce numéro, ou celui où il est"
    )
    groups.set_defaults(run=incidents)


def outages(args: Namespace) -> int:
    """Print the log of outages. Every figure has its bounds."""
    require_span(args)
    with the_record(args) as (store, known):
        form = outage_form(known)
        if args.number is not None:
            return print_one(args, form, store.outages(number=args.number))
        targets = require_chosen(known, args)
        selected = store.outages(targets, args.since, args.until, open_only=args.open)
        covered = coverage(args.since, args.until, of_chosen(store.watched(), targets), known)
    print_log(args, form, selected, covered)
    return 0


FIELDS = (
    "number",
    "target",
    "name",
    "watched",
    "url",
    "department",
    "platform",
    "point",
    "nature",
    "reason",
    "last_ok_at",
    "first_fail_at",
    "confirmed_at",
    "last_fail_at",
    "first_ok_at",
    "recovered_at",
    "shortest_s",
    "longest_s",
    "checks",
    "relapses",
    "open",
)


def outage_form(known: RecordedTargets) -> LogForm[Outage]:
    """Return how outages are written."""
    return LogForm(
        name="outages",
        fields=FIELDS,
        as_json=lambda one: log_shapes.outage(one, known.of(one.target, one.first_fail_at)),
        columns=(
            ("Numéro", lambda one: one.number),
            ("Cible", lambda one: known.of(one.target).name),
            ("Identifiant", lambda one: one.target),
            ("Adresse", lambda one: known.of(one.target, one.first_fail_at).url),
            ("Département", lambda one: known.of(one.target).department),
            ("Plateforme", lambda one: known.platform_name(known.of(one.target).platform or "")),
            ("Point de mesure", lambda one: one.point),
            ("Nature", lambda one: NATURES[one.nature]),
            ("Raison", lambda one: REASONS[one.reason]),
            ("Dernier relevé conforme avant", lambda one: one.last_ok_at),
            ("Premier relevé en échec", lambda one: one.first_fail_at),
            ("Confirmée au relevé", lambda one: one.confirmed_at),
            ("Dernier relevé en échec", lambda one: one.last_fail_at),
            ("Premier relevé conforme après", lambda one: one.first_ok_at),
            ("Durée minimale (secondes)", lambda one: one.shortest_s),
            ("Durée maximale (secondes)", lambda one: one.longest_s),
            ("Relevés en échec", lambda one: one.checks),
            ("Rechutes", lambda one: one.relapses),
            ("Sans fin relevée", lambda one: one.recovered_at is None),
            ("Encore surveillée", lambda one: known.of(one.target).watched),
        ),
        instants=frozenset(
            {
                "Dernier relevé conforme avant",
                "Premier relevé en échec",
                "Confirmée au relevé",
                "Dernier relevé en échec",
                "Premier relevé conforme après",
            }
        ),
        describe=lambda one: outage_described(one, known.of(one.target, one.first_fail_at)),
        ending=lambda number: f"{count(number, 'indisponibilité')} au journal.\n{_SILENCE}",
    )


def outage_described(outage: Outage, target: RecordedTarget) -> str:
    """Return an outage for a reader, on several lines."""
    before = when(outage.last_ok_at) if outage.last_ok_at else "aucun"
    after = when(outage.first_ok_at) if outage.first_ok_at else "aucun à ce jour"
    longest = "inconnue"
    if outage.last_ok_at and outage.first_ok_at:
        longest = duration(apart(outage.last_ok_at, outage.first_ok_at))
    shortest = duration(apart(outage.first_fail_at, outage.last_fail_at))
    return "\n".join(
        (
            f"{NATURES[outage.nature].capitalize()} {numbered(outage.number)} : {titled(target)}",
            *([f"  {target.url}"] if target.url else []),
            *([f"  {RETIRED}"] if target.watched is False else []),
            f"  {REASONS[outage.reason]}",
            f"  dernier relevé conforme avant : {before}",
            f"  premier relevé en échec       : {when(outage.first_fail_at)}",
            f"  dernier relevé en échec       : {when(outage.last_fail_at)}",
            f"  premier relevé conforme après : {after}",
            f"  durée minimale : {shortest} ; durée maximale : {longest}",
            f"  {count(outage.checks, 'relevé')} en échec",
        )
    )


RETIRED = "cible retirée de la liste, plus relevée"


def titled(target: RecordedTarget) -> str:
    """Return the name of a target, and in brackets its identifier where that is another."""
    return target.name if target.name == target.slug else f"{target.name} ({target.slug})"


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeIncident:
    """An incident with its outages, in order."""

    incident: Incident
    outages: tuple[Outage, ...]


def incidents(args: Namespace) -> int:
    """Print the log of incidents, each with its outages."""
    require_span(args)
    with the_record(args) as (store, known):
        form = _incident_form(known)
        if args.number is not None:
            return print_one(args, form, _whole(store, store.incidents(number=args.number)))
        targets = require_chosen(known, args)
        selected = [
            incident
            for incident in store.incidents(args.since, args.until, open_only=args.open)
            if any(target in targets for target, _ in incident.outages)
        ]
        whole = _whole(store, selected)
        covered = coverage(args.since, args.until, of_chosen(store.watched(), targets), known)
    print_log(args, form, whole, covered)
    return 0


def _whole(store: Store, incidents: Sequence[Incident]) -> tuple[WholeIncident, ...]:
    targets = {target for one in incidents for target, _ in one.outages}
    starts = [at for one in incidents for _, at in one.outages]
    by_name: Mapping[tuple[str, datetime], Outage] = {
        (one.target, one.first_fail_at): one
        for one in (store.outages(targets, min(starts)) if starts else ())
    }
    return tuple(
        WholeIncident(
            incident=one, outages=tuple(by_name[name] for name in one.outages if name in by_name)
        )
        for one in incidents
    )


def _incident_form(known: RecordedTargets) -> LogForm[WholeIncident]:
    return LogForm(
        name="incidents",
        fields=(
            "number",
            "platform",
            "point",
            "opened_at",
            "closed_at",
            "open",
            "targets",
            "outage_numbers",
        ),
        as_json=lambda one: _incident_json(one, known),
        columns=(
            ("Numéro", lambda one: one.incident.number),
            ("Plateforme", lambda one: known.platform_name(one.incident.platform)),
            ("Point de mesure", lambda one: one.incident.point),
            ("Premier relevé en échec", lambda one: one.incident.opened_at),
            ("Rétablissement de la dernière cible", lambda one: one.incident.closed_at),
            ("Sans fin relevée", lambda one: one.incident.closed_at is None),
            ("Cibles touchées", lambda one: len({name for name, _ in one.incident.outages})),
            ("Cibles", lambda one: ", ".join(known.of(o.target).name for o in one.outages)),
            (
                "Indisponibilités",
                lambda one: ", ".join(str(o.number) for o in one.outages if o.number is not None),
            ),
        ),
        instants=frozenset({"Premier relevé en échec", "Rétablissement de la dernière cible"}),
        describe=lambda one: _incident_described(one, known),
        ending=lambda number: (
            f"{count(number, 'incident')} au journal. Un incident réunit les indisponibilités "
            f"d’une même plateforme qui se recouvrent.\n{_SILENCE}"
        ),
    )


def _incident_json(one: WholeIncident, known: RecordedTargets) -> dict[str, Any]:
    targets = {target: known.of(target, at) for target, at in one.incident.outages}
    name = known.platform_name(one.incident.platform)
    return log_shapes.incident(one.incident, name, one.outages, targets)


def _incident_described(one: WholeIncident, known: RecordedTargets) -> str:
    incident = one.incident
    after = when(incident.closed_at) if incident.closed_at else "aucune fin relevée à ce jour"
    lines = [
        (
            f"Incident {numbered(incident.number)} : {known.platform_name(incident.platform)}, "
            f"{count(len({target for target, _ in incident.outages}), 'cible')}"
        ),
        f"  premier relevé en échec             : {when(incident.opened_at)}",
        f"  rétablissement de la dernière cible : {after}",
    ]
    for outage in one.outages:
        target = known.of(outage.target)
        lines.append(
            f"  {NATURES[outage.nature]} {numbered(outage.number)} : {titled(target)}, "
            f"{outage_frame(outage)}"
        )
    return "\n".join(lines)
