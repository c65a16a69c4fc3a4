"""WARC files, one a day (UTC) and more when one is full: append, read, thin.

Bytes are on the disk when `append` returns. A crash in the middle leaves a torn last record,
which nothing refers to yet: it is cut off before anything is added. A file that is damaged in
another way is left unchanged, and the next one is begun.
"""

import errno
import os
import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from monitor.core.model import CaptureReason
from monitor.evidence import bounded, durable
from monitor.evidence.captures import capture_metadata, warc
from monitor.evidence.captures.capture_metadata import CaptureMetadata
from monitor.evidence.captures.warc import Member, Record, WarcError

MAX_FILE_BYTES = 64_000_000
RECENT_BYTES = 16_000_000  # records in memory: those of an account come just before it
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)(?:-(\d{1,6}))?\.warc\.gz")
_STANDARD = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
_THINNED = "thinned-before"  # holds the day before which nothing is left to remove


class DayFiles:
    """The folder of captures, for the one process that writes there."""

    def __init__(
        self, folder: Path, *, software: str, max_file_bytes: int = MAX_FILE_BYTES
    ) -> None:
        """Write nothing yet. `software` is named at the top of each file."""
        self._folder = folder
        self._software = software
        self._max_file_bytes = max_file_bytes
        self._open: dict[date, str] = {}  # sound, and not full
        self._writing = Lock()  # the thread of a probe that is given up may still be running

    def opened(self, day: date) -> str:
        """Return the file with the last capture of a day; "" when it is full."""
        return self._open.get(day, "")

    def append(self, day: date, records: tuple[Record, ...], *, name: str = "") -> str:
        """Append records to the file of a day, or to the file `name`; return its name.

        Safe from any thread.

        Raises:
            OSError: The records may be missing, or torn.

        """
        with self._writing:
            return self._append(day, records, name)

    def thin(self, *, before: date) -> list[str]:
        """As the function `thin`, while nothing is appended."""
        with self._writing:
            return thin(self._folder, before=before)

    def _append(self, day: date, records: tuple[Record, ...], name: str) -> str:
        existing = name or self._open.get(day)
        name = existing or self._begin(day)
        self._open.pop(day, None)  # unless all goes well
        path = self._folder / name
        new = not path.exists()
        if new and existing:  # somebody removed a file that the journal refers to
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        with path.open("ab") as file:
            file.write(warc.pack((self._top(day, name), *records) if new else records))
            file.flush()
            os.fsync(file.fileno())
            if file.tell() < self._max_file_bytes:
                self._open[day] = name
        if new:
            durable.sync_folder(self._folder)
        return name

    def _begin(self, day: date) -> str:
        """Choose the file of a day: the last one, repaired, or the next."""
        durable.make_folder(self._folder)
        number = max((number for of, number, _ in _files(self._folder) if of == day), default=1)
        while not self._usable(self._folder / _name(day, number)):
            number += 1
        return _name(day, number)

    def _usable(self, path: Path) -> bool:
        if not path.exists():
            return True
        if path.stat().st_size >= self._max_file_bytes:
            return False
        try:
            with path.open("rb") as file:
                for _ in warc.read(file):
                    pass
        except WarcError as error:
            if error.torn:
                _cut(path, error.offset)
            return error.torn
        return True

    def _top(self, day: date, name: str) -> Record:
        lines = (
            f"software: {self._software}",
            "format: WARC File Format 1.1",
            f"conformsTo: {_STANDARD}",
        )
        return warc.make(
            "warcinfo",
            name=f"{self._software}/{name}",
            at=datetime(day.year, day.month, day.day, tzinfo=UTC),
            content_type="application/warc-fields",
            block="".join(f"{line}\r\n" for line in lines).encode(),
            more=[("WARC-Filename", name)],
        )


