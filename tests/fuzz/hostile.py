"""What a hostile site and a hostile network send: seeded, without end, mostly almost right."""

import gzip
import random
import struct
import zlib
from collections.abc import Callable

import brotli
import dns.message
import dns.rrset
import zstandard
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtensionOID

from tests.support import certs
from tests.support.certs import IssuedCertificate

_PAGE = (
    "<!doctype html><html lang=fr><head><title>Titre</title></head><body><main><h1>Titre</h1><p>"
    + "Les titres de séjour se demandent en ligne. " * 30
    + "</p><a href='/autre'>Autre</a></main></body></html>"
).encode()
_JSON = b'{"status": "UP", "code": 200, "liste": [1, 2.5, null, {"a": "\\u00e9"}]}'
_ROBOTS = b"User-agent: *\nDisallow: /prive*$\nCrawl-delay: 1\nAllow: /\nSitemap: /s.xml\n"
_SHELL = b"<html><base href='/x/'><script src=a.js></script><link rel=stylesheet href=b.css>"
_ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda body: brotli.compress(body, quality=1),
    "zstd": zstandard.compress,
}


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Change, remove, double or insert some bytes, mostly few."""
    new = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        at = dice.randrange(len(new)) if new else 0
        match dice.randrange(4):
            case 0 if new:
                new[at] = dice.randrange(256)
            case 1 if new:
                del new[at : at + dice.choice((1, 2, 8, 100))]
            case 2:
                new[at:at] = new[at : at + dice.choice((1, 4, 32, 1000))]
            case _:
                new[at:at] = dice.randbytes(dice.choice((1, 2, 5)))
    return bytes(new)


def body(dice: random.Random) -> bytes:  # noqa: PLR0911 -- one a kind
    """Return a page, data, or something that costs much to read."""
    match dice.randrange(12):
        case 0:
            return dice.randbytes(dice.randrange(3_000))
        case 1:
            return b"[" * dice.randrange(500_000)
        case 2:
            return b"<div>" * dice.randrange(200_000)
        case 3:
            return b'{"a":' * dice.randrange(100_000)
        case 4:
            return b"<p>a " + b"0 " * dice.randrange(500_000)
        case 5:
            return b"<script src=/a.js></script>" * dice.randrange(50_000)
        case 6:
            return "\ufdfa".encode() * dice.randrange(300_000)
        case 7:
            return b"<a " + b"x=1 " * dice.randrange(300_000) + b">"
        case 8:
            return b'{"status": ' + b"9" * dice.randrange(10_000) + b"}"
        case _:
            return mutated(dice.choice((_PAGE, _JSON, _SHELL, _ROBOTS)), dice)


def encoded(data: bytes, dice: random.Random) -> tuple[bytes, str]:
    """Return a body and the codings that it claims; some hold members without end."""
    if dice.random() < 0.1:
        name = dice.choice(("gzip", "zstd"))
        data = _ENCODE[name](b"") * dice.randrange(200_000)
        outer = dice.choice(("gzip", "zstd", "br"))
        return _ENCODE[outer](data), f"{name}, {outer}"
    names = [dice.choice(tuple(_ENCODE)) for _ in range(dice.choice((0, 1, 1, 2, 3)))]
    for name in names:
        data = _ENCODE[name](data[:1_000_000])
    if names and dice.random() < 0.5:
        data = mutated(data, dice)
    return data, ", ".join(names)


def answer(dice: random.Random, path: str, elsewhere: str) -> bytes:
    """Return all the bytes of an HTTP answer; `elsewhere` is where some redirects lead."""
    data = mutated(_ROBOTS, dice) if path == "/robots.txt" else body(dice)
    if path.startswith("/aia"):
        data = issuers(dice)
    data, codings = encoded(data, dice)
    # No refusal: it would close the lane for an hour, and end the attack.
    status = dice.choice((200, 200, 200, 200, 302, 404, 500, 503, 103, 999, 204))
    head = [
        f"HTTP/1.1 {status} {dice.choice(('OK', '', 'é', 'x' * 300))}",
        f"Content-Type: {dice.choice(('text/html; charset=utf-8', 'application/json', '', 'x/é'))}",
        f"Date: {dice.choice(('Sat, 28 Nov 2026 23:00:00 GMT', 'x', '99999999999', 'Mon, 1 Jan'))}",
        f"Retry-After: {dice.choice(('1', '-1', '9' * 400, 'Fri, 31 Dec 9999 23:59:59 GMT'))}",
    ]
    if codings:
        head.append(f"Content-Encoding: {codings}")
    if status == 302:
        far = (
            "http://127.0.0.1:22/",
            "http://[64:ff9b::7f00:1]/",
            "//a:８０/",
            "ftp://x/",
            "http://",
        )
        head.append(f"Location: {dice.choice((elsewhere, '/autre', 'x' * 5000, *far))}")
    head += ["a:"] * dice.choice((0, 0, 0, 0, 40_000))
    if dice.random() < 0.3:
        head.append("Transfer-Encoding: chunked")
        size = dice.choice((1, 1, 100, 5_000))
        data = data[: size * 30_000]
        data = b"".join(
            b"%x\r\n%b\r\n" % (len(piece), piece)
            for piece in (data[at : at + size] for at in range(0, len(data), size))
        )
        data += b"0\r\n" + b"a:\r\n" * dice.choice((0, 0, 30_000)) + b"\r\n"
    else:
        head.append(f"Content-Length: {dice.choice((len(data), len(data), 5, '9' * 30, '²'))}")
    whole = "\r\n".join(head).encode("utf-8", "replace") + b"\r\n\r\n" + data
    early = b"HTTP/1.1 100 Continue\r\n\r\n" * dice.choice((0, 0, 0, 1, 30_000))
    if dice.random() < 0.3:
        whole = mutated(whole[:2_000], dice) + whole[2_000:]
    return early + whole


HEAVY_BYTES = 4_900_000  # just below what the service reads of one body
_PIECES = 40  # of a heavy body: each answer has them in another order, hence another text
_WORDS = ("titre", "séjour", "demande", "préfecture", "dossier", "carte", "récépissé", "usager")


def _phrase(dice: random.Random, count: int) -> str:
    return " ".join(f"{dice.choice(_WORDS)}{dice.randrange(10_000)}" for _ in range(count))


_HEAVY: dict[str, Callable[[random.Random], str]] = {
    "paragraphs": lambda dice: f"<p>{_phrase(dice, 12)}</p>",
    "links": lambda dice: f"<p><a href='/{dice.randrange(10**6)}'>{_phrase(dice, 3)}</a></p>",
    "attributes": lambda dice: (
        f"<div class='a{dice.randrange(999)} b c' id='i{dice.randrange(99_999)}' title=x "
        f"data-y=z>{_phrase(dice, 2)}</div>"
    ),
    "text": lambda dice: _phrase(dice, 40) + " ",
    "facts": lambda dice: (
        f"<p>Téléphone 01 {dice.randrange(10, 99)} 22 12 {dice.randrange(10, 99)} du lundi au "
        f"vendredi de 9h à 12h30 le 12/03/2024 contact{dice.randrange(999)}@essai.fr</p>"
    ),
    "rows": lambda dice: "<tr>" + f"<td>{_phrase(dice, 1)}</td>" * 6 + "</tr>",
    "nested": lambda dice: "<div>" * 8 + _phrase(dice, 2) + "</div>" * 8,
    "lists": lambda dice: "<ul>" + f"<li>{_phrase(dice, 2)}</li>" * 20 + "</ul>",
    "script": lambda dice: f"<script>var a{dice.randrange(10**6)} = '{_phrase(dice, 9)}';</script>",
    "comments": lambda dice: f"<!-- {_phrase(dice, 9)} --><!-- -- >",
    "data": lambda dice: f'{{"a":{dice.randrange(10**9)},"b":[1,2.5,null],"c":{{"d":"x"}}}},',
    "rules": lambda dice: f"Disallow: /{dice.randrange(10**6)}*a$\n",
}


class HeavyPages:
    """Whole good answers of almost 5 MB, each another one. The pieces are made once."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._pieces: dict[str, list[bytes]] = {}
        for kind, one in _HEAVY.items():
            size = HEAVY_BYTES // _PIECES
            pieces = []
            for _ in range(_PIECES):
                few = [one(dice) for _ in range(50)]
                many = "".join(few * (size // sum(map(len, few)) // 2))
                rest = "".join(one(dice) for _ in range(max(1, size // 2 // len(few[0]))))
                pieces.append((many + rest).encode()[:size])
            self._pieces[kind] = pieces

    def answer(self, dice: random.Random, path: str) -> bytes:
        """Return all the bytes of an answer: robots.txt, data, or a page of one kind."""
        kind = dice.choice([each for each in _HEAVY if each != "rules"])
        if path == "/robots.txt":
            body = b"User-agent: *\n" + b"\n".join(self._shuffled("rules", dice))[:500_000]
            media = "text/plain"
        elif kind == "data":
            body, media = b"[" + b"".join(self._shuffled(kind, dice)) + b"0]", "application/json"
        else:
            body = (
                b"<!doctype html><html><head><title>Titre</title></head><body><main><h1>Titre</h1>"
            )
            body += b"".join(self._shuffled(kind, dice)) + b"</main></body></html>"
            media = "text/html; charset=utf-8"
        coding = ""
        if dice.random() < 0.3:  # level 1: the time of this program is not what is measured
            body, coding = gzip.compress(body, 1), "Content-Encoding: gzip\r\n"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {media}\r\n{coding}Content-Length: {len(body)}"
        return head.encode() + b"\r\n\r\n" + body

    def _shuffled(self, kind: str, dice: random.Random) -> list[bytes]:
        return dice.sample(self._pieces[kind], _PIECES)


def issuers(dice: random.Random) -> bytes:
    """Return what stands where a certificate says that its issuer is."""
    plain = bytes.fromhex("300b06092a864886f70d010701")
    some = (plain, certs.root().der, certs.root().pem, certs.root().pem * 50, b"-----BEGIN", b"")
    return mutated(dice.choice(some), dice)


def leaves(dice: random.Random, hosts: list[str], aia: str, count: int) -> list[IssuedCertificate]:
    """Return certificates: honest ones, some with odd names, most without their issuer."""
    found: list[IssuedCertificate] = []
    for number in range(count):
        above = certs.authority(f"I{number}", issuer=certs.root())
        plain = certs.leaf(above if number % 2 else None, hosts=hosts, aia=aia)
        builder = certs.again(plain.certificate)
        names = dice.choice(
            (
                b"\x30\x04\xa3\x02\x30\x00",
                b"\x30\x06\xa5\x04\xa1\x02\x0c\x00",
                b"\x30\x06\x82\x04\xff\xfe\xc3\x28",
                mutated(b"\x30\x0b\x82\x09site.test", dice),
            )
        )
        oid = ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        odd = builder.add_extension(x509.UnrecognizedExtension(oid, names), critical=False)
        key = above.key if number % 2 else plain.key
        found += [plain, IssuedCertificate(certificate=odd.sign(key, SHA256()), key=plain.key)]
    return found


def dns_answer(query: bytes, dice: random.Random, address: str) -> bytes:
    """Return an answer to a query: right, wrong, mutated, or nothing of the kind."""
    if dice.random() < 0.05:
        return dice.randbytes(dice.randrange(600))
    asked = dns.message.from_wire(query)
    said = dns.message.make_response(asked)
    name, kind = asked.question[0].name, asked.question[0].rdtype
    if kind == 1:
        said.answer.append(dns.rrset.from_text(name, 60, "IN", "A", address))
    if dice.random() < 0.2:
        said.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", name.to_text()))
    wire = said.to_wire()
    return wire if dice.random() < 0.3 else wire[:2] + mutated(wire[2:], dice)


def ntp_answer(query: bytes, dice: random.Random, now_s: float) -> bytes:
    """Return an NTP answer that is almost right: its times, lengths and modes vary."""
    seconds = int(now_s + 2_208_988_800)
    right = struct.pack(
        "!BBbb11I", 0x24, 2, 6, -20, 0, 0, 0, seconds, 0, 0, 0, seconds, 0, seconds, 0
    )
    right = right[:24] + query[40:48] + right[32:]
    return right if dice.random() < 0.3 else mutated(right, dice)
