"""What visitors may cost, however many they are: a bounded part of one thread, and of memory."""

import asyncio
import gzip
import os
import threading

import pytest
from starlette.requests import Request

from monitor.web.security import PendingAnswers
from monitor.web.serving.answer_cache import ENTRY_BYTES, AnswerCache, Busy
from monitor.web.serving.checkup import OLD_S, Checkup
from monitor.web.serving.compression import accepts_gzip
from monitor.web.views.health import Health
from tests.support.clock import FakeClock

pytestmark = pytest.mark.anyio
PATIENT_S = 30.0
LONG = b"La page dit la meme chose. " * 200


class Maker:
    """Makes an answer when it is let, and counts how often it was asked to."""

    def __init__(self, body: bytes | None = b"page") -> None:
        self.body = body
        self.made = 0
        self.at_once = 0
        self.most_at_once = 0
        self.go = threading.Event()
        self._lock = threading.Lock()

    def __call__(self) -> bytes | None:
        with self._lock:
            self.made += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.go.wait(PATIENT_S)
        with self._lock:
            self.at_once -= 1
        return self.body


async def test_all_who_ask_at_once_cost_one_making() -> None:
    kept, make = AnswerCache(FakeClock().monotonic_us), Maker()
    asking = [asyncio.create_task(kept.get("a", make, fresh_s=1)) for _ in range(200)]
    await asyncio.sleep(0)
    make.go.set()

    assert {b"page"} == {(await one).body for one in asking}
    assert 1 == make.made


