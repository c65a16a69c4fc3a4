"""`vigie gaps`: the checks that were planned and not made, and why."""

from argparse import Namespace

from monitor.cli.log_forms import LogForm, print_log, print_one
from monitor.cli.outage_log import titled
from monitor.cli.parsing import Commands
from monitor.cli.records import (
    log_options,
    number_option,
    require_span,
    the_record,
)
from monitor.cli.target_choice import require_chosen
from monitor.core.french.formatting import count, numbered, when
from monitor.core.french.labels import GAPS
from monitor.core.model import Gap
from monitor.figures import log_shapes
from monitor.figures.coverage import coverage, of_chosen
from monitor.figures.recorded_targets import RecordedTargets
from monitor.store.reads.question import DAWN, DUSK

_EVERY = "toutes les cibles"


def add(commands: Commands) -> None:
    """Add the command."""
    log = commands.add_parser("gaps", help="nos lacunes : relevés prévus et non faits, et pourquoi")
    log_options(log)
    number_option(log, what="la lacune")
    log.set_defaults(run=gaps)


def gaps(args: Namespace) -> int:
    """Print the log of gaps: of the chosen targets, and of the whole point."""
    require_span(args)
    with the_record(args) as (store, known):
        form = _gap_form(known)
        if args.number is not None:
            return print_one(args, form, store.gaps(DAWN, DUSK, number=args.number))
        targets = require_chosen(known, args)
        selected = [
            gap
            for gap in store.gaps(args.since or DAWN, args.until or DUSK)
            if not gap.target or gap.target in targets
        ]
        covered = coverage(args.since, args.until, of_chosen(store.watched(), targets), known)
    print_log(args, form, selected, covered)
    return 0


def _gap_form(known: RecordedTargets) -> LogForm[Gap]:
    return LogForm(
        name="gaps",
        fields=(
            "number",
            "target",
            "name",
            "department",
            "platform",
            "point",
            "from_at",
            "to_at",
            "slots",
            "cause",
        ),
        as_json=lambda gap: log_shapes.gap(gap, known.of(gap.target) if gap.target else None),
        columns=(
            ("Numéro", lambda gap: gap.number),
            ("Cible", lambda gap: known.of(gap.target).name if gap.target else _EVERY),
            ("Identifiant", lambda gap: gap.target),
            ("Département", lambda gap: known.of(gap.target).department),
            ("Plateforme", lambda gap: known.platform_name(known.of(gap.target).platform or "")),
            ("Point de mesure", lambda gap: gap.point),
            ("Début", lambda gap: gap.from_at),
            ("Fin", lambda gap: gap.to_at),
            ("Relevés prévus et non faits", lambda gap: gap.slots),
            ("Cause", lambda gap: GAPS[gap.cause]),
        ),
        instants=frozenset({"Début", "Fin"}),
        describe=lambda gap: gap_described(gap, known),
        ending=lambda number: (
            f"{count(number, 'lacune')} au journal. Le temps d’une lacune est indéterminé : il ne "
            "compte ni comme disponible, ni comme indisponible."
        ),
    )


def gap_described(gap: Gap, known: RecordedTargets) -> str:
    """Return a gap for a reader, on several lines."""
    return "\n".join(
        (
            (
                f"Lacune {numbered(gap.number)} : "
                f"{titled(known.of(gap.target)) if gap.target else _EVERY}"
            ),
            f"  du {when(gap.from_at)}",
            f"  au {when(gap.to_at)}, exclu",
            (
                f"  {GAPS[gap.cause]} ; "
                f"{count(gap.slots, 'relevé prévu et non fait', 'relevés prévus et non faits')}"
            ),
        )
    )
