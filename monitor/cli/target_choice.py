"""Which targets a command is asked about."""

import os
import sys
from argparse import Namespace
from collections.abc import Mapping

from monitor.cli.parsing import CommandRefused
from monitor.config import Config, ConfigError, load
from monitor.config.files.main_file import NAME
from monitor.figures import recorded_targets
from monitor.figures.recorded_targets import RecordedTarget, RecordedTargets
from monitor.store import Store


def targets_of(args: Namespace, store: Store) -> RecordedTargets:
    """Read the record, and the configuration where there is one that can be read."""
    return recorded(store, readable_config(args))


def recorded(store: Store, config: Config | None) -> RecordedTargets:
    """Return every target of the record and of the configuration."""
    checked = [state.target for state in store.states()]
    return recorded_targets.recorded_targets(checked, store.definitions(), config)


def require(known: RecordedTargets, slug: str) -> RecordedTarget:
    """Return a target. Raises CommandRefused when neither record nor configuration has it."""
    if slug not in known.by_slug:
        raise CommandRefused(
            f"{slug} : aucune cible de ce nom, ni dans le registre ni dans la configuration"
        )
    return known.by_slug[slug]


def require_chosen(known: RecordedTargets, args: Namespace) -> Mapping[str, RecordedTarget]:
    """Return the targets selected by `--target`, `--platform` and `--department`, by slug.

    Raises:
        CommandRefused: An option selects nothing.

    """
    for slug in args.target or ():
        require(known, slug)
    if args.platform and args.platform not in known.platforms:
        names = ", ".join(known.platforms) or "aucune"
        raise CommandRefused(
            f"--platform : {args.platform} : plateforme inconnue ; connues : {names}"
        )
    selected = {
        slug: target
        for slug, target in known.by_slug.items()
        if (not args.target or slug in args.target)
        and (not args.platform or target.platform == args.platform)
        and (not args.department or target.department == args.department)
    }
    if not selected and (args.target or args.platform or args.department):
        raise CommandRefused("Aucune cible ne répond à ce choix.")
    return selected


def readable_config(args: Namespace) -> Config | None:
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
