"""Proposals are decided on a local page, which only the person at this machine can use."""

import asyncio
import html
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from monitor.cli.accept import desk_of
from monitor.config import load
from monitor.config.settings import read_settings
from monitor.survey.acceptance import ProposalChoice
from monitor.survey.decision_desk import DecisionDesk
from monitor.survey.decision_page import DecisionPage, listening, serve
from tests.support.first_day import NEW_PATH, opened
from tests.support.service import environment, free_port

pytestmark = pytest.mark.anyio
TOKEN = "jeton-d-essai"  # noqa: S105 -- of a test
HOST = "http://127.0.0.1:8999"
SHELL, MOVED, NOTICE, ROBOTS = 1, 2, 3, 4


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass(kw_only=True)
class Visitor:
    """A browser on the page."""

    config: Path
    desk: DecisionDesk
    page: DecisionPage
    client: httpx.AsyncClient

    async def get(self, number: int) -> str:
        answer = await self.client.get(f"{self.page.path}{number}")
        assert answer.status_code == 200
        return html.unescape(answer.text)

    async def choose(self, number: int, word: str, **headers: str) -> httpx.Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(
            f"{self.page.path}{number}", data={"choix": word}, headers=names
        )

    @property
    def local(self) -> Path:
        return self.config / "local.toml"


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    config, folder = opened(tmp_path)
    settings = read_settings({}, data=tmp_path / "data")
    desk = desk_of(folder, config, settings, load(config))
    page = DecisionPage(desk, token=TOKEN)
    transport = httpx.ASGITransport(app=page.app)
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
        yield Visitor(config=config, desk=desk, page=page, client=client)


def row(page: str, name: str) -> tuple[str, str]:
    """Return both versions of a line."""
    match = re.search(rf"<th scope=.row.>{name}</th><td>(.*?)</td><td>(.*?)</td>", page)
    assert match
    return match[1], match[2]


async def test_both_versions_stand_side_by_side(visitor: Visitor) -> None:
    verdict = "Verdict de la réponse gardée"
    shell = await visitor.get(SHELL)
    assert "feature_flags" in row(shell, "signs_of_life")[0]
    assert "feature_flags" not in row(shell, "signs_of_life")[1]
    assert row(shell, verdict) == (
        "dégradé (règle dead-sign-of-life)",
        "accessible (règle healthy)",
    )
    moved = await visitor.get(MOVED)
    assert NEW_PATH in row(moved, "url")[1]
    assert row(moved, verdict) == ("accessible (règle moved)", "accessible (règle healthy)")
    assert "Titre de séjour : quel document demander" in moved
    notice = await visitor.get(NOTICE)
    assert row(notice, "texts") == ("–", '["nos equipes preparent du neuf"]')
    assert row(notice, verdict)[1].startswith("en maintenance")
    assert row(await visitor.get(ROBOTS), "enabled") == ("true", "false")
    assert not visitor.local.exists(), "looking writes nothing"


