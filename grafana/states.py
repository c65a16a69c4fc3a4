"""The six states in Grafana: a number, a sign and a colour each."""

from dataclasses import dataclass

from grafana_foundation_sdk.models import dashboard

from monitor.core.french.sentences import VERDICTS
from monitor.core.model import Verdict
from monitor.core.outages.worst import BY_GRAVITY


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is drawn.

    Attributes:
        sign: Says the state without its colour.
        color: One of six that four kinds of colour vision tell apart.

    """

    sign: str
    color: str


LOOKS = {
    Verdict.UP: Look("●", "#26635a"),
    Verdict.UNKNOWN: Look("?", "#949596"),
    Verdict.DEGRADED: Look("▲", "#c38909"),
    Verdict.MAINTENANCE: Look("◆", "#239cea"),
    Verdict.BLOCKED: Look("■", "#72349f"),
    Verdict.DOWN: Look("✕", "#9f0d01"),
}
# The value of a state in a query: the highest of several is the worst that is known of them.
NUMBERS = {verdict: number for number, verdict in enumerate(BY_GRAVITY, start=1)}
UNKNOWN_COLOR = LOOKS[Verdict.UNKNOWN].color


def words(verdict: Verdict) -> str:
    """Return the sign and the words of a state, in French."""
    return f"{LOOKS[verdict].sign} {VERDICTS[verdict]}"


def mappings() -> list[object]:
    """Return the value mappings of a panel that draws states. Null and NaN are unknown too."""
    values = {
        str(NUMBERS[verdict]): dashboard.ValueMappingResult(
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


def named() -> dashboard.ValueMap:
    """Return the mapping of the states by the names that the record has."""
    return dashboard.ValueMap(
        {
            verdict.value: dashboard.ValueMappingResult(text=words(verdict), index=index)
            for index, verdict in enumerate(LOOKS)
        }
    )


def query(by: str, **labels: str) -> str:
    """Return the PromQL of the state, as its number, of each `by`: the worst of its series."""
    given = "".join(f',{name}=~"{value}"' for name, value in labels.items())
    parts = (
        f'anef_target_state{{job=~"$job"{given},state="{verdict.value}"}} * {number}'
        for verdict, number in NUMBERS.items()
    )
    return f"max by ({by}) ({' or '.join(parts)})"
