"""The dossiers that visitors ask for: made one by one, in a process of low priority.

A finished one is below `data/dossiers` until its day is over, also when the service was restarted;
those that still waited then are gone, and their links say so.
"""

import asyncio
import json
import os
import re
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections import OrderedDict, deque
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import ValidationError

from monitor.alerts.throttle import Throttle
from monitor.config.settings import Settings
from monitor.dossier.online.dossier_links import FOLDER, DossierLinks, is_over
from monitor.dossier.online.dossier_wishes import DossierState, DossierWish, decoded
from monitor.evidence import durable
from monitor.runtime.cancellation import heed_cancellation
from monitor.runtime.clock import Clock
from monitor.runtime.faults import Faults

KEY_FILE: Final = "dossiers.key"
STATE: Final = "etat.json"  # beside the pieces' folder: the answer, once it is finished
PIECES: Final = "pieces"
MOST_WAITING: Final = 20
MOST_BYTES: Final = 4_000_000_000  # of all dossiers that are not over
MOST_REMEMBERED: Final = 200  # of those that were refused, or that wait
PER_NETWORK, PER_ALL, HOUR_S = 10, 60, 3600.0
MAKING_S: Final = 1800.0  # the longest that one may take
TIDY_S: Final = 600.0
MAX_LINE: Final = 1_000_000
MOST_LINES: Final = 200  # of what a process says of its end

_PLACE: Final = re.compile(r' {1,8}File "([^"]{1,1000})", line (\d{1,9})')
_KIND: Final = re.compile(r"([A-Za-z_][\w.]{0,200}(?:Error|Exception|Failed))\b")
_BUSY: Final = DossierState(outcome="busy")
_GONE: Final = DossierState(outcome="gone")
_FAILED: Final = DossierState(outcome="refused", why="Le dossier n’a pas pu être fait.")
_START: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from monitor.dossier.online.dossier_child import main; main()"
)
_PROGRAM: Final = str(Path(__file__).resolve().parents[3])

log = structlog.get_logger(__name__)


