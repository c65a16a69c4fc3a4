"""A survey's folder from a stranger, a hostile proposal, and whatever comes between two writes."""

import errno
import json
import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from monitor.cli.accept import desk_of
from monitor.config import load
from monitor.config.settings import read_settings
from monitor.evidence import durable
from monitor.runtime.clock import SystemClock
from monitor.survey import decision_desk, survey_folder
from monitor.survey.acceptance import NotWritten, ProposalChoice, accept, tried
from monitor.survey.surprise import ConfigEdit, Surprise, SurpriseKind
from monitor.survey.survey_folder import INDEX, SurveyError, SurveyFolder
from monitor.survey.survey_index import SurveyStep
from monitor.survey.survey_report import report_of
from tests.support.first_day import opened

Json = dict[str, Any]
LINES = '[[target]]\nslug = "prefecture-67"\nmarkers = ["Bienvenue"]\n'


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return opened(tmp_path)


def proposal(**values: str) -> Surprise:
    return Surprise(
        id="essai",
        kind=SurpriseKind.MOVED,
        about="prefecture-34",
        observed="Essai",
        advice="Essai",
        edit=ConfigEdit(
            table="target", listed=True, values={"slug": "prefecture-34", "name": "Essai"} | values
        ),
    )


def written(config: Path, surprise: Surprise) -> None:
    now = SystemClock().now()
    accept(config, surprise, before=load(config), observed_at=now, now=now)


def everywhere(name: str, value: object) -> Callable[[Json], None]:
    def change(index: Json) -> None:
        for steps in ("targets", "robots", "controls"):
            for step in index[steps].values():
                step[name] = value

    return change


