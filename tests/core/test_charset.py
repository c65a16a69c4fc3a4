"""Decoding as browsers do."""

import pytest

from monitor.core.text.charset import charset_of, decode


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("é".encode(), None),
        ("é".encode(), "utf-8"),
        ("é".encode("cp1252"), "text/html; charset=ISO-8859-1"),
        ("é".encode("cp1252"), None),
        (b'<meta charset="windows-1252">' + "é".encode("cp1252"), None),
        (b"\xef\xbb\xbf" + "é".encode(), "iso-8859-1"),
        ("\ufeffé".encode("utf-16-le"), None),
    ],
)
def test_a_letter_is_read_whatever_its_encoding(body: bytes, charset: str | None) -> None:
    """A byte-order mark wins, then the header, then the page, then a guess."""
    assert decode(body, charset=charset).endswith("é")


@pytest.mark.parametrize("name", ["punycode", "idna", "unicode_escape", "base64", "klingon", ""])
def test_a_charset_that_is_none_on_the_web_is_ignored(name: str) -> None:
    assert decode("é".encode(), charset=name) == "é"


def test_bytes_that_do_not_decode_are_replaced() -> None:
    assert decode(b"a\xff", charset="utf-8") == "a\ufffd"


@pytest.mark.parametrize(
    ("body", "content_type", "charset"),
    [
        (b"\xe9", "text/html; charset=ISO-8859-15", "iso8859-15"),
        (b"\xe9", "text/html; charset=klingon", "windows-1252"),
        (b"\xe9", "", "windows-1252"),
        ("é".encode(), "application/ld+json", "utf-8"),
        ("é".encode(), "application/xhtml+xml", "utf-8"),
        (b'<?xml version="1.0" encoding="iso-8859-15"?><a>', "text/xml", "iso8859-15"),
        (b'<meta charset="utf-16">', "text/html", "utf-8"),
        (b'<!-- <meta charset="gbk"> --><meta charset="big5">', "text/html", "big5"),
        (b"\xff\xfea\0", "", "utf-16-le"),
        (b"a\0", "", ""),
        (b"a", "image/png", ""),
        (b"a", "json", ""),
        (b"", "text/html", ""),
    ],
)
def test_a_charset_is_named_for_a_text_alone(body: bytes, content_type: str, charset: str) -> None:
    assert charset_of(body, content_type) == charset
