"""A fetcher for tests: loopback allowed, the test authority trusted, names fixed."""

from collections.abc import Callable, Collection, Mapping, Sequence

import httpx

from monitor.core.model import Exchange
from monitor.core.untrusted.public_addresses import is_public as is_really_public
from monitor.fetch import Fetcher, Limits, Resolver
from monitor.runtime.clock import Clock, SystemClock
from tests.support import certs
from tests.support.sites import ScriptedNames

USER_AGENT = "VigieANEF-test/1 (+https://vigie.test; contact@vigie.test)"
NAMES = {"site.test": ("127.0.0.1",), "autre.test": ("127.0.0.1",), "six.test": ("::1",)}
PATIENT_S = 20.0  # longer than a busy machine needs; a test that waits so long has failed


async def open_gate(_url: str) -> None:
    """Let every request through at once."""


def make_fetcher(  # noqa: PLR0913 -- keyword-only: what a test may vary
    *,
    names: Mapping[str, Sequence[str]] = NAMES,
    name_server: ScriptedNames | None = None,
    clock: Clock | None = None,
    limits: Limits | None = None,
    is_public: Callable[[str], bool] | None = None,
    ports: Collection[int] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Fetcher:
    """Build a fetcher; without `is_public` every address may be reached, and every port."""
    clock = clock or SystemClock()
    resolver = (
        Resolver(clock=clock, static=names)
        if name_server is None
        else Resolver(clock=clock, servers=[name_server.host], port=name_server.port, try_s=0.1)
    )
    return Fetcher(
        clock=clock,
        resolver=resolver,
        user_agent=USER_AGENT,
        allow_private=is_public is None,
        is_public=is_public or is_really_public,
        ports=ports,
        extra_ca=certs.root_file(),
        limits=limits or Limits(),
        transport=transport,
    )


async def fetch(url: str, fetcher: Fetcher | None = None) -> Exchange:
    """Fetch one URL, patiently, through an open gate."""
    return await (fetcher or make_fetcher()).fetch_url(url, deadline_s=PATIENT_S, gate=open_gate)
