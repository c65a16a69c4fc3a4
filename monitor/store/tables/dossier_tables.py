"""The register of the originals of dossiers, which a filing service stamps and so changes.

Nothing of a person is in it, nor a date of expiry: a code, and digests.
"""

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlmodel import Field

from monitor.store.tables.alert_tables import metadata
from monitor.store.tables.check_tables import TableRow

__all__ = ["DossierFileRow", "metadata"]  # `metadata` is whole only once this module is read


class DossierFileRow(TableRow, table=True):
    """A file of a dossier. `size` and `root` are those of the checkpoint that it was made at.

    A code may have two files of one name: a date of expiry changes a file, and is not in the code.
    """

    __tablename__ = "dossier_file"
    code: str = Field(primary_key=True, sa_type=Text)
    sha256: bytes = Field(primary_key=True, sa_type=LargeBinary, index=True)
    name: str = Field(sa_type=Text)
    size_bytes: int = Field(sa_type=BigInteger)
    size: int = Field(sa_type=BigInteger)
    root: bytes = Field(sa_type=LargeBinary)
