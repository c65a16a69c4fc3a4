"""Each door through which foreign bytes come in: nothing but data comes out, in bounded time."""

import random
import time
from collections.abc import Callable

import pytest

from monitor.core.model import Failure
from monitor.core.scheduling.robots_txt import RobotsFile
from monitor.core.verdict.page_summary import glance
from monitor.evidence.timestamps.certificate_files import crl_addresses
from monitor.evidence.timestamps.rfc3161 import Question, StampRefused, check_answer
from monitor.fetch import bodies, shell, tls
from monitor.fetch.reachable import read_url
from monitor.probe.robots_cache import RobotsBook
from tests.fuzz import hostile
from tests.support import certs
from tests.support.clock import FakeClock

ROUNDS = 150
MOST_S = 5.0  # of processor time for one input; a thousand times what an honest one takes


def coded(dice: random.Random) -> None:
    body, codings = hostile.encoded(hostile.body(dice), dice)
    decoded, failure = bodies.decode(body, codings, limit=5_000_000)
    assert len(decoded) <= 5_000_000
    assert failure in {None, Failure.TOO_LARGE, Failure.INVALID_ENCODING}


def page(dice: random.Random) -> None:
    body = hostile.body(dice)
    kind = dice.choice(("text/html", "application/json", "", "é"))
    glance(body, content_type=kind, charset="utf-8")
    assets = shell.assets(body.decode("utf-8", "replace"), "https://site.test/", limit=12)
    assert len(assets) <= 12


def certificate(dice: random.Random) -> None:
    der = hostile.mutated(certs.root().der, dice)
    tls.issuer_pointers([der])
    tls.issuer_among(hostile.issuers(dice), [der])
    crl_addresses([der])


def robots(dice: random.Random) -> None:
    text = hostile.mutated(b"User-agent: *\nDisallow: /a*b$\nCrawl-delay: 1\n" * 50, dice)
    now = FakeClock().now()
    file = RobotsFile(
        origin="https://a.test", fetched_at=now, status=200, text=text.decode("utf-8", "replace")
    )

    async def fetch(*_: object) -> tuple[int | None, str]:
        return None, ""

    book = RobotsBook(
        clock=FakeClock(), agent="Vigie", fetch=fetch, keep=lambda _: None, known=[file]
    )
    book.of("https://a.test").allows("https://a.test/a/b?c=%zz")


def stamp(dice: random.Random) -> None:
    status = bytes.fromhex("30053003020100")
    answer = hostile.mutated(status + certs.root().der, dice)
    question = Question(note=b"note", nonce=1)
    with pytest.raises(StampRefused):
        check_answer(answer, question, roots=[certs.root().der], now=FakeClock().now())


def address(dice: random.Random) -> None:
    text = hostile.mutated(b"https://user@site.test:443/a/../b?c=d#e", dice)
    base = dice.choice(("", "https://site.test/x"))
    try:
        read = read_url(text.decode("utf-8", "replace"), base=base)
    except ValueError:
        return
    assert read.host
    assert read.target.isascii()


DOORS = (coded, page, certificate, robots, stamp, address)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("door", DOORS)
def test_a_door_lets_nothing_but_data_in(door: Callable[[random.Random], None], seed: int) -> None:
    dice = random.Random(f"{door.__name__} {seed}")  # noqa: S311 -- repeatable
    for _ in range(ROUNDS):
        begun = time.process_time()
        door(dice)
        assert time.process_time() - begun < MOST_S
