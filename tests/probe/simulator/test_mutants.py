"""Each rule of our own side, taken away once: the simulator must find what it was for."""

from collections.abc import Callable

import pytest

from monitor.core.model import Controls, ControlStatus, Family
from monitor.core.model import exchange as core_wire
from monitor.core.verdict import classify
from monitor.fetch import budget, resolve
from monitor.probe.local_health import control_panel, second_look
from monitor.probe.local_health.own_health import LocalHealth
from tests.probe.simulator import faults
from tests.probe.simulator.test_simulator import group

GROUPS = 60  # at most: the first wrong word is enough
Spoil = Callable[[pytest.MonkeyPatch], None]


def without(*names: str) -> Spoil:
    def spoil(patch: pytest.MonkeyPatch) -> None:
        for table in ("RULES", "DOUBTS"):
            rules = getattr(classify, table)
            patch.setattr(classify, table, tuple(rule for rule in rules if rule[0] not in names))

    return spoil


def either_family(patch: pytest.MonkeyPatch) -> None:
    def vouch_for(self: Controls, _family: Family) -> bool:
        return self.line_works

    patch.setattr(core_wire.Controls, "vouch_for", vouch_for)


def late_is_prompt(patch: pytest.MonkeyPatch) -> None:
    real = control_panel._status

    def said(*facts: object) -> ControlStatus:
        found = real(*facts)  # type: ignore[arg-type]
        return ControlStatus.PROMPT if found is ControlStatus.LATE else found

    patch.setattr(control_panel, "_status", said)


def never_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(second_look, "wanted", lambda *_, **__: False)


def no_round_within(patch: pytest.MonkeyPatch) -> None:
    """Only the round after a failure counts, and it is enough."""

    async def within(_self: LocalHealth, _duration_us: int, _ended_us: int) -> tuple[Controls, ...]:
        return ()

    patch.setattr(LocalHealth, "within", within)
    never_again(patch)


def no_round_after(patch: pytest.MonkeyPatch) -> None:
    async def check(self: LocalHealth) -> Controls:
        assert self.controls is not None
        return self.controls

    real = LocalHealth.check

    async def heartbeat(self: LocalHealth) -> Controls:
        return await (check(self) if self.controls is not None else real(self))

    patch.setattr(LocalHealth, "check", heartbeat)


def no_tick(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(budget, "_LATE_US", 10**12)
    patch.setattr(budget.Budget, "_asleep_us", lambda _: 0)


def one_resolver_is_enough(patch: pytest.MonkeyPatch) -> None:
    real = resolve._verdict

    def verdict(said: list[resolve._ServerFailure]) -> object:
        server, failure, second = real(said)
        return server, failure, second or server

    patch.setattr(resolve, "_verdict", verdict)


MUTANTS: dict[str, tuple[Spoil, faults.Lay]] = {
    "frozen": (without("frozen"), faults.frozen),
    "no tick": (no_tick, faults.frozen),
    "line in doubt": (without("line-in-doubt"), faults.family_lost),
    "our side": (without("our-side"), faults.dead_resolver),
    "name in doubt": (without("name-in-doubt", "not-repeated"), faults.lying_resolver),
    "not repeated": (without("not-repeated"), faults.refused_by_router),
    "either family": (either_family, faults.family_lost),
    "late is prompt": (late_is_prompt, faults.short_cut),
    "never again": (never_again, faults.refused_by_router),
    "no round within": (no_round_within, faults.short_cut),
    "no round after": (no_round_after, faults.line_cut),
    "one resolver is enough": (one_resolver_is_enough, faults.lying_resolver),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MUTANTS)
def test_the_simulator_misses_each_rule(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil, lay = MUTANTS[name]
    spoil(monkeypatch)
    assert any(group(seed, (lay,))[1] for seed in range(GROUPS))
