"""The bundle of a dossier, as those read it who did not write it."""

import gzip
import json
import re
import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import fastwarc
import pytest
import surt as reference  # type: ignore[import-untyped] # it has no types
from warcio import ArchiveIterator  # type: ignore[import-untyped] # it has no types

from monitor.dossier.bundle import leaf_choice
from monitor.dossier.bundle.answer_files import surt
from monitor.dossier.bundle.leaf_choice import ExtractSpan, LeafChooser
from monitor.dossier.bundle.signed_leaves import SignedLeaves
from monitor.evidence.log.note import Checkpoint, Note
from monitor.evidence.log.tiles import Tiles
from tests.support import bundles
from tests.support.evidence_record import CODE, KEY, SINCE, UNTIL, EvidenceBundle
from tests.support.stranger import run_verifier

ADDRESSES = (
    "https://administration-etrangers-en-france.interieur.gouv.fr/particuliers/#/",
    "http://www.rhone.gouv.fr/Demarches/Etrangers",
    "https://a.fr/x/?B=2&a=1",
    "http://127.0.0.1:8080/A/",
    "https://a.fr:8443/p?x=%20y",
)


@pytest.fixture(scope="module")
def files(evidence: EvidenceBundle) -> bundles.Files:
    return bundles.files_of(evidence.path.read_bytes())


def test_verifier_proves_the_outages_of_the_span_and_tells_what_it_took_on_trust(
    evidence: EvidenceBundle,
) -> None:
    code, output = run_verifier(evidence.path, "--cle", str(KEY.verifier))

    assert code == 0, output
    assert "Indisponibilité 1 : accueil" in output
    assert "au moins 9 min 0,000 s ; au plus : 11 min 0,000 s" in output
    assert "Indisponibilité 2 : connexion" in output
    assert "prefecture" not in output
    assert "2 pages (17 indisponibles" in output
    assert "chacun fait ou dit non fait, sauf 0 pris sur parole" in output
    assert "contresigné par temoin.example.test" in output
    assert "Pris dans le dossier même : les clés des cosignataires" in output
    assert output.count("/preuve/") == output.count(f"{evidence.path}/preuve/")


def test_the_outages_are_those_of_the_record(evidence: EvidenceBundle) -> None:
    _, output = run_verifier(evidence.path, "--cle", str(KEY.verifier), "--json")
    with evidence.record.open() as store:
        outages = store.outages(["accueil", "connexion"], SINCE, UNTIL)

    proved = {
        (one["target"], one["first_fail_at"], one["first_ok_at"], one["checks"])
        for one in json.loads(output)["outages"]
    }
    assert proved == {
        (
            one.target,
            one.first_fail_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            one.first_ok_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if one.first_ok_at else None,
            one.checks,
        )
        for one in outages
    }
    assert len(proved) == 2


def test_the_same_question_gives_the_same_bytes(evidence: EvidenceBundle, tmp_path: Path) -> None:
    evidence.record.bundle(tmp_path / "encore.wacz")

    assert (tmp_path / "encore.wacz").read_bytes() == evidence.path.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encore.wacz"]


