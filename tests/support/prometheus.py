"""A real Prometheus on what we ship, and the rules that we ship for it."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.service import free_port

SHIPPED = Path(__file__).parents[2] / "config" / "prometheus"
_SELECTOR = re.compile(r"\b(?:anef|probe|process)_\w+(?:\{[^}]*\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|=)\s*"([^"]*)"')
_OF_PROMETHEUS = {"job", "instance"}  # labels that a scrape adds


def promtool() -> str:
    """Return the path of promtool, or skip the test."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is missing (Debian package prometheus)")
    return program


@contextmanager
def prometheus(folder: Path, *, service: int, more: str = "") -> Iterator[int]:
    """Start Prometheus on the shipped configuration, but for the addresses and the pace.

    `more` is text of further scrape configurations.
    """
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is missing (Debian package prometheus)")
    port = free_port()
    text = (SHIPPED / "prometheus.yml").read_text() + more
    text = text.replace("vigie:8600", f"127.0.0.1:{service}")
    text = text.replace("localhost:9090", f"127.0.0.1:{port}")
    text = text.replace("1m", "1s").replace("10s", "1s")
    (folder / "prometheus.yml").write_text(text)
    shutil.copy(SHIPPED / "rules.yml", folder)
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(60)


def ask(port: int, query: str) -> list[dict[str, Any]]:
    """Return the rows of an instant query; none while Prometheus does not answer."""
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.BAD_REQUEST:  # it refuses the query
            raise AssertionError(error.read().decode()) from error
        return []
    except urllib.error.URLError:
        return []
    return result


def has_rows(port: int, query: str) -> bool:
    """Return whether an instant query has a number in answer."""
    return any(row["value"][1] != "NaN" for row in ask(port, query))


def rules() -> list[dict[str, Any]]:
    """Return the shipped rules."""
    groups = yaml.safe_load((SHIPPED / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@dataclass(frozen=True)
class Selector:
    """A metric that an expression reads, with what it asks of its labels."""

    name: str
    labels: tuple[tuple[str, str], ...]

    def matches(self, name: str, labels: dict[str, str]) -> bool:
        return name == self.name and all(
            re.fullmatch(pattern, labels.get(label, "")) for label, pattern in self.labels
        )


def selectors(expression: str) -> Iterator[Selector]:
    """Yield what a PromQL expression reads of ours."""
    for text in _SELECTOR.findall(expression):
        name, _, rest = text.partition("{")
        matchers = [
            (label, value if operator == "=~" else re.escape(value))
            for label, operator, value in _MATCHER.findall(rest)
            if label not in _OF_PROMETHEUS
        ]
        yield Selector(name, tuple(matchers))


def missing(expressions: list[str], page: bytes) -> set[str]:
    """Return the metrics that expressions read and a page of `/metrics` does not have so."""
    samples = [
        (sample.name, sample.labels)
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    ]
    return {
        selector.name
        for expression in expressions
        for selector in selectors(expression)
        if not any(selector.matches(*sample) for sample in samples)
    }
