"""A stranger finds his way: one name for one thing, and a page that shows where things are."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MONITOR = ROOT / "monitor"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
# The decision on the rooms names what there was before.
DOCUMENTS = (
    "README.md",
    "LISEZMOI.md",
    "CONTRIBUTING.md",
    *(
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "docs").rglob("*.md"))
        if path.name != "0021-rooms-by-subject.md"
    ),
)

# Names that may stand twice, each with its reason.
MODULES = {
    "__init__": "of every package",
    "backup": "a command, and what does it",
    "changes": "a command, and the package of the core",
    "compare": "a command, and the function that it shows",
    "dataset": "a command, and the package",
    "demo": "a command, and the package",
    "dossier": "a command, and the package",
    "journal": "the package of the core, and the files of the log",
    "rebuild": "a command, and the package of the store",
    "probe": "a command, and the package",
    "survey": "a command, and the package",
    "store": "the room's one door has its name",
    "witness": "a command, and the package",
}


# Names that the program itself does not use, each with its reason.
UNUSED = {
    "_without_retired": "called by pydantic",
    "async_request_tsa_response": "called by pyhanko",
    "capture_signals": "called by uvicorn",
    "check_inclusion": "the tests hold the proofs of consistency to those of inclusion",
    "datagram_received": "called by asyncio",
    "eof_received": "called by asyncio",
    "filter_stream": "called by Jinja",
    "get_next_fire_time": "called by APScheduler",
    "handle_async_request": "called by httpx",
    "has_redirect_location": "called by httpx",
    "new_tiles": "the tests hold the tiles that are written to those that the format lists",
    "process_bind_param": "called by SQLAlchemy",
    "process_result_value": "called by SQLAlchemy",
    "send_400_response": "called by uvicorn",
    "tile_bytes": "see new_tiles",
    "writelines": "called by whoever prints",
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
    """A name that only begins with an underscore is the same name to who looks for it."""
    places = defaultdict(list)
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name.lstrip("_")].append(path.relative_to(MONITOR).as_posix())
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


# Lines of a module: a longer one is read as two subjects.
LONGEST = 450
# Modules that may be longer, each with its reason.
LONG: dict[str, str] = {}


def test_no_module_is_too_long_for_one_subject() -> None:
    lengths = {
        path.relative_to(MONITOR).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules()
    }
    assert max(lengths.values()) > LONGEST // 2
    assert {name for name, length in lengths.items() if length > LONGEST} == LONG.keys()


def defined(path: Path) -> Iterator[str]:
    """Yield the functions, methods and classes of a module, and its constants."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_the_program_uses_all_that_it_defines() -> None:
    """What only tests use is in `tests/`."""
    sources = [path for folder in ("monitor", "bench", "verify") for path in files(folder)]
    words = Counter(
        word for path in sources for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))
    )
    names = {name for path in modules() for name in defined(path) if not name.startswith("__")}
    assert len(names) > 2000
    assert {name for name in names if words[name] < 2} == set(UNUSED)


def files(folder: str) -> list[Path]:
    kinds = {".py", ".html", ".toml", ".svg", ".css"}
    return [path for path in (ROOT / folder).rglob("*") if path.suffix in kinds]


def test_at_the_root_stand_only_the_composition_root_and_rooms() -> None:
    assert [path.name for path in sorted(MONITOR.glob("*.py"))] == ["__init__.py", "app.py"]


# A file by its name, with or without folders; a folder by its name and a slash. `{a,b}` stands
# for several, "…" for what follows.
_FILE = r"[\w./{},…-]*[\w}]\.(?:py|toml|html|css|md|svg)(?!\w)"
_PLACE = re.compile(_FILE + r"|(?:[\w-]+/)+(?:[\w{},.]+|…)?")
_CODE = re.compile(r"`([^`\n]+)`")
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# First folders of what is made on a user's machine, or is an address or a media type.
ELSEWHERE = ("/", "data/", "essai", ".venv/", "tlog-", "application/", "config/racines/", "points/")
LOCAL = {"build/grafana/", "config/local.toml", "local.toml"}


def places_in(text: str) -> set[str]:
    """Return every place that code spans and drawings of a document name."""
    found = set()
    for span in _CODE.findall(_FENCED.sub("", text)):
        if _PLACE.fullmatch(span):
            found.add(span)
    for language, drawing in _FENCED.findall(text):
        if not language:
            found.update(_PLACE.findall(drawing))
    return found


def expanded(place: str) -> list[str]:
    head, brace, tail = place.partition("{")
    names, _, rest = tail.partition("}")
    return [f"{head}{name}{rest}" for name in names.split(",")] if brace else [place]