def test_the_checker_of_wacz_files_accepts_it(evidence: EvidenceBundle) -> None:
    program = str(Path(sys.executable).with_name("wacz"))
    command = [program, "validate", "-f", str(evidence.path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "the passed WACZ is valid" in done.stdout


def test_nothing_is_compressed_and_nothing_else_is_in_it(evidence: EvidenceBundle) -> None:
    with ZipFile(evidence.path) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
    assert {entry.compress_type for entry in entries} == {0}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert bundles.packed(bundles.files_of(evidence.path.read_bytes())) == (
        evidence.path.read_bytes()
    )


def test_others_find_each_answer_by_the_index(files: bundles.Files) -> None:
    """Where the index says that an answer stands, warcio and fastwarc find it."""
    lines = files["indexes/index.cdx"].decode().splitlines()
    assert len(lines) == 19
    assert lines == sorted(lines)
    for line in lines:
        key, at, entry = line.split(" ", 2)
        told = json.loads(entry)
        assert key == reference.surt(told["url"])
        offset, length = int(told["offset"]), int(told["length"])
        data = files[f"archive/{told['filename']}"][offset : offset + length]
        (one,) = ArchiveIterator(BytesIO(data))
        assert one.rec_headers["WARC-Target-URI"] == told["url"]
        assert (
            one.rec_headers["WARC-Date"]
            .replace("-", "")
            .replace(":", "")
            .startswith(f"{at[:8]}T{at[8:]}")
        )
        assert one.http_headers.get_statuscode() == told["status"]
        (other,) = fastwarc.ArchiveIterator(BytesIO(data), verify_digests=True)
        assert told["digest"] in {value for _, value in other.headers}


def test_only_the_pages_of_the_question_are_in_it(files: bundles.Files) -> None:
    pages = [json.loads(line) for line in files["pages/pages.jsonl"].splitlines()[1:]]

    assert {page["url"] for page in pages} == {
        "http://accueil.example.test/", "http://connexion.example.test/",
    }  # fmt: skip
    assert b"prefecture.example.test" not in b"".join(
        bytes(record) for record in bundles.records_of(files["archive/2026-11-23.warc.gz"])
    )
    assert any("indisponible – 23 novembre 2026" in page["title"] for page in pages)


def test_two_texts_say_what_to_do_with_it(files: bundles.Files) -> None:
    lawyer = files["preuve/LISEZMOI-avocat.txt"].decode()
    expert = files["preuve/LISEZMOI-expert.txt"].decode()

    assert CODE in lawyer
    assert "R. 414-5" in lawyer
    assert "160 relevés sur les pages du dossier, dont 2 indisponibilités." in lawyer
    assert f"verifier.py LOT.wacz --cle '{KEY.verifier}'" in expert
    assert "constat" not in lawyer.replace("constatée", "")


def test_a_quiet_span_is_told_as_one(evidence: EvidenceBundle, tmp_path: Path) -> None:
    path = tmp_path / "calme.wacz"
    evidence.record.bundle(
        path, since=SINCE + timedelta(hours=1, minutes=30), until=UNTIL + timedelta(minutes=40)
    )

    code, output = run_verifier(path, "--cle", str(KEY.verifier))
    assert code == 0, output
    assert "Indisponibilité 1 : connexion (indisponible) ; hors de la période demandée" in output
    assert "Indisponibilité 2" not in output
    lawyer = bundles.files_of(path.read_bytes())["preuve/LISEZMOI-avocat.txt"].decode()
    assert "dont aucune indisponibilité constatée" in lawyer


def test_an_outage_that_the_span_begins_in_is_told_from_its_first_failure(
    evidence: EvidenceBundle, tmp_path: Path
) -> None:
    """From minute 105 on, in the middle of an outage: it began at minute 100."""
    path = tmp_path / "milieu.wacz"
    evidence.record.bundle(path, targets=("accueil",), since=SINCE + timedelta(minutes=15))

    code, output = run_verifier(path, "--cle", str(KEY.verifier))
    assert code == 0, output
    assert "premier échec        : 23/11/2026 à 09:40" in output
    assert "au moins 9 min 0,000 s ; au plus : 11 min 0,000 s" in output
    assert "qui dépend de relevés d’avant" not in output


def test_the_leaves_are_a_small_part_of_the_journal(files: bundles.Files) -> None:
    lines = bundles.extract_lines(files)
    leaves = [line for line in lines if line.startswith(b"feuille ")]

    assert len(leaves) < 400
    assert not any(b'"target":"prefecture"' in line for line in leaves)
    assert gzip.decompress(files["preuve/extrait.gz"]) == b"".join(lines)


def test_a_check_is_chosen_without_being_decoded(
    evidence: EvidenceBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nearly all leaves are checks; read in full, they lead to the same choice."""
    size = Checkpoint.parse(
        Note.parse(bundles.files_of(evidence.path.read_bytes())["preuve/journal/checkpoint"]).text
    ).size
    leaves = SignedLeaves(Tiles(evidence.record.data / "journal"), size)
    span = ExtractSpan(targets=("accueil", "connexion"), since=SINCE, until=UNTIL)
    decoded: list[bytes] = []

    def loads(data: bytes) -> Any:
        decoded.append(data)
        return json.loads(data)

    monkeypatch.setattr(leaf_choice, "json", SimpleNamespace(loads=loads))
    with evidence.record.open() as store:
        choice = LeafChooser(leaves, span).choose(store)
        checks = [leaf for leaf in decoded if b'"type":"observation"' in leaf]
        monkeypatch.setattr(leaf_choice, "_CHECK_AT", re.compile(rb"(never)"))
        in_full = LeafChooser(leaves, span).choose(store)

    assert choice.checks == 160
    assert not checks
    assert choice == in_full


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_are_sorted_as_indexes_do(address: str) -> None:
    assert surt(address) == reference.surt(address)
