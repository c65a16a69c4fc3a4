"""`targets/*.toml` and `targets/prefectures/<code>.toml`: the targets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from monitor.config import schema
from monitor.config.files.local import Local, Merged
from monitor.config.files.main_file import MainFile
from monitor.config.strict_toml.toml_tables import Tables
from monitor.core.model import Policy, Target

NATIONAL = "targets"
PREFECTURES = "targets/prefectures"
GROUP = "prefectures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A target and its place in a file."""

    target: Target
    tables: Tables
    index: int
    headed: bool  # whether the keys above it in its file are valid

    def refuse(self, *steps: str | int, value: object, reason: str, cure: str) -> None:
        self.tables.refuse("target", self.index, *steps, value=value, reason=reason, cure=cure)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """The keys that a file has once for all its targets."""

    group: str = ""
    department: str = ""
    city: str = ""
    platform: str = ""


def read_targets(folder: Path, main: MainFile) -> tuple[list[Placed], list[Tables]]:
    """Read every file of targets; problems are in each file's `Tables.problems`."""
    placed: list[Placed] = []
    files: list[Tables] = []
    for name in _names(folder):
        disabled: set[int] = set()
        under = partial(_under, main.local, disabled)
        tables = Tables(folder, name, allow_private=main.allow_private, under=under)
        files.append(tables)
        head = _head(tables)
        for index, entry in tables.items(schema.TargetEntry, "target").items():
            target = _target(entry, head or _Head(), main)
            placed_target = Placed(
                target=target, tables=tables, index=index, headed=head is not None
            )
            if index not in disabled:
                placed.append(placed_target)
    added = Tables.of_local(main.local.added_targets(), allow_private=main.allow_private)
    for index, entry in added.items(schema.LocalTargetEntry, "target").items():
        head = _Head(group=entry.group, department=entry.department or "", city=entry.city or "")
        target = _target(entry, head, main)
        placed.append(Placed(target=target, tables=added, index=index, headed=True))
    return placed, [*files, added]


def _under(local: Local, disabled: set[int], raw: Mapping[str, Any]) -> Merged:
    """Merge local targets with a shipped file; add the disabled positions to `disabled`."""
    merged, positions = local.over_targets(raw)
    disabled |= positions
    return merged


def _names(folder: Path) -> Iterator[str]:
    for part in (NATIONAL, PREFECTURES):
        for path in sorted((folder / part).glob("*.toml")):
            yield f"{part}/{path.name}"


def _head(tables: Tables) -> _Head | None:
    """Return the keys above the targets; None when they are invalid."""
    if not tables.name.startswith(f"{PREFECTURES}/"):
        national = tables.whole(schema.NationalEntry)
        return _Head(group=national.group) if national else None
    entry = tables.whole(schema.DepartmentEntry)
    if entry is None:
        return None
    if Path(tables.name).stem != entry.department:
        tables.refuse(
            "department", value=entry.department,
            reason="le fichier porte le nom d’un autre département",
            cure=f"le nommer {entry.department}.toml, ou corriger le code",
        )  # fmt: skip
    return _Head(group=GROUP, department=entry.department, city=entry.city, platform=entry.platform)


def _target(entry: schema.TargetEntry, head: _Head, main: MainFile) -> Target:
    """Complete an entry with the defaults of its file, its platform and the main file."""
    slug = entry.platform or head.platform
    platform = main.platform(slug)
    deadline_s, slow_s = main.times(platform)
    policy = policy_from(main.policy)
    if platform is not None:
        policy = policy_from(platform.policy, over=policy)
    return Target(
        slug=entry.slug,
        name=entry.name,
        url=entry.url,
        kind=entry.kind,
        platform=slug,
        department=head.department,
        city=head.city,
        group=head.group,
        interval_s=entry.interval_s or (platform.interval_s.get(entry.kind, 0) if platform else 0),
        deadline_s=entry.deadline_s or deadline_s,
        slow_s=entry.slow_s or slow_s,
        markers=tuple(entry.markers),
        expect_path=entry.expect_path or "",
        signs_of_life=tuple(entry.signs_of_life),
        policy=policy_from(entry.policy, over=policy),
        source=entry.source,
        verified=entry.verified,
    )


def policy_from(entry: schema.PolicyEntry | None, *, over: Policy | None = None) -> Policy:
    """Return the policy `over`, with the keys of an entry in place of its own."""
    values = entry.model_dump(include=entry.model_fields_set) if entry else {}
    return replace(over or Policy(), **values)
