"""Two records with the dossier and the bundle of them, for all that read them."""

from collections.abc import Iterator

import pytest

from monitor.dossier.dossier_writer import write_dossier
from monitor.store import Store
from tests.support import evidence_record
from tests.support.dossiers import QUESTION, MadeRecord, Written, make_record
from tests.support.evidence_record import EvidenceBundle


@pytest.fixture(scope="session")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> EvidenceBundle:
    """Return a bundle of two pages, and the record that it is made of. Do not change them."""
    folder = tmp_path_factory.mktemp("preuves")
    record = evidence_record.make(folder)
    path = folder / "lot.wacz"
    record.bundle(path)
    return EvidenceBundle(record=record, path=path)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeRecord:
    return make_record(tmp_path_factory.mktemp("record"))


@pytest.fixture(scope="session")
def store(made: MadeRecord) -> Iterator[Store]:
    with made.open() as opened:
        yield opened


@pytest.fixture(scope="session")
def written(made: MadeRecord, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Return the dossier of `QUESTION`."""
    folder = tmp_path_factory.mktemp("dossier") / "pieces"
    summary = write_dossier(made.source(store), QUESTION, folder)
    return Written(folder=folder, summary=summary)
