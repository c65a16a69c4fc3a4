"""Which platform a host belongs to."""

from collections.abc import Iterable, Mapping

from monitor.core.model import Platform


def lanes_of(platforms: Iterable[Platform]) -> dict[str, str]:
    """Return the slug of the platform of each host or suffix; the first platform has priority."""
    slug_of: dict[str, str] = {}
    for platform in platforms:
        for host in platform.hosts:
            slug_of.setdefault(host, platform.slug)
    return slug_of


def lane_of(lanes: Mapping[str, str], host: str) -> str | None:
    """Return the slug of a host's platform, None without one: by its name, then by suffix.

    The suffix ".ain.gouv.fr" matches "ain.gouv.fr" itself and all its subdomains. The longest
    suffix has priority.
    """
    name = host.lower().rstrip(".")
    if name in lanes:
        return lanes[name]
    labels = name.split(".")
    suffixes = ("." + ".".join(labels[start:]) for start in range(len(labels)))
    return next((lanes[suffix] for suffix in suffixes if suffix in lanes), None)
