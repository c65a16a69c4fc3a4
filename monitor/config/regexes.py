"""Refuse the regular expressions whose matching has no bound.

Python's engine backtracks: `(a+)+$` takes seconds on thirty characters, and `.*a.*b` the
square of a page. So every repeat is bounded, and the number of ways through the whole
expression from one starting point, an upper bound on the steps, is at most `WAYS_MAX`.
"""

import re
import warnings
from importlib import import_module
from typing import Any

# The standard library's own parser: it has no public name and no types.
_parser: Any = import_module("re._parser")
_sre: Any = import_module("re._constants")

LENGTH_MAX = 500
REPEAT_MAX = 1000
WAYS_MAX = 20_000


class _Refused(Exception):  # noqa: N818 -- never leaves this module
    pass


def check_regex(pattern: str) -> str | None:
    """Return why a regular expression is refused (French, short), or None when it is fine."""
    if len(pattern) > LENGTH_MAX:
        return f"expression de plus de {LENGTH_MAX} caractères"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
            ways = _ways(_parser.parse(pattern))
    except _Refused as refused:
        return str(refused)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        return f"expression qui ne se compile pas ({error})"
    if ways > WAYS_MAX:
        return f"expression trop ambiguë : {ways} chemins, {WAYS_MAX} au plus"
    return None


def _ways(items: Any) -> int:
    """Count the ways through a sequence: the product over its items, capped."""
    ways = 1
    for operation, argument in items:
        ways = min(ways * _ways_of(operation, argument), WAYS_MAX * 10)
    return ways


def _ways_of(operation: Any, argument: Any) -> int:
    if operation in {_sre.GROUPREF, _sre.GROUPREF_EXISTS}:
        raise _Refused("renvoi à un groupe")
    if operation in {_sre.MAX_REPEAT, _sre.MIN_REPEAT, _sre.POSSESSIVE_REPEAT}:
        return _ways_of_repeat(*argument)
    if operation is _sre.BRANCH:
        return 1 if _apart(argument[1]) else sum(_ways(branch) for branch in argument[1])
    if operation in {_sre.SUBPATTERN, _sre.ASSERT, _sre.ASSERT_NOT}:
        return _ways(argument[-1])
    return _ways(argument) if operation is _sre.ATOMIC_GROUP else 1


def _ways_of_repeat(low: int, high: Any, body: Any) -> int:
    if high is _sre.MAXREPEAT or high > REPEAT_MAX:
        raise _Refused(f"répétition sans borne, ou au-delà de {REPEAT_MAX}")
    inside = _ways(body)
    if inside == 1:
        return int(high) - low + 1
    ways = 0
    for times in range(low, high + 1):
        ways += inside**times
        if ways > WAYS_MAX:
            break
    return ways


def _apart(branches: Any) -> bool:
    """Tell whether the branches are plain words that can never match at the same place."""
    words = [
        [code for operation, code in branch if operation is _sre.LITERAL] for branch in branches
    ]
    if any(len(word) != len(branch) for word, branch in zip(words, branches, strict=True)):
        return False
    return not any(
        one is not other and other[: len(one)] == one for one in words for other in words
    )
