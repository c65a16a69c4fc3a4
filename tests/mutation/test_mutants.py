"""What the mutants of a module are: each change once, none that cannot run."""

from pathlib import Path

import pytest

from tests.mutation import mutants as made

MODULE = '''
LIMIT = 3

def f(x, default: int | None = 1):
    """Return 1."""
    if not x:
        return False
    near: int | None = x[1]
    if 0 < near <= x.most and x is not near:
        return near + 2
    if x == near:
        return "same"
    while True:
        break
'''


@pytest.fixture
def changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(made, "ROOT", tmp_path)
    path = tmp_path / "module.py"
    path.write_text(MODULE)
    return [str(made.mutant(path, number)) for number in range(made.places(path))]


def test_each_change_is_made_once(changes: list[str]) -> None:
    condition = "if 0 < near <= x.most and x is not near:"
    assert changes == [
        "module.py:6:7  if not x:  →  if not not x:",
        "module.py:7:15  return False  →  return True",
        "module.py:8:25  near: int | None = x[1]  →  near: int | None = x[2]",
        f"module.py:9:4  {condition}  →  if not (0 < near <= x.most and x is not near):",
        f"module.py:9:7  {condition}  →  if 0 < near <= x.most or x is not near:",
        f"module.py:9:7  {condition}  →  if 0 <= near <= x.most and x is not near:",
        f"module.py:9:7  {condition}  →  if 0 < near < x.most and x is not near:",
        f"module.py:9:7  {condition}  →  if 1 < near <= x.most and x is not near:",
        f"module.py:9:30  {condition}  →  if 0 < near <= x.most and x is near:",
        "module.py:10:15  return near + 2  →  return near - 2",
        "module.py:10:22  return near + 2  →  return near + 3",
        "module.py:11:7  if x == near:  →  if x != near:",
        "module.py:13:10  while True:  →  while False:",
    ]
