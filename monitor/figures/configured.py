"""What figures are made with, from the configuration."""

from monitor.config import FigureSettings
from monitor.figures.answers import Basis


def basis_of(figures: FigureSettings) -> Basis:
    """Return what figures are made with by a configuration."""
    return Basis(
        coverage_min=figures.coverage_min,
        openings=figures.openings,
        holidays=figures.holidays,
        milestones=figures.milestones,
    )
