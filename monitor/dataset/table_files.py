"""The files of one table: CSV, and Parquet made from that very CSV, so that both say the same.

The same rows give the same bytes: nothing of the time of writing is in a file. A row is in memory
for as long as it is written, a group of rows while Parquet is made of it.
"""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from monitor.core.outages.time_accounts import instant
from monitor.core.untrusted.printable import printable
from monitor.core.untrusted.spreadsheet_cells import not_a_formula
from monitor.dataset.data_columns import ColumnKind, DataTable
from monitor.dataset.month_rows import DataCell, DataRow
from monitor.figures.shapes import DECIMALS
from monitor.runtime.errors import VigieError

_SQL_TYPES: dict[ColumnKind, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "instant": "TIMESTAMPTZ",
    "day": "DATE",
}
_OF_A_PATTERN = re.compile(r"[\[*?]")  # what DuckDB takes for a pattern in a path
_ROWS_OF_A_GROUP = 61_440  # thirty vectors of DuckDB
_SETTINGS: Mapping[str, str | bool | int | float | list[str]] = {
    "threads": "1",  # several may end in another order
    "memory_limit": "128MB",
    "autoinstall_known_extensions": "false",  # nothing is fetched from anywhere
    "autoload_known_extensions": "false",
}
CURE = (
    "Le format Parquet demande DuckDB, que le service n’emploie pas et qui n’est pas installé. "
    "Dans le dossier du programme :\n"
    "    .venv/bin/python -m pip install --require-hashes -r requirements-dataset.lock"
)


class NoParquetWriter(VigieError):  # noqa: N818 -- a refusal, with its cure
    """DuckDB is not installed."""


class ParquetFailed(VigieError):  # noqa: N818 -- what went wrong, and what is left of it
    """Parquet could not be made, or does not say what its CSV says: neither is handed over."""


def require_writer() -> None:
    """Raise NoParquetWriter, with the cure, where Parquet cannot be written."""
    if find_spec("duckdb") is None:
        raise NoParquetWriter(CURE)


def csv_name(table: DataTable) -> str:
    return f"{table.name}.csv.gz" if table.compressed else f"{table.name}.csv"


def parquet_name(table: DataTable) -> str:
    return f"{table.name}.parquet"


def write_table(folder: Path, table: DataTable, rows: Iterable[DataRow]) -> int:
    """Write both files of a table; return how many rows. Raises OSError, StoreError."""
    path = folder / csv_name(table)
    count = 0
    kinds = [column.kind for column in table.columns]
    with _text_file(path, compressed=table.compressed) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(column.name for column in table.columns)
        for row in rows:
            writer.writerow([_cell(kind, value) for kind, value in zip(kinds, row, strict=True)])
            count += 1
    _write_parquet(path, folder / parquet_name(table), table, count)
    return count


@contextmanager
def _text_file(path: Path, *, compressed: bool) -> Iterator[IO[str]]:
    with path.open("wb") as raw:
        if not compressed:
            with TextIOWrapper(raw, encoding="utf-8", newline="") as text:
                yield text
            return
        packed = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0)
        with packed, TextIOWrapper(packed, encoding="utf-8", newline="") as text:
            yield text


def _cell(kind: ColumnKind, value: DataCell) -> str:
    if value is None:
        return ""
    match kind:
        case "text":
            return _safe(str(value))
        case "instant":
            at = instant(value) if isinstance(value, int) else value
            assert isinstance(at, datetime)  # noqa: S101 -- what a column of instants holds
            return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        case "boolean":
            return "true" if value else "false"
        case "number":
            return f"{value:.{DECIMALS}f}"
        case _:
            return str(value)


def _safe(text: str) -> str:
    """Return a text on one line, that neither a terminal nor a spreadsheet obeys."""
    shown = printable(text).replace("\n", "\\u000a").replace("\t", "\\u0009")
    return not_a_formula(shown)


def _write_parquet(source: Path, path: Path, table: DataTable, count: int) -> None:
    """Make Parquet of a CSV of `count` rows. Raises ParquetFailed."""
    import duckdb  # noqa: PLC0415 -- an extra: the service runs without it

    types = ", ".join(f"'{one.name}': '{_SQL_TYPES[one.kind]}'" for one in table.columns)
    # Nothing is left to be guessed, of the name of the file or of its content.
    packing = "gzip" if table.compressed else "none"
    reading = (
        f"read_csv({_quoted(_literal(source))}, columns={{{types}}}, compression='{packing}', "
        "header=true, auto_detect=false, delim=',', quote='\"', escape='\"', nullstr='', "
        "new_line='\\n')"
    )
    making = (
        f"COPY (SELECT * FROM {reading}) TO {_quoted(str(path.absolute()))} "  # noqa: S608 -- our own names
        f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_OF_A_GROUP})"
    )
    try:
        with duckdb.connect(":memory:", config=dict(_SETTINGS)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            written = connection.execute(making).fetchall()
    except duckdb.Error as error:
        raise ParquetFailed(f"{path.name} : DuckDB n’a pas pu l’écrire : {error}") from error
    if written != [(count,)]:
        rows = written[0][0] if written else 0
        raise ParquetFailed(f"{path.name} : {rows} lignes au lieu de {count} ; à signaler.")


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "''") + "'"


def _literal(path: Path) -> str:
    """Return the pattern of one path: DuckDB takes some of its characters for wildcards."""
    return _OF_A_PATTERN.sub(r"[\g<0>]", str(path.absolute()))
