"""Set up this process: how much it may open, how it gives memory back, how threads share it."""

import ctypes
import resource
import sys

MOST_OPEN = 65_536  # more than anything here needs; the hard limit may be a billion
# mallopt(3). By default glibc keeps an arena for each thread, and once a block of 5 MB was freed
# it takes all later ones up to that size from the arenas, where they leave holes: beside four sites
# that answer with whole pages of 5 MB a service took 338 MB, and 223 MB with these two. One arena
# is enough for threads that share one interpreter.
_M_MMAP_THRESHOLD, _MMAP_BYTES = -3, 256 * 1024
_M_ARENA_MAX, _ARENAS = -8, 1
# A thread that computes holds the interpreter for that long (5 ms by default) whenever the event
# loop wakes. A check wakes it some fifty times, and each time may wait for several threads.
SWITCH_S = 0.001


def prepare() -> None:
    """Do all of it. Once, before any thread is started."""
    raise_open_limit()
    _return_large_blocks()
    sys.setswitchinterval(SWITCH_S)


def raise_open_limit() -> int:
    """Raise the number of files and connections to what we may have, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN if hard == resource.RLIM_INFINITY else min(MOST_OPEN, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # a sandbox forbids it, or the system has a limit of its own
        return soft
    return wanted


def _return_large_blocks() -> None:
    """Let malloc return each large block to the system as soon as it is freed, where it can."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # not in every C library
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
        mallopt(_M_ARENA_MAX, _ARENAS)
