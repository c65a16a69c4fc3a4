"""Content codings and character sets, as browsers understand them."""

import gzip
import os
import time
import zlib
from threading import current_thread
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.model import Exchange, Failure
from monitor.core.text.charset import charset_of
from monitor.fetch import bodies, text
from monitor.fetch.bodies import decode, is_light
from tests.support import sites
from tests.support.clock import FakeClock
from tests.support.fetching import fetch
from tests.support.sites import answer

PAGE = "<p>Préfecture de la Côte-d’Or, démarches des étrangers.</p>".encode() * 400
LIMIT = 100_000


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


CODINGS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("coding", CODINGS)
def test_a_coding_is_undone(coding: str) -> None:
    assert decode(CODINGS[coding](PAGE), coding.upper(), limit=LIMIT) == (PAGE, None)


def test_deflate_without_its_wrapper_is_undone() -> None:
    assert decode(raw_deflate(PAGE), "deflate", limit=LIMIT) == (PAGE, None)


def test_codings_are_undone_from_the_last() -> None:
    body = brotli.compress(gzip.compress(PAGE))
    assert decode(body, "gzip, br", limit=LIMIT) == (PAGE, None)


@pytest.mark.parametrize("codings", ["", "identity", "utf-8", "none", "aws-chunked"])
def test_an_unknown_coding_is_none(codings: str) -> None:
    assert decode(PAGE, codings, limit=LIMIT) == (PAGE, None)


@pytest.mark.parametrize("coding", CODINGS)
def test_nothing_is_nothing_in_every_coding(coding: str) -> None:
    assert decode(b"", coding, limit=LIMIT) == (b"", None)


def test_every_member_of_a_gzip_counts_and_what_follows_does_not() -> None:
    body = gzip.compress(b"un ") + gzip.compress(b"deux") + b"\0\0\0"
    assert decode(body, "gzip", limit=LIMIT) == (b"un deux", None)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_cut_short_does_not_decode(coding: str) -> None:
    whole = CODINGS[coding](os.urandom(30_000))
    for cut in (1, 10, len(whole) // 2, len(whole) - 12):  # not only the checksum is missing
        body, failure = decode(whole[:cut], coding, limit=LIMIT)
        assert failure is Failure.INVALID_ENCODING, cut
        assert len(body) <= 30_000


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_is_cut_at_the_limit(coding: str) -> None:
    body, failure = decode(CODINGS[coding](bytes(5_000_000)), coding, limit=LIMIT)
    assert (len(body), failure) == (LIMIT, Failure.TOO_LARGE)


def test_a_body_of_exactly_the_limit_is_whole() -> None:
    for coding, compress in CODINGS.items():
        assert decode(compress(bytes(LIMIT)), coding, limit=LIMIT) == (bytes(LIMIT), None)


EMPTY = {"gzip": gzip.compress(b""), "zstd": zstandard.compress(b"")}


@pytest.mark.parametrize("coding", EMPTY)
@pytest.mark.parametrize("outer", ["", "gzip", "zstd", "br", "deflate"])
def test_members_without_end_cost_little(coding: str, outer: str) -> None:
    """Some kilobytes held 238,000 members, each of which was a copy of all that followed it."""
    many = EMPTY[coding] * (4_700_000 // len(EMPTY[coding]))
    body = CODINGS[outer](many) if outer else many
    begun = time.process_time()
    decoded, failure = decode(body, f"{coding}, {outer}", limit=5_000_000)
    assert time.process_time() - begun < 2
    assert (decoded, failure) == (b"", Failure.TOO_LARGE)


@pytest.mark.parametrize("coding", EMPTY)
def test_an_honest_number_of_members_is_read_and_the_last_may_be_empty(coding: str) -> None:
    parts = [PAGE[at : at + 300] for at in range(0, len(PAGE), 300)]
    body = b"".join(map(CODINGS[coding], parts)) + EMPTY[coding]
    assert len(parts) > 50
    assert decode(body, coding, limit=LIMIT) == (PAGE, None)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", [1, 127, 128, 129, 65_535, 65_536, 65_537, 200_000])
def test_a_body_is_whole_wherever_its_slices_end(coding: str, size: int) -> None:
    for body in (os.urandom(size), bytes(size)):
        assert decode(CODINGS[coding](body), coding, limit=200_000) == (body, None)
        halves = CODINGS[coding](body) + CODINGS[coding](b"x")
        if coding in {"gzip", "zstd"}:
            assert decode(halves, coding, limit=200_001) == (body + b"x", None)


def test_work_that_is_no_longer_wanted_ends_soon() -> None:
    asked = 0

    def going() -> bool:
        nonlocal asked
        asked += 1
        return asked < 3

    body, failure = decode(gzip.compress(bytes(4_000_000)), "gzip", limit=5_000_000, going=going)
    assert failure is Failure.TOO_LARGE
    assert len(body) < 300_000


@pytest.mark.anyio
async def test_the_loop_answers_while_a_long_body_is_decoded() -> None:
    """Others' probes go on: each is measured by this very loop."""
    long = gzip.compress(zlib.compress(os.urandom(40) * 100_000)) * 30
    codings = "deflate, gzip"
    assert not is_light(long, codings)
    site_of = sites.says(answer(long, f"Content-Encoding: {codings}"))
    threads: list[str] = []
    real = bodies._collect

    def seen(*given: Any) -> tuple[bytes, Failure | None]:
        threads.append(current_thread().name)
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bodies, "_collect", seen)
        async with sites.site(site_of) as site:
            await fetch(site.url())
    assert threads
    assert all(name.startswith("foreign") for name in threads)


def test_too_many_codings_are_refused() -> None:
    assert decode(b"x", "gzip,gzip,gzip,gzip", limit=LIMIT)[1] is Failure.INVALID_ENCODING


def test_a_zstd_window_over_what_the_web_allows_is_refused() -> None:
    wide = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27)
    ).compressobj()
    body = wide.compress(b"x") + wide.flush()
    assert decode(body, "zstd", limit=LIMIT)[1] is Failure.INVALID_ENCODING


