"""What people, programs and the operator are told of several points."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from starlette.applications import Starlette

from monitor.attest.point_reader import FRESH, PointReader
from monitor.cli import main
from monitor.config import Config, OtherPoint, load
from monitor.metrics import Exposition, MetricsState
from monitor.store import Store
from monitor.web.api.application import build_interface
from monitor.web.api.models import AvailabilityAnswerJson, PointsAnswerJson
from monitor.web.pages_app import build
from monitor.web.views.point_views import points_view
from tests.support.clock import FakeClock
from tests.support.metrics import FixedMetrics
from tests.support.points import WATCHED, LivingPoint, instant, visited
from tests.support.reads import config as config_of
from tests.support.shipped_config import FOLDER
from tests.web.test_app import Visitor, said
from tests.web.test_faces import read

MINUTES = 12
DOWN = range(4, MINUTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A service at `data` that follows lyon, which sees a page down, and lille, which lied."""

    data: Path
    store: Store
    reader: PointReader
    points: tuple[OtherPoint, ...]
    config: Config
    app: Starlette

    @property
    def web(self) -> Visitor:
        return Visitor(self.app)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("points")
    own = LivingPoint(folder / "own", "own")
    own.live(range(MINUTES))
    lyon, lille = LivingPoint(folder / "lyon", "lyon"), LivingPoint(folder / "lille", "lille")
    lyon.live(range(MINUTES), failing=DOWN)
    lille.live(range(MINUTES))
    for peer in (lyon, lille):
        visited(peer, own.data, now=instant(MINUTES))
    shutil.rmtree(lille.data)
    lille.live(range(MINUTES), failing=DOWN)
    visited(lille, own.data, now=instant(MINUTES))
    points = tuple(
        OtherPoint(
            name=peer.name, operator=f"Association de {peer.name}",
            key=str(peer.key.verifier), url=str(peer.journal),
        )
        for peer in (lyon, lille)
    )  # fmt: skip
    config = replace(config_of(WATCHED.values()), points=points)
    clock = FakeClock(instant(MINUTES))
    reader = PointReader(config, own.data)
    with Store.open(own.url, point="local", writer=False) as store:
        interface = build_interface(store, config=config, clock=clock, version="1", points=reader)
        app = build(
            store, config=config, clock=clock, point="local", metrics=FixedMetrics(),
            version="1", points=reader, interface=interface,
        )  # fmt: skip
        yield Watched(
            data=own.data, store=store, reader=reader, points=points, config=config, app=app
        )


def _text(watched: Watched, path: str) -> str:
    return said(read(watched.web, path)).replace("\u202f", " ")


def test_the_page_of_a_target_says_what_each_point_saw(watched: Watched) -> None:
    text = _text(watched, "/cibles/accueil")
    assert "Indisponible vu de 1 point sur 3, accessible de 1, inconnu de 1." in text
    assert "lille Association de lille ? indéterminé n’est plus écouté" in text
    agreed = "Accessible pour tous les points qui peuvent le dire : 2 sur 3, de 2 exploitants."
    assert agreed in _text(watched, "/cibles/connexion")


def test_a_fault_is_told_on_the_page_of_points(watched: Watched) -> None:
    text = _text(watched, "/points")
    assert (
        "lille : ce point n’est plus écouté. Deux histoires signées par lille.example.test/journal"
        in text
    )
    assert "1 page a un état commun" in text
    assert '<a href="/points">' in watched.web.get("/robot").text


def test_pages_that_one_operator_alone_can_tell_of_are_counted_and_differ_nowhere(
    watched: Watched,
) -> None:
    """Ours is silent by then; lyon, whose journal comes to us late by some minutes, is not."""
    reader = PointReader(watched.config, watched.data)
    now = instant(MINUTES + 4)
    view = points_view(reader, watched.store, config=watched.config, now=now)
    assert (view.differing, view.agreed, view.lone) == ((), 0, len(WATCHED))
    app = build(
        watched.store, config=watched.config, clock=FakeClock(now), point="local",
        metrics=FixedMetrics(), version="1", points=reader,
    )  # fmt: skip
    text = said(read(Visitor(app), "/points"))
    assert "Nulle part en ce moment." in text
    assert "2 autres ne sont vues que d’un exploitant en ce moment." in text


def test_programs_are_told_the_same(watched: Watched) -> None:
    answer = watched.web.get("/api/v1/points").json()
    PointsAnswerJson.model_validate(answer)
    words = {one["target"]: one for one in answer["targets"]}
    assert (words["accueil"]["verdict"], words["accueil"]["agreement"]) == (None, "some")
    assert (words["connexion"]["verdict"], words["connexion"]["agreement"]) == ("up", "all")
    lyon, lille = answer["others"]
    assert (lyon["heard"], lyon["imported_leaves"]) == (True, lyon["signed_leaves"])
    assert (lille["heard"], lille["faults"][0]["kind"]) == (False, "fork")
    assert watched.web.get("/api/v1/points?a=b").status_code == 400
    assert "/points" in watched.web.get("/api/v1/").text


