"""What is said of the outages of a span: bounds that hold whichever outage is the longest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.french.figure_sentences import outage_bounds, outage_frame
from monitor.core.model import Nature, Outage, Reason
from monitor.core.outages.span_figures import Length, outage_figures

START = datetime(2026, 11, 23, tzinfo=UTC)
S = 1_000_000


def outage(shortest_s: int, longest_s: int | None) -> Outage:
    """Return an outage of which nobody saw the end where `longest_s` is None."""
    last = START + timedelta(seconds=shortest_s)
    return Outage(
        target="accueil",
        point="local",
        nature=Nature.DOWN,
        reason=Reason.HTTP_5XX,
        last_ok_at=START,
        first_fail_at=START,
        last_fail_at=last,
        confirmed_at=last,
        first_ok_at=None if longest_s is None else START + timedelta(seconds=longest_s),
    )


@pytest.mark.parametrize(
    ("spans", "longest", "middle"),
    [
        ([(10, 11), (5, 100)], (10, 100), (7.5, 55.5)),
        ([(1, 100), (2, 3), (3, 100)], (3, 100), (2, 100)),
        ([(60, 70), (5, None)], (60, None), (32.5, None)),
        ([(60, 70), (5, None), (4, 6)], (60, None), (5, 70)),
    ],
)
def test_the_bounds_are_not_those_of_one_outage(
    spans: list[tuple[int, int | None]],
    longest: tuple[float, float | None],
    middle: tuple[float, float | None],
) -> None:
    figures = outage_figures(outage(*span) for span in spans)

    for found, (least, most) in ((figures.longest, longest), (figures.median, middle)):
        assert found == Length(
            shortest_us=int(least * S), longest_us=None if most is None else int(most * S)
        )


def test_maintenances_are_counted_among_outages() -> None:
    some = [outage(10, 11), replace(outage(20, 21), nature=Nature.MAINTENANCE)]

    assert (outage_figures(some).count, outage_figures(some).maintenances) == (2, 1)


def test_an_outage_is_told_by_its_checks_and_not_from_a_beginning_to_an_end() -> None:
    text = outage_frame(outage(60, 120)).replace("\N{NO-BREAK SPACE}", " ")

    assert text == (
        "premier relevé en échec : 23 novembre 2026 à 01:00:00 (heure de Paris ; 00:00:00 UTC) ; "
        "premier relevé conforme ensuite : 23 novembre 2026 à 01:02:00 (heure de Paris ; "
        "00:02:00 UTC)"
    )
    assert outage_frame(outage(60, None)).endswith("conforme ensuite : aucun à ce jour")


@given(
    spans=st.lists(
        st.tuples(st.integers(0, 500), st.integers(0, 500), st.floats(0, 1)),
        min_size=1,
        max_size=9,
    )
)
def test_the_true_lengths_lie_within_the_bounds(spans: list[tuple[int, int, float]]) -> None:
    figures = outage_figures(outage(least, least + more) for least, more, _ in spans)
    true = [(least + more * part) * S for least, more, part in spans]

    for found, wanted in ((figures.longest, max(true)), (figures.median, median(true))):
        assert found is not None
        assert found.longest_us is not None
        assert found.shortest_us <= wanted <= found.longest_us


def test_an_outage_lasts_what_its_printed_instants_say_on_the_page_as_in_the_log() -> None:
    """From 10.9 s to 20.1 s: a reader subtracts 10 from 20."""
    one = replace(
        outage(0, 60),
        first_fail_at=START + timedelta(seconds=10.9),
        last_fail_at=START + timedelta(seconds=20.1),
    )

    assert outage_bounds(one).replace("\N{NO-BREAK SPACE}", " ") == "entre 10 s et 1 min 00 s"
    assert outage_bounds(replace(one, first_ok_at=None)).startswith("au moins 10")