class DossierQueue:
    """For one event loop. A fault here never stops the record."""

    def __init__(
        self,
        *,
        settings: Settings,
        config_folder: Path,
        journal_key: str,
        clock: Clock,
        faults: Faults,
    ) -> None:
        """Read the key of the links, which is made the first time.

        Args:
            settings: Of the service.
            config_folder: Of its configuration.
            journal_key: The verifier key of its journal.
            clock: The source of `now`.
            faults: Where faults of our own are noted.

        Raises:
            OSError: The key cannot be read or written.

        """
        self._settings, self._config_folder = settings, config_folder
        self._journal_key, self._clock, self._faults = journal_key, clock, faults
        self._root = settings.data / FOLDER
        self._links = DossierLinks.of(settings.data / KEY_FILE)
        self._waiting: OrderedDict[str, tuple[str, DossierWish]] = OrderedDict()
        self._states: OrderedDict[str, DossierState] = OrderedDict()
        self._added = asyncio.Event()
        us = clock.monotonic_us
        self._by_network = Throttle(PER_NETWORK, HOUR_S, us)
        self._by_all = Throttle(PER_ALL, HOUR_S, us)

    async def answer(self, line: bytes) -> bytes:
        """Answer a request of the pages."""
        wish = decoded(line)
        state = _GONE
        if wish is not None:
            state = await (self._add(wish) if wish.wish == "make" else self._look(wish.token))
        return state.model_dump_json().encode()

    async def run(self) -> None:
        """Make what is asked for, and remove what is over, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tidy_for_ever())
            group.create_task(self._make_for_ever())

    async def _add(self, wish: DossierWish) -> DossierState:
        if len(self._waiting) >= MOST_WAITING:
            return _BUSY
        if not self._by_network.allows(wish.network) or not self._by_all.allows("all"):
            return _BUSY
        is_full = await asyncio.to_thread(_bytes_in, self._root) > MOST_BYTES
        if is_full or len(self._waiting) >= MOST_WAITING:  # others may have asked meanwhile
            return _BUSY
        token = self._links.new(self._clock.now())
        folder = self._links.folder(token, self._clock.now()) or ""
        self._waiting[folder] = token, wish
        self._added.set()
        return await self._look(token)

    async def _look(self, token: str) -> DossierState:
        folder = self._links.folder(token, self._clock.now())
        if folder is None:
            return _GONE
        ahead = next((n for n, name in enumerate(self._waiting) if name == folder), None)
        if ahead is not None:
            working = sum(one.outcome == "working" for one in self._states.values())
            return DossierState(outcome="waiting", token=token, ahead=ahead + working)
        state = self._states.get(folder) or await asyncio.to_thread(self._finished, folder)
        return (state or _GONE).model_copy(update={"token": token})

    def _finished(self, folder: str) -> DossierState | None:
        """Return the state of a dossier that was made before this process, or long ago."""
        try:
            return DossierState.model_validate_json((self._root / folder / STATE).read_bytes())
        except (OSError, ValidationError):
            return None

    async def _make_for_ever(self) -> None:
        while True:
            heed_cancellation()
            await self._added.wait()
            while self._waiting:
                folder, (_, wish) = self._waiting.popitem(last=False)
                self._remember(folder, DossierState(outcome="working"))
                self._remember(folder, await self._made(folder, wish))
            self._added.clear()

    def _remember(self, folder: str, state: DossierState) -> None:
        self._states[folder] = state
        while len(self._states) > MOST_REMEMBERED:
            self._states.popitem(last=False)

    async def _made(self, folder: str, wish: DossierWish) -> DossierState:
        place, state = self._root / folder, _FAILED
        with self._faults.sparing("dossiers"):  # the record goes on, whatever a dossier meets
            try:
                state = await self._written(place, wish)
            except (OSError, TimeoutError, ValueError) as error:
                log.warning("no dossier", why=type(error).__name__)
        if state.outcome == "done":
            return state
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
        return state if state.outcome == "refused" else _FAILED

    async def _written(self, place: Path, wish: DossierWish) -> DossierState:
        """Make a dossier with its state beside it. Raises OSError, TimeoutError, ValueError."""
        await asyncio.to_thread(place.mkdir, parents=True)
        async with asyncio.timeout(MAKING_S):
            state = await self._in_child(place.name, wish)
        if state.outcome == "done":
            state = state.model_copy(update={"folder": f"{place.name}/{PIECES}"})
            data = state.model_dump_json().encode()
            await asyncio.to_thread(durable.write, place / STATE, data)
            log.info("dossier made", files=len(state.files))
        return state

    async def _in_child(self, folder: str, wish: DossierWish) -> DossierState:
        """Have a process make it. Raises OSError, ValueError."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-c", _START, _PROGRAM),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=MAX_LINE,
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
        )
        try:
            return await self._heard(process, folder, wish)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _heard(self, process: Process, folder: str, wish: DossierWish) -> DossierState:
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes")
        process.stdin.write(self._request(folder, wish))
        process.stdin.close()
        errors = asyncio.create_task(_last_error(process))
        state = DossierState(outcome="working")
        while line := await process.stdout.readline():
            state = DossierState.model_validate_json(line)
            if state.outcome == "working":
                self._remember(folder, state)
        why = await errors
        if state.outcome == "working":
            log.error("dossier not made", why=why)
        return state

    def _request(self, folder: str, wish: DossierWish) -> bytes:
        request: dict[str, Any] = {
            "wish": wish.model_dump(mode="json"),
            "config_folder": str(self._config_folder.resolve()),
            "data": str(self._settings.data.resolve()),
            "database_url": self._settings.database_url,
            "point": self._settings.point,
            "key": self._journal_key,
            "out": str((self._root / folder / PIECES).resolve()),
        }
        return json.dumps(request).encode()

    async def _tidy_for_ever(self) -> None:
        while True:
            # Listed before it is asked which are busy: one that is begun later is not in the list.
            names = await asyncio.to_thread(_names_in, self._root)
            busy = {name for name, one in self._states.items() if one.outcome == "working"}
            over = await asyncio.to_thread(self._tidy, names - busy - self._waiting.keys())
            for name in over:
                self._states.pop(name, None)
            await self._clock.sleep(TIDY_S)

    def _tidy(self, names: set[str]) -> list[str]:
        """Remove what is over, and what a process that ended left unfinished; return which."""
        now = self._clock.now()
        over = [
            name for name in names if is_over(name, now) or not (self._root / name / STATE).exists()
        ]
        for name in over:
            shutil.rmtree(self._root / name, ignore_errors=True)
        return over


async def _last_error(process: Process) -> str:
    """Return where a process failed and by which kind of error; its values are left out."""
    lines: deque[str] = deque(maxlen=MOST_LINES)
    while process.stderr and (line := await process.stderr.readline()):
        lines.append(line.decode("utf-8", "replace"))
    places = [one for line in lines if (one := _PLACE.match(line))]
    kinds = [one for line in lines if (one := _KIND.match(line))]
    place = f"{Path(places[-1][1]).name}:{places[-1][2]}" if places else "?"
    return f"{place} {kinds[-1][1] if kinds else ''}".strip()


def _names_in(folder: Path) -> set[str]:
    """Return the names in a folder; none where it cannot be read."""
    try:
        return {place.name for place in folder.iterdir()}
    except OSError:
        return set()


def _bytes_in(folder: Path) -> int:
    """Return the bytes of the files below a folder; what is removed meanwhile counts nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(parent) / name).stat().st_size
    return total
