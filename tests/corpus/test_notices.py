"""Every page of the corpus has its answer, in the program and on the command line."""

import json
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.core.verdict.classify import classify_saved
from tests.corpus.notices import KINDS, Notice
from tests.support.shipped_config import SHIPPED

FINGERPRINTS = SHIPPED.fingerprints
NOTICES = {
    f"{kind}, {number}": notice
    for kind, notices in KINDS.items()
    for number, notice in enumerate(notices, start=1)
}


@pytest.mark.parametrize("name", NOTICES)
def test_a_page_is_what_its_own_words_say(name: str) -> None:
    notice = NOTICES[name]
    judgement = classify_saved(
        status=notice.status,
        headers=notice.headers,
        body=notice.data,
        url=notice.url,
        controls_failed=False,
        fingerprints=FINGERPRINTS,
    )
    found = judgement.verdict, judgement.reason
    assert found == notice.said, (notice.why, notice.body, judgement.tried[-1].ground)


def test_every_kind_has_five_pages_at_least() -> None:
    assert {kind for kind, notices in KINDS.items() if len(notices) < 4} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_person_gets_the_same_answer(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`vigie classify`, as a person types it."""
    notice: Notice = KINDS[kind][0]
    (tmp_path / "page").write_bytes(notice.data)
    headers = tmp_path / "headers.json"
    headers.write_text(json.dumps([list(pair) for pair in notice.headers]), encoding="utf-8")
    code = main(
        [
            "classify",
            "--json",
            "--status",
            str(notice.status),
            "--headers",
            str(headers),
            "--url",
            notice.url,
            str(tmp_path / "page"),
        ]
    )
    told = json.loads(capsys.readouterr().out)

    assert code == 0
    assert (told["verdict"], told["reason"]) == notice.said
