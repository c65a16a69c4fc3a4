"""Set up this process: its limit of open files, its memory allocator, its thread switching."""

import ctypes
import resource
import signal
import sys

MOST_OPEN = 65_536  # more than anything here needs; the hard limit may be a billion
# mallopt(3). By default glibc keeps an arena for each thread, and once a block of 5 MB was freed
# it takes all later ones up to that size from the arenas, where they leave holes: beside four sites
# that answer with whole pages of 5 MB a service took 338 MB, and 223 MB with these two. One arena
# is enough for threads that share one interpreter.
_PR_SET_PDEATHSIG = 1  # prctl(2)
_M_MMAP_THRESHOLD, _MMAP_BYTES = -3, 256 * 1024
_M_ARENA_MAX, _ARENAS = -8, 1
# A computing thread keeps the interpreter for this long (5 ms by default) when the event loop
# wakes. A check wakes it some fifty times, and each time may wait for several threads.
SWITCH_S = 0.001


def prepare() -> None:
    """Do all of it. Call it once, before any thread is started."""
    raise_open_limit()
    _return_large_blocks()
    sys.setswitchinterval(SWITCH_S)


def raise_open_limit() -> int:
    """Raise the limit of open files and connections as far as allowed; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    new_limit = MOST_OPEN if hard == resource.RLIM_INFINITY else min(MOST_OPEN, hard)
    if soft == resource.RLIM_INFINITY or soft >= new_limit:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (new_limit, hard))
    except (OSError, ValueError):  # a sandbox forbids it, or the system has a limit of its own
        return soft
    return new_limit


def _return_large_blocks() -> None:
    """Have malloc return each large block to the system when it is freed, if it supports that."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # not in every C library
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
        mallopt(_M_ARENA_MAX, _ARENAS)


def end_with_parent() -> None:
    """Have the kernel (Linux) kill us when the process that started us ends.

    The end of a pipe or a socket between us shows the same, but only when we read it: until then we
    would occupy what a restarted service needs.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
