"""Keep the digests of the originals of a dossier, for whoever is handed a stamped copy."""

import structlog

from monitor.dossier.dossier_files import DossierSummary
from monitor.store import Store, StoreError
from monitor.store.dossier_rows import RegisteredFile, register_work

log = structlog.get_logger(__name__)


def register(store: Store, summary: DossierSummary) -> bool:
    """Add the files of a dossier to the register; False when the database cannot be written.

    A dossier is worth as much without: its journal proves it. What is lost is a comparison.
    """
    files = [
        RegisteredFile(
            code=summary.code,
            name=file.name,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            size=summary.size,
            root=summary.root,
        )
        for file in summary.files
    ]
    try:
        store.write_apart(register_work(files))
    except StoreError as error:
        log.warning("originals not registered", code=summary.code, why=str(error))
        return False
    return True
