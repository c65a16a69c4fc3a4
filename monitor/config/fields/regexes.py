"""Refuse regular expressions whose matching is not linear in the text.

Python's engine backtracks: `(a+)+$` takes seconds on thirty characters, and `.*a.*b` or `a+b`
quadratic time. The form of an expression alone decides:

- the ways through it from one starting point, an upper bound on what is tried there, are at
  most `WAYS_MAX`, and times the length of the text at most `WORK_MAX`;
- a repeat without a bound is refused, unless it can neither be shortened with success (what
  follows cannot begin inside it) nor be met again from another starting point (the expression
  is anchored, or nothing that follows the repeat can fail).
"""

import re
import warnings
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

# The standard library's own parser: it has no public name and no types.
_parser: Any = import_module("re._parser")
_sre: Any = import_module("re._constants")

LENGTH_MAX = 500
REPEAT_MAX = 1000
WAYS_MAX = 20_000
WORK_MAX = 50_000_000  # ways times characters: about a second

_CAP = 10 * WAYS_MAX
_REPEATS = (_sre.MAX_REPEAT, _sre.MIN_REPEAT, _sre.POSSESSIVE_REPEAT)
_CHARACTERS = (_sre.LITERAL, _sre.NOT_LITERAL, _sre.IN, _sre.ANY)
# Expressions are judged on these characters and on those that they name: ASCII, and a letter,
# a digit, a space and a sign of those beyond.
_SAMPLE = (*range(128), 0xA0, 0xC9, 0xE9, 0xB2, 0x661, 0x2019, 0x2028, 0x4E00, 0x1F600)
_CATEGORIES = {
    _sre.CATEGORY_DIGIT: r"\d",
    _sre.CATEGORY_NOT_DIGIT: r"\D",
    _sre.CATEGORY_SPACE: r"\s",
    _sre.CATEGORY_NOT_SPACE: r"\S",
    _sre.CATEGORY_WORD: r"\w",
    _sre.CATEGORY_NOT_WORD: r"\W",
}
_REMEMBERED = 1_000  # expressions: a command that changes a list reads it again
_NOTHING = 0
# What may follow the end of the text: `$` allows for one last line feed.
_ENDS = {_sre.AT_END: "\n", _sre.AT_END_STRING: ""}

Items = Sequence[Any]
Chars = int  # a set of the characters of the sample, one bit each


class _PatternRefused(Exception):  # noqa: N818 -- never leaves this module
    pass


