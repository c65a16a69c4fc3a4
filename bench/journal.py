"""What the journal costs: CPU of a leaf, bytes at rest of a check, time and memory to verify.

    python -m bench.journal --checks 20000 --seal-every 5

One target every minute, unchanged, with a round of controls every minute beside it.
"""

import argparse
import asyncio
import json
import random
import resource
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from monitor.attest.verification import verify
from monitor.core.journal import encode
from monitor.core.journal.jcs import canonical
from monitor.core.journal.recorded import check_of
from monitor.core.model import Outcome, Phase, State
from monitor.evidence.log.journal import FOLDER, Journal
from monitor.evidence.log.note import Algorithm, SignerKey
from monitor.store import Store, migrate
from tests.support.outcomes import START, observation, panel

KEY = SignerKey("bench.test/journal", Algorithm.ED25519, b"b" * 32)
GROUP = 500


def outcome(n: int, chance: random.Random) -> Outcome:
    """Return the n-th check: what varies from one to the next varies, the rest does not."""
    at = START + timedelta(minutes=n, microseconds=chance.randrange(300_000))
    seen = observation("anef", at)
    phases = {phase: chance.randrange(1_000, 200_000) for phase in Phase}
    exchange = seen.exchange
    hop = replace(exchange.hops[0], phases_us=phases)
    exchange = replace(
        exchange,
        hops=(hop,),
        duration_us=sum(phases.values()),
        server_offset_us=-chance.randrange(1_000_000),
    )
    controls = panel(START + timedelta(minutes=n, microseconds=-chance.randrange(30_000_000)))
    slot_at = START + timedelta(minutes=n)
    seen = replace(seen, exchange=exchange, controls=controls, slot_at=slot_at)
    judgement = seen.judgement
    state = State(
        target="anef", point="local", verdict=judgement.verdict, reason=judgement.reason,
        since=START, last_at=at, last_ok_at=at,
    )  # fmt: skip
    return Outcome(check=check_of(seen), state=state)


def append_cost_ms(times: int = 2000) -> float:
    """Return the CPU of making one leaf: from a check to its canonical bytes."""
    chance = random.Random(1)  # noqa: S311 -- repeatable, not secret
    checks = [outcome(n, chance).check for n in range(times)]
    begun = time.process_time()
    for check in checks:
        canonical(encode.observation(check, setup=1, conditions=2, panel=3, plan=4))
    return (time.process_time() - begun) / times * 1000


async def fill(
    store: Store, journal: Journal, checks: int, *, seal_every: int, rounds: bool
) -> float:
    """Record and seal; return the CPU spent in seals, in seconds."""
    chance = random.Random(2)  # noqa: S311 -- repeatable, not secret
    sealing_s, done = 0.0, 0
    while done < checks:
        many = min(GROUP, seal_every, checks - done)
        group = [outcome(n, chance) for n in range(done, done + many)]
        slots = [one.check.slot_at for one in group] if rounds else []
        beside = [store.record_round(panel(slot_at), None) for slot_at in slots]
        await asyncio.gather(*map(store.record, group), *beside)
        done += many
        if done % seal_every == 0 or done == checks:
            begun = time.process_time()
            signed = journal.seal(START + timedelta(minutes=done))
            sealing_s += time.process_time() - begun
            if signed is not None:
                await store.keep_checkpoint(
                    size=signed.size, root=signed.root, at=signed.at, note=signed.note,
                    bundled=signed.bundled,
                )  # fmt: skip
    return sealing_s


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--checks", type=int, default=20_000)
    parser.add_argument("--seal-every", type=int, default=5, help="checks between two seals")
    parser.add_argument("--no-rounds", dest="rounds", action="store_false")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        url = f"sqlite:///{data / 'vigie.sqlite'}"
        migrate(url)
        empty = size_of(data)
        with Store.open(url, point="local", writer=True, rest_s=0) as store:
            journal = Journal(data, KEY, store)
            journal.open(START)
            sealing_s = asyncio.run(
                fill(
                    store,
                    journal,
                    asked.checks,
                    seal_every=asked.seal_every,
                    rounds=asked.rounds,
                )
            )
            count = store.leaf_count()
        journal.close()
        sql, files = size_of(data) - size_of(data / FOLDER), size_of(data / FOLDER)
        memory_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun, cpu = time.perf_counter(), time.process_time()
        steps = list(verify(data / FOLDER, key=KEY.verifier))
        took_s, cpu_s = time.perf_counter() - begun, time.process_time() - cpu
        found = {
            "checks": asked.checks,
            "leaves": count,
            "leaf_cpu_ms": round(append_cost_ms(), 4),
            "seal_cpu_ms_per_leaf": round(sealing_s / count * 1000, 4),
            "sql_bytes_per_check": round((sql - empty) / asked.checks, 1),
            "journal_bytes_per_check": round(files / asked.checks, 1),
            "verify_s": round(took_s, 1),
            "verify_cpu_s": round(cpu_s, 1),
            "verify_ok": all(step.ok for step in steps),
            "rss_before_verify_kb": memory_kb,
            "rss_after_verify_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
