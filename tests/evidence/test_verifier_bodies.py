"""`verifier.py` makes again what leaves say of bodies, heads and conditions from kept bytes."""

import asyncio
import gzip
import json
import random
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard
from pydantic import TypeAdapter

from monitor.core.journal import encode
from monitor.core.journal.jcs import canonical
from monitor.core.journal.recorded import check_of
from monitor.core.model import (
    Attempt,
    ControlAnswer,
    ControlStatus,
    Exchange,
    Failure,
    Family,
    Phase,
    Reason,
    Resolution,
    SecondLook,
    Verdict,
)
from monitor.core.model.check import (
    KEPT_HEADERS,
    ConnectionProfile,
    clean,
    conditions_of,
    without_tokens,
)
from monitor.evidence.captures.capture_policy import Captures
from tests.evidence.test_verifier_captures import signed
from tests.support import mirror, outcomes
from tests.support.captured import ANSWERS, PAGE, chunked, fetched, spoken
from tests.support.mirror import TARGET
from tests.support.outcomes import DEAD, panel
from tests.support.sites import answer
from tests.support.stranger import run_verifier, verifier

MET = TypeAdapter(ConnectionProfile)
ZIPPED = gzip.compress(PAGE, mtime=0)
RAW = zlib.compressobj(wbits=-15)
DEFLATED = RAW.compress(PAGE) + RAW.flush()
HEAD = b"HTTP/1.1 200 OK\r\n"
ODD: Mapping[str, bytes] = {
    "two members": answer(gzip.compress(PAGE) + gzip.compress(b"fin"), "Content-Encoding: gzip"),
    "bytes after the last member": answer(ZIPPED + b"junk", "Content-Encoding: gzip"),
    "a second member cut": answer(ZIPPED + ZIPPED[:40], "Content-Encoding: gzip"),
    "gzip cut": answer(ZIPPED[:60], "Content-Encoding: gzip"),
    "gzip broken": answer(ZIPPED[:60] + b"\xff" * 40, "Content-Encoding: gzip"),
    "no gzip": answer(b"bonjour", "Content-Encoding: gzip"),
    "an empty gzip": answer(b"", "Content-Encoding: gzip"),
    "gzip twice": answer(gzip.compress(ZIPPED), "Content-Encoding: gzip, x-gzip"),
    "two fields": answer(gzip.compress(ZIPPED), "Content-Encoding: gzip", "content-encoding: GZIP"),
    "four codings": answer(ZIPPED, "Content-Encoding: gzip, gzip, gzip, gzip"),
    "an unknown coding": answer(ZIPPED, "Content-Encoding: identity, gzip, sdch"),
    "deflate": answer(zlib.compress(PAGE), "Content-Encoding: deflate"),
    "raw deflate": answer(DEFLATED, "Content-Encoding: deflate"),
    "deflate cut": answer(zlib.compress(PAGE)[:-8], "Content-Encoding: deflate"),
    "deflate in gzip": answer(gzip.compress(zlib.compress(PAGE)), "Content-Encoding: deflate,gzip"),
    "a bomb": answer(gzip.compress(bytes(6_000_000)), "Content-Encoding: gzip"),
    "a bomb in a bomb": answer(
        gzip.compress(gzip.compress(bytes(10_000_000), 1) * 90), "Content-Encoding: gzip, gzip"
    ),
    "members without end": answer(gzip.compress(b"") * 1_001, "Content-Encoding: gzip"),
    "a folded field": HEAD
    + b"Content-Type: text/html;\r\n  charset=utf-8\r\nContent-Length: 0\r\n\r\n",
    "a field without a value": HEAD + b"Server:\r\nVia: \t \r\nContent-Length: 3\r\n\r\nabc",
    "lengths that agree": HEAD + b"Content-Length: 3, 3\r\nContent-Length: 3\r\n\r\nabc",
    "more than announced": answer(PAGE) + b"plus",
    "less than announced": answer(PAGE)[:-10],
    "304 with a length": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 30\r\n\r\n",
    "304 with a body": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc",
    "chunks cut": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(PAGE)[:700],
    "a chunk's length cut": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n1",
    "chunks broken": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcdefgh\r\n0\r\n\r\n",
    "chunks and a length": HEAD
    + b"Content-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n"
    + chunked(PAGE),
    "a token in an address": answer(
        b"", "Location: /a?jeton=a1b2c3d4e5f6&l=fr", status="302 Found"
    ),
    "signs that are obeyed": answer(b"abc", "Server: a\x85b\xa0c", "X-Powered-By: \xe9"),
    "fields without end": answer(b"abc", *(f"X-{n}: {n}" for n in range(80)), "Via: " + "v" * 900),
    "HTTP/1.0 with chunks": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked(PAGE),
    "status without a reason": b"HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n",
    "too long": answer(b"x" * 5_000_001),
    "too long, in chunks": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + chunked(b"x" * 5_000_100, 9_000),
}
OTHERS = {
    "br": answer(brotli.compress(PAGE), "Content-Encoding: br"),
    "zstd": answer(zstandard.compress(PAGE), "Content-Encoding: zstd"),
    "gzip of br": answer(gzip.compress(brotli.compress(PAGE)), "Content-Encoding: br, gzip"),
}


