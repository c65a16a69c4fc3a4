"""The dossier of one outage that three associations watched, and its bundle, attacked."""

import json
import re
import shutil
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from monitor.attest.point_reader import PointReader
from monitor.attest.verification_stranger import Opinion, ask_of_bundle
from monitor.cli import main
from monitor.dossier.bundle import wacz_lists
from monitor.dossier.bundle.bundle_check import bundle_steps
from monitor.dossier.pieces.method_piece import method_piece
from monitor.dossier.pieces.outage_piece import outage_piece
from monitor.dossier.pieces.outage_reading import read_detailed
from monitor.evidence.log import tlog
from monitor.evidence.log.note import Algorithm, Checkpoint, Note, SignerKey, sign
from monitor.evidence.other_points.point_folder import FaultKind, FollowFault, PointFolder
from monitor.web.pages_app import build
from tests.support import bundles
from tests.support.bundles import Files
from tests.support.clock import FakeClock
from tests.support.metrics import FixedMetrics
from tests.support.point_dossiers import DOWN, LIFE, QUESTION, Associations, associations
from tests.support.points import LivingPoint, instant
from tests.support.stranger import run_verifier
from tests.web.test_app import Visitor, said
from tests.web.test_faces import read

LYON, LILLE, LIST = "points/lyon.wacz", "points/lille.wacz", "points/points.json"


@dataclass(frozen=True, slots=True)
class Good:
    """The bundle of the three, and one of an hour earlier. Do not change them."""

    three: Associations
    path: Path
    files: Files
    earlier: Files

    @property
    def keys(self) -> tuple[str, ...]:
        points = [("--cle-point", str(point.key.verifier)) for point in self.three.others]
        return ("--cle", str(self.three.own.key.verifier), *sum(points, ()))

    def with_point(self, change: Callable[[Files], Files], name: str = LYON) -> Files:
        """Return the files with another bundle of a point."""
        inner = bundles.files_of(self.files[name])
        return {**self.files, name: bundles.packed(change(inner))}

    def with_list(self, **changes: object) -> Files:
        """Return the files with other words of the first point in the list of points."""
        said = json.loads(self.files[LIST])
        said["points"][0] |= changes
        return {**self.files, LIST: json.dumps(said).encode()}

    def with_second(self, **changes: object) -> Files:
        """Return the files with one more point in the list, which says what the first does."""
        said = json.loads(self.files[LIST])
        said["points"].append({**said["points"][0], **changes})
        return {**self.files, LIST: json.dumps(said).encode()}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Good:
    folder = tmp_path_factory.mktemp("associations")
    three = associations(folder)
    earlier = replace(QUESTION, since=QUESTION.since - timedelta(minutes=3))
    for name in ("lot", "tot"):
        (folder / name).mkdir()
    path = three.bundle(folder / "lot")
    return Good(
        three=three,
        path=path,
        files=bundles.files_of(path.read_bytes()),
        earlier=bundles.files_of(three.bundle(folder / "tot", earlier).read_bytes()),
    )


def test_each_points_proofs_are_verified_by_its_own_key(good: Good) -> None:
    code, output = run_verifier(good.path, *good.keys)

    assert code == 0, output
    assert "lyon : indisponible du 2026-11-23T08:06:20" in output
    assert "lille : relevée aussi, sans indisponibilité à ces moments" in output
    assert "la clé du journal (cles.txt)" not in output
    assert "temp" not in output.replace("contresigné", "")


def test_keys_that_were_not_given_are_taken_on_trust_and_told(good: Good) -> None:
    code, output = run_verifier(good.path, "--json")
    said = json.loads(output)

    assert code == 0
    assert "la clé du journal (cles.txt) du point lyon" in said["taken_from_the_folder"]
    assert "la liste des points et de leurs exploitants" in said["taken_from_the_folder"]
    checks = f"{len(LIFE)} relevés ({len(LIFE)} normaux), 0 indisponibilité"
    assert f"  accueil : {checks}" in said["tables"]  # lille denies what the others say


