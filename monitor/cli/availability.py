"""`vigie availability`: how long each state lasted, and how sure that is."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN
from fractions import Fraction
from typing import Any

from monitor.cli.log_forms import Column, write_french_csv
from monitor.cli.parsing import CommandRefused, Commands, say
from monitor.cli.records import instant, log_options, record_of, require_span, write_csv
from monitor.cli.target_choice import readable_config, recorded
from monitor.core.french import figure_sentences as french
from monitor.core.french.formatting import count, numbered, rounded, when
from monitor.core.model import Verdict
from monitor.core.outages.span_figures import Availability, Scope, ScopeKind, compared
from monitor.core.outages.time_accounts import Account, Bound, microseconds
from monitor.core.outages.time_accounts import instant as instant_of
from monitor.figures import shapes
from monitor.figures.answers import Basis, Division, FigureQuestion, QuestionRefused, availabilities
from monitor.figures.configured import basis_of
from monitor.figures.scopes import Scopes
from monitor.runtime.clock import SystemClock
from monitor.store import Store

MOST_NUMBERS = 12  # outages cited one by one in a table
PLACES = 3  # of a percentage, in a spreadsheet
_ROUNDING = {Bound.LOW: ROUND_FLOOR, Bound.HIGH: ROUND_CEILING}


def add(commands: Commands) -> None:
    """Add the command."""
    figures = commands.add_parser(
        "availability", help="les taux de disponibilité, leurs bornes et leur couverture"
    )
    log_options(figures)
    scope_options(figures)
    figures.add_argument(
        "--compare",
        nargs=2,
        type=instant,
        metavar="DATE",
        help="aussi une seconde période, du premier instant au second, et ce que les deux disent",
    )
    figures.add_argument(
        "--point", metavar="POINT", help="d’après le journal d’un autre point, que nous suivons"
    )
    figures.set_defaults(run=show)


def scope_options(parser: ArgumentParser) -> None:
    """Add the sets that only figures know, beside targets, platforms and departments, and bins."""
    parser.add_argument("--component", metavar="COMPOSANT", help="un composant de l’ANEF")
    parser.add_argument("--anef", action="store_true", help="l’ANEF dans son ensemble")
    parser.add_argument("--prefectures", action="store_true", help="toutes les préfectures")
    parser.add_argument("--each", action="store_true", help="aussi chaque cible de l’ensemble")
    parser.add_argument(
        "--by",
        choices=[division.value for division in Division],
        help="aussi par jour, semaine, mois, heure, heures d’ouverture ou date du droit",
    )


def show(args: Namespace) -> int:
    """Print the availability of each scope that was asked for; 1 when nothing is known of any."""
    require_span(args)
    with record_of(args) as store:
        questions, basis = questions_of(args, store, compared_to=args.compare)
        answers = list(availabilities(store, questions, basis))
    answers.sort(key=lambda answer: not answer.enough)  # those without a rate come last
    _print(args, answers, pairs=bool(args.compare))
    return 0 if any(answer.account.known_us for answer in answers) else 1


def questions_of(
    args: Namespace, store: Store, *, compared_to: Sequence[datetime] | None = None
) -> tuple[list[FigureQuestion], Basis]:
    """Return a question for each scope that was asked for, and what to answer it with.

    `compared_to` is a second span that is asked of each. Raises CommandRefused.
    """
    now = microseconds(SystemClock().now())
    config = readable_config(args)
    known = recorded(store, config).by_slug
    scopes = Scopes(known, config.figures.components if config else ())
    chosen = list(dict.fromkeys(_chosen(args, scopes)))
    first = min((at for at, _ in store.watched().values()), default=None)
    if first is None:
        raise CommandRefused("Aucun relevé n’est encore au registre.")
    spans = [(args.since or first, args.until)]
    if compared_to:
        spans.append((compared_to[0], compared_to[1]))
    questions = [
        _question(args, scope, microseconds(since), microseconds(until) if until else now, now=now)
        for scope in chosen
        for since, until in spans
    ]
    return questions, basis_of(config.figures) if config else Basis()


def _question(args: Namespace, scope: Scope, since: int, until: int, *, now: int) -> FigureQuestion:
    try:
        division = Division(args.by) if args.by else None
        return FigureQuestion(scope=scope, since=since, until=until, now=now, division=division)
    except QuestionRefused as error:
        raise CommandRefused(f"Période refusée : {error}.") from None


def _chosen(args: Namespace, scopes: Scopes) -> Iterator[Scope]:
    """Yield the scopes that were asked for; those that a reader asks of first when none was.

    Raises:
        CommandRefused: one of them names nothing.

    """
    wanted: list[tuple[ScopeKind, str, str]] = [
        (ScopeKind.TARGET, slug, f"--target : {slug}") for slug in args.target or ()
    ]
    for kind, slug in (
        (ScopeKind.COMPONENT, args.component),
        (ScopeKind.PLATFORM, args.platform),
        (ScopeKind.DEPARTMENT, args.department),
    ):
        if slug:
            wanted.append((kind, slug, f"--{kind.value} : {slug}"))
    wanted += [(ScopeKind.ANEF, "", "--anef")] * args.anef
    wanted += [(ScopeKind.PREFECTURES, "", "--prefectures")] * args.prefectures
    selected: list[Scope] = [] if wanted else scopes.public() or scopes.every(ScopeKind.TARGET)
    for kind, slug, option in wanted:
        scope = scopes.find(kind, slug)
        if scope is None:
            names = ", ".join(one.slug for one in scopes.every(kind)[:MOST_NUMBERS])
            known = f" ; connus : {names}" if names else ""
            raise CommandRefused(f"{option} : rien de ce nom{known}")
        selected.append(scope)
    for scope in selected:
        yield scope
        if args.each and scope.kind is not ScopeKind.TARGET:
            yield from filter(None, (scopes.find(ScopeKind.TARGET, slug) for slug in scope.targets))


def _print(args: Namespace, answers: Sequence[Availability], *, pairs: bool) -> None:
    if args.format == "json":
        say([shapes.availability(answer) for answer in answers])
    elif args.format == "csv":
        write_csv([row for answer in answers for row in rows(answer)], names=FIELDS)
    elif args.format == "csv-fr":
        figures = [figure for answer in answers for figure in sheet(answer)]
        write_french_csv(COLUMNS, figures, instants=frozenset({"du", "au"}))
    else:
        if args.point:
            print(f"D’après le journal du point « {args.point} » :", end="\n\n")
        for answer in answers:
            print("\n".join(lines(answer)), end="\n\n")
        if pairs:
            by_scope: dict[Scope, list[Availability]] = {}
            for answer in answers:
                by_scope.setdefault(answer.scope, []).append(answer)
            for scope, both in by_scope.items():
                one, other = sorted(both, key=lambda answer: answer.since)
                print(f"{scope.name} : {french.OVERLAPS[compared(one, other).overlap]}.")


FIELDS = (
    *("scope", "slug", "name", "from", "to", "part"),
    *("availability", "availability_low", "availability_high"),
    *("availability_extreme_low", "availability_extreme_high", "coverage", "enough_coverage"),
    *("span_us", "known_us", "up_us", "degraded_us", "down_us", "maintenance_us"),
    *("blocked_us", "unknown_us", "checks", "failures", "rulesets"),
    *("announced_us", "unannounced_availability"),
    *("unannounced_availability_low", "unannounced_availability_high"),
)


SheetRow = tuple[Availability, str, Account]


def sheet(answer: Availability) -> Iterator[SheetRow]:
    """Yield the whole span, then its parts, for a French spreadsheet."""
    yield answer, "", answer.account
    for part in answer.parts:
        yield answer, french.PARTS.get(part.label, part.label), part.account


def _percent(account: Account, bound: Bound, least: Fraction) -> float | str | None:
    """Return a percentage; where too little is known, that in place of the rate, and no bounds."""
    ratio = account.ratio(bound)
    if ratio is None:
        return None
    if account.coverage < least:
        return french.rate(account, enough=False) if bound is Bound.CENTRAL else None
    return float(rounded(ratio, _ROUNDING.get(bound, ROUND_HALF_EVEN), places=PLACES))


def _coverage(account: Account) -> float:
    return float(rounded(account.coverage, ROUND_FLOOR, places=PLACES))


def _outside_percent(answer: Availability) -> float | str | None:
    outside = answer.unannounced
    return None if outside is None else _percent(outside, Bound.CENTRAL, answer.coverage_min)


def _counted(row: SheetRow, of_whole: int, of_part: int) -> int | None:
    """Return a number of checks; None for a part of which it is not known."""
    answer, part, _ = row
    if not part:
        return of_whole
    return of_part if answer.parts_counted else None


def _seconds(us: int) -> float:
    return us / 1_000_000


COLUMNS: Sequence[Column[SheetRow]] = (
    ("ensemble", lambda row: row[0].scope.name),
    ("identifiant", lambda row: row[0].scope.slug),
    ("du", lambda row: instant_of(row[0].since)),
    ("au", lambda row: instant_of(row[0].until)),
    ("détail", lambda row: row[1]),
    ("disponible (%)", lambda row: _percent(row[2], Bound.CENTRAL, row[0].coverage_min)),
    ("au moins (%)", lambda row: _percent(row[2], Bound.LOW, row[0].coverage_min)),
    ("au plus (%)", lambda row: _percent(row[2], Bound.HIGH, row[0].coverage_min)),
    ("couverture (%)", lambda row: _coverage(row[2])),
    ("indisponible (secondes)", lambda row: _seconds(row[2].us(Verdict.DOWN))),
    ("en maintenance (secondes)", lambda row: _seconds(row[2].us(Verdict.MAINTENANCE))),
    (
        "indisponible ou en maintenance, au moins (secondes)",
        lambda row: _seconds(row[2].unavailable_us(Bound.HIGH)),
    ),
    (
        "indisponible ou en maintenance, au plus (secondes)",
        lambda row: _seconds(row[2].unavailable_us(Bound.LOW)),
    ),
    ("indéterminé (secondes)", lambda row: _seconds(row[2].us(Verdict.UNKNOWN))),
    ("accès refusé à la sonde (secondes)", lambda row: _seconds(row[2].us(Verdict.BLOCKED))),
    ("relevés", lambda row: _counted(row, row[0].checks, row[2].checks)),
    ("relevés en échec", lambda row: _counted(row, row[0].failures, row[2].failures)),
    (
        "maintenance annoncée (secondes)",
        lambda row: None if row[1] else _seconds(row[0].announced_us),
    ),
    ("hors maintenance annoncée (%)", lambda row: None if row[1] else _outside_percent(row[0])),
    ("règles", lambda row: " ".join(row[0].rulesets)),
)


def rows(answer: Availability) -> Iterator[dict[str, Any]]:
    """Yield the line of the whole span, then that of each of its parts."""
    checks = {"checks": answer.checks, "failures": answer.failures}
    yield _row(answer, "", answer.account) | checks | _outside(answer)
    unknown = {} if answer.parts_counted else {"checks": None, "failures": None}
    for part in answer.parts:
        yield _row(answer, part.label, part.account) | unknown


def _outside(answer: Availability) -> dict[str, Any]:
    outside = answer.unannounced
    ratios = {bound: shapes.ratio(outside.ratio(bound)) if outside else None for bound in Bound}
    return {
        "announced_us": answer.announced_us,
        "unannounced_availability": ratios[Bound.CENTRAL],
        "unannounced_availability_low": ratios[Bound.LOW],
        "unannounced_availability_high": ratios[Bound.HIGH],
    }


def _row(answer: Availability, part: str, account: Account) -> dict[str, Any]:
    ratios = {bound: shapes.ratio(account.ratio(bound)) for bound in Bound}
    return {
        "scope": answer.scope.kind.value,
        "slug": answer.scope.slug,
        "name": answer.scope.name,
        "from": shapes.utc(answer.since),
        "to": shapes.utc(answer.until),
        "part": part,
        "availability": ratios[Bound.CENTRAL],
        "availability_low": ratios[Bound.LOW],
        "availability_high": ratios[Bound.HIGH],
        "availability_extreme_low": ratios[Bound.EXTREME_LOW],
        "availability_extreme_high": ratios[Bound.EXTREME_HIGH],
        "coverage": shapes.ratio(account.coverage),
        "enough_coverage": account.coverage >= answer.coverage_min,
        "span_us": account.span_us,
        "known_us": account.known_us,
        **{f"{verdict.value}_us": us for verdict, us in account.by_verdict.items()},
        "checks": account.checks,
        "failures": account.failures,
        "rulesets": " ".join(answer.rulesets),
    }


def lines(answer: Availability) -> Iterator[str]:
    """Yield an answer as a person reads it."""
    account, outages = answer.account, answer.outages
    yield f"{answer.scope.name} ({answer.scope.slug})"
    yield f"  du {when(instant_of(answer.since))}"
    yield f"  au {when(instant_of(answer.until))}"
    if len(answer.scope.targets) > 1:
        how = "toutes nécessaires" if answer.scope.needs_all else "durées additionnées"
        listed = f" : {', '.join(answer.scope.targets)}" if answer.scope.needs_all else ""
        yield f"  {len(answer.scope.targets)} cibles, {how}{listed}"
    yield f"  disponible       : {french.rate(account, enough=answer.enough)}"
    yield f"  couverture       : {french.coverage(account)} de la période, {french.checks(answer)}"
    yield f"  quoi qu’il en soit du temps inconnu : {french.extremes(account)}"
    yield f"  indisponible     : {french.down(account)}"
    yield f"  durées           : {french.by_verdict(account)}"
    yield f"  indisponibilités : {_outages(answer)}"
    if outages.count:
        yield f"    la plus longue : {french.bounds(outages.longest)}"
        yield f"    médiane        : {french.bounds(outages.median)}"
    yield f"  touchés          : {french.days_touched(answer.touched)}"
    if answer.first_check is None:
        yield "  aucun relevé de cette cible n’est au registre"
    elif answer.first_check > answer.since:
        yield f"  aucun relevé avant le {when(instant_of(answer.first_check))}"
    if answer.last_check is not None and answer.last_check < answer.until:
        yield f"  dernier relevé le {when(instant_of(answer.last_check))}"
    yield f"  règles           : {', '.join(answer.rulesets) or 'aucune sur la période'}"
    if answer.unannounced is not None:
        rate = french.rate(answer.unannounced, enough=answer.unannounced_enough)
        yield f"  hors maintenance annoncée : {rate}"
        yield f"    indisponible   : {french.down(answer.unannounced)}"
        yield f"    annoncé avant  : {french.microseconds(answer.announced_us)}"
    for part in answer.parts:
        rate = french.rate(part.account, enough=part.account.coverage >= answer.coverage_min)
        text = f"    {french.part_title(part)} : {rate}"
        text += f" ; couverture {french.coverage(part.account)}"
        if part.account.unavailable_us(Bound.LOW):  # said even where no rate is given
            text += f" ; indisponible {french.down(part.account)}"
        yield text


def _outages(answer: Availability) -> str:
    outages = answer.outages
    if not outages.count:
        return "aucune"
    cited = ", ".join(map(numbered, outages.numbers[:MOST_NUMBERS]))
    more = len(outages.numbers) - MOST_NUMBERS
    text = f"{outages.count}"
    if cited:  # those of another ruleset have no number
        text += f" ({cited}{f' et {more} autres' if more > 0 else ''})"
    if outages.maintenances:
        text += f", dont {count(outages.maintenances, 'maintenance')}"
    return f"{text}, dont {outages.still_open} en cours" if outages.still_open else text
