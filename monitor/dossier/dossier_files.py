"""The files of a dossier, as its inventory lists them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierFile:
    """One file.

    Attributes:
        number: Of the piece; None for what is not filed: the inventory, letters, drafts.
        name: Of the file.
        title: French, as the inventory gives it.
        sha256: Lower-case hex.
        pages: None for what has no pages.
        handed_over: Whether it goes to the registry on a medium, not through the portal.

    """

    number: int | None
    name: str
    title: str
    sha256: str
    size_bytes: int
    pages: int | None = None
    handed_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierSummary:
    """What was made.

    Attributes:
        code: See `dossier_code`.
        size, root: Of the journal at the checkpoint that the dossier tells the record by; the
            root in lower-case hex.
        stamped_by: The authority whose time-stamp the inventory has; "" without one.
        settled: Whether nothing that is recorded later can change the period.
        files: The pieces by number, then the rest.

    """

    code: str
    size: int
    root: str
    settled: bool
    files: tuple[DossierFile, ...]
    stamped_by: str = ""

    @property
    def last_number(self) -> int:
        return max(file.number or 0 for file in self.files)
