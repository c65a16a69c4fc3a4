"""`config/*.toml` read strictly into plain values; every fault at once.

`load` gives a `Config` or raises `ConfigError`; `budget` says how full each platform is.
"""

from monitor.config.loading import load
from monitor.config.rules.budgets import Load, load_of
from monitor.config.schema import (
    ControlHost,
    Cosigner,
    OtherPoint,
    Publisher,
    Retention,
    StampAuthority,
)
from monitor.config.strict_toml.problems import ConfigError, Problem
from monitor.config.values import (
    Channel,
    Config,
    ControlSettings,
    Cosigning,
    FigureSettings,
    Mail,
    Relay,
    ReturnedMail,
    Stamping,
    Witnessing,
)

__all__ = [
    "Channel",
    "Config",
    "ConfigError",
    "ControlHost",
    "ControlSettings",
    "Cosigner",
    "Cosigning",
    "FigureSettings",
    "Load",
    "Mail",
    "OtherPoint",
    "Problem",
    "Publisher",
    "Relay",
    "Retention",
    "ReturnedMail",
    "StampAuthority",
    "Stamping",
    "Witnessing",
    "budget",
    "load",
]


def budget(config: Config) -> tuple[Load, ...]:
    """Return the hourly load of each platform, the highest first."""
    loads = (load_of(platform, config.targets) for platform in config.platforms.values())
    return tuple(sorted(loads, key=lambda load: (-load.share, load.platform)))
