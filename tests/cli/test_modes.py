"""What the service writes is not for every account of its machine."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import LocalSite, running, wait_until, write_config


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    site, control = LocalSite(), LocalSite()
    yield write_config(tmp_path / "config", site=site.port, control=control.port)
    site.stop()
    control.stop()


def test_the_record_is_for_the_service_and_its_group(config: Path, tmp_path: Path) -> None:
    """Whatever the caller's mask is."""
    data = tmp_path / "data"
    before = os.umask(0)
    try:
        with running(config, data, makes_database=True) as service:
            wait_until((data / "journal" / "checkpoint").exists)
            wait_until(lambda: b"Cible 0" in service.get("/"))
            assert service.stop() == 0
    finally:
        os.umask(before)

    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (data, *data.rglob("*"))}
    assert len(modes) > 5
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o027} == {}
    assert stat.S_IMODE((data / "journal.key").stat().st_mode) == 0o600
