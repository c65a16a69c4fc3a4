"""A whole data set in a folder: its tables, its README and its `datapackage.json`."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from monitor.config import Config
from monitor.core.french.formatting import PARIS, grouped, percent
from monitor.core.french.typesetting import typeset
from monitor.core.outages.time_accounts import microseconds
from monitor.dataset.data_columns import TABLES, ColumnKind, DataColumn, DataTable
from monitor.dataset.month_rows import MonthRecord, MonthSpan
from monitor.dataset.table_files import csv_name, parquet_name, require_writer, write_table
from monitor.figures.settled import SETTLED, settlement
from monitor.runtime.errors import VigieError
from monitor.store import Store
from monitor.store.reads.journal_reads import KeptCheckpoint

CHECKPOINT_FILE, README_FILE, PACKAGE_FILE = "checkpoint", "README.md", "datapackage.json"
_README = Path(__file__).with_name("readme.md")
_SHOWN = 10  # targets that a message names
_BLOCK = 1_048_576
_PROFILE = "https://datapackage.org/profiles/2.0"
_LICENCE = {
    "name": "etalab-2.0",
    "title": "Licence Ouverte 2.0",
    "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
}
_TYPES: Mapping[ColumnKind, str] = {
    "text": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "instant": "datetime",
    "day": "date",
}


class MonthRefused(VigieError):  # noqa: N818 -- the answer to a request
    """No data set can be made of a month; the French message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """From which checkpoint a data set is made, and why it is not the last word on its month.

    Attributes:
        unsettled: Targets whose sums a later check can still change.
        provisional: Whether anything of the month can still change.

    """

    checkpoint: KeptCheckpoint
    unsettled: tuple[str, ...] = ()
    provisional: bool = False


def edition(store: Store, month: MonthSpan, config: Config, *, provisional: bool) -> Edition:
    """Return the checkpoint that a month is told by.

    It covers, for each target that is still watched, a check after the end of the month that says
    something of the site: from then on nothing that is recorded changes the month.

    Args:
        store: The record.
        month: Whose data set is made.
        config: Names the targets that are still watched.
        provisional: Take the newest checkpoint where that one is not there yet.

    Raises:
        MonthRefused: the month is not over, can still change, or has not begun.

    """
    newest = store.checkpoint()
    if newest is None:
        raise MonthRefused(
            "Rien n’a encore été signé : laisser le service tourner cinq minutes, "
            "ou « vigie seal »."
        )
    if newest.at <= month.since:
        raise MonthRefused(f"{month.name} : rien n’est encore signé de ce mois.")
    watched = {target.slug for target in config.targets}
    checked = store.checked_between(month.since, month.until, newest.size)
    by = settlement(store, checked, month.until, watched=watched)
    if by.checkpoint is not None and not by.unsettled:
        return Edition(checkpoint=by.checkpoint)
    if provisional:
        return Edition(checkpoint=newest, unsettled=by.unsettled, provisional=True)
    raise MonthRefused(
        f"{month.name} : {_why(month, newest, by.unsettled)}. Attendre, ou ajouter --provisional "
        "pour un jeu de données marqué provisoire."
    )


def _why(month: MonthSpan, newest: KeptCheckpoint, unsettled: Sequence[str]) -> str:
    if newest.at < month.until + SETTLED:
        return "le mois n’est pas terminé depuis une heure au dernier point de contrôle signé"
    if unsettled:
        names = ", ".join(unsettled[:_SHOWN]) + (", …" if len(unsettled) > _SHOWN else "")
        return f"aucun relevé après le mois ne dit encore l’état de {names}"
    return "le journal n’est pas encore signé jusque-là"


def write_dataset(
    folder: Path, store: Store, month: MonthSpan, config: Config, chosen: Edition
) -> Mapping[str, int]:
    """Write all files into an empty folder; return the rows of each table.

    Raises:
        NoParquetWriter: DuckDB is not installed.
        OSError, StoreError: A file or the record fails.

    """
    require_writer()
    record = MonthRecord(
        store=store, month=month, checkpoint=chosen.checkpoint, figures=config.figures
    )
    counts = {table.name: write_table(folder, table, rows) for table, rows in record.rows()}
    (folder / CHECKPOINT_FILE).write_bytes(chosen.checkpoint.note)
    readme = _readme(record, config, chosen)
    (folder / README_FILE).write_text(readme, encoding="utf-8", newline="\n")
    package = _package(folder, record, config, chosen, counts)
    text = json.dumps(package, ensure_ascii=False, indent=1) + "\n"
    (folder / PACKAGE_FILE).write_text(text, encoding="utf-8", newline="\n")
    return counts


