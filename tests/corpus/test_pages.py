"""Pages of our own writing, each with its answer and why: see the files beside."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from monitor.core.changes.compare_saved import Comparison, compare_saved, judge_with
from tests.support.shipped_config import FOLDER as FOLDER_OF_CONFIG
from tests.support.shipped_config import SHIPPED

FOLDER = Path(__file__).with_name("pages")
URL = "https://exemple.gouv.fr/sejour"
SITES = Path(__file__).with_name("sites")
ANSWERS = {True: "changed", False: "unchanged", None: "incomparable"}
SHELL = (
    '<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Séjour</title></head><body>'
    "<header><p>Préfecture</p></header><main><h1>Titre de séjour</h1>{}</main></body></html>"
)
MARKS = SHIPPED.fingerprints


@dataclass(frozen=True)
class Case:
    """One pair: `expected` holds what its file says of it."""

    name: str
    before: bytes
    after: bytes
    content_type: str
    expected: dict[str, Any]


def page(one: dict[str, Any], side: str) -> str:
    """Return one side of a case: its text, in the page of a site or in the plain one."""
    if one.get("whole"):
        return str(one[side])
    shell = SITES.joinpath(f"{one['site']}.html").read_text("utf-8") if "site" in one else SHELL
    noise = one.get(f"noise_{side}", "")
    return shell.replace("{}", one[side]).replace("{noise}", noise)


def cases() -> list[Case]:
    found = []
    for file in sorted(FOLDER.glob("*.toml")):
        for one in tomllib.loads(file.read_text(encoding="utf-8"))["case"]:
            before, after = (page(one, side).encode() for side in ("before", "after"))
            if one.get("broken"):
                before = before.replace(b'<meta charset="utf-8">', b"")
                after = before.replace("Café".encode(), b"Caf\xc3")
            kind = one.get("content_type", "text/html")
            found.append(Case(f"{file.stem}: {one['id']}", before, after, kind, one))
    return found


CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_pair_has_its_answer_in_both_directions(case: Case) -> None:
    expected = case.expected
    forth = compared(case, case.before, case.after)
    back = compared(case, case.after, case.before)

    assert ANSWERS[forth.changed] == expected["answer"] == ANSWERS[back.changed], forth.summary
    if kinds := expected.get("kinds"):
        assert set(kinds) <= set(forth.kinds), forth.summary
        more = set(forth.kinds) - set(kinds) - {"link_target", "link_added", "link_removed"}
        assert not more or expected.get("among")
    if weight := expected.get("weight"):
        assert forth.weight == weight
    for text in expected.get("summary", ()):
        assert text in forth.summary


def compared(case: Case, before: bytes, after: bytes) -> Comparison:
    judge = judge_with(MARKS, content_type=case.content_type)
    return compare_saved(before, after, url=URL, content_type=case.content_type, is_page=judge)


def test_the_command_gives_the_same_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a person would: the saved files, one line of the answer for each pair."""
    lines = []
    for number, case in enumerate(CASES):
        for side, body in (("before", case.before), ("after", case.after)):
            (tmp_path / f"{number}-{side}").write_bytes(body)
        pair = {"id": case.name, "before": f"{number}-before", "after": f"{number}-after"}
        lines.append(json.dumps({**pair, "url": URL, "content_type": case.content_type}))
    (tmp_path / "pairs").write_text("\n".join(lines), encoding="utf-8")

    main(["compare", "--pairs", str(tmp_path / "pairs"), "--config", str(FOLDER_OF_CONFIG)])

    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(case.name, case.expected["answer"]) for case in CASES] == [
        (answer["id"], ANSWERS[answer["changed"]]) for answer in answers
    ]


def test_each_page_says_why() -> None:
    assert all(case.expected["why"].endswith(".") for case in CASES)
    assert len({case.name for case in CASES}) == len(CASES)
