"""One text for one value: the JSON Canonicalization Scheme (RFC 8785), without its numbers.

The profile leaves out what two implementations may write differently: no floats, no integer
of 2^53 or more, ASCII keys. Any language's JSON library can then write the same bytes; what
Python's own writes is compared with a whole implementation of the RFC in the tests.
"""

import json
import re
from typing import Any

INTEGER_LIMIT = 1 << 53
_DIGITS = 17  # of the longest integer, with its sign


def canonical(value: Any) -> bytes:
    """Return the bytes of a value made of dict, list, tuple, str, int, bool and None.

    Raises:
        ValueError: it is outside the profile, or holds a lone surrogate.

    """
    _require_profile(value)
    return _WRITE(value).encode()


def read_canonical(data: bytes) -> Any:
    """Return the value that these bytes are the canonical form of: the inverse of `canonical`.

    Raises:
        ValueError: they are no JSON, or not in that form.
        RecursionError: they are nested too deeply.

    """
    text = data.decode()
    value = (_WIDE if _LONG.search(text) else _NARROW).decode(text)
    if _WRITE(value).encode() != data:
        raise ValueError("not canonical JSON")
    if not data.isascii():  # then a key may be what it must not
        _require_profile(value)
    return value


def _integer(text: str) -> int:
    value = int(text) if len(text) <= _DIGITS else INTEGER_LIMIT
    if not -INTEGER_LIMIT < value < INTEGER_LIMIT:
        raise ValueError(f"{text[:_DIGITS]} is too large for canonical JSON")
    return value


def _refuse(text: str) -> Any:
    raise ValueError(f"not canonical JSON: {text[:_DIGITS]}")


# Made once: `json.loads` and `json.dumps` make one at each call that has options. An integer of
# fewer than 16 digits is within the profile, and most leaves have no longer one.
_LONG = re.compile(r"[0-9]{16}")
_NARROW = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse)
_WIDE = json.JSONDecoder(parse_int=_integer, parse_float=_refuse, parse_constant=_refuse)
_WRITE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _require_profile(value: Any) -> None:
    if value is None or isinstance(value, (str, bool)):
        return
    if isinstance(value, int):
        if not -INTEGER_LIMIT < value < INTEGER_LIMIT:
            raise ValueError(f"{value} is too large for canonical JSON")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"not a key of canonical JSON: {key!r}")
            _require_profile(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _require_profile(item)
    else:
        raise ValueError(f"not canonical JSON: {type(value).__name__}")  # noqa: TRY004 -- one error for all
