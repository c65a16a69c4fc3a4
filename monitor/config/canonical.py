"""The canonical JSON of a configuration, whatever the layout of its files, and its digest."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel


def sha256_of(value: object) -> str:
    """Return the digest of a value's canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> Any:
    """Return a value made of JSON types."""
    if names := _names(value):
        return {name: _plain(getattr(value, name)) for name in names}
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case tuple():
            return [_plain(item) for item in value]
        case frozenset():
            return sorted(value)
        case re.Pattern():
            return [value.pattern, value.flags]
        case _:
            return value.as_posix() if isinstance(value, Path) else value


def _names(value: object) -> tuple[str, ...]:
    """Return the fields of a value that has some.

    Derived ones are left out, and those that do not count when two values are compared.
    """
    if isinstance(value, BaseModel):
        return tuple(type(value).model_fields)
    if is_dataclass(value):
        return tuple(f.name for f in fields(value) if f.init and f.compare)
    return ()
