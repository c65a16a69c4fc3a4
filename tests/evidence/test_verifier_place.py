"""`verify/verifier.py` beside programs that somebody planted: none of them answers for it."""

import ast
import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from monitor.dossier.bundle.plain_archive import MOST_FILES
from monitor.evidence.log import mirror as mirror_of_service
from monitor.web.pages_app import build
from tests.support import mirror, tsa
from tests.support.clock import FakeClock
from tests.support.metrics import FixedMetrics
from tests.support.mirror import LOG, VERIFIER
from tests.support.reads import NOW, FakeReads, config, target
from tests.web.test_app import Visitor

LIE = "import os\nos.write(1, b'LIE Tout concorde.\\n')\nos._exit(0)\n"
SAYS_YES = "#!/bin/sh\necho LIE\nexit 0\n"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lieu") / "copie"
    folder.mkdir()
    mirror.make(folder, size=310)
    return folder


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "copie"))


def run(
    verifier: Path,
    folder: Path,
    *flags: str,
    cwd: Path | None = None,
    **environment: str,
) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, *flags, str(verifier), str(folder), "--cle", str(LOG.verifier)],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd or folder,
        env={"PATH": os.defpath} | environment,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "LIE" not in done.stdout
    return done.returncode, done.stdout + done.stderr


def spoil(folder: Path) -> None:
    path = folder / "journal" / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n310\n", b"\n309\n"))


def plant(folder: Path, name: str, text: str = LIE) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


PLANTS = ["calendar.py", "json/__init__.py", "tempfile.py", "argparse.py", "types.py", "os.py",
          "pathlib/__init__.py", "sitecustomize.py", "usercustomize.py"]  # fmt: skip


@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.parametrize("flags", [(), ("-I",)])
def test_a_module_beside_the_verifier_neither_runs_nor_stays_unsaid(
    name: str, flags: tuple[str, ...], copy: Path
) -> None:
    plant(copy, name)
    mirror.list_files(copy)

    code, output = run(copy / "verifier.py", copy, *flags)

    assert code == 1
    assert f"ÉCHEC {copy / name}" in output


def test_compiled_modules_are_planted_too(copy: Path) -> None:
    source = plant(copy, "calendar.py")
    subprocess.run([sys.executable, "-m", "compileall", "-q", "-b", str(source)], check=True)
    source.unlink()
    mirror.list_files(copy)

    code, output = run(copy / "verifier.py", copy)

    assert code == 1
    assert f"ÉCHEC {copy / 'calendar.pyc'}" in output


def test_a_module_beside_a_verifier_from_elsewhere_does_not_run(copy: Path, tmp_path: Path) -> None:
    """A folder of downloads holds what it holds: that is said, and is no fault of the copy."""
    place = tmp_path / "ailleurs"
    place.mkdir()
    shutil.copy(VERIFIER, place / "verifier.py")
    plant(place, "calendar.py")

    code, output = run(place / "verifier.py", copy, cwd=place)

    assert code == 0, output
    assert f"{place / 'calendar.py'}" in output


def test_the_working_folder_and_python_s_variables_lend_no_module(
    copy: Path, tmp_path: Path
) -> None:
    place = tmp_path / "piege"
    plant(place, "calendar.py")
    plant(place, "zlib.py")
    home = plant(tmp_path / "home", ".local/x").parent.parent
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    plant(home, f".local/lib/{version}/site-packages/usercustomize.py")

    # A name that Python itself imports before the first line is beyond any program: hence -I.
    for flags, variables in (
        ((), {"PYTHONPATH": str(place), "PYTHONSTARTUP": str(place / "calendar.py")}),
        (("-I",), {"PYTHONPATH": str(place), "HOME": str(home), "PYTHONHOME": str(place)}),
    ):
        code, output = run(VERIFIER, copy, *flags, cwd=place, **variables)
        assert code == 0, output


def test_a_verifier_through_a_link_looks_nowhere_else(copy: Path, tmp_path: Path) -> None:
    plant(copy, "calendar.py")
    mirror.list_files(copy)
    link = tmp_path / "lien.py"
    link.symlink_to(copy / "verifier.py")

    code, output = run(link, copy, cwd=tmp_path)

    assert code == 1
    assert f"ÉCHEC {copy / 'calendar.py'}" in output
    assert "Pris dans le dossier même : ce programme" in output


