"""Decoding as browsers do."""

import pytest

from monitor.core.text.charset import decode


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
