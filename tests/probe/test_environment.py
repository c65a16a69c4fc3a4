"""By what checks are made: said as known, or as unknown."""

from pathlib import Path

from monitor.config import load
from monitor.core.journal.jcs import canonical
from monitor.probe.environment import UNKNOWN, commit_of, environment_of

CONFIG = Path(__file__).parents[1] / "config" / "good"
COMMIT = "0123456789abcdef" * 2 + "01234567"


def test_what_is_not_known_is_said_to_be_unknown(tmp_path: Path) -> None:
    found = environment_of(load(CONFIG))
    assert found["public_ip"] == UNKNOWN
    assert (found["proxy"], found["cache"]) == ("none", "none")
    assert found["cookies"] == "those of one chain of redirects, sent along it only"
    assert canonical(found)
    assert commit_of(tmp_path) == UNKNOWN


def test_the_commit_of_a_checkout_is_read_wherever_git_keeps_it(tmp_path: Path) -> None:
    git = tmp_path / ".git"
    (git / "refs/heads").mkdir(parents=True)
    (git / "HEAD").write_text(f"{COMMIT}\n")
    assert commit_of(tmp_path) == COMMIT
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text(f"# pack-refs\n{COMMIT} refs/heads/main\n")
    assert commit_of(tmp_path) == COMMIT
    (git / "refs/heads/main").write_text("f" * 40 + "\n")
    assert commit_of(tmp_path) == "f" * 40
    (git / "HEAD").write_text("ref: refs/heads/gone\n")
    assert commit_of(tmp_path) == UNKNOWN
