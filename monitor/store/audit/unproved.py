"""What nothing vouches for in a record, in French, for `vigie verify` and its readers."""

from collections.abc import Iterator

from monitor.store.audit.file_vouchers import FILES
from monitor.store.audit.vouchers import TABLES, By, Vouched


def unproved() -> Iterator[str]:
    """Yield, in French, what nothing vouches for, and why that is harmless."""
    yield "toutes les tables, id : il ne fait que nommer la ligne ; l’ordre et les renvois comptent"
    for table in TABLES.values():
        yield from _unproved_rows(table)
    for kind in FILES:
        if kind.by is By.NOTHING:
            yield f"fichiers, {kind.what} : {kind.why}"
        if kind.fewer:
            yield f"fichiers en moins, {kind.what} : {kind.fewer}"
        if kind.more:
            yield f"octets en plus, {kind.what} : {kind.more}"


def _unproved_rows(table: Vouched) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for name, column in table.columns.items():
        if column.why:
            by_reason.setdefault(column.why, []).append(name)
    for why, names in by_reason.items():
        yield f"table {table.name}, {', '.join(names)} : {why}"
    if table.more and not any(table.more == why for why in by_reason):
        yield f"table {table.name}, lignes en plus : {table.more}"
    if table.fewer:
        yield f"table {table.name}, lignes en moins : {table.fewer}"
    if table.lost:
        yield f"table {table.name}, contenu non restitué par « vigie rebuild » : {table.lost}"
