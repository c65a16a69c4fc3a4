"""Where a probe may go."""

import pytest

from monitor.fetch.addresses import is_public, read_url


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "0.1.2.3", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fc00::1", "2001:db8::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("2001:0:a00:1::", "site.test", "", "127.1"),
    ],
)
def test_an_address_that_the_internet_cannot_reach_is_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_an_address_that_all_can_reach_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://Site.TEST/a?b#c", ("https", "site.test", 443, "site.test", "/a?b")),
        ("http://site.test:8080", ("http", "site.test", 8080, "site.test:8080", "/")),
        ("http://site.test:443/", ("http", "site.test", 443, "site.test:443", "/")),
        ("http://[::1]:8080/", ("http", "::1", 8080, "[::1]:8080", "/")),
        ("http://é.test/é", ("http", "xn--9ca.test", 80, "xn--9ca.test", "/%C3%A9")),
        ("https://a_b.site.test./", ("https", "a_b.site.test.", 443, "a_b.site.test.", "/")),
    ],
)
def test_a_url_is_taken_apart(text: str, parts: tuple[str, str, int, str, str]) -> None:
    url = read_url(text)
    assert (url.scheme, url.host, url.port, url.authority, url.target) == parts


@pytest.mark.parametrize(
    "text",
    [
        *("", "site.test", "/chemin", "ftp://site.test/", "javascript:alert(1)", "file:///etc"),
        *("http://", "http://:80/", "http://a..b/", "http://.a/", "http://a b/", "http://%zz/"),
        *("http://moi@site.test/", "http://a:0/", "http://a:99999/", "http://a:x/"),
        *(
            "http://[::1",
            "http://[fe80::1%25lo]/",
            "http://☃.test/",
            "http://①27.0.0.1/",
            "http://a/\n",
            "\0",
        ),
        *(f"http://{'a' * 64}/", f"http://{'a.' * 130}/", "http://a/" + "b" * 5000),
    ],
)
def test_a_url_that_may_not_be_fetched_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_url(text)


def test_only_the_fragment_is_left_out_of_what_the_server_sees() -> None:
    one, other = read_url("https://site.test/#/a"), read_url("https://SITE.test:443/#/b")
    assert one.without_fragment == other.without_fragment == "https://site.test/"
    assert one.url.endswith("#/a")
