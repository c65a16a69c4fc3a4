"""`[figures]` of `vigie.toml`, and `milestones.toml`: what figures are made with."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from pathlib import Path

from monitor.config.files.local import MILESTONE, TARGET, Local
from monitor.config.files.main_file import MainFile
from monitor.config.schema import (
    ComponentEntry,
    FiguresEntry,
    MilestoneEntry,
    MilestonesEntry,
    OpeningEntry,
    Weekday,
)
from monitor.config.strict_toml.toml_tables import Tables
from monitor.config.values import FigureSettings
from monitor.core.outages.calendar import Opening
from monitor.core.outages.milestones import Component, Milestone, OpeningHours

MILESTONES = "milestones.toml"
_WEEK = list(Weekday)


def read_milestones(folder: Path, local: Local) -> tuple[Tables, Mapping[int, MilestoneEntry]]:
    """Return the good milestones by position; problems are in the `Tables.problems`.

    A configuration folder of before there were milestones has none: it stays good.
    """
    tables = Tables(
        folder, MILESTONES, allow_private=False, under=local.over_milestones, optional=True
    )
    tables.whole(MilestonesEntry)
    entries = tables.items(MilestoneEntry, MILESTONE)
    _check_slugs(tables, entries, MILESTONE)
    return tables, entries


def check_figures(main: MainFile, files: Iterable[Tables]) -> None:
    """Note what `[figures]` must hold in itself, and against the `files` of targets."""
    if not main.tables.readable or main.figures is None:
        return
    _check_slugs(main.tables, main.openings, "figures", "opening")
    _check_slugs(main.tables, main.components, "figures", "component")
    _check_hours(main)
    _check_components(main)
    files = tuple(files)
    if all(tables.readable for tables in files):
        _check_targets(main, files)


def _check_slugs(
    tables: Tables,
    entries: Mapping[int, OpeningEntry | ComponentEntry | MilestoneEntry],
    *keys: str,
) -> None:
    first_index: dict[str, int] = {}
    for index, entry in entries.items():
        if first_index.setdefault(entry.slug, index) != index:
            first = f"{'.'.join(keys)}[{first_index[entry.slug] + 1}]"
            tables.refuse(
                *keys, index, "slug", value=entry.slug, reason="identifiant déjà pris",
                cure=f"en choisir un autre que celui de {first}",
            )  # fmt: skip


def _check_hours(main: MainFile) -> None:
    checked: list[OpeningEntry] = []
    for index, entry in main.openings.items():
        refuse = partial(main.tables.refuse, "figures", "opening", index)
        if len(set(entry.days)) < len(entry.days):
            refuse(
                "days", value=list(entry.days), reason="jour écrit plusieurs fois",
                cure="n’écrire chaque jour qu’une fois",
            )  # fmt: skip
        if entry.opens >= entry.closes:
            refuse(
                "closes", value=entry.closes.isoformat(),
                reason="la fermeture ne suit pas l’ouverture",
                cure=f"plus tard que opens ({entry.opens}), le même jour",
            )  # fmt: skip
            continue
        if overlapping := next(
            (checked_entry for checked_entry in checked if _meet(checked_entry, entry)), None
        ):
            refuse(
                "opens", value=entry.opens.isoformat(),
                reason=f"heures déjà comptées dans « {overlapping.slug} »",
                cure="les réunir, ou changer de jours ou d’heures",
            )  # fmt: skip
        checked.append(entry)


def _meet(one: OpeningEntry, other: OpeningEntry) -> bool:
    """Return whether an instant of the week lies in both."""
    same_day = not set(one.days).isdisjoint(other.days)
    return same_day and one.opens < other.closes and other.opens < one.closes


def _check_components(main: MainFile) -> None:
    owners: dict[str, str] = {}
    for index, entry in main.components.items():
        for position, target in enumerate(entry.targets):
            if target in owners:
                main.tables.refuse(
                    "figures", "component", index, "targets", position, value=target,
                    reason=f"cible déjà comptée dans le composant « {owners[target]} »",
                    cure="ne l’écrire qu’une fois, dans un seul composant",
                )  # fmt: skip
            owners.setdefault(target, entry.slug)
    written = main.figures.component if main.figures else []
    whole = len(main.components) == len(written)
    if whole and written and not any(entry.necessary for entry in main.components.values()):
        main.tables.refuse(
            "figures", "component", value=[entry.slug for entry in main.components.values()],
            reason="aucun composant nécessaire : rien ne rendrait le service inutilisable",
            cure="écrire necessary = true pour un composant au moins",
        )  # fmt: skip


def _check_targets(main: MainFile, files: Iterable[Tables]) -> None:
    known = set(_slugs(files))
    for index, entry in main.components.items():
        for position, target in enumerate(entry.targets):
            if target in known:
                continue
            near = difflib.get_close_matches(target, known, n=1)
            cure = f"peut-être « {near[0]} »" if near else "écrire le slug d’une [[target]]"
            main.tables.refuse(
                "figures", "component", index, "targets", position, value=target,
                reason="aucune cible n’a cet identifiant", cure=cure,
            )  # fmt: skip


def _slugs(files: Iterable[Tables]) -> Iterator[str]:
    """Yield what the files call their targets.

    Those that were refused are among them, for their own fault is said where it stands; and those
    that `local.toml` disables, for what was recorded of them before still counts.
    """
    for tables in files:
        listed = tables.raw.get(TARGET)
        for entry in listed if isinstance(listed, list) else ():
            slug = entry.get("slug") if isinstance(entry, Mapping) else None
            if isinstance(slug, str):
                yield slug


def figures(main: MainFile, milestones: Mapping[int, MilestoneEntry]) -> FigureSettings:
    """Return what was found good."""
    milestone_values = (Milestone(**entry.model_dump()) for entry in milestones.values())
    return FigureSettings(
        milestones=tuple(sorted(milestone_values, key=lambda one: (one.date, one.slug))),
        hours=tuple(map(_hours, main.openings.values())),
        components=tuple(map(component_from, main.components.values())),
        coverage_min=Fraction(str((main.figures or FiguresEntry()).coverage_min)),
    )


def _hours(entry: OpeningEntry) -> OpeningHours:
    opening = Opening(
        weekdays=frozenset(map(_WEEK.index, entry.days)),
        from_time=entry.opens,
        to_time=entry.closes,
    )
    return OpeningHours(slug=entry.slug, opening=opening, source=entry.source, why=entry.why)


def component_from(entry: ComponentEntry) -> Component:
    return Component(
        slug=entry.slug,
        name=entry.name,
        targets=tuple(entry.targets),
        necessary=entry.necessary,
        why=entry.why,
    )
