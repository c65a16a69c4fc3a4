"""The internet of the namespaces: two resolvers, four control hosts, two sites. Run inside one.

Arguments: a folder, where `racine.pem` is written. Then one JSON object a line on stdin changes
what it does; each is answered by a line: `lies` (addresses by name that the first resolver gives
instead), `mute` (the second resolver is silent), `dead` (names that nobody listens at).
"""

import asyncio
import json
import sys
from pathlib import Path

from monitor.demo.authority import DemoAuthority
from monitor.demo.name_server import NameServer
from monitor.demo.site_server import Site, SiteAnswer
from monitor.runtime.clock import SystemClock
from tests.probe.namespaces.places import CONTROLS, FIRST, HOSTS, PORT, SECOND

PAGE = b"<html lang='fr'><title>ok</title><main><h1>Titre</h1><p>" + b"mot " * 100


class Mutable(NameServer):
    mute = False

    def answer(self, wire: bytes) -> bytes | None:
        return None if self.mute else super().answer(wire)


async def main(folder: Path) -> None:
    clock = SystemClock()
    authority = DemoAuthority(folder=folder, now=clock.now(), aia_url="http://none.test/")
    first, second = Mutable(HOSTS), Mutable(HOSTS)
    await first.start(address=FIRST, port=53)
    await second.start(address=SECOND, port=53)
    sites: dict[str, list[Site]] = {}
    for host, found in HOSTS.items():
        context = authority.context(host)
        for address in found:
            site = Site(
                address=address, clock=clock, answer=lambda _: SiteAnswer(body=PAGE), tls=context
            )
            await site.start(port=PORT)
            sites.setdefault(host, []).append(site)
    print("ready", flush=True)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        wanted = json.loads(line)
        first.lies = wanted.get("lies", {})
        second.mute = wanted.get("mute", False)
        for host in set(HOSTS) - {*CONTROLS}:
            for site in sites[host]:
                dead = host in wanted.get("dead", [])
                await (site.stop() if dead else site.start(port=PORT))
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
