"""Validate the tables of a file one by one, so that a fault in one does not hide others."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from monitor.config.files.local import LOCAL, Merged, original
from monitor.config.strict_toml.problems import Problem
from monitor.config.strict_toml.pydantic_french import EntryT, TablePlace, validate
from monitor.config.strict_toml.toml_files import read_toml


class Tables:
    """The tables of a file, and their problems so far.

    Attributes:
        raw: The content of the file; empty when it cannot be read.
        readable: Whether the file could be read at all.
        problems: Each with the file and the key where its value is written, also `local.toml`.

    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        allow_private: bool | None = None,
        under: Callable[[Mapping[str, Any]], Merged] = lambda raw: Merged(dict(raw)),
        optional: bool = False,
    ) -> None:
        """Read `folder/name`; `under` merges the local settings with its content.

        An `optional` file that is not there is an empty one.
        """
        absent = optional and not (folder / name).exists()
        raw, problems = ({}, []) if absent else read_toml(folder, name)
        self._take(under(raw or {}), name, readable=raw is not None, problems=problems)
        self.allow_private = self._says_private() if allow_private is None else allow_private

    @classmethod
    def of_local(cls, targets: Mapping[int, dict[str, Any]], *, allow_private: bool) -> Self:
        """Return the targets that `local.toml` adds, by position there, as a separate file."""
        tables, place = cls.__new__(cls), TablePlace(LOCAL)
        keys = ((place.at("target", n), place.at("target", at)) for n, at in enumerate(targets))
        tables._take(  # noqa: SLF001 -- its own class
            Merged({"target": list(targets.values())}, dict(keys)), LOCAL, readable=True
        )
        tables.allow_private = allow_private
        return tables

    def _take(
        self, merged: Merged, name: str, *, readable: bool, problems: Iterable[Problem] = ()
    ) -> None:
        self.raw: Mapping[str, Any] = merged.raw
        self.readable = readable
        self.name = name
        self.problems = list(problems)
        self._origins = merged.origins

    def whole(self, entry: type[EntryT]) -> EntryT | None:
        """Return the whole file as an entry."""
        return self._validated(entry, self.raw, "")

    def section(self, entry: type[EntryT], name: str) -> EntryT | None:
        """Return one [section]; an absent one has its defaults."""
        return self._validated(entry, self.raw.get(name, {}), name)

    def items(self, entry: type[EntryT], *keys: str) -> dict[int, EntryT]:
        """Return the valid entries of a [[list.of.tables]], by position from 0."""
        raw: Any = self.raw
        for key in keys:
            raw = raw.get(key) if isinstance(raw, Mapping) else None
        if not isinstance(raw, list):
            return {}  # the entry with the list reports it
        key = TablePlace(self.name).at(*keys)
        entries = {n: self._validated(entry, item, f"{key}[{n + 1}]") for n, item in enumerate(raw)}
        return {n: good for n, good in entries.items() if good is not None}

    def refuse(self, *steps: str | int, value: object, reason: str, cure: str) -> None:
        """Add a problem at a key; positions in a list are given from 0 and shown from 1."""
        problem = TablePlace(self.name).problem(*steps, value=value, reason=reason, cure=cure)
        self.problems.append(original(problem, self._origins))

    def _validated(self, entry: type[EntryT], raw: object, key: str) -> EntryT | None:
        if not self.readable:
            return None  # the file itself has a problem, which explains the rest
        context = {"allow_private": self.allow_private}
        good, problems = validate(entry, raw, TablePlace(self.name, key), context)
        self.problems.extend(original(problem, self._origins) for problem in problems)
        return good

    def _says_private(self) -> bool:
        service = self.raw.get("service")
        return isinstance(service, Mapping) and service.get("allow_private") is True
