"""One place where the database does not say what the journal says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference, told in French.

    Attributes:
        table: Its name; "journal" for leaves that contradict each other.
        leaf: The index of the leaf that the row names; None without one.
        row: What a person knows the row by.
        column: "" when the whole row is concerned.

    """

    table: str
    leaf: int | None
    row: str
    what: str
    column: str = ""

    def __str__(self) -> str:
        where = "" if self.leaf is None else f", entrée {self.leaf}"
        row = f", {self.row}" if self.row else ""
        column = f", colonne {self.column}" if self.column else ""
        return f"table {self.table}{where}{row}{column} : {self.what}"
