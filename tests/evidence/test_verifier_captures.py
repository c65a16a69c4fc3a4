"""`verify/verifier.py` compares what a copy says of its check with what the check's leaf says."""

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.core.journal.jcs import canonical
from monitor.core.model import Failure, Phase, Policy, Verdict
from monitor.evidence.captures import day_files, warc
from monitor.evidence.captures.capture_policy import Captures
from monitor.evidence.captures.capture_records import _TRUNCATED
from monitor.evidence.captures.warc import Record
from tests.evidence.test_verifier_order import changed
from tests.evidence.test_verifier_story import without
from tests.support import mirror, outcomes, tsa
from tests.support.captured import ANSWERS, spoken
from tests.support.mirror import LOG, TARGET, Tree
from tests.support.outcomes import DEAD
from tests.support.stranger import run_verifier, verifier

PLAN: dict[str, Any] = {
    "interval_s": TARGET.interval_s,
    "policy": {
        "failures": Policy().failures,
        "failing_s": Policy().failing_s,
        "successes": Policy().successes,
        "recovering_s": Policy().recovering_s,
        "silence_s": Policy().silence_s,
    },
}


def write(folder: Path, *, plan: dict[str, Any], **observation: Any) -> Path:
    """Write a journal of one failure whose bytes are kept, and what the forger says of it."""
    when = outcomes.at(0)
    seen = outcomes.observation("cible", when, DEAD, exchange=spoken(when, ANSWERS["plain"]))
    captures = Captures(folder / "captures", software="essai/1", clock_limit_us=0)
    (kept,) = asyncio.run(captures.keep(TARGET, seen, known_good=True, in_outage=False))
    late_us = (when - seen.slot_at) // timedelta(microseconds=1)
    said = {"verdict": "down", "reason": DEAD.reason.value, "late_us": late_us, **observation}
    tree = Tree(
        [
            mirror.leaf("setup", point=kept.point, config_sha256=outcomes.CONFIG),
            mirror.leaf("target", **{"slug": "cible", **plan}),
            mirror.leaf("observation", setup=0, plan=1, target="cible",
                        at=when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), **said),
            mirror.capture_leaf(kept),
        ]
    )  # fmt: skip
    tree.write(folder / "journal", 4)
    mirror.put(folder / "journal" / "checkpoint", tree.checkpoint(4))
    mirror.put(folder / "cles.txt", f"log {LOG.verifier}\n".encode())
    mirror.put(folder / "racines.pem", tsa.issue("Racine").pem)
    mirror.list_files(folder)
    return folder


def test_a_check_and_its_copy_that_agree_are_accepted(tmp_path: Path) -> None:
    code, output = run_verifier(write(tmp_path / "copie", plan=PLAN))

    assert code == 0, output
    assert "1 relevé dont les octets concordent" in output


@pytest.mark.parametrize(
    "false",
    [
        {"verdict": "up", "reason": "ok"},
        {"verdict": "unknown", "reason": "local_network"},
        {"verdict": "blocked"},
        {"verdict": "maintenance"},
        {"reason": "timeout"},
    ],
)
def test_a_verdict_that_its_copy_denies_is_refused(false: dict[str, str], tmp_path: Path) -> None:
    """An outage is hidden by signing every leaf again, with other verdicts and no outage."""
    folder = write(tmp_path / "copie", plan=PLAN, **false)

    code, output = run_verifier(folder)

    assert code == 1
    place = min((folder / "captures").iterdir())
    assert f"ÉCHEC {place} : la copie du " in output
    assert "la feuille 2" in output


@pytest.mark.parametrize("name", [*PLAN["policy"], "interval_s"])
def test_a_number_of_the_plan_that_the_copy_denies_is_refused(name: str, tmp_path: Path) -> None:
    plan = {**PLAN, "policy": dict(PLAN["policy"])}
    place = plan if name == "interval_s" else plan["policy"]
    place[name] += 1

    code, output = run_verifier(write(tmp_path / "copie", plan=plan))

    assert code == 1
    assert "le plan de la feuille 2" in output


