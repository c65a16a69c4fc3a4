"""The mutants of a module: one change of one place of the logic of its functions."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).parents[2]

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_SIGNS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
Function = tuple[str, int]
"""A file, and the first line of a function in it."""
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change: where (the function's first line tells its code from others'), and what."""

    path: Path
    function_line: int
    place: str
    """`monitor/core/….py:line:column`."""
    change: str
    """`before → after`, on one line."""
    code: CodeType

    @property
    def function(self) -> Function:
        return str(self.path), self.function_line

    def __str__(self) -> str:
        return f"{self.place}  {self.change}"


@dataclass(frozen=True, slots=True)
class _Place:
    function_line: int
    node: ast.expr | ast.stmt
    shown: ast.AST
    change: Callable[[], None]


def places(path: Path) -> int:
    """Return how many mutants a module has."""
    return sum(1 for _ in _places(ast.parse(path.read_text())))


def mutant(path: Path, number: int) -> Mutant:
    """Return one of them."""
    tree = ast.parse(path.read_text())
    place = next(islice(_places(tree), number, None))
    name, node = path.relative_to(ROOT), place.node
    before = _on_one_line(place.shown)
    place.change()
    return Mutant(
        path,
        place.function_line,
        f"{name}:{node.lineno}:{node.col_offset}",
        f"{before}  →  {_on_one_line(place.shown)}",
        compile(ast.fix_missing_locations(tree), str(path), "exec"),
    )


def _on_one_line(node: ast.AST) -> str:
    """Write a statement, or only the head of one that holds others."""
    text = ast.unparse(node)
    holds_others = isinstance(getattr(node, "body", None), list)
    return text.splitlines()[0] if holds_others else " ".join(text.split())


def _places(tree: ast.Module) -> Iterator[_Place]:
    for function in ast.walk(tree):
        if isinstance(function, _FUNCTION):
            line = min([function.lineno, *(each.lineno for each in function.decorator_list)])
            for statement in function.body:
                for node, shown in _within(statement, statement):
                    for change in _changes(node):
                        yield _Place(line, node, shown, change)


def _within(node: ast.AST, shown: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, ast.AST]]:
    """Yield the statements and expressions of a function, with what shows them best."""
    if isinstance(node, _FUNCTION | ast.ClassDef):
        return  # met on its own
    if isinstance(node, ast.expr | ast.stmt):
        yield node, shown
    for name, value in ast.iter_fields(node):
        if name == "annotation":
            continue  # those of local variables are never evaluated
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                alone = isinstance(
                    child, ast.stmt | ast.match_case | ast.comprehension | ast.keyword
                )
                yield from _within(child, child if alone else shown)


def _changes(node: ast.expr | ast.stmt) -> Iterator[Callable[[], None]]:
    """Yield the changes of one node; none that is the same program as another one's."""
    match node:
        case ast.Compare(ops=operators):
            for index, operator in enumerate(operators):
                yield partial(operators.__setitem__, index, _COMPARISONS[type(operator)]())
        case ast.BinOp(op=sign) if type(sign) in _SIGNS:
            yield lambda: setattr(node, "op", _SIGNS[type(sign)]())
        case ast.BoolOp(op=operator):
            other = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield lambda: setattr(node, "op", other)
        case ast.Constant(value=bool(value)):
            yield lambda: setattr(node, "value", not value)
        case ast.Constant(value=int(value)):
            yield lambda: setattr(node, "value", value + 1)
        case ast.UnaryOp(op=ast.Not()):
            yield lambda: _drop_not(node)
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            if not _is_negated_elsewhere(test):
                yield lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), test))


def _drop_not(node: ast.UnaryOp) -> None:
    """Make `not x` into `not not x`: still a truth, for those who ask whether it `is True`."""
    node.operand = ast.UnaryOp(ast.Not(), node.operand)


def _is_negated_elsewhere(test: ast.expr) -> bool:
    """Whether changing the condition itself already gives its contrary."""
    match test:
        case ast.Compare(ops=[operator]):
            return not isinstance(operator, _ORDERS)
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Constant():
            return True
        case _:
            return False
