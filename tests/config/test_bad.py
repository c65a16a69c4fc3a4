"""One bad file a rule: what it replaces and what is said of it stand at its head."""

from pathlib import Path

import pytest

from monitor.config import ConfigError, load

BAD = sorted((Path(__file__).parent / "bad").iterdir())


@pytest.mark.parametrize("bad", BAD, ids=[path.stem for path in BAD])
def test_each_rule_says_exactly_what_to_mend(bad: Path, folder: Path) -> None:
    """`# file:` names the file of the good folder, `# says:` each line of the refusal."""
    data = bad.read_bytes()
    head = data.decode(errors="replace").splitlines()
    name = next(line.split("file: ")[1] for line in head if "# file: " in line)
    says = [line.split("# says: ")[1] for line in head if "# says: " in line]
    (folder / name).write_bytes(data)

    with pytest.raises(ConfigError) as caught:
        load(folder)

    assert "\n".join(says) == str(caught.value)
