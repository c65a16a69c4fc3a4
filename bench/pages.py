"""What reading and comparing pages of 60 kB costs, in CPU of one process; medians.

    python -m bench.pages

- `read_ms`: a page of 60 kB read, and nothing else;
- `first_ms`: a page that was never read: the glance of the verdict, then its own reading;
- `unchanged_ms`: the same for a page that was, and whose bytes differ by a token;
- `pair_ms`: `vigie compare` on two saved pages, one phone number changed.

`--beside CHECKOUT` measures `read_ms` and `pair_ms` of the code in another folder too, by turns.
"""

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from statistics import median

from bench.site import PAGE_BYTES, page
from monitor.config.files.fingerprint_file import load_fingerprints
from monitor.core.changes.compare_saved import compare_saved, judge_with
from monitor.core.model import Kind, Target
from monitor.core.text.read import read_page
from monitor.core.verdict.page_summary import glance
from monitor.probe.page_tracker import PageTracker
from tests.support.outcomes import START, answer, observation

TYPE = "text/html; charset=utf-8"
URL = "https://www.exemple.gouv.fr/etrangers"
TURNS = 3
OPENING = "<p>Téléphone : 04 73 98 61 61</p>".encode()


def varied(seed: int) -> bytes:
    """Return a page of which no paragraph stands twice, nor in the page of another seed."""
    numbers = itertools.count(seed * 1_000)
    first, *paragraphs = page().split(b"<p>")
    body = b"".join(b"<p>Point %d : " % next(numbers) + text for text in paragraphs)
    return (first + OPENING + body)[:PAGE_BYTES]


def with_token(body: bytes, number: int) -> bytes:
    return body.replace(b"<body>", b"<body data-token='%d'>" % (1_000_000_000 + number), 1)


async def readings_ms(bodies: Iterable[bytes], *, pages: int) -> list[float]:
    """Read each body as the next answer of one of so many pages, in turn."""
    book = PageTracker((), point="local")
    found = []
    for number, body in enumerate(bodies):
        slug = f"bench-{number % pages}"
        target = Target(slug=slug, name="Bench", url=URL, kind=Kind.PAGE, platform="bench")
        at = START + timedelta(minutes=number)
        seen = observation(target.slug, at, exchange=answer(at, body))
        begun = time.process_time()
        glance(body, content_type=TYPE)
        await book.read(target, seen, ())
        found.append(1_000 * (time.process_time() - begun))
    return found


def pairs_ms(count: int) -> list[float]:
    marks, _ = load_fingerprints(Path("config/fingerprints.toml"))
    judge = judge_with(marks, content_type=TYPE)
    found = []
    for seed in range(count):
        before = varied(seed)
        after = before.replace(b"61 61</p>", b"61 62</p>")
        begun = time.process_time()
        answered = compare_saved(before, after, url=URL, content_type=TYPE, is_page=judge)
        found.append(1_000 * (time.process_time() - begun))
        if not answered.changed:
            raise SystemExit("a changed phone number was not seen: nothing was measured")
    return found


def reads_ms(count: int) -> list[float]:
    taken = []
    for seed in range(count):
        body = varied(seed)
        begun = time.process_time()
        read_page(body, url=URL, charset=TYPE)
        taken.append(1_000 * (time.process_time() - begun))
    return taken


# Only what every version of the code has: the same program measures both.
_OTHER = (
    "import json, sys; sys.path.insert(0, sys.argv[1]); import bench.pages as b; import time;"
    "from statistics import median; from monitor.core.text.read import read_page\n"
    "n = int(sys.argv[2]); taken = []\n"
    "for seed in range(n):\n"
    "    body = b.varied(seed); begun = time.process_time()\n"
    "    read_page(body, url=b.URL, charset=b.TYPE)\n"
    "    taken.append(1000 * (time.process_time() - begun))\n"
    "print(json.dumps([median(taken), median(b.pairs_ms(n))]))\n"
)


def beside(checkout: Path, count: int) -> dict[str, list[float]]:
    """Measure this code and that of another folder by turns: medians of each turn, in ms."""
    here = Path(__file__).resolve().parents[1]
    measured: dict[str, list[float]] = {}
    for _ in range(TURNS):
        for name, folder in (("this", here), ("other", checkout.resolve())):
            command = [sys.executable, "-c", _OTHER, str(folder), str(count)]
            run = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True)
            read, pair = json.loads(run.stdout)
            measured.setdefault(f"{name}_read_ms", []).append(round(read, 1))
            measured.setdefault(f"{name}_pair_ms", []).append(round(pair, 1))
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40, help="readings, and pairs")
    parser.add_argument("--beside", type=Path, help="another checkout, measured by turns")
    asked = parser.parse_args()
    if asked.beside:
        print(json.dumps(beside(asked.beside, asked.count), indent=1))
        return
    firsts = asyncio.run(readings_ms(map(varied, range(asked.count)), pages=asked.count))
    same = varied(0)
    tokens = (with_token(same, number) for number in range(asked.count + 1))
    _, *again = asyncio.run(readings_ms(tokens, pages=1))
    pairs = pairs_ms(asked.count)
    print(
        json.dumps(
            {
                "read_ms": round(median(reads_ms(asked.count)), 1),
                "first_ms": round(median(firsts), 1),
                "unchanged_ms": round(median(again), 1),
                "pair_ms": round(median(pairs), 1),
                "pairs_per_s": round(1_000 / median(pairs), 1),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
