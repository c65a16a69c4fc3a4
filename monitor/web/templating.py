"""The environment of the templates, and the functions that they may call."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import jinja2
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from monitor.charts import MACROS
from monitor.core.french import formatting, labels, sentences
from monitor.core.french.typesetting import typeset, typeset_markup
from monitor.core.state_looks import STATE_LOOKS

TEMPLATES = Path(__file__).parent.parent / "templates"
NBSP = "\N{NO-BREAK SPACE}"
SHOWN_MAX = 50  # items of one list; counts are of the whole list
STATIC = Path(__file__).parent / "static"


def environment(*, version: str) -> jinja2.Environment:
    """Return an environment that escapes everything and raises for unknown names."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, MACROS]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Typesetting],
    )
    templates.filters.update(
        {
            "time": time_tag,
            "moment": moment_tag,
            "exact": exact_tag,
            "short_duration": formatting.short_duration,
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
            "looks": STATE_LOOKS,
            "version": version,
            "shown_max": SHOWN_MAX,
            # A new style sheet has a new address, so that browsers may cache the old one.
            "style_tag": sha256((STATIC / "style.css").read_bytes()).hexdigest()[:8],
        }
    )
    return templates


class Typesetting(Extension):
    """Typesets the texts that templates contain; what they show of values is left as it is."""

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        return self._typeset(stream)

    def _typeset(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            text = typeset_markup(token.value) if token.type == "data" else token.value
            yield Token(token.lineno, token.type, text)


def time_tag(at: datetime) -> Markup:
    """Return a `time` element with the whole instant: in Paris and UTC."""
    return Markup('<time datetime="{}">{}</time>').format(_machine(at), _whole(at))


def moment_tag(at: datetime, now: datetime) -> Markup:
    """Return a `time` element with the instant as it is spoken of, and its title whole."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        _machine(at), _whole(at), formatting.short_when(at, now)
    )


def exact_tag(at: datetime) -> Markup:
    """Return a `time` element with the Paris time to the second, whoever reads it and when.

    Its title has UTC too, and so has a printed page.
    """
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        _machine(at), _whole(at), formatting.to_the_second(at)
    )


def _machine(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _whole(at: datetime) -> str:
    return formatting.when(at).replace(" ;", f"{NBSP};").replace(" UTC", f"{NBSP}UTC")


def duration(seconds: float, *, up: bool = False) -> str:
    """Return `french.duration` on one line."""
    return formatting.duration(seconds, up=up).replace(" ", NBSP)


def spell(seconds: float) -> str:
    """Return `french.spell` on one line."""
    return formatting.spell(seconds).replace(" ", NBSP)


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
