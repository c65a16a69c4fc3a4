"""A folder of configuration with local settings, and what is refused of it."""

from pathlib import Path

import pytest

from monitor.config import ConfigError, load


def put(folder: Path, text: str) -> Path:
    """Write the local settings of a folder; return the folder."""
    (folder / "local.toml").write_text(text)
    return folder


def refusal(folder: Path) -> list[str]:
    """Return every line of the refusal of a folder, which must be refused."""
    with pytest.raises(ConfigError) as caught:
        load(folder)
    return str(caught.value).splitlines()
