"""Problems of configuration files, described so that an operator can fix them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.runtime.errors import VigieError

VALUE_MAX = 60  # characters shown of a value


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem. Texts are French: an operator reads them."""

    file: str  # relative to the configuration folder
    key: str  # dotted, with [n] for the n-th element of a list, from 1
    value: str  # as written, shortened
    reason: str
    cure: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.value}: {self.reason}: {self.cure}"


class ConfigError(VigieError):
    """The configuration is invalid; has every problem, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def shown(value: object) -> str:
    """Return a value as written in a file, on one line and shortened; None is absent."""
    if value is None:
        return "(absente)"
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "(tables trop imbriquées)"
    return text if len(text) <= VALUE_MAX else f"{text[: VALUE_MAX - 1]}…"
