"""Copy the records of some captures out of the day files, and index them for a replay program.

Records are copied as they are packed, so that their digests and those of their leaves stay right.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from monitor.core.french.formatting import when
from monitor.core.french.sentences import VERDICTS
from monitor.evidence import bounded
from monitor.evidence.captures import capture_metadata, day_files, warc
from monitor.evidence.captures.capture_metadata import CaptureMetadata, head_bytes
from monitor.evidence.captures.warc import Record

_ANSWERS = frozenset({"response", "revisit"})
_STATUS = re.compile(rb"HTTP/\S+ +(\d{3})")
_NOT_DIGITS = re.compile(r"\D")
_WWW = re.compile(r"^www\d{0,9}\.")
_BLANK = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPage:
    """A capture of a page, for the list of a replay program."""

    url: str
    at: str  # as WARC-Date writes it
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFile:
    """A file of copies. `lines` are those of its index."""

    path: Path
    lines: tuple[str, ...]
    pages: tuple[ReplayPage, ...]


def copy_answers(source: Path, out: Path, digests: Collection[str]) -> AnswerFile | None:
    """Copy the captures whose accounts have these digests; None when the file has none of them.

    Raises:
        WarcError: The file is damaged.
        OSError: It cannot be read, or the copy cannot be written.

    """
    needed, originals = set[str](), dict[str, str]()
    for member in day_files.members(source):
        record = member.record
        if record.kind == "revisit":
            originals[record.id] = record.field("WARC-Refers-To")
        if record.kind != "metadata" or record.sha256 not in digests:
            continue
        account = capture_metadata.read(record)
        if account is not None:
            needed |= {record.id, *capture_metadata.records_of(account)}
    if not needed:
        return None
    needed |= {originals[name] for name in needed & originals.keys()}
    indexing = _Indexing(out)
    with out.open("wb") as file:
        for member in day_files.members(source):
            if member.record.id in needed or member.record.kind == "warcinfo":
                indexing.take(member.record, file.tell(), len(member.packed))
                file.write(member.packed)
    return indexing.result()


def index_answers(path: Path) -> AnswerFile:
    """Index a file of copies. Raises as `copy_answers`."""
    indexing = _Indexing(path)
    with bounded.opened(path) as file:
        for member in warc.read(file):
            indexing.take(member.record, member.offset, len(member.packed))
    return indexing.result()


class _Indexing:
    """Takes the records of a file of copies, in order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: list[str] = []
        self._accounts: list[CaptureMetadata] = []
        self._records: dict[str, tuple[str, str]] = {}

    def take(self, record: Record, offset: int, length: int) -> None:
        account = capture_metadata.read(record)
        if account is not None:
            self._accounts.append(account)
        elif record.kind in _ANSWERS:
            self._lines.append(_index_line(record, self._path.name, offset, length))
            at = record.field("WARC-Date")
            self._records[record.id] = record.field("WARC-Target-URI"), at

    def result(self) -> AnswerFile:
        pages = tuple(_pages(self._accounts, self._records))
        return AnswerFile(path=self._path, lines=tuple(self._lines), pages=pages)


def _pages(
    accounts: Iterable[CaptureMetadata], records: dict[str, tuple[str, str]]
) -> Iterator[ReplayPage]:
    """Yield a page for each capture of which an answer to the first request was kept."""
    for account in accounts:
        first = next((wire.response for wire in account.wires), "")
        if first in records:
            url, at = records[first]
            observation = account.observation
            verdict = VERDICTS[observation.judgement.verdict]
            title = f"{account.target.name} – {verdict} – {when(observation.at)}"
            yield ReplayPage(url=url, at=at, title=title)


def _index_line(record: Record, file: str, offset: int, length: int) -> str:
    """Return the line of the index (CDXJ) for an answer."""
    url = record.field("WARC-Target-URI")
    head = _last_head(record.block)
    status = _STATUS.match(head)
    types = [
        value.decode("latin-1")
        for name, _, value in (line.partition(b":") for line in head.splitlines()[1:])
        if name.lower() == b"content-type"
    ]
    mime = types[0].partition(";")[0].strip().lower() if types else ""
    digest = record.field("WARC-Payload-Digest") or record.field("WARC-Block-Digest")
    entry = {
        "url": url,
        "mime": "warc/revisit" if record.kind == "revisit" else mime or "unk",
        "status": status[1].decode() if status else "0",
        "digest": digest,
        "length": str(length),
        "offset": str(offset),
        "filename": file,
    }
    return f"{surt(url)} {timestamp(record.field('WARC-Date'))} {json.dumps(entry)}"


def _last_head(block: bytes) -> bytes:
    """Return the head of an answer; early answers may stand before it."""
    return _BLANK.split(block[: head_bytes(block)].rstrip(b"\r\n"))[-1]


def timestamp(at: str) -> str:
    """Write an instant, as WARC-Date has it, as an index does: 14 digits."""
    return _NOT_DIGITS.sub("", at)[:14]


def surt(url: str) -> str:
    """Write an address as an index sorts it: the parts of its host from the last to the first."""
    parts = urlsplit(url)
    host = _WWW.sub("", parts.hostname or "")
    port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
    path = (parts.path.lower() or "/").rstrip("/") or "/"
    query = "&".join(sorted(parts.query.lower().split("&")))
    reversed_host = ",".join(reversed(host.split(".")))
    return f"{reversed_host}{port}){path}" + (f"?{query}" if query else "")
