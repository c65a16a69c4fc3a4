"""Where the database differs from the journal, and where that cannot be determined."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from monitor.core.french.formatting import count


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference, described in French.

    Attributes:
        table: Its name; "journal" for leaves that contradict each other.
        leaf: The index of the leaf that the row names; None without one.
        row: The name of the row for a person.
        column: "" when the whole row is concerned.

    """

    table: str
    leaf: int | None
    row: str
    what: str
    column: str = ""

    def __str__(self) -> str:
        where = "" if self.leaf is None else f", feuille {self.leaf}"
        row = f", {self.row}" if self.row else ""
        column = f", colonne {self.column}" if self.column else ""
        return f"table {self.table}{where}{row}{column} : {self.what}"


MOST_NAMED = 20  # missing texts that are named; all are counted


@dataclass(slots=True, kw_only=True)
class OnTrust:
    """What could not be compared, though nothing contradicts it.

    Attributes:
        incidents: How many rows of incidents.
        platforms: Their platforms.
        texts: Digests of the texts that a rebuilt database has no copy of.
        pages: Those whose facts are not compared, since one of their texts is missing.

    """

    incidents: int = 0
    platforms: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    pages: set[str] = field(default_factory=set)

    def told(self) -> Iterator[str]:
        """Yield French sentences."""
        if self.incidents:
            yield (
                f"Pris sur parole : {count(self.incidents, 'incident')}, plateforme"
                f" {', '.join(sorted(self.platforms))} ; une cible y a quitté la liste, ou changé"
                " de plateforme, pendant une"
                " indisponibilité ouverte, et le journal ne dit pas quand."
            )
        if self.texts:
            named = ", ".join(self.texts[:MOST_NAMED])
            more = "…" if len(self.texts) > MOST_NAMED else ""
            yield (
                "Textes de pages non restitués, dont seule l’empreinte est connue :"
                f" {len(self.texts)} ({named}{more})."
            )
        if self.pages:
            yield f"Pages dont un texte manque, aux faits non comparés : {len(self.pages)}."
