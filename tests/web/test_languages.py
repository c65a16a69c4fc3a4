"""Pages in English and Arabic: whole, marked as such, and cached apart from the French ones."""

import re
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup

from monitor.store import Store, migrate
from tests.support.interface import Caller, fill, opened
from tests.translations.messages import messages

# What Arabic writes in Latin letters.
LATIN = {
    *("Vigie", "ANEF", "SHA", "UTC", "DNS", "TLS", "HTTP", "IPv4", "Atom", "CSV", "JSON", "PDF"),
    *("Python", "JavaScript", "captcha", "cookies", "préfectures", "verifier", "py", "wacz", "fr"),
    *("Français", "English", "nom", "domaine", "robots", "txt"),
}
PAGES = (
    *("/", "/verifier", "/methode"),
    "/verifier?cible=anef-usagers&le=2026-11-23T09:05",
    "/verifier?numero=1",
    "/verifier?code=K7Q2-9FDM-4XWQ",
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path_factory.mktemp('record') / 'vigie.sqlite'}"
    migrate(url)
    fill(url)
    with opened(url) as reader:
        yield reader


@pytest.fixture(scope="module")
def caller(store: Store) -> Caller:
    return Caller(store)


@pytest.fixture(scope="module")
def incident(store: Store) -> str:
    """Return the address of the newest incident."""
    return f"/incidents/{store.incidents()[-1].number}"


def own_words(page: str) -> str:
    """Return what a page says in its own language, and the texts of its attributes."""
    soup = BeautifulSoup(page, "lxml")
    code = soup.find("html")["lang"]  # type: ignore[index]
    for one in soup.select(f"[lang]:not(html):not([lang={code}]), code, pre, style, .url"):
        one.decompose()
    # In Arabic a French name stands between marks that set it apart.
    names = [one.get(name, "") for one in soup.find_all() for name in ("aria-label", "title")]
    whole = " ".join([soup.get_text(" "), *map(str, names)])
    return re.sub("\u2068[^\u2069]*\u2069", "", whole)


@pytest.mark.parametrize("code", ["en", "ar"])
@pytest.mark.parametrize("address", [*PAGES, "incident"])
def test_a_page_is_written_in_its_language_only(
    caller: Caller, incident: str, code: str, address: str
) -> None:
    address = incident if address == "incident" else address
    answer = caller.visit(f"/{code}{address}")
    assert answer.status_code == 200
    soup = BeautifulSoup(answer.text, "lxml")
    assert soup.html is not None
    assert (soup.html["lang"], soup.html["dir"]) == (code, "rtl" if code == "ar" else "ltr")
    text = re.sub(r"\s+", " ", own_words(answer.text))
    french = {
        re.split(r"%\(\w+\)s|<[^>]*>", one)[0].strip()
        for one in messages()
        if isinstance(one, str) and len(one) > 12
    }
    assert [one for one in french if len(one) > 12 and one in text] == []
    if code == "ar":
        names = {target.name for target in caller.config.targets}
        for name in sorted(names, key=len, reverse=True):
            text = text.replace(name, "")
        strange = set(re.findall(r"[A-Za-zÀ-ÿ]{2,}\d?", text)) - LATIN
        assert strange <= {"local"}, sorted(strange)


def test_each_page_leads_to_the_others_and_says_which_it_is(caller: Caller, incident: str) -> None:
    for address in (*PAGES, incident):
        for prefix in ("", "/en", "/ar"):
            soup = BeautifulSoup(caller.visit(prefix + address).text, "lxml")
            tongues = soup.select(".tongues a")
            wanted = [f"{one}{address}" for one in ("", "/en", "/ar")]
            assert [re.sub("%3A", ":", str(one["href"])) for one in tongues] == wanted
            current = [one["href"] for one in tongues if one.get("aria-current")]
            assert [re.sub("%3A", ":", str(one)) for one in current] == [prefix + address]
            alternates = soup.select("link[rel=alternate][hreflang]:not([type])")
            assert [one["hreflang"] for one in alternates] == ["fr", "en", "ar"]


def test_a_page_that_is_french_only_says_so_in_the_language_of_its_reader(caller: Caller) -> None:
    for code, said in (("en", "in French"), ("ar", "بالفرنسية")):
        soup = BeautifulSoup(caller.visit(f"/{code}/").text, "lxml")
        links = [one for one in soup.select("main a, footer a") if str(one["href"])[:1] == "/"]
        for link in links:
            address = str(link["href"])
            ours = address.startswith((f"/{code}/", "/journal/", "/departements/"))
            assert ours or link.get("data-tongue") == said, link
        missing = caller.visit(f"/{code}/lacunes")
        assert missing.status_code == 404
        assert f'lang="{code}"' in missing.text
        assert BeautifulSoup(missing.text, "lxml").select("main a[href='/lacunes'][hreflang=fr]")


def test_an_address_without_a_code_is_french_whatever_a_browser_asks_for(caller: Caller) -> None:
    for address in ("/", "/methode", "/verifier"):
        plain = caller.visit(address)
        asked = caller.visit(address, headers={"Accept-Language": "ar, en;q=0.5"})
        assert plain.content == asked.content
        assert 'lang="fr"' in plain.text
        assert "Accept-Language" not in plain.headers.get("vary", "")


def test_the_code_of_a_language_alone_leads_to_its_first_page(caller: Caller) -> None:
    for code in ("en", "ar"):
        answer = caller.visit(f"/{code}")
        assert (answer.status_code, answer.headers["location"]) == (308, f"/{code}/")
    assert caller.visit("/de/").status_code == 404
    assert caller.visit("/fr").status_code == 308
    assert caller.visit("/fr").headers["location"] == "/"


def test_a_number_can_be_looked_up_as_any_language_writes_it(caller: Caller) -> None:
    for written in ("no. 1,234", "رقم 1,234", "n° 1 234", "1234"):
        soup = BeautifulSoup(caller.visit(f"/en/verifier?numero={written}").text, "lxml")
        assert "1,234" in soup.get_text(), written


def test_a_refusal_is_said_in_the_language_of_the_address(caller: Caller) -> None:
    answer = caller.visit("/en/verifier?numero=x")
    assert answer.status_code == 400
    text = own_words(answer.text)
    assert "cannot answer this request" in text
    assert "ce n’est pas un numéro" in answer.text
