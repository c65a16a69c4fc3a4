"""The register of the originals of dossiers: written once, looked up by code or by digest."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, insert, select

from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.dossier_tables import DossierFileRow

_FILE = table_of(DossierFileRow)
MOST_FOUND = 200  # files of one code, or dossiers with one file


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredFile:
    """The original of a file. `size` and `root` are of the checkpoint; digests are hex."""

    code: str
    name: str
    sha256: str
    size_bytes: int
    size: int
    root: str


def register_work(files: Iterable[RegisteredFile]) -> Callable[[Connection], None]:
    """Return the work that adds files to the register; those that are there stay."""

    def work(connection: Connection) -> None:
        for file in files:
            digest = bytes.fromhex(file.sha256)
            same = _FILE.c.code == file.code, _FILE.c.sha256 == digest
            if connection.execute(select(_FILE.c.code).where(*same)).first() is None:
                connection.execute(
                    insert(_FILE),
                    {
                        "code": file.code,
                        "sha256": digest,
                        "name": file.name,
                        "size_bytes": file.size_bytes,
                        "size": file.size,
                        "root": bytes.fromhex(file.root),
                    },
                )

    return work


class DossierReads(StoreReads):
    """Questions about the originals of dossiers."""

    def registered_files(self, code: str) -> tuple[RegisteredFile, ...]:
        """Return the files of a code, by name."""
        return self._registered(_FILE.c.code == code)

    def registered_by_digest(self, sha256: str) -> tuple[RegisteredFile, ...]:
        """Return the files of a digest, in lower-case hex, by code."""
        return self._registered(_FILE.c.sha256 == bytes.fromhex(sha256))

    def _registered(self, condition: ColumnElement[bool]) -> tuple[RegisteredFile, ...]:
        query = (
            select(_FILE).where(condition).order_by(_FILE.c.code, _FILE.c.name).limit(MOST_FOUND)
        )
        with self._reading() as session:
            return tuple(
                RegisteredFile(
                    code=row.code,
                    name=row.name,
                    sha256=bytes(row.sha256).hex(),
                    size_bytes=row.size_bytes,
                    size=row.size,
                    root=bytes(row.root).hex(),
                )
                for row in session.connection().execute(query)
            )
