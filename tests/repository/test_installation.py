"""What `make install` puts on a machine."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "scripts" / "vigie.service"
EXPOSURE_MAX = 2.0


def setting(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


def test_a_service_that_a_person_must_mend_is_not_started_again_for_ever() -> None:
    """Exit code 2: usage, configuration or storage."""
    assert setting("RestartPreventExitStatus") == ["2"]
    assert setting("UMask") == ["0027"]
    assert setting("StartLimitBurst")


def test_the_service_is_little_exposed(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed: scripts/packages test")
    unit = tmp_path / "vigie.service"
    unit.write_text(UNIT.read_text().replace("@HERE@", "/opt/vigie-anef"))
    judged = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", unit],
        check=False, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    (exposure,) = re.findall(r"exposure level for vigie\.service: ([0-9.]+)", judged.stdout)
    assert float(exposure) <= EXPOSURE_MAX, judged.stdout


def test_one_process_that_takes_too_much_memory_does_not_end_the_others() -> None:
    assert setting("OOMPolicy") == ["continue"]


def test_the_service_does_not_give_up_what_the_program_needs() -> None:
    """Its pages lower their own priority, and it raises its limit on open files."""
    assert not [line for line in setting("SystemCallFilter") if "@resources" in line]


@pytest.mark.parametrize("script", ["scripts/install", "scripts/vigie.command"])
def test_its_scripts_pass_shellcheck_and_can_be_run(script: str) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed: scripts/packages test")
    checked = subprocess.run(
        [shellcheck, ROOT / script], check=False, capture_output=True, text=True
    )
    assert checked.stdout == ""
    assert (ROOT / script).stat().st_mode & 0o111


def test_without_root_nothing_is_done_and_it_says_so() -> None:
    if os.geteuid() == 0:
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    else:
        nobody = []
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # the test's own folder is root's alone
        script = Path(name) / "scripts" / "install"
        script.parent.mkdir()
        shutil.copy(ROOT / "scripts" / "install", script)
        for folder in (Path(name), script.parent):
            folder.chmod(0o755)
        refused = subprocess.run([*nobody, script], check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "sudo make install" in refused.stderr
