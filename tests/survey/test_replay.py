"""A kept survey is judged again without network, and what it proposes is accepted from it."""

import json
import tomllib
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.config import load
from monitor.core.model import AnnotationKind
from monitor.fetch import Fetcher
from monitor.store import Store
from monitor.survey.survey_folder import INDEX
from tests.support.first_day import NEW_PATH, opened
from tests.support.service import vigie_here

EXPECTED = {
    "anef": ("to_correct", "degraded", "dead-sign-of-life"),
    "prefecture-34": ("to_correct", "up", "moved"),
    "prefecture-38": ("to_correct", "up", "healthy"),
    "prefecture-44": ("refused", None, ""),
    "prefecture-67": ("expected", "up", "healthy"),
}


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.delattr(Fetcher, "fetch_url")  # nothing is asked
    monkeypatch.delattr(Fetcher, "fetch")
    return opened(tmp_path)


def replayed(config: Path, folder: Path) -> int:
    return main(["survey", "--replay", str(folder), "--config", str(config)])


def accept(config: Path, folder: Path, *words: str) -> int:
    data = str(folder.parent / "data")
    return main(["accept", "--from", str(folder), "--config", str(config), "--data", data, *words])


def test_the_answers_of_that_day_are_judged_as_they_were(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    config, folder = folders
    assert replayed(config, folder) == 1

    report = json.loads((folder / "survey.json").read_text(encoding="utf-8"))
    judged = {
        one["slug"]: (one["standing"], one["verdict"], one["rule"])
        for one in report["targets"]
        if one["slug"] in EXPECTED
    }
    assert judged == EXPECTED
    assert report["installation"]["right"]
    assert {one["kind"] for one in report["surprises"]} == {"shell", "moved", "notice", "robots"}
    output = capsys.readouterr().out
    assert "1 cible répond comme prévu, 3 à corriger, 1 refuse la sonde" in output


def test_the_page_is_one_file_without_script_and_escapes_what_sites_say(
    folders: tuple[Path, Path],
) -> None:
    config, folder = folders
    replayed(config, folder)
    page = (folder / "survey.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "src=" not in page
    assert "[[target]]" in page
    assert "Votre installation est correcte" in page
    assert "<h1>Nos équipes" not in page
    assert "\N{NO-BREAK SPACE}: Préfecture d’essai 34 – étrangers" in page


def test_each_is_accepted_by_a_script_and_then_nothing_is_left(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    config, folder = folders
    assert accept(config, folder, "--json") == 1
    ids = [one["id"] for one in json.loads(capsys.readouterr().out)]
    assert sorted(ids) == [
        "anef-shell", "prefecture-34-moved", "prefecture-38-notice", "prefecture-44-robots",
    ]  # fmt: skip
    assert accept(config, folder, "--no", "prefecture-44-robots", "--yes", *ids[:1]) == 0
    assert accept(config, folder, "--yes", "prefecture-34-moved", "prefecture-38-notice") == 0

    text = (config / "local.toml").read_text(encoding="utf-8")
    assert "accepté le" in text
    targets = {one["slug"]: one for one in tomllib.loads(text)["target"]}
    assert targets["prefecture-34"]["url"].endswith(NEW_PATH)
    assert targets["prefecture-34"]["source"].startswith("relevé du ")
    assert tomllib.loads(text)["fingerprint"][0]["verdict"] == "maintenance"
    assert main(["check-config", "--config", str(config)]) == 0
    capsys.readouterr()
    assert accept(config, folder) == 0
    assert "Rien n’est à décider." in capsys.readouterr().out
    decisions = json.loads((folder / "decisions.json").read_text(encoding="utf-8"))
    assert decisions["prefecture-44-robots"]["choice"] == "refused"


def test_nothing_is_written_without_an_answer(
    folders: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config, folder = folders
    answers = iter(["p", "bof", "n", "q"])
    monkeypatch.setattr("builtins.input", lambda _question: next(answers))
    assert accept(config, folder) == 1
    assert not (config / "local.toml").exists()
    assert "3 propositions à décider." in capsys.readouterr().out


def test_what_the_configuration_refuses_is_undone(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    config, folder = folders
    local = config / "local.toml"
    lines = 'fingerprint = [{ id = "une" }]\n'
    local.write_text(lines, encoding="utf-8")
    assert accept(config, folder, "--yes", "prefecture-38-notice") == 2
    assert local.read_text(encoding="utf-8") == lines
    local.write_text("target = []\n", encoding="utf-8")
    assert accept(config, folder, "--yes", "prefecture-34-moved") == 2
    assert local.read_text(encoding="utf-8") == "target = []\n"
    assert "À écrire vous-même" in capsys.readouterr().err


def test_a_folder_without_a_survey_is_not_called_decided(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "rien"
    assert accept(folders[0], nowhere) == 2
    places = ("--config", str(folders[0]), "--data", str(nowhere))
    assert main(["accept", *places]) == 0
    text = capsys.readouterr()
    assert "Aucun relevé dans" in text.err
    assert "Aucun relevé dans" in text.out
    assert "décider" not in text.out


def test_an_unknown_name_is_refused(folders: tuple[Path, Path]) -> None:
    config, folder = folders
    assert accept(config, folder, "--yes", "rien") == 2


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"format": "autre"}', b"\xff"])
def test_a_folder_that_is_no_survey_is_refused(folders: tuple[Path, Path], data: bytes) -> None:
    config, folder = folders
    (folder / INDEX).write_bytes(data)
    assert replayed(config, folder) == 2


def test_answers_that_were_changed_are_refused(folders: tuple[Path, Path]) -> None:
    config, folder = folders
    (path,) = (folder / "answers").glob("*.warc.gz")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    assert replayed(config, folder) == 2


def test_what_is_accepted_is_a_leaf_of_the_record(folders: tuple[Path, Path]) -> None:
    config, folder = folders
    data = folder.parent / "data"
    data.mkdir()
    places = "--config", config, "--data", data
    assert vigie_here("migrate", *places).returncode == 0

    words = "--yes", "prefecture-34-moved", "prefecture-38-notice"
    done = vigie_here("accept", "--from", folder, *words, *places)
    assert done.returncode == 0, done.stderr

    with Store.open(f"sqlite:///{data}/vigie.sqlite", point="local", writer=False) as store:
        notes = store.annotations()
    assert [note.kind for note in notes] == [AnnotationKind.SETTING] * 2
    assert [note.targets for note in notes] == [("prefecture-34",), ("prefecture-38",)]
    kept = (data / "annonces" / str(notes[0].sha256)).read_text(encoding="utf-8")
    assert "accepté le" in kept
    assert NEW_PATH in kept
    done = vigie_here("verify", data)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tout est vérifié." in done.stdout
    listed = vigie_here("annotate", "list", *places)
    assert "0 annonce" in listed.stdout


def searched(folders: tuple[Path, Path]) -> Path:
    """Write what a search of a prefecture proposes; return the file of local settings."""
    config, folder = folders
    searches = folder.parent / "data" / "discovery"
    searches.mkdir(parents=True)
    home = load(config).by_slug["prefecture-01"].url
    entry = {
        "slug": "prefecture-01-asile", "name": "Essai – asile", "url": f"{home}Asile",
        "kind": "page", "source": "vigie discover, page lue le 29/11/2026", "verified": "live",
    }  # fmt: skip
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in entry.items())
    (searches / "01.toml").write_text(f"[[target]]\n{lines}\n", encoding="utf-8")
    (searches / "02.toml").write_text("pas du TOML", encoding="utf-8")
    return config / "local.toml"


def test_pages_that_a_search_proposes_are_accepted_too(folders: tuple[Path, Path]) -> None:
    config, folder = folders
    local = searched(folders)
    local.write_text('[[platform]]\nslug = "ide"\ninterval_s = { page = 3600 }\n', "utf-8")

    assert accept(config, folder, "--yes", "prefecture-01-asile") == 0

    target = load(config).by_slug["prefecture-01-asile"]
    assert (target.department, target.platform, target.interval_s) == ("01", "ide", 3600)
    assert accept(config, folder, "--yes", "prefecture-01-asile") == 2, "it is proposed no more"


def test_a_page_that_the_configuration_refuses_is_not_written(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    config, folder = folders
    local = searched(folders)

    done = accept(config, folder, "--yes", "prefecture-01-asile")

    assert done == 2, "no interval is known for it"
    assert "rien n’a été changé" in capsys.readouterr().err
    assert not local.exists()
