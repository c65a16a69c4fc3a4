"""What a process sets up for itself before it does anything else."""

import resource
import subprocess
import sys

from monitor.runtime.process_setup import MOST_OPEN

# glibc's mallinfo2 counts the blocks that came from the system one by one. The 8 MB that were
# freed would otherwise let malloc take the next block from its arena, and keep it there.
_LARGE_BLOCKS = """
import ctypes, sys
from monitor.runtime import process_setup

class Usage(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]

usage = ctypes.CDLL(None).mallinfo2
usage.restype = Usage
if "prepare" in sys.argv:
    process_setup.prepare()
block = bytearray(8_000_000)
del block
before = usage().hblkhd
block = bytearray(5_000_000)
print(usage().hblkhd - before >= 5_000_000, sys.getswitchinterval())
"""


def _run(*words: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _LARGE_BLOCKS, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_large_block_goes_back_to_the_system_when_it_is_freed() -> None:
    assert _run()[0] == "False", "malloc does so by itself: this setting is needed no more"
    assert _run("prepare")[0] == "True"


def test_threads_take_turns_often() -> None:
    assert _run("prepare")[1] == "0.001"


_DESCRIPTORS = """
import resource, sys
from monitor.runtime import process_setup

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
process_setup.prepare()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_limit_of_open_files_is_raised_as_far_as_we_may() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert hard > 200, "this machine leaves nothing to raise"

    done = subprocess.run(
        [sys.executable, "-c", _DESCRIPTORS], capture_output=True, text=True, check=True
    )

    most = MOST_OPEN if hard == resource.RLIM_INFINITY else min(MOST_OPEN, hard)
    assert list(map(int, done.stdout.split())) == [most, hard]
