"""`verify/verifier.py` tells the outages, changes and gaps that the leaves prove, made again."""

import asyncio
import copy
import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from monitor.attest.sealing import Sealer
from monitor.core.journal.encode import gap as gap_leaf
from monitor.core.journal.encode import instant
from monitor.core.journal.jcs import canonical
from monitor.core.model import Gap, GapCause
from monitor.evidence.log import note
from monitor.evidence.log.note import Checkpoint, Note
from monitor.evidence.log.tiles import Tiles
from tests.support import mirror, tsa
from tests.support.clock import FakeClock
from tests.support.databases import sqlite_template
from tests.support.mirror import LOG, WITNESS, Tree
from tests.support.outcomes import at
from tests.support.service_days import live, open_store
from tests.support.stranger import run_verifier

__all__ = ["sqlite_template"]

Leaves = list[dict[str, Any]]


@pytest.fixture(scope="module")
def day(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Leaves:
    """Return the leaves of a short life of the service."""
    folder = tmp_path_factory.mktemp("jour")
    path = Path(shutil.copy(sqlite_template, folder / "vigie.sqlite"))
    with open_store(f"sqlite:///{path}") as store:
        live(store)
        sealer = Sealer(store, folder, LOG, clock=FakeClock())
        asyncio.run(sealer.open())
        asyncio.run(sealer.seal())
        sealer.close()
        size = store.leaf_count()
    assert size < 256
    return [json.loads(entry) for entry in Tiles(folder / "journal").entries(0, size)]


def exported(
    folder: Path, leaves: list[bytes], *, cosigned: int = 0, witnesses: bool = True
) -> Path:
    """Write a copy of these leaves, with the genuine key: its holder can write what he likes."""
    shutil.rmtree(folder, ignore_errors=True)
    tree = Tree(leaves)
    tree.write(folder / "journal", len(leaves))
    mirror.put(folder / "journal" / "checkpoint", tree.checkpoint(len(leaves), at=cosigned))
    witness = f"witness temoin {WITNESS.verifier}\n" if witnesses else ""
    mirror.put(folder / "cles.txt", f"log {LOG.verifier}\n{witness}".encode())
    mirror.put(folder / "racines.pem", tsa.issue("Racine").pem)
    mirror.list_files(folder)
    return folder


def packed(leaves: Leaves) -> list[bytes]:
    return [canonical(leaf) for leaf in leaves]


def told(folder: Path, *options: str) -> dict[str, Any]:
    code, output = run_verifier(folder, "--json", *options)
    document: dict[str, Any] = json.loads(output)
    assert document["ok"] is (code == 0)
    return document


def of(leaves: Leaves, kind: str, **fields: str) -> list[int]:
    """Return the indexes of the leaves of a type whose fields are these."""
    return [
        index
        for index, leaf in enumerate(leaves)
        if leaf["type"] == kind and all(leaf.get(name) == value for name, value in fields.items())
    ]


def without(leaves: Leaves, *gone: int) -> Leaves:
    """Remove leaves, and set right every index that names a later one."""

    def moved(value: Any, name: str) -> Any:
        names = {"observation", "setup", "plan", "plans", "conditions", "panel", "start"}
        if isinstance(value, dict):
            return {key: moved(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [moved(one, name) for one in value]
        if name in names and isinstance(value, int):
            return value - sum(index < value for index in gone)
        return value

    return [moved(leaf, "") for index, leaf in enumerate(leaves) if index not in gone]


def test_outages_are_told_with_their_leaves_times_and_durations(
    day: Leaves, tmp_path: Path
) -> None:
    found = told(exported(tmp_path / "copie", packed(day)))

    assert found["ok"], found["faults"]
    first = next(one for one in found["outages"] if one["target"] == "accueil")
    # ..xxxxx....: from the third minute to the seventh; good at the second and the eighth.
    assert first["first_fail_at"] == instant(at(120))
    assert first["last_fail_at"] == instant(at(360))
    assert (first["shortest_us"], first["longest_us"]) == (240_000_000, 360_000_000)
    assert (first["checks"], first["relapses"], first["nature"]) == (5, 0, "down")
    leaves = first["leaves"]
    for name, when in (("last_ok", 60), ("first_fail", 120), ("last_fail", 360), ("first_ok", 420)):
        leaf = day[leaves[name]]
        assert (leaf["type"], leaf["at"], leaf["target"]) == (
            "observation", instant(at(when)), "accueil",
        )  # fmt: skip
    assert day[leaves["opened"]]["edge"] == "opened"
    assert day[leaves["closed"]]["edge"] == "closed"
    assert len(found["outages"]) == 3
    assert [one["count"] for one in found["blips"]] == [1]
    assert [(one["cause"], one["slots"]) for one in found["gaps"]] == [("overrun", 1)]
    assert found["checks"]["accueil@local"] == {"up": 10, "down": 6}


def test_a_person_reads_them_in_utc_and_paris_time(day: Leaves, tmp_path: Path) -> None:
    code, output = run_verifier(exported(tmp_path / "copie", packed(day)))

    assert code == 0
    assert "23/11/2026 à 08:02:00,000 UTC (Paris : 23/11/2026 à 09:02:00,000)" in output
    assert "au moins 4 min 0,000 s ; au plus : 6 min 0,000 s" in output
    assert "en cours à la fin du journal" in output
    assert "1 échec isolé" in output
    assert "le relevé précédent n’était pas terminé, du " in output
    assert "overrun" not in output


def test_a_journal_that_nobody_dates_nor_attests_is_called_so(day: Leaves, tmp_path: Path) -> None:
    code, output = run_verifier(exported(tmp_path / "copie", packed(day), witnesses=False))

    assert code == 0
    assert "peu de preuves : rien ne date ni n’atteste ce journal, que qui tient sa clé" in output
    assert "n’a pas signé un autre journal" in output
    assert "Tout concorde" not in output
    assert "Pris dans le dossier même : la clé du journal" in output


def test_what_comes_from_elsewhere_is_not_said_to_be_taken_from_the_folder(
    day: Leaves, tmp_path: Path
) -> None:
    folder = exported(tmp_path / "copie", packed(day))
    keys, roots = tmp_path / "cles", tmp_path / "racines"
    shutil.copy(folder / "cles.txt", keys)
    shutil.copy(folder / "racines.pem", roots)

    assert len(told(folder)["taken_from_the_folder"]) == 3
    assert len(told(folder, "--cle", str(LOG.verifier))["taken_from_the_folder"]) == 2
    assert told(folder, "--cles", str(keys), "--racines", str(roots))["taken_from_the_folder"] == []


HIDDEN: dict[str, Callable[[Leaves], Leaves]] = {
    "the opening of an outage": lambda day: without(day, of(day, "outage", edge="opened")[0]),
    "the end of an outage": lambda day: without(day, of(day, "outage", edge="closed")[0]),
    "a blip": lambda day: without(day, of(day, "blip")[0]),
    "a check": lambda day: without(day, of(day, "observation", target="accueil")[8]),
    "a failing check": lambda day: without(day, of(day, "observation", target="accueil")[3]),
    "the last checks of one page": lambda day: without(
        day, *of(day, "observation", target="accueil")[9:], *of(day, "blip")
    ),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_was_hidden_before_it_was_signed_is_found(
    name: str, day: Leaves, tmp_path: Path
) -> None:
    found = told(exported(tmp_path / "copie", packed(HIDDEN[name](copy.deepcopy(day)))))

    assert not found["ok"]


def change(day: Leaves, index: int, **fields: Any) -> Leaves:
    day[index] = {**day[index], **fields}
    return day


def gap(since: int, until: int, *, slots: int = 1) -> dict[str, Any]:
    return gap_leaf(
        Gap(
            point="local",
            target="",
            from_at=at(since),
            to_at=at(until),
            slots=slots,
            cause=GapCause.STOPPED,
        )
    )


FORGED: dict[str, Callable[[Leaves], Leaves]] = {
    "an outage that began earlier": lambda day: change(
        day, of(day, "outage")[0], first_fail_at=instant(at(60))
    ),
    "more failures than there were": lambda day: change(day, of(day, "outage")[1], checks=50),
    "another nature": lambda day: change(day, of(day, "outage")[0], nature="maintenance"),
    "a field more": lambda day: change(day, of(day, "outage")[0], recovered_at=instant(at(999))),
    "a verdict": lambda day: change(
        day, of(day, "observation", target="accueil")[4], verdict="up", reason="ok"
    ),
    "one check twice": lambda day: [*day, day[of(day, "observation", target="accueil")[-1]]],
    "one check twice, long ago": lambda day: [*day, day[of(day, "observation")[2]]],
    "a second beginning": lambda day: [*day, day[0]],
    "a gap in which nothing was lost": lambda day: [*day, gap(60, 120, slots=0)],
    "a gap that ends before it begins": lambda day: [*day, gap(120, 60)],
    "a gap over all that was seen": lambda day: [*day, gap(-(10**7), 10**7)],
    "an outage out of nothing": lambda day: [*day, day[of(day, "outage")[0]]],
}


@pytest.mark.parametrize("name", FORGED)
def test_what_was_forged_before_it_was_signed_is_found(
    name: str, day: Leaves, tmp_path: Path
) -> None:
    found = told(exported(tmp_path / "copie", packed(FORGED[name](copy.deepcopy(day)))))

    assert not found["ok"]
    assert any("euille" in fault for fault in found["faults"]), found["faults"]


SPOILT: dict[str, bytes] = {
    "deep": b'{"type":"observation","at":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "a number that is none": b'{"type":"gap","slots":NaN}',
    "an infinite number": b'{"type":"gap","slots":1e999}',
    "a number of 5,000 figures": b'{"type":"gap","slots":' + b"9" * 5_000 + b"}",
    "a name twice": b'{"type":"gap","type":"run"}',
    "another encoding": '{"type":"gap"}'.encode("utf-16"),
    "not UTF-8": b'{"type":"gap\xff"}',
    "a list": b"[]",
    "a text": b'"type"',
    "nothing": b"",
    "a type that is a list": b'{"type":["gap"]}',
    "a type that is a method": b'{"type":"tell"}{',
    "texts where numbers belong": b'{"type":"gap","from_at":"2026-11-23T08:00:00.000000Z",'
    b'"to_at":"2026-11-23T08:00:00.000000Z","slots":"1","cause":1,"point":2}',
    "numbers where texts belong": b'{"type":"token","sha256":12,"at":12,"size":"x"}',
    "an instant of no calendar": b'{"type":"round","at":"2026-13-41T08:00:00.000000Z","point":"x"}',
    "an index of nothing": b'{"type":"observation","setup":99999}',
    "an index before the first": b'{"type":"observation","setup":-1}',
    "a path": b'{"type":"capture","file":"../../../etc/passwd"',
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_leaf_that_two_readers_could_read_differently_is_a_sentence(
    name: str, day: Leaves, tmp_path: Path
) -> None:
    leaves = packed(day)
    found = told(exported(tmp_path / "copie", [*leaves, SPOILT[name]]))

    assert not found["ok"]
    assert any(str(len(leaves)) in fault for fault in found["faults"]), found["faults"]


@pytest.mark.parametrize("when", [0, 1, 86_400, 1_577_836_799, 4_000_000_000, 2**63, 2**64 - 1])
def test_a_cosignature_of_an_impossible_date_is_refused(
    when: int, day: Leaves, tmp_path: Path
) -> None:
    folder = exported(tmp_path / "copie", packed(day))
    cosign(folder, when)

    code, output = run_verifier(folder)

    assert code == 1
    assert "ÉCHEC" in output
    assert WITNESS.name in output


def test_a_cosignature_of_before_its_leaves_is_said_or_refused(day: Leaves, tmp_path: Path) -> None:
    folder = exported(tmp_path / "copie", packed(day))
    leaf = int(at(1000).timestamp())

    for late, code, word in ((60, 0, "Tout concorde"), (86_400, 0, "REMARQUE"),
                             (60 * 86_400, 1, "ÉCHEC")):  # fmt: skip
        cosign(folder, leaf - late)
        found, output = run_verifier(folder)
        assert found == code, output
        assert word in output


def cosign(folder: Path, when: int) -> None:
    path = folder / "journal" / "checkpoint"
    text = Note.parse(path.read_bytes()).text
    lines = (note.sign(text, LOG), note.cosign(text, WITNESS, at=when))
    path.write_bytes(bytes(Note(text, lines)))
    mirror.list_files(folder)


@pytest.mark.parametrize(
    ("leaf_moves", "good"),
    [(timedelta(0), True), (timedelta(seconds=200), True), (timedelta(days=-2), True),
     (timedelta(seconds=400), False), (timedelta(days=7 * 365), False)],
)  # fmt: skip
def test_a_token_cannot_be_older_than_what_it_covers(
    leaf_moves: timedelta, *, good: bool, tmp_path: Path
) -> None:
    """The authority is real and stamps by the real clock: so it is the leaves that move."""
    authority = tsa.authority(tmp_path / "tsa")
    now = datetime.now(at(0).tzinfo)  # noqa: TID251 -- see above
    run_leaf = canonical({"v": 1, "type": "run", "edge": "stop", "start": 0,
                          "at": instant(now + leaf_moves)})  # fmt: skip
    folder = tmp_path / "copie"
    tree = Tree([run_leaf])
    tree.entries.append(
        mirror.stamp(folder / "journal" / "horodatages", authority, tree.checkpoint(1))
    )
    tree.write(folder / "journal", 2)
    mirror.put(folder / "journal" / "checkpoint", tree.checkpoint(2))
    mirror.put(folder / "cles.txt", f"log {LOG.verifier}\n".encode())
    mirror.put(folder / "racines.pem", authority.root_pem.read_bytes())

    code, output = run_verifier(folder)

    assert (code == 0) is good, output
    assert good or "avant la feuille 0 qu’il couvre" in output


@pytest.mark.parametrize(("later_s", "good"), [(250, True), (400, False)])
def test_a_token_cannot_cover_a_cosignature_that_is_later(
    later_s: int, *, good: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two clocks may differ by 300 s."""
    authority = tsa.authority(tmp_path / "tsa")
    now = datetime.now(at(0).tzinfo)  # noqa: TID251 -- openssl's clock
    then = (now - timedelta(minutes=20)).replace(microsecond=0)
    monkeypatch.setattr(authority, "answer", partial(authority.lie, at=then))
    folder = tmp_path / "copie"
    tree = Tree([b'{"type":"annotation"}'])
    text = Note.parse(tree.checkpoint(1)).text
    cosigned = int(then.timestamp()) + later_s
    lines = (note.sign(text, LOG), note.cosign(text, WITNESS, at=cosigned))
    stamped = bytes(Note(text, lines))
    assert Checkpoint.parse(text).size == 1
    leaf = mirror.stamp(folder / "journal" / "horodatages", authority, stamped)
    tree.entries.append(leaf)
    tree.write(folder / "journal", 2)
    mirror.put(folder / "journal" / "checkpoint", tree.checkpoint(2))
    keys = f"log {LOG.verifier}\nwitness temoin {WITNESS.verifier}\n"
    mirror.put(folder / "cles.txt", keys.encode())
    mirror.put(folder / "racines.pem", authority.root_pem.read_bytes())

    code, output = run_verifier(folder)

    assert (code == 0) is good, output
    assert good or f"avant la contresignature de {WITNESS.name} qu’il couvre" in output


@pytest.mark.parametrize(("later_s", "said_so"), [(250, False), (400, True)])
def test_a_token_cannot_cover_an_older_token_that_is_later(
    later_s: int, *, said_so: bool, tmp_path: Path
) -> None:
    authority = tsa.authority(tmp_path / "tsa")
    now = datetime.now(at(0).tzinfo)  # noqa: TID251 -- openssl's clock
    folder = tmp_path / "copie"
    older = canonical({"v": 1, "type": "token", "size": 0, "authority": "essai",
                       "at": instant(now + timedelta(seconds=later_s)),
                       "sha256": "00" * 32})  # fmt: skip
    tree = Tree([older])
    leaf = mirror.stamp(folder / "journal" / "horodatages", authority, tree.checkpoint(1))
    tree.entries.append(leaf)
    tree.write(folder / "journal", 2)
    mirror.put(folder / "journal" / "checkpoint", tree.checkpoint(2))
    mirror.put(folder / "cles.txt", f"log {LOG.verifier}\n".encode())
    mirror.put(folder / "racines.pem", authority.root_pem.read_bytes())

    said = run_verifier(folder)[1]

    assert ("daté avant le jeton de la feuille 0, qu’il couvre" in said) is said_so, said


def test_an_outage_is_told_with_the_page_and_the_rule(day: Leaves, tmp_path: Path) -> None:
    found = told(exported(tmp_path / "copie", packed(day)))
    page = day[found["outages"][0]["leaves"]["target"]]

    assert page["slug"] == found["outages"][0]["target"]
    assert any(page["name"] in line and page["url"] in line for line in found["tables"])
    policy = page["policy"]
    rule = f"{policy['failures']} échecs sur {policy['failing_s']} s au moins"
    assert any(rule in line for line in found["tables"])


def moved(leaf: dict[str, Any], days: int) -> dict[str, Any]:
    """Move a leaf to another day."""
    when = datetime.fromisoformat(leaf["at"]) + timedelta(days=days)
    return {**leaf, "at": instant(when)}


def trusted(folder: Path, leaves: Leaves) -> list[str]:
    found = told(exported(folder, packed(leaves)))
    assert found["ok"], found["faults"]
    lines: list[str] = found["on_trust"]
    return lines


def test_what_no_run_and_no_plan_explains_is_counted(day: Leaves, tmp_path: Path) -> None:
    """A second point, of which no leaf says that it ran, tells an outage."""
    whole = trusted(tmp_path / "bon", day)
    assert not any("fonctionnait" in line for line in whole), whole
    setup = {**day[of(day, "setup")[0]], "point": "ailleurs"}
    check = {**day[of(day, "observation")[0]], "setup": len(day)}

    lines = trusted(tmp_path / "faux", [*day, setup, check])

    assert any(line.startswith("1 relevé fait alors que") for line in lines), lines


def test_a_leaf_of_another_century_is_counted(day: Leaves, tmp_path: Path) -> None:
    round_ = {**day[of(day, "round")[0]], "point": "ailleurs"}
    for days in (-40_000, 40_000):
        lines = trusted(tmp_path / "faux", [*day, moved(round_, days)])
        assert any(line.startswith("1 feuille datée d’avant 2020") for line in lines), lines


@pytest.mark.parametrize("leaf", [{"v": 1, "type": "aveu"}, {"v": 2, "type": "clock"}])
def test_a_leaf_that_it_cannot_read_is_counted(
    leaf: dict[str, Any], day: Leaves, tmp_path: Path
) -> None:
    lines = trusted(tmp_path / "copie", [*day, leaf])

    assert any(line.startswith("1 feuille que ce programme ne sait pas lire") for line in lines)


def test_a_correction_and_an_annotation_are_told(day: Leaves, tmp_path: Path) -> None:
    where = {"v": 1, "at": instant(at(0)), "text": "La sonde se trompait.\x1b[2J"}
    correction = {**where, "type": "correction", "leaf": 3}
    annotation = {**where, "type": "annotation", "targets": []}

    code, output = run_verifier(
        exported(tmp_path / "copie", packed([*day, correction, annotation]))
    )

    assert code == 0, output
    assert "correction de la feuille 3 : La sonde se trompait.\\x1b[2J" in output
    assert "annotation : La sonde se trompait.\\x1b[2J" in output


def test_a_copy_without_its_list_of_files_proves_nothing_of_them(
    day: Leaves, tmp_path: Path
) -> None:
    folder = exported(tmp_path / "copie", packed(day))
    (folder / "MANIFESTE").unlink()

    code, output = run_verifier(folder)

    assert code == 0, output
    assert "ces fichiers sont ceux" not in output


@pytest.mark.parametrize(
    "name",
    [
        "journal/tile/\x1b[2J",
        "journal/horodatages/\x1b]0;x\x07/a",
        "preuves/\x1b[2J.tlog-proof",
        "journal/changements-de-cle/\x1b[2J",
    ],
)
def test_no_name_of_a_file_drives_the_terminal(name: str, day: Leaves, tmp_path: Path) -> None:
    folder = exported(tmp_path / "copie", packed(day))
    mirror.put(folder / name, b"x")
    mirror.list_files(folder)

    code, output = run_verifier(folder)

    assert code == 1
    assert "\\x1b" in output
    assert "\x1b" not in output