def step_of(exchange: Exchange) -> dict[str, Any]:
    """Return what the service keeps of an answer's head."""
    met = MET.dump_python(conditions_of(exchange), mode="json", exclude_defaults=True)
    names = ("status", "http_version", "headers", "other_headers")
    return {name: met["steps"][-1][name] for name in names if name in met["steps"][-1]}


def compare(exchange: Exchange) -> None:
    """See that the verifier reads from the bytes what the service read."""
    data = exchange.hops[-1].response_bytes
    if exchange.hops[-1].status is None:
        assert not exchange.body
        return
    head = verifier().Answer(data)
    assert head.step() == step_of(exchange)
    body, how = head.body(data)
    if exchange.failure is None:
        assert (body, how) == (exchange.body, "whole")
    elif how == "whole":
        assert body.startswith(exchange.body)
    else:
        assert body.startswith(exchange.body) or exchange.body.startswith(body)


@pytest.mark.parametrize("name", [*ANSWERS, *ODD])
def test_an_answer_that_came_over_a_socket_is_read_as_the_service_did(name: str) -> None:
    exchange = asyncio.run(fetched({**ANSWERS, **ODD}[name]))

    compare(exchange)
    data = exchange.hops[-1].response_bytes
    if exchange.hops[-1].status and exchange.failure is not Failure.INVALID_RESPONSE:
        # And no less of it, broken as it may be: our parser alone stops where it is no HTTP.
        assert verifier().Answer(data).body(data)[0] == exchange.body


@pytest.mark.parametrize("name", OTHERS)
def test_a_coding_that_python_alone_cannot_undo_is_said(name: str) -> None:
    head = verifier().Answer(OTHERS[name])

    assert head.body(OTHERS[name]) == (b"", "unknown")


def test_a_bomb_is_undone_no_further_than_the_service_does() -> None:
    data = ODD["a bomb in a bomb"]

    assert len(verifier().Answer(data).body(data)[0]) == 5_000_000


