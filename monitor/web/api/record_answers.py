"""How each question is answered from the record. The words are those of the commands."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

from monitor.config import Config
from monitor.core.model import Incident, Outage, State
from monitor.core.outages.span_figures import Scope, ScopeKind
from monitor.core.outages.time_accounts import instant, microseconds
from monitor.figures import log_shapes, shapes
from monitor.figures.answers import (
    MAX_SPAN_DAYS,
    Division,
    FigureQuestion,
    QuestionRefused,
    availabilities,
)
from monitor.figures.configured import basis_of
from monitor.figures.coverage import coverage, of_chosen
from monitor.figures.log_shapes import utc
from monitor.figures.recorded_targets import RecordedTarget, RecordedTargets, recorded_targets
from monitor.figures.scopes import Scopes
from monitor.figures.target_at_instant import answer_of
from monitor.web.api.cursors import Place, newest_first, place, read, written
from monitor.web.api.department_map import department_map
from monitor.web.api.interface_reads import InterfaceReads
from monitor.web.api.problem_details import Fault, QuestionFaults
from monitor.web.api.questions import (
    OBSERVED_DAYS,
    AtQuestion,
    AvailabilityQuestion,
    ChangesQuestion,
    GapsQuestion,
    IncidentsQuestion,
    InterfaceQuestion,
    MapQuestion,
    ObservationsQuestion,
    OutagesQuestion,
    Paged,
    Scoped,
    Spanned,
    TargetsQuestion,
)

T = TypeVar("T")
_NAMED = 8  # names that are offered in place of one that is unknown
_PART_DAYS = {Division.DAY: 1, Division.WEEK: 7, Division.MONTH: 28}
MAX_PARTS = 4_000  # of one answer
_KINDS = (ScopeKind.TARGET, ScopeKind.PLATFORM, ScopeKind.DEPARTMENT, ScopeKind.COMPONENT)


class Targets:
    """Every target that can be asked about, and the sets of them."""

    def __init__(self, reads: InterfaceReads, config: Config) -> None:
        plans, states = reads.definitions(), reads.states()
        self.states = {state.target: state for state in states}
        self.known = recorded_targets((state.target for state in states), plans, config)
        self.scopes = Scopes(self.known.by_slug, config.figures.components)
        self._watched = reads.watched

    def span(self, question: Spanned, targets: Iterable[str] | None) -> dict[str, Any]:
        """Return the span that is asked, and what part of it the record can speak of."""
        some = self.known.by_slug if targets is None else targets
        watched = of_chosen(self._watched(), some)
        return coverage(question.since, question.until, watched, self.known).as_json()

    def asked(self, question: Scoped) -> Iterator[Scope]:
        """Yield the scopes that a question names. Raises QuestionFaults for one that is unknown."""
        names = (question.target, question.platform, question.department, question.component)
        for kind, slug in zip(_KINDS, names, strict=True):
            if slug is not None:
                yield self._scope(kind, slug)
        if question.scope is not None:
            yield self._scope(ScopeKind(question.scope), question.scope)

    def _scope(self, kind: ScopeKind, slug: str) -> Scope:
        if kind is ScopeKind.TARGET and slug in self.states:
            # It may have been recorded before plans were.
            name = self.known.of(slug).name
            return Scope(kind=kind, slug=slug, name=name, targets=(slug,))
        scope = self.scopes.find(kind, slug)
        if scope is not None:
            return scope
        names = ", ".join(one.slug for one in self.scopes.every(kind)[:_NAMED])
        parameter = kind.value if kind in _KINDS else "scope"
        cure = f"par exemple : {names} ; tous sont à /api/v1/targets" if names else "le retirer"
        fault = Fault(parameter=parameter, value=slug, reason="rien de ce nom", cure=cure)
        raise QuestionFaults(HTTPStatus.NOT_FOUND, f"{parameter} : rien de ce nom.", fault)

    def chosen(self, question: Scoped) -> tuple[str, ...] | None:
        """Return the targets that belong to all scopes of a question; None for any target."""
        sets = [set(scope.targets) for scope in self.asked(question)]
        return tuple(sorted(set.intersection(*sets))) if sets else None


class Answers:
    """Answers, each from one reading of the record. Every method raises QuestionFaults."""

    def __init__(self, reads: InterfaceReads, config: Config) -> None:
        self._reads = reads
        self._config = config

    def of(self, reads: InterfaceReads) -> "Answers":
        """Return the same from another record, by the same plan."""
        return Answers(reads, self._config)

    def targets(self, question: TargetsQuestion, _: datetime) -> dict[str, Any]:
        targets = Targets(self._reads, self._config)
        chosen = targets.chosen(question)
        after = _after(question)
        left = [
            one
            for slug, one in targets.known.by_slug.items()
            if (chosen is None or slug in chosen) and (after is None or slug > after.name)
        ]
        page = left[: question.limit]
        more = len(left) > len(page)
        return {
            "targets": [_target(one, targets) for one in page],
            "next": _next(question, Place(0, page[-1].slug)) if more else None,
        }

    def map(self, _: MapQuestion, now: datetime) -> dict[str, Any]:
        states = {state.target: state for state in self._reads.states()}
        return department_map(states, self._config, now)

    def observations(self, question: ObservationsQuestion, now: datetime) -> dict[str, Any]:
        if question.target not in Targets(self._reads, self._config).known.by_slug:
            raise _unknown_target(question.target)
        until = question.until or now
        since = question.since or until - timedelta(days=OBSERVED_DAYS)
        _require_span(since, until, OBSERVED_DAYS)
        newest, after = question.order == "newest", _after(question)
        start = since if newest or not after else max(since, after.at + _MICROSECOND)
        end = min(until, after.at) if newest and after else until
        rows = self._reads.numbered_observations(
            question.target, start, end, newest_first=newest, limit=question.limit + 1
        )
        page = rows[: question.limit]
        more = len(rows) > len(page)
        return {
            "from": utc(since),
            "to": utc(until),
            "observations": [log_shapes.observation(check, number) for number, check in page],
            "next": _next(question, place(page[-1][1].at)) if more else None,
        }

    def outages(self, question: OutagesQuestion, now: datetime) -> dict[str, Any]:
        targets = Targets(self._reads, self._config)
        chosen = targets.chosen(question)
        _require_past(question, now)

        def fetch(until: datetime | None, newest: int) -> Sequence[Outage]:
            return self._reads.outages(
                chosen,
                question.since,
                _sooner(question.until, until),
                open_only=question.open,
                newest=newest,
                number=question.number,
            )

        page, end = _log(question, fetch, lambda one: place(one.first_fail_at, one.target))
        return {
            "span": targets.span(question, chosen),
            "outages": [
                log_shapes.outage(one, targets.known.of(one.target, one.first_fail_at))
                for one in page
            ],
            "next": end,
        }

    def incidents(self, question: IncidentsQuestion, now: datetime) -> dict[str, Any]:
        targets = Targets(self._reads, self._config)
        chosen = targets.chosen(question)
        _require_past(question, now)

        def fetch(until: datetime | None, newest: int) -> Sequence[Incident]:
            return self._reads.incidents(
                question.since,
                _sooner(question.until, until),
                open_only=question.open,
                newest=newest,
                number=question.number,
            )

        def belongs(one: Incident) -> bool:
            return chosen is None or any(target in chosen for target, _ in one.outages)

        page, end = _log(
            question, fetch, lambda one: place(one.opened_at, one.platform), chosen=belongs
        )
        return {
            "span": targets.span(question, chosen),
            "incidents": list(self._whole(page, targets.known)),
            "next": end,
        }

    def _whole(self, page: Sequence[Incident], known: RecordedTargets) -> Iterator[dict[str, Any]]:
        """Yield incidents with their outages."""
        names = {name for one in page for name in one.outages}
        outages: dict[tuple[str, datetime], Outage] = {}
        if names:
            first, last = min(at for _, at in names), max(at for _, at in names)
            members = self._reads.outages(
                {target for target, _ in names}, first, last + _MICROSECOND
            )
            outages = {(one.target, one.first_fail_at): one for one in members}
        for one in page:
            whole = [outages[name] for name in one.outages if name in outages]
            named = {target: known.of(target, at) for target, at in one.outages}
            yield log_shapes.incident(one, known.platform_name(one.platform), whole, named)

    def gaps(self, question: GapsQuestion, now: datetime) -> dict[str, Any]:
        targets = Targets(self._reads, self._config)
        chosen = targets.chosen(question)
        _require_past(question, now)
        page, end = _log(
            question,
            lambda until, newest: self._reads.gaps(
                question.since or _DAWN,
                _sooner(question.until, until) or _DUSK,
                targets=chosen,
                newest=newest,
                number=question.number,
            ),
            lambda one: place(one.from_at, one.target),
        )
        return {
            "span": targets.span(question, chosen),
            "gaps": [
                log_shapes.gap(one, targets.known.of(one.target) if one.target else None)
                for one in page
            ],
            "next": end,
        }

    def changes(self, question: ChangesQuestion, now: datetime) -> dict[str, Any]:
        targets = Targets(self._reads, self._config)
        chosen = targets.chosen(question)
        _require_past(question, now)
        if question.number is not None:
            row = self._reads.page_change(question.number)
            page, end = [row[0]] if row else [], None
        else:
            page, end = _log(
                question,
                lambda until, newest: self._reads.page_changes(
                    targets=chosen,
                    since=question.since,
                    until=_sooner(question.until, until),
                    announced_only=not question.every,
                    limit=newest,
                ),
                lambda one: place(one.at, f"{one.number:020}"),
            )
        return {
            "span": targets.span(question, chosen),
            "changes": [
                log_shapes.change(one, targets.known.of(one.target, one.at)) for one in page
            ],
            "next": end,
        }

    def at(self, question: AtQuestion, now: datetime) -> dict[str, Any]:
        known = Targets(self._reads, self._config).known
        if question.target not in known.by_slug:
            raise _unknown_target(question.target)
        target = known.of(question.target)
        return log_shapes.at_instant(answer_of(self._reads, known, target, question.time, now=now))

    def availability(self, question: AvailabilityQuestion, now: datetime) -> dict[str, Any]:
        """Answer as `vigie availability --json` does, in the same order."""
        targets = Targets(self._reads, self._config)
        chosen = list(targets.asked(question))
        if not chosen:
            chosen = targets.scopes.public() or targets.scopes.every(ScopeKind.TARGET)
        first = min((at for at, _ in self._reads.watched().values()), default=now)
        since, until = question.since or min(first, now - _MICROSECOND), question.until or now
        _require_span(since, until, MAX_SPAN_DAYS)
        _require_parts(question.by, since, until, len(chosen))
        try:
            questions = [
                FigureQuestion(
                    scope=scope,
                    since=microseconds(since),
                    until=microseconds(until),
                    now=microseconds(now),
                    division=question.by,
                )
                for scope in chosen
            ]
        except QuestionRefused as error:
            parameter, value = ("by", question.by.value) if question.by else ("from", "")
            cure = "une période plus courte, ou moins de cibles"
            fault = Fault(parameter=parameter, value=value, reason=str(error), cure=cure)
            raise QuestionFaults(HTTPStatus.BAD_REQUEST, "Période refusée.", fault) from None
        figures = list(availabilities(self._reads, questions, basis_of(self._config.figures)))
        figures.sort(key=lambda answer: not answer.enough)  # those without a rate come last
        return {
            "point": question.point,
            "from": utc(since),
            "to": utc(until),
            "availability": [shapes.availability(answer) for answer in figures],
        }


_MICROSECOND = timedelta(microseconds=1)
_DAWN, _DUSK = instant(0), datetime.fromisoformat("9999-12-31T00:00:00Z")


def _target(one: RecordedTarget, targets: Targets) -> dict[str, Any]:
    state = targets.states.get(one.slug)
    return {
        "target": one.slug,
        "name": one.name,
        "watched": one.watched,
        "url": one.url,
        "kind": one.kind,
        "department": one.department,
        "platform": one.platform,
        "platform_name": targets.known.platform_name(one.platform) if one.platform else None,
        "interval_s": one.interval_s,
        "state": _state(state) if state else None,
    }


def _state(one: State) -> dict[str, Any]:
    return {
        "verdict": one.verdict.value if one.verdict else None,
        "reason": one.reason.value if one.reason else None,
        "since": utc(one.since),
        "last_at": utc(one.last_at),
        "last_ok_at": utc(one.last_ok_at),
        "outage_number": one.outage.number if one.outage else None,
    }


def _unknown_target(slug: str) -> QuestionFaults:
    cure = "tous sont à /api/v1/targets"
    fault = Fault(parameter="target", value=slug, reason="aucune cible de ce nom", cure=cure)
    return QuestionFaults(HTTPStatus.NOT_FOUND, "target : aucune cible de ce nom.", fault)


def _require_past(question: Spanned, now: datetime) -> None:
    """Raise QuestionFaults for a span from a start to the present that is none, or too long."""
    if question.since is not None:
        _require_span(question.since, question.until or now, question.most_days())


def _require_span(since: datetime, until: datetime, days: int) -> None:
    """Raise QuestionFaults for a span whose missing end makes it none, or too long."""
    if since >= until:
        cure = "donner aussi l’autre bout, ou un début dans le passé"
        fault = Fault(
            parameter="from", value=utc(since) or "", reason="la période est vide", cure=cure
        )
        raise QuestionFaults(HTTPStatus.BAD_REQUEST, "from : la période est vide.", fault)
    if until - since > timedelta(days=days):
        reason, cure = "période trop longue", f"{days} jours au plus par demande"
        fault = Fault(parameter="from", value=utc(since) or "", reason=reason, cure=cure)
        raise QuestionFaults(HTTPStatus.BAD_REQUEST, "from : période trop longue.", fault)


def _require_parts(by: Division | None, since: datetime, until: datetime, scopes: int) -> None:
    if by is None or by not in _PART_DAYS:  # the others make few
        return
    parts = ((until - since) // timedelta(days=_PART_DAYS[by]) + 2) * scopes
    if parts > MAX_PARTS:
        fault = Fault(
            parameter="by",
            value=by.value,
            reason=f"{parts} parties : {MAX_PARTS} au plus",
            cure="une période plus courte, ou moins de cibles",
        )
        raise QuestionFaults(HTTPStatus.BAD_REQUEST, "by : trop pour une réponse.", fault)


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _log(
    question: Paged,
    fetch: Callable[[datetime | None, int], Sequence[T]],
    place_of: Callable[[T], Place],
    *,
    chosen: Callable[[T], bool] = lambda _: True,
) -> tuple[list[T], str | None]:
    """Return a page of a log and the cursor of the next."""
    page, end = newest_first(
        fetch, place_of, after=_after(question), limit=question.limit, chosen=chosen
    )
    return page, _next(question, end) if end else None


def named(question: InterfaceQuestion) -> str:
    """Return a question as one text, without the page of it that is asked for."""
    return f"{type(question).__name__} " + question.model_dump_json(
        by_alias=True, exclude={"cursor", "limit"}
    )


def _after(question: Paged) -> Place | None:
    if question.cursor is None:
        return None
    try:
        return read(question.cursor, named(question))
    except ValueError:
        reason = "ce n’est pas un curseur de cette demande"
        cure = "recopier « next », sans changer les autres paramètres"
        fault = Fault(parameter="cursor", value=question.cursor, reason=reason, cure=cure)
        raise QuestionFaults(HTTPStatus.BAD_REQUEST, "cursor : refusé.", fault) from None


def _next(question: Paged, end: Place) -> str:
    return written(end, named(question))
