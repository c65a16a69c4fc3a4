"""One record with all its evidence, and one bundle of it, for all that read them."""

import pytest

from tests.support import evidence_record
from tests.support.evidence_record import EvidenceBundle


@pytest.fixture(scope="session")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> EvidenceBundle:
    """Return a bundle of two pages, and the record that it is made of. Do not change them."""
    folder = tmp_path_factory.mktemp("preuves")
    record = evidence_record.make(folder)
    path = folder / "paquet.wacz"
    record.bundle(path)
    return EvidenceBundle(record=record, path=path)
