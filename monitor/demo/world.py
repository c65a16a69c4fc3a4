"""The demo's world: every site, its name server and its authority, moved by the timetable."""

import errno
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from monitor.core.model import Target
from monitor.demo import config_folder, sites
from monitor.demo.authority import DemoAuthority
from monitor.demo.name_server import NameServer
from monitor.demo.scenario import Play, Scene, ends_s, running
from monitor.demo.site_faults import answer
from monitor.demo.site_server import Site, SiteAnswer
from monitor.demo.timetable import SCENES
from monitor.runtime.clock import Clock

_PORT_TRIES = 10
_BELOW_HTTP = {Play.REFUSED, Play.LINE_CUT, Play.IPV4_LOST}  # nobody listens
_NAMES = "127.86.0.1"
_OTHER_NAMES = "127.86.0.254"  # of the second resolver, that nobody on our side can bend
_SIX = "::1"  # the only IPv6 address of a loopback: where the controls answer too


@dataclass(slots=True, kw_only=True)
class _Actor:
    """A host, the server that plays it, and its certificates by play (None: healthy)."""

    host: sites.Host
    site: Site
    contexts: Mapping[Play | None, ssl.SSLContext]
    pace: int
    play: Play | None = None
    visits: int = 0  # of its pages

    def answer(self, path: str) -> SiteAnswer | None:
        self.visits += path != "/robots.txt"
        said = answer(self.host, path, play=self.play, visit=self.visits)
        return said and replace(said, delay_s=said.delay_s * self.pace)


class DemoWorld:
    """Simulated State sites on 127.86.0.0/24, and a configuration that watches them.

    Linux answers on the whole of 127.0.0.0/8; elsewhere each address needs an alias of the
    loopback interface, and `start` says so.

    Attributes:
        config_folder: A whole configuration folder; written by `start`.
        ca_path: PEM file of the root to trust; written by `start`.
        dns_address: Address and UDP port of the name server; set by `start`.
        second_dns: Address of another one, on the same port.
        scenes: What happens, and what a right monitor says of it, at the pace of this world.
        targets: What is watched; set by `start`.

    """

    def __init__(
        self,
        *,
        work_folder: Path,
        fingerprints: Path,
        clock: Clock,
        scenes: tuple[Scene, ...] = SCENES,
        pace: int = 1,
    ) -> None:
        self.config_folder = work_folder / "config"
        self.ca_path = work_folder / "tls" / "racine.pem"
        self.dns_address = ("", 0)
        self.second_dns = _OTHER_NAMES
        self.scenes = tuple(scene.slowed(pace) for scene in scenes)
        self._pace = pace
        self.targets: tuple[Target, ...] = ()
        self._fingerprints = fingerprints
        self._clock = clock
        self._actors: list[_Actor] = []
        self._names = NameServer({})
        self._other_names = NameServer({})
        self._six: Site | None = None
        self._port = 0
        self._began_us: int | None = None

    @property
    def second(self) -> float:
        """Seconds since `play` began; 0 before."""
        if self._began_us is None:
            return 0.0
        return (self._clock.monotonic_us() - self._began_us) / 1e6

    async def start(self) -> None:
        """Open every site as it is at second 0, and write the configuration folder.

        Raises:
            OSError: no free port, or an address of 127.86.0.0/24 cannot be listened on.

        """
        for attempt in range(_PORT_TRIES):
            try:
                await self._open()
                break
            except OSError:
                await self.stop()
                if attempt == _PORT_TRIES - 1:
                    raise
        addresses = {actor.host.name: actor.host.address for actor in self._actors}
        six = dict.fromkeys(sites.CONTROLS, _SIX) if self._six else {}
        self._names = NameServer(addresses, six)
        self.dns_address = await self._names.start(address=_NAMES)
        self._other_names = NameServer(addresses, six)
        await self._other_names.start(address=_OTHER_NAMES, port=self.dns_address[1])
        self.targets = sites.targets(port=self._port, pace=self._pace)
        config_folder.write(
            self.config_folder,
            port=self._port,
            ca_path=self.ca_path,
            fingerprints=self._fingerprints,
            pace=self._pace,
        )
        await self.show(0.0)

    async def stop(self) -> None:
        """Close everything. Safe to call twice."""
        self._names.stop()
        self._other_names.stop()
        if self._six is not None:
            await self._six.stop()
            self._six = None
        for actor in self._actors:
            await actor.site.stop()
        self._actors.clear()

    async def play(self) -> None:
        """Run the timetable from second 0; returns when its last scene is over."""
        self._began_us = self._clock.monotonic_us()
        edges = {edge for scene in self.scenes for edge in (scene.from_s, scene.to_s)}
        last = ends_s(self.scenes)
        for edge in sorted(edge for edge in edges if edge <= last):
            await self._clock.sleep(edge - self.second)
            await self.show(edge)

    async def show(self, second: float) -> None:
        """Put every site in the state that the timetable gives it at `second`."""
        for actor in self._actors:
            scene = running(self.scenes, host=actor.host.name, second=second)
            actor.play = scene.play if scene else None
            if actor.host.secure:
                actor.site.tls = actor.contexts.get(actor.play, actor.contexts[None])
            if actor.play in _BELOW_HTTP:
                await actor.site.stop()
            else:
                await actor.site.start(port=self._port)
        line = running(self.scenes, host="", second=second)
        play = line.play if line else None
        self._names.cut = self._other_names.cut = play is Play.LINE_CUT
        lying = play is Play.LYING_RESOLVER
        self._names.lies = self._lies() if lying else {}
        if self._six is not None:
            await (self._six.stop() if play is Play.LINE_CUT else self._six.start(port=self._port))

    def _lies(self) -> Mapping[str, str]:
        """Lead every site but the controls to the address of one of these."""
        elsewhere = next(a.host.address for a in self._actors if a.host.name in sites.CONTROLS)
        names = {actor.host.name for actor in self._actors} - {*sites.CONTROLS}
        return dict.fromkeys(names, elsewhere)

    async def _open(self) -> None:
        """Find one port that is free on every address, and listen there."""
        port = await self._reserve()
        self.ca_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = DemoAuthority(
            folder=self.ca_path.parent,
            now=self._clock.now(),
            aia_url=f"http://{sites.ISSUER}:{port}{sites.ISSUER_PATH}",
        )
        for host in sites.hosts(intermediate_der=authority.intermediate_der):
            actor = self._actor(host, authority)
            self._actors.append(actor)
            await actor.site.start(port=port)
        self._port = port
        await self._open_six(authority)

    async def _open_six(self, authority: DemoAuthority) -> None:
        """Let the controls answer over IPv6 as well, on a machine that has it."""
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

    def _actor(self, host: sites.Host, authority: DemoAuthority) -> _Actor:
        contexts: dict[Play | None, ssl.SSLContext] = {}
        if host.secure:
            contexts[None] = authority.context(host.name)
            plays = {scene.play for scene in self.scenes if scene.host == host.name}
            if Play.EXPIRED in plays:
                contexts[Play.EXPIRED] = authority.context(host.name, expired=True)
            if Play.INCOMPLETE in plays:
                contexts[Play.INCOMPLETE] = authority.context(host.name, whole_chain=False)
        site = Site(
            address=host.address,
            clock=self._clock,
            answer=lambda _: None,
            tls=contexts.get(None),
        )
        actor = _Actor(host=host, site=site, contexts=contexts, pace=self._pace)
        site.answer = actor.answer
        return actor
