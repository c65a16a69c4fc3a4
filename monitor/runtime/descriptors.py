"""How many files and connections this process may have open."""

import resource

MOST = 65_536  # more than anything here needs; the hard limit may be a billion


def raise_limit() -> int:
    """Raise the limit to what we may have without asking anybody, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # a sandbox forbids it, or the system has a limit of its own
        return soft
    return wanted