async def test_each_is_decided_and_the_next_comes(visitor: Visitor) -> None:
    start = await visitor.client.get(visitor.page.path)
    assert start.headers["location"] == f"/{TOKEN}/1"
    assert (await visitor.choose(SHELL, "plus-tard")).headers["location"] == f"/{TOKEN}/2"
    assert not visitor.local.exists()

    done = await visitor.choose(MOVED, "oui")
    assert (done.status_code, done.headers["location"]) == (303, f"/{TOKEN}/3")
    assert (await visitor.choose(NOTICE, "non")).status_code == 303
    assert (await visitor.choose(ROBOTS, "oui")).headers["location"] == f"/{TOKEN}/1"

    text = visitor.local.read_text(encoding="utf-8")
    assert "accepté le" in text
    targets = {one["slug"]: one for one in tomllib.loads(text)["target"]}
    assert targets["prefecture-34"]["source"].startswith("relevé du ")
    assert targets["prefecture-44"]["enabled"] is False
    assert "fingerprint" not in tomllib.loads(text)
    assert visitor.desk.refused() == {"prefecture-38-notice"}
    assert "acceptée" in await visitor.get(MOVED)
    assert "1 proposition à décider." in await visitor.get(MOVED)
    assert visitor.page.left == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "mechant.example:8999"},
        {"host": ""},
        {"host": "[::1"},
        {"origin": "http://mechant.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8080"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
async def test_a_request_of_somebody_else_is_refused(
    visitor: Visitor, headers: dict[str, str]
) -> None:
    assert (await visitor.choose(MOVED, "oui", **headers)).status_code == 403
    assert not visitor.local.exists()


async def test_without_the_secret_nothing_is_there(visitor: Visitor) -> None:
    for path in ("/", "/2", "/autre/2", f"/{TOKEN}x/2", "/%ff/2", "//2", f"/x/{TOKEN}/2"):
        for answer in (
            await visitor.client.get(path),
            await visitor.client.post(path, data={"choix": "oui"}),
        ):
            assert answer.status_code == 404
            assert TOKEN not in answer.text
    assert not visitor.local.exists()


async def test_another_request_than_a_choice_is_refused(visitor: Visitor) -> None:
    assert (await visitor.choose(MOVED, "peut-être")).status_code == 400
    assert (await visitor.choose(99, "oui")).status_code == 404
    path = f"{visitor.page.path}{MOVED}"
    long = await visitor.client.post(path, data={"choix": "oui", "reste": "x" * 20_000})
    assert long.status_code == 400
    assert (await visitor.client.get(path, params={"choix": "oui"})).status_code == 200
    assert not visitor.local.exists()


async def test_two_clicks_decide_once(visitor: Visitor) -> None:
    answers = await asyncio.gather(*(visitor.choose(MOVED, "oui") for _ in range(3)))
    assert {answer.status_code for answer in answers} == {303}
    assert visitor.local.read_text(encoding="utf-8").count("[[target]]") == 1


async def test_who_decides_otherwise_in_an_older_window_is_told(visitor: Visitor) -> None:
    await visitor.choose(MOVED, "oui")
    before = visitor.local.read_text(encoding="utf-8")
    answer = await visitor.choose(MOVED, "non")
    assert answer.status_code == 409
    assert "dans une autre fenêtre" in html.unescape(answer.text)
    assert visitor.local.read_text(encoding="utf-8") == before
    assert (await visitor.choose(MOVED, "plus-tard")).status_code == 303


async def test_what_was_proposed_for_another_configuration_is_not_written(
    visitor: Visitor,
) -> None:
    lines = '[[target]]\nslug = "prefecture-34"\nmarkers = ["Étrangers"]\n'
    visitor.local.write_text(lines, encoding="utf-8")

    answer = await visitor.choose(MOVED, "oui")

    assert answer.status_code == 409
    assert "La configuration a changé" in answer.text
    assert visitor.local.read_text(encoding="utf-8") == lines
    assert visitor.page.left == 4


async def test_what_sites_say_is_escaped(visitor: Visitor) -> None:
    proposals = list(visitor.desk.proposals)
    bad = "</pre><script>alert(1)</script>"
    proposals[0] = replace(proposals[0], observed=bad, about=bad)
    visitor.desk.proposals = proposals
    answer = await visitor.client.get(f"{visitor.page.path}1")
    assert "<script" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_the_page_ends_when_its_person_says_so(visitor: Visitor) -> None:
    async with AsyncExitStack() as stack:
        bound = stack.enter_context(listening())
        host, port = bound.getsockname()
        assert host == "127.0.0.1"
        serving = asyncio.create_task(serve(visitor.page, bound, asyncio.Event()))
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://localhost:{port}", trust_env=False)
        )
        style = await client.get(f"{visitor.page.path}style.css")
        assert style.headers["content-type"].startswith("text/css")
        assert (await client.get(f"{visitor.page.path}fin")).status_code == 405
        end = await client.post(f"{visitor.page.path}fin")
        assert "4 propositions à décider." in html.unescape(end.text)
        await asyncio.wait_for(serving, 60)


def test_as_a_person_types_it(tmp_path: Path) -> None:
    config, folder = opened(tmp_path)
    words = ("accept", "--page", "--from", folder, "--config", config, "--data", tmp_path / "data")
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor.cli", *map(str, words)],
        env=environment(free_port()),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        url = lines[1].strip()
        httpx.post(f"{url}2", data={"choix": "oui"}, trust_env=False, timeout=60)
        os.kill(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    assert "3 propositions à décider." in output
    assert load(config).by_slug["prefecture-34"].url.endswith(NEW_PATH)
    assert ProposalChoice.ACCEPTED.value in (folder / "decisions.json").read_text("utf-8")
