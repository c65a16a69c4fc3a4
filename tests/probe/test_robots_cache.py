"""What is remembered of robots.txt files, however many sites there are and however long each."""

from datetime import UTC, datetime

import pytest

from monitor.core.scheduling.robots_txt import RobotsFile
from monitor.probe import robots_cache
from monitor.probe.robots_cache import Gate, RobotsBook
from tests.support.clock import FakeClock

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)


class Sites:
    """Sites whose robots.txt have as many rules as they are told."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.kept: list[RobotsFile] = []
        self.book = RobotsBook(
            clock=FakeClock(NOW), agent="VigieANEF", fetch=self.fetch, keep=self.kept.append
        )

    async def fetch(self, url: str, gate: Gate) -> tuple[int | None, str]:
        await gate(url)
        return 200, self.files[url.removesuffix("/robots.txt")]

    async def ask(self, origin: str, rules: int) -> None:
        self.files[origin] = "User-agent: *\n" + "".join(f"Disallow: /{n}\n" for n in range(rules))
        await self.book.ask(origin, _open)

    def rules(self, origin: str) -> int:
        return len(self.book.of(origin).rules)


async def _open(_url: str) -> None:
    return None


@pytest.mark.anyio
async def test_the_longest_files_are_forgotten_when_there_are_too_many_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(robots_cache, "RULES_MAX", 250)
    sites = Sites()
    await sites.ask("https://honnete.fr", 5)
    await sites.ask("https://a.hostile.fr", 100)
    await sites.ask("https://b.hostile.fr", 120)
    await sites.ask("https://c.hostile.fr", 110)

    held = [sites.rules(f"https://{name}.hostile.fr") for name in "abc"]
    assert held == [100, 0, 110]
    assert sites.rules("https://honnete.fr") == 5
    assert sites.book.due("https://b.hostile.fr")  # it is asked for again before its next request
    assert not sites.book.due("https://honnete.fr")


@pytest.mark.anyio
async def test_a_file_that_was_just_read_is_heeded_however_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(robots_cache, "RULES_MAX", 50)
    sites = Sites()
    await sites.ask("https://hostile.fr", 100)

    assert not sites.book.of("https://hostile.fr").allows("https://hostile.fr/7")
