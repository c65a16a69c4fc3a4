"""Whole answers of our own writing, in the frames of real sites, each with what it is.

`answers/*.toml` holds them: fifteen sets, each written before it was first judged. A case has its
`answer`, what else may be said of it (`also`), its `page` (a frame of `frames/`, or `whole`), the
`title` and the `main` part that go into it, and where they matter the `kind` of the target and the
`type` of the content. `missed` marks one that is called up although it is not: a known limit.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from monitor.config.files.fingerprint_file import load_fingerprints
from monitor.core.model import Controls, Judgement, Kind, Reason, Verdict
from monitor.core.verdict.classify import classify, exchange_of_saved

FOLDER = Path(__file__).with_name("answers")
FRAMES = Path(__file__).with_name("frames")
URL = "https://www.exemple.gouv.fr/demarches/sejour"
HTML = "text/html; charset=utf-8"
REMOVED = frozenset({Reason.GONE, Reason.PARKED})
FINGERPRINTS, PROBLEMS = load_fingerprints(Path("config/fingerprints.toml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer with status 200; `said` holds what may be said of it, the best first."""

    name: str
    said: tuple[str, ...]
    page: str
    title: str = ""
    main: str
    kind: Kind = Kind.PAGE
    content_type: str = HTML
    missed: bool = False

    @property
    def body(self) -> bytes:
        charset = self.content_type.partition("charset=")[2] or "utf-8"
        return (
            _frame(self.page)
            .replace("{title}", self.title)
            .replace("{main}", self.main)
            .encode(charset)
        )


@cache
def _frame(page: str) -> str:
    return "{main}" if page == "whole" else (FRAMES / f"{page}.html").read_text(encoding="utf-8")


def answers() -> Iterator[Answer]:
    for file in sorted(FOLDER.glob("*.toml")):
        for case in tomllib.loads(file.read_text(encoding="utf-8"))["case"]:
            yield Answer(
                name=f"{file.stem}: {case['id']}",
                said=(case["answer"], *case.get("also", ())),
                page=case["page"],
                title=case.get("title", ""),
                main=case["main"],
                kind=Kind(case.get("kind", "page")),
                content_type=case.get("type", HTML),
                missed=case.get("missed", False),
            )


def judged(answer: Answer) -> Judgement:
    """Judge an answer as of a target that was up before; the script of a shell is there."""
    target, exchange = exchange_of_saved(
        status=200,
        headers={"content-type": answer.content_type},
        body=answer.body,
        url=URL,
    )
    if answer.kind is Kind.SHELL:
        script = exchange_of_saved(
            status=200,
            headers={"content-type": "text/javascript"},
            body=b"start();",
            url=f"{URL}/main.js",
        )
        exchange = replace(exchange, parts=script[1:])
    return classify(
        replace(target, kind=answer.kind),
        exchange,
        controls=Controls(at=exchange.started_at, ok=1, asked=1),
        clock_offset_us=0,
        clock_limit_us=0,
        known_good=True,
        fingerprints=FINGERPRINTS,
    )


def state(judgement: Judgement) -> str:
    """Return the word of a judgement: its verdict, or "removed" for a page that is gone."""
    if judgement.verdict is Verdict.DOWN and judgement.reason in REMOVED:
        return "removed"
    return judgement.verdict.value
