"""The process that becomes the browser: this file run by itself, with what to run as arguments.

    launcher.py READ_FD WRITE_FD NETWORK EXECUTABLE FLAG…

It puts the pipes where the browser expects them, gives way to every other process, asks to be the
first to be ended when memory runs short, dies with the service, and, where the system lets an
ordinary user do so, leaves the network: with NETWORK "none", its only interface is a loopback of
its own, which is down. It says on the write pipe, in one line that ends with NUL, whether it did.
"""

import ctypes
import fcntl
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

_NICE = 10  # probes come first
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG = 1
_FIRST_TO_GO = "1000"
_ANSWER = b'{"method": "launcher", "params": {"apart": %b}}\0'
_IN, _OUT = 3, 4  # where Chromium reads and writes with --remote-debugging-pipe


def main() -> None:
    """Prepare this process and run the browser in its place."""
    read_fd, write_fd, network, *command = sys.argv[1:]
    os.nice(_NICE)
    with suppress(OSError):  # a hardened service may not let it
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    apart = network == "none" and _may_leave() and _leave_network()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user would undo it
    copies = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, _OUT + 1) for fd in (read_fd, write_fd)]
    for copy, place in zip(copies, (_IN, _OUT), strict=True):
        os.dup2(copy, place, inheritable=True)
        os.close(copy)
    os.write(_OUT, _ANSWER % (b"true" if apart else b"false"))
    os.execv(command[0], command)  # noqa: S606 -- an executable that the configuration names


def _may_leave() -> bool:
    """Try in a process apart whether the network can be left: a half-way would be none."""
    child = os.fork()
    if child == 0:
        os._exit(0 if _leave_network() else 1)
    return os.waitpid(child, 0)[1] == 0


def _leave_network() -> bool:
    """Enter a network of our own, without any way out; return False where that is not allowed."""
    user, group = os.getuid(), os.getgid()
    try:
        if ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
            return False
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
