"""Numbers that come from outside, read strictly.

`int` also takes `1_0`, `+1`, spaces around, the digits of every script, and refuses more than
4,300 of them with an error of its own.
"""

import re

_WHOLE = re.compile(r"[0-9]{1,18}")
_DECIMAL = re.compile(r"[0-9]{1,12}(?:\.[0-9]{0,12})?")


def whole(text: str) -> int:
    """Read a number of ASCII digits, 18 at most. Raises ValueError for anything else."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"no whole number: {text[:40]!r}")
    return int(text)


def decimal(text: str) -> float:
    """Read a number of ASCII digits with a point or without. Raises ValueError otherwise."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"no decimal number: {text[:40]!r}")
    return float(text)
