"""The metrics of figures: computed elsewhere, from the sums of the record, and rendered here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.metrics.family import Sample
from monitor.metrics.figure_metrics import WindowFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureFamily:
    """A gauge: `rates` of each window, or else its coverage. `label` says which window."""

    name: str
    help: str
    rates: bool
    label: str = "window"

    def read(self, windows: Sequence[WindowFigures]) -> Iterator[Sample]:
        for one in windows:
            if self.rates:
                for bound, rate in one.rates.items():
                    yield ((self.label, one.window), ("bound", bound)), rate
            else:
                yield ((self.label, one.window),), one.coverage


_RATE = (
    "Availability over the window, of the time in which the state is known; "
    "no sample where the coverage is too low for a rate."
)
_COVERAGE = "Share of the window in which the state is known."
TARGET_FIGURES = (
    FigureFamily(name="anef_availability_ratio", help=_RATE, rates=True),
    FigureFamily(name="anef_coverage_ratio", help=_COVERAGE, rates=False),
)
SCOPE_FIGURES = (
    FigureFamily(name="anef_scope_availability_ratio", help=_RATE, rates=True),
    FigureFamily(name="anef_scope_coverage_ratio", help=_COVERAGE, rates=False),
)
MILESTONE_FIGURES = (
    FigureFamily(
        name="anef_milestone_availability_ratio",
        help="Availability after a date of the law, until the end of the windows, and over as "
        "long a time before it; no sample where the coverage is too low for a rate.",
        rates=True,
        label="side",
    ),
    FigureFamily(
        name="anef_milestone_coverage_ratio",
        help="Share of the same time in which the state is known.",
        rates=False,
        label="side",
    ),
)
SCOPE_INFO = "anef_scope_info"
SCOPE_INFO_HELP = "Always 1: the name of a set of targets, for readers."
MILESTONE_TIMESTAMP = "anef_milestone_timestamp_seconds"
MILESTONE_TIMESTAMP_HELP = "Beginning in Paris of the day of a date of the law, in Unix time."
TIMESTAMP = "anef_figures_timestamp_seconds"
TIMESTAMP_HELP = "End of the windows of all figures, in Unix time."
