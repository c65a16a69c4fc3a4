"""Builds the image and runs it as CI can: Debian's buildah, no engine, no registry.

The base is made by debootstrap, once a month, and kept in buildah's own store. What runs is cut
off from every network but a loopback of its own.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMAGE = "localhost/vigie-anef:test"
SUITE = "bookworm"
BUILDAH = ["buildah", "--storage-driver", "vfs"]
# A machine that reaches its packages through an authority of its own lends it to the build.
LENT = [Path("/etc/pip.conf"), Path("/etc/ssl/certs/ca-certificates.crt")]
USER = 8600
LIMIT_S = 60


def buildah(*command: str | Path) -> str:
    """Run buildah and return what it prints."""
    done = subprocess.run([*BUILDAH, *command], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"buildah {command[0]}: {done.stdout[-2_000:]}{done.stderr}"
    return done.stdout.strip()


def base() -> str:
    """Return the name of a Debian with Python, made now unless this month's is there."""
    month = time.strftime("%Y-%m")
    name = f"localhost/vigie-base:{SUITE}-{month}"
    if buildah("images", "--quiet", "--filter", f"reference={name}"):
        return name
    made = buildah("from", "scratch")
    root = Path(buildah("mount", made))
    packages = "--include=python3,python3-venv,ca-certificates"
    subprocess.run(
        ["debootstrap", "--variant=minbase", packages, SUITE, root], check=True, capture_output=True
    )
    for unneeded in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"):
        shutil.rmtree(root / unneeded)
    buildah("commit", "--rm", made, name)
    return name


def build() -> str:
    """Build the image from this tree, in buildah's own words: the last thing it says is its id."""
    lent = [f"--volume={path}:{path}:ro" for path in LENT if path.exists()]
    options = ["--isolation=chroot", "--format=docker", f"--build-arg=BASE={base()}", *lent]
    return buildah("build", "--quiet", *options, f"--tag={IMAGE}", ROOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The image's own command, running in a container."""

    container: str
    root: Path
    process: subprocess.Popen[bytes]
    log: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run another command in the container, on the service's own loopback."""
        return self._beside(*_run(self.container), *command)

    def get(self, path: str) -> str:
        """Ask the service for a page."""
        url = f"http://127.0.0.1:8600{path}"
        code = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())"
        answer = self._beside("python3", "-c", code, url)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def stop(self) -> int:
        """Send what an engine sends to the first process of a container; return its exit code."""
        os.kill(_first_inside(self.process.pid), signal.SIGTERM)
        return self.process.wait(LIMIT_S)

    def wait(self) -> None:
        """Return once its own health check is content."""
        until = time.monotonic() + LIMIT_S  # noqa: TID251 -- a limit on a real process
        while self.run("vigie", "health").returncode != 0:
            late = time.monotonic() > until  # noqa: TID251 -- the same
            assert not late, f"not healthy: {self.log.read_text()[-4_000:]}"
            assert self.process.poll() is None, f"it stopped: {self.log.read_text()[-4_000:]}"
            time.sleep(0.2)

    def _beside(self, *command: str) -> subprocess.CompletedProcess[str]:
        network = ["nsenter", f"--target={self.process.pid}", "--net"]
        return subprocess.run([*network, *command], check=False, capture_output=True, text=True)


@contextmanager
def serving(image: str, *, log: Path) -> Iterator[Service]:
    """Start the image's own command; stop it if the block has not."""
    container = buildah("from", image)
    root = Path(buildah("mount", container))
    subprocess.run([*_run(container), "true"], check=True)  # leaves buildah's mount points
    network = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    command = [*network, *_run(container), "vigie", "run"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    service = Service(container=container, root=root, process=process, log=log)
    try:
        yield service
    finally:
        if process.poll() is None:
            service.stop()
        buildah("rm", container)


def files(root: Path) -> Mapping[str, tuple[int, int]]:
    """Return the size and the time of change of each file, by its path in the container."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            status = os.lstat(Path(folder) / name)
            found[f"/{Path(folder, name).relative_to(root)}"] = status.st_size, status.st_mtime_ns
    return found


def _run(container: str) -> list[str]:
    return [*BUILDAH, "run", "--isolation=chroot", container]


def _first_inside(pid: int) -> int:
    """Return the first process below `pid` that runs a program of the image, as an engine's 1."""
    while not Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"/app/"):
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        pid = [int(child) for task in tasks for child in task.read_text().split()][-1]
    return pid
