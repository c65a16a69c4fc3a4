"""`config/*.toml` read strictly into plain values; every fault at once.

`load` gives a `Config` or raises `ConfigError`; `budget` says how full each platform is.
"""

from monitor.config.budgets import Load, load_of
from monitor.config.loading import load
from monitor.config.model import (
    Authority,
    Config,
    ControlHost,
    Cosigner,
    Cosigning,
    Mail,
    Panel,
    Publisher,
    Retention,
    Stamping,
    Witnessing,
)
from monitor.config.problems import ConfigError, Problem

__all__ = [
    "Authority",
    "Config",
    "ConfigError",
    "ControlHost",
    "Cosigner",
    "Cosigning",
    "Load",
    "Mail",
    "Panel",
    "Problem",
    "Publisher",
    "Retention",
    "Stamping",
    "Witnessing",
    "budget",
    "load",
]


def budget(config: Config) -> tuple[Load, ...]:
    """Return what each platform is asked in an hour, the fullest first."""
    loads = (load_of(platform, config.targets) for platform in config.platforms.values())
    return tuple(sorted(loads, key=lambda load: (-load.share, load.platform)))
