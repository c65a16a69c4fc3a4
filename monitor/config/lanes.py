"""Which platform a host belongs to."""

from collections.abc import Iterable, Mapping

from monitor.core.model import Platform


def lanes_of(platforms: Iterable[Platform]) -> dict[str, str]:
    """Return the slug of the platform of each host or suffix; the first to claim it has it."""
    found: dict[str, str] = {}
    for platform in platforms:
        for host in platform.hosts:
            found.setdefault(host, platform.slug)
    return found


def lane_of(lanes: Mapping[str, str], host: str) -> str | None:
    """Return the slug of a host's platform: its own name first, then the longest suffix.

    The suffix ".ain.gouv.fr" holds "ain.gouv.fr" itself and all that ends so.
    """
    name = host.lower().rstrip(".")
    if name in lanes:
        return lanes[name]
    labels = name.split(".")
    suffixes = ("." + ".".join(labels[start:]) for start in range(len(labels)))
    return next((lanes[suffix] for suffix in suffixes if suffix in lanes), None)