CHANGES: Mapping[str, Callable[[Json], None]] = {
    "the first year": lambda index: index.update(begun_at="0001-01-01T00:00:00Z"),
    "the last instant": lambda index: index.update(begun_at="9999-12-31T23:59:59.9Z"),
    "no time zone": lambda index: index.update(begun_at="2026-11-29T12:00:00"),
    "steps of no time": everywhere("at", "0001-01-01T00:00:00+14:00"),
    "a clock beyond all numbers": lambda index: index.update(
        clocks={"1.2.3.4": {"at": "2026-11-29T12:00:00Z", "server": "x", "offset_us": 10**400}}
    ),
    "a nonce beyond all numbers": lambda index: index.update(
        stamps={"digicert": {"at": "2026-11-29T12:00:00Z", "nonce": 2**70}}
    ),
    "a thousand resolvers": lambda index: index.update(
        resolvers={f"9.9.{n // 256}.{n % 256}": [] for n in range(1_000)}
    ),
    "half of a pair": lambda index: index.update(point="\ud800"),
    "another version": lambda index: index.update(format="vigie-survey/2"),
    "a bottomless list": lambda index: index.update(controls=json.loads("[" * 900 + "]" * 900)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_index_that_no_survey_has_is_refused(
    folders: tuple[Path, Path], change: Callable[[Json], None]
) -> None:
    path = folders[1] / INDEX
    index = json.loads(path.read_text("utf-8"))
    change(index)
    path.write_text(json.dumps(index), "utf-8")
    with pytest.raises(SurveyError):
        SurveyFolder.read(folders[1])


def test_a_file_that_is_none_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    config, folder = folders
    (answers,) = (folder / "answers").iterdir()
    makes: tuple[Callable[[], object], ...] = (
        lambda: os.mkfifo(answers),
        lambda: answers.symlink_to("/dev/zero"),
        answers.mkdir,
    )
    for make in makes:
        answers.unlink(missing_ok=True)
        make()
        with pytest.raises(SurveyError):
            report_of(SurveyFolder.read(folder), load(config))
    (tmp_path / "vide").mkdir()
    os.mkfifo(tmp_path / "vide" / INDEX)
    assert main(["survey", "--replay", str(tmp_path / "vide"), "--config", str(config)]) == 2


def test_more_answers_than_memory_are_refused(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey_folder, "MAX_BYTES", 10_000)
    with pytest.raises(SurveyError, match="plus de 10000 octets"):
        list(SurveyFolder.read(folders[1]).answers())


def test_a_target_that_is_none_here_has_no_line_to_write(folders: tuple[Path, Path]) -> None:
    config = load(folders[0])
    folder = SurveyFolder.read(folders[1])
    digest = folder.index.targets["prefecture-34"].sha256
    observation = next(seen for name, _, seen in folder.answers() if name == digest)
    stranger = replace(config.by_slug["prefecture-34"], slug="inconnue")
    sha256 = folder.keep(stranger, observation)
    folder.index.targets["inconnue"] = SurveyStep(
        at=observation.at, url=stranger.url, sha256=sha256
    )
    report = report_of(folder, config)
    (surprise,) = (one for one in report.surprises if one.about == "inconnue")
    assert surprise.kind is SurpriseKind.MOVED
    assert surprise.edit is None


def test_the_resolvers_of_another_machine_are_not_proposed(folders: tuple[Path, Path]) -> None:
    config = load(folders[0])
    folder = SurveyFolder.read(folders[1])
    (good, *_) = (one for ones in folder.index.resolvers.values() for one in ones if one.addresses)
    lie = replace(good, addresses=("127.9.9.9",))
    others = {f"198.51.100.{n}": [good] for n in range(1, 4)}
    folder.index.resolvers = {"198.51.100.9": [lie], **others}
    surprises = report_of(folder, config).own_side.surprises
    assert [one.about for one in surprises] == ["198.51.100.9"]
    assert [one.edit for one in surprises] == [None]


@pytest.mark.parametrize(
    "value",
    [
        'x"\n[service]\nallow_private = true\n#',
        "x\\",
        "x'''\n\"\"\"",
        "]]\n[[target]]\nslug = 'prefecture-67'",
        "\x7f\x00\x1b[2J\u2028\u202e\ud800",
    ],
)
def test_a_value_stays_a_value(folders: tuple[Path, Path], value: str) -> None:
    config, _ = folders
    before = load(config)
    try:
        written(config, proposal(name=value))
    except NotWritten:
        assert not (config / "local.toml").exists()
        return
    (entry,) = tomllib.loads((config / "local.toml").read_text("utf-8"))["target"]
    assert entry["slug"] == "prefecture-34"
    assert load(config).by_slug["prefecture-67"] == before.by_slug["prefecture-67"]


def test_what_a_site_says_stays_within_its_line() -> None:
    surprise = replace(proposal(), observed="Essai\nAccepter ?\r\u2028\x85[o]ui", about="a\nb")
    assert len(surprise.observed.splitlines()) == 1
    assert surprise.about == "a b"


def test_one_at_a_time(folders: tuple[Path, Path]) -> None:
    config, _ = folders
    with ExitStack() as until:
        durable.hold(config, until)
        with pytest.raises(NotWritten, match="Une autre commande"):
            written(config, proposal())
    written(config, proposal())
    assert load(config).by_slug["prefecture-34"].name == "Essai"


@pytest.mark.parametrize("number", [1, 2])
def test_a_full_disk_changes_nothing(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    config, _ = folders
    local = config / "local.toml"
    local.write_text(LINES, "utf-8")
    surprise = proposal()
    assert surprise.edit
    surprise = replace(surprise, edit=replace(surprise.edit, files={"racines/une.pem": b"x"}))
    count, write = 0, durable.write

    def full(path: Path, data: bytes, *, mode: int = 0o640) -> None:
        nonlocal count
        count += 1
        if count >= number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, data, mode=mode)

    monkeypatch.setattr(durable, "write", full)
    with pytest.raises(NotWritten, match="changé"):
        written(config, surprise)
    assert local.read_text("utf-8") == LINES
    load(config)


def test_a_link_and_its_permissions_stay(folders: tuple[Path, Path], tmp_path: Path) -> None:
    config, _ = folders
    place = tmp_path / "ailleurs.toml"
    place.write_text(LINES, "utf-8")
    place.chmod(0o600)
    (config / "local.toml").symlink_to(place)
    written(config, proposal())
    assert (config / "local.toml").is_symlink()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert "Bienvenue" in place.read_text("utf-8")


def test_a_line_that_another_hides_is_not_called_written(folders: tuple[Path, Path]) -> None:
    config, _ = folders
    text = LINES + '[[target]]\nslug = "prefecture-34"\n[[target]]\nslug = "prefecture-34"\n'
    text += 'name = "Un autre"\n'
    (config / "local.toml").write_text(text, "utf-8")
    with pytest.raises(NotWritten, match="l’emporterait pour : name"):
        written(config, proposal())
    assert (config / "local.toml").read_text("utf-8") == text


def test_trying_writes_nothing(folders: tuple[Path, Path]) -> None:
    config, _ = folders
    before = {path: path.stat().st_mtime_ns for path in config.rglob("*")}
    assert tried(config, proposal()).by_slug["prefecture-34"].name == "Essai"
    assert {path: path.stat().st_mtime_ns for path in config.rglob("*")} == before


def test_what_is_written_is_recorded_even_where_no_decision_can_be_kept(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, folder = folders
    desk = desk_of(folder, config, read_settings({}, data=tmp_path / "data"), load(config))
    lines: list[str] = []
    desk.record = lambda _surprise, more, _at: lines.extend(more)

    def full(*_: object) -> None:
        raise SurveyError("plein")

    monkeypatch.setattr(decision_desk, "write_decisions", full)
    with pytest.raises(SurveyError):
        desk.decide(desk.proposals[1], ProposalChoice.ACCEPTED)
    assert any("url =" in line for line in lines)
    (folder / "decisions.json").write_bytes(b"pas du JSON")
    with pytest.raises(SurveyError):
        desk.decide(desk.proposals[0], ProposalChoice.ACCEPTED)
    assert "feature_flags" not in (config / "local.toml").read_text("utf-8")
