"""A Debian in a chroot, and what its systemd would do for one service.

The machine is made from the image's base and thrown away. What needs packages goes through the
machine's own configuration of pip and apt; everything else runs in a network of its own, which
is a loopback.
"""

import json
import os
import shlex
import signal
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.container import image

ADMIN = "ami"  # an administrator of the machine, who may use sudo
HOME = Path("/home") / ADMIN
UNIT = Path("etc/systemd/system/vigie.service")
LIMIT_S = 600  # for one command on a busy machine: a set-up took over five minutes on one
# A Debian that a person has installed holds these; the base does not.
_INSTALLED = "apt-get update -qq && apt-get install -qq sudo >/dev/null"
_PREPARE = f"""
useradd --create-home --shell /bin/bash {ADMIN}
echo '{ADMIN} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{ADMIN}
echo "127.0.0.1 $(hostname)" >>/etc/hosts
printf '[safe]\\n\\tdirectory = *\\n' >/etc/gitconfig
"""
# Yes, as a person answers; and no package that is only recommended, for time.
_ANSWERS = 'APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n'
# The machine's `systemctl` hands its words over and ends with the code that it is given.
_SYSTEMCTL = """#!/usr/bin/python3
import json, socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect("/srv/systemd")
    asked.sendall(json.dumps(sys.argv[1:]).encode() + b"\\n")
    sys.exit(int(asked.makefile().readline()))
"""


@dataclass(kw_only=True)
class Running:
    """A command that was started on the machine, and the number of its first process."""

    process: subprocess.Popen[bytes]
    pid: int
    log: Path

    def stop(self, number: signal.Signals) -> int:
        """Send the signal to the command's whole group, as a terminal does; return its code."""
        if self.process.poll() is None:
            os.killpg(self.pid, number)
        return self.process.wait(LIMIT_S)


@dataclass(kw_only=True)
class Machine:
    """A chroot to type in."""

    container: str
    root: Path
    network: int  # the process whose network namespace it uses
    logs: Path
    asked_of_systemd: list[list[str]] = field(default_factory=list)
    service: Running | None = None
    _count: int = 0

    def type(
        self, line: str, *, folder: Path = HOME, online: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Type a line as the administrator; `online` leaves it the network of the machine."""
        alone = [] if online else self._alone()
        return subprocess.run(
            [*alone, *self._beside(), *_typed(line, folder)],
            check=False, capture_output=True, text=True, timeout=LIMIT_S,
        )  # fmt: skip

    def root_types(self, script: str) -> None:
        """Run what is no part of the documents."""
        command = [*self._beside(), "bash", "-euc", script]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def type_and_leave(self, line: str, *, folder: Path) -> Running:
        """Type a line that ends by Ctrl-C only."""
        return self._leave_running(*_typed(f"exec {line}", folder))

    def _leave_running(self, *command: str) -> Running:
        self._count += 1
        log, number = self.logs / f"{self._count}.log", Path("srv/pid") / f"{self._count}"
        (self.root / number).parent.mkdir(exist_ok=True)
        first = ["setsid", "--wait", "sh", "-c", f'echo $$ >/{number} && exec "$@"', "sh"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self._alone(), *self._beside(), *first, *command], stdout=output, stderr=output
            )
        wait_for(lambda: _text(self.root / number) or process.poll() is not None, log)
        return Running(process=process, pid=int(_text(self.root / number)), log=log)

    def get(self, path: str) -> str:
        """Ask the service of the machine for a page; empty when it does not answer."""
        code = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())"
        url = f"http://127.0.0.1:8600{path}"
        answer = subprocess.run(
            [*self._alone(), "python3", "-c", code, url],
            check=False, capture_output=True, text=True, timeout=LIMIT_S,
        )  # fmt: skip
        return answer.stdout if answer.returncode == 0 else ""

    def systemctl(self, words: list[str]) -> int:
        """Do what systemd would for the one unit, and return the exit code."""
        self.asked_of_systemd.append(words)
        verb, *units = [word for word in words if not word.startswith("-")]
        if verb in ("stop", "restart") and self.service:
            self.service.stop(signal.SIGTERM)
            self.service = None
        if verb in ("start", "restart"):
            assert units[0].removesuffix(".service") == "vigie", words
            self.service = self._start_unit()
        return 0

    def _start_unit(self) -> Running:
        """Start the unit by its own words; what it shuts off is systemd's to shut, not ours."""
        unit = _settings((self.root / UNIT).read_text().partition("[Service]")[2])
        user, state = unit["User"][-1], Path("/var/lib") / unit["StateDirectory"][-1]
        named = unit["EnvironmentFile"][-1].removeprefix("-")
        lines = (self.root / named.lstrip("/")).read_text().splitlines()
        given = [line for line in lines if line and not line.startswith("#")]
        assert (self.root / str(state).lstrip("/")).is_dir()
        return self._leave_running(
            "sh", "-c", 'umask "$1" && cd "$2" && shift 2 && exec "$@"', "sh",
            unit["UMask"][-1], unit["WorkingDirectory"][-1],
            "env", "--ignore-environment", "PATH=/usr/bin:/bin", *unit["Environment"], *given,
            "setpriv", f"--reuid={user}", f"--regid={unit['Group'][-1]}", "--init-groups",
            "--no-new-privs", "--bounding-set=-all", *shlex.split(unit["ExecStart"][-1]),
        )  # fmt: skip

    def _alone(self) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.network}/ns/net"]

    def _beside(self) -> list[str]:
        lent = [f"--volume={path}:{path}:ro" for path in image.LENT if path.exists()]
        return [*image.BUILDAH, "run", "--isolation=chroot", *lent, self.container]