def _cut(path: Path, size: int) -> None:
    """Cut a file to `size` bytes, which removes its torn end; an empty file is removed."""
    if not size:
        path.unlink()
        durable.sync_folder(path.parent)
        return
    with path.open("r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())


def _name(day: date, number: int) -> str:
    return f"{day.isoformat()}{f'-{number}' if number > 1 else ''}.warc.gz"


def day_of(name: str) -> date:
    """Return the day of a file of captures. Raises ValueError for any other name."""
    return date.fromisoformat(name[: len("2026-11-23")])


def _files(folder: Path) -> Iterator[tuple[date, int, Path]]:
    """Yield the day, the number and the path of each file of captures."""
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match:
            with suppress(ValueError):
                yield date.fromisoformat(match[1]), int(match[2] or 1), path


def files(folder: Path, *, since: date = date.min, until: date = date.max) -> list[Path]:
    """Return the files of the days from `since` to `until`, both included, in order."""
    if not folder.is_dir():
        return []
    return [path for day, _, path in sorted(_files(folder)) if since <= day <= until]


def members(path: Path) -> Iterator[Member]:
    """Yield the records of a file that may still be appended to.

    Raises:
        WarcError: It is damaged elsewhere than in its last record.
        OSError: It cannot be read.

    """
    with bounded.opened(path) as file:
        yield from _sound(file)


def _sound(file: BinaryIO) -> Iterator[Member]:
    try:
        yield from warc.read(file)
    except WarcError as error:
        if not error.torn:
            raise


def find(path: Path, sha256: str) -> tuple[CaptureMetadata, Callable[[str], Record | None]] | None:
    """Return the account with a digest, and a function; None when it is not in the file.

    The function returns the records that the account names, by their ids. Raises as `members`.
    """
    account, originals, places = None, dict[str, str](), dict[str, int]()
    with bounded.opened(path) as file:
        for member in _sound(file):
            record = member.record
            originals[record.id] = record.field("WARC-Refers-To")
            places[record.id] = member.offset
            if record.kind == "metadata" and record.sha256 == sha256:
                account = capture_metadata.read(record)
                break  # an account comes after all that it names
        if account is None:
            return None
        needed = capture_metadata.records_of(account)
        needed |= {originals.get(record_id, "") for record_id in needed}
        records = {name: _at(file, places[name]) for name in needed & places.keys()}
    return account, records.get


Found = tuple[CaptureMetadata, Callable[[str], Record | None]]


def accounts(path: Path, digests: Collection[str]) -> Iterator[tuple[str, Found]]:
    """Read a file once, and yield the accounts with these digests in the order of the file.

    The function beside each returns the records that it names, by their ids, until the next
    account is requested. Raises as `members`, after the valid accounts before were yielded.
    """
    places, recent = dict[str, int](), _Recent()
    with bounded.opened(path) as file, bounded.opened(path) as again:

        def find(name: str) -> Record | None:
            if name in places and name not in recent.records:
                recent.hold(_at(again, places[name]))
            return recent.records.get(name)

        for member in _sound(file):
            record = member.record
            places[record.id] = member.offset
            if record.kind != "metadata":
                recent.hold(record)
            elif record.sha256 in digests:
                account = capture_metadata.read(record)
                if account is None:
                    raise WarcError("an account that is none", offset=member.offset)
                yield record.sha256, (account, find)


class _Recent:
    """The last records read, up to `RECENT_BYTES` of them."""

    def __init__(self) -> None:
        self.records: OrderedDict[str, Record] = OrderedDict()
        self._held = 0

    def hold(self, record: Record) -> None:
        self.records[record.id] = record
        self._held += len(record.block)
        while self._held > RECENT_BYTES and len(self.records) > 1:
            self._held -= len(self.records.popitem(last=False)[1].block)


def _at(file: BinaryIO, offset: int) -> Record:
    file.seek(offset)
    return next(warc.read(file)).record


def thin(folder: Path, *, before: date) -> list[str]:
    """Remove the daily copies of the days before `before`; return the names of changed files.

    What is kept for any other reason stays, byte for byte, with all that it refers to. A file
    with nothing else in it is removed. Files that cannot be read are left unchanged.

    Raises:
        OSError: A file could not be written; it is unchanged.

    """
    mark = folder / _THINNED
    done_before = date.min
    with suppress(OSError, ValueError):
        done_before = date.fromisoformat(mark.read_text("ascii").strip())
    changed = []
    if before > done_before and folder.is_dir():
        old = [path for day, _, path in sorted(_files(folder)) if done_before <= day < before]
        changed = [path.name for path in old if _thin_file(path)]
        durable.write(mark, f"{before.isoformat()}\n".encode())
    return changed


def _thin_file(path: Path) -> bool:
    try:
        needed, removable = _needed(path)
        packed = [
            member.packed
            for member in members(path)
            if member.record.id in needed or member.record.kind == "warcinfo"
        ]
    except WarcError:
        return False
    if not removable:
        return False
    if needed:
        durable.write(path, b"".join(packed))
    else:
        _cut(path, 0)
    return True


def _needed(path: Path) -> tuple[set[str], bool]:
    """Return the ids of the records that must stay, and whether there are others."""
    needed, originals, removable = set[str](), dict[str, str](), False
    for member in members(path):
        record = member.record
        originals[record.id] = record.field("WARC-Refers-To")
        account = capture_metadata.read(record)
        if account is not None and account.why == (CaptureReason.DAILY,):
            removable = True
        elif account is not None:
            needed |= {record.id, *capture_metadata.records_of(account)}
    return (needed | {originals.get(record_id, "") for record_id in needed}) - {""}, removable
