"""Drawings: what is not known is never drawn as good, and each has its words and its table."""

import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from monitor.charts import MACROS
from monitor.charts.before_after import Period, before_after
from monitor.charts.check_phases import check_phases, milliseconds
from monitor.charts.day_bars import BAR_HEIGHT, LEAST, DayBars, DayTimes, day_bars
from monitor.charts.drawing import WIDTH, ChartTable, fitting
from monitor.charts.frieze import FriezeThing, frieze
from monitor.core.french.sentences import VERDICTS
from monitor.core.model import Nature, Outage, Phase, Reason, Verdict
from monitor.core.outages.time_accounts import KNOWN, Account, Span
from monitor.core.state_looks import STATE_LOOKS

DAY_US = 86_400_000_000
BEGIN = datetime(2026, 11, 20, 8, tzinfo=UTC)
_RECTANGLE = re.compile(r"M([\d.-]+) ([\d.-]+)h([\d.]+)v([\d.]+)h-[\d.]+z")


def heights(bars: DayBars) -> dict[float, dict[Verdict, float]]:
    """Return the height of each state in each bar, by where the bar begins."""
    found: dict[float, dict[Verdict, float]] = defaultdict(dict)
    for shape in bars.shapes:
        for x, _, _, height in _RECTANGLE.findall(shape.path):
            found[float(x)][shape.verdict] = float(height)
    return found


def times(**seconds: int) -> DayTimes:
    by_verdict = {Verdict(name): second * 1_000_000 for name, second in seconds.items()}
    return DayTimes(day=date(2026, 11, 20), by_verdict=by_verdict)


@given(
    st.dictionaries(st.sampled_from(Verdict), st.integers(min_value=0, max_value=DAY_US)),
)
def test_a_bar_is_as_high_as_the_day_is_known(by_verdict: dict[Verdict, int]) -> None:
    day = DayTimes(day=date(2026, 11, 20), by_verdict=by_verdict)
    (bar,) = heights(day_bars("Page", [day])).values()
    known = sum(height for verdict, height in bar.items() if verdict in KNOWN)
    assert known == pytest.approx(BAR_HEIGHT * float(day.coverage), abs=3 * LEAST + 0.1)
    assert sum(bar.values()) == pytest.approx(BAR_HEIGHT, abs=0.1)
    assert (
        bar.get(Verdict.UP, 0)
        <= BAR_HEIGHT * by_verdict.get(Verdict.UP, 0) / max(1, day.whole_us) + 0.1
    )


def test_a_day_without_a_check_is_unknown_from_its_base_to_its_top() -> None:
    (bar,) = heights(day_bars("Page", [times()])).values()
    assert bar == {Verdict.UNKNOWN: BAR_HEIGHT}


def test_an_outage_of_a_minute_is_still_seen() -> None:
    (bar,) = heights(day_bars("Page", [times(up=86_340, down=60)])).values()
    assert bar[Verdict.DOWN] == LEAST


def test_the_table_of_days_has_the_exact_figures() -> None:
    table = day_bars("Page", [times(up=43_200, unknown=43_200)]).table
    assert table.rows[0][:2] == ("20 novembre 2026", "50,00\N{NO-BREAK SPACE}%")
    assert table.csv().splitlines() == [
        "day,coverage,down_s,maintenance_s,degraded_s,up_s,blocked_s,unknown_s",
        "2026-11-20,0.5,0.0,0.0,0.0,43200.0,0.0,43200.0",
    ]


def test_no_text_of_a_table_is_obeyed_by_a_spreadsheet() -> None:
    table = ChartTable(columns=("A",), rows=(("=1",),), fields=("a",), data=(("=1+1",), (-2,)))
    assert table.csv() == "a\n'=1+1\n-2\n"


def outage(minutes: int = 20) -> Outage:
    first = BEGIN + timedelta(minutes=30)
    return Outage(
        target="a",
        point="local",
        nature=Nature.DOWN,
        reason=Reason.HTTP_5XX,
        last_ok_at=first - timedelta(minutes=1),
        first_fail_at=first,
        last_fail_at=first + timedelta(minutes=minutes),
        confirmed_at=first + timedelta(minutes=2),
        first_ok_at=first + timedelta(minutes=minutes + 1),
    )


def spans() -> list[Span]:
    one, hour = outage(), timedelta(hours=1)
    assert one.first_ok_at
    return [
        Span(from_at=BEGIN, to_at=one.first_fail_at, verdict=Verdict.UP),
        Span(from_at=one.first_fail_at, to_at=one.first_ok_at, verdict=Verdict.DOWN),
        Span(from_at=one.first_ok_at, to_at=BEGIN + 3 * hour, verdict=Verdict.UP),
    ]


def test_a_frieze_stripes_what_no_check_settles_and_marks_the_checks_that_frame() -> None:
    thing = FriezeThing(name="Page", spans=spans(), outages=[outage()])
    (row,) = frieze("Incident", [thing], since=BEGIN, until=BEGIN + timedelta(hours=4)).rows
    x = WIDTH / 240  # a minute
    begin, end = [(float(a), float(w)) for a, _, w, _ in _RECTANGLE.findall(row.doubt)]
    assert begin == pytest.approx((29 * x, x), abs=0.01)
    assert end == pytest.approx((50 * x, x), abs=0.01)
    assert row.marks == (round(30 * x, 2), round(50 * x, 2))
    up = next(shape for shape in row.shapes if shape.verdict is Verdict.UP)
    drawn = sum(float(width) for _, _, width, _ in _RECTANGLE.findall(up.path))
    assert drawn == pytest.approx((30 + 129) * x, abs=0.05)  # the last hour is not drawn as good


