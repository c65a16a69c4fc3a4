"""What is wrong with a dashboard that Grafana's front end has drawn, from the report of it.

`grafana/render/render.mjs` writes one for each picture: of each panel the text of its DOM,
the columns that it hides, and each value that Grafana was to show, with the text and the colour of
`field.display()`.
"""

import re
from collections.abc import Iterator
from typing import Any

from monitor.core.changes.change import Weight
from monitor.core.model import GapCause, Phase, Reason, Verdict
from monitor.core.outages.span_figures import ScopeKind

Panel = dict[str, Any]
_FIRST_GREY = "#808080"  # of a field to which no colour was applied
# The words of Grafana, and of our dashboards, for nothing.
_NOTHING = ("No data", "Aucune donnée")
_SHOWN = {
    "percentunit": r"-?[\d.]+%",
    "locale": r"-?\d+(?:,\d{1,2})?",
    "dateTimeAsLocal": r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d",
    "time:DD/MM/YYYY": r"\d\d/\d\d/\d{4}",
    "dateTimeFromNow": r".*\w.*",
    "dthms": r"\d\d+:\d\d:\d\d",
    "s": r"-?[\d.]+ (?:ns|µs|ms|s|min|mins|hour|hours|day|days)",
    "bytes": r"-?[\d.]+ (?:B|[KMGT]iB)",
}


# What the record calls things: a reader is given the French words.
_CODES = frozenset(
    {
        word.value
        for words in (Verdict, Reason, Weight, Phase, GapCause, ScopeKind)
        for word in words
    }
) - {"anef"}  # which is a platform, too
_OF_CODES = ("Règle",)  # a rule is cited by its code, which the page of the method explains


def faults(report: dict[str, Any], dashboard: dict[str, Any]) -> list[str]:
    """Return what is wrong, a sentence each. `dashboard` is its file."""
    found = [] if report["done"] else ["not all panels have data"]
    found += report["faults"]
    given = {one["title"]: one for one in dashboard["panels"]}
    for panel in report["panels"]:
        wrong = [*_text(panel), *_values(panel, given[panel["title"]])]
        found += [f"{panel['title']}: {fault}" for fault in wrong]
    return found


def row(report: dict[str, Any], title: str, name: str) -> list[str]:
    """Return the cells after the name in the row of a table, as the DOM shows them."""
    (text,) = (one["text"] for one in report["panels"] if one["title"] == title)
    _, found, rest = str(text).partition(name)
    assert found, text
    return rest.split()


def _text(panel: Panel) -> Iterator[str]:
    text = panel["text"].replace(panel["title"], "", 1).strip()
    if text in ("", "–") and panel["type"] != "geomap":
        yield "empty"
    for words in (*_NOTHING, "undefined", "NaN", "Value #"):
        if words in text:
            yield words
    yield from panel.get("errors", ())
    for column in panel.get("hidden", ()):
        yield f"the column {column} is out of sight"


def _values(panel: Panel, given: Panel) -> Iterator[str]:
    cells = [
        one
        for one in panel.get("cells", ())
        if one["field"] != "Time" and one["value"] not in ("null", "undefined", "NaN")
    ]
    known = set(_mapped_texts(given))
    for one in cells:
        if one["color"].lower() == _FIRST_GREY:
            yield f"{one['field']}: the grey of no colour"
        coded = not _CODES.isdisjoint({one["field"], one["text"]})
        # A map draws its outlines, not its fields.
        if coded and one["field"] not in _OF_CODES and panel["type"] != "geomap":
            yield f"{one['field']}: {one['text']} is no French word"
        if one["mapped"] and one["number"] and one["unit"] != "locale" and one["text"] not in known:
            yield f"{one['field']}: {one['value']} has no words"
        shown = _SHOWN.get(one["unit"])
        if (
            shown
            and (not one["mapped"] or one["unit"] == "locale")
            and not re.fullmatch(shown, one["text"])
        ):
            yield f"{one['field']}: {one['text']} is not in {one['unit']}"
    # A curve is a canvas, without text.
    if panel["type"] in ("stat", "table", "state-timeline"):
        text = " ".join(panel["text"].split())
        for field in {one["field"] for one in cells}:
            texts = {one["text"] for one in cells if one["field"] == field and one["text"]}
            if texts and not any(" ".join(one.split()) in text for one in texts):
                yield f"{field}: none of its values is seen"


def _mapped_texts(panel: Panel) -> Iterator[str]:
    config = panel.get("fieldConfig", {})
    mappings = list(config.get("defaults", {}).get("mappings", ()))
    for override in config.get("overrides", ()):
        for one in override["properties"]:
            mappings += one["value"] if one["id"] == "mappings" else ()
    for mapping in mappings:
        options = mapping["options"]
        results = options.values() if mapping["type"] == "value" else [options["result"]]
        yield from (result["text"] for result in results)