def _typed(line: str, folder: Path) -> list[str]:
    known = [f"HOME={HOME}", f"USER={ADMIN}", "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"]
    typed = ["bash", "-c", f"cd {folder} && {line}"]
    return ["env", "--ignore-environment", *known, "/sbin/runuser", "-u", ADMIN, "--", *typed]


def _text(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _settings(section: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in section.partition("\n[")[0].splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def wait_for(condition: Callable[[], object], log: Path) -> None:
    """Return once the condition holds; the log says why it never did."""
    until = time.monotonic() + LIMIT_S  # noqa: TID251 -- a limit on a real process
    while not condition():
        assert time.monotonic() < until, log.read_text()[-4_000:]  # noqa: TID251 -- the same
        time.sleep(0.2)


class _Words(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        machine: Machine = self.server.machine  # type: ignore[attr-defined]
        code = machine.systemctl(json.loads(self.rfile.readline()))
        self.wfile.write(f"{code}\n".encode())


@contextmanager
def debian(logs: Path) -> Iterator[Machine]:
    """Make the machine; stop what runs on it and remove it at the end."""
    container = image.buildah("from", image.base())
    with ExitStack() as stack:
        stack.callback(image.buildah, "rm", container)
        root = Path(image.buildah("mount", container))
        network = stack.enter_context(_network())
        machine = Machine(container=container, root=root, network=network, logs=logs)
        known = subprocess.run(
            ["apt-config", "dump", "Acquire"], check=True, capture_output=True, text=True
        )
        (root / "etc/apt/apt.conf.d/00machine").write_text(known.stdout + _ANSWERS)
        (root / "run/systemd/system").mkdir(parents=True)  # how a running systemd is recognised
        (root / "usr/bin/systemctl").write_text(_SYSTEMCTL)
        (root / "usr/bin/systemctl").chmod(0o755)
        machine.root_types(_INSTALLED)
        machine.root_types(_PREPARE)
        # A socket's path must stay under 108 bytes, and buildah's are long.
        folder = os.open(root / "srv", os.O_PATH)
        stack.callback(os.close, folder)
        server = socketserver.ThreadingUnixStreamServer(f"/proc/self/fd/{folder}/systemd", _Words)
        (root / "srv/systemd").chmod(0o777)
        server.machine = machine  # type: ignore[attr-defined]
        stack.callback(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        stack.callback(lambda: machine.service and machine.service.stop(signal.SIGKILL))
        yield machine


@contextmanager
def _network() -> Iterator[int]:
    """Keep a network namespace that holds a loopback only."""
    command = ["unshare", "--net", "sh", "-c", "ip link set lo up && echo && exec cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeper:
        assert keeper.stdout
        keeper.stdout.readline()
        yield keeper.pid
