"""Every regular expression of the program, and texts made to be slow for one."""

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_parser: Any = import_module("re._parser")
_sre: Any = import_module("re._constants")
_REPEATS = (_sre.MAX_REPEAT, _sre.MIN_REPEAT, _sre.POSSESSIVE_REPEAT)
_ANCHORED = {"match", "fullmatch"}


class Expression(NamedTuple):
    """One compiled expression.

    Attributes:
        where: Module and line.
        anchored: It is named, and its module uses it with `match` and `fullmatch` only.

    """

    where: str
    compiled: re.Pattern[Any]
    anchored: bool


def modules() -> list[str]:
    """Name each module of the program that may compile an expression."""
    return [
        _name_of(path)
        for path in sorted((ROOT / "monitor").rglob("*.py"))
        if "migrations" not in path.parts and "import re" in path.read_text()
    ]


@cache
def expressions_of(module: str) -> tuple[Expression, ...]:
    """Return what one module compiles, read from its source and run again."""
    path = Path(import_module(module).__file__ or "")
    return tuple(_expressions(module, path, ast.parse(path.read_text())))


def expressions() -> list[Expression]:
    """Return what the whole program compiles."""
    return [one for module in modules() for one in expressions_of(module)]


def _name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _expressions(name: str, path: Path, tree: ast.Module) -> Iterator[Expression]:
    compiled: list[tuple[int, re.Pattern[Any]]] = []
    real = re.compile

    def recording(pattern: Any, flags: Any = 0) -> re.Pattern[Any]:
        frame = sys._getframe(1)
        made = real(pattern, flags)
        while frame.f_back and frame.f_code.co_name != "<module>":
            frame = frame.f_back
        if frame.f_globals.get("__name__") == name:
            compiled.append((frame.f_lineno, made))
        return made

    module = importlib.import_module(name)
    code = compile(tree, str(path), "exec")
    re.compile = recording
    before = sys.modules[name]
    try:
        again = type(module)(name)
        again.__dict__.update({"__file__": module.__file__, "__package__": module.__package__})
        sys.modules[name] = again
        exec(code, again.__dict__)  # noqa: S102 -- our own source
    finally:
        re.compile = real
        sys.modules[name] = before
    for line, made in compiled:
        yield Expression(f"{name}:{line}", made, _is_anchored(tree, line))


def _is_anchored(tree: ast.Module, line: int) -> bool:
    named = {
        node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.lineno <= line <= (node.end_lineno or 0)
    }
    loads = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in named and isinstance(node.ctx, ast.Load)
    ]
    used = [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in named
    ]
    return bool(used) and len(loads) == len(used) and set(used) <= _ANCHORED


def inline_uses() -> list[str]:
    """Name each use of `re` that is no `re.compile`: what it matches is in no register."""
    allowed = {"compile", "escape", "error", "Pattern", "Match", "IGNORECASE", "DOTALL", "ASCII"}
    allowed |= {"MULTILINE"}
    found: list[str] = []
    for path in sorted((ROOT / "monitor").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id == "re" and node.attr not in allowed:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}: re.{node.attr}")
            elif isinstance(node, ast.ImportFrom) and node.module == "re":
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: from re import")
    return found


class Recipe(NamedTuple):
    """A text: what stands first, what is repeated, what stands last."""

    head: str
    unit: str
    end: str

    def text(self, size: int, like: str | bytes) -> Any:
        """Return `size` characters of it, or bytes."""
        times = size // len(self.unit) + 1
        made = (self.head + self.unit * times)[: size - len(self.end)] + self.end
        return made.encode("latin-1", "replace") if isinstance(like, bytes) else made


def hostile(compiled: re.Pattern[Any]) -> list[Recipe]:
    """Return texts on which an expression may take long.

    A text that it matches is cut after each repeat and choice; what was repeated last, or all
    that came before, is then repeated to the end, where a character that nothing expects may
    stand.
    """
    found: dict[Recipe, None] = {}
    for prefix, pump in _prefixes(list(_parser.parse(compiled.pattern, compiled.flags)), ""):
        units = [(prefix, pump), (prefix, pump[:1]), ("", prefix), ("", f"{prefix} ")]
        for head, unit in units:
            for end in ("", "\x01") if prefix != pump else ("\x01",):
                if unit:
                    found[Recipe(head, unit, end)] = None
    return list(found)


def _prefixes(items: list[Any], before: str) -> list[tuple[str, str]]:
    """Return pairs: what an expression matches so far, and what it may match again."""
    found: list[tuple[str, str]] = []
    for operation, argument in items:
        if operation in _REPEATS:
            body = list(argument[2])
            found += _prefixes(body, before)
            found.append((before, _sample(body)))
            found.append((before, _sample(body, last=True)))
            before += _sample(body) * argument[0]
        elif operation is _sre.BRANCH:
            for branch in argument[1][:3]:
                found += _prefixes(list(branch), before)
                found.append((before + _sample(list(branch)), _sample(list(branch))))
            before += _sample(list(argument[1][0]))
        elif operation in {_sre.SUBPATTERN, _sre.ATOMIC_GROUP}:
            inner = list(argument[-1] if operation is _sre.SUBPATTERN else argument)
            found += _prefixes(inner, before)
            before += _sample(inner)
        else:
            before += _sample([(operation, argument)])
    found.append((before, before))
    return found


def _sample(items: list[Any], *, last: bool = False) -> str:
    """Return a text that the items match, as well as can be said without looking around."""
    text = ""
    for operation, argument in items:
        if operation is _sre.LITERAL:
            text += chr(argument)
        elif operation is _sre.IN:
            text += _member(argument, last=last)
        elif operation in {_sre.ANY, _sre.NOT_LITERAL}:
            text += "x" if argument != ord("x") else "y"
        elif operation in _REPEATS:
            times = max(argument[0], 1 if argument[1] else 0)
            text += _sample(list(argument[2]), last=last) * times
        elif operation is _sre.BRANCH:
            text += _sample(list(argument[1][-1 if last else 0]), last=last)
        elif operation in {_sre.SUBPATTERN, _sre.ATOMIC_GROUP}:
            inner = argument[-1] if operation is _sre.SUBPATTERN else argument
            text += _sample(list(inner), last=last)
    return text


def _member(members: list[Any], *, last: bool) -> str:
    wanted = [chr(n) for n in (*range(48, 58), *range(97, 123), 32, *range(33, 127), 233, 10)]
    rebuilt = _parser.SubPattern(_parser.State(), [(_sre.IN, members)])
    compiler: Any = import_module("re._compiler")
    one = compiler.compile(rebuilt)
    held = [char for char in wanted if one.match(char)]
    return (held[-1] if last else held[0]) if held else "x"
