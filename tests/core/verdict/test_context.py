"""Which addresses are of one site."""

import pytest

from monitor.core.verdict.context import path_of, same_site


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("https://www.ain.gouv.fr/", "https://rdv.ain.gouv.fr/x", True),
        ("https://a.b.ain.gouv.fr/", "https://ain.gouv.fr/", True),
        ("https://ain.gouv.fr/", "https://isere.gouv.fr/", False),
        ("https://gouv.fr/", "https://ain.gouv.fr/", False),
        ("https://a.b.exemple.fr/", "https://exemple.fr/", True),
        ("https://exemple.fr/", "https://autre.fr/", False),
        ("http://192.0.2.1/", "http://192.0.2.1:81/", True),
        ("http://192.0.2.1/", "http://198.51.2.1/", False),
        ("http://[2001:db8::1]/", "http://[2001:db8::2]/", False),
    ],
)
def test_names_under_one_registered_name_are_one_site(url: str, other: str, *, same: bool) -> None:
    assert same_site(url, other) == same
    assert same_site(other, url) == same


def test_a_path_without_its_last_slash_is_the_same() -> None:
    assert [path_of(f"https://a.fr{path}") for path in ("", "/", "/x", "/x/")] == [
        "/",
        "/",
        "/x",
        "/x",
    ]
    assert path_of("https://[") == "/"
