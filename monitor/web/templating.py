"""The environment of the templates, and the functions that they may call."""

from datetime import datetime
from hashlib import sha256
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from monitor.core.french import formatting, labels, sentences

TEMPLATES = Path(__file__).parent.parent / "templates"
NBSP = "\N{NO-BREAK SPACE}"
SHOWN_MAX = 50  # items of one list; counts are of the whole list
STATIC = Path(__file__).parent / "static"


def environment(*, version: str) -> jinja2.Environment:
    """Return an environment that escapes everything and raises for unknown names."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        {
            "time": time_tag,
            "duration": duration,
            "spell": spell,
            "typeset": typeset,
            "count": formatting.count,
            "numbered": formatting.numbered,
            "apart": formatting.apart,
            "written_day": written_day,
            "date_only": date_only,
            "capitalize_first": capitalize_first,
            "lower_first": lower_first,
        }
    )
    templates.globals.update(
        {
            "words": sentences,
            "labels": labels,
            "version": version,
            "shown_max": SHOWN_MAX,
            # A new style sheet has a new address, so that browsers may cache the old one.
            "style_tag": sha256((STATIC / "style.css").read_bytes()).hexdigest()[:8],
        }
    )
    return templates


def time_tag(at: datetime) -> Markup:
    """Return a `time` element: Paris and UTC for the reader, UTC for machines."""
    machine = at.isoformat(timespec="seconds").replace("+00:00", "Z")
    text = formatting.when(at).replace(" ;", f"{NBSP};").replace(" UTC", f"{NBSP}UTC")
    return Markup('<time datetime="{}">{}</time>').format(machine, escape(text))


def duration(seconds: float, *, up: bool = False) -> str:
    """Return `french.duration` on one line."""
    return formatting.duration(seconds, up=up).replace(" ", NBSP)


def spell(seconds: float) -> str:
    """Return `french.spell` on one line."""
    return formatting.spell(seconds).replace(" ", NBSP)


def typeset(text: str) -> str:
    """Return a French text whose lines do not break inside of its quotation marks."""
    return text.replace("« ", f"«{NBSP}").replace(" »", f"{NBSP}»")


def written_day(iso: str) -> str:
    """Return an ISO date as it is written in French, "" for none."""
    return formatting.day(datetime.fromisoformat(iso)) if iso else ""


def date_only(at: datetime) -> str:
    """Return the Paris date of an instant, for a title."""
    return formatting.day(at.astimezone(formatting.PARIS))


def capitalize_first(text: str) -> str:
    """Return a text with a capital, its other letters untouched."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """Return a text with a small first letter, its other letters untouched."""
    return text[:1].lower() + text[1:]
