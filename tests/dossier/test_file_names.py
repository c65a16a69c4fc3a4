"""Names of files: what portals take, whatever a dossier is about."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitor.dossier.file_names import is_portal_name, piece_name

SINCE, UNTIL = datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC)


def test_a_name_reads_alone() -> None:
    name = piece_name(3, "Relevé d’indisponibilité", "Préfecture de l’Ain", SINCE, UNTIL)
    assert name == "03-Releve-d-indisponibilite-Prefecture-de-l-Ain-2026-11-01_2026-11-30.pdf"


def test_a_long_name_is_cut_between_two_words() -> None:
    about = "ANEF, application des usagers et des employeurs"
    name = piece_name(3, "Note méthodologique et limites", about, SINCE, UNTIL)
    assert (
        name == "03-Note-methodologique-et-limites-ANEF-application-des-2026-11-01_2026-11-30.pdf"
    )


@given(number=st.integers(1, 99), title=st.text(min_size=1, max_size=40), about=st.text())
def test_any_name_is_one_that_a_portal_takes(number: int, title: str, about: str) -> None:
    assert is_portal_name(piece_name(number, f"A{title}", about, SINCE, UNTIL))


def test_other_names_are_none() -> None:
    for name in ("1-a.pdf", "01-a.b.pdf", "01-é.pdf", "01-a b.pdf", f"01-{'a' * 80}.pdf", "a.pdf"):
        assert not is_portal_name(name)