def test_an_outage_that_is_not_over_is_told_as_well(good: Good, tmp_path: Path) -> None:
    own, lyon = (LivingPoint(tmp_path / name, name) for name in ("paris", "lyon"))
    for point in (own, lyon):
        point.live(range(DOWN.stop), failing=DOWN)
    (followed,) = (one for one in good.three.config.points if one.name == "lyon")
    followed = followed.model_copy(update={"url": str(lyon.journal)})
    two = Associations(
        points={"paris": own, "lyon": lyon},
        config=replace(good.three.config, points=(followed,)),
    )
    two.follow(DOWN.stop)
    path = two.bundle(tmp_path, replace(QUESTION, until=instant(DOWN.stop)))
    code, output = run_verifier(path, "--cle", str(own.key.verifier))

    assert code == 0, output
    assert "lyon : indisponible du 2026-11-23T08:06:00.000000Z au …" in output


def test_a_text_that_cannot_be_written_is_told_all_the_same(good: Good, tmp_path: Path) -> None:
    path = tmp_path / "lot.wacz"
    path.write_bytes(bundles.packed(bundles.repaired(good.with_list(operator="A\ud800\u202eB"))))
    code, output = run_verifier(path, *good.keys)

    assert code == 0, output
    assert r"(A\ud800\u202eB)" in output