@pytest.mark.parametrize(
    "false",
    [
        {"url": "https://autre.test/"},
        {"name": "Autre page"},
        {"platform": "y"},
        {"department": "75"},
        {"markers": ["Bienvenue"]},
        {"deadline_ms": 1000},
        {"slow_ms": 1000},
    ],
)
def test_a_page_that_its_copy_denies_is_refused(false: dict[str, Any], tmp_path: Path) -> None:
    """The outage of one page is told as that of another."""
    code, output = run_verifier(write(tmp_path / "copie", plan={**PLAN, **false}))

    assert code == 1
    assert f"dit {next(iter(false))} = " in output
    assert "le plan de la feuille 2" in output


@pytest.mark.parametrize(
    "false",
    [
        {"rule": "gone"},
        {"late_us": 0},
        {"duration_us": 1},
        {"rule": DEAD.rule, "controls": {"at": "2026-11-23T08:00:00.000000Z", "panel": 0}},
    ],
)
def test_what_a_check_says_and_its_copy_denies_is_refused(
    false: dict[str, Any], tmp_path: Path
) -> None:
    code, output = run_verifier(write(tmp_path / "copie", plan=PLAN, **false))

    assert code == 1
    assert f"dit {next(reversed(false))} = " in output
    assert "; la feuille 2, " in output


def test_a_check_that_names_the_plan_of_another_page_is_refused(tmp_path: Path) -> None:
    code, output = run_verifier(write(tmp_path / "copie", plan={**PLAN, "slug": "autre"}))

    assert code == 1
    assert "la feuille 2 (observation) est mal formée" in output


