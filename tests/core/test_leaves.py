"""A leaf says all of a fact, in one form, and reads back equal."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.changes.page_events import DeadLink, PageEdge, PageEvent
from monitor.core.journal import encode, leaf_schema
from monitor.core.journal.decode import check_from, read_instant
from monitor.core.journal.encode import PLANNED
from monitor.core.journal.jcs import INTEGER_LIMIT, canonical
from monitor.core.journal.leaf_schema import FIELDS, _in_french, refusal
from monitor.core.journal.recorded import MAX_CONDITIONS_BYTES, check_of
from monitor.core.model import (
    Certificate,
    ControlAnswer,
    ControlStatus,
    Exchange,
    Family,
    Observation,
)
from monitor.core.scheduling.slots import Grid
from tests.support.outcomes import START, answer, at, hop, observation
from tests.support.outcomes import refusal as refused
from tests.support.readings import follow, page

DOCUMENT = Path(__file__).parents[2] / "docs" / "journal.md"
ALL = {"setup": 0, "target": 1, "conditions": 2, "panel": 3}


def spoken(seen: Observation) -> list[encode.Leaf]:
    """Return the leaves of a check, those that it names first."""
    check = check_of(seen)
    said = [
        encode.setup(
            point=check.point, config_sha256=check.config_sha256, ruleset=check.ruleset,
            environment={},
        ),
        {"type": "target"},
        encode.conditions(check.conditions),
        encode.panel(check.controls) if check.controls else {"type": "panel"},
    ]  # fmt: skip
    observed = encode.observation(
        check, setup=0, conditions=2, panel=3 if check.controls else None, plan=None
    )
    return [json.loads(canonical(leaf)) for leaf in (*said, observed)]


@pytest.mark.parametrize("exchange", [answer(at(1.5)), refused(at(1.5))])
@pytest.mark.parametrize("controls", [True, False])
def test_a_check_comes_back_from_its_leaf_equal(exchange: Exchange, *, controls: bool) -> None:
    seen = observation("anef", at(1.5), exchange=exchange)
    if not controls:
        seen = replace(seen, controls=None, clock_offset_us=None)
    sentences = spoken(seen)
    assert check_from(sentences[-1], sentences.__getitem__) == check_of(seen)


def test_what_each_control_answered_comes_back_from_its_leaf_equal() -> None:
    """Over which family, and when: the verdict rests on it."""
    witnesses = tuple(
        ControlAnswer(
            slug="a.test",
            family=family,
            said=said,
            after_us=12_345 + rank,
            duration_us=678_901 + rank,
            address="192.0.2.1" if rank else None,
            resolver="192.0.2.53" if rank else None,
            retransmits=rank or None,
        )
        for rank, (family, said) in enumerate(product(Family, ControlStatus))
    )
    families = {family: {said.value: said for said in ControlStatus} for family in Family}
    seen = observation("anef", at(1.5))
    assert seen.controls is not None
    seen = replace(seen, controls=replace(seen.controls, families=families, witnesses=witnesses))

    said = spoken(seen)

    assert refusal(said[3], idx=3, kind_of=lambda _: "") is None
    read = check_from(said[-1], said.__getitem__).controls
    assert read is not None
    assert (read.families, read.witnesses) == (families, witnesses)


@settings(max_examples=60, deadline=None)
@given(
    offset=st.none() | st.integers(-(1 << 62), 1 << 62),
    detail=st.text(max_size=400),
    late=st.integers(-(10**12), 10**12),
    body=st.binary(max_size=20),
)
def test_whatever_the_outside_says_a_leaf_can_say_it(
    offset: int | None, detail: str, late: int, body: bytes
) -> None:
    exchange = replace(answer(at(1), body), server_offset_us=offset, detail=detail)
    seen = observation("anef", at(1), exchange=exchange)
    seen = replace(seen, slot_at=at(1 + late / 1e6))
    sentences = spoken(seen)
    back = check_from(sentences[-1], sentences.__getitem__)
    assert back == check_of(seen)
    assert back.server_offset_us == (offset if abs(offset or 0) < INTEGER_LIMIT else None)


def test_a_hostile_answer_still_fits_in_a_leaf() -> None:
    """Ten redirects of nothing but long texts that JSON makes six times longer."""
    bad = "\x01" * 2000
    certificate = Certificate(
        sha256="00" * 32, subject=bad, issuer=bad, not_before=START, not_after=START,
        names=(bad,) * 30, chain_length=1, verified=False,
    )  # fmt: skip
    huge = replace(
        hop(at(1)),
        url=f"https://x.test/{bad}",
        certificate=certificate,
        headers=tuple((f"x-{n}{bad}", bad) for n in range(60)) + (("server", bad),) * 30,
    )
    parts = (replace(answer(at(1)), url=bad),) * 60
    exchange = replace(answer(at(1)), hops=(huge,) * 11, parts=parts, charset=bad)
    check = check_of(observation("anef", at(1), exchange=exchange))
    assert len(canonical(encode.conditions(check.conditions))) <= MAX_CONDITIONS_BYTES + 1000
    assert [step.status for step in check.conditions.steps] == [200] * 11


def test_no_token_of_a_single_request_enters_the_journal() -> None:
    exchange = replace(
        answer(at(1)), detail="redirected to https://x.test/?ticket=ST-1234567890-abcdef"
    )
    said = canonical(spoken(observation("anef", at(1), exchange=exchange))[-1])
    assert b"ST-1234567890" not in said


def test_no_byte_of_a_page_enters_the_journal() -> None:
    exchange = answer(at(1), b"<html>SECRET CONTENT OF THE PAGE</html>")
    said = b"".join(map(canonical, spoken(observation("anef", at(1), exchange=exchange))))
    assert b"SECRET" not in said


@pytest.mark.parametrize(
    "text",
    ["2026-11-23T08:00:00Z", "2026-11-23T08:00:00.000000+00:00", "2026-11-23 08:00:00.000000Z",
     "2026-11-23T09:00:00.000000+01:00", "2026-11-23T08:00:00.000000"],
)  # fmt: skip
def test_an_instant_has_one_form(text: str) -> None:
    assert read_instant("2026-11-23T08:00:00.000000Z") == START
    with pytest.raises(ValueError, match="instant"):
        read_instant(text)


GOOD = {"v": 1, "type": "round", "at": "2026-11-23T08:00:00.000000Z", "point": "local", "panel": 3}


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"type": "rond"}, {"at": "hier"}, {"panel": 9}, {"panel": 0}, {"panel": -1},
     {"panel": True}, {"point": 3}, {"more": 1}],
)  # fmt: skip
def test_a_leaf_of_another_form_is_refused(change: dict[str, object]) -> None:
    kinds = {idx: kind for kind, idx in ALL.items()}
    assert refusal(GOOD, idx=9, kind_of=kinds.get) is None
    assert refusal(GOOD | change, idx=9, kind_of=kinds.get)
    assert refusal([], idx=9, kind_of=kinds.get)
    assert refusal({"v": 1, "type": "round"}, idx=9, kind_of=kinds.get)


START_OF_A_RUN = {
    "v": 1, "type": "run", "edge": "start", "at": "2026-11-23T08:00:00.000000Z", "setup": 1,
    "version": "1",
}  # fmt: skip


@pytest.mark.parametrize(
    "change", [{"edge": "starT"}, {"edge": ""}, {"edge": "stop"}, {"start": 3}, {"version": None}]
)
def test_a_leaf_with_another_word_or_the_fields_of_another_edge_is_refused(
    change: dict[str, object],
) -> None:
    kinds = {idx: kind for kind, idx in ALL.items()}
    start = START_OF_A_RUN | {"setup": ALL["setup"]}
    forged = {name: value for name, value in (start | change).items() if value is not None}
    assert refusal(start, idx=99, kind_of=kinds.get) is None
    assert refusal(forged, idx=99, kind_of=kinds.get)


SHA256 = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", ["", "a"], [1, True, ["a"]]),
        ("integer", [0, -1, 1 << 52], [True, "1", 1.0]),
        ("boolean", [True, False], [0, 1, "true"]),
        ("list", [[], [1]], [{}, "a", 1]),
        ("object", [{}, {"a": 1}], [[], "a", 1]),
        ("sha256", [SHA256], [SHA256[1:], SHA256 + "0", SHA256.upper(), "g" * 64, [*SHA256], 1]),
        ("instant", ["2026-11-23T08:00:00.000000Z"], ["hier", "", 1]),
        ("index of panel", [0, 8], [9, -1, True, "3"]),
    ],
)
def test_each_kind_of_field_has_its_values(
    kind: str, good: list[object], bad: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(leaf_schema._NAMED, "round", {"value": kind})
    monkeypatch.setitem(leaf_schema._REQUIRED, "round", frozenset({"value"}))

    def refused(value: object) -> str | None:
        leaf = {"v": 1, "type": "round", "value": value}
        return refusal(leaf, idx=9, kind_of=lambda _: "panel")

    assert [refused(value) for value in good] == [None] * len(good)
    assert [refused(value) for value in bad] == [f"value : il faut {_in_french(kind)}"] * len(bad)


def test_a_plan_of_many_targets_is_in_several_leaves() -> None:
    plan = {f"cible-{n:03}": Grid(interval_us=60, phase_us=n) for n in range(2 * PLANNED + 1)}

    leaves = list(encode.plans(plan, point="local"))

    assert [len(leaf["slots"]) for leaf in leaves] == [PLANNED, PLANNED, 1]
    told = {slug: slots for leaf in leaves for slug, slots in leaf["slots"].items()}
    assert told == {slug: [60, grid.phase_us] for slug, grid in plan.items()}


def test_the_start_of_a_run_names_its_plans_if_it_has_any() -> None:
    with_plans = encode.run_started(at(0), setup=1, version="1", plans=(4, 5))
    without = encode.run_started(at(0), setup=1, version="1")

    assert with_plans["plans"] == [4, 5]
    assert "plans" not in without


def test_a_change_names_both_texts_or_the_addresses_of_its_links() -> None:
    _, events = follow(map(page, "ABB"))
    first, turned = (encode.change(event, observation=7) for event in events)
    link = DeadLink(text="ici", address="//b.test/1", target="b", gone_at=at(0))
    broken = encode.change(
        PageEvent(edge=PageEdge.LINK_BROKEN, at=at(0), target="a", point="local", links=(link,)),
        observation=7,
    )

    assert "before" not in first
    assert turned["before"] == {
        name: value for name, value in first["after"].items() if name != "compared_permille"
    } | {"last_at": turned["before"]["last_at"]}
    assert first["after"]["compared_permille"] == 1000
    assert turned["after"]["sha256"] != first["after"]["sha256"]
    assert "leads_to" not in turned
    assert (broken["leads_to"], broken.get("before"), broken.get("after")) == (["b"], None, None)


def test_the_documentation_and_the_code_name_the_same_fields() -> None:
    """docs/journal.md has one table for each type, in the order of the code."""
    found: dict[str, dict[str, str]] = {}
    kind = ""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("### `"):
            kind = line.split("`")[1]
            found[kind] = {}
        elif kind and line.startswith("| `"):
            name, what = (cell.strip() for cell in line.split("|")[1:3])
            found[kind][name.strip("`")] = what
    assert found == {kind: dict(fields) for kind, fields in FIELDS.items()}