def is_there(place: str) -> bool:
    """Return whether a place is there, by its whole path or by the end of it."""
    path = place.removesuffix("…").rstrip("/")
    if any((root / path).exists() for root in (ROOT, MONITOR)):
        return True
    return any(
        found.is_dir() if place.endswith("/") else True
        for root in (MONITOR, ROOT / "config", ROOT / "docs", ROOT / "tests")
        for name in (path, f"{path}.py")
        for found in root.rglob(name)
    )


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_place_that_a_document_names_is_there(document: str) -> None:
    places = places_in((ROOT / document).read_text(encoding="utf-8")) - LOCAL
    places = {place for place in places if not place.startswith(ELSEWHERE)}
    names = [name for place in sorted(places) for name in expanded(place)]
    assert [name for name in names if not is_there(name)] == []


def test_places_are_really_looked_for() -> None:
    told = """`evidence/timestamps/rfc3161.py` `no_such.py` `no/such.py`
`core/text/no2.py` `a/b` `GET /x`
`core/journal/{jcs,no_such}.py` `config/targets/…`
```
 no_folder/   of a drawing
   model/     no_drawn.py ─ a module
```
"""
    found = {name for place in places_in(told) for name in expanded(place)}
    assert {name for name in found if not is_there(name)} == {
        "no_such.py", "no/such.py", "core/text/no2.py", "a/b", "core/journal/no_such.py",
        "no_folder/", "no_drawn.py",
    }  # fmt: skip
    assert len(places_in(ARCHITECTURE.read_text(encoding="utf-8"))) > 80


def test_every_room_is_on_the_page_of_the_architecture() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    rooms = {path.parent.name for path in MONITOR.glob("*/__init__.py")}
    rooms |= {path.parent.name for path in (MONITOR / "core").glob("*/__init__.py")}
    assert {room for room in rooms if f"{room}/" not in text} == set()


def test_the_french_words_of_the_glossary_are_those_of_the_program() -> None:
    """A reader of the code finds on a page, or in a command, the word that the glossary gives."""
    text = ARCHITECTURE.read_text(encoding="utf-8").partition("## Words")[2]
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| `", text, re.MULTILINE)
    words = {word for row in rows for word in re.split(r", | ; ", row)}
    sources = [*modules(), *MONITOR.rglob("*.html"), ROOT / "verify" / "verifier.py"]
    shown = " ".join(
        path.read_text(encoding="utf-8") for path in sources if "demo" not in path.parts
    )
    assert len(words) > 20
    assert {word for word in words if not re.search(rf"(?i)\b{word}s?\b", shown)} == set()


# A docstring says what a function returns or does, not that it says or tells it.
SPEECH = re.compile(r"(?:Say|Says|Tell|Tells)\b")
# Participles are no names for values: a value is named by what it is.
PARTICIPLES = frozenset(
    {"asked", "found", "held", "joined", "kept", "met", "noted", "said", "seen", "stated", "told"}
)
# Notes of a study that this repository does not have; reasons are given where they apply, or are
# in docs/decisions/.
ABSENT_NOTES = re.compile(r"\b(?:PEERS|SOUND|EVIDENCE|FACTS) [A-Z]?\d+|\b[A-Z]{4,} [A-Z]\d{1,3}\b")


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each docstring of a module."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text


def local_names(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each parameter and local variable of a module."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for node in ast.walk(function):
                if isinstance(node, ast.arg):
                    yield node.lineno, node.arg
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.lineno, node.id


@pytest.mark.parametrize("folder", ["monitor", "tests", "bench"])
def test_no_docstring_begins_with_say_or_tell(folder: str) -> None:
    assert [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text in docstrings(path)
        if SPEECH.match(text)
    ] == []


def test_no_variable_of_the_program_is_a_bare_participle() -> None:
    assert [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in modules()
        for line, name in local_names(path)
        if name.strip("_") in PARTICIPLES
    ] == []


def test_no_note_that_is_not_here_is_cited() -> None:
    folders = ("monitor", "tests", "bench", "verify", "docs", "config")
    cited = [
        f"{path.relative_to(ROOT)}: {citation}"
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".md", ".toml", ".html"}
        for citation in ABSENT_NOTES.findall(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert cited == []


def test_the_guards_on_words_find_what_they_look_for(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text('def f(told):\n    """Tell whether."""\n    seen = told\n', encoding="utf-8")
    assert [line for line, text in docstrings(path) if SPEECH.match(text)] == [2]
    assert {name for _, name in local_names(path)} == {"told", "seen"} <= PARTICIPLES
    assert ABSENT_NOTES.search("never expires (PEERS" + " R13)")
    assert not ABSENT_NOTES.search("RFC 2606, ISO 8601")