def test_the_axis_of_a_frieze_has_round_hours_of_paris() -> None:
    chart = frieze("Incident", [], since=BEGIN, until=BEGIN + timedelta(hours=4))
    assert [tick.text.replace("\N{NO-BREAK SPACE}", " ") for tick in chart.ticks] == [
        "09 h 00", "10 h 00", "11 h 00", "12 h 00",
    ]  # fmt: skip


@given(st.integers(min_value=1, max_value=400 * 86_400))
def test_an_axis_of_any_length_has_few_ticks_inside_of_it(seconds: int) -> None:
    chart = frieze("x", [], since=BEGIN, until=BEGIN + timedelta(seconds=seconds))
    assert len(chart.ticks) <= 10
    assert all(0 <= tick.x <= WIDTH for tick in chart.ticks)


def account(good_us: int, bad_us: int) -> Account:
    one = Account()
    one.add((Verdict.UP, Reason.OK), good_us, good_us // 100)
    one.add((Verdict.DOWN, Reason.TIMEOUT), bad_us)
    return one


def test_a_period_of_which_too_little_is_known_has_no_rate() -> None:
    chart = before_after(
        "Avant et après",
        [
            Period(name="avant", account=account(DAY_US, 0), enough=False),
            Period(name="après", account=account(DAY_US, DAY_US // 50), enough=True),
        ],
    )
    before, after = chart.rows
    assert (before.low, before.central, before.high) == (None, None, None)
    assert after.low is not None
    assert after.central is not None
    assert after.high is not None
    assert after.low <= after.central <= after.high
    assert "couverture insuffisante" in chart.description


def test_phases_are_as_long_as_they_took_and_none_is_lost() -> None:
    chart = check_phases("Relevé", {Phase.CONNECT: 50_000, Phase.TRANSFER: 150_000, Phase.TLS: 1})
    assert chart
    assert [bar.number for bar in chart.bars] == [2, 3, 5]
    assert chart.bars[0].width == pytest.approx(WIDTH / 4, abs=0.1)
    assert all(bar.x + bar.width <= WIDTH + 0.01 for bar in chart.bars)
    assert check_phases("Relevé", {}) is None
    assert milliseconds(1_240) == "1,2\N{NO-BREAK SPACE}ms"


def test_a_name_is_cut_where_a_phone_has_no_room() -> None:
    assert fitting("Préfecture", WIDTH) == "Préfecture"
    cut = fitting("Préfecture de la Seine-Saint-Denis, page des étrangers en France", WIDTH)
    assert cut.endswith("…")
    assert len(cut) < 50


def rendered(call: str, **values: object) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(MACROS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    environment.globals["gettext"] = lambda message, **values: message % values
    source = '{% import "charts.html" as charts %}' + call
    return environment.from_string(source).render(words=VERDICTS, **values)


CALLS = {
    "{{ charts.day_bars('g', chart, words, csv='/x.csv') }}": day_bars(
        "Page <b>", [times(up=60, down=5, unknown=10)]
    ),
    "{{ charts.frieze('g', chart, words, csv='/x.csv') }}": frieze(
        "Incident <b>",
        [FriezeThing(name="<script>", spans=spans(), outages=[outage()])],
        since=BEGIN,
        until=BEGIN + timedelta(hours=4),
    ),
    "{{ charts.before_after('g', chart, csv='/x.csv') }}": before_after(
        "Avant <b>", [Period(name="a", account=account(DAY_US, 3), enough=True)]
    ),
    "{{ charts.check_phases('g', chart, csv='/x.csv') }}": check_phases(
        "Relevé <b>", {Phase.CONNECT: 50_000, Phase.TRANSFER: 150_000}
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_every_drawing_has_a_title_a_description_a_table_and_its_data(call: str) -> None:
    markup = rendered(call, chart=CALLS[call])
    figure = etree.fromstring(markup)
    svg = figure.find(".//svg")
    assert svg is not None
    assert svg.get("role") == "img"
    ids = str(svg.get("aria-labelledby")).split()
    texts = [node.text for name in ids for node in figure.iter() if node.get("id") == name]
    assert len(texts) == 2
    assert all(texts)
    assert "<b>" not in markup
    assert "<script>" not in markup
    assert figure.find(".//table") is not None
    assert [link.get("href") for link in figure.iter("a")] == ["/x.csv"]
    used = set(re.findall(r"url\(#([^)]+)\)", markup))
    assert used <= {node.get("id") for node in figure.iter()}


@pytest.mark.parametrize("call", CALLS)
def test_a_drawing_is_legible_without_the_style_sheet(call: str) -> None:
    svg = etree.fromstring(rendered(call, chart=CALLS[call])).find(".//svg")
    assert svg is not None
    for node in svg.iter("rect", "path", "circle", "text"):
        assert node.get("fill") or node.get("stroke"), etree.tostring(node)
        assert "style" not in node.attrib


def test_each_state_is_drawn_in_its_own_colour() -> None:
    macros = (MACROS / "charts.html").read_text(encoding="utf-8")
    drawn = dict(re.findall(r'class="c-(\w+)" (?:fill|stroke)="(#[0-9a-f]{6})"', macros))
    assert {verdict: drawn[verdict.value] for verdict in Verdict} == {
        verdict: look.color for verdict, look in STATE_LOOKS.items()
    }
