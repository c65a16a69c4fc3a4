"""What comes along with pyHanko is not loaded before the first token is judged."""

import subprocess
import sys

WEIGHT = ("pyhanko", "aiohttp", "aiosignal", "frozenlist", "multidict", "propcache", "yarl")
PROGRAM = f"""
import sys
import monitor.cli.service, monitor.web.serving.worker, monitor.evidence.timestamps.timestamping
print([name for name in {WEIGHT} if name in sys.modules])
"""


def test_the_service_starts_without_what_judges_tokens() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )

    assert (ended.stdout, ended.stderr) == ("[]\n", "")
