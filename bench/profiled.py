"""Run `vigie` beside a sampler that notes which room of the program uses the processor.

    python -m bench.profiled FILE run --config=… --data=…

Every `STEP_S` the CPU time that each thread used since the last look is laid on the innermost
frame of ours that it stands in. A thread is seen only where it can let another run, so shares
are right to a few percent, not to one. The sums are written to FILE each second, as JSON:
seconds by room, `monitor/fetch` for instance, or by what runs without a frame of ours.
"""

import json
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

from bench.local import now
from monitor.cli import main as vigie

STEP_S = 0.004
WRITE_S = 1.0
ROOMS = Path(__file__).resolve().parents[1] / "monitor"
WITH_INNER_ROOMS = {"core", "store", "evidence", "web"}


def room_of(frame: FrameType | None) -> str:
    """Name the room of the innermost frame that is ours, else the module of the innermost."""
    innermost = str(frame.f_globals.get("__name__", "?")) if frame is not None else "?"
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOMS):
            room, *inner = path.relative_to(ROOMS).with_suffix("").parts
            deep = room in WITH_INNER_ROOMS and len(inner) > 1
            return f"monitor/{room}/{inner[0]}" if deep else f"monitor/{room}"
        frame = frame.f_back
    return innermost.partition(".")[0]


class Sampler(threading.Thread):
    """Lays the CPU time of every other thread on rooms, until the process ends."""

    def __init__(self, file: Path) -> None:
        super().__init__(name="bench-sampler", daemon=True)
        self._file = file
        self._used: dict[int, float] = {}
        self.rooms: defaultdict[str, float] = defaultdict(float)

    def run(self) -> None:
        write_at = now()
        while True:
            time.sleep(STEP_S)
            self.look()
            if now() >= write_at:
                write_at = now() + WRITE_S
                fresh = self._file.with_suffix(".new")
                fresh.write_text(json.dumps(self.rooms))
                fresh.replace(self._file)

    def look(self) -> None:
        frames = sys._current_frames()  # noqa: SLF001 -- documented, and the only way
        for thread in threading.enumerate():
            ident = thread.ident
            if ident is None or thread is self:
                continue
            try:
                used = time.clock_gettime(time.pthread_getcpuclockid(ident))
            except OSError:  # it has ended
                continue
            spent = used - self._used.get(ident, used)
            self._used[ident] = used
            if spent > 0:
                self.rooms[room_of(frames.get(ident))] += spent


def main() -> int:
    file, *words = sys.argv[1:]
    Sampler(Path(file)).start()
    return vigie(words)


if __name__ == "__main__":
    sys.exit(main())
