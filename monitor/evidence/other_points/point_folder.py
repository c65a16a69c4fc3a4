"""What we have of another point: one folder, which may be deleted to begin again.

journal/                a copy of its journal, every file of it verified
dernier-checkpoint      the last checkpoint of it that was verified
vigie.sqlite            the rows that its leaves say (`store/rebuild/followed_rows.py`)
suivi.json              when it was asked, and what came of it
fautes/<kind>-<digest>/ what proves a fault, and `faute.json`, which says what was observed
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from monitor.core.untrusted.printable import printable
from monitor.evidence import bounded, durable
from monitor.evidence.log.journal import FOLDER
from monitor.evidence.log.note import MAX_NOTE_BYTES
from monitor.evidence.log.tiles import Tiles

POINTS: Final = "points"  # below data/
DATABASE: Final = "vigie.sqlite"
# From the end of one visit of a point to the next, or the plan's shortest interval.
VISIT_INTERVAL_S: Final = 30.0
_LAST, _STATE, _FAULTS, _FAULT = "dernier-checkpoint", "suivi.json", "fautes", "faute.json"
_MAX_STATE_BYTES: Final = 20_000
_MAX_FAULTS: Final = 20  # one is enough to hear a point no more
_MAX_TEXT: Final = 1_000  # characters of what is told of a visit, which others can word
_LIFTED: Final = "faute-levee.json"


class FaultKind(StrEnum):
    """What a point did that its key proves, or that we observed."""

    FORK = "fork"  # it signed two histories
    SIZE = "size"  # it signed a size, and what it serves does not lead to it
    LEAF = "leaf"  # it signed a leaf that cannot be read, or that contradicts those before it


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowFault:
    """A fault of a point, which goes unheard as long as its folder exists.

    Attributes:
        text: What was observed, in French.
        at: When.
        program: The version of this program, which may be too old to read a leaf.

    """

    kind: FaultKind
    text: str
    at: datetime
    program: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowState:
    """What came of following a point.

    Attributes:
        asked_at: Its checkpoint was asked for last.
        heard_at: All that its checkpoint of then commits to was read last; None: never.
        size: Leaves of the last verified checkpoint.
        leaves: Leaves that were imported.
        etag: Of that checkpoint.
        why: Why the last visit came to nothing, in French; "" when it did not.
        misses: Visits in a row whose files did not lead to what was signed.

    """

    asked_at: datetime | None = None
    heard_at: datetime | None = None
    size: int = 0
    leaves: int = 0
    etag: str = ""
    why: str = ""
    misses: int = 0


class PointFolder:
    """The folder of one point below `data/points/`."""

    def __init__(self, data: Path, name: str) -> None:
        self.name = name
        self.folder = data / POINTS / name
        self.tiles = Tiles(self.folder / FOLDER)

    @property
    def database_url(self) -> str:
        return f"sqlite:///{(self.folder / DATABASE).absolute()}"

    def state(self) -> FollowState:
        """Return the state; the first one when there is none that can be read."""
        try:
            raw = json.loads(bounded.read(self.folder / _STATE, _MAX_STATE_BYTES))
            times = {
                name: datetime.fromisoformat(raw[name]) if raw[name] else None
                for name in ("asked_at", "heard_at")
            }
            return replace(FollowState(), **{**raw, **times})
        except (OSError, ValueError, TypeError, KeyError):
            return FollowState()

    def put_state(self, state: FollowState) -> None:
        times = {
            name: at.isoformat() if at else None
            for name, at in (("asked_at", state.asked_at), ("heard_at", state.heard_at))
        }
        text = json.dumps({**asdict(state), **times}, ensure_ascii=False, indent=1)
        durable.write(self.folder / _STATE, text.encode())

    def last_note(self) -> bytes | None:
        """Return the last checkpoint that was verified; None before the first."""
        try:
            return bounded.read(self.folder / _LAST, MAX_NOTE_BYTES)
        except FileNotFoundError:
            return None

    def put_last_note(self, note: bytes) -> None:
        durable.write(self.folder / _LAST, note)

    def faults(self) -> tuple[FollowFault, ...]:
        """Return the faults on record, the oldest first; one that cannot be read counts too."""
        paths = list((self.folder / _FAULTS).glob(f"*/{_FAULT}"))[: 2 * _MAX_FAULTS]
        return tuple(sorted(map(_fault, paths), key=lambda fault: fault.at))

    def put_fault(self, fault: FollowFault, files: Mapping[str, bytes]) -> None:
        """Write what proves a fault; the same fault again changes nothing."""
        digest = hashlib.sha256(b"\0".join(files[name] for name in sorted(files))).hexdigest()
        folder = self.folder / _FAULTS / f"{fault.kind}-{digest[:16]}"
        if (folder / _FAULT).exists() or len(self.faults()) >= _MAX_FAULTS:
            return
        for name, data in files.items():
            durable.write(folder / name, data)
        words = {**asdict(fault), "at": fault.at.isoformat(), "text": told(fault.text)}
        durable.write(folder / _FAULT, json.dumps(words, ensure_ascii=False, indent=1).encode())

    def forget_fault(self, kind: FaultKind) -> None:
        """Hear a point again that was at fault by `kind`: the proof stays, under another name.

        Of such proofs the last few stay: a point that is at fault every other minute, and signs
        checkpoints of a megabyte, must not fill our disk.
        """
        for path in (self.folder / _FAULTS).glob(f"{kind}-*/{_FAULT}"):
            path.rename(path.with_name(_LIFTED))
            lifted = (self.folder / _FAULTS).glob(f"*/{_LIFTED}")
            by_age = sorted(lifted, key=lambda one: one.stat().st_mtime)
            for old in by_age[:-_MAX_FAULTS]:
                shutil.rmtree(old.parent)


def told(text: str) -> str:
    """Return what is told of a point: a line that is shown as it is, and is not too long."""
    line = printable(text.replace("\n", " ").replace("\t", " "))
    return line if len(line) <= _MAX_TEXT else f"{line[:_MAX_TEXT]}…"


def _fault(path: Path) -> FollowFault:
    try:
        raw: dict[str, Any] = json.loads(bounded.read(path, _MAX_STATE_BYTES))
        return FollowFault(
            kind=FaultKind(raw["kind"]),
            text=str(raw["text"]),
            at=datetime.fromisoformat(raw["at"]),
            program=str(raw["program"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        kind = FaultKind.FORK
        at = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        return FollowFault(kind=kind, text=f"{path} : illisible", at=at, program="")
