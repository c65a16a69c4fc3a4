"""The fetcher's decoding of a body: within the deadline of its probe, and charged to it."""

from collections.abc import Callable

import pytest

from monitor.core.model import Failure
from monitor.fetch import Limits, bodies
from monitor.fetch.budget import Budget
from monitor.fetch.draft import Draft
from tests.support.clock import FakeClock
from tests.support.fetching import make_fetcher

pytestmark = pytest.mark.anyio
SECOND = 1_000_000


@pytest.mark.parametrize(("deadline_s", "allowed_s"), [(30, 30), (0.5, 2)])
async def test_decoding_is_told_to_end_at_the_deadline_and_its_time_is_charged(
    deadline_s: float, allowed_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or after `decode_s`, when less is left."""
    clock = FakeClock()
    going_at: dict[float, bool] = {}

    def decode(
        body: bytes, codings: str, *, limit: int, going: Callable[[], bool]
    ) -> tuple[bytes, Failure | None]:
        assert (body, codings, limit) == (b"packed", "zstd", 1234)
        for second in (0, allowed_s - 0.1, allowed_s + 0.1):
            clock._set(round(second * SECOND))
            going_at[second] = going()
        return b"body", None

    monkeypatch.setattr(bodies, "decode", decode)
    monkeypatch.setattr(bodies, "is_light", lambda *_: False)
    fetcher = make_fetcher(clock=clock, limits=Limits(body_bytes=1234, decode_s=2))
    headers = (("Content-Encoding", "zstd"),)
    draft = Draft(clock=clock, url="", started_at=clock.now(), headers=headers)
    draft.body += b"packed"
    budget = Budget(clock, deadline_s)
    before = budget.left_s

    assert await fetcher._decoded(draft, budget) == (b"body", None)

    assert list(going_at.values()) == [True, True, False]
    assert before - budget.left_s == pytest.approx(min(allowed_s + 0.1, before))
