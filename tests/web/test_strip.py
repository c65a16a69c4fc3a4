"""The picture of a day says what its spans say."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Verdict
from monitor.core.outages.time_accounts import Span
from monitor.web.views.timeline import CELL_WIDTH, CELLS, HEIGHT, cells, stack, strip, summary
from tests.support.reads import NOW, ago

SINCE = ago(hours=24)
CELL = timedelta(hours=24) / CELLS
RUNS = st.lists(st.tuples(st.sampled_from(Verdict), st.integers(1, 60)), min_size=1, max_size=12)


def day_of(runs: list[tuple[Verdict, int]]) -> tuple[Verdict, ...]:
    """Return a day of cells from runs; the last one goes on to the end."""
    found = [verdict for verdict, length in runs for _ in range(length)]
    return tuple([*found, *[runs[-1][0]] * CELLS][:CELLS])


def span(verdict: Verdict, first: int, last: int) -> Span:
    """Return a span between two cells' beginnings."""
    return Span(from_at=SINCE + first * CELL, to_at=SINCE + last * CELL, verdict=verdict)


def test_a_day_that_nothing_covers_is_unknown() -> None:
    assert cells([], since=SINCE, until=NOW) == (Verdict.UNKNOWN,) * CELLS


def test_a_span_fills_its_cells_and_no_other() -> None:
    day = [span(Verdict.UP, 0, 100), span(Verdict.DOWN, 100, 102), span(Verdict.UP, 102, CELLS)]
    found = cells(day, since=SINCE, until=NOW)
    assert [index for index in range(CELLS) if found[index] is Verdict.DOWN] == [100, 101]


def test_a_short_outage_still_shows() -> None:
    second = timedelta(seconds=1)
    begin = SINCE + 10 * CELL + 5 * second
    day = [
        Span(from_at=SINCE, to_at=begin, verdict=Verdict.UP),
        Span(from_at=begin, to_at=begin + second, verdict=Verdict.DOWN),
        Span(from_at=begin + second, to_at=NOW, verdict=Verdict.UP),
    ]
    found = cells(day, since=SINCE, until=NOW)
    assert [index for index in range(CELLS) if found[index] is Verdict.DOWN] == [10]


def test_spans_outside_the_picture_are_left_out() -> None:
    before = Span(from_at=ago(hours=30), to_at=ago(hours=25), verdict=Verdict.DOWN)
    assert Verdict.DOWN not in cells([before], since=SINCE, until=NOW)


def test_an_uneventful_day_is_one_block() -> None:
    (block,) = strip([[span(Verdict.UP, 0, CELLS)]], since=SINCE, until=NOW).blocks
    assert (0, 0, CELLS * CELL_WIDTH, HEIGHT) == (block.x, block.y, block.width, block.height)


def test_two_targets_share_the_height() -> None:
    picture = strip(
        [[span(Verdict.UP, 0, CELLS)], [span(Verdict.DOWN, 0, CELLS)]], since=SINCE, until=NOW
    )
    up, down = picture.blocks
    assert (HEIGHT / 2, HEIGHT / 2) == (up.y, up.height)
    assert (0, HEIGHT / 2) == (down.y, down.height)


@given(st.lists(RUNS.map(day_of), min_size=1, max_size=4))
def test_the_blocks_of_any_day_cover_the_picture_once(rows: list[tuple[Verdict, ...]]) -> None:
    blocks = stack(rows)
    area = sum(block.width * block.height for block in blocks)
    assert abs(area - CELLS * CELL_WIDTH * HEIGHT) < 0.01 * len(blocks) * CELLS
    assert all(0 <= block.x and block.x + block.width <= CELLS * CELL_WIDTH for block in blocks)


def test_nothing_to_draw_is_an_empty_picture() -> None:
    assert stack([]) == ()


def test_the_words_say_how_long_each_state_lasted() -> None:
    day = [span(Verdict.UP, 0, 276), span(Verdict.DOWN, 276, CELLS)]
    assert summary(day) == "accessible 23 h 00 min 00 s, indisponible 1 h 00 min 00 s"
