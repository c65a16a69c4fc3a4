"""One step of a verification, and its faults: the first are shown, all are counted."""

from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = 20  # faults of one step


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationStep:
    """One step of a verification. All texts are French.

    Attributes:
        done: What was found, when `faults` is empty.
        proves: What a step without faults proves.
        leaves_open: What it does not prove.

    """

    title: str
    done: str
    proves: str
    leaves_open: str
    faults: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.faults


class FaultList:
    """Faults, of which the first are kept and all are counted."""

    def __init__(self, faults: Iterable[str] = (), *, more: int = 0) -> None:
        """Begin with some faults, and the number of `more` whose text nobody has."""
        self.first: list[str] = []
        self.count = more
        for fault in faults:
            self.append(fault)

    def append(self, fault: str) -> None:
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(fault)

    def shown(self) -> tuple[str, ...]:
        """Return the first faults, and how many more there are."""
        more = self.count - len(self.first)
        return (*self.first, *((f"… et {more} autres",) if more else ()))
