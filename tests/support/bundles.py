"""Bundles to be spoilt: their files, an archive written by hand, and lists made right again."""

import gzip
import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from monitor.dossier.bundle import wacz_lists
from monitor.dossier.bundle.answer_files import index_answers
from monitor.evidence.captures import warc

HEAD, LINE, END = (struct.Struct(text) for text in ("<4s5H3L2H", "<4s6H3L5H2L", "<4s4H2LH"))
Files = dict[str, bytes]


@dataclass(slots=True, kw_only=True)
class Entry:
    """A file of an archive, and what its two heads say of it. None: what is so."""

    name: bytes
    data: bytes
    local_name: bytes | None = None
    mode: int = 0o100644
    method: int = 0
    flags: int = 0
    size: int | None = None
    offset: int | None = None
    extra: bytes = b""
    comment: bytes = b""
    before: bytes = b""  # bytes in front of it
    listed: bool = True


@dataclass(slots=True, kw_only=True)
class Archive:
    """An archive written by hand, in any form."""

    entries: list[Entry] = field(default_factory=list)
    comment: bytes = b""
    count: int | None = None
    prefix: bytes = b""
    suffix: bytes = b""

    def packed(self) -> bytes:
        """Return the bytes of the archive."""
        out, listing = bytearray(self.prefix), bytearray()
        for one in self.entries:
            out += one.before
            data = one.data
            if one.method == 8:
                packer = zlib.compressobj(9, zlib.DEFLATED, -15)
                data = packer.compress(one.data) + packer.flush()
            size = len(one.data) if one.size is None else one.size
            local = one.name if one.local_name is None else one.local_name
            offset = len(out) if one.offset is None else one.offset
            same = one.flags, one.method, 0, 33, zlib.crc32(one.data)
            sizes = (len(data) if one.size is None or one.method else size), size
            out += HEAD.pack(b"PK\3\4", 20, *same, *sizes, len(local), len(one.extra))
            out += local + one.extra + data
            if one.listed:
                listing += LINE.pack(
                    b"PK\1\2", 3 << 8 | 20, 20, *same, *sizes, len(one.name), len(one.extra),
                    len(one.comment), 0, 0, one.mode << 16, offset,
                )  # fmt: skip
                listing += one.name + one.extra + one.comment
        count = sum(one.listed for one in self.entries) if self.count is None else self.count
        end = END.pack(b"PK\5\6", 0, 0, count, count, len(listing), len(out), len(self.comment))
        return bytes(out + listing + end) + self.comment + self.suffix


def files_of(bundle: bytes) -> Files:
    with ZipFile(BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(files: Mapping[str, bytes]) -> Archive:
    return Archive(
        entries=[Entry(name=name.encode(), data=data) for name, data in sorted(files.items())]
    )


def packed(files: Mapping[str, bytes]) -> bytes:
    """Write an archive in its plain form."""
    return archive_of(files).packed()


def reindexed(files: Files, folder: Path) -> Files:
    """Make the index and the pages right again, then the digests; `folder` is for a while."""
    answers = []
    for name, data in files.items():
        if name.startswith("archive/"):
            path = folder / name.removeprefix("archive/")
            path.write_bytes(data)
            answers.append(index_answers(path))
    lists = {
        wacz_lists.INDEX: wacz_lists.index(line for one in answers for line in one.lines),
        wacz_lists.PAGES: wacz_lists.pages(page for one in answers for page in one.pages),
    }
    return repaired(files | lists)


def records_of(data: bytes) -> list[warc.Record]:
    """Return the records of a file of copies."""
    return [member.record for member in warc.read(BytesIO(data))]


def with_block(record: warc.Record, block: bytes) -> warc.Record:
    """Return a record with another block, and the digests and the length of that one."""
    ought = {
        "WARC-Block-Digest": warc.digest(block),
        "WARC-Payload-Digest": warc.digest(block.partition(b"\r\n\r\n")[2]),
        "Content-Length": str(len(block)),
    }
    fields = tuple((name, ought.get(name, value)) for name, value in record.fields)
    return warc.Record(fields, block)


def extract_lines(files: Files) -> list[bytes]:
    """Return the lines of the extract of a bundle."""
    return gzip.decompress(files["preuve/extrait.gz"]).splitlines(keepends=True)


def with_extract(files: Files, lines: Iterable[bytes]) -> Files:
    """Return the files with another extract, and digests that are right."""
    return repaired(files | {"preuve/extrait.gz": gzip.compress(b"".join(lines), mtime=0)})


def repaired(files: Files) -> Files:
    """Make the digests right again, as whoever spoils a bundle can."""
    said = json.loads(files[wacz_lists.DATAPACKAGE])
    others = {name: data for name, data in files.items() if "datapackage" not in name}
    said["resources"] = [wacz_lists.resource(name, others[name]) for name in sorted(others)]
    described = (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()
    digest = {
        "path": wacz_lists.DATAPACKAGE,
        "hash": f"sha256:{hashlib.sha256(described).hexdigest()}",
    }
    return {
        **others,
        wacz_lists.DATAPACKAGE: described,
        wacz_lists.DATAPACKAGE_DIGEST: (json.dumps(digest, indent=1) + "\n").encode(),
    }
