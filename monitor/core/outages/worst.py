"""What one word says of several states."""

from collections.abc import Iterable
from typing import Final

from monitor.core.model import Verdict

# The later, the graver of what is known. "unknown" is above "up": whoever does not know of one
# part cannot call the whole up. It is below the others: they are known of some part.
BY_GRAVITY: Final = (
    Verdict.UP,
    Verdict.UNKNOWN,
    Verdict.DEGRADED,
    Verdict.MAINTENANCE,
    Verdict.BLOCKED,
    Verdict.DOWN,
)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the gravest of the states; unknown when there is none."""
    return max(verdicts, key=BY_GRAVITY.index, default=Verdict.UNKNOWN)
