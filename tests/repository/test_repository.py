"""What holds for the repository as a whole: locks, promises of the documents, hygiene."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import monitor

ROOT = Path(__file__).parents[2]
LOCKS = (
    "requirements.lock",
    "requirements-build.lock",
    "requirements-dataset.lock",
    "requirements-dev.lock",
)


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def lines(pattern: str) -> list[str]:
    """Return `file:line: text` wherever the pattern stands in a tracked text."""
    sought = re.compile(pattern)
    found = []
    for path in tracked():
        text = path.read_bytes().decode(errors="ignore")
        if not sought.search(text):
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line}"
            for number, line in enumerate(text.splitlines(), start=1)
            if sought.search(line)
        ]
    return found


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_by_hash_and_names_no_place(lock: str) -> None:
    """Where a package comes from is the reader's choice; what it is, is not."""
    text = (ROOT / lock).read_text()
    entries = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert pins(lock).keys() == {entry.split("==")[0] for entry in entries}
    assert [] == [entry for entry in entries if "--hash=sha256:" not in entry]
    assert [] == re.findall(r"\S*://\S*| @ |--\w*index\S* \S+|--find-links", text.split("\n", 2)[2])


@pytest.mark.parametrize("lock", LOCKS[:3])
def test_what_is_tested_is_what_runs(lock: str) -> None:
    assert pins(lock).items() <= pins("requirements-dev.lock").items()


def test_the_locks_hold_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-build.lock": groups["build"],
        "requirements-dataset.lock": groups["dataset"],
        "requirements-dev.lock": [line for line in groups["dev"] if isinstance(line, str)],
    }
    for lock, dependencies in wanted.items():
        names = {re.split(r"[^\w.-]", dependency)[0] for dependency in dependencies}
        assert set() == names - pins(lock).keys()

    assert project["project"]["optional-dependencies"] == {"dataset": groups["dataset"]}


def test_no_file_names_a_package_registry() -> None:
    hosts = ("pypi.org", "pythonhosted.org", "npmjs.org", "npmjs.com", "deb.debian.org")
    here = Path(__file__).relative_to(ROOT)
    assert [] == [
        line for line in lines("|".join(map(re.escape, hosts))) if not line.startswith(f"{here}:")
    ]


def test_no_file_holds_a_path_of_somebody_s_machine() -> None:
    assert [] == lines(r"(?<![\w.])/(?:root|home|work|Users)/\w")


def test_no_file_holds_the_address_of_a_person() -> None:
    """Of associations and services, yes; never one where people have their private mail."""
    providers = (
        "gmail|googlemail|hotmail|icloud|laposte|live|me|msn|orange|outlook|proton|sfr|yahoo"
    )
    assert [] == lines(rf"[\w.+-]+@(?:{providers}|free|wanadoo|protonmail)\.(?:com|fr|me|net)\b")


# A record with something of everything, that only an old program could make.
LARGE = ROOT / "tests" / "fixtures" / "record-before-rooms.tar.xz"


def test_no_file_is_large() -> None:
    """Half a megabyte: data belongs elsewhere."""
    assert [] == [path for path in tracked() if path.stat().st_size > 500_000 and path != LARGE]


@pytest.mark.parametrize(
    "decision", sorted((ROOT / "docs/decisions").glob("*.md")), ids=lambda path: path.stem
)
def test_a_decision_is_short_numbered_and_dated(decision: Path) -> None:
    text = decision.read_text()
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+", decision.stem)
    assert text.startswith(f"# {decision.stem[:4]} – ")
    assert re.search(r"^Date: \d{4}-\d\d-\d\d\. State: .+\.$", text, re.MULTILINE)
    assert len(text.splitlines()) <= 25


def test_no_two_decisions_share_a_number() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs/decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("document", ["README.md", "LISEZMOI.md"])
def test_a_document_names_only_what_exists(document: str) -> None:
    """Each `make` target and each file that it points to is there."""
    text = (ROOT / document).read_text()
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert (
        {"run", "test", "demo"}
        <= set(re.findall(r"(?:^|`)make (\w+)", text, re.MULTILINE))
        <= targets
    )
    for link in re.findall(r"\]\(([^)#:]+)\)|src(?:set)?=\"([^\":]+)\"", text):
        assert (ROOT / "".join(link)).exists(), link


def test_the_changelog_speaks_of_this_version() -> None:
    assert f"\n## {monitor.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_a_tool_that_a_test_looks_for_is_a_package_that_make_installs() -> None:
    table = (ROOT / "scripts/packages").read_text()
    for line in lines(r"shutil\.which\(\"\w"):
        if line.startswith("tests/"):
            (tool,) = re.findall(r"shutil\.which\(\"([\w-]+)\"", line)
            package_or_proof = rf"^\w+ +(?:{tool} |\S+ +(?:\S*/)?{tool} )"
            assert re.search(package_or_proof, table, re.MULTILINE), line


@pytest.mark.parametrize("script", [".ci/run", "scripts/packages", "scripts/setup"])
def test_a_script_passes_shellcheck_and_can_be_run(script: str) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed: scripts/packages test")
    checked = subprocess.run(
        [shellcheck, ROOT / script], check=False, capture_output=True, text=True
    )
    assert checked.stdout == ""
    assert (ROOT / script).stat().st_mode & 0o111