@lru_cache(_REMEMBERED)
def check_regex(
    pattern: str | bytes,
    *,
    flags: int = 0,
    anchored: bool = False,
    length_max: int = LENGTH_MAX,
    text_max: int = WORK_MAX // WAYS_MAX,
) -> str | None:
    """Return why a regular expression is refused (French, short), or None when it is fine.

    Args:
        pattern: The expression.
        flags: Those with which it is compiled.
        anchored: It is used with `match` and `fullmatch` only.
        length_max: Characters of the expression, at most.
        text_max: Characters of the text that is searched, at most.

    """
    if len(pattern) > length_max:
        return f"expression de plus de {length_max} caractères"
    most = min(WAYS_MAX, WORK_MAX // text_max)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled = re.compile(pattern, flags)
            ways = _Counter(compiled, anchored=anchored).ways()
    except _PatternRefused as refusal:
        return str(refusal)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        return f"expression qui ne se compile pas ({error})"
    if ways > most:
        return f"expression trop ambiguë : {ways} chemins, {most} au plus"
    return None


class _Counter:
    """Counts the ways through one expression."""

    def __init__(self, compiled: re.Pattern[Any], *, anchored: bool) -> None:
        self._any_line = bool(compiled.flags & re.MULTILINE)
        self._any_character = bool(compiled.flags & re.DOTALL)
        self._any_case = bool(compiled.flags & re.IGNORECASE)
        self._bytes = isinstance(compiled.pattern, bytes)
        self._ascii = self._bytes or bool(compiled.flags & re.ASCII)
        self._items: Items = _parser.parse(compiled.pattern, compiled.flags).data
        begins = self._items[:1] in (
            [(_sre.AT, _sre.AT_BEGINNING)],
            [(_sre.AT, _sre.AT_BEGINNING_STRING)],
        )
        self._anchored = anchored
        self._once = anchored or (begins and not self._any_line)
        named = {number for item in self._items for number in _named(item)}
        cased = {form for number in named for form in self._forms(number)}
        chars = range(256) if self._bytes else sorted({*_SAMPLE, *named, *cased})
        self._bits = {number: 1 << rank for rank, number in enumerate(chars)}
        self._all: Chars = (1 << len(self._bits)) - 1
        self._by_form: dict[int, Chars] = {}  # a character, in either case: those that equal it
        for number, bit in self._bits.items():
            for form in {number, *self._forms(number)}:
                self._by_form[form] = self._by_form.get(form, _NOTHING) | bit

    def ways(self) -> int:
        # `fullmatch` must reach the end, and can fail there; `search` ends where it can.
        return self._sequence(self._items, _NOTHING if self._anchored else None)

    def _sequence(self, items: Items, after: Chars | None) -> int:
        """Return the ways of a sequence; `after` may follow it, or None when nothing can fail."""
        ways = 1
        for number, item in enumerate(items):
            ways = min(ways * self._one(item, self._first(items[number + 1 :], after)), _CAP)
        return ways

    def _one(self, item: Any, follows: Chars | None) -> int:
        operation, argument = item[0], item[1]
        if operation in {_sre.GROUPREF, _sre.GROUPREF_EXISTS}:
            raise _PatternRefused("renvoi à un groupe")
        if operation in _REPEATS:
            return self._repeat(operation, argument, follows)
        if operation is _sre.BRANCH:
            return self._branch([branch.data for branch in argument[1]], follows)
        if operation is _sre.SUBPATTERN:
            return self._sequence(argument[-1].data, follows)
        if operation in {_sre.ASSERT, _sre.ASSERT_NOT}:
            return self._sequence(argument[-1].data, None)
        if operation is _sre.ATOMIC_GROUP:
            return self._sequence(argument.data, None)
        return 1

    def _branch(self, branches: list[Items], follows: Chars | None) -> int:
        """Sum the ways of those branches that can begin at the same place."""
        words = [[item[1] for item in b if item[0] is _sre.LITERAL] for b in branches]
        if all(len(word) == len(b) for word, b in zip(words, branches, strict=True)):
            return max(sum(word[: len(other)] == other for other in words) for word in words)
        ways = [self._sequence(branch, follows) for branch in branches]
        firsts = [self._first(branch, self._all) or self._all for branch in branches]
        return min(
            _CAP,
            max(
                sum(number for first, number in zip(firsts, ways, strict=True) if first & bit)
                for bit in self._bits.values()
            ),
        )

    def _repeat(self, operation: Any, argument: Any, follows: Chars | None) -> int:
        low, high, body = argument[0], argument[1], argument[2].data
        begins = self._first(body, self._all) or self._all
        inside = self._sequence(body, follows if high == 1 else begins | (follows or _NOTHING))
        sure = operation is _sre.POSSESSIVE_REPEAT or (
            operation is _sre.MAX_REPEAT and follows is None
        )
        lone = inside == 1 and (sure or (follows is not None and not begins & follows))
        if high is _sre.MAXREPEAT or high > REPEAT_MAX:
            once = self._once or follows is None
            if not lone or not once or low > REPEAT_MAX or self._may_be_empty(body):
                raise _PatternRefused(f"répétition sans borne, ou au-delà de {REPEAT_MAX}")
            return 1
        if lone:
            return 1
        if inside == 1:
            return int(high) - int(low) + 1
        ways = 0
        for times in range(low, high + 1):
            ways += inside**times
            if ways > WAYS_MAX:
                break
        return ways

    def _first(self, items: Items, after: Chars | None) -> Chars | None:
        """Return the characters with which a sequence can begin, None when it cannot fail."""
        first: Chars = _NOTHING
        asserts = False  # an assertion may fail anywhere
        for item in items:
            operation, argument = item[0], item[1]
            if operation in _CHARACTERS:
                return first | self._chars(operation, argument)
            if operation is _sre.AT and argument in _ENDS and not self._any_line:
                return first | sum(self._bits[ord(char)] for char in _ENDS[argument])
            if (inner := _inner(item)) is None:
                asserts = True
                continue
            for part in inner:
                first |= self._first(part, _NOTHING) or _NOTHING
            if not self._may_be_empty([item]):
                return first
        if asserts:
            return self._all
        return None if after is None else first | after

    def _may_be_empty(self, items: Items) -> bool:
        for item in items:
            operation, argument = item[0], item[1]
            if operation in _CHARACTERS:
                return False
            inner = _inner(item)
            skipped = inner is None or (operation in _REPEATS and not argument[0])
            if not skipped and not any(self._may_be_empty(part) for part in inner or ()):
                return False
        return True

    def _chars(self, operation: Any, argument: Any) -> Chars:
        """Return the characters that one item matches."""
        if operation is _sre.ANY:
            return self._all if self._any_character else self._all & ~self._bits[ord("\n")]
        if operation is _sre.IN:
            negated = argument[0] == (_sre.NEGATE, None)
            members = argument[negated:]
            chars_found = _NOTHING
            for form, chars in self._by_form.items():
                if chars & ~chars_found and self._holds(members, form):
                    chars_found |= chars
        else:
            negated = operation is _sre.NOT_LITERAL
            chars_found = self._by_form.get(argument, _NOTHING)
        return self._all & ~chars_found if negated else chars_found

    def _forms(self, number: int) -> tuple[int, ...]:
        """Return a character in both letter cases, where case is ignored."""
        if not self._any_case or (self._bytes and number > 127):  # noqa: PLR2004 -- ASCII
            return ()
        return _cases(number)

    def _holds(self, members: Items, number: int) -> bool:
        for operation, argument in members:
            if operation is _sre.LITERAL and argument == number:
                return True
            if operation is _sre.RANGE and argument[0] <= number <= argument[1]:
                return True
            if operation is _sre.CATEGORY and _is_of(argument, number, ascii_only=self._ascii):
                return True
        return False


@cache
def _cases(number: int) -> tuple[int, ...]:
    """Return a character in both letter cases; a case that takes two characters is left out."""
    return tuple(ord(c) for c in (chr(number).lower(), chr(number).upper()) if len(c) == 1)


@cache
def _is_of(category: Any, number: int, *, ascii_only: bool) -> bool:
    flags = re.ASCII if ascii_only else 0
    return re.compile(_CATEGORIES[category], flags).match(chr(number)) is not None


def _inner(item: Any) -> list[Items] | None:
    """Return the sequences inside an item, None for an item that matches no character."""
    operation, argument = item[0], item[1]
    if operation is _sre.BRANCH:
        return [branch.data for branch in argument[1]]
    if operation in _REPEATS or operation is _sre.SUBPATTERN:
        return [argument[-1].data]
    return [argument.data] if operation is _sre.ATOMIC_GROUP else None


def _named(item: Any) -> list[int]:
    """Return the characters that an item names, and those next to its ranges."""
    operation, argument = item[0], item[1]
    if operation in {_sre.LITERAL, _sre.NOT_LITERAL}:
        return [argument]
    if operation is _sre.RANGE:
        low, high = argument
        return [max(low - 1, 0), low, high, min(high + 1, 0x10FFFF)]
    if operation is _sre.IN:
        return [number for member in argument for number in _named(member)]
    return [number for part in _inner(item) or () for inner in part for number in _named(inner)]
