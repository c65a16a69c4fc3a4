"""`local.toml`: the settings of one association, which override those shipped with the program.

The shipped files are replaced by every upgrade; this one is never shipped. It may have any key of
`vigie.toml` and of `milestones.toml`, `[[target]]` entries that change, disable or add a target,
and `[[fingerprint]]` entries, which are added to those shipped. Tables are merged key by key;
entries of a list of tables that have a `slug` are merged with the entry of that slug; any other
value replaces the shipped one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from monitor.config.strict_toml.problems import Problem, shown
from monitor.config.strict_toml.pydantic_french import TablePlace
from monitor.config.strict_toml.toml_files import read_toml

LOCAL = "local.toml"
TARGET = "target"
MILESTONE = "milestone"
FINGERPRINT = "fingerprint"
ENABLED = "enabled"  # of a target, here only
DEPTH_MAX = 8  # tables in tables that are listed one by one; the schema has four
_HERE, _THERE = TablePlace(LOCAL), TablePlace("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A value that `local.toml` sets: its key there, and the values as written.

    `shipped` is None when the shipped files do not have the key.
    """

    key: str
    value: str
    shipped: str | None

    def __str__(self) -> str:
        before = f" (livré : {self.shipped})" if self.shipped is not None else ""
        return f"{self.key} = {self.value}{before}"


@dataclass(slots=True)
class Merged:
    """A shipped table merged with the local one.

    Attributes:
        raw: The effective values.
        origins: Key in `raw` of each local value -> its key in `local.toml`.
        settings: Those values.

    """

    raw: dict[str, Any]
    origins: dict[str, str] = field(default_factory=dict)
    settings: list[Setting] = field(default_factory=list)

    def lay(self, raw: Any, step: Any, value: object, at: "_At") -> None:
        """Set one local value at `raw[step]`, or its keys when both values are tables.

        Shipped values are copied, never changed.
        """
        absent = isinstance(raw, dict) and step not in raw
        before = None if absent else raw[step]
        if isinstance(value, dict) and isinstance(before, dict):
            raw[step] = before = dict(before)
            for key, inner in value.items():
                self.lay(before, key, inner, at.key(key))
        elif isinstance(value, list) and isinstance(before, list) and _have_slugs(before):
            raw[step] = before = list(before)
            self._lay_entries(before, value, at)
        elif absent or before != value:
            raw[step] = value
            self.origins[at.there.key] = at.here.key
            self.settings += _settings(at.here, value, None if absent else shown(before))

    def _lay_entries(self, before: list[Any], entries: list[Any], at: "_At") -> None:
        """Merge each entry with the one of its slug, or add it to the list."""
        slugs = {_slug(entry_before): position for position, entry_before in enumerate(before)}
        for position, entry in enumerate(entries):
            existing = slugs.get(_slug(entry)) if isinstance(entry, dict) else None
            if existing is not None and "slug" in entry:
                rest = {key: value for key, value in entry.items() if key != "slug"}
                self.lay(before, existing, rest, at.item(existing, position))
                continue
            place = at.item(len(before), position)
            before.append(entry)
            self.origins[place.there.key] = place.here.key
            self.settings += _settings(place.here, entry, None)


class _At(NamedTuple):
    """The places of a value: in the merged tables (`there`), and in `local.toml` (`here`)."""

    there: TablePlace
    here: TablePlace

    def key(self, name: str) -> "_At":
        return _At(TablePlace("", self.there.at(name)), TablePlace("", self.here.at(name)))

    def item(self, there: int, here: int) -> "_At":
        return _At(TablePlace("", self.there.at(there)), TablePlace("", self.here.at(here)))


