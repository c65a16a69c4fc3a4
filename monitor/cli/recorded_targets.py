"""What is known of targets: as they are watched today, or else as the record planned them.

A record outlives the configuration that it was made with. Reading it needs none: the name, the
platform and the department of a target are in the record, from its first check under a plan on.
"""

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.cli.parsing import CommandRefused
from monitor.config import Config, ConfigError, load
from monitor.config.main_file import NAME
from monitor.core.model import Target
from monitor.store import Store
from monitor.store.reads.account_reads import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTarget:
    """A target that is watched, or of which there is a record.

    Attributes:
        url, platform, department: None where the record does not say.
        watched: Whether the configuration names it; None when there is no configuration.
        plans: As it was planned, the oldest first; none before plans were recorded.

    """

    slug: str
    name: str
    url: str | None = None
    platform: str | None = None
    department: str | None = None
    watched: bool | None = None
    plans: tuple[Definition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTargets:
    """Every target that can be asked about, by slug, and the names of platforms, by theirs."""

    by_slug: Mapping[str, RecordedTarget]
    platforms: Mapping[str, str]

    def of(self, slug: str) -> RecordedTarget:
        """Return what is known of a target; of one that is nowhere, its name only."""
        return self.by_slug.get(slug) or RecordedTarget(slug=slug, name=slug)

    def platform_name(self, slug: str) -> str:
        return self.platforms.get(slug, slug)

    def require(self, slug: str) -> RecordedTarget:
        """Return a target. Raises CommandRefused when neither record nor configuration has it."""
        if slug not in self.by_slug:
            raise CommandRefused(
                f"{slug} : aucune cible de ce nom, ni dans le registre ni dans la configuration"
            )
        return self.by_slug[slug]

    def chosen(self, args: Namespace) -> Mapping[str, RecordedTarget]:
        """Return the targets selected by `--target`, `--platform` and `--department`, by slug.

        Raises:
            CommandRefused: An option selects nothing.

        """
        for slug in args.target or ():
            self.require(slug)
        if args.platform and args.platform not in self.platforms:
            known = ", ".join(self.platforms) or "aucune"
            raise CommandRefused(
                f"--platform : {args.platform} : plateforme inconnue ; connues : {known}"
            )
        selected = {
            slug: target
            for slug, target in self.by_slug.items()
            if (not args.target or slug in args.target)
            and (not args.platform or target.platform == args.platform)
            and (not args.department or target.department == args.department)
        }
        if not selected and (args.target or args.platform or args.department):
            raise CommandRefused("Aucune cible ne répond à ce choix.")
        return selected


def recorded_targets(args: Namespace, store: Store) -> RecordedTargets:
    """Read the record, and the configuration where there is one that can be read."""
    config = _config(args)
    planned: dict[str, list[Definition]] = {state.target: [] for state in store.states()}
    for definition in store.definitions():
        planned.setdefault(definition.target, []).append(definition)
    targets = config.by_slug if config else {}
    by_slug = {
        slug: _known(
            slug,
            targets.get(slug),
            planned.get(slug, ()),
            watched=slug in targets if config else None,
        )
        for slug in sorted(planned.keys() | targets.keys())
    }
    names = dict.fromkeys(sorted({one.platform for one in by_slug.values() if one.platform}))
    given = config.platforms if config else {}
    platforms = {slug: platform.name for slug, platform in given.items()}
    return RecordedTargets(
        by_slug=by_slug, platforms=platforms | {slug: slug for slug in names if slug not in given}
    )


def _config(args: Namespace) -> Config | None:
    """Return the configuration; None where there is none, or none that can be read."""
    if not os.access(args.config / NAME, os.R_OK):
        return None
    try:
        return load(args.config)
    except ConfigError:
        print(
            f"{args.config} : configuration refusée (« vigie check-config » dit pourquoi) ; "
            "les noms sont ceux du registre.",
            file=sys.stderr,
        )
        return None


def _known(
    slug: str, target: Target | None, plans: Iterable[Definition], *, watched: bool | None
) -> RecordedTarget:
    plans = tuple(plans)
    last: Target | Definition | None = target or (plans[-1] if plans else None)
    if last is None:
        return RecordedTarget(slug=slug, name=slug, watched=watched)
    return RecordedTarget(
        slug=slug,
        name=last.name,
        url=last.url,
        platform=last.platform,
        department=last.department,
        watched=watched,
        plans=plans,
    )
