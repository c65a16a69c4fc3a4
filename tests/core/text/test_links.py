"""Where a link leads, without what changes at each visit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.link_normalisation import RULES, cloudflare_email, target
from tests.support.prefecture import URL

SAME = {
    "link.address-variant": [
        ("http://www.exemple.gouv.fr/Demarches/", "//exemple.gouv.fr/Demarches"),
        ("https://EXEMPLE.gouv.fr:443//Demarches", "//exemple.gouv.fr/Demarches"),
        ("/index.php/Demarches", "//exemple.gouv.fr/Demarches"),
        ("/D%C3%A9marches", "//exemple.gouv.fr/D%C3%A9marches"),
        ("/Démarches", "//exemple.gouv.fr/D%C3%A9marches"),
    ],
    "link.anchor": [("#pieces", ""), (URL + "#pieces", ""), ("javascript:void(0)", "")],
    "link.cloudflare-email": [("/cdn-cgi/l/email-protection#2a4b6a48044c58", "mailto:a@b.fr")],
    "link.session-path": [("/a;jsessionid=1F2E?x=1", "//exemple.gouv.fr/a?x=1")],
    "link.tracking": [("/a?utm_source=x&id=3&xtor=EPR-1", "//exemple.gouv.fr/a?id=3")],
    "link.session": [("/a?PHPSESSID=abc&csrf_token=9&id=3", "//exemple.gouv.fr/a?id=3")],
    "link.cache-buster": [("/doc.pdf?v=123&t=1700000000", "//exemple.gouv.fr/doc.pdf")],
    "link.opaque": [
        ("/a?k=9f86d081884c7d659a2feaa0c55ad015", "//exemple.gouv.fr/a"),
    ],
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_folds_what_is_one_target(rule: str) -> None:
    """Every rule has its examples."""
    for href, expected in SAME[rule]:
        assert target(href, base=URL) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/booking/create/12345", "/booking/create/12346"),
        ("/a?id=1", "/a?id=2"),
        ("https://un.gouv.fr/", "https://deux.gouv.fr/"),
        ("/article?id=LEGIARTI000024197223", "/article?id=LEGIARTI000037398329"),
        ("https://anef.gouv.fr/#/a", "https://anef.gouv.fr/#/b"),
        ("mailto:a@x.fr", "mailto:b@x.fr"),
        ("tel:0473986161", "tel:0473986162"),
    ],
)
def test_two_targets_stay_two(one: str, other: str) -> None:
    assert target(one, base=URL) != target(other, base=URL)


def test_a_contact_has_one_writing() -> None:
    assert target("tel:04.73.98-61 61", base=URL) == "tel:0473986161"
    assert target("mailto:Pref@Exemple.fr?subject=x", base=URL) == "mailto:pref@exemple.fr"


@given(st.text(max_size=80))
def test_any_reference_gives_a_target(href: str) -> None:
    target(href, base=URL)
    target(href, base=None)


PARTS = (
    *("/", "//", "a", "Titres-de-sejour", "www.", "https://", "http://", "HTTP://", "exemple.fr"),
    *(":443", ":80", ".", "..", "/./", "/../", "-", "~", "_", "%C3%A9", "é", "?", "#", "x=1", ";"),
    *("/index.php", "/INDEX.html", "index.php5", "jsessionid=a", "a@", "/(S(abcdefgh12))", "\n"),
)
BASES = (
    *(None, "", URL, "http://exemple.fr", "https://Exemple.fr:443/", "https://a@b.fr:81/x?y#z"),
    *("/a/b", "a", "//exemple.fr/a", "ftp://exemple.fr/a", "http://[", "https://", "mailto:a"),
    *("https:///a", "http:/a", "javascript:1", "https://www.éx.fr/a b"),
)


@given(
    st.sampled_from(["", "/", "https://www.exemple.fr/"]),
    st.lists(st.sampled_from(PARTS), max_size=7),
    st.sampled_from(BASES),
)
def test_a_plain_address_leads_where_the_general_rules_say(
    start: str, parts: list[str], base: str | None
) -> None:
    """With a space around it an address is not plain, and leads to the same place."""
    href = start + "".join(parts)

    assert target(href, base=base) == target(f" {href} ", base=base)


@given(st.from_regex(r"[a-z]{1,20}@[a-z]{1,20}\.fr", fullmatch=True), st.integers(0, 255))
def test_an_obfuscated_address_is_decoded(address: str, key: int) -> None:
    encoded = bytes([key, *(byte ^ key for byte in address.encode())]).hex()

    assert cloudflare_email(encoded) == address
    assert target(f"/cdn-cgi/l/email-protection#{encoded}", base=URL) == f"mailto:{address}"


@pytest.mark.parametrize("encoded", ["", "zz", "2a", "2a4", "ff00"])
def test_what_is_no_obfuscated_address_gives_nothing(encoded: str) -> None:
    assert not cloudflare_email(encoded)
