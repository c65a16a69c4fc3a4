"""A stranger finds his way: one name for one thing, and a page that shows where things are."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
MONITOR = ROOT / "monitor"
ARCHITECTURE = ROOT / "docs" / "architecture.md"

# Names that may stand twice, each with its reason.
MODULES = {
    "__init__": "of every package",
    "backup": "a command, and what does it",
    "changes": "a command, and the package of the core",
    "compare": "a command, and the function that it shows",
    "demo": "a command, and the package",
    "journal": "a command, and the package of the core",
    "probe": "a command, and the package",
    "store": "the room's one door has its name",
    "witness": "a command, and the package",
}


def modules() -> list[Path]:
    return [path for path in sorted(MONITOR.rglob("*.py")) if "versions" not in path.parts]


def test_no_module_name_stands_twice() -> None:
    places = defaultdict(list)
    for path in modules():
        places[path.stem].append(path.relative_to(MONITOR).as_posix())
    for package in {path.parent for path in modules()}:
        places[package.name].append(package.relative_to(MONITOR).as_posix() + "/")
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert {name: twice[name] for name in twice.keys() - MODULES.keys()} == {}
    assert MODULES.keys() - twice.keys() == set()


def test_no_class_name_stands_twice() -> None:
    places = defaultdict(list)
    for path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path.relative_to(MONITOR).as_posix())
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert twice == {}


def test_at_the_root_stand_only_the_composition_root_and_rooms() -> None:
    assert [path.name for path in sorted(MONITOR.glob("*.py"))] == ["__init__.py", "app.py"]


def test_every_place_that_the_architecture_names_is_there() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    places = set(re.findall(r"`([a-z_]+(?:/[a-z_.{},…]+)+)`", text))
    assert len(places) > 20
    for place in places:
        head, brace, tail = place.partition("{")
        names = tail.partition("}")[0].split(",") if brace else [""]
        for name in names:
            path = f"{head}{name}{tail.partition('}')[2]}" if brace else place
            path = path.removesuffix("…").rstrip("/")
            roots = (MONITOR, ROOT)
            assert any(
                (root / path).exists() or (root / f"{path}.py").exists() for root in roots
            ), place


def test_every_room_is_on_the_page_of_the_architecture() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    rooms = {path.parent.name for path in MONITOR.glob("*/__init__.py")}
    rooms |= {path.parent.name for path in (MONITOR / "core").glob("*/__init__.py")}
    assert {room for room in rooms if f"{room}/" not in text} == set()
