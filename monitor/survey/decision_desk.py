"""Where a person's decisions are made: in a terminal, by a script or on a page, the same way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.config import Config
from monitor.runtime.clock import Clock
from monitor.survey.acceptance import (
    Decision,
    ProposalChoice,
    accept,
    accepted_lines,
    read_decisions,
    tried,
    write_decisions,
)
from monitor.survey.proposal_comparison import ComparedLine, comparison
from monitor.survey.surprise import Surprise
from monitor.survey.survey_report import TargetReport

Record = Callable[[Surprise, Sequence[str], datetime], None]


@dataclass(kw_only=True)
class DecisionDesk:
    """The proposals of one survey, and where what is decided of them is written.

    Attributes:
        config_folder: Where the configuration is.
        folder: Of the survey; decisions are kept there.
        config: The configuration that the proposals were made for; that of the last acceptance.
        observed_at: When the survey began.
        proposals: Those that can be accepted.
        targets: The report of the target that a proposal is about, by the id of the proposal.
        record: Has an accepted setting become a leaf: its lines, and when it was accepted.

    """

    clock: Clock
    config_folder: Path
    folder: Path
    config: Config
    observed_at: datetime
    proposals: Sequence[Surprise]
    targets: Mapping[str, TargetReport]
    record: Record

    def decide(self, surprise: Surprise, choice: ProposalChoice) -> None:
        """Write a decision, and the configuration when it is accepted.

        Raises:
            NotWritten: It cannot be accepted; nothing was written.
            VigieError: It was written, and something after it failed.

        """
        now = self.clock.now()
        decisions = read_decisions(self.folder)
        if choice is ProposalChoice.ACCEPTED:
            self.config = accept(
                self.config_folder,
                surprise,
                before=self.config,
                observed_at=self.observed_at,
                now=now,
            )
            lines = accepted_lines(surprise, observed_at=self.observed_at, now=now)
            self.record(surprise, lines, now)
        lines = surprise.edit.lines if surprise.edit else ()
        decisions[surprise.id] = Decision(choice=choice, at=now, lines=lines)
        write_decisions(self.folder, decisions)

    def refused(self) -> frozenset[str]:
        """Return the ids of what was refused, now or another day."""
        decisions = read_decisions(self.folder)
        return frozenset(
            one for one, decision in decisions.items() if decision.choice is ProposalChoice.REFUSED
        )

    def compared(self, surprise: Surprise) -> tuple[ComparedLine, ...]:
        """Return both versions. Raises NotWritten when it could not be accepted."""
        target = self.targets.get(surprise.id)
        return comparison(
            surprise,
            target.reading if target else None,
            before=self.config,
            after=tried(self.config_folder, surprise),
        )
