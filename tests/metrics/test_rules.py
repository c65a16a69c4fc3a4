"""The alerts that we ship: each fires, each is quiet, and reads what there is."""

import subprocess
from typing import Any

import yaml

from tests.support.prometheus import SHIPPED, missing, promtool, rules, selectors

ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}


def test_promtool_finds_every_rule_right() -> None:
    checked = subprocess.run(
        [promtool(), "test", "rules", "rules_test.yml"],
        cwd=SHIPPED,
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_is_seen_to_fire_and_to_be_quiet() -> None:
    cases: list[dict[str, Any]] = [
        case
        for one in yaml.safe_load((SHIPPED / "rules_test.yml").read_text())["tests"]
        for case in one["alert_rule_test"]
    ]
    assert len(ALERTS) > 15
    for fires in (True, False):
        tried = {case["alertname"] for case in cases if bool(case.get("exp_alerts")) is fires}
        assert tried == set(ALERTS)


def test_every_alert_has_its_words_and_its_severity() -> None:
    for alert, rule in ALERTS.items():
        assert rule["labels"]["severity"] in {"warning", "critical"}, alert
        assert set(rule["annotations"]) == {"summary", "description"}, alert
        assert not any("'" in text for text in rule["annotations"].values()), alert


def test_what_expressions_read_is_really_looked_for() -> None:
    expression = 'anef_a{state="up",job="x"} / probe_b{c=~"d|e"} + sum(anef_f)'
    assert [(one.name, one.labels) for one in selectors(expression)] == [
        ("anef_a", (("state", "up"),)),
        ("probe_b", (("c", "d|e"),)),
        ("anef_f", ()),
    ]
    page = b'# TYPE anef_a gauge\nanef_a{state="down"} 1\n# TYPE probe_b gauge\nprobe_b{c="e"} 1\n'
    assert missing([expression], page) == {"anef_a", "anef_f"}
