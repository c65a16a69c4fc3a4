"""The time-stamp of an inventory: who gives it, what is refused, and that it is said."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.config import StampAuthority
from monitor.dossier.pdf.document_blocks import PieceDocument, paragraph
from monitor.dossier.pdf.document_stamp import DocumentStamper, StampedPdf
from monitor.dossier.pdf.pdf_compiler import PageFrame, compile_pdf
from monitor.dossier.pdf.pdf_outline import page_count
from monitor.dossier.pieces.inventory_piece import InventoryStamp, inventory
from monitor.store import Store
from tests.dossier.test_pieces import said
from tests.support import tsa
from tests.support.clock import FakeClock
from tests.support.couriers import FakeCourier, Server
from tests.support.dossiers import QUESTION, MadeRecord

URL = "https://horodatage.example.test/"


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 -- openssl, which stamps, has the machine's clock


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tsa.Authority:
    return tsa.authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def pdf() -> bytes:
    document = PieceDocument(label="A", title="A", subtitle="", blocks=[paragraph("Bonjour.")])
    frame = PageFrame(author="A", subject="A", code="A", position="A", at=now())
    return compile_pdf(document, frame)


def stamped(
    pdf: bytes, authority: tsa.Authority, server: Server | None = None, *, roots: str | None = None
) -> StampedPdf | str:
    pem = authority.root_pem.read_text() if roots is None else roots
    entry = StampAuthority(slug="essai", name="Essai", url=URL, operator="Essai", roots=pem)
    courier = FakeCourier({URL: server or authority.answer})
    result = DocumentStamper([entry], courier, FakeClock(now())).stamp(pdf, entry)
    assert courier.asked == [URL]
    return result


def test_an_authority_is_asked_once_and_its_token_is_in_the_pdf(
    pdf: bytes, authority: tsa.Authority
) -> None:
    result = stamped(pdf, authority)
    assert isinstance(result, StampedPdf)
    assert result.pdf.startswith(pdf)  # what was there is untouched
    assert page_count(result.pdf) == 1
    assert abs(result.at - now()) < timedelta(minutes=5)


@pytest.mark.parametrize("answer", [b"", b"\x30\x80" * 50, b"<html>"])
def test_what_is_no_token_is_no_stamp(pdf: bytes, authority: tsa.Authority, answer: bytes) -> None:
    assert isinstance(stamped(pdf, authority, lambda _: answer), str)


def test_a_token_of_another_time_is_no_stamp(pdf: bytes, authority: tsa.Authority) -> None:
    late = now() + timedelta(hours=1)
    assert isinstance(stamped(pdf, authority, lambda query: authority.lie(query, at=late)), str)


def test_a_token_of_an_unknown_root_is_no_stamp(
    pdf: bytes, authority: tsa.Authority, tmp_path: Path
) -> None:
    other = tsa.authority(tmp_path / "other")
    assert stamped(pdf, authority, roots=other.root_pem.read_text()) == "no root that is trusted"


def test_an_answer_to_another_question_is_no_stamp(pdf: bytes, authority: tsa.Authority) -> None:
    kept: list[bytes] = []

    def replay(query: bytes) -> bytes:
        kept.append(authority.answer(query))
        return kept[0]

    assert isinstance(stamped(pdf, authority, replay), StampedPdf)
    assert isinstance(stamped(pdf, authority, replay), str)


def test_the_inventory_says_whether_it_is_stamped(made: MadeRecord, store: Store) -> None:
    record = made.source(store).at(QUESTION)

    def words(stamp: InventoryStamp) -> str:
        return said(inventory(record, (), stamp).blocks)

    assert "donné par Essai" in words(InventoryStamp(by="Essai"))
    assert "Il n’est pas dit qualifié" in words(InventoryStamp(by="Essai"))
    assert "aucune des 2 autorités" in words(InventoryStamp(in_vain=2))
    assert "aucun n’a été demandé" in words(InventoryStamp())
