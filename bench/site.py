"""The watched site: one HTTPS server on many loopback addresses, a process of its own.

It answers every path with one healthy page of 58.8 kB, as in the measures of other tools, and
closes: each check pays for a fresh connection, as a visitor does.
"""

import argparse
import asyncio
import gzip
import ipaddress
import itertools
import ssl
import tempfile
import time
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

PAGE_BYTES = 58_800
BEGAN = time.monotonic()  # noqa: TID251 -- a site
EDITED = b"/page/0"  # the address whose text changes in many places
# Words of which no paragraph is made twice, as on a real page: repeats would compress, and be
# compared, better than what is watched.
_WHO = (
    "Les étudiants",
    "Les salariés",
    "Les parents",
    "Les conjoints",
    "Les réfugiés",
    "Les jeunes",
)
_WHAT = ("déposent", "renouvellent", "retirent", "complètent", "suivent", "modifient", "demandent")
_WHICH = ("leur titre", "leur récépissé", "leur attestation", "leur dossier", "leur visa")
_HOW = (
    "en ligne",
    "au guichet",
    "par courrier",
    "sur rendez-vous",
    "avant l’échéance",
    "à la mairie",
)


def page() -> bytes:
    """Return a healthy page of `PAGE_BYTES` bytes."""
    head = (
        "<!doctype html><html lang='fr'><head><meta charset='utf-8'>"
        "<title>Préfecture d’essai</title></head><body><h1>Étrangers en France</h1>\n"
    ).encode()
    foot = b"</body></html>\n"
    text, number = head, 0
    while len(text) + len(foot) < PAGE_BYTES:
        number += 1
        text += _paragraph(number).encode()
    text = text[: text.rindex(b"<p>")]
    return text.ljust(PAGE_BYTES - len(foot)) + foot


def _paragraph(number: int) -> str:
    """Return another paragraph for each number, with a link."""
    words = [part[number // step % len(part)] for part, step in ((_WHO, 1), (_WHAT, 6))]
    words += [_WHICH[number // 5 % len(_WHICH)], _HOW[number // 7 % len(_HOW)]]
    return (
        f"<p>{' '.join(words)}, rubrique {number} : prévoir {number * 37 % 91 + 2} copies et le "
        f"formulaire {number * 7919 % 9973}. <a href='/demarches/{number}'>Voir la démarche "
        f"{number}</a>.</p>\n"
    )


def changing(body: bytes, request: bytes, *, change_s: int, edits: int) -> bytes:
    """Return the page as it is now: another text for each address every `change_s`.

    That of `EDITED` also holds `edits` paragraphs, of which all change.
    """
    address = request.split(b" ", 2)[1]
    seconds = int(time.monotonic() - BEGAN)  # noqa: TID251 -- a site
    turn = (seconds + zlib.crc32(address) % change_s) // change_s
    if address == EDITED:  # it costs much to read: it changes once
        turn = min(1, seconds // change_s)
    hours = f"de {8 + turn % 3}h30 à {15 + turn % 4}h"
    said = f"<p>La préfecture reçoit {hours}, avis numéro {turn}.</p>\n"
    if address == EDITED:
        said += "".join(
            f"<p>Pièce {number} du dossier : original et copie.</p>\n"
            f"<p>Le guichet numéro {number} délivre le titre {turn} sur rendez-vous.</p>\n"
            for number in range(edits)
        )
    return body.replace(b"</h1>\n", b"</h1>\n" + said.encode(), 1)


def certify(hosts: Sequence[str], *, folder: Path, now: datetime) -> ssl.SSLContext:
    """Write an authority to `ca.pem`; return a server's context for all these addresses.

    The chain is as most are: a key of RSA with 2,048 bits, signed by an intermediate that the
    server sends with it.
    """
    root_key, middle_key, key = (rsa.generate_private_key(65_537, 2_048) for _ in range(3))
    root = _certificate("Bench authority", "Bench authority", key=root_key, now=now)
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
    middle = _certificate("Bench intermediate", "Bench authority", key=middle_key, now=now)
    middle = middle.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    names = [x509.IPAddress(ipaddress.ip_address(host)) for host in hosts]
    leaf = _certificate("Bench site", "Bench intermediate", key=key, now=now)
    leaf = leaf.add_extension(x509.SubjectAlternativeName(names), critical=False)
    sent = b"".join(
        builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)
        for builder, signer in ((leaf, middle_key), (middle, root_key))
    )
    authority = root.sign(root_key, hashes.SHA256()).public_bytes(Encoding.PEM)
    (folder / "ca.pem").write_bytes(authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write(private + sent)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _certificate(
    name: str, issuer: str, *, key: rsa.RSAPrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
    )


async def serve(asked: argparse.Namespace) -> None:
    """Serve until killed. Prints one line once it listens."""
    hosts, change_s = asked.hosts, asked.change
    context = certify(hosts, folder=asked.folder, now=datetime.now(UTC))  # noqa: TID251 -- no core here
    plain = page()
    counter = itertools.count(1_000_000_000)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        status, body = ("200 OK", plain)
        if request.startswith(b"GET /robots.txt "):
            status, body = "404 Not Found", b""
        elif asked.token:
            body = plain.replace(b"<body>", b"<body data-token='%d'>" % next(counter), 1)
        elif change_s:
            body = changing(plain, request, change_s=change_s, edits=asked.edits)
        coding = ""
        if asked.gzip and body:
            body, coding = gzip.compress(body, 6), "Content-Encoding: gzip\r\n"
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n{coding}"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(
        answer, host=hosts, port=asked.port, ssl=context, backlog=1000
    )
    async with server:
        print("listening", flush=True)
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--token", action="store_true", help="each answer differs by ten digits")
    parser.add_argument("--gzip", action="store_true", help="pages are sent compressed")
    parser.add_argument("--change", type=int, default=0, help="seconds between two texts of a page")
    parser.add_argument("--edits", type=int, default=0, help="paragraphs that change with it")
    parser.add_argument("hosts", nargs="+")
    asked = parser.parse_args()
    asyncio.run(serve(asked))


if __name__ == "__main__":
    main()
