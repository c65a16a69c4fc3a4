"""A newcomer's machine: each line of the documents' blocks is typed on an empty Debian.

The lines are those of the documents, in their order, typed by a user who has sudo. What is not as
on a real machine: `systemctl` is the test's own, which starts and stops the service by the words
of its unit (without what systemd shuts off from it); the repository is a clone of this one; after
the installations there is no network but a loopback. With the image's base in buildah's store it
takes two to four minutes.
"""

import os
import re
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import text

from monitor.store import migrate
from monitor.store.engine import connected, parse
from tests.container.machine import HOME, Machine, debian, wait_for
from tests.support.postgres import find_postgres, running_postgres

pytestmark = [
    pytest.mark.container,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(os.geteuid() != 0, reason="a chroot and a network need root"),
]
ROOT = Path(__file__).parents[2]
REPOSITORY = "/srv/vigie-anef.git"
CLONE, INSTALLED = HOME / "vigie-anef", Path("/opt/vigie-anef")
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)

LEFT_OUT = {
    "docker compose ": "no engine runs in a chroot: test_image.py and test_compose.py do its part",
    ".venv/bin/python -m pip install ": "DuckDB from a registry: the set-up of CI has it",
    ".venv/bin/vigie dataset ": "it needs a month of record: tests/dataset does its part",
    "make test ": "the suite itself, which CI runs on the same commit",
}
OLD_US = 1_790_000_000_000_000  # the instant of an old check
OF_A_CHECK = (
    *("subject_id", "at", "late_us", "judgement_id", "config_id", "conditions_id"),
    "duration_us",
)
STAY = ("make run", "make demo")  # until Ctrl-C
MAY_SAY_NO = (".venv/bin/vigie at ",)  # with 1: the record of a newcomer begins today
# What a reader puts in their place.
FILLED_IN = {"<adresse du dépôt>": REPOSITORY, "2026-11-29": "$(date +%F)"}


def blocks(document: str) -> list[list[str]]:
    found = _BLOCK.findall((ROOT / document).read_text(encoding="utf-8"))
    return [[line for line in block.splitlines() if line.strip()] for block in found]


def in_order() -> list[str]:
    """Return every line: first the trial, as both documents have it; the uninstallation last."""
    french, english = blocks("LISEZMOI.md"), blocks("README.md")
    last = [block for block in french if "sudo make uninstall" in block[0]]
    assert len(last) == 1
    rest = [block for block in french[2:] if block not in last]
    return [line for block in (*french[:2], *english, *rest, *last) for line in block]


class Newcomer:
    """Types lines, remembers the folder, and looks whether the service is as it should be."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.folder = HOME

    def follow(self, line: str) -> None:
        if any(f"{line} ".startswith(words) for words in LEFT_OUT):
            return
        for words, meant in FILLED_IN.items():
            line = line.replace(words, meant)
        # «lancé par make run» stays in the first clone; what has sudo is where `cd` led.
        folder = CLONE if line.startswith((".venv/", "make ", "git pull")) else self.folder
        made = re.match(r"(sudo )?make ", line)
        if made and not (self.machine.root / str(folder)[1:] / ".venv").exists():
            self.type(f"{made[0]}.venv/run", folder, online=True)
        if line.startswith(STAY):
            self._see_and_interrupt(line, folder)
        else:
            self.type(line, folder, online=line.startswith("sudo apt-get "))
        if self.machine.service:
            self.see()

    def type(self, line: str, folder: Path | None = None, *, online: bool = False) -> str:
        kept = f"{line}\ncode=$?; pwd >/tmp/folder; exit $code"
        done = self.machine.type(kept, folder=folder or self.folder, online=online)
        answers = {0, 1} if line.startswith(MAY_SAY_NO) else {0}
        assert done.returncode in answers, f"{line}\n{done.stdout}{done.stderr}"
        if "cd " in line:
            self.folder = Path((self.machine.root / "tmp/folder").read_text().strip())
        return done.stdout

    def see(self) -> None:
        """Wait for the page of the service that runs."""
        service = self.machine.service
        assert service
        wait_for(lambda: service.process.poll() is not None or self._page(), service.log)
        assert service.process.poll() is None, service.log.read_text()

    def _page(self) -> bool:
        return bool(self.machine.get("/sante")) and "Vigie ANEF" in self.machine.get("/")

    def _see_and_interrupt(self, line: str, folder: Path) -> None:
        running = self.machine.type_and_leave(line, folder=folder)
        try:
            wait_for(lambda: running.process.poll() is not None or self._page(), running.log)
            assert running.process.poll() is None, running.log.read_text()
        finally:
            running.stop(signal.SIGINT)
        assert "Traceback" not in running.log.read_text()


def old_record(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a database as it was before `make install`, with a check that no leaf names."""
    real = command.upgrade
    with monkeypatch.context() as older:
        older.setattr("alembic.command.upgrade", lambda config, _: real(config, "0004"))
        migrate(url)
    with connected(parse(url), writer=True) as connection, connection.begin():
        for row in (
            "subject (target, point) VALUES ('anef', 'local')",
            "config (sha256) VALUES ('00')",
            "content (sha256, text) VALUES (x'00', '{}')",
            "judgement (ruleset, verdict, reason, rule) VALUES ('1', 'up', 'ok', 'ok')",
            f"observation ({', '.join(OF_A_CHECK)}) VALUES (1, {OLD_US}, 0, 1, 1, 1, 5)",
            "gap (subject_id, from_at, to_at, slots, cause) VALUES (1, 1, 2, 1, 'stopped')",
        ):
            connection.execute(text(f"INSERT INTO {row}"))


def count(path: Path, table: str) -> int:
    with connected(parse(f"sqlite:///{path}"), writer=False) as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608


def test_every_line_of_the_documents_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = find_postgres()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: scripts/packages test")
    with debian(tmp_path) as machine:
        clone = ["git", "clone", "--quiet", "--bare", str(ROOT), str(machine.root / REPOSITORY[1:])]
        subprocess.run(clone, check=True)
        network = Path(f"/proc/{machine.network}/ns/net")
        with running_postgres(programs, network=network) as server:
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                connection.execute("CREATE DATABASE vigie")
            newcomer = Newcomer(machine)
            for line in in_order():
                newcomer.follow(line)
        data = machine.root / "var/lib/vigie-anef"
        assert not data.exists()
        assert not machine.service
        assert ["enable", "--quiet", "vigie.service"] in machine.asked_of_systemd

        # A record of the first version, kept where its instructions said, is taken over.
        old = machine.root / str(INSTALLED)[1:] / "data"
        old.mkdir()
        old_record(f"sqlite:///{old / 'vigie.sqlite'}", monkeypatch)
        newcomer.follow("sudo make install")
        assert count(data / "vigie.sqlite", "observation WHERE leaf IS NULL") == 1
        assert count(data / "vigie.sqlite", "gap WHERE leaf IS NULL") == 1
        assert (old.parent / "data.avant-installation").is_dir()
