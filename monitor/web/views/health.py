"""The health of the service itself, for supervisors, at `/sante`. Pure except for the queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.config import Config
from monitor.core.outages.time_accounts import HOLD
from monitor.web.record_reads import RecordReads

STARTING_S = 120  # a service that has just started is not judged
PATIENCE_S = 60  # added to every limit: a lane may be busy


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The health of the service. Ages are seconds, None without any round or check.

    Attributes:
        round_age_s: Since the last round of the control panel.
        check_age_s: Since the last check of any target.
        late: Targets whose last check is older than it may be.

    """

    ok: bool
    starting: bool
    round_age_s: float | None
    check_age_s: float | None
    late: int
    targets: int

    def as_json(self) -> Mapping[str, object]:
        return {
            "etat": "ok" if self.ok else "en défaut",
            "demarrage": self.starting,
            "magasin": "ok",
            "dernier_tour_des_temoins_s": self.round_age_s,
            "dernier_releve_s": self.check_age_s,
            "cibles": self.targets,
            "cibles_sans_releve_recent": self.late,
        }


def health(reads: RecordReads, *, config: Config, now: datetime) -> Health:
    """Judge the service by its record alone.

    Without an identity no target is checked, which is not a fault of the service.

    It is unhealthy when, once started, it made no round of the panel for three intervals, or no
    check of any target for as long as the shortest of them may take. A target that alone is late
    is counted, but is no fault: its platform may refuse us or be paused.
    """
    started = [(now - run.started_at).total_seconds() for run in reads.runs()[-1:]]
    starting = any(0 <= age_s < STARTING_S for age_s in started)
    recent = now - timedelta(seconds=10 * config.controls.interval_s + PATIENCE_S)
    rounds = reads.rounds(recent, now)
    round_age = _age(max((round_.at for round_ in rounds), default=None), now)
    checks = {s.target: s.last_at for s in reads.states() if s.last_at is not None}
    watched = [checks.get(target.slug) for target in config.targets]
    check_age = _age(max((at for at in watched if at is not None), default=None), now)
    shortest = min((HOLD * t.interval_s + t.deadline_s for t in config.targets), default=0.0)
    checking = check_age is not None and check_age <= shortest + PATIENCE_S
    alive = (
        round_age is not None
        and round_age <= 3 * config.controls.interval_s + PATIENCE_S
        and (checking or not watched or not config.identified)
    )
    late = [
        target
        for target in config.targets
        if (age := _age(checks.get(target.slug), now)) is None
        or age > HOLD * target.interval_s + target.deadline_s
    ]
    return Health(
        ok=starting or alive,
        starting=starting,
        round_age_s=round_age,
        check_age_s=check_age,
        late=len(late),
        targets=len(config.targets),
    )


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else round(max(0.0, (now - at).total_seconds()), 3)