@pytest.mark.parametrize("seed", range(40))
def test_answers_that_are_broken_anywhere_are_read_alike(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 -- a test's dice
    every = [data for data in {**ANSWERS, **ODD}.values() if len(data) < 20_000]
    for _ in range(40):
        data = bytearray(draw.choice(every))
        for _ in range(draw.randrange(4)):
            place = draw.randrange(len(data))
            data[place : place + draw.randrange(3)] = draw.randbytes(draw.randrange(3))
        exchange = spoken(outcomes.at(0), bytes(data))
        # Failures are no part of the bytes: some of these answers would have had one.
        compare(replace(exchange, failure=Failure.INVALID_RESPONSE))


Leaves = list[dict[str, Any]]


def lived(folder: Path, exchanges: list[Exchange], *, ok: int = 2) -> Leaves:
    """Keep checks that failed, and return their leaves as the service writes them."""
    leaves: Leaves = [
        encode.setup(
            point="local", config_sha256=outcomes.CONFIG, ruleset="2026-11", environment={}
        ),
        encode.target(TARGET),
    ]

    async def keep() -> None:
        captures = Captures(folder, software="essai/1", clock_limit_us=0)
        for rank, exchange in enumerate(exchanges):
            when = outcomes.at(rank)
            judgement = replace(DEAD, verdict=Verdict.UNKNOWN)
            made = outcomes.observation("cible", when, judgement, exchange=exchange)
            heard = ControlAnswer(
                slug="www.example.test", family=Family.IPV4, said=ControlStatus.PROMPT,
                after_us=3, duration_us=20_000, address="192.0.2.9",
            )  # fmt: skip
            round_ = replace(panel(when, ok=ok), witnesses=(heard,))
            seen = replace(made, controls=round_)
            *_, kept = await captures.keep(TARGET, seen, known_good=True, in_outage=False)
            check = check_of(seen)
            assert check.controls is not None
            here = len(leaves)
            leaves.extend([encode.conditions(check.conditions), encode.panel(check.controls)])
            leaves.append(
                encode.observation(check, setup=0, conditions=here, panel=here + 1, plan=1)
            )
            leaves.append(encode.capture(kept))

    asyncio.run(keep())
    return leaves


def met_everything(data: bytes) -> Exchange:
    """Return an exchange with one of everything that a check may meet."""
    exchange = spoken(outcomes.at(0), data, url=TARGET.url)
    first = replace(
        exchange.hops[0],
        url=TARGET.url,
        attempts=(
            Attempt(address="192.0.2.8", elapsed_us=3, failure=Failure.CONNECTION_REFUSED,
                    offender="192.0.2.254"),
        ),
        resolution=Resolution(
            host="site.test", server="192.0.2.53", addresses=("192.0.2.8", "192.0.2.1"),
            elapsed_us=2, second="192.0.2.54",
        ),
        certificate=outcomes.hop(outcomes.at(0)).certificate,
        tls_version="TLSv1.3",
        phases_us={Phase.RESOLVE: 3, Phase.CONNECT: 4},
    )  # fmt: skip
    moved = replace(first, url=f"{TARGET.url}?jeton=0123456789abcdef", phases_us={Phase.RESOLVE: 5})
    second = SecondLook(resolver="192.0.2.54", addresses=("192.0.2.8", "192.0.2.1"),
                        verdict=Verdict.UP, reason=Reason.OK)  # fmt: skip
    part = spoken(outcomes.at(0), ANSWERS["plain"], url=f"{TARGET.url}a.js?v=0123456789abcdef")
    other = spoken(outcomes.at(0), ANSWERS["plain"], url=f"{TARGET.url}b.js")
    broken = replace(other, failure=Failure.TRUNCATED, phase=Phase.TRANSFER)
    return replace(
        exchange, hops=(first, moved), detail="Erreur\x1b[31m : /?jeton=0123456789abcdef",
        parts=(part, broken), second=second, stalled_us=700_000,
    )  # fmt: skip


def packed(folder: Path, leaves: Leaves) -> Path:
    return signed(folder, [json.loads(canonical(leaf)) for leaf in leaves])


def test_what_the_service_writes_of_every_answer_is_accepted(tmp_path: Path) -> None:
    broken = ODD["chunks broken"]  # which has a failure of its own
    every = [data for data in (*ANSWERS.values(), *ODD.values()) if len(data) < 100_000]
    every.remove(broken)
    exchanges = [
        replace(spoken(outcomes.at(0), data, url=TARGET.url), failure=failure, phase=phase)
        for data in [*every, b"HTTP/1.1 2", b"junk"]
        for failure, phase in ((None, None), (Failure.TRUNCATED, Phase.TRANSFER))
    ]
    exchanges += [met_everything(data) for data in every]
    noted = spoken(outcomes.at(0), broken, url=TARGET.url)
    exchanges.append(replace(noted, failure=Failure.INVALID_RESPONSE, phase=Phase.TRANSFER))
    exchanges += [spoken(outcomes.at(0), data, url=TARGET.url) for data in OTHERS.values()]
    folder = tmp_path / "copie"

    code, output = run_verifier(packed(folder, lived(folder / "captures", exchanges)))

    assert code == 0, output
    assert f"PRIS SUR PAROLE {len(OTHERS)} corps compressés en br ou en zstd" in output
    assert "dont les feuilles ne disent pas tout" not in output


def test_a_body_of_which_the_service_read_no_more_than_a_part_is_accepted(tmp_path: Path) -> None:
    """It gives up a decompression that takes too long: the beginning of the body is noted."""
    whole = spoken(outcomes.at(0), ANSWERS["gzip in chunks"], url=TARGET.url)
    stopped = replace(whole, body=whole.body[:100], failure=Failure.TOO_LARGE, phase=Phase.TRANSFER)
    folder = tmp_path / "copie"

    code, output = run_verifier(packed(folder, lived(folder / "captures", [whole, stopped])))

    assert code == 0, output


Change = Callable[[dict[str, Any]], object]


def put(*path: str | int, value: object) -> Change:
    """Return what puts a value deep into a leaf."""

    def change(leaf: dict[str, Any]) -> None:
        place: Any = leaf
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value

    return change


FORGED: dict[str, tuple[str, Change, str]] = {
    "another body": ("observation", put("body", "sha256", value="ab" * 32), "le corps"),
    "a shorter body": ("observation", put("body", "bytes", value=3), "le corps"),
    "no body": ("observation", lambda leaf: leaf.pop("body"), "le corps"),
    "another error": ("observation", put("detail", value="autre"), "dit detail"),
    "no error": ("observation", lambda leaf: leaf.pop("detail"), "dit detail"),
    "another time": ("observation", put("phases_us", "resolve", value=1), "dit phases_us"),
    "other conditions": ("observation", put("conditions", value=0), "n’est pas de type conditions"),
    "another panel": ("observation", put("controls", "panel", value=0), "n’est pas de type panel"),
    "conditions to come": ("observation", put("conditions", value=9), "n’est pas de type"),
    "another status": ("conditions", put("met", "steps", 1, "status", value=503), "dit steps"),
    "another server": ("conditions", put("met", "steps", 0, "headers", value=[]), "dit steps"),
    "a failure": ("conditions", put("met", "failure", value="truncated"), "dit failure"),
    "another peer": ("conditions", put("met", "steps", 0, "address", value="::1"), "dit steps"),
    "no certificate": (
        "conditions", lambda leaf: leaf["met"]["steps"][0].pop("certificate"), "dit steps",
    ),
    "a field of its own": ("conditions", put("met", "autre", value=1), "dit autre"),
    "another part": ("conditions", put("met", "parts", 0, "status", value=500), "dit parts"),
    "no second look": ("conditions", lambda leaf: leaf["met"].pop("second"), "dit second"),
    "a line that worked": ("panel", put("ok", value=0), "dit ok"),
    "a host that answered": ("panel", put("answers", value={}), "dit answers"),
    "another word": ("panel", put("witnesses", 0, "said", value="failed"), "dit witnesses"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_what_a_copy_denies_is_refused(name: str, tmp_path: Path) -> None:
    kind, change, word = FORGED[name]
    folder = tmp_path / "copie"
    leaves = json.loads(
        json.dumps(lived(folder / "captures", [met_everything(ANSWERS["gzip in chunks"])]))
    )
    for leaf in leaves:
        if leaf["type"] == kind:
            change(leaf)

    code, output = run_verifier(packed(folder, leaves))

    assert code == 1, output
    assert word in output


def test_the_copy_of_another_day_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "copie"
    leaves = lived(folder / "captures", [met_everything(ANSWERS["plain"])])
    file = min((folder / "captures").iterdir())
    file.rename(file.with_name("2026-11-22.warc.gz"))
    leaves[-1]["file"] = "2026-11-22.warc.gz"

    code, output = run_verifier(packed(folder, leaves))

    assert code == 1
    assert "n’est pas dans le fichier de son jour" in output


def test_the_same_words_are_cut_and_masked_as_by_the_service() -> None:
    ours = verifier()
    assert ours.KEPT_HEADERS == KEPT_HEADERS
    draw = random.Random(1)  # noqa: S311 -- a test's dice
    signs = "a1?&;=#…\u200e\u2028\x00\x1b\x85\xa0\ud800%é\n😀".replace("…", "~._-")
    for _ in range(3_000):
        text = "".join(draw.choice(signs) for _ in range(draw.randrange(40)))
        limit = draw.randrange(1, 40)
        assert ours.clean(text, limit) == clean(text, limit)
        assert ours.without_tokens(clean(text)) == without_tokens(clean(text))


def test_a_leaf_that_does_not_say_all_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "copie"
    leaves = lived(folder / "captures", [met_everything(ANSWERS["plain"])])
    for name in ("rule", "conditions"):
        leaves[4].pop(name)

    code, output = run_verifier(packed(folder, leaves))

    assert code == 0, output
    assert "PRIS SUR PAROLE 1 relevé dont la feuille ne dit pas tout" in output


def test_an_account_that_cannot_be_read_names_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "copie"
    folder.mkdir()
    leaves = [json.loads(leaf) for leaf in asyncio.run(mirror.captured(folder / "captures"))]
    for leaf in leaves:
        if leaf["type"] == "capture":
            leaf["at"] = [leaf["at"]]

    code, output = run_verifier(signed(folder, leaves))

    assert code == 1
    assert "Traceback" not in output
