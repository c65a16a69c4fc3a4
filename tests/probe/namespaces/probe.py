"""The probe of the namespaces: real sockets, real resolver, real judge. Run inside one.

Arguments: the PEM file of the root to trust. Each line on stdin is a check of every site; it is
answered by one JSON list of slug, verdict, reason. A line "freeze S" stops this process for S
seconds, 0.2 s after the checks began.
"""

import asyncio
import json
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from monitor.config import ControlHost
from monitor.config.values import ControlSettings
from monitor.core.model import Kind, Platform, Target
from monitor.probe.build import build_fetcher, build_line
from monitor.probe.judge import Judge, look_again
from monitor.runtime.clock import SystemClock
from monitor.runtime.faults import Faults
from tests.probe.namespaces.places import CONTROLS, FIRST, SECOND, SITES
from tests.support.reads import config

DEADLINE_S = 6.0


async def _open(_url: str) -> None:
    """Let every request through."""


async def main(root: Path) -> None:
    clock = SystemClock()
    targets = [
        Target(
            slug=host.partition(".")[0], name="", url=f"https://{host}/", kind=Kind.PAGE,
            platform="p", deadline_s=DEADLINE_S, slow_s=30,
        )
        for host in SITES
    ]  # fmt: skip
    hosts = tuple(
        ControlHost(slug=host.replace(".", "-"), name=host, url=f"https://{host}/", operator=host)
        for host in CONTROLS
    )
    made = replace(
        config(targets, [Platform(slug="p", name="", spacing_s=1)]),
        controls=ControlSettings(hosts=hosts, needed=2, interval_s=2),
        allow_private=True,
        extra_ca=root,
        resolvers=(FIRST,),
        second_resolvers=(SECOND,),
    )
    fetcher = build_fetcher(made, clock)
    line = build_line(made, clock, fetcher, Faults(clock))
    judge = Judge(config=made, point="local", line=line)

    async def check(target: Target) -> tuple[str, str, str]:
        exchange = await fetcher.fetch(target, _open)
        seen = await judge.observation(
            target,
            exchange.started_at,
            exchange,
            known_good=True,
            again=partial(look_again, fetcher.fetch_again, target, _open),
        )
        return target.slug, seen.judgement.verdict.value, seen.judgement.reason.value

    print("ready", flush=True)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while text := await reader.readline():
        word, _, seconds = text.decode().strip().partition(" ")
        if word == "freeze":
            loop.call_later(0.005, time.sleep, float(seconds))
        print(json.dumps(await asyncio.gather(*map(check, targets))), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