async def test_whoever_goes_away_takes_nothing_from_who_waits() -> None:
    kept, make = AnswerCache(FakeClock().monotonic_us), Maker()
    first, second = (asyncio.create_task(kept.get("a", make, fresh_s=1)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    make.go.set()

    assert b"page" == (await second).body
    assert 1 == make.made


async def test_an_answer_is_made_again_when_it_is_stale() -> None:
    clock, make = FakeClock(), Maker()
    make.go.set()
    kept = AnswerCache(clock.monotonic_us)
    for second in (0, 1, 2, 3):
        clock._set(second * 1_000_000)
        await kept.get("a", make, fresh_s=2)

    assert 2 == make.made


async def test_few_are_made_at_once_and_a_bounded_number_waits() -> None:
    kept, make = AnswerCache(FakeClock().monotonic_us, waiting=8), Maker()
    asking = [asyncio.create_task(kept.get(str(one), make, fresh_s=1)) for one in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(Busy) as refused:
        await kept.get("one more", make, fresh_s=1)
    make.go.set()
    await asyncio.gather(*asking)

    assert refused.value.headers is not None
    assert refused.value.headers["Retry-After"]
    assert 1 == make.most_at_once
    assert b"page" == (await kept.get("one more", make, fresh_s=1)).body


async def test_a_stale_answer_is_better_than_none_when_all_is_busy() -> None:
    clock, make = FakeClock(), Maker()
    kept = AnswerCache(clock.monotonic_us, waiting=1)
    make.go.set()
    await kept.get("a", make, fresh_s=1)
    make.go.clear()
    clock._set(10_000_000)
    other = asyncio.create_task(kept.get("b", make, fresh_s=1))
    await asyncio.sleep(0)

    assert b"page" == (await kept.get("a", make, fresh_s=1)).body
    make.go.set()
    await other


async def test_memory_is_bounded_and_the_least_asked_for_goes_first() -> None:
    """What is compressed counts too: here 999 bytes are not."""
    kept = AnswerCache(FakeClock().monotonic_us, kept_bytes=3 * (999 + ENTRY_BYTES))
    makers = {name: Maker(name.encode() * 999) for name in "abcd"}
    for make in makers.values():
        make.go.set()
    for name in "abcada":
        await kept.get(name, makers[name], fresh_s=9)

    assert {"a": 1, "b": 1, "c": 1, "d": 1} == {name: one.made for name, one in makers.items()}
    assert kept._bytes <= 3 * (999 + ENTRY_BYTES)
    packed = (await kept.get("e", lambda: LONG, fresh_s=9)).packed
    assert packed is not None
    assert kept._bytes == len(LONG) + len(packed) + ENTRY_BYTES
    await kept.get("b", makers["b"], fresh_s=9)
    assert 2 == makers["b"].made


async def test_names_alone_fill_no_memory() -> None:
    kept = AnswerCache(FakeClock().monotonic_us, kept_bytes=100 * ENTRY_BYTES)
    for number in range(1_000):
        await kept.get(str(number), lambda: None, fresh_s=9)

    assert len(kept._answers) <= 100


async def test_a_fault_is_told_to_all_who_wait_and_not_kept() -> None:
    kept = AnswerCache(FakeClock().monotonic_us)

    def broken() -> bytes:
        raise OSError("no disk")

    for _ in range(2):
        with pytest.raises(OSError, match="no disk"):
            await kept.get("a", broken, fresh_s=1)
    assert b"x" == (await kept.get("a", lambda: b"x", fresh_s=1)).body


def request(tag: str) -> Request:
    return Request({"type": "http", "headers": [(b"if-none-match", tag.encode())]})


async def test_whoever_has_it_is_told_that_it_is_the_same() -> None:
    kept = AnswerCache(FakeClock().monotonic_us)
    answer = await kept.get("a", lambda: b"page", fresh_s=1)
    other = await kept.get("b", lambda: b"another", fresh_s=1)

    for tag in (answer.tag, f"W/{answer.tag}", f'"x", {answer.tag}', "*"):
        assert 304 == kept.response(request(tag), answer).status_code
        assert b"" == kept.response(request(tag), answer).body
    for tag in (other.tag, "", '"x"'):
        assert 200 == kept.response(request(tag), answer).status_code


def test_answers_that_nobody_reads_are_bounded_and_counted_once() -> None:
    hand, page, other = PendingAnswers(1_500), b"p" * 1_000, b"o" * 1_000

    assert all(hand.take(page) for _ in range(100))
    assert not hand.take(other)
    for _ in range(100):
        hand.give_back(page)
    assert hand.take(other)


WELL = Health(ok=True, starting=False, round_age_s=1.0, check_age_s=1.0, late=0, targets=1)


async def test_health_is_given_with_its_age_while_the_store_is_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitor.web.serving.checkup.WAIT_S", 0.01)
    clock, go, judged = FakeClock(), threading.Event(), []

    def judge() -> Health:
        judged.append(clock.now())
        assert len(judged) == 1 or go.wait(PATIENT_S)
        return WELL

    checkup = Checkup(judge, clock.monotonic_us)
    assert 200 == (await checkup.latest())[0]
    found = []
    for second in (5, 10, OLD_S + 1):
        clock._set(round(second * 1_000_000))
        status, said = await checkup.latest()
        found.append((status.value, said["age_du_constat_s"]))
    go.set()

    assert [(200, 5), (200, 10), (503, OLD_S + 1)] == found
    assert 2 == len(judged)


async def test_all_supervisors_cost_one_judgement() -> None:
    clock, judged = FakeClock(), []

    def judge() -> Health:
        judged.append(1)
        return WELL

    checkup = Checkup(judge, clock.monotonic_us)
    await asyncio.gather(*(checkup.latest() for _ in range(100)))

    assert [1] == judged


def reader(accept: str | None, tag: str | None = None) -> Request:
    named = {"accept-encoding": accept, "if-none-match": tag}
    headers = [(name.encode(), text.encode()) for name, text in named.items() if text]
    return Request({"type": "http", "headers": headers})


async def test_an_answer_is_compressed_once_for_all_who_accept_it() -> None:
    kept = AnswerCache(FakeClock().monotonic_us)
    answer = await kept.get("a", lambda: LONG, fresh_s=1)
    packed, plain = (kept.response(reader(accept), answer) for accept in ("br, gzip", "br"))

    assert packed.body is answer.packed
    assert gzip.decompress(bytes(packed.body)) == plain.body == LONG
    assert len(packed.body) < len(LONG) / 10
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.headers["etag"] != plain.headers["etag"]
    for form in (packed, plain):
        for accept in ("gzip", None):
            known = kept.response(reader(accept, f"W/{form.headers['etag']}"), answer)
            assert (known.status_code, known.body) == (304, b"")


@pytest.mark.parametrize(
    ("accept", "accepted"),
    [
        *((text, True) for text in ("gzip", "GZIP", "br;q=1.0, gzip;q=0.8", " gzip ;q=0.001")),
        *((text, False) for text in ("", "gzip;q=0", "gzip; q=0.000", "xgzip", "identity", "*")),
        ("gzip;q=0, gzip", False),
        (",;,;" * 4_000, False),
    ],
)
def test_gzip_is_for_those_who_name_it(accept: str, accepted: bool) -> None:  # noqa: FBT001 -- a case
    assert accepts_gzip(accept) is accepted


@pytest.mark.parametrize(
    "body", [b"short", os.urandom(5_000), None], ids=("short", "random", "none")
)
async def test_what_gains_nothing_is_not_compressed(body: bytes | None) -> None:
    kept = AnswerCache(FakeClock().monotonic_us)
    assert (await kept.get("a", lambda: body, fresh_s=1)).packed is None


async def test_a_cache_of_compressed_files_compresses_nothing() -> None:
    kept = AnswerCache(FakeClock().monotonic_us, compress=False)
    assert (await kept.get("a", lambda: LONG, fresh_s=1)).packed is None