class Local:
    """The content of `local.toml`; empty when there is no such file."""

    def __init__(self, folder: Path) -> None:
        path = folder / LOCAL
        there = path.exists() or path.is_symlink()
        raw, problems = read_toml(folder, LOCAL) if there else ({}, ())
        self.problems: list[Problem] = list(problems)
        self.settings: list[Setting] = []
        self.main: dict[str, Any] = dict(raw or {})
        self.targets: dict[int, dict[str, Any]] = {}  # by position in the file
        self._used: set[int] = set()
        self._read_targets(self.main.pop(TARGET, []))
        self.fingerprints: object = self.main.pop(FINGERPRINT, [])
        self._list_fingerprints()
        # Of another file than the rest.
        self._milestones = {MILESTONE: self.main.pop(MILESTONE)} if MILESTONE in self.main else {}

    def over_main(self, shipped: Mapping[str, Any]) -> Merged:
        """Merge the local values with the shipped `vigie.toml`."""
        return self._merged(shipped, self.main, _At(_THERE, _HERE))

    def over_milestones(self, shipped: Mapping[str, Any]) -> Merged:
        """Lay the local values over the shipped `milestones.toml`."""
        return self._merged(shipped, self._milestones, _At(_THERE, _HERE))

    def over_targets(self, shipped: Mapping[str, Any]) -> tuple[Merged, set[int]]:
        """Merge local targets with those of a shipped file; return the disabled positions too."""
        merged, disabled = Merged(dict(shipped)), set[int]()
        listed = merged.raw.get(TARGET)
        if not isinstance(listed, list) or not self.targets:
            return merged, disabled
        merged.raw[TARGET] = listed = list(listed)
        top = _At(_THERE, _HERE).key(TARGET)
        for position, entry in self.targets.items():
            slug = _slug(entry)
            values = {key: value for key, value in entry.items() if key != ENABLED}
            for at, shipped_target in enumerate(listed):
                if slug is None or _slug(shipped_target) != slug:
                    continue
                self._used.add(position)
                if entry.get(ENABLED) is False:
                    disabled.add(at)
                inner = self._merged(shipped_target, values, top.item(at, position))
                listed[at] = inner.raw
                merged.origins.update(inner.origins)
        return merged, disabled

    def added_targets(self) -> dict[int, dict[str, Any]]:
        """Return the targets no shipped file has, by position. Call after `over_targets`."""
        added = {at: entry for at, entry in self.targets.items() if at not in self._used}
        for at, entry in added.items():
            if "url" not in entry:
                self.problems.append(
                    _HERE.problem(
                        TARGET, at, "slug", value=entry.get("slug"),
                        reason="aucune cible livrée n’a cet identifiant",
                        cure="corriger slug ; pour ajouter une cible, lui donner aussi url",
                    )
                )  # fmt: skip
            elif entry.get(ENABLED) is not False:
                key = _HERE.at(TARGET, at)
                self.settings.append(Setting(key=key, value=shown(entry.get("url")), shipped=None))
        return {
            at: {key: value for key, value in entry.items() if key != ENABLED}
            for at, entry in added.items()
            if "url" in entry and entry.get(ENABLED) is not False
        }

    def _read_targets(self, listed: object) -> None:
        if not isinstance(listed, list):
            self.problems.append(
                _HERE.problem(
                    TARGET, value=listed, reason="une liste est attendue",
                    cure="écrire chaque cible sous [[target]]",
                )
            )  # fmt: skip
            return
        for at, entry in enumerate(listed):
            if not isinstance(entry, dict):
                self._refuse(at, value=entry, reason="une table est attendue",
                             cure="l’écrire sous [[target]]")  # fmt: skip
            elif not isinstance(entry.get(ENABLED, True), bool):
                self._refuse(at, ENABLED, value=entry[ENABLED], reason="true ou false est attendu",
                             cure="écrire true ou false, sans guillemets")  # fmt: skip
            else:
                self.targets[at] = entry
                if ENABLED in entry:
                    value = shown(entry.get("slug"))
                    text = f"{value}, {'relevée' if entry[ENABLED] else 'non relevée'}"
                    key = _HERE.at(TARGET, at, ENABLED)
                    self.settings.append(Setting(key=key, value=text, shipped=None))

    def _list_fingerprints(self) -> None:
        listed = self.fingerprints if isinstance(self.fingerprints, list) else []
        for at, entry in enumerate(listed):
            value = shown(entry.get("id") if isinstance(entry, dict) else entry)
            key = _HERE.at(FINGERPRINT, at)
            self.settings.append(Setting(key=key, value=value, shipped=None))

    def _refuse(self, *steps: str | int, value: object, reason: str, cure: str) -> None:
        problem = _HERE.problem(TARGET, *steps, value=value, reason=reason, cure=cure)
        self.problems.append(problem)

    def _merged(self, shipped: Mapping[str, Any], local: Mapping[str, Any], at: _At) -> Merged:
        merged = Merged(dict(shipped))
        for key, value in local.items():
            merged.lay(merged.raw, key, value, at.key(key))
        self.settings += merged.settings
        return merged


def _slug(entry: object) -> str | None:
    slug = entry.get("slug") if isinstance(entry, dict) else None
    return slug if isinstance(slug, str) else None


def _have_slugs(value: list[Any]) -> bool:
    return any(_slug(entry) is not None for entry in value)


def _settings(
    place: TablePlace, value: object, shipped: str | None, depth: int = 0
) -> Iterator[Setting]:
    """Yield a setting for each added or replaced value; a table yields one for each key."""
    if isinstance(value, dict) and value and depth < DEPTH_MAX:
        for name, inner in value.items():
            yield from _settings(TablePlace("", place.at(name)), inner, None, depth + 1)
    else:
        yield Setting(key=place.key, value=shown(value), shipped=shipped)


def original(problem: Problem, origins: Mapping[str, str]) -> Problem:
    """Return a problem with the file and the key in which its value is written."""
    for there, here in origins.items():
        rest = problem.key.removeprefix(there)
        if problem.key.startswith(there) and rest[:1] in {"", ".", "["}:
            return Problem(
                file=LOCAL,
                key=here + rest,
                value=problem.value,
                reason=problem.reason,
                cure=problem.cure,
            )
    return problem
