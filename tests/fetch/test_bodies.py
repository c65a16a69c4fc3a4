"""Content codings and character sets, as browsers understand them."""

import gzip
import os
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.charset import charset_of
from monitor.core.types import Exchange, Failure
from monitor.fetch import text
from monitor.fetch.bodies import decode
from tests.support.clock import FakeClock

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
    for cut in (1, 10, len(whole) // 2, len(whole) - 1):
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
