"""Run the simulated sites, their name server and their authority, by the scenario."""

import errno
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from monitor.config import OtherPoint
from monitor.core.model import Target
from monitor.demo import config_folder, sites
from monitor.demo.associations import OURS, DemoAssociation
from monitor.demo.authority import DemoAuthority
from monitor.demo.mailbox import FOLDER, DemoMailbox
from monitor.demo.name_server import NameServer
from monitor.demo.scenario import Scene, SiteFault, ends_s, running
from monitor.demo.site_faults import answer
from monitor.demo.site_server import Site, SiteAnswer
from monitor.demo.timetable import SCENES
from monitor.runtime.clock import Clock

_PORT_TRIES = 10
_BELOW_HTTP = {SiteFault.REFUSED, SiteFault.LINE_CUT, SiteFault.IPV4_LOST}  # nobody listens
_NAMES = "127.86.0.1"
_OTHER_NAMES = "127.86.0.254"  # of the second resolver, which never lies
_FAR_NAMES = "127.86.0.252"  # of the other points'
_SIX = "::1"  # the only IPv6 address of a loopback, of the controls


@dataclass(slots=True, kw_only=True)
class _SimulatedSite:
    """A host, its server, and its TLS contexts by fault (None: healthy)."""

    host: sites.Host
    server: Site
    contexts: Mapping[SiteFault | None, ssl.SSLContext]
    pace: int
    fault: SiteFault | None = None
    visits: int = 0  # of its pages since the fault began, or ended

    def take(self, fault: SiteFault | None) -> None:
        """Have this fault, or none, from now on."""
        if fault is not self.fault:
            self.fault, self.visits = fault, 0

    def answer(self, path: str) -> SiteAnswer | None:
        self.visits += path != "/robots.txt"
        healthy_or_fault = answer(self.host, path, fault=self.fault, visit=self.visits)
        return healthy_or_fault and replace(
            healthy_or_fault, delay_s=healthy_or_fault.delay_s * self.pace
        )


