"""Decides in one place what a fault of our own does: stop the service, or be logged.

Input from outside causes a fault only when a boundary was forgotten. Then one piece of work is
lost, which is logged; the others continue. An error of the record itself (a `VigieError`: the
store, the copies, the journal) stops the service: nothing more could be recorded.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from monitor.core.untrusted.library_errors import is_panic
from monitor.runtime.clock import Clock
from monitor.runtime.errors import VigieError

log = structlog.get_logger(__name__)

REPEAT_US = 3_600_000_000  # the same fault of the same work is logged once an hour
REMEMBERED = 1_000  # distinct faults
FRAMES = 8  # of the call stack that are logged, the innermost
_CHARACTERS = 200


@dataclass(slots=True)
class _FaultCount:
    at_us: int
    since: int = 0  # times that it happened and was not logged


class Faults:
    """Isolates the faults of single pieces of work from the service. For one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._said: dict[tuple[str, str, str], _FaultCount] = {}

    @contextmanager
    def sparing(self, work: str) -> Iterator[None]:
        """Log a fault of the block and continue; the log names `work`, a target or a task."""
        try:
            yield
        except BaseException as error:  # noqa: BLE001 -- `spare` raises what must stop us
            self.spare(error, work=work)

    def spare(self, error: BaseException, *, work: str) -> None:
        """Log a fault: its type and place, never a value of ours.

        Raises:
            BaseException: `error` itself, when it must stop the service, or is no fault: an
                error of the record, a cancellation, an interrupt.

        """
        if isinstance(error, VigieError) or not (isinstance(error, Exception) or is_panic(error)):
            raise error
        places = _places(error)
        now_us = self._clock.monotonic_us()
        name = (work, type(error).__name__, places[-1] if places else "")
        counted = self._said.get(name)
        if counted is not None and now_us - counted.at_us < REPEAT_US:
            counted.since += 1
            return
        unsaid = counted.since if counted else 0
        self._said.pop(name, None)
        self._said[name] = _FaultCount(now_us)
        while len(self._said) > REMEMBERED:
            del self._said[next(iter(self._said))]
        log.error(
            "fault of our own",
            work=work,
            error=type(error).__name__,
            why=str(error)[:_CHARACTERS],
            places=places,
            unsaid=unsaid,
        )


def _places(error: BaseException) -> list[str]:
    """Return the innermost calls, as "folder/file.py:12 function"; no code, no values."""
    frames = list(traceback.walk_tb(error.__traceback__))[-FRAMES:]
    return [
        f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])}:{line} {frame.f_code.co_name}"
        for frame, line in frames
    ]
