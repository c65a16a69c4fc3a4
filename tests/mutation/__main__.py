"""Change the logic of `monitor/core` here and there, and see whether its tests notice.

    python -m tests.mutation 200 7

Each mutant is one change of one place: a comparison, a condition, an arithmetic sign, a number, a
constant that is returned. It is tried in a process of its own: first the tests that name its
module, then all of `tests/core`. The seed is printed and makes the same mutants again. The
survivors are printed with their place: each is either equivalent, or wants a test.
"""

import argparse
import ast
import os
import random
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "monitor" / "core"
TESTS = ROOT / "tests"
PATIENT_S = 300  # a mutant that runs longer does not end: it is seen
# They measure how long expressions take, or check that files are named: no logic of a module.
LEFT_OUT = frozenset({"test_patterns.py"})

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_SIGNS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the module's file, the line, what was there and what is now."""

    path: Path
    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.before}  →  {self.after}"


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    text = path.read_text()
    places = sum(1 for _ in _places(ast.parse(text)))
    for number in range(places):
        tree = ast.parse(text)
        node, statement = next(each for n, each in enumerate(_places(tree)) if n == number)
        before = ast.unparse(statement)
        _change(node)
        after = ast.unparse(statement)
        if before != after:
            shown = before.splitlines()[0], after.splitlines()[0]
            if shown[0] == shown[1]:
                shown = _differing(before, after)
            yield Mutant(path, statement.lineno, *shown, ast.unparse(tree))


def _differing(before: str, after: str) -> tuple[str, str]:
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return next((pair for pair in pairs if pair[0] != pair[1]), (before, after))


def _places(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.stmt]]:
    """Yield what can be changed in functions, with the statement around it."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in function.body:
                yield from _within(statement, statement)


def _within(node: ast.AST, statement: ast.stmt) -> Iterator[tuple[ast.AST, ast.stmt]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return  # met on its own
    if _is_logic(node):
        yield node, statement
    for child in ast.iter_child_nodes(node):
        inner = child if isinstance(child, ast.stmt) else statement
        yield from _within(child, inner)


def _is_logic(node: ast.AST) -> bool:
    match node:
        case ast.Compare():
            return type(node.ops[0]) in _COMPARISONS
        case ast.BinOp():
            return type(node.op) in _SIGNS
        case ast.Constant():
            return type(node.value) in {int, bool}
        case ast.UnaryOp():
            return isinstance(node.op, ast.Not)
        case _:
            return isinstance(node, ast.If | ast.IfExp | ast.While | ast.BoolOp)


def _change(node: ast.AST) -> None:
    match node:
        case ast.Compare():
            node.ops[0] = _COMPARISONS[type(node.ops[0])]()
        case ast.BinOp():
            node.op = _SIGNS[type(node.op)]()
        case ast.If() | ast.IfExp() | ast.While():
            node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant(value=int(number)):
            node.value = number + 1
        case ast.UnaryOp():
            node.op = ast.UAdd()  # `+x`: of a truth, its number
            node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])


class _Finder(PathFinder):
    """Imports one module from the mutant's source."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = ".".join(mutant.path.relative_to(ROOT).with_suffix("").parts)

    def find_spec(  # type: ignore[override] # the base's is a class method
        self, fullname: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != self._name.removesuffix(".__init__"):
            return None
        loader = _Loader(fullname, str(self._mutant.path))
        loader.source = self._mutant.source
        return ModuleSpec(fullname, loader, origin=str(self._mutant.path))


class _Loader(SourceFileLoader):
    source = ""

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.get_filename(fullname), "exec")


def is_seen(mutant: Mutant) -> bool:
    """Try the tests on a mutant; True when one fails."""
    return any(_fails(mutant, files) for files in _stages(mutant.path) if files)


def _stages(path: Path) -> tuple[list[str], list[str]]:
    """Return the test files that name a module, then all others of the core."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    every = [p for p in sorted(TESTS.rglob("test_*.py")) if p.name not in LEFT_OUT]
    near = [
        str(p) for p in every
        if (TESTS / "core" in p.parents or p.parent == TESTS)
        and (module in p.read_text() or p.stem == f"test_{path.stem}")
    ]  # fmt: skip
    core = [str(p) for p in every if TESTS / "core" in p.parents and str(p) not in near]
    return near, core


def _fails(mutant: Mutant, files: list[str]) -> bool:
    """Run tests in a child that imports the mutant; one that does not end has failed."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        sys.meta_path.insert(0, _Finder(mutant))
        code = 1
        with suppress(BaseException):
            options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
            code = int(pytest.main([*options, *files]))
        os._exit(code)
    until = time.monotonic() + PATIENT_S  # noqa: TID251 -- processes outside are waited for
    while time.monotonic() < until:  # noqa: TID251 -- the same
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def main() -> int:
    """Try some mutants; 1 when fewer than nine of ten are seen."""
    asked = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    asked.add_argument("count", type=int, nargs="?", default=200)
    asked.add_argument("seed", type=int, nargs="?", default=secrets.randbits(32))
    asked.add_argument("--in", dest="room", default="", help="a room of the core: outages")
    found = asked.parse_args()
    every = [one for path in sorted((CORE / found.room).rglob("*.py")) for one in mutants(path)]
    dice = random.Random(found.seed)  # noqa: S311 -- repeatable
    chosen = dice.sample(every, min(found.count, len(every)))
    print(f"{len(chosen)} of {len(every)} mutants, seed {found.seed}", flush=True)
    survivors = []
    for number, mutant in enumerate(chosen, 1):
        if not is_seen(mutant):
            survivors.append(mutant)
            print(f"SURVIVED {mutant}", flush=True)
        if number % 20 == 0:
            print(f"{number}: {number - len(survivors)} seen", flush=True)
    seen = len(chosen) - len(survivors)
    print(f"{seen} of {len(chosen)} seen: {seen / len(chosen):.1%}")
    return 0 if seen >= 0.9 * len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