@given(st.binary(max_size=200), st.sampled_from(sorted(CODINGS)))
@settings(max_examples=60)
def test_garbage_never_raises(body: bytes, coding: str) -> None:
    decoded, _ = decode(body, coding, limit=1000)
    assert len(decoded) <= 1000


HTML = "text/html"


@pytest.mark.parametrize(
    ("body", "content_type", "charset"),
    [
        (b"\xef\xbb\xbfa", "text/html; charset=iso-8859-1", "utf-8"),
        (b"\xff\xfea\0", HTML, "utf-16-le"),
        (b"\xfe\xff\0a", "", "utf-16-be"),
        (b"a", "text/html; charset=UTF-8", "utf-8"),
        (b"a", "text/html;charset='utf8'", "utf-8"),
        (b"\xe9", "text/html; charset=ISO-8859-1", "windows-1252"),
        (b"\xe9", "text/html; charset=us-ascii", "windows-1252"),
        (b"\xa4", "text/html; charset=iso-8859-15", "iso8859-15"),
        (b'<meta charset="utf-8">\xe9', HTML, "utf-8"),
        (b'<META http-equiv=x content="text/html; charset=latin1">\xe9', HTML, "windows-1252"),
        (b'<meta charset="utf-16">', HTML, "utf-8"),
        (b'<!-- <meta charset="utf-8"> -->\xe9', HTML, "windows-1252"),
        (b" " * 1024 + b'<meta charset="iso-8859-15">', HTML, "utf-8"),
        (b'<?xml version="1.0" encoding="iso-8859-1"?>\xe9', "application/xml", "windows-1252"),
        ("é".encode(), HTML, "utf-8"),
        (b"\xe9t\xe9", HTML, "windows-1252"),
        (b"{}", "application/problem+json", "utf-8"),
        (b"a", "", "utf-8"),
        (b"a\0", "", ""),
        (b"%PDF", "application/pdf", ""),
        (b"", HTML, ""),
    ],
)
def test_the_encoding_is_found_as_browsers_do(body: bytes, content_type: str, charset: str) -> None:
    assert charset_of(body, content_type) == charset


@pytest.mark.parametrize(
    "label", ["klingon", "rot13", "utf-7", "idna", "unicode_escape", "zip", "", "a" * 500, "é"]
)
def test_an_encoding_that_is_none_is_not_believed(label: str) -> None:
    assert charset_of(b"\xe9t\xe9", f"text/html; charset={label}") == "windows-1252"
    page = b'<meta charset="' + label.encode() + b'">\xe9'
    assert charset_of(page, HTML) == "windows-1252"


@given(st.binary(max_size=300), st.text(max_size=60))
@settings(max_examples=100)
def test_text_never_raises(body: bytes, content_type: str) -> None:
    exchange = Exchange(
        url="https://site.test/",
        started_at=FakeClock().now(),
        duration_us=0,
        body=body,
        charset=charset_of(body, content_type),
    )
    assert "\ud800" not in text(exchange)