def test_of_faults_without_number_the_first_are_told_and_all_are_counted(
    good: Good, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, own = tmp_path / "lot.wacz", str(good.three.own.key.verifier)
    empty = json.dumps({"v": 1, "points": []}).encode()
    files = bundles.repaired({**_without(good.files, LYON, LILLE), LIST: empty})
    said = json.loads(files[wacz_lists.DATAPACKAGE])
    said["resources"] += [wacz_lists.resource(f"preuve/{i}", b"") for i in range(3_000)]
    path.write_bytes(bundles.packed({**files, wacz_lists.DATAPACKAGE: json.dumps(said).encode()}))

    code, output = run_verifier(path, "--cle", own, "--json")
    result = json.loads(output)
    assert code == 1
    assert (len(result["faults"]), result["faults_in_all"]) == (1_000, 3_001)
    assert result["verdict"] == "3001 défauts."
    code, output = run_verifier(path, "--cle", own)
    assert output.count("ÉCHEC ") == 201
    assert "ÉCHEC … et 2801 autres\n" in output
    assert main(["verify", str(path), "--key", own]) == 1
    output = capsys.readouterr().out
    assert output.count("manque, datapackage.json le nomme") == 20
    assert "… et 2981 autres" in output


def test_our_own_command_verifies_all_of_them(
    good: Good, capsys: pytest.CaptureFixture[str]
) -> None:
    own, lyon = (str(good.three.points[name].key.verifier) for name in ("paris", "lyon"))
    assert main(["verify", str(good.path), "--key", own, "--point-key", lyon]) == 0
    output = capsys.readouterr().out
    assert "Archive du point lyon : bon" in output
    assert "Points : bon" in output


def test_the_same_question_gives_the_same_bytes_after_more_was_followed(
    good: Good, tmp_path: Path
) -> None:
    for point in good.three.others:
        point.live(range(LIFE.stop, LIFE.stop + 2))
    good.three.follow(LIFE.stop + 2)
    good.three.follow(LIFE.stop + 3)

    assert good.three.bundle(tmp_path).read_bytes() == good.path.read_bytes()


# --- Changed by somebody who makes all lists right again -----------------------------------------


def _leaf_changed(files: Files) -> Files:
    old, new = b'"verdict":"down"', b'"verdict":"up"'
    lines = bundles.extract_lines(files)
    return bundles.with_extract(files, [line.replace(old, new) for line in lines])


def _check_hidden(files: Files) -> Files:
    """Leave a check out, and give its hash in its place: the tree still leads to the root."""
    lines = bundles.extract_lines(files)
    at = next(place for place, line in enumerate(lines) if b'"verdict":"down"' in line)
    number, leaf = lines[at].removeprefix(b"feuille ").rstrip(b"\n").split(b" ", 1)
    hash_ = b64encode(tlog.leaf_hash(leaf))
    lines[at] = b"autres %s %d %s\n" % (number, int(number) + 1, hash_)
    return bundles.with_extract(files, lines)


def _leaf_dropped(files: Files) -> Files:
    lines = bundles.extract_lines(files)
    return bundles.with_extract(files, [line for line in lines if b'"verdict":"down"' not in line])


def _span_told_wider(files: Files) -> Files:
    said = json.loads(files["preuve/extrait.json"])
    said["to"] = "2026-11-23T08:30:00.000000Z"
    return bundles.repaired({**files, "preuve/extrait.json": json.dumps(said).encode()})


def _signed_by_another(files: Files) -> Files:
    other = SignerKey("lyon.example.test/journal", Algorithm.ED25519, b"o" * 32)
    keys = files["preuve/cles.txt"].splitlines(keepends=True)
    changed = b"".join([f"log {other.verifier}\n".encode(), *keys[1:]])
    return bundles.repaired({**files, "preuve/cles.txt": changed})


def _without(files: Files, *names: str) -> Files:
    return {name: data for name, data in files.items() if name not in names}


def _listed_without(good: Good, name: str) -> Files:
    said = json.loads(good.files[LIST])
    said["points"] = [one for one in said["points"] if one["name"] != name]
    return {**good.files, LIST: json.dumps(said).encode()}


def _emptied(files: Files, key: SignerKey) -> Files:
    """Return proofs of nothing at all, which the point did sign: each journal begins so."""
    text = str(Checkpoint(key.name, 0, sha256(b"").digest()))
    left = {name: data for name, data in files.items() if not re.search(PROOFS, name)}
    note = bytes(Note(text, (sign(text, key),)))
    return bundles.repaired({**left, "preuve/journal/checkpoint": note})


PROOFS = r"extrait|\.tlog-proof$|\.feuille$"
SPOILT: dict[str, Callable[[Good], Files]] = {
    "a leaf changed": lambda good: good.with_point(_leaf_changed),
    "a leaf dropped": lambda good: good.with_point(_leaf_dropped),
    "a check hidden": lambda good: good.with_point(_check_hidden),
    "a span told wider": lambda good: good.with_point(_span_told_wider),
    "signed by another key": lambda good: good.with_point(_signed_by_another),
    "taken from another time": lambda good: {**good.files, LYON: good.earlier[LYON]},
    "from another time, list as well": lambda good: {
        **good.files, LYON: good.earlier[LYON], LILLE: good.earlier[LILLE],
        LIST: good.earlier[LIST],
    },
    "another point's": lambda good: {**good.files, LYON: good.files[LILLE]},
    "our own, as another point's": lambda good: {
        **good.with_list(key=str(good.three.own.key.verifier)),
        LYON: bundles.packed(bundles.repaired(_without(good.files, LYON, LILLE, LIST))),
    },
    "a point in a point": lambda good: good.with_point(
        lambda inner: bundles.repaired({**inner, LIST: good.files[LIST]})
    ),
    "a point dropped": lambda good: _without(good.files, LYON),
    "a point dropped, from the list too": lambda good: _without(
        _listed_without(good, "lyon"), LYON
    ),
    "a point said to be silent": lambda good: _without(good.with_list(why="Muet."), LYON),
    "a point in no list": lambda good: _listed_without(good, "lyon"),
    "no list": lambda good: _without(good.files, LIST),
    "a list that is none": lambda good: {**good.files, LIST: b'{"v":1,"points":[3]}'},
    "an operator that is no text": lambda good: good.with_list(operator=["x"]),
    "fewer pages": lambda good: good.with_list(pages=["accueil"]),
    "another end": lambda good: good.with_list(to="2026-11-23T08:12:00.000000Z"),
    "a point twice, once silent": lambda good: good.with_second(name="lyon2", why="Muet."),
    "a key twice, under another name": lambda good: good.with_second(
        name="lyon2", why="Muet.",
        key=str(replace(good.three.points["lyon"].key.verifier, name="autre/journal")),
    ),
    "our own, as a silent point": lambda good: good.with_second(
        name="autre", why="Muet.", key=str(good.three.own.key.verifier)
    ),
    "an empty journal": lambda good: good.with_point(
        lambda inner: _emptied(inner, good.three.points["lyon"].key)
    ),
    "pages within pages": lambda good: {
        **good.files,
        LIST: good.with_list(pages="*")[LIST].replace(b'"*"', b"[" * 800 + b"]" * 800),
    },
    "words without end": lambda good: _without(good.with_list(why="x" * 500_000), LYON),
    "a name that climbs": lambda good: good.with_list(name="../lyon"),
    "a bundle that is none": lambda good: {**good.files, LYON: b"PK"},
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILT)
def test_a_bundle_in_which_a_point_was_changed_is_refused(
    good: Good, how: str, tmp_path: Path
) -> None:
    path = tmp_path / "lot.wacz"
    path.write_bytes(bundles.packed(bundles.repaired(SPOILT[how](good))))

    code, output = run_verifier(path, *good.keys, "--json")
    faults = json.loads(output)["faults"]

    assert code == 1
    assert faults
    named = (f"{path}", "point lyon : ")
    assert all(fault.startswith(named) for fault in faults), faults


def test_whoever_rewrites_the_list_hides_a_point_from_those_without_its_key(
    good: Good, tmp_path: Path
) -> None:
    """What the documents say is left: only the key of the point, given, shows that it is gone."""
    path = tmp_path / "lot.wacz"
    spoilt = _without(_listed_without(good, "lyon"), LYON)
    path.write_bytes(bundles.packed(bundles.repaired(spoilt)))
    own, lyon = (good.three.points[name].key.verifier for name in ("paris", "lyon"))

    blind = ask_of_bundle(path, key=own, roots=None)
    knowing = ask_of_bundle(path, key=own, roots=None, point_keys=[lyon])
    assert blind is not None
    assert knowing is not None
    assert not blind.faults
    assert any(lyon.name in fault for fault in knowing.faults)


def test_our_own_command_names_the_file_of_a_point_that_was_changed(
    good: Good, tmp_path: Path
) -> None:
    path = tmp_path / "lot.wacz"
    files = {**good.files, LYON: good.files[LYON] + b"\0"}
    path.write_bytes(bundles.packed(bundles.repaired(files)))

    faults = [fault for step in bundle_steps(path) for fault in step.faults]
    assert faults
    assert all(fault.startswith(f"{path}/{LYON}") for fault in faults)


# --- What the pieces say -------------------------------------------------------------------------


def _text(blocks: object) -> str:
    return json.dumps(blocks, ensure_ascii=False).replace("\u00a0", " ").replace("\u202f", " ")


def _pieces(three: Associations) -> str:
    with three.open() as store:
        record = three.source(store).at(QUESTION)
        outages = outage_piece(record, "Pièce 1", read_detailed(record))
        return _text([outages.blocks, method_piece(record, "Pièce 3").blocks])


def test_the_pieces_say_the_common_word_and_each_points(good: Good) -> None:
    text = _pieces(good.three)

    assert "indisponible vu de 2 points sur 3, accessible de 1" in text
    assert "1 que les points n’ont pas toutes vues de même" in text
    assert "lyon, Association B" in text
    assert "aucune à ces moments" in text
    assert "racine" in text
    assert str(good.three.points["lille"].key.verifier) in text
    assert "Un seul point de mesure est utilisé" not in text


def test_with_one_point_nothing_is_said_of_others(good: Good) -> None:
    alone = replace(good.three, config=replace(good.three.config, points=()))
    text = _pieces(alone)

    assert "Vu des autres points" not in text
    assert "Un seul point de mesure est utilisé" in text


def test_points_that_say_nothing_are_told_with_why(good: Good, tmp_path: Path) -> None:
    data = shutil.copytree(good.three.own.data, tmp_path / "paris")
    PointFolder(data, "lyon").put_fault(
        FollowFault(kind=FaultKind.FORK, text="Deux histoires.", at=instant(200), program="1"),
        {"checkpoint": b"x"},
    )
    shutil.rmtree(data / "points" / "lille")
    own = LivingPoint(data, "paris")
    three = replace(good.three, points={**good.three.points, "paris": own})
    text = _pieces(three)
    path = three.bundle(tmp_path)
    code, output = run_verifier(path, "--cle", str(own.key.verifier))

    assert "Ce point n’est plus écouté : Deux histoires." in text
    assert "Rien n’a encore été lu de ce point." in text
    assert "indisponible vu de 1 point sur 3, inconnu de 2" in text
    assert "1 dont aucun autre point ne peut rien dire" in text
    assert code == 0, output
    assert output.count("Rien de ce point n’est dans ce lot") == 2


def test_a_point_that_fell_silent_in_the_period_tells_up_to_its_last_check(
    good: Good, tmp_path: Path
) -> None:
    data = shutil.copytree(good.three.own.data, tmp_path / "paris")
    shutil.rmtree(data / "points")
    own, lille = LivingPoint(data, "paris"), LivingPoint(tmp_path / "lille", "lille", clock_s=40)
    lille.live(range(DOWN.start + 3))
    points = {**good.three.points, "paris": own, "lille": lille}
    others = tuple(
        one.model_copy(update={"url": str(points[one.name].journal)})
        for one in good.three.config.points
    )
    three = replace(good.three, points=points, config=replace(good.three.config, points=others))
    three.follow(LIFE.stop)
    code, output = run_verifier(three.bundle(tmp_path), *good.keys, "--json")
    said = json.loads(output)

    assert code == 0, said["faults"]
    assert any("point lille : rien n’est dans ce lot" in line for line in said["remarks"])
    assert "rien de lui après le" in _pieces(three)


def test_the_page_of_the_incident_says_what_all_points_say(good: Good) -> None:
    three = good.three
    reader = PointReader(three.config, three.own.data)
    with three.open() as store:
        number = store.incidents()[0].number
        app = build(
            store, config=three.config, clock=FakeClock(instant(LIFE.stop)), point="local",
            metrics=FixedMetrics(), version="1", points=reader,
        )  # fmt: skip
        text = said(read(Visitor(app), f"/incidents/{number}"))

    assert "Au milieu de l’indisponibilité" in text
    assert "vu de 2 sur 3" in text.replace("\u00a0", " ")
    assert "vu de 1 sur 3" in text.replace("\u00a0", " ")


def test_a_point_whose_proofs_are_refused_cannot_prevent_a_dossier(
    good: Good, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its leaves can be imported, and still hide a check: whoever signs them is not us."""

    def refused(path: Path, **given: Any) -> Opinion | None:
        if path.name == "lyon.wacz":
            return Opinion(faults=(f"{path}/preuve/extrait.gz : un relevé manque",))
        return ask_of_bundle(path, **given)

    monkeypatch.setattr("monitor.dossier.bundle.point_bundles.ask_of_bundle", refused)
    data = shutil.copytree(good.three.own.data, tmp_path / "paris")
    (data / "points" / "lille" / "journal" / "tile" / "entries").rename(tmp_path / "elsewhere")
    own = LivingPoint(data, "paris")
    three = replace(good.three, points={**good.three.points, "paris": own})
    code, output = run_verifier(three.bundle(tmp_path), "--cle", str(own.key.verifier))

    assert code == 0, output
    assert "refusées par le vérificateur : lyon.wacz/preuve/extrait.gz" in output
    assert "Ses preuves ne peuvent être jointes. Lot de preuves" in output
