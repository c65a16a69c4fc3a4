"""How the six states look: one sign and its colours each, for pages, charts and dashboards.

A state is never told by its colour alone: the sign, the hatching and the words say it too.
"""

from dataclasses import dataclass
from typing import Final

from monitor.core.model import Verdict


@dataclass(frozen=True, slots=True)
class StateLook:
    """The sign of a state and its colours, as "#rrggbb".

    Attributes:
        sign: One character of the fonts that every system has.
        color: Of what is drawn on white, with a contrast of 3:1 at least.
        text: The darker twin, for words on white and on light tints.
        dark_color: Of what is drawn on a dark ground.
        dark_text: The lighter twin, for words on a dark ground.

    """

    sign: str
    color: str
    text: str
    dark_color: str
    dark_text: str


# From the least to the most serious of what is known, as in `outages.worst`.
STATE_LOOKS: Final = {
    Verdict.UP: StateLook("●", "#26635a", "#1d4f47", "#7be0bf", "#8fe0c4"),
    Verdict.UNKNOWN: StateLook("?", "#949596", "#4c4e50", "#818487", "#b9bcbf"),
    Verdict.DEGRADED: StateLook("▲", "#c38909", "#6b4a00", "#ecc04a", "#ecc04a"),
    Verdict.MAINTENANCE: StateLook("◆", "#229bea", "#0f5580", "#3f83ea", "#86b6f5"),
    Verdict.BLOCKED: StateLook("■", "#72349f", "#5c2782", "#c8bae6", "#cfc0ea"),
    Verdict.DOWN: StateLook("✕", "#9f0d01", "#8a0c02", "#dc5a42", "#f28e7c"),
}
