"""Changes of a record, drawn by a seed: of each table and column, of each kind of file."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from monitor.store.audit.file_vouchers import FILES
from monitor.store.audit.vouchers import TABLES, By

DATABASE = "vigie.sqlite"
WORDS = ("", "x", "up", "down", "ok", "2026-11", "anef", "local", "é", "\x00", "{}", "-1")
HUGE = 64 * 10**9  # bytes of a file of holes


@dataclass(frozen=True, slots=True)
class Mutation:
    """What was changed. `listed`: nothing vouches for it, and `vigie verify` says so."""

    what: str
    listed: bool = False
    file: str = ""
    table: str = ""


class Unchanged(Exception):  # noqa: N818 -- no error
    """The change changes nothing, or the engine refuses it whatever is tried."""


class Database:
    """Changes one value, row or table of a copy of a SQLite file."""

    def __init__(self, path: Path, draw: random.Random) -> None:
        self._draw = draw
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        for pragma in ("foreign_keys=OFF", "ignore_check_constraints=ON", "synchronous=OFF"):
            self._db.execute(f"PRAGMA {pragma}")
        triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        self._guards = self._db.execute(triggers).fetchall()

    def close(self) -> None:
        self._db.close()

    def mutate(self, *, but: Collection[str] = ()) -> Mutation:
        """Do one change of a table, `but` for some, and put the guards back."""
        for name, _ in self._guards:
            self._db.execute(f"DROP TRIGGER {name}")
        try:
            return self._mutated(but)
        finally:
            for _, guard in self._guards:
                self._db.execute(guard)

    def _mutated(self, but: Collection[str]) -> Mutation:
        draw = self._draw
        table = draw.choice(sorted(TABLES))
        if table in but:
            raise Unchanged(table)
        ways = [self._value] * 12 + [self._remove, self._double, self._empty, self._swap]
        try:
            return draw.choice(ways)(table)
        except (sqlite3.IntegrityError, OverflowError) as error:
            raise Unchanged(str(error)) from error

    def _rows(self, table: str) -> list[int]:
        rows = [rowid for (rowid,) in self._db.execute(f"SELECT rowid FROM {table}")]  # noqa: S608 -- ours
        if not rows:
            raise Unchanged(table)
        return rows

    def _value(self, table: str) -> Mutation:
        column = self._draw.choice(sorted(TABLES[table].columns))
        row = self._draw.choice(self._rows(table))
        return self._set(
            table, column, row, self._other(self._get(table, column, row), table, column)
        )

    def _get(self, table: str, column: str, row: int) -> Any:
        found = self._db.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,))  # noqa: S608
        return found.fetchone()[0]

    def _set(self, table: str, column: str, row: int, value: Any) -> Mutation:
        before, whole = self._get(table, column, row), self._extra(table, row)
        self._db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, row))  # noqa: S608
        one = TABLES[table].columns[column]
        moved = row not in self._rows(table)
        after = self._get(table, column, value if moved else row)
        if (type(before), before) == (type(after), after):
            raise Unchanged(column)
        said = f"{table}.{column} of row {row}: {before!r} to {after!r}"
        listed = bool(one.why) or one.by is By.KEY or whole
        return Mutation(said[:400], listed=listed, table=table)

    def _other(self, value: Any, table: str, column: str) -> Any:
        draw = self._draw
        if draw.random() < 0.25:
            return self._get(table, column, draw.choice(self._rows(table)))
        if draw.random() < 0.1:
            return draw.choice((None, 0, -1, 1.5, "x", b"x", 2**62, -(2**63), ""))
        match value:
            case int():
                return value + draw.choice((1, -1, 60_000_000, 1 << draw.randrange(50)))
            case str() if value:
                at = draw.randrange(len(value))
                return draw.choice(
                    (value[:at] + "z" + value[at + 1 :], value[:at], draw.choice(WORDS))
                )
            case bytes() if value:
                at = draw.randrange(len(value))
                flipped = value[:at] + bytes([value[at] ^ 1 << draw.randrange(8)]) + value[at + 1 :]
                return draw.choice((flipped, flipped, flipped, value[:at], value + b"x"))
            case _:
                return draw.choice((0, 1, "x", b"x"))

    def _remove(self, table: str) -> Mutation:
        row = self._draw.choice(self._rows(table))
        listed = bool(TABLES[table].fewer) or self._extra(table, row)
        self._db.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))  # noqa: S608
        return Mutation(f"{table}: row {row} removed", listed=listed, table=table)

    def _extra(self, table: str, row: int) -> bool:
        """Return whether nothing vouches for a whole row, and the list says so."""
        if table == "token":
            return self._get(table, "leaf", row) is None
        if table == "content":
            named = "SELECT conditions_id FROM observation UNION SELECT controls_id FROM round"
            return row not in {one for (one,) in self._db.execute(named)}
        return bool(TABLES[table].more)

    def _double(self, table: str) -> Mutation:
        row = self._draw.choice(self._rows(table))
        columns = [one for one in TABLES[table].columns if one != "id"]
        values = [self._get(table, column, row) for column in columns]
        changed = self._draw.choice(columns)
        values[columns.index(changed)] = self._other(values[columns.index(changed)], table, changed)
        marks = ", ".join("?" * len(columns))
        insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
        self._db.execute(insert, values)
        listed = table == "content" or self._extra(table, row)
        what = f"{table}: row {row} doubled, but for {changed}"
        return Mutation(what, listed=listed, table=table)

    def _empty(self, table: str) -> Mutation:
        rows = self._rows(table)
        listed = bool(TABLES[table].fewer) or all(self._extra(table, row) for row in rows)
        self._db.execute(f"DELETE FROM {table}")  # noqa: S608
        return Mutation(f"{table}: emptied", listed=listed, table=table)

    def _swap(self, table: str) -> Mutation:
        column = self._draw.choice(sorted(TABLES[table].columns))
        one, other = self._draw.choice(self._rows(table)), self._draw.choice(self._rows(table))
        if column == "id":
            raise Unchanged(column)
        held = self._get(table, column, other)
        return self._set(table, column, one, held)


def files_of(data: Path) -> list[Path]:
    return sorted(path for path in data.rglob("*") if path.is_file())


def mutate_file(data: Path, path: Path, draw: random.Random) -> Mutation:
    """Change one file of a copy of a record, by its bytes or by what it is."""
    name = path.relative_to(data).as_posix()
    kind = next(file for file in FILES if file.matches(name))
    listed = kind.by is By.NOTHING
    way = draw.choice(("flip", "flip", "flip", "flip", "cut", "grow", "remove", "other", "special"))
    before = path.read_bytes()
    path.unlink()
    match way:
        case "flip" if before:
            at = draw.randrange(len(before))
            bit = draw.randrange(8)
            path.write_bytes(before[:at] + bytes([before[at] ^ 1 << bit]) + before[at + 1 :])
            way = f"bit {bit} of byte {at}"
        case "cut" if before:
            at = draw.randrange(len(before))
            path.write_bytes(before[:at])
            way = f"cut at {at}"
        case "grow":
            path.write_bytes(before + draw.choice((b"\0", b"\n", b"junk", before[:200] or b"x")))
        case "other":
            path.write_bytes(draw.choice(files_of(data)).read_bytes())
        case "special":
            way = draw.choice(sorted(SPECIAL))
            SPECIAL[way](path)
        case _:
            way = "removed"
    listed = listed or bool(kind.fewer and not path.exists())
    if path.is_file() and path.stat().st_size < HUGE and path.read_bytes() == before:
        raise Unchanged(name)
    return Mutation(f"{name}: {way}", listed=listed, file=name)


def _holes(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE)


SPECIAL: Mapping[str, Callable[[Path], object]] = {
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a link to zeros without end": lambda path: path.symlink_to("/dev/zero"),
    "a link to nowhere": lambda path: path.symlink_to("/nowhere"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a file of holes": _holes,
    "text": lambda path: path.write_text("é" * 100, encoding="utf-8"),
}


def copy(data: Path, to: Path, *, real: Sequence[str] = ()) -> Path:
    """Copy a record; its files are shared but for those that will be changed."""

    def linked(source: str, target: str) -> str:
        name = Path(source).relative_to(data).as_posix()
        return shutil.copy2(source, target) if name in real else _link(source, target)

    return Path(shutil.copytree(data, to, copy_function=linked))


def _link(source: str, target: str) -> str:
    os.link(source, target)
    return target


Seed = str
Mutant = tuple[Path, dict[Seed, Mutation]]


def database_mutants(
    data: Path, work: Path, seeds: Iterable[Seed], *, together: int = 1
) -> Iterator[Mutant]:
    """Yield data folders whose database was changed, by one seed or some; each goes after use.

    Changes that are made together are of different tables. A seed that changes nothing makes
    no mutant.
    """
    for some in batched(seeds, together):
        folder = copy(data, work / "mutant", real=(DATABASE,))
        made: dict[Seed, Mutation] = {}
        try:
            for seed in some:
                draw = random.Random(seed)  # noqa: S311 -- drawn again by its seed
                with closing(Database(folder / DATABASE, draw)) as database, suppress(Unchanged):
                    made[seed] = database.mutate(but={one.table for one in made.values()})
            if made:
                yield folder, made
        finally:
            shutil.rmtree(folder)


def batched(some: Iterable[Seed], size: int) -> Iterator[list[Seed]]:
    rest = iter(some)
    while found := list(islice(rest, size)):
        yield found


def file_mutants(data: Path, work: Path, seeds: Iterable[Seed]) -> Iterator[tuple[Path, Mutation]]:
    """Yield data folders of which one file was changed; each kind of file is as likely."""
    kinds: dict[int, list[str]] = {}
    for path in files_of(data):
        name = path.relative_to(data).as_posix()
        kind = next(number for number, one in enumerate(FILES) if one.matches(name))
        if name != DATABASE:
            kinds.setdefault(kind, []).append(name)
    for seed in seeds:
        draw = random.Random(seed)  # noqa: S311 -- drawn again by its seed
        name = draw.choice(kinds[draw.choice(sorted(kinds))])
        folder = copy(data, work / "mutant")
        try:
            with suppress(Unchanged):
                yield folder, mutate_file(folder, folder / name, draw)
        finally:
            shutil.rmtree(folder)
