"""What a dossier is made from: the record as one checkpoint has it, and a question about it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Final

from monitor.attest.kept_answers import KeptAnswers
from monitor.config import Config
from monitor.config.files.ruleset_file import RULESETS_SHIPPED, in_force, published_versions
from monitor.core.french.formatting import PARIS, grouped
from monitor.core.journal.jcs import canonical
from monitor.core.model import Gap, Incident, Outage
from monitor.core.outages.span_figures import Availability, Scope, ScopeKind
from monitor.core.outages.time_accounts import microseconds
from monitor.core.verdict.rulesets import Ruleset
from monitor.dossier.checkpointed_reads import CheckpointedReads
from monitor.dossier.dossier_question import DossierQuestion, DossierRefused, dossier_code
from monitor.dossier.point_records import PointRecord, SeenByAll, point_records, seen_by_all
from monitor.evidence.log.mirror import verifier_sha256
from monitor.evidence.log.note import Checkpoint, Note
from monitor.figures.answers import Basis, Division, FigureQuestion, availability
from monitor.figures.configured import basis_of
from monitor.figures.recorded_targets import RecordedTarget, RecordedTargets, recorded_targets
from monitor.figures.rejudged import RejudgedRecord
from monitor.figures.scopes import Scopes
from monitor.figures.settled import settlement
from monitor.store import Store
from monitor.store.reads.journal_reads import KeptCheckpoint

# Below monitor/: what gives the pieces their words and their looks. A release that changes nothing
# of it makes the same dossiers as before.
_PROGRAM: Final = Path(__file__).resolve().parents[1]
_MAKERS: Final = ("core/french", "charts", "dossier/pieces", "dossier/pdf")
SHOWN_ROOT: Final = 16  # hexadecimal digits of the root on each page


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierSource:
    """Where a dossier is made.

    Attributes:
        data: The folder of the record: journal, captures, time-stamps.
        config_folder: Where the published rulesets are; None where there is no configuration.

    """

    store: Store
    config: Config
    data: Path
    config_folder: Path | None = None

    def at(self, question: DossierQuestion) -> "DossierRecord":
        """Return the record as the checkpoint that settles the question has it.

        The newest one where none settles it yet: the dossier then says so.

        Raises:
            DossierRefused: Nothing of the period is signed.

        """
        newest = self.store.checkpoint()
        if newest is None:
            raise DossierRefused(
                "Rien n’a encore été signé : laisser le service tourner cinq minutes, "
                "ou « vigie seal »."
            )
        watched = {target.slug for target in self.config.targets}
        by = settlement(self.store, question.targets, question.until, watched=watched)
        checkpoint = by.checkpoint if by.checkpoint is not None and by.settled else newest
        asked_within = question.until_at_most(checkpoint.at)
        return DossierRecord(
            source=self, question=asked_within, checkpoint=checkpoint, settled=by.settled
        )


@dataclass(frozen=True, kw_only=True)
class DossierRecord:
    """The record at a checkpoint, for one question.

    Attributes:
        settled: Whether nothing that is recorded later can change the period.

    """

    source: DossierSource
    question: DossierQuestion
    checkpoint: KeptCheckpoint
    settled: bool

    @property
    def store(self) -> Store:
        return self.source.store

    @property
    def config(self) -> Config:
        return self.source.config

    @cached_property
    def origin(self) -> str:
        """The name of the journal, as its checkpoints have it."""
        return Checkpoint.parse(Note.parse(self.checkpoint.note).text).origin

    @cached_property
    def code(self) -> str:
        return dossier_code(self.question, self.checkpoint, self.origin, self.made_with)

    @cached_property
    def made_with(self) -> str:
        """What makes the pieces and what of the configuration they print, in one word."""
        figures = self.config.figures
        printed = {
            "association": self.config.publisher.association,
            "components": [[one.slug, list(one.targets)] for one in figures.components],
            "coverage": str(figures.coverage_min),
            "hours": [
                [one.slug, str(one.opening.from_time), str(one.opening.to_time)]
                + [str(day) for day in sorted(one.opening.weekdays)]
                for one in figures.hours
            ],
            "milestones": [[one.slug, one.date.isoformat()] for one in figures.milestones],
            "rulesets": [ruleset.sha256 for ruleset in self.rulesets],
            "site": self.config.publisher.site,
            "verifier": verifier_sha256(),
            **({"points": [one.printed for one in self.points]} if self.points else {}),
        }
        return f"{pieces_sha256()}+{hashlib.sha256(canonical(printed)).hexdigest()[:16]}"

    @cached_property
    def points(self) -> tuple[PointRecord, ...]:
        """The other points, as they are known today: the code of the dossier says by what."""
        return point_records(self.config, self.source.data, self.question, self.known)

    def seen_by_all(self, outages: Sequence[Outage]) -> Mapping[tuple[str, datetime], SeenByAll]:
        """Return what all points say of some outages; nothing where there is one point."""
        return seen_by_all(
            outages,
            own=self.store,
            operator=self.config.publisher.association,
            points=self.points,
            known=self.known,
            checkpoint=self.checkpoint,
        )

    @cached_property
    def rulesets(self) -> tuple[Ruleset, ...]:
        """The published rulesets of the checkpoint's day; none without a folder of configuration.

        The same ones later on, whatever was published since.
        """
        day = self.checkpoint.at.astimezone(PARIS).date()
        return tuple(in_force(versions, day) for versions in self._published)

    @cached_property
    def newer_rulesets(self) -> tuple[Ruleset, ...]:
        """Those that were published after the checkpoint's day, for an annex."""
        newest = [versions[-1] for versions in self._published]
        return tuple(one for one in newest if one not in self.rulesets)

    @cached_property
    def _published(self) -> tuple[tuple[Ruleset, ...], ...]:
        folder = self.source.config_folder
        if folder is None:
            return ()
        return tuple(published_versions(folder, name) for name in RULESETS_SHIPPED)

    @property
    def position(self) -> str:
        """The place in the journal, as each page has it."""
        root = self.checkpoint.root.hex()[:SHOWN_ROOT]
        return f"{grouped(self.checkpoint.size)} feuilles, racine {root}…"

    @cached_property
    def site(self) -> str:
        return self.config.publisher.site.rstrip("/")

    @cached_property
    def reads(self) -> CheckpointedReads:
        return CheckpointedReads(self.store, self.checkpoint)

    @cached_property
    def answers(self) -> KeptAnswers:
        return KeptAnswers(self.source.data / "captures")

    @cached_property
    def basis(self) -> Basis:
        return basis_of(self.config.figures)

    @cached_property
    def known(self) -> RecordedTargets:
        """The targets that were checked in the period, and those asked for, as then planned."""
        size = self.checkpoint.size
        checked = set(self.store.checked_between(self.question.since, self.question.until, size))
        checked |= set(self.question.targets)
        plans = [
            plan for plan in self.store.definitions() if plan.leaf < size and plan.target in checked
        ]
        known = recorded_targets(checked, plans, None)
        names = {slug: platform.name for slug, platform in self.config.platforms.items()}
        return replace(known, platforms={**known.platforms, **names})

    @cached_property
    def scopes(self) -> Scopes:
        return Scopes(self.known.by_slug, self.config.figures.components)

    @cached_property
    def outages(self) -> Sequence[Outage]:
        """Those of the targets that touch the period, by first failing check."""
        question = self.question
        return self.reads.outages(question.targets, question.since, question.until)

    @cached_property
    def incidents(self) -> tuple[tuple[Incident, tuple[Outage, ...]], ...]:
        """The incidents that touch the period, each with its outages that the checkpoint covers."""
        known = {(one.target, one.first_fail_at): one for one in self.reads.all_outages}
        incidents = []
        for incident in self.store.incidents(self.question.since, self.question.until):
            outages = tuple(known[key] for key in incident.outages if key in known)
            if outages:
                ends = [one.first_ok_at for one in outages if one.first_ok_at]
                closed_at = max(ends) if len(ends) == len(outages) else None
                keys = tuple((one.target, one.first_fail_at) for one in outages)
                number = min(one.number for one in outages if one.number is not None)
                as_known = replace(incident, closed_at=closed_at, outages=keys, number=number)
                incidents.append((as_known, outages))
        return tuple(incidents)

    def incident_of(self, outage: Outage) -> Incident | None:
        """Return the incident that an outage is in."""
        key = outage.target, outage.first_fail_at
        return next((one for one, _ in self.incidents if key in one.outages), None)

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """Those of the targets, and of the whole point, that touch the period."""
        size = self.checkpoint.size
        question = self.question
        return tuple(
            one
            for one in self.store.gaps(question.since, question.until, targets=question.targets)
            if one.number is None or one.number < size
        )

    def target(self, slug: str, at: datetime | None = None) -> RecordedTarget:
        return self.known.of(slug, at or self.question.until)

    def scope_of(self, slug: str) -> Scope:
        """Return the scope of one target; one of which nothing is recorded has its slug's name."""
        return self.scopes.find(ScopeKind.TARGET, slug) or Scope(
            kind=ScopeKind.TARGET, slug=slug, name=slug, targets=(slug,)
        )

    def figures(
        self,
        scope: Scope,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        division: Division | None = None,
    ) -> Availability:
        """Answer for a scope as `vigie availability` does, over the period or another span."""
        question = self._figure_question(scope, since, until, division)
        if question not in self._answers:
            self._answers[question] = availability(self.reads, question, self.basis)
        return self._answers[question]

    def rejudged(
        self, ruleset: Ruleset, scope: Scope, *, division: Division | None = None
    ) -> Availability:
        """Answer for a scope by a published ruleset, from the checks that the checkpoint covers.

        Without the hours of the day, which no piece gives by a ruleset.
        """
        if ruleset.sha256 not in self._rejudged:
            self._rejudged[ruleset.sha256] = RejudgedRecord(
                self.store, ruleset, reads=self.reads, until=microseconds(self.checkpoint.at)
            )
        question = replace(self._figure_question(scope, None, None, division), hours=False)
        return availability(self._rejudged[ruleset.sha256], question, self.basis)

    def _figure_question(
        self,
        scope: Scope,
        since: datetime | None,
        until: datetime | None,
        division: Division | None,
    ) -> FigureQuestion:
        return FigureQuestion(
            scope=scope,
            since=microseconds(since or self.question.since),
            until=microseconds(until or self.question.until),
            now=microseconds(self.checkpoint.at),
            division=division,
        )

    @cached_property
    def _rejudged(self) -> dict[str, RejudgedRecord]:
        return {}

    @cached_property
    def _answers(self) -> dict[FigureQuestion, Availability]:
        """What was answered already: several pieces give the same figures."""
        return {}


@cache
def pieces_sha256() -> str:
    """Return the digest of the files that make the pieces, and of the version of typst."""
    digest = hashlib.sha256(version("typst").encode())
    for path in sorted(path for place in _MAKERS for path in (_PROGRAM / place).rglob("*.*")):
        if path.suffix != ".pyc":
            digest.update(path.relative_to(_PROGRAM).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
