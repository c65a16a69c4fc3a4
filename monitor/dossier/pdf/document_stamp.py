"""A time-stamp in a PDF (RFC 3161, PAdES): of the inventory, whose digests date every piece.

One authority is asked after the other, once each. It is sent a digest and nothing else. A token
counts only when its chain leads to a root that the configuration trusts.
"""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import certifi
from asn1crypto import tsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper

from monitor.config import StampAuthority
from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.evidence.outbound_http import OutboundHttp, Unreachable
from monitor.evidence.timestamps.certificate_files import certificates
from monitor.evidence.timestamps.rfc3161 import MAX_ANSWER_BYTES, StampRefused, check_token
from monitor.runtime.clock import Clock

DEADLINE_S: Final = 20.0
MOST_SKEW: Final = timedelta(minutes=5)  # between the authority's clock and ours
_RESERVED: Final = 32_000  # hexadecimal digits for a token: PDF/A has no longer string


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedPdf:
    """A PDF with its time-stamp; `at` is the time that the authority states."""

    pdf: bytes
    at: datetime


class DocumentStamper:
    """Has PDFs time-stamped."""

    def __init__(
        self, authorities: Sequence[StampAuthority], courier: OutboundHttp, clock: Clock
    ) -> None:
        self.authorities = authorities
        self._courier = courier
        self._clock = clock

    def stamp(self, pdf: bytes, authority: StampAuthority) -> StampedPdf | str:
        """Return the PDF with the time-stamp of an authority, or why there is none."""
        try:
            with reading("answer", known=(Unreachable,)):
                stamped = asyncio.run(self._stamped(pdf, authority))
                token, signed = _token_in(stamped)
            pem = (
                authority.roots.encode() if authority.roots else Path(certifi.where()).read_bytes()
            )
            checked = check_token(token, signed, roots=certificates(pem))
        except (Unreachable, Unreadable, StampRefused) as error:
            return str(error)
        if not checked.verified:
            return "no root that is trusted"
        if abs(checked.at - self._clock.now()) > MOST_SKEW:
            return "not of this time"
        return StampedPdf(pdf=stamped, at=checked.at)

    async def _stamped(self, pdf: bytes, authority: StampAuthority) -> bytes:
        # What is added must begin on a line of its own: PDF/A says so, and typst ends without one.
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf + b"\n"))
        asking = _Asking(self._courier, authority.url)
        out: io.BytesIO = await PdfTimeStamper(asking).async_timestamp_pdf(
            writer, "sha256", bytes_reserved=_RESERVED
        )
        return out.getvalue()


class _Asking(TimeStamper):
    """Asks an authority through our own client."""

    def __init__(self, courier: OutboundHttp, url: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._courier = courier
        self._url = url

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Send a request of pyhanko, which compares the nonce and the status of the answer."""
        reply = await self._courier.post(
            self._url,
            req.dump(),
            media_type="application/timestamp-query",
            limit_bytes=MAX_ANSWER_BYTES,
            deadline_s=DEADLINE_S,
        )
        if reply.status != 200:  # noqa: PLR2004 -- RFC 3161, 3.4: an answer comes with 200
            raise Unreachable(f"status {reply.status}")
        return tsp.TimeStampResp.load(reply.body, strict=True)


def _token_in(pdf: bytes) -> tuple[bytes, bytes]:
    """Return the token of a PDF that was just stamped, and the bytes that it is of."""
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_timestamp_signatures
    start, length, resumes, rest = signature.byte_range
    signed = pdf[start : start + length] + pdf[resumes : resumes + rest]
    return bytes(signature.pkcs7_content).rstrip(b"\0"), signed
