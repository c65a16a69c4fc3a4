"""Measure what it takes to follow another point: leaves a second, and memory.

Makes the journal of a point with the parts of the service itself, then follows it as `vigie
follow` does, from a folder or, with `--http`, from a server of this machine. Linux only.

    python -m bench.follow --leaves 100000
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from monitor.attest.follower_child import courier_of
from monitor.attest.following import FollowedPoint, PointFollower
from monitor.attest.sealing import Sealer
from monitor.config import load
from monitor.core.model import Judgement, Kind, Reason, Verdict
from monitor.core.scheduling.slots import grids
from monitor.evidence.log.mirror import copy_tree
from monitor.evidence.log.note import Algorithm, SignerKey, VerifierKey
from monitor.runtime.clock import SystemClock
from monitor.store import Store, migrate
from tests.support.folds import Folds
from tests.support.outcomes import a_run, observation, panel, targets_named
from tests.support.shipped_config import FOLDER

KEY = SignerKey("autre.example.test/journal", Algorithm.ED25519, b"b" * 32)
TARGETS = targets_named(
    [f"cible-{n}" for n in range(100)], platform="anef", interval_s=60, kind=Kind.HOME
)
START = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = Judgement(verdict=Verdict.UP, reason=Reason.OK, rule="ok")
BAD = Judgement(verdict=Verdict.DOWN, reason=Reason.HTTP_5XX, rule="http-5xx")
EVERY, LASTS = 1_500, 12  # minutes: an outage of each target
SIGNED_EVERY = 60  # minutes: ours are closer, which only makes more checkpoints


async def live(data: Path, leaves: int) -> int:
    """Record until there are so many leaves; return how many there are."""
    url = f"sqlite:///{data / 'vigie.sqlite'}"
    migrate(url)
    folds, minute = Folds(TARGETS), 0
    with Store.open(url, point="local", writer=True, rest_s=0, targets=TARGETS) as store:
        sealer = Sealer(store, data, KEY, clock=SystemClock())
        await sealer.open()
        await store.start_run(a_run(START), plan=grids(()))
        while store.leaf_count() < leaves:
            await record_minute(store, folds, START + timedelta(minutes=minute), minute)
            minute += 1
            if minute % SIGNED_EVERY == 0:
                await sealer.seal()
        await sealer.seal()
        sealer.close()
        return store.leaf_count()


async def record_minute(store: Store, folds: Folds, at: datetime, minute: int) -> None:
    """Record a round and a check of each target; some fail, each at its own time."""
    writes = [store.record_round(panel(at), None)]
    for rank, slug in enumerate(TARGETS):
        failing = (minute + rank * 37) % EVERY < LASTS
        made = observation(slug, at, BAD if failing else GOOD)
        writes.append(store.record(folds.outcome(made)))
    await asyncio.gather(*writes)


def follow(data: Path, url: str, key: str) -> None:
    """Follow it in this process, and print what it took."""
    config = load(FOLDER)
    object.__setattr__(config, "allow_private", True)  # the server of this machine
    point = FollowedPoint(name="autre", key=VerifierKey.parse(key), url=url)
    clock = SystemClock()
    started = clock.monotonic_us()

    async def visit() -> int:
        courier = courier_of(config, point)
        try:
            state = await PointFollower(point, data, clock=clock, courier=courier).visit()
        finally:
            await courier.aclose()
        if state.why:
            raise SystemExit(state.why)
        return state.leaves

    leaves = asyncio.run(visit())
    seconds = (clock.monotonic_us() - started) / 1e6
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{leaves} leaves in {seconds:.1f} s ({leaves / seconds:.0f} a second),"
        f" {usage.ru_utime + usage.ru_stime:.1f} s of CPU, {usage.ru_maxrss / 1024:.0f} MB at most"
    )


def main() -> None:
    """Make a journal, follow it from another process, and again with nothing new."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--leaves", type=int, default=20_000)
    parser.add_argument("--http", action="store_true")
    parser.add_argument("--keep", type=Path, help="a folder whose journal is used, or made")
    parser.add_argument("--child", nargs=3)
    args = parser.parse_args()
    if args.child:
        follow(Path(args.child[0]), args.child[1], args.child[2])
        return
    with tempfile.TemporaryDirectory() as temporary:
        peer = args.keep or Path(temporary, "peer")
        here = Path(temporary, "here")
        here.mkdir()
        if not peer.exists():
            peer.mkdir(parents=True)
            print("journal:", asyncio.run(live(peer, args.leaves)), "leaves", flush=True)
        url = str(peer / "journal")
        if args.http:
            copy_tree(peer / "journal", Path(temporary, "plain"))
            url = _serve(Path(temporary, "plain"))
        for _ in range(2):
            command = [sys.executable, "-m", "bench.follow", "--child", str(here), url]
            subprocess.run([*command, str(KEY.verifier)], check=True, env=os.environ)


def _serve(folder: Path) -> str:
    class Quiet(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


if __name__ == "__main__":
    main()
