"""Answers as servers write them on the wire: what a browser shows of each, and what we must say.

Each case is one connection: the bytes that the server sends, and how it ends. `shown` was looked
at in Chromium; `python -m tests.corpus.in_chromium` looks again.
"""

import gzip
import zlib
from dataclasses import dataclass

import brotli
import zstandard

from monitor.core.model import Reason, Verdict

PAGE = (
    "<!DOCTYPE html><html lang='fr'><head><meta charset='utf-8'><title>Titres de séjour</title>"
    "</head><body><main><h1>Titres de séjour</h1><p>Les demandes de renouvellement se font en "
    "ligne, entre le cent vingtième et le soixantième jour avant la fin du titre. Préparez une "
    "photographie, un justificatif de domicile et votre passeport.</p></main></body></html>\n"
).encode()
HALF = PAGE[: len(PAGE) // 2]
UP = (Verdict.UP, Reason.OK)
OK = b"HTTP/1.1 200 OK\r\n"
HTML = b"Content-Type: text/html; charset=utf-8\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(PAGE)
REST = HTML + LENGTH + b"\r\n" + PAGE
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One answer.

    Attributes:
        why: What is odd.
        said: The verdict and the reason.
        shown: Whether a browser shows the page.
        reset: Whether the connection ends by a RST.

    """

    why: str
    data: bytes
    said: tuple[Verdict, Reason] = UP
    shown: bool = True
    reset: bool = False


def head(*lines: bytes) -> bytes:
    """Return an answer's head with a length, and some odd lines."""
    return OK + HTML + b"".join(line + b"\r\n" for line in lines)


def chunks(*pieces: bytes, size: bytes = b"%x", end: bytes = b"\r\n") -> bytes:
    return b"".join((size % len(piece)) + end + piece + end for piece in pieces)


def lines(name: str, *odd: bytes) -> dict[str, Wire]:
    return {
        f"{name} {number}": Wire(why=repr(line), data=head(line) + LENGTH + b"\r\n" + PAGE)
        for number, line in enumerate(odd, start=1)
    }


def bodies(name: str, headers: bytes, *odd: bytes) -> dict[str, Wire]:
    return {
        f"{name} {number}": Wire(why=repr(data[:40]), data=OK + HTML + headers + b"\r\n" + data)
        for number, data in enumerate(odd, start=1)
    }


def compressed(coding: bytes, data: bytes) -> bytes:
    return (
        OK
        + HTML
        + b"Content-Encoding: "
        + coding
        + b"\r\n"
        + (b"Content-Length: %d\r\n\r\n" % len(data))
        + data
    )


A, B = PAGE[:100], PAGE[100:]
GZIP = gzip.compress(PAGE)
DEFLATE = zlib.compress(PAGE)


def _flushed() -> bytes:
    stream = zlib.compressobj(wbits=31)
    return stream.compress(PAGE) + stream.flush(zlib.Z_SYNC_FLUSH)


WIRE: dict[str, Wire] = {
    **lines(
        "header line",
        b"X-Powered-By : PHP",
        b"X-Powered-By\t: PHP",
        b"Server:",
        b"no colon at all",
        b": no name",
        b"X Two Words: a",
        b"X-\xe9t\xe9: oui",
        b"X-Note: caf\xc3\xa9 \xff",
        b"X-Folded: one\r\n two\r\n\tthree",
        b'X-Quote": a',
        b"X(comment): a",
        b"<!-- a comment of a script -->",
        b"HTTP/1.1 200 OK",
        b"X-Ctrl: a\x01b",
        b"X: " + b"a" * 20_000,
    ),
    **{
        f"status line {number}": Wire(
            why=repr(line), data=line + b"\r\n" + HTML + LENGTH + b"\r\n" + PAGE
        )
        for number, line in enumerate(
            (
                b"HTTP/1.1 200",
                b"HTTP/1.1  200  OK",
                b"http/1.1 200 OK",
                b"HTTP/1.1 200OK",
                b"HTTP/1 200 OK",
                b"HTTP/2 200 OK",
                b"HTTP/2.0 200 OK",
                b"HTTP/1.1 OK",
                b"HTTP/1.1",
                b"HTTP/01.1 200 OK",
                b"\r\nHTTP/1.1 200 OK",
                b"HTTP/1.1 200 \xe9t\xe9",
            ),
            start=1,
        )
    },
    **{
        f"line ends {number}": Wire(why=why, data=data)
        for number, (why, data) in enumerate(
            (
                ("LF alone", (OK + HTML + LENGTH + b"\r\n").replace(b"\r", b"") + PAGE),
                ("LF in the middle", OK + HTML.replace(b"\r", b"") + LENGTH + b"\r\n" + PAGE),
                ("CR CR LF", OK.replace(b"\r", b"\r\r") + HTML + LENGTH + b"\r\n" + PAGE),
                ("CR alone", OK + b"X-A: 1\rX-B: 2\r\n" + HTML + LENGTH + b"\r\n" + PAGE),
            ),
            start=1,
        )
    },
    **bodies("length", b"Content-Length: \r\n", PAGE),
    **bodies("length that is a word", b"Content-Length: unknown\r\n", PAGE),
    **bodies("length with a unit", b"Content-Length: %d bytes\r\n" % len(PAGE), PAGE),
    **bodies("length below zero", b"Content-Length: -1\r\n", PAGE),
    **bodies("length with a sign", b"Content-Length: +%d\r\n" % len(PAGE), PAGE),
    **bodies("length twice, alike", LENGTH + LENGTH, PAGE),
    **bodies("length list", b"Content-Length: %d, %d\r\n" % (len(PAGE), len(PAGE)), PAGE),
    **bodies("length with a fraction", b"Content-Length: %d.0\r\n" % len(PAGE), PAGE),
    **bodies("length too long, whole page", b"Content-Length: %d\r\n" % (len(PAGE) + 10), PAGE),
    **bodies("length and more bytes", LENGTH, PAGE + b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "two lengths that differ": Wire(
        why="browsers refuse: a split answer",
        data=OK + HTML + LENGTH + b"Content-Length: 7\r\n\r\n" + PAGE,
        said=(Verdict.DOWN, Reason.INVALID_RESPONSE),
        shown=False,
    ),
    "cut in the middle": Wire(
        why="half of the text never came",
        data=OK + HTML + LENGTH + b"\r\n" + HALF,
        said=(Verdict.DOWN, Reason.TRUNCATED),
        shown=False,
    ),
    **bodies("transfer coding, identity", b"Transfer-Encoding: identity\r\n", PAGE),
    **bodies("transfer coding, unknown", b"Transfer-Encoding: x-odd\r\n", PAGE),
    **bodies("transfer coding, empty", b"Transfer-Encoding: \r\n" + LENGTH, PAGE),
    **bodies("coding twice", CHUNKED + CHUNKED, chunks(A, B, b"")),
    **bodies("coding and length", CHUNKED + b"Content-Length: 5\r\n", chunks(A, B, b"")),
    **bodies("coding in capitals", b"Transfer-Encoding: Chunked\r\n", chunks(A, B, b"")),
    **bodies("coding list", b"Transfer-Encoding: identity, chunked\r\n", chunks(A, B, b"")),
    **bodies(
        "chunks",
        CHUNKED,
        chunks(A, B, b"", size=b"%x  "),
        chunks(A, B, b"", size=b"%X"),
        chunks(A, B, b"", size=b"00000%x"),
        chunks(A, B, b"", size=b"%x;name=value"),
        chunks(A, B, b"", size=b"%x ; name"),
        chunks(A, B, b"", end=b"\n"),
        chunks(A, B) + b"0\r\n",
        chunks(A, B),
        chunks(A, B) + b"0\r\nX-Trailer: 1\r\n\r\n",
        chunks(A, B) + b"0\r\nnot a trailer\r\n\r\n",
        chunks(A, B) + b"0\r\n\r\nmore",
    ),
    **{
        f"chunks that break {number}": Wire(
            why="shown, or not, as the pieces arrive",
            data=OK + HTML + CHUNKED + b"\r\n" + chunks(A, B) + end,
            said=(Verdict.UNKNOWN, Reason.INVALID_RESPONSE),
            shown=False,
        )
        for number, end in enumerate((b"zz\r\n", b"\r\n0\r\n\r\n", b"-1\r\n\r\n"), start=1)
    },
    "not chunked at all": Wire(
        why="the body is announced in chunks and is none",
        data=OK + HTML + CHUNKED + b"\r\n" + PAGE,
        said=(Verdict.DOWN, Reason.INVALID_RESPONSE),
        shown=False,
    ),
    "chunks cut in the middle": Wire(
        why="half of the text never came",
        data=OK + HTML + CHUNKED + b"\r\n" + chunks(HALF),
        said=(Verdict.DOWN, Reason.TRUNCATED),
        shown=False,
    ),
    "HTTP/1.0 has no chunks": Wire(
        why="the size lines are text on the page",
        data=b"HTTP/1.0 200 OK\r\n" + HTML + CHUNKED + b"\r\n" + chunks(A, B, b""),
    ),
    "reset after the page": Wire(why="unframed", data=OK + HTML + b"\r\n" + PAGE, reset=True),
    "reset after a page in chunks": Wire(
        why="no last chunk", data=OK + HTML + CHUNKED + b"\r\n" + chunks(A, B), reset=True
    ),
    "reset before the announced end": Wire(
        why="a length of ten more",
        data=OK + HTML + b"Content-Length: %d\r\n\r\n" % (len(PAGE) + 10) + PAGE,
        reset=True,
    ),
    "reset after a page and a comment": Wire(
        why="unframed", data=OK + HTML + b"\r\n" + PAGE + b"<!-- cached -->\n", reset=True
    ),
    "reset in the middle": Wire(
        why="half of the text never came",
        data=OK + HTML + b"\r\n" + HALF,
        reset=True,
        said=(Verdict.DOWN, Reason.CONNECTION_RESET),
        shown=False,
    ),
    "early answers": Wire(
        why="103 before",
        data=b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2
        + OK
        + HTML
        + LENGTH
        + b"\r\n"
        + PAGE,
    ),
    "gzip without its trailer": Wire(why="8 bytes short", data=compressed(b"gzip", GZIP[:-8])),
    "gzip with half of its trailer": Wire(why="4 short", data=compressed(b"gzip", GZIP[:-4])),
    "gzip with a false checksum": Wire(
        why="CRC", data=compressed(b"gzip", GZIP[:-8] + b"\x00" * 8)
    ),
    "gzip without its last block": Wire(why="flushed", data=compressed(b"gzip", _flushed())),
    "gzip and more": Wire(why="padding", data=compressed(b"gzip", GZIP + b"\x00" * 20)),
    "deflate without its checksum": Wire(why="4 short", data=compressed(b"deflate", DEFLATE[:-4])),
    "deflate with a false checksum": Wire(
        why="Chromium alone compares Adler-32: the text is whole",
        data=compressed(b"deflate", DEFLATE[:-4] + b"\x00" * 4),
        shown=False,
    ),
    "deflate and more": Wire(why="padding", data=compressed(b"deflate", DEFLATE + b"\x00" * 20)),
    "raw deflate and more": Wire(
        why="padding, which Chromium takes for a checksum: the text is whole",
        data=compressed(b"deflate", DEFLATE[2:-4] + b"\x00" * 20),
        shown=False,
    ),
    "deflate cut in the middle": Wire(
        why="half of the text never came",
        data=compressed(b"deflate", zlib.compress(PAGE, 0)[: len(HALF)]),
        said=(Verdict.DOWN, Reason.INVALID_ENCODING),
        shown=False,
    ),
    **{
        f"{name} without its coding": Wire(
            why="bytes that are no text",
            data=OK + HTML + b"Content-Length: %d\r\n\r\n" % len(data) + data,
            said=(Verdict.DOWN, Reason.NOT_A_PAGE),
            shown=False,
        )
        for name, data in (
            ("gzip", GZIP),
            ("deflate", DEFLATE),
            ("brotli", brotli.compress(PAGE)),
            ("zstd", zstandard.compress(PAGE)),
        )
    },
    "raw deflate": Wire(why="no wrapper", data=compressed(b"deflate", DEFLATE[2:-4])),
    "x-gzip": Wire(why="old name", data=compressed(b"x-gzip", GZIP)),
    "GZIP": Wire(why="capitals", data=compressed(b"GZIP", GZIP)),
    "unknown coding": Wire(why="passed through", data=compressed(b"utf-8", PAGE)),
    "coding none": Wire(why="passed through", data=compressed(b"none", PAGE)),
    "gzip cut in the middle": Wire(
        why="half of the text never came",
        data=compressed(b"gzip", gzip.compress(PAGE, 0)[: len(HALF)]),
        said=(Verdict.DOWN, Reason.INVALID_ENCODING),
        shown=False,
    ),
    "false gzip": Wire(
        why="plain text under a gzip header",
        data=compressed(b"gzip", PAGE),
        said=(Verdict.DOWN, Reason.INVALID_ENCODING),
        shown=False,
    ),
    "brotli": Wire(why="as it should", data=compressed(b"br", brotli.compress(PAGE))),
    "zstd": Wire(why="as it should", data=compressed(b"zstd", zstandard.compress(PAGE))),
    "NUL in a header": Wire(
        why="browsers refuse",
        data=head(b"X-A: a\x00b") + LENGTH + b"\r\n" + PAGE,
        said=(Verdict.DOWN, Reason.INVALID_RESPONSE),
        shown=False,
    ),
    "not HTTP": Wire(
        why="a page without a head, on a port where no browser shows it",
        data=PAGE,
        said=(Verdict.DOWN, Reason.INVALID_RESPONSE),
        shown=False,
    ),
    **{
        f"status {status}": Wire(
            why="RFC 9110 15: to be treated as 5xx",
            data=b"HTTP/1.1 %d Odd\r\n" % status + HTML + LENGTH + b"\r\n" + PAGE,
            said=(Verdict.DOWN, Reason.HTTP_5XX),
        )
        for status in (600, 601, 666, 799, 998)
    },
}