@pytest.mark.parametrize("path", [".:{copy}:{usual}", "{copy}:{usual}", ":{usual}"])
def test_openssl_is_never_taken_from_the_folder_that_is_judged(path: str, copy: Path) -> None:
    plant(copy, "openssl", SAYS_YES)
    spoil(copy)
    mirror.list_files(copy)

    code, output = run(VERIFIER, copy, PATH=path.format(copy=copy, usual=os.defpath))

    assert code == 1
    assert f"ÉCHEC {copy / 'openssl'}" in output
    assert "la signature de" in output


def test_an_openssl_that_agrees_to_everything_is_found_out(copy: Path, tmp_path: Path) -> None:
    place = plant(tmp_path / "bin", "openssl", SAYS_YES).parent

    code, output = run(VERIFIER, copy, PATH=f"{place}:{os.defpath}")

    assert code != 0
    assert str(place / "openssl") in output
    assert "concorde" not in output


def test_variables_of_openssl_change_nothing(copy: Path, tmp_path: Path) -> None:
    """A root that the person's environment trusts is not one that the copy is judged by."""
    roots = (copy / "racines.pem").read_bytes()
    from_elsewhere = tmp_path / "racine.pem"
    from_elsewhere.write_bytes(roots)
    (copy / "racines.pem").write_bytes(tsa.issue("Autre racine").pem)
    mirror.list_files(copy)
    broken = tmp_path / "openssl.cnf"
    broken.write_text("openssl_conf = nowhere\n[nowhere\n")

    code, output = run(
        VERIFIER, copy, SSL_CERT_FILE=str(from_elsewhere), OPENSSL_CONF=str(broken),
        SSL_CERT_DIR=str(tmp_path),
    )  # fmt: skip

    assert code == 1
    assert "racines.pem" in output
    (copy / "racines.pem").write_bytes(roots)
    mirror.list_files(copy)
    assert run(VERIFIER, copy, OPENSSL_CONF=str(broken))[0] == 0


def test_a_verifier_of_the_folder_that_is_judged_says_so(copy: Path) -> None:
    """Nobody is told that all is well without being told whose word that is."""
    _, inside = run(copy / "verifier.py", copy, "-I")
    _, outside = run(VERIFIER, copy, "-I")

    assert "Pris dans le dossier même : ce programme" in inside
    assert "sha256sum" in inside
    assert "ce programme." not in outside


def test_it_can_be_run_by_its_name() -> None:
    assert VERIFIER.read_text(encoding="utf-8").startswith("#!/usr/bin/env -S python3 -I\n")
    assert VERIFIER.stat().st_mode & stat.S_IXUSR


def test_its_published_digest_is_that_of_the_program() -> None:
    """For `sha256sum -c` in a checkout; pages and exports compute theirs."""
    digest = hashlib.sha256(VERIFIER.read_bytes()).hexdigest()

    published = VERIFIER.with_name("verifier.py.sha256").read_text(encoding="ascii")
    assert published == f"{digest}  verifier.py\n"
    assert mirror_of_service.verifier_sha256() == digest


def test_each_page_says_its_digest() -> None:
    published = VERIFIER.with_name("verifier.py.sha256").read_text().split()[0]
    web = Visitor(
        build(
            FakeReads(),
            config=config([target("a")]),
            clock=FakeClock(NOW),
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
            journal_key=str(LOG.verifier),
        )
    )

    for path in ("/", "/informations", "/modifications"):
        assert published in web.get(path).text


def test_no_bound_of_the_verifier_is_named_twice() -> None:
    """The second would hold for the first, too: a bundle of many files was once refused."""
    tree = ast.parse(mirror_of_service.verifier())
    names = Counter(
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    )
    assert [name for name, times in names.items() if times > 1] == []


def test_the_verifier_takes_as_many_files_as_a_bundle_may_have() -> None:
    tree = ast.parse(mirror_of_service.verifier())
    (bound,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MAX_MEMBERS"
    )
    assert ast.literal_eval(bound) == MOST_FILES
