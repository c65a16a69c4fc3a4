"""Appends captures for ever, saying each one when it is on the disk: a process to kill."""

import asyncio
import sys
from datetime import timedelta
from itertools import count
from pathlib import Path

from monitor.core.model import Kind, Target
from monitor.evidence.captures.capture_policy import Captures
from tests.support.outcomes import DEAD, at, observation, refusal

TARGET = Target(slug="cible", name="Cible", url="http://site.test/", kind=Kind.PAGE, platform="x")


async def main(folder: Path) -> None:
    captures = Captures(folder, software="essai/1", clock_limit_us=500_000)
    for rank in count():
        instant = at(0) + timedelta(milliseconds=rank)
        seen = observation("cible", instant, DEAD, exchange=refusal(instant))
        (kept,) = await captures.keep(TARGET, seen, known_good=True, in_outage=False)
        sys.stdout.write(f"{kept.file} {kept.sha256}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
