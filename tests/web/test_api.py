"""The interface: the words of the commands, page by page, and a cure for each refusal."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from monitor.cli import main
from monitor.core.model import Outcome
from monitor.store import Store, StoreError
from monitor.web.api import application, models, problem_details
from monitor.web.api.cursors import CURSOR_MAX
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.followed import PAGES, outcomes, record
from tests.support.interface import CONFIG, PAGE, Caller, fill, opened
from tests.support.service_days import open_store

__all__ = ["database_url", "postgres", "sqlite_template"]  # fixtures
SPAN = "from=2026-11-23T08:00Z&to=2026-11-23T09:00Z"
LOGS = ("outages", "incidents", "gaps", "changes")
ANSWERS: dict[str, type[models.Exact]] = {
    "/targets": models.TargetsAnswerJson,
    "/observations?target=accueil": models.ObservationsAnswerJson,
    "/outages": models.OutagesAnswerJson,
    "/incidents": models.IncidentsAnswerJson,
    "/gaps": models.GapsAnswerJson,
    "/at?target=accueil&time=2026-11-23T08:04:00Z": models.AtAnswerJson,
    "/changes?all=true": models.ChangesAnswerJson,
    f"/availability?target=accueil&by=day&{SPAN}": models.AvailabilityAnswerJson,
}


@pytest.fixture(scope="module")
def written(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("record") / "vigie.sqlite")
    url = f"sqlite:///{path}"
    fill(url)
    return url


@pytest.fixture(scope="module")
def caller(written: str) -> Iterator[Caller]:
    """Give the interface over one record that no test adds to."""
    with opened(written) as store:
        yield Caller(store)


def said_by_the_command(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    *words: str,
    codes: Collection[int] = (0,),
) -> Any:
    monkeypatch.setenv("VIGIE_DATABASE_URL", url)
    assert main([*words, "--json"]) in codes
    return json.loads(capsys.readouterr().out)


def test_both_engines_say_what_the_commands_say(
    database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database_url)
    bounds = ("--from", "2026-11-23T08:00Z", "--to", "2026-11-23T09:00Z")
    with opened(database_url) as store:
        caller = Caller(store)
        for name in LOGS:
            said = said_by_the_command(capsys, monkeypatch, database_url, name, *bounds)
            found = caller.answer(f"/{name}?{SPAN}")
            assert found[name] == said[name][::-1], name
            assert found["span"] == said["span"], name
            assert found["next"] is None
            assert found[name] or name == "gaps"
        for time in ("2026-11-23T08:00:30Z", "2026-11-23T08:04:00Z", "2026-11-23T08:10:01Z"):
            said = said_by_the_command(
                capsys, monkeypatch, database_url, "at", "accueil", time, codes={0, 1}
            )
            assert caller.answer(f"/at?target=accueil&time={time}") == said
        for by in ("", "day", "hour", "opening", "milestone"):
            words = ["--target", "accueil", *bounds, *(["--by", by] if by else [])]
            said = said_by_the_command(capsys, monkeypatch, database_url, "availability", *words)
            query = f"target=accueil&{SPAN}{f'&by={by}' if by else ''}"
            assert caller.answer(f"/availability?{query}")["availability"] == said


@pytest.mark.parametrize("path", ANSWERS)
def test_each_answer_holds_what_its_description_has(caller: Caller, path: str) -> None:
    response = caller.ask(path)
    assert response.status_code == 200
    ANSWERS[path].model_validate_json(response.text, strict=False)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("name", "limit"), [("outages", 1), ("incidents", 1), ("changes?all=true", 2), ("targets", 60)]
)
def test_pages_follow_each_other_without_a_loss_or_a_double(
    caller: Caller, name: str, limit: int
) -> None:
    path, _, query = name.partition("?")
    most = 100 if path == "incidents" else 1_000
    whole = caller.answer(f"/{path}?limit={most}&{query}".rstrip("&"))[path]
    assert len(whole) > limit
    assert pages(caller, f"/{path}?limit={limit}&{query}".rstrip("&"), path) == whole


def pages(caller: Caller, path: str, name: str) -> list[Any]:
    answer = caller.answer(path)
    found: list[Any] = list(answer[name])
    while answer["next"]:
        assert len(answer["next"]) <= CURSOR_MAX
        answer = caller.answer(f"{path}&cursor={answer['next']}")
        found += answer[name]
    return found


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_observations_are_read_in_either_order(caller: Caller, order: str) -> None:
    path = f"/observations?target=accueil&order={order}&{SPAN}"
    whole = caller.answer(f"{path}&limit=1000")["observations"]
    instants = [one["at"] for one in whole]
    assert instants == sorted(instants, reverse=order == "newest")
    assert len(whole) == 16
    assert pages(caller, f"{path}&limit=7", "observations") == whole
    assert all(one["number"] is not None for one in whole)
    assert whole[0].keys() & {"body", "detail"} == set()


def keep(store: Store, some: Sequence[Outcome]) -> None:
    async def write() -> None:
        for one in some:
            await store.record(one)

    asyncio.run(write())


def test_what_is_recorded_meanwhile_moves_no_page(database_url: str) -> None:
    every = outcomes([PAGES[letter] for letter in "AABBAACC"], target=PAGE, removed=False)
    with open_store(database_url) as store:
        keep(store, every[:5])
    with opened(database_url) as store:
        whole = Caller(store).answer("/changes?all=true")["changes"]
        first = Caller(store).answer("/changes?all=true&limit=1")
    with open_store(database_url) as store:
        keep(store, every[5:])
    with opened(database_url) as store:
        assert len(Caller(store).answer("/changes?all=true")["changes"]) > len(whole)
        rest = Caller(store).answer(f"/changes?all=true&cursor={first['next']}")
    assert first["changes"] + rest["changes"] == whole


def test_one_is_found_by_its_number(caller: Caller) -> None:
    for name in LOGS:
        every = "?all=true" if name == "changes" else ""
        for one in caller.answer(f"/{name}{every}")[name]:
            assert caller.answer(f"/{name}?number={one['number']}")[name] == [one]
        assert caller.answer(f"/{name}?number=999999")[name] == []


def test_sets_leave_what_is_in_all_of_them(caller: Caller) -> None:
    every = caller.answer("/outages")["outages"]
    one = caller.answer("/outages?target=accueil&platform=anef&scope=all")["outages"]
    assert one == [outage for outage in every if outage["target"] == "accueil"]
    assert caller.answer("/outages?target=accueil&scope=prefectures")["outages"] == []
    still = caller.answer("/outages?open=true")["outages"]
    assert still == [outage for outage in every if outage["open"]]


REFUSED = {
    "/outages?form=2026": ("form", "2026", "paramètre inconnu"),
    "/outages?limit=1&limit=2": ("limit", "2", "écrit 2 fois"),
    "/outages?limit=0": ("limit", "0", "trop petit"),
    "/outages?limit=1001": ("limit", "1001", "trop grand"),
    "/outages?limit=un": ("limit", "un", "nombre entier"),
    "/outages?open=peut-être": ("open", "peut-être", "true ou false"),
    "/outages?from=hier": ("from", "hier", "n’est pas une date"),
    "/outages?from=2026-10-25T02:30": ("from", "2026-10-25T02:30", "passé deux fois"),
    "/outages?from=1999-01-01": ("from", "1999-01-01", "hors des bornes"),
    "/outages?from=2026-11-24&to=2026-11-23": ("to", "", "n’est pas après son début"),
    "/outages?from=2010-01-01&to=2026-01-01": ("to", "", "période trop longue"),
    "/outages?from=2010-01-01": ("from", "2009-12-31T23:00:00Z", "période trop longue"),
    "/outages?from=2030-01-01": ("from", "2029-12-31T23:00:00Z", "période est vide"),
    "/outages?cursor=AAAA": ("cursor", "AAAA", "pas un curseur"),
    "/outages?target=../../etc": ("target", "../../etc", "mal écrite"),
    "/outages?scope=tout": ("scope", "tout", "hors de la liste"),
    "/outages?number=99999999999999999999": ("number", "99999999999999999999", "trop grand"),
    "/observations": ("target", "", "obligatoire"),
    "/observations?target=accueil&from=2026-01-01&to=2026-03-01": ("to", "", "trop longue"),
    "/at?target=accueil": ("time", "", "obligatoire"),
    "/at?target=accueil&time=1": ("time", "1", "n’est pas une date"),
    "/availability?by=siècle": ("by", "siècle", "hors de la liste"),
    "/availability?by=day&from=2018-01-01&to=2027-12-01": ("by", "day", "parties"),
    "/availability?scope=all&by=hour&from=2026-01-01&to=2026-12-01": (
        "by",
        "hour",
        "détail par heure",
    ),
}


@pytest.mark.parametrize("path", REFUSED)
def test_each_refusal_names_the_key_the_value_and_the_cure(caller: Caller, path: str) -> None:
    response = caller.ask(path)
    parameter, value, reason = REFUSED[path]
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = models.ProblemJson.model_validate_json(response.text)
    (error,) = problem.errors
    assert (error.parameter, error.value) == (parameter, value)
    assert reason in error.reason
    assert error.cure
    assert problem.status == 400
    assert "no-store" in response.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/outages?target=personne",
        "/outages?platform=personne",
        "/outages?department=99",
        "/gaps?component=personne",
        "/observations?target=personne",
        "/availability?target=personne",
        "/at?target=personne&time=2026-11-23",
        "/nulle-part",
        "/outages/",
    ],
)
def test_what_does_not_exist_is_not_found(caller: Caller, path: str) -> None:
    response = caller.ask(path)
    assert response.status_code == 404
    models.ProblemJson.model_validate_json(response.text)


def test_a_cursor_serves_its_own_question_only(caller: Caller) -> None:
    cursor = caller.answer("/outages?limit=1")["next"]
    assert caller.ask(f"/outages?limit=2&cursor={cursor}").status_code == 200
    for path in (f"/outages?open=true&cursor={cursor}", f"/incidents?cursor={cursor}"):
        assert caller.ask(path).status_code == 400
    assert caller.ask(f"/outages?cursor={cursor}A").status_code == 400
    assert caller.ask(f"/outages?cursor={'A' * 300}").status_code == 400


def test_an_answer_is_sent_once_to_whoever_has_it(database_url: str) -> None:
    fill(database_url)
    with opened(database_url) as store:
        caller = Caller(store)
        paths = [f"/{name}?{SPAN}" for name in LOGS]
        tags = [caller.ask(path).headers["etag"] for path in paths]
        assert len(set(tags)) == len(tags)
        for path, tag in zip(paths, tags, strict=True):
            assert tag.startswith('W/"')
            again = Caller(store).ask(path, headers={"If-None-Match": tag})
            assert (again.status_code, again.text) == (304, "")
            assert again.headers["etag"] == tag
        later = Caller(store, now_s=90_000)
        for path in LOGS:
            tag = caller.ask(f"/{path}").headers["etag"]
            assert later.ask(f"/{path}", headers={"If-None-Match": tag}).status_code == 304
        for path in ("observations?target=accueil", "availability?target=accueil"):
            tag = caller.ask(f"/{path}").headers["etag"]  # of a span that ends now
            assert later.ask(f"/{path}", headers={"If-None-Match": tag}).status_code == 200
    with open_store(database_url) as store:
        record(store, "AB", target="prefecture-69")
    with opened(database_url) as store:
        for path, tag in zip(paths, tags, strict=True):
            assert Caller(store).ask(path, headers={"If-None-Match": tag}).status_code == 200


def test_only_reading_is_allowed(caller: Caller) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        response = caller.ask("/outages", method=method)
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD, OPTIONS"
        models.ProblemJson.model_validate_json(response.text)
    options = caller.ask("/outages", method="OPTIONS")
    assert (options.status_code, options.text) == (204, "")
    assert options.headers["allow"] == "GET, HEAD, OPTIONS"
    assert caller.ask("/nulle-part", method="OPTIONS").status_code in {404, 405}
    head, get = (caller.ask("/outages", method=method) for method in ("HEAD", "GET"))
    assert head.text == ""
    assert head.headers == get.headers


def test_one_other_site_may_read_from_a_browser(written: str, caller: Caller) -> None:
    asked = {"Origin": "https://exemple.fr", "Access-Control-Request-Method": "GET"}
    assert "access-control-allow-origin" not in caller.ask("/outages", headers=asked).headers
    with opened(written) as store:
        shared = Caller(store, config=replace(CONFIG, api_origin="https://exemple.fr"))
        for method in ("GET", "HEAD", "OPTIONS"):
            headers = shared.ask("/outages", method=method, headers=asked).headers
            assert headers["access-control-allow-origin"] == "https://exemple.fr"
            assert headers["cross-origin-resource-policy"] == "cross-origin"
        other = shared.ask("/outages", headers={"Origin": "https://mechant.fr"}).headers
        assert other["access-control-allow-origin"] == "https://exemple.fr"


class Unreadable:
    """A record that does not answer in time."""

    def __init__(self, store: Store, error: Exception) -> None:
        self._store = store
        self._error = error

    def leaf_count(self) -> int:
        return self._store.leaf_count()

    def __getattr__(self, name: str) -> Any:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status"), [(StoreError("/un/chemin/secret"), 503), (ZeroDivisionError(), 500)]
)
def test_a_record_that_fails_is_our_fault(written: str, error: Exception, status: int) -> None:
    with opened(written) as store:
        response = Caller(Unreadable(store, error)).ask("/outages")
    assert response.status_code == status
    models.ProblemJson.model_validate_json(response.text)
    assert "secret" not in response.text
    assert ("retry-after" in response.headers) is (status == 503)


def test_other_dates_of_the_law_make_another_answer(written: str) -> None:
    figures = replace(CONFIG.figures, milestones=CONFIG.figures.milestones[:1])
    with opened(written) as store:
        path = f"/availability?target=accueil&by=milestone&{SPAN}"
        tags = {
            Caller(store, config=config).ask(path).headers["etag"]
            for config in (CONFIG, replace(CONFIG, figures=figures))
        }
    assert len(tags) == 2


class Slow:
    """A record that answers when it is let."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.let = Event()

    def outages(self, *arguments: Any, **options: Any) -> Any:
        assert self.let.wait(60)
        return self._store.outages(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_an_answer_is_waited_for_only_so_long(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    respond = problem_details.response
    with opened(written) as store:
        reads = Slow(store)

        def respond_then_let(*arguments: Any, **options: Any) -> Any:
            # The read ends only once the answer is made: the caller's loop waits for its thread.
            reads.let.set()
            return respond(*arguments, **options)

        monkeypatch.setattr(application, "WAIT_S", 0.2)
        monkeypatch.setattr(problem_details, "response", respond_then_let)
        response = Caller(reads).ask("/outages")
    assert response.status_code == 503
    assert "trop longue" in response.json()["detail"]
    assert response.headers["retry-after"]


def test_the_process_that_checks_does_not_load_the_interface() -> None:
    program = "import sys, monitor.app, monitor.cli.service; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_is_too_long_is_a_problem_too(caller: Caller) -> None:
    response = caller.ask("/outages?" + "a" * 2_000)
    assert response.status_code == 414
    models.ProblemJson.model_validate_json(response.text)


HOSTILE = [
    "target=%00",
    "target=%ff%fe",
    "from=%00",
    "from=0001-01-01",
    "from=9999-12-31T23:59:59.999999-23:59",
    "from=2026-11-23T08:00:00.1234567890123",
    "to=2026-W01-1",
    "target=accueil&time=2026-10-25T02:30",
    "target=accueil&time=2099-01-01",
    "cursor=%00",
    "cursor=bnVsbA",
    "cursor=W10",
    "cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTksIiIsIiJd",
    "limit=1e3",
    "limit=+5",
    "limit=%D9%A5",
    "limit=-0",
    "number=-1",
    "department=2a",
    "department=%D9%A3%D9%A3",
    "open=",
    "=",
    "&&&",
    "%00=%00",
    "target=a&target=b&target=c",
    "target=%F0%9F%98%80" * 20,
    "from=2026-11-23&to=2026-11-23",
    "target[]=a",
    "from=2026-11-23T08:00:00%2B99:99",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_no_query_is_a_fault_of_ours(caller: Caller, query: str) -> None:
    for path in caller.description["paths"]:
        response = caller.ask(f"{path}?{query}")
        assert response.status_code < 500, (path, response.text)
        assert "evil.test" not in response.text + str(response.headers)
        if response.status_code >= 400:
            models.ProblemJson.model_validate_json(response.text)


def test_the_description_is_served_as_it_is(caller: Caller) -> None:
    response = caller.ask("/openapi.json")
    assert response.json() == caller.description
    assert response.json()["servers"] == [{"url": "/api/v1"}]
    tag = response.headers["etag"]
    assert caller.ask("/openapi.json", headers={"If-None-Match": tag}).status_code == 304
    assert caller.ask("/openapi.json?a=1").status_code == 400
