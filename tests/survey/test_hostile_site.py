"""Whatever a site names, no line is proposed that would watch something else than it does."""

import html
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.config import load
from monitor.config.files.local_edit import put_entry
from monitor.core.model import Kind
from monitor.survey.report_page import TEMPLATES
from monitor.survey.surprise import Surprise, SurpriseKind, toml
from monitor.survey.target_surprises import SurpriseSearch
from tests.support.target_readings import reading_of

CONFIG = load(Path(__file__).parents[2] / "config")
GOOD = ("<title>Préfecture</title><h1>Étrangers</h1><p>" + "Titre de séjour. " * 60).encode()
NAME = "Renouveler un titre"
# On a host of the configuration, so that its platform is known.
PAGE = replace(
    next(target for target in CONFIG.targets if target.kind is Kind.PAGE),
    name=f"Essai – {NAME}",
    url="https://www.rdv-prefecture.interieur.gouv.fr/Demarches/Renouveler",
)
SITE = "www.rdv-prefecture.interieur.gouv.fr"
REDIRECT = next(target for target in CONFIG.targets if target.expect_path)


def surprise_of(**answer: object) -> Surprise:
    reading = reading_of(PAGE, CONFIG, **answer)  # type: ignore[arg-type]
    (one,) = SurpriseSearch(config=CONFIG, readings=[reading]).of(reading)
    return one


def proposed(one: Surprise, key: str) -> object:
    return one.edit.values[key] if one.edit else None


def gone(href: str) -> Surprise:
    menu = f'<h1>Page introuvable</h1><nav><a href="{html.escape(href)}">{NAME}</a></nav>'
    return surprise_of(body=menu.encode(), status=404)


@pytest.mark.parametrize(
    "there",
    [
        f"http://{SITE}/Nouvelle",  # less protected
        f"https://{SITE}:8443/Nouvelle",
        f"https://agent:secret@{SITE}/Nouvelle",
        f"https://{SITE}.mechant.example/Nouvelle",
        f"https://{SITE}/Nouvelle\x1b[3m",
        "https://127.0.0.1/Nouvelle",
        "https://www.ain.gouv.fr/Nouvelle",  # of another platform
    ],
)
def test_an_address_that_is_not_to_be_watched_is_not_proposed(there: str) -> None:
    moved = surprise_of(body=GOOD, redirected_to=there)
    assert moved.kind is SurpriseKind.MOVED
    assert moved.edit is None
    assert "\x1b" not in moved.observed
    linked = proposed(gone(there), "url")
    assert linked is None or linked == f"https://{SITE}/Nouvelle%1B[3m"


@pytest.mark.parametrize(
    ("there", "url"),
    [
        ("/index.php?page=12&PHPSESSID=ab&utm_source=x", "/index.php?page=12"),
        ("/Nouvelle;jsessionid=AB12?vue=1#haut", "/Nouvelle?vue=1"),
        ("/Nouvelle?jeton=" + "0123456789abcdef" * 2, "/Nouvelle"),
    ],
)
def test_a_page_that_moved_keeps_what_names_it(there: str, url: str) -> None:
    moved = surprise_of(body=GOOD, redirected_to=f"https://{SITE}{there}")
    assert proposed(moved, "url") == f"https://{SITE}{url}"


def test_a_link_with_accents_is_proposed_as_browsers_write_it() -> None:
    url = proposed(gone("/Étrangers/Un titre"), "url")
    assert url == f"https://{SITE}/%C3%89trangers/Un%20titre"


@pytest.mark.parametrize(
    ("there", "path"),
    [
        ("/", None),  # of which every path is a continuation
        ("/nouvelle/", "/nouvelle/"),
        ("//mechant.example/nouvelle/", None),
    ],
)
def test_a_redirect_is_corrected_within_its_site_alone(there: str, path: str | None) -> None:
    host = REDIRECT.url.split("/")[2]
    final = f"https:{there}" if there.startswith("//") else f"https://{host}{there}"
    reading = reading_of(REDIRECT, CONFIG, body=GOOD, redirected_to=final)
    (one,) = SurpriseSearch(config=CONFIG, readings=[reading]).of(reading)
    assert proposed(one, "expect_path") == path


HIDDEN = 'a"]\n[[target]]\x85\u2028\u202e\x7f\U000e0041\ud800\x1b[31m'


def test_what_a_value_hides_is_escaped_and_read_back() -> None:
    line = f"texts = {toml((HIDDEN,))}"
    assert line.isprintable()
    assert tomllib.loads(line) == {"texts": [HIDDEN.replace("\ud800", "?")]}


def test_a_separator_of_lines_in_a_text_stays_there() -> None:
    before = '# un\u2028deux\x0c\n[[target]]\nslug = "a"\nname = "x\x85y"\n'
    after = put_entry(before, "target", {"slug": '"a"', "url": '"https://a.fr/"'}, "# relevé")
    assert "# un\u2028deux\x0c\n" in after
    assert "x\x85y" in after


def test_pages_show_what_a_text_hides() -> None:
    shown = TEMPLATES.from_string("{{ a }}").render(a="CN=\u202egro.live\x1b<b>")
    assert shown == "CN=\\u202egro.live\\u001b&lt;b&gt;"