def _readme(record: MonthRecord, config: Config, chosen: Edition) -> str:
    checkpoint = chosen.checkpoint
    tables = "\n".join(
        typeset(
            f"- `{csv_name(one)}`, `{parquet_name(one)}` : {one.description[0].lower()}"
            f"{one.description[1:]}"
        )
        for one in TABLES
    )
    status = (
        "**Jeu de données provisoire** : le mois peut encore changer, et ces fichiers avec lui."
        if chosen.provisional
        else "Jeu de données définitif : refait, il aurait les mêmes octets."
    )
    unsettled = ""
    if chosen.unsettled:
        unsettled = (
            "\nAucun relevé après le mois ne dit encore l’état de "
            f"{', '.join(f'`{one}`' for one in chosen.unsettled)} : le temps douteux de leur "
            "dernier relevé peut encore changer.\n"
        )
    return Template(_README.read_text(encoding="utf-8")).substitute(
        month=record.month.name,
        status=typeset(status),
        since=_paris(record.month.since),
        until=_paris(record.end),
        publisher=_line(config.publisher.association),
        point=_line(record.store.point),
        tables=tables,
        origin=config.journaling.origin,
        size=grouped(checkpoint.size),
        root=b64encode(checkpoint.root).decode(),
        unsettled=typeset(unsettled),
        coverage_min=percent(config.figures.coverage_min),
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _paris(at: datetime) -> str:
    return f"{at.astimezone(PARIS):%d/%m/%Y %H:%M:%S}"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _package(
    folder: Path,
    record: MonthRecord,
    config: Config,
    chosen: Edition,
    counts: Mapping[str, int],
) -> dict[str, Any]:
    month, checkpoint, publisher = record.month, chosen.checkpoint, config.publisher
    resources = [_csv_resource(folder, table, counts[table.name]) for table in TABLES]
    resources += [_parquet_resource(folder, table) for table in TABLES]
    resources += [
        _file(folder, README_FILE, "readme", "Présentation", "text/markdown"),
        _file(folder, CHECKPOINT_FILE, "checkpoint", "Point de contrôle signé", "text/plain"),
    ]
    word = " (provisoire)" if chosen.provisional else ""
    return {
        "$schema": f"{_PROFILE}/datapackage.json",
        "name": f"vigie-anef-{month.name}",
        "title": typeset(f"Vigie ANEF : relevés de {month.name}{word}"),
        "description": (
            "Disponibilité et modifications des pages publiques de l’ANEF et des préfectures, "
            "relevé par relevé. Durées en microsecondes entières, instants en UTC, jours de Paris."
        ),
        "homepage": publisher.site,
        "keywords": ["ANEF", "disponibilité", "préfectures", "titres de séjour"],
        "licenses": [_LICENCE],
        "contributors": [
            {
                "title": publisher.association,
                "path": publisher.site,
                "roles": ["publisher", "creator"],
            }
        ],
        "sources": _sources(record.sites),
        "vigie": {
            "month": month.name,
            "timezone": "Europe/Paris",
            "from": _utc(month.since),
            "to": _utc(record.end),
            "provisional": chosen.provisional,
            "unsettled_targets": list(chosen.unsettled),
            "point": record.store.point,
            "coverage_min": float(config.figures.coverage_min),
            "components": [
                {
                    "slug": one.slug,
                    "name": one.name,
                    "targets": list(one.targets),
                    "necessary": one.necessary,
                }
                for one in config.figures.components
            ],
            "journal": {
                "origin": config.journaling.origin,
                "size": checkpoint.size,
                "root": b64encode(checkpoint.root).decode(),
                "signed_at_us": microseconds(checkpoint.at),
            },
        },
        "resources": resources,
    }


def _sources(urls: Sequence[str]) -> list[dict[str, str]]:
    """Return the sites whose pages were asked for, each once."""
    origins = {f"{parts.scheme}://{parts.netloc}/": parts.netloc for parts in map(urlsplit, urls)}
    return [{"title": name, "path": origin} for origin, name in sorted(origins.items())]


def _file(folder: Path, path: str, name: str, title: str, mediatype: str) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with (folder / path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return {
        "name": name,
        "title": title,
        "path": path,
        "mediatype": mediatype,
        "bytes": size,
        "hash": f"sha256:{digest.hexdigest()}",
    }


def _csv_resource(folder: Path, table: DataTable, rows: int) -> dict[str, Any]:
    name = table.name.replace("_", "-")
    resource = _file(folder, csv_name(table), name, table.title, "text/csv")
    resource |= {
        "description": typeset(table.description),
        "type": "table",
        "format": "csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"'},
        "rows": rows,
    }
    if table.compressed:
        resource["compression"] = "gz"
    return resource | {
        "schema": {
            "$schema": f"{_PROFILE}/tableschema.json",
            "fields": [
                _field(column, unique=(column.name,) == table.key) for column in table.columns
            ],
            "missingValues": [""],
            "primaryKey": list(table.key),
            "foreignKeys": [
                {
                    "fields": [mine],
                    "reference": {"resource": other.replace("_", "-"), "fields": [theirs]},
                }
                for mine, (other, theirs) in table.references.items()
            ],
        }
    }


def _parquet_resource(folder: Path, table: DataTable) -> dict[str, Any]:
    name = f"{table.name.replace('_', '-')}-parquet"
    media = "application/vnd.apache.parquet"
    resource = _file(folder, parquet_name(table), name, f"{table.title} (Parquet)", media)
    return resource | {"type": "file", "format": "parquet"}


def _field(column: DataColumn, *, unique: bool) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "type": _TYPES[column.kind],
        "description": typeset(column.description),
    }
    if column.unit:
        field["unit"] = column.unit
    constraints = {"required": True} if column.required else {}
    if unique:
        constraints["unique"] = True
    return field | ({"constraints": constraints} if constraints else {})
