"""A bundle served by pywb: `make replay-pywb`.

Not among the tests that `make test` collects: pywb wants versions of libraries that are not ours,
so it has an environment of its own, whose programs are in the folder that PYWB names.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx

from tests.support.evidence_record import EvidenceBundle
from tests.support.service import free_port, wait_until

PROGRAMS = Path(os.environ.get("PYWB", "build/pywb/bin")).absolute()
ADDRESS = "http://connexion.example.test/"
SHOWN = "Bonjour, Préfecture."


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the collections of a folder; yield the address of the one named "lot"."""
    port = free_port()
    command: list[str | Path] = [PROGRAMS / "wayback", "--bind", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            base = f"http://127.0.0.1:{port}"
            wait_until(partial(answers, base))
            yield f"{base}/lot"
        finally:
            process.terminate()


def answers(base: str) -> bool:
    try:
        return httpx.get(base, timeout=10).is_success
    except httpx.TransportError:
        return False


def test_pywb_serves_each_answer_of_a_bundle(evidence: EvidenceBundle, tmp_path: Path) -> None:
    manager = PROGRAMS / "wb-manager"
    subprocess.run([manager, "init", "lot"], cwd=tmp_path, check=True)
    command: list[str | Path] = [manager, "add", "--unpack-wacz", "lot", evidence.path]
    subprocess.run(command, cwd=tmp_path, check=True)

    with serving(tmp_path) as base:
        asked = {"url": ADDRESS, "output": "json"}
        listed = httpx.get(f"{base}/cdx", params=asked, timeout=60).text.splitlines()
        assert len(listed) == 7
        for ts, status in (("20261123080040", 200), ("20261123103040", 503)):
            for mode in ("id_", "mp_"):  # the body as received, and as a page
                page = httpx.get(f"{base}/{ts}{mode}/{ADDRESS}", timeout=60)
                assert page.status_code == status
                assert f"<p>{SHOWN}</p>" in page.text
