"""The six states in Grafana: a number each; their signs and colours are those of the pages."""

from grafana_foundation_sdk.models import dashboard

from monitor.core.french.sentences import VERDICTS
from monitor.core.model import Verdict
from monitor.core.outages.worst import BY_GRAVITY
from monitor.core.state_looks import STATE_LOOKS

# The value of a state in a query: the highest of several is the worst that is known of them.
NUMBERS = {verdict: number for number, verdict in enumerate(BY_GRAVITY, start=1)}
UNKNOWN_COLOR = STATE_LOOKS[Verdict.UNKNOWN].color


def words(verdict: Verdict) -> str:
    """Return the sign and the words of a state, in French."""
    return f"{STATE_LOOKS[verdict].sign} {VERDICTS[verdict]}"


def mappings() -> list[object]:
    """Return the value mappings of a panel that draws states. Null and NaN are unknown too."""
    values = {
        str(NUMBERS[verdict]): dashboard.ValueMappingResult(
            text=words(verdict), color=look.color, index=index
        )
        for index, (verdict, look) in enumerate(STATE_LOOKS.items())
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
            verdict.value: dashboard.ValueMappingResult(
                text=words(verdict), color=look.color, index=index
            )
            for index, (verdict, look) in enumerate(STATE_LOOKS.items())
        }
    )


def query(by: str, **labels: str) -> str:
    """Return the PromQL of the state, as its number, of each `by`: the worst of its series."""
    given = "".join(f',{name}=~"{value}"' for name, value in labels.items())
    parts = (
        f'anef_target_state{{@{given},state="{verdict.value}"}} * {number}'
        for verdict, number in NUMBERS.items()
    )
    return f"max by ({by}) ({' or '.join(parts)})"
