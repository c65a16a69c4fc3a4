"""Which addresses that a site names may be proposed in place of a target's.

A link and a redirect may lead anywhere. What is proposed is on the target's own platform, no less
protected than what it replaces, and one that the configuration takes.
"""

from urllib.parse import SplitResult, urlsplit

from monitor.config import Config
from monitor.config.fields.urls import refuse_url
from monitor.core.model import Target
from monitor.core.text.link_normalisation import lasting

_PORTS = {"http": 80, "https": 443}


def may_replace(url: str, target: Target, config: Config) -> bool:
    """Return whether an address may be proposed in place of that of a target."""
    if refuse_url(url, allow_private=config.allow_private) is not None:
        return False
    here, there = urlsplit(target.url), urlsplit(url)
    return (
        config.lane_of(there.hostname or "") == target.platform
        and there.scheme in {"https", here.scheme}
        and _port(there) in {_port(here), _PORTS[there.scheme]}
    )


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def without_session(url: str, configured: str) -> str:
    """Return an address without what a session adds to it; a configured query is meant."""
    if urlsplit(configured).query:
        return urlsplit(url)._replace(fragment="").geturl()
    return lasting(url)
