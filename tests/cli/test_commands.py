"""The commands that need no running service: what they print and how they end."""

import json
from pathlib import Path

import pytest

from monitor.cli import COMMANDS, main

HEALTHY = (
    "<html lang=fr><head><title>Titres de séjour</title></head><body><main><h1>Le titre</h1>"
    + "<p>Le titre de séjour se demande en ligne, avant la fin du précédent.</p>" * 20
)
REFUSAL = (
    "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. "
    "Please consult with your administrator.<br>Your support ID is: 1234567890</body></html>"
)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(HEALTHY, encoding="utf-8")
    return path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_saved_healthy_page_is_up_and_the_first_word_says_so(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", "--status", "200", str(page)]) == 0

    assert said(capsys).startswith("up ")


def test_a_saved_refusal_is_blocked_with_the_rules_tried_in_order(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page.write_text(REFUSAL)

    main(["classify", "--status", "200", "--json", str(page)])

    answer = json.loads(said(capsys))
    assert (answer["verdict"], answer["reason"]) == ("blocked", "waf")
    assert answer["tried"][-1]["matched"] is True
    assert answer["tried"][-1]["rule"] == answer["rule"]
    assert not any(trial["matched"] for trial in answer["tried"][:-1])


@pytest.mark.parametrize(
    "headers",
    [
        '{"Content-Type": "text/html"}',
        '[["Content-Type", "text/html"]]',
        "HTTP/1.1 503 Service Unavailable\nContent-Type: text/html\n",
    ],
    ids=["object", "pairs", "lines"],
)
def test_headers_are_read_in_three_forms(
    page: Path, headers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = page.with_suffix(".txt")
    saved.write_text(headers)
    words = ["classify", "--status", "503", "--headers", str(saved), str(page), "--json"]

    assert main(words) == 0
    assert json.loads(said(capsys))["verdict"] == "down"


def test_with_the_controls_down_nothing_is_laid_on_the_site(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["classify", "--status", "503", "--control", "failed", "--json", str(page)])

    answer = json.loads(said(capsys))
    assert (answer["verdict"], answer["reason"]) == ("unknown", "local_network")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["classify", "--status", "42", "{page}"], "--status : 42"),
        (["classify", "--status", "200", "{page}.absente"], "illisible"),
        (["classify", "--status", "200", "--headers", "{page}", "{page}"], "en-têtes illisibles"),
        (["compare", "{page}"], "AVANT et APRÈS"),
        (["compare", "{page}", "{page}.absente"], "illisible"),
        (["check-config", "--config", "{page}.absente"], "vigie.toml"),
        (["probe", "inconnue"], "ni une cible"),
        (["outages", "--data", "{page}.absente"], "n’existe pas"),
        (["pause", "inconnue"], "plateforme inconnue"),
        (["outages", "--from", "2026-11-23", "--to", "2026-11-23"], "n’est pas après son début"),
        (["changes", "--from", "2026-11-23T10:00Z", "--to", "2026-11-23T11:00"], "n’est pas après"),
        (
            ["export", "--from", "2026-11-24", "--to", "2026-11-21", "--out", "{page}.x"],
            "est avant",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_french_and_ends_with_2(
    page: Path, words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([word.format(page=page) for word in words])

    assert code == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--target", "inconnue"], "aucune cible de ce nom"),
        (["--platform", "inconnue"], "plateforme inconnue"),
    ],
)
def test_a_choice_that_names_nothing_is_refused(
    tmp_path: Path, words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["migrate", "--data", str(tmp_path / "data")])

    assert main(["outages", "--data", str(tmp_path / "data"), *words]) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "il manque : COMMANDE"),
        (["inconnue"], "n’est pas parmi les choix possibles"),
        (["classify", "page.html"], "il manque : --status"),
        (["classify", "--status", "deux", "page.html"], "valeur refusée"),
        (["outages", "--from", "demain"], "n’est pas une date"),
        (["changes", "--to", "2026-10-25T02:30"], "2026-10-25T02:30:00+01:00 (la seconde)"),
        (["export", "--from", "2026-03-29T02:30", "--out", "x"], "n’existe pas à Paris"),
        (["health", "--quoi"], "options inconnues"),
    ],
)
def test_usage_errors_are_french(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert expected in capsys.readouterr().err


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    assert ended.value.code == 0
    printed = said(capsys)
    assert all(command in printed for command in COMMANDS)
    assert "show this help" not in printed


def test_the_shipped_configuration_is_good_and_says_what_to_replace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check-config"]) == 0

    printed = said(capsys)
    assert "Configuration valable : 189 cibles" in printed
    assert "À faire : " in printed
    assert "Adresses à confirmer : 25, dont https://" in printed


def test_the_addresses_to_confirm_are_listed_with_where_they_were_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check-config", "--json"]) == 0

    unconfirmed = json.loads(capsys.readouterr().out)["unconfirmed"]
    assert len(unconfirmed) == 25
    assert all(row["target"] and row["url"] and row["source"] for row in unconfirmed)


def test_two_saved_pages_are_compared(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = page.with_name("apres.html")
    other.write_text(HEALTHY.replace("en ligne", "au guichet"), encoding="utf-8")

    assert main(["compare", str(page), str(page)]) == 0
    assert said(capsys).splitlines()[0] == "unchanged"
    assert main(["compare", str(page), str(other)]) == 0
    assert said(capsys).splitlines()[0] == "changed"


def test_pairs_are_answered_line_by_line(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal on one side is no change; a page that is missing spoils its own pair only."""
    refused = page.with_name("refus.html")
    refused.write_text(REFUSAL)
    pairs = page.with_name("pairs.jsonl")
    rows = [
        {"id": "meme", "before": page.name, "after": page.name},
        {"id": "refus", "before": page.name, "after": refused.name, "url": "https://a.example/"},
        {"id": "absente", "before": page.name, "after": "absente.html"},
    ]
    pairs.write_text("\n".join(json.dumps(row) for row in rows))

    assert main(["compare", "--pairs", str(pairs)]) == 0

    answers = [json.loads(line) for line in said(capsys).splitlines()]
    assert [answer["id"] for answer in answers] == ["meme", "refus", "absente"]
    assert [answer["changed"] for answer in answers] == [False, None, None]
    assert all({"kinds", "weight", "summary"} <= answer.keys() for answer in answers)


def test_the_usual_refusals_of_the_system_are_french(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["classify", "--status", "200", str(tmp_path)])
    main(["classify", "--status", "200", str(tmp_path / "absente")])

    assert "c’est un dossier" in (output := capsys.readouterr().err)
    assert "introuvable" in output
