"""The six states in Grafana: a number, a sign and a colour each."""

from dataclasses import dataclass

from grafana_foundation_sdk.models import dashboard

from monitor.core.french.sentences import VERDICTS
from monitor.core.model import Verdict


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is drawn.

    Attributes:
        number: Its value in a query. The highest of several says the worst that is known of them;
            "unknown" is above "up": whoever does not know of one part cannot call the whole up.
        sign: Says the state without its colour.
        color: One of the six that four kinds of colour vision tell apart.

    """

    number: int
    sign: str
    color: str


LOOKS = {
    Verdict.UP: Look(1, "●", "#26635a"),
    Verdict.UNKNOWN: Look(2, "?", "#949596"),
    Verdict.DEGRADED: Look(3, "▲", "#c38909"),
    Verdict.MAINTENANCE: Look(4, "◆", "#239cea"),
    Verdict.BLOCKED: Look(5, "■", "#72349f"),
    Verdict.DOWN: Look(6, "✕", "#9f0d01"),
}
UNKNOWN_COLOR = LOOKS[Verdict.UNKNOWN].color


def words(verdict: Verdict) -> str:
    """Return the sign and the words of a state, in French."""
    return f"{LOOKS[verdict].sign} {VERDICTS[verdict]}"


def mappings() -> list[object]:
    """Return the value mappings of a panel that draws states. Null and NaN are unknown too."""
    values = {
        str(look.number): dashboard.ValueMappingResult(
            text=words(verdict), color=look.color, index=index
        )
        for index, (verdict, look) in enumerate(LOOKS.items())
    }
    nothing = dashboard.SpecialValueMap(
        dashboard.DashboardSpecialValueMapOptions(
            match=dashboard.SpecialValueMatch.NULL_AND_NAN,
            result=dashboard.ValueMappingResult(
                text=words(Verdict.UNKNOWN), color=UNKNOWN_COLOR, index=len(values)
            ),
        )
    )
    return [dashboard.ValueMap(values), nothing]


def query(by: str, **labels: str) -> str:
    """Return the PromQL of the state, as its number, of each `by`: the worst of its series."""
    given = "".join(f',{name}=~"{value}"' for name, value in labels.items())
    parts = (
        f'anef_target_state{{job=~"$job"{given},state="{verdict.value}"}} * {look.number}'
        for verdict, look in LOOKS.items()
    )
    return f"max by ({by}) ({' or '.join(parts)})"