def test_the_copy_of_another_address_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaf and copy both name another page than the one that was asked."""
    monkeypatch.setitem(globals(), "TARGET", replace(TARGET, url="https://autre.test/"))

    code, output = run_verifier(
        write(tmp_path / "copie", plan={**PLAN, "url": "https://autre.test/"})
    )

    assert code == 1
    assert "est celle d’une autre adresse que sa page" in output


Leaves = list[dict[str, Any]]


def captured(folder: Path, change: Callable[[Leaves], Leaves] = lambda it: it) -> Path:
    """Write a journal of two days of copies, of which the keeper of the key changed the leaves."""
    start = mirror.leaf("run", edge="start", at="2026-11-23T08:00:00.000000Z")
    leaves = [start, *asyncio.run(mirror.captured(folder / "captures"))]
    return signed(folder, change([json.loads(leaf) for leaf in leaves]))


def signed(folder: Path, leaves: Leaves) -> Path:
    tree, size = Tree([canonical(leaf) for leaf in leaves]), len(leaves)
    tree.write(folder / "journal", size)
    mirror.put(folder / "journal" / "checkpoint", tree.checkpoint(size))
    mirror.put(folder / "cles.txt", f"log {LOG.verifier}\n".encode())
    mirror.put(folder / "racines.pem", tsa.issue("Racine").pem)
    mirror.list_files(folder)
    return folder


def kept(leaves: Leaves, why: list[str]) -> int:
    """Return the index of the first copy that is kept for these reasons."""
    return next(n for n, leaf in enumerate(leaves) if leaf.get("why") == why)


def test_copies_of_two_days_are_accepted(tmp_path: Path) -> None:
    code, output = run_verifier(captured(tmp_path / "copie"))

    assert code == 0, output
    assert output.count("PRIS SUR PAROLE") == 3
    assert "PRIS SUR PAROLE 12 relevés faits alors que" in output  # this journal has no run of them
    assert "PRIS SUR PAROLE 12 relevés dont les feuilles ne disent pas tout" in output
    assert "PRIS SUR PAROLE 2 enregistrements qui décrivent" in output


FORGED: dict[str, tuple[Callable[[Leaves], Leaves], str]] = {
    "two copies of one check": (
        lambda it: [
            *it[: kept(it, ["failure"]) + 1],
            {**it[kept(it, ["failure"])], "sha256": "ab" * 32},
            *it[kept(it, ["failure"]) + 1 :],
        ],
        "une autre copie du relevé",
    ),
    "a copy of a check that nobody made": (
        lambda it: changed(it, kept(it, ["failure"]), at="2026-11-23T09:00:00.123456Z"),
        "n’est pas au journal",
    ),
    "other reasons": (
        lambda it: changed(it, kept(it, ["failure"]), why=["failure", "text"]),
        "d’autres raisons",
    ),
    "a copy told to be of its day alone": (
        lambda it: changed(it, kept(it, ["failure"]), why=["daily"]),
        "d’autres raisons",
    ),
    "a daily copy of another digest": (
        lambda it: changed(it, kept(it, ["failure"]), why=["daily"], sha256="ab" * 32),
        "n’est pas celle que dit le journal",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_copy_told_otherwise_is_refused(name: str, tmp_path: Path) -> None:
    change, word = FORGED[name]
    code, output = run_verifier(captured(tmp_path / "copie", change))

    assert code == 1
    assert word in output


def test_a_copy_that_the_journal_does_not_name_is_counted(tmp_path: Path) -> None:
    folder = captured(tmp_path / "copie", lambda it: without(it, kept(it, ["failure"])))
    code, output = run_verifier(folder)

    assert code == 0, output
    assert "PRIS SUR PAROLE 1 copie qu’aucune feuille ne nomme" in output
    assert "PRIS SUR PAROLE 1 relevé qui n’est pas bon" in output


async def daily(folder: Path) -> tuple[Leaves, Leaves]:
    """Keep two pages on one day, of which each gets a copy of that day alone."""
    captures = Captures(folder, software="essai/1", clock_limit_us=0)
    checks: Leaves = []
    copies: Leaves = []
    for rank in range(2):
        # The first is kept for its text too: the second of each page on the next day, for that.
        for day in range(2):
            when = outcomes.at(86_400 * day + 60 * rank)
            target = replace(TARGET, slug=f"cible-{rank}")
            exchange = spoken(when, ANSWERS["plain"])
            observation = outcomes.observation(target.slug, when, exchange=exchange)
            (kept,) = await captures.keep(target, observation, known_good=True, in_outage=False)
            checks.append(json.loads(mirror.check_leaf(observation, setup=0)))
            copies.append(json.loads(mirror.capture_leaf(kept)))
    return checks, copies


def test_a_daily_copy_is_not_removed_alone(tmp_path: Path) -> None:
    """All those of a file go at once: one that is missing beside others is a fault."""
    folder = tmp_path / "copie"
    checks, copies = asyncio.run(daily(folder / "captures"))
    assert [copy["why"] for copy in copies].count(["daily"]) == 2
    copies[1] = {**copies[1], "sha256": "cd" * 32}
    setup = {"v": 1, "type": "setup", "point": "local", "config_sha256": outcomes.CONFIG}
    leaves = [setup, *(leaf for pair in zip(checks, copies, strict=True) for leaf in pair)]

    code, output = run_verifier(signed(folder, leaves))

    assert code == 1
    assert "seraient parties avec elle" in output


BROKEN = {
    Failure.TRUNCATED: Phase.TRANSFER,
    Failure.TIMEOUT: Phase.TRANSFER,
    Failure.TOO_LARGE: Phase.TRANSFER,
    Failure.DEADLINE: Phase.PROCESSING,
}


def answered(folder: Path) -> Path:
    """Write a journal of every kind of answer, whole, cut short and repeated, all kept."""
    checks: Leaves = [{"v": 1, "type": "setup", "point": "local", "config_sha256": outcomes.CONFIG}]

    async def keep() -> None:
        captures = Captures(folder / "captures", software="essai/1", clock_limit_us=0)
        second = 0
        for data in (*ANSWERS.values(), ANSWERS["plain"], b"HTTP/1.1 2", b"junk"):
            for failure, phase in ((None, None), *BROKEN.items()):
                when = outcomes.at(second := second + 1)
                exchange = replace(spoken(when, data), failure=failure, phase=phase)
                parts = (spoken(when, data), spoken(when, ANSWERS["plain"]))
                observation = outcomes.observation(
                    f"cible-{second}" if failure is None else "cible",
                    when,
                    replace(DEAD, verdict=Verdict.UNKNOWN),
                    exchange=replace(exchange, parts=parts if second % 2 else ()),
                )
                target = replace(TARGET, slug=observation.target)
                *_, kept = await captures.keep(
                    target, observation, known_good=True, in_outage=False
                )
                checks.append(json.loads(mirror.check_leaf(observation, setup=0)))
                checks.append(json.loads(mirror.capture_leaf(kept)))

    asyncio.run(keep())
    return signed(folder, checks)


@pytest.fixture(scope="module")
def every_answer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return answered(tmp_path_factory.mktemp("answers") / "copie")


def records(folder: Path) -> dict[Path, list[Record]]:
    return {
        path: [member.record for member in day_files.members(path)]
        for path in sorted((folder / "captures").iterdir())
    }


def test_what_records_say_of_every_kind_of_answer_is_accepted(every_answer: Path) -> None:
    kinds = {one.kind for found in records(every_answer).values() for one in found}
    assert kinds == {"warcinfo", "request", "response", "revisit", "resource", "metadata"}

    code, output = run_verifier(every_answer)

    assert code == 0, output
    assert "PRIS SUR PAROLE 1 enregistrement qui décrit" in output


# A kind of record, a field of it, and what it says instead: None to leave it out.
FIELDS: list[tuple[str, str, str | None]] = [
    ("response", "WARC-Payload-Digest", f"sha256:{'A' * 52}===="),
    ("response", "WARC-Payload-Digest", None),
    ("response", "WARC-Block-Digest", f"sha256:{'A' * 52}===="),
    ("response", "WARC-Block-Digest", None),
    ("response", "Content-Type", "text/plain"),
    ("response", "WARC-Truncated", "length"),
    ("response", "WARC-Truncated", None),
    ("response", "WARC-Date", "2026-11-23T08:00:00Z"),
    ("response", "WARC-Unknown", "x"),
    ("request", "WARC-Unknown", "x"),
    ("request", "WARC-Concurrent-To", "<urn:uuid:00000000-0000-8000-8000-000000000000>"),
    ("request", "WARC-Concurrent-To", None),
    ("request", "Content-Type", "text/plain"),
    ("request", "WARC-Block-Digest", f"sha256:{'A' * 52}===="),
    ("resource", "Content-Type", "text/html"),
    ("revisit", "WARC-Refers-To-Date", "2020-01-01T00:00:00.000000Z"),
    ("revisit", "WARC-Refers-To-Target-URI", "http://autre.test/"),
    ("revisit", "WARC-Refers-To", "<urn:uuid:00000000-0000-8000-8000-000000000000>"),
    ("revisit", "WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/server-not-modified"),
    ("revisit", "WARC-Payload-Digest", f"sha256:{'A' * 52}===="),
    ("revisit", "WARC-Payload-Digest", None),
    ("revisit", "WARC-Block-Digest", f"sha256:{'A' * 52}===="),
    ("revisit", "WARC-Truncated", "time"),
]


@pytest.mark.parametrize(("kind", "name", "value"), FIELDS)
def test_a_record_that_says_otherwise_than_its_copy_is_refused(
    kind: str, name: str, value: str | None, every_answer: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(every_answer, tmp_path / "copie"))
    for path, found in records(folder).items():
        changed_ = [one if one.kind != kind else with_field(one, name, value) for one in found]
        assert changed_ != found
        path.write_bytes(warc.pack(changed_))
    mirror.list_files(folder)

    code, output = run_verifier(folder)

    assert code == 1
    assert f"ÉCHEC {folder / 'captures'}" in output
    assert "relevé du" in output


def with_field(record: Record, name: str, value: str | None) -> Record:
    rest = tuple((key, told) for key, told in record.fields if key != name)
    return Record((*rest, (name, value)) if value is not None else rest, record.block)


def test_the_words_for_what_is_cut_short_are_those_of_the_service() -> None:
    told = {failure.value: word for failure, word in _TRUNCATED.items()}

    assert verifier().CUT == told


def test_a_record_that_no_copy_names_is_counted(every_answer: Path, tmp_path: Path) -> None:
    """It would be shown, as the true ones are, by whatever shows the pages of such a file."""
    folder = Path(shutil.copytree(every_answer, tmp_path / "copie"))
    for path, found in records(folder).items():
        true = next(one for one in found if one.kind == "response")
        more = with_field(true, "WARC-Record-ID", warc.record_id("autre"))
        path.write_bytes(warc.pack([*found, more]))
    mirror.list_files(folder)

    code, output = run_verifier(folder)

    assert code == 0, output
    assert "PRIS SUR PAROLE 1 enregistrement d’octets qu’aucune" in output
