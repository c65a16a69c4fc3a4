"""What a browser showed, on the page of its target: picture and texts, from kept bytes alone."""

import asyncio
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from monitor.attest.kept_answers import KeptAnswers
from monitor.core.changes.change_log import KeptCopy
from monitor.core.model import Kind, Target
from monitor.core.model.rendering import (
    JournaledRendering,
    RefusalCause,
    RefusedRequests,
    RenderFailure,
    files_of,
    recorded,
)
from monitor.evidence.captures.capture_policy import Captures
from monitor.web.pages_app import build
from tests.support.captured import ANSWERS, spoken
from tests.support.clock import FakeClock
from tests.support.metrics import FixedMetrics
from tests.support.outcomes import DEAD, SHOWN, observation
from tests.support.reads import NOW, FakeReads, config, state, target
from tests.web.test_app import Visitor

ONE = replace(target("ecran"), kind=Kind.RENDERED, markers=("Vos démarches",))
NUMBER = 41
HOSTILE = '"><script>alert(1)</script>'


def visitor(reads: FakeReads, folder: Path, *targets: Target) -> Visitor:
    return Visitor(
        build(
            reads,
            config=config(targets or (ONE,)),
            clock=FakeClock(NOW),
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
            captures=folder,
        )
    )


@pytest.fixture
def kept(tmp_path: Path) -> JournaledRendering:
    """Keep one failed display, as the service does."""
    exchange = replace(spoken(NOW, ANSWERS["plain"]), rendering=SHOWN)
    seen = observation("ecran", NOW, DEAD, exchange=exchange)
    captures = Captures(tmp_path, software="essai/1", clock_limit_us=0)
    (copy,) = asyncio.run(captures.keep(ONE, seen, known_good=True, in_outage=False))
    record = recorded(SHOWN, target="ecran", point="local", at=NOW)
    return JournaledRendering(number=NUMBER, record=record, file=copy.file, sha256=copy.sha256)


def test_the_page_shows_the_picture_and_the_texts_of_the_last_display(
    kept: JournaledRendering, tmp_path: Path
) -> None:
    reads = FakeReads(shown=[kept], seen=[state("ecran")])
    reader = visitor(reads, tmp_path)
    page = reader.get("/cibles/ecran").text
    assert f'<img class="screen" src="/cibles/ecran/ecran/{NUMBER}/picture.png"' in page
    assert "https://audience.test" in page
    assert "document.txt" not in page
    files = files_of(SHOWN)
    for name, media in (("picture.png", "image/png"), ("tree.txt", "text/plain")):
        response = reader.get(f"/cibles/ecran/ecran/{NUMBER}/{name}")
        assert response.status_code == 200
        assert response.content == files[name.partition(".")[0]]
        assert response.headers["content-type"].startswith(media)
        assert response.headers["x-content-type-options"] == "nosniff"
        digest = sha256(response.content).hexdigest()
        assert f'title="{digest}"' in page


def test_what_stood_on_the_screen_is_what_a_visitor_saw(
    kept: JournaledRendering, tmp_path: Path
) -> None:
    copy = KeptCopy(at=NOW, file=kept.file, sha256=kept.sha256, body_sha256="")
    (shown,) = KeptAnswers(tmp_path).read([copy], pictures=True).values()
    assert (shown.on_screen, shown.text, shown.picture) == (True, SHOWN.text, SHOWN.picture)
    (words_alone,) = KeptAnswers(tmp_path).read([copy]).values()
    assert words_alone == replace(shown, picture=b"")


@pytest.mark.parametrize(
    "path",
    [
        f"autre/ecran/{NUMBER}/picture.png",  # of another target
        f"ecran/ecran/{NUMBER + 1}/picture.png",
        f"ecran/ecran/{NUMBER}/document.txt",  # a page of another site is never served
        f"ecran/ecran/{NUMBER}/document.html",
        f"ecran/ecran/{NUMBER}/../../../secret",
        "ecran/ecran/-1/picture.png",
        f"ecran/ecran/{2**70}/picture.png",
    ],
)
def test_nothing_else_is_served(path: str, kept: JournaledRendering, tmp_path: Path) -> None:
    reader = visitor(FakeReads(shown=[kept], seen=[state("ecran")]), tmp_path)
    assert reader.get(f"/cibles/{path}").status_code == 404


def test_bytes_that_are_not_those_of_the_leaf_are_not_shown(
    kept: JournaledRendering, tmp_path: Path
) -> None:
    other = recorded(replace(SHOWN, picture=b"autre"), target="ecran", point="local", at=NOW)
    reader = visitor(FakeReads(shown=[replace(kept, record=other)]), tmp_path)
    assert reader.get(f"/cibles/ecran/ecran/{NUMBER}/picture.png").status_code == 404
    assert reader.get(f"/cibles/ecran/ecran/{NUMBER}/tree.txt").status_code == 200
    (tmp_path / kept.file).write_bytes(b"rien")
    reader = visitor(FakeReads(shown=[kept]), tmp_path)
    assert reader.get(f"/cibles/ecran/ecran/{NUMBER}/tree.txt").status_code == 404


def test_a_display_that_failed_and_a_hostile_origin_are_said_as_text(tmp_path: Path) -> None:
    refused = (RefusedRequests(origin=HOSTILE, cause=RefusalCause.THIRD_PARTY),)
    broken = replace(SHOWN, failure=RenderFailure.MEMORY, browser=HOSTILE, refused=refused)
    record = recorded(broken, target="ecran", point="local", at=NOW)
    reads = FakeReads(shown=[JournaledRendering(number=NUMBER, record=record)])
    page = visitor(reads, tmp_path).get("/cibles/ecran").text
    assert HOSTILE not in page
    assert "plus de mémoire" in page
    assert "d’aucun affichage ne sont gardés" in page
    assert "<img" not in page


def test_the_picture_is_that_of_the_last_display_that_is_kept(
    kept: JournaledRendering, tmp_path: Path
) -> None:
    """A good display is not kept, and hides no failure that was."""
    later = replace(kept, number=NUMBER + 9, file="", sha256="")
    page = visitor(FakeReads(shown=[kept, later]), tmp_path).get("/cibles/ecran").text
    assert f'src="/cibles/ecran/ecran/{NUMBER}/picture.png"' in page
    assert f"feuille {NUMBER + 9} du journal" in page


def test_a_page_that_was_never_shown_says_so(tmp_path: Path) -> None:
    page = visitor(FakeReads(), tmp_path).get("/cibles/ecran").text
    assert "pas encore été affichée" in page
    plain = visitor(FakeReads(), tmp_path, target("page")).get("/cibles/page").text
    assert "À l’écran" not in plain
