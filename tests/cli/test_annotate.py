"""`vigie annotate`, beside a running service and without one."""

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from monitor.store import Store
from tests.evidence.mutants.record import SAID as SAID_BY_PAGES
from tests.evidence.mutants.record import TARGETS, Life
from tests.support.outcomes import at
from tests.support.service import (
    LocalSite,
    count_checks,
    free_port,
    running,
    values,
    vigie_here,
    wait_until,
    write_config,
)

BEGIN = datetime(2030, 1, 2, 8, tzinfo=UTC)
SAID = "La plateforme sera fermée le 2 janvier 2030, de 9 h à 11 h.".encode()
DIGEST = sha256(SAID).hexdigest()


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    site = LocalSite()
    yield write_config(tmp_path / "config", site=site.port, control=free_port())
    site.stop()


@pytest.fixture
def data(tmp_path: Path, config: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    assert vigie_here("migrate", "--config", config, "--data", folder).returncode == 0
    return folder


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    path = tmp_path / "annonce.html"
    path.write_bytes(SAID)
    return path


class Vigie:
    """`vigie annotate` in two folders."""

    def __init__(self, config: Path, data: Path) -> None:
        self._folders = "--config", config, "--data", data

    def __call__(self, action: str, *words: str | Path) -> Any:
        return vigie_here("annotate", action, *words, *self._folders)

    def announce(self, *words: str | Path, begin: datetime = BEGIN) -> Any:
        span = begin.isoformat(), (begin + timedelta(hours=2)).isoformat()
        return self("maintenance", "--from", span[0], "--to", span[1], *words)

    def listed(self) -> Any:
        return json.loads(self("list", "--json").stdout)


@pytest.fixture
def vigie(config: Path, data: Path) -> Vigie:
    return Vigie(config, data)


def test_an_announcement_is_recorded_and_signed_without_a_service(
    vigie: Vigie, data: Path, proof: Path
) -> None:
    done = vigie.announce("--platform", "essai", "--proof", proof, "--proof", "https://a.test/x")

    assert done.returncode == 0, done.stderr
    assert "elle compte" in done.stdout
    assert (data / "annonces" / DIGEST).read_bytes() == SAID
    (one,) = vigie.listed()
    assert one["targets"] == ["cible-0", "cible-1"]
    assert (one["counts"], one["sha256"], one["url"]) == (True, DIGEST, "https://a.test/x")
    assert one["from"] == "2030-01-02T08:00:00Z"
    assert values(data, "SELECT max(size) FROM checkpoint") == [one["number"] + 1]


def test_an_export_and_a_backup_hold_what_was_announced(
    vigie: Vigie, config: Path, data: Path, proof: Path, tmp_path: Path
) -> None:
    vigie.announce("--target", "cible-0", "--proof", proof)
    folders = "--config", config, "--data", data

    done = vigie_here("export", "--out", tmp_path / "copie", *folders)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copie" / "annonces" / DIGEST).read_bytes() == SAID
    done = vigie_here("backup", tmp_path / "sauvegarde.tar.gz", *folders)
    assert done.returncode == 0, done.stderr
    again = tmp_path / "encore"
    done = vigie_here(
        "restore", tmp_path / "sauvegarde.tar.gz", "--config", config, "--data", again
    )
    assert done.returncode == 0, done.stderr
    assert (again / "annonces" / DIGEST).read_bytes() == SAID


def test_one_that_comes_too_late_is_kept_and_does_not_count(vigie: Vigie, proof: Path) -> None:
    now = datetime.now(UTC)  # noqa: TID251 -- the real clock of the command
    done = vigie.announce(
        "--target", "cible-1", "--proof", proof, begin=now - timedelta(minutes=30)
    )

    assert done.returncode == 0, done.stderr
    assert "annoncée après coup : ne compte pas" in done.stdout
    assert [one["counts"] for one in vigie.listed()] == [False]
    assert "1 annonce, dont 0 qui compte" in vigie("list").stdout


def test_one_is_withdrawn_once(vigie: Vigie, proof: Path) -> None:
    vigie.announce("--target", "cible-1", "--proof", proof)
    number = str(vigie.listed()[0]["number"])

    done = vigie("maintenance", "--withdraw", number)
    assert done.returncode == 0, done.stderr
    assert "retirée : ne compte pas" in done.stdout
    assert [one["status"] for one in vigie.listed()] == ["withdrawn"]
    again = vigie("maintenance", "--withdraw", number)
    assert again.returncode == 2
    assert "déjà retirée" in again.stderr


def test_what_is_not_complete_is_refused_and_keeps_nothing(
    vigie: Vigie, data: Path, proof: Path, tmp_path: Path
) -> None:
    empty, pipe = tmp_path / "vide", tmp_path / "tuyau"
    empty.touch()
    os.mkfifo(pipe)
    target = "--target", "cible-0"
    for words, why in (
        (("--proof", proof), "quelles cibles"),
        (target, "une preuve"),
        ((*target, "--proof", "https://a.test/"), "L’adresse seule ne suffit pas"),
        ((*target, "--proof", proof, "--proof", proof), "un fichier au plus"),
        ((*target, "--proof", proof, "--proof", "https://moi:x@a.test/"), "adresse"),
        ((*target, "--proof", tmp_path / "absent"), "illisible"),
        ((*target, "--proof", empty), "vide"),
        ((*target, "--proof", pipe), "fichier ordinaire"),
        ((*target, "--candidate", "7"), "aucune modification"),
        (("--target", "autre", "--proof", proof), "aucune cible"),
        ((*target, "--proof", proof, "--withdraw", "3"), "aucune autre option"),
    ):
        done = vigie.announce(*words)
        assert done.returncode == 2, words
        assert why in done.stderr, words
    assert vigie("maintenance", *target, "--proof", proof).returncode == 2
    assert vigie("maintenance", "--withdraw", "3").returncode == 2
    assert vigie.listed() == []
    assert not (data / "annonces").exists()
    assert values(data, "SELECT count(*) FROM annotation_request") == [0]


def test_a_running_service_records_what_it_is_asked_for(
    config: Path, data: Path, vigie: Vigie, proof: Path
) -> None:
    with running(config, data):
        wait_until(lambda: count_checks(data) >= 1)
        done = vigie.announce("--target", "cible-0", "--proof", proof)
        assert done.returncode == 0, done.stderr
        (one,) = vigie.listed()
        signed = "SELECT max(size) FROM checkpoint"
        wait_until(lambda: values(data, signed)[0] > one["number"])
    verified = vigie_here("verify", data, "--config", config)
    assert verified.returncode == 0, verified.stdout
    assert "Annonces de maintenance : bon" in verified.stdout
    (data / "annonces" / DIGEST).write_bytes(b"autre chose")
    assert vigie_here("verify", data, "--config", config).returncode == 1


@pytest.fixture
def followed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Record a page on which an alert comes."""
    monkeypatch.setitem(SAID_BY_PAGES, "E", f"{SAID_BY_PAGES['A']} Attention : {SAID.decode()}")

    async def live(store: Store) -> None:
        life = Life(store, data)
        for n, sky in enumerate("AAAAEEEEEE"):
            await life.check("etrangers", at(60 * n), sky)

    with Store.open(
        f"sqlite:///{data / 'vigie.sqlite'}", point="local", writer=True, rest_s=0, targets=TARGETS
    ) as store:
        asyncio.run(live(store))


@pytest.mark.usefixtures("followed")
def test_an_alert_of_a_page_is_a_candidate_that_a_person_accepts(
    vigie: Vigie,
) -> None:
    (one,) = json.loads(vigie("candidates", "--json").stdout)
    assert SAID.decode() in one["sentences"][0]
    assert one["cited"] is False

    done = vigie.announce("--target", "etrangers", "--candidate", str(one["number"]))
    assert done.returncode == 0, done.stderr
    assert vigie.listed()[0]["change"] == one["number"]
    shown = vigie("candidates").stdout
    assert SAID.decode() in shown
    assert "déjà citée" in shown


def test_a_request_that_cannot_be_is_taken_away_and_nothing_is_recorded(
    vigie: Vigie, data: Path, proof: Path
) -> None:
    """Whatever wrote it: what cannot be recorded must not stop the service."""
    good = {
        "kind": "maintenance", "targets": ["cible-0"], "from_at": "2030-01-02T08:00:00.000000Z",
        "to_at": "2030-01-02T10:00:00.000000Z", "sha256": DIGEST, "url": None, "change": None,
        "withdraws": None,
    }  # fmt: skip
    bad = [
        "", "[]", "{}", "[" * 20_000, "3", json.dumps({**good, "targets": 3}),
        json.dumps({**good, "sha256": "00" * 32}),
        *(json.dumps({**good, name: wrong}) for name, wrong in (
            ("kind", "autre"), ("targets", [3]), ("from_at", "hier"), ("from_at", 3),
            ("sha256", "../../journal.key"), ("sha256", 3), ("url", 3), ("change", "x"),
            ("change", True), ("change", -1), ("withdraws", 2**80), ("change", 2**80),
        )),
        json.dumps({**good, "kind": "withdrawal", "withdraws": 2}),
    ]  # fmt: skip
    with sqlite3.connect(data / "vigie.sqlite") as database:
        database.executemany(
            "INSERT INTO annotation_request (text) VALUES (?)", [(b,) for b in bad]
        )

    done = vigie.announce("--target", "cible-1", "--proof", proof)

    assert done.returncode == 0, done.stderr
    assert [one["targets"] for one in vigie.listed()] == [["cible-1"]]
    assert values(data, "SELECT count(*) FROM annotation_request") == [0]


@pytest.fixture
def outage(data: Path) -> int:
    """Record an outage; return the number of its incident."""

    async def live(store: Store) -> None:
        life = Life(store, data)
        for n, sky in enumerate("AAxxxxAAAA"):
            await life.check("etrangers", at(60 * n), sky)

    with Store.open(
        f"sqlite:///{data / 'vigie.sqlite'}", point="local", writer=True, rest_s=0, targets=TARGETS
    ) as store:
        asyncio.run(live(store))
        number = store.incidents()[0].number
    assert number is not None
    return number


def test_a_reply_is_recorded_word_for_word_and_signed(
    vigie: Vigie, config: Path, data: Path, outage: int, tmp_path: Path
) -> None:
    text = tmp_path / "reponse.txt"
    text.write_text(
        "\ufeffNous contestons ce relevé. \r\n\r\nLe\tservice fonctionnait.\r\n", "utf-8"
    )

    done = vigie("reply", "--incident", str(outage), "--text", text)

    assert done.returncode == 0, done.stderr
    assert "« Nous contestons ce relevé. »" in done.stdout
    (one,) = vigie.listed()
    assert (one["kind"], one["targets"]) == ("reply", ["etrangers"])
    assert one["text"] == "Nous contestons ce relevé.\n\nLe service fonctionnait."
    assert "0 annonce, dont 0 qui compte ; 1 réponse." in vigie("list").stdout
    verified = vigie_here("verify", data, "--config", config)
    assert verified.returncode == 0, verified.stdout


def test_a_reply_that_cannot_be_is_refused_and_keeps_nothing(
    vigie: Vigie, outage: int, tmp_path: Path
) -> None:
    text = tmp_path / "reponse.txt"
    for content, number, words, why in (
        (b"Bonjour", outage + 1, (), "aucun incident"),
        (b"", outage, (), "de 1 à"),
        (b"a" * 10_001, outage, (), "de 1 à"),
        (b"a\x1b[2J", outage, (), "texte simple"),
        (b"\xff\xfea", outage, (), "UTF-8"),
        (b"Bonjour", outage, ("--url", "javascript:alert(1)"), "adresse"),
    ):
        text.write_bytes(content)
        done = vigie("reply", "--incident", str(number), "--text", text, *words)
        assert done.returncode == 2, why
        assert why in done.stderr, why
    assert vigie.listed() == []