class DemoWorld:
    """Simulated government sites on 127.86.0.0/24, and a configuration for them.

    Linux answers on the whole of 127.0.0.0/8; other systems need an alias of the loopback
    interface for each address, without which `start` raises OSError.

    Attributes:
        config_folder: A whole configuration folder; written by `start`.
        ca_path: PEM file of the root to trust; written by `start`.
        dns_address: Address and UDP port of the name server; set by `start`.
        second_dns: Address of another one, on the same port.
        other_points_dns: Address of that of the other points, on the same port.
        scenes: The scenario, with the durations of this world.
        targets: The targets; set by `start`.
        mailbox: Where the service's messages go.

    """

    def __init__(  # noqa: PLR0913 -- keyword-only settings; three are always given
        self,
        *,
        work_folder: Path,
        fingerprints: Path,
        clock: Clock,
        scenes: tuple[Scene, ...] = SCENES,
        pace: int = 1,
        browser: bool = False,
    ) -> None:
        self._browser = browser
        self.config_folder = work_folder / "config"
        self.ca_path = work_folder / "tls" / "racine.pem"
        self.dns_address = ("", 0)
        self.second_dns = _OTHER_NAMES
        self.other_points_dns = _FAR_NAMES
        known = {target.slug for target in sites.targets(port=443, browser=browser)}
        self.scenes = tuple(
            scene.slowed(pace) for scene in scenes if browser or known & set(scene.targets)
        )
        self._pace = pace
        self.targets: tuple[Target, ...] = ()
        self._fingerprints = fingerprints
        self._clock = clock
        self.mailbox = DemoMailbox(work_folder / FOLDER, clock)
        self._sites: list[_SimulatedSite] = []
        self._names = NameServer({})
        self._other_names = NameServer({})
        self._far_names = NameServer({})
        self._six: Site | None = None
        self._port = 0
        self._began_us: int | None = None

    @property
    def second(self) -> float:
        """Seconds since `run` began; 0 before."""
        if self._began_us is None:
            return 0.0
        return (self._clock.monotonic_us() - self._began_us) / 1e6

    async def start(self) -> None:
        """Start every site in its state at second 0, and write the configuration folder.

        Raises:
            OSError: There is no free port, or an address of 127.86.0.0/24 cannot be listened on.

        """
        for attempt in range(_PORT_TRIES):
            try:
                await self._open()
                break
            except OSError:
                await self.stop()
                if attempt == _PORT_TRIES - 1:
                    raise
        await self._open_names()
        self.targets = sites.targets(port=self._port, pace=self._pace, browser=self._browser)
        await self.mailbox.start()
        self.configure(OURS, self.config_folder)
        await self.show(0.0)

    def configure(self, association: DemoAssociation, folder: Path) -> Path:
        """Write a configuration folder for the point of an association, and return it."""
        config_folder.write(
            folder,
            association,
            port=self._port,
            ca_path=self.ca_path,
            fingerprints=self._fingerprints,
            mail_port=self.mailbox.smtp_port if association is OURS else 0,
            pace=self._pace,
            browser=self._browser,
        )
        return folder

    def follow(self, points: Iterable[OtherPoint]) -> None:
        """Add other points to our configuration folder."""
        config_folder.follow(self.config_folder, points)

    async def stop(self) -> None:
        """Close everything. Safe to call twice."""
        await self.mailbox.stop()
        self._names.stop()
        self._other_names.stop()
        self._far_names.stop()
        if self._six is not None:
            await self._six.stop()
            self._six = None
        for site in self._sites:
            await site.server.stop()
        self._sites.clear()

    async def run(self) -> None:
        """Run the scenario from second 0; return when its last scene that ends is over."""
        self._began_us = self._clock.monotonic_us()
        edges = {edge for scene in self.scenes for edge in (scene.from_s, scene.to_s)}
        last = ends_s(self.scenes)
        for edge in sorted(edge for edge in edges if edge <= last):
            await self._clock.sleep(edge - self.second)
            await self.show(edge)

    async def show(self, second: float) -> None:
        """Put every site in its state at `second`."""
        for site in self._sites:
            host = "" if site.host.far else site.host.name
            scene = running(self.scenes, host=host, second=second)
            site.take(scene.fault if scene else None)
            if site.host.secure:
                site.server.tls = site.contexts.get(site.fault, site.contexts[None])
            if site.fault in _BELOW_HTTP:
                await site.server.stop()
            else:
                await site.server.start(port=self._port)
        line = running(self.scenes, host="", second=second)
        fault = line.fault if line else None
        for names in (self._names, self._other_names, self._far_names):
            names.cut = fault is SiteFault.LINE_CUT
        lying = fault is SiteFault.LYING_RESOLVER
        self._names.lies = self._lies() if lying else {}
        if self._six is not None:
            await (
                self._six.stop()
                if fault is SiteFault.LINE_CUT
                else self._six.start(port=self._port)
            )

    def _lies(self) -> Mapping[str, str]:
        """Return the address of a control host for every site except the controls."""
        elsewhere = next(a.host.address for a in self._sites if a.host.name in sites.CONTROLS)
        names = {site.host.name for site in self._sites} - {*sites.CONTROLS}
        return dict.fromkeys(names, elsewhere)

    async def _open(self) -> None:
        """Listen on one port that is free on every address."""
        port = await self._reserve()
        self.ca_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = DemoAuthority(
            folder=self.ca_path.parent,
            now=self._clock.now(),
            aia_url=f"http://{sites.ISSUER}:{port}{sites.ISSUER_PATH}",
        )
        for host in sites.hosts(intermediate_der=authority.intermediate_der):
            site = self._simulated(host, authority)
            self._sites.append(site)
            await site.server.start(port=port)
        self._port = port
        await self._open_six(authority)

    async def _open_names(self) -> None:
        """Start the name servers: ours, a second one, and that of the other points."""
        near = {site.host.name: (site.host.address,) for site in self._sites if not site.host.far}
        addresses: dict[str, tuple[str, ...]] = {**near}
        for host in sites.CONTROLS if self._six else ():
            addresses[host] = (*addresses[host], _SIX)
        far = {site.host.name: (site.host.address,) for site in self._sites if site.host.far}
        self._names = NameServer(addresses)
        self._other_names = NameServer(addresses)
        self._far_names = NameServer({**addresses, **far})
        self.dns_address = await self._names.start(address=_NAMES)
        await self._other_names.start(address=_OTHER_NAMES, port=self.dns_address[1])
        await self._far_names.start(address=_FAR_NAMES, port=self.dns_address[1])

    async def _open_six(self, authority: DemoAuthority) -> None:
        """Serve the controls over IPv6 as well, if the machine has it."""
        page = sites.hosts(intermediate_der=b"")
        answers = next(host.answers for host in page if host.name in sites.CONTROLS)
        self._six = Site(
            address=_SIX,
            clock=self._clock,
            answer=lambda path: answers.get(path, SiteAnswer(status=404)),
            tls=authority.context(*sites.CONTROLS),
        )
        try:
            await self._six.start(port=self._port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise  # another port is tried
            self._six = None

    async def _reserve(self) -> int:
        scout = Site(address="127.86.0.2", clock=self._clock, answer=lambda _: None)
        port = await scout.start()
        await scout.stop()
        return port

    def _simulated(self, host: sites.Host, authority: DemoAuthority) -> _SimulatedSite:
        contexts: dict[SiteFault | None, ssl.SSLContext] = {}
        if host.secure:
            contexts[None] = authority.context(host.name)
            faults = {scene.fault for scene in self.scenes if scene.host == host.name}
            if SiteFault.EXPIRED in faults:
                contexts[SiteFault.EXPIRED] = authority.context(host.name, expired=True)
            if SiteFault.INCOMPLETE in faults:
                contexts[SiteFault.INCOMPLETE] = authority.context(host.name, whole_chain=False)
        server = Site(
            address=host.address,
            clock=self._clock,
            answer=lambda _: None,
            tls=contexts.get(None),
        )
        site = _SimulatedSite(host=host, server=server, contexts=contexts, pace=self._pace)
        server.answer = site.answer
        return site