def test_metrics_have_each_point_and_the_common_word(watched: Watched) -> None:
    board = MetricsState(WATCHED.values())
    clock = FakeClock(instant(MINUTES))
    board.points = watched.reader.metrics(watched.store, clock.now())
    exposition = Exposition(board, clock=clock, point="local", version="1", config_sha256="0")
    lines = exposition.render().decode().splitlines()
    for line in (
        'anef_point_heard{point="lyon"} 1.0',
        'anef_point_heard{point="lille"} 0.0',
        'anef_points_saying{state="down",target="accueil"} 1.0',
        'anef_points_saying{state="unknown",target="accueil"} 1.0',
        'anef_common_state{state="up",target="connexion"} 1.0',
    ):
        assert line in lines
    assert not any(
        line.startswith('anef_common_state{state="') and "accueil" in line for line in lines
    )


def test_the_command_says_of_an_instant_what_all_points_saw(
    watched: Watched, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "config"
    shutil.copytree(FOLDER, folder)
    points = "".join(
        f'[[points]]\nname = "{point.name}"\noperator = "{point.operator}"\n'
        f'key = "{point.key}"\nurl = "{point.url}"\n'
        for point in watched.points
    )
    (folder / "local.toml").write_text(points)
    assert [point.name for point in load(folder).points] == ["lyon", "lille"]
    words = ["--config", str(folder), "--data", str(watched.data)]
    assert main(["at", "accueil", "2026-11-23T09:08:30", *words]) == 0
    told = capsys.readouterr().out.replace("\u00a0", " ")
    assert "Vu de tous les points : indisponible vu de 1 point sur 3, accessible de 1" in told
    assert "lille (Association de lille) : n’est plus écouté" in told
    assert main(["follow", *words]) == 1  # lille's fault
    assert "FAUTE" in capsys.readouterr().err


def test_the_first_page_says_what_points_say_in_each_language(watched: Watched) -> None:
    text = _text(watched, "/")
    assert "Vu de plusieurs points de mesure" in text
    assert "1 page a un état commun" in text
    assert "depuis un seul endroit" not in text
    assert "no common state:" in _text(watched, "/en/")
    assert "نقاط القياس لدينا" in _text(watched, "/ar/")


def test_words_are_read_again_after_some_seconds_only(watched: Watched) -> None:
    now = instant(MINUTES)
    words = watched.reader.common_words(watched.store, now)
    assert watched.reader.common_words(watched.store, now + FRESH / 2) is words
    assert watched.reader.common_words(watched.store, now + FRESH) is not words
    assert watched.reader.common_words(None, now + FRESH) is not words


def test_the_availability_of_a_point_is_asked_by_its_name(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["availability", "--config", str(FOLDER), "--data", str(watched.data)]
    asked = [*command, "--target", "accueil", "--format", "json"]
    shares = []
    for point in ((), ("--point", "lyon")):
        assert main([*asked, *point]) == 0
        shares.append(json.loads(capsys.readouterr().out))
    assert shares[0] != shares[1]
    for name in ("nantes", "../points/lyon", ".."):
        assert main([*asked, "--point", name]) == 2
        assert "suivis : lille, lyon" in capsys.readouterr().err


def test_programs_ask_for_it_by_the_same_name(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["availability", "--config", str(FOLDER), "--data", str(watched.data)]
    assert main([*command, "--target", "accueil", "--point", "lyon", "--format", "json"]) == 0
    said_by_the_command = json.loads(capsys.readouterr().out)
    (of_the_command,) = said_by_the_command
    span = f"from={of_the_command['from']}&to={of_the_command['to']}"

    answer = watched.web.get(f"/api/v1/availability?target=accueil&point=lyon&{span}").json()
    ours = watched.web.get(f"/api/v1/availability?target=accueil&{span}").json()

    AvailabilityAnswerJson.model_validate(answer)
    assert answer["point"] == "lyon"
    assert ours["point"] is None
    (of_lyon,), (of_us,) = answer["availability"], ours["availability"]
    assert of_lyon["outages"] == of_the_command["outages"] != of_us["outages"]


@pytest.mark.parametrize("name", ["lille", "nantes", "points"])
def test_a_point_that_is_at_fault_or_unknown_has_no_rates_for_programs(
    watched: Watched, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = watched.web.get(f"/api/v1/availability?target=accueil&point={name}")
    assert refused.status_code == 404
    assert "nous suivons : lyon, lille" in refused.text
    if name == "lille":
        command = ["availability", "--config", str(FOLDER), "--data", str(watched.data)]
        assert main([*command, "--target", "accueil", "--point", name]) == 0
        assert "n’est plus écouté : Deux histoires" in capsys.readouterr().err
