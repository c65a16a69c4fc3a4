"""robots.txt, as RFC 9309 reads it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.scheduling.robots_txt import (
    PATTERN_MAX,
    SIZE_MAX,
    Robots,
    RobotsFile,
    heed,
    parse,
)

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SITE = "https://www.exemple.gouv.fr"


def allowed(rules: str, *paths: str) -> list[bool]:
    robots = parse(f"User-agent: *\n{rules}", "VigieANEF")
    return [robots.allows(SITE + path) for path in paths]


def test_the_longest_match_decides_whatever_the_order() -> None:
    rules = "Disallow: /example/\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif"

    assert allowed(
        rules,
        "/example/page/",
        "/example/page/disallowed.gif",
        "/example/x",
        "/",
    ) == [True, False, False, True]


def test_allow_wins_a_tie() -> None:
    assert allowed("Disallow: /page\nAllow: /page", "/page") == [True]
    assert allowed("Allow: /page\nDisallow: /page", "/page") == [True]


@pytest.mark.parametrize(
    ("pattern", "matched", "free"),
    [
        ("/fish", ["/fish", "/fish.html", "/fish/salmon", "/fishheads?id=1"], ["/Fish", "/x/fish"]),
        ("/fish/", ["/fish/", "/fish/?id=1"], ["/fish", "/fish.html"]),
        ("/*.php", ["/a.php", "/a/b.php?x", "/index.php5"], ["/", "/a.PHP"]),
        ("/*.php$", ["/a.php", "/a/b.php"], ["/a.php?x", "/a.php5", "/.ph"]),
        ("/fish*.php", ["/fish.php", "/fishheads/cat.php?x"], ["/Fish.PHP"]),
        ("/a*b*c$", ["/abc", "/a1b2c", "/abcbc"], ["/abcd", "/acb"]),
        ("/$", ["/", ""], ["/a", "/?q"]),
        ("*", ["/", "/a"], []),
        ("*/x*y", ["/x/y", "/a/xy"], ["/xz", "/y"]),
        ("/*$", ["/", "/a"], []),
        ("/a$b", ["/a$b", "/a%24b"], ["/a"]),
        ("/x%2Ay", ["/x*y", "/x%2ay"], ["/xxy"]),
        ("/%7ejo%65/", ["/~joe/", "/%7Ejoe/x"], ["/jo"]),
        ("/démarches", ["/d%C3%A9marches", "/d%c3%a9marches/x", "/démarches"], ["/demarches"]),
        ("/a%2fb", ["/a%2Fb"], ["/a/b"]),
        ("/?id=", ["/?id=1"], ["/id=", "/?i"]),
    ],
)
def test_a_pattern_matches_what_the_rfc_says(
    pattern: str, matched: list[str], free: list[str]
) -> None:
    assert allowed(f"Disallow: {pattern}", *matched) == [False] * len(matched)
    assert allowed(f"Disallow: {pattern}", *free) == [True] * len(free)


def test_an_empty_disallow_asks_for_nothing() -> None:
    assert allowed("Disallow:", "/", "/a") == [True, True]


def test_robots_txt_itself_is_always_allowed() -> None:
    assert allowed("Disallow: /", "/robots.txt", "/robots.txt2") == [True, False]


def test_a_group_that_names_us_is_read_in_place_of_the_one_for_everybody() -> None:
    text = """
    User-Agent: *
    Disallow: /

    user-agent: VIGIEanef/1.0 (un relevé)  # us, whatever the case and the version
    Disallow: /prive
    """
    ours, other = parse(text, "VigieANEF"), parse(text, "Vigie")

    assert ours == parse(text, "VigieANEF/0.1 (+https://vigie.example/robot)")
    assert [ours.allows(SITE + path) for path in ("/", "/prive")] == [True, False]
    assert not other.allows(SITE + "/")


def test_groups_that_name_us_twice_are_merged() -> None:
    text = "User-agent: a\nUser-agent: b\nDisallow: /1\nUser-agent: b\nDisallow: /2"

    assert [parse(text, "b").allows(SITE + path) for path in ("/1", "/2", "/3")] == [
        False,
        False,
        True,
    ]
    assert parse(text, "a").allows(SITE + "/2")


def test_other_records_do_not_end_a_list_of_agents() -> None:
    text = "User-agent: a\nSitemap: https://x/s.xml\nCrawl-delay: 5\nUser-agent: b\nDisallow: /"

    assert not parse(text, "a").allows(SITE)
    assert not parse(text, "b").allows(SITE)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Crawl-delay: 10", 10.0),
        ("crawl-delay : 2.5 # s", 2.5),
        ("Crawl-delay: 1\nCrawl-delay: 3", 3.0),
        ("Crawl-delay: -1", None),
        ("Crawl-delay: nan", None),
        ("Crawl-delay: inf", None),
        ("Crawl-delay: soon", None),
        ("Crawl-delay: 1e300", None),
        ("Disallow: /", None),
    ],
)
def test_a_crawl_delay_is_a_finite_number_of_seconds(lines: str, expected: float | None) -> None:
    assert expected == parse(f"User-agent: *\n{lines}", "VigieANEF").crawl_delay_s


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n"])
def test_every_end_of_line_and_a_byte_order_mark_are_read(newline: str) -> None:
    text = newline.join(["\ufeffUser-agent: *", "Disallow: /a", "garbage", "Allow: /a/b"])
    robots = parse(text, "VigieANEF")

    assert [robots.allows(SITE + path) for path in ("/a", "/a/b")] == [False, True]


def test_rules_before_any_agent_are_for_nobody() -> None:
    assert parse("Disallow: /\nUser-agent: *\nDisallow: /a", "VigieANEF").allows(SITE)


def test_what_lies_beyond_the_bound_is_not_read() -> None:
    text = "User-agent: *\n" + "#" * SIZE_MAX + "\nDisallow: /"

    assert parse(text, "VigieANEF") == Robots()


def test_a_pattern_made_to_be_slow_is_not() -> None:
    """A regular expression built from it would take for ever."""
    rules = f"Disallow: /{'*a' * 5_000}*b"

    assert allowed(rules, "/" + "a" * 8_000) == [True]


def test_a_pattern_of_wildcards_alone_is_one_wildcard() -> None:
    rule = parse(f"User-agent: *\nDisallow: /a{'*' * 400_000}b", "VigieANEF").rules[0]

    assert rule.pieces == ("/a", "b")


def test_a_pattern_that_no_address_can_match_is_not_kept() -> None:
    """An address has 4,096 characters at most; written out, each may take twelve."""
    short, long = "/" + "a" * (PATTERN_MAX - 1), "/" + "a" * PATTERN_MAX
    rules = parse(f"User-agent: *\nDisallow: {long}\nDisallow: {short}", "VigieANEF").rules

    assert [rule.pieces for rule in rules] == [(short,)]


FILE = "User-agent: *\nDisallow: /x"


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (200, FILE, parse(FILE, "v")),
        (200, "", Robots()),
        (404, "<html>introuvable", Robots()),
        (410, FILE, Robots()),
        (200, "\n<!doctype html><title>Maintenance", None),
        (403, "Request forbidden", None),
        (429, "", None),
        (503, FILE, None),
        (302, "", None),
        (None, FILE, None),
    ],
)
def test_only_an_answer_about_robots_changes_what_is_known(
    status: int | None, text: str, expected: Robots | None
) -> None:
    file = RobotsFile(origin=SITE, fetched_at=NOW, status=status, text=text)

    assert expected == heed(file, "v")


@given(text=st.text(), path=st.text())
def test_no_text_and_no_path_make_it_fail(text: str, path: str) -> None:
    assert parse(text, "v").allows(f"{SITE}/{path}") in {True, False}
    assert parse(f"User-agent: *\nDisallow: {text}", "v").allows(f"{SITE}/{path}") in {True, False}
