"""What was announced is kept, and whoever changes or removes it is found out."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from monitor.attest.verification import verify
from monitor.evidence.announced import ANNOUNCED, faults, keep
from monitor.evidence.log.journal import FOLDER
from tests.evidence.mutants.record import ANNOUNCED as SAID
from tests.evidence.mutants.record import key_of, make
from tests.support.tsa import authority

DIGEST = sha256(SAID).hexdigest()


@pytest.mark.parametrize("harm", ["none", "changed", "removed", "a folder"])
def test_an_announcement_is_verified(tmp_path: Path, harm: str) -> None:
    assert keep(tmp_path, SAID) == DIGEST
    path = tmp_path / ANNOUNCED / DIGEST
    if harm == "changed":
        path.write_bytes(SAID + b"!")
    elif harm != "none":
        path.unlink()
    if harm == "a folder":
        path.mkdir()
    assert len(list(faults(tmp_path / ANNOUNCED, [DIGEST]))) == (harm != "none")


def test_a_record_is_verified_with_its_announcements(tmp_path: Path) -> None:
    made = make(tmp_path / "data", authority(tmp_path / "tsa"))

    def wrong() -> list[str]:
        announced = made.data / ANNOUNCED
        verification = verify(made.data / FOLDER, key=key_of(made), announced=announced)
        return [fault for step in verification for fault in step.faults]

    assert wrong() == []
    shutil.rmtree(made.data / ANNOUNCED)
    assert len(wrong()) == 1
