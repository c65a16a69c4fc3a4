"""The lists of a WACZ file: its index, its pages, and what describes each file (WACZ 1.1.1)."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from monitor.dossier.bundle.answer_files import ReplayPage
from monitor.dossier.bundle.proof_files import sha256_of

INDEX = "indexes/index.cdx"
PAGES = "pages/pages.jsonl"
DATAPACKAGE = "datapackage.json"
DATAPACKAGE_DIGEST = "datapackage-digest.json"
SOFTWARE = "Vigie ANEF"


def index(lines: Iterable[str]) -> bytes:
    """Return the index of all answers (CDXJ)."""
    return "".join(f"{line}\n" for line in sorted(lines)).encode()


def pages(replayed: Iterable[ReplayPage]) -> bytes:
    """Return the list of pages, by time."""
    lines: list[dict[str, str]] = [
        {"format": "json-pages-1.0", "id": "pages", "title": "Pages relevées"}
    ]
    ordered = sorted(replayed, key=lambda page: (page.at, page.url))
    lines += [
        {"id": f"{rank:08}", "url": page.url, "ts": page.at, "title": page.title}
        for rank, page in enumerate(ordered, start=1)
    ]
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines).encode()


def resource(name: str, file: bytes | Path) -> dict[str, str | int]:
    """Return what `datapackage.json` says of a file."""
    return {
        "name": name.lower().replace("/", "-"),  # unique, as frictionless demands
        "path": name,
        "hash": f"sha256:{sha256_of(file)}",
        "bytes": len(file) if isinstance(file, bytes) else file.stat().st_size,
    }


def datapackage(
    files: Mapping[str, bytes | Path], *, title: str, description: str, at: datetime
) -> dict[str, bytes]:
    """Return the two files that describe all the others; `at` is the date of what they say."""
    resources = [resource(name, file) for name, file in sorted(files.items())]
    described = _json(
        {
            "profile": "data-package",
            "wacz_version": "1.1.1",
            "title": title,
            "description": description,
            "created": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "software": SOFTWARE,
            "resources": resources,
        }
    )
    digest = _json({"path": DATAPACKAGE, "hash": f"sha256:{sha256_of(described)}"})
    return {DATAPACKAGE: described, DATAPACKAGE_DIGEST: digest}


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
