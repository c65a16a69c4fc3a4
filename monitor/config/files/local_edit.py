"""Edits of the text of `local.toml`, which leave every other line as a person wrote it. Pure.

Values come encoded. A value that stands on several lines is not replaced: the text is no TOML
then, which whoever writes it must verify.
"""

import re
from collections.abc import Callable, Mapping


def put(text: str, table: str, key: str, value: str) -> str:
    """Return a TOML text with one value of a table set."""
    lines = _lines(text)
    start = _find(lines, rf"\s*\[\s*{re.escape(table)}\s*\]\s*(#.*)?", 0, len(lines))
    if start is None:
        head = [*lines, *([""] if lines else []), f"[{table}]"]
        return "\n".join([*head, f"{key} = {value}"]) + "\n"
    _set(lines, key, value, start)
    return "\n".join(lines) + "\n"


def put_entry(text: str, table: str, values: Mapping[str, str], comment: str) -> str:
    """Return a TOML text with keys of one entry of a list of tables set, below a comment.

    The entry is that of the same `slug`, or else a new one after all others.
    """
    lines = _lines(text)
    slug = values.get("slug")
    start = None if slug is None else _entry(lines, table, slug)
    if start is None:
        before = text.rstrip("\n")
        entry = [f"[[{table}]]", comment, *(f"{key} = {value}" for key, value in values.items())]
        return "\n".join([*([before, ""] if before else []), *entry]) + "\n"
    for key, value in values.items():
        _set(lines, key, value, start)
    lines.insert(start + 1, comment)
    return "\n".join(lines) + "\n"


def _lines(text: str) -> list[str]:
    """Split as TOML does, at line feeds alone: a comment may have a separator of Unicode's."""
    return text.removesuffix("\n").split("\n") if text else []


def _entry(lines: list[str], table: str, slug: str) -> int | None:
    """Return the line of the head of the entry with a slug; None when there is none."""
    head = rf"\s*\[\[\s*{re.escape(table)}\s*\]\]\s*(#.*)?"
    start = _find(lines, head, 0, len(lines))
    while start is not None:
        end = _end(lines, start)
        if _find(lines, rf"\s*slug\s*=\s*{re.escape(slug)}\s*(#.*)?", start + 1, end) is not None:
            return start
        start = _find(lines, head, end, len(lines))
    return None


def _set(lines: list[str], key: str, value: str, start: int) -> None:
    """Set a key of the table whose head is at `start`."""
    end = _end(lines, start)
    existing = _find(lines, rf"\s*{re.escape(key)}\s*=.*", start + 1, end)
    if existing is None:
        lines.insert(start + 1, f"{key} = {value}")
    else:
        lines[existing] = f"{key} = {value}"


def _end(lines: list[str], start: int) -> int:
    end = _find(lines, r"\s*\[.*", start + 1, len(lines))
    return len(lines) if end is None else end


def _find(lines: list[str], pattern: str, start: int, end: int) -> int | None:
    matches: Callable[[str], object] = re.compile(pattern).fullmatch
    return next((n for n in range(start, end) if matches(lines[n])), None)
