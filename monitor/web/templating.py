"""The environments of the templates, one a language, and the functions that they may call."""

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from monitor.charts import MACROS
from monitor.core.french import formatting, labels, sentences
from monitor.core.french.typesetting import on_one_line, typeset, typeset_markup
from monitor.core.language import FRENCH, Language
from monitor.core.state_looks import STATE_LOOKS
from monitor.translations import LANGUAGES
from monitor.web.translated_pages import has_translation

TEMPLATES = Path(__file__).parent.parent / "templates"
NBSP = "\N{NO-BREAK SPACE}"
SHOWN_MAX = 50  # items of one list; counts are of the whole list
STATIC = Path(__file__).parent / "static"
MOST_TYPESET = 4_096  # messages whose French form is remembered


def environment(*, version: str) -> jinja2.Environment:
    """Return the French environment. It escapes everything and raises for unknown names."""
    templates = _new_environment(Typesetting)
    templates.filters.update(
        {
            "typeset": typeset,
            "apart": formatting.apart,
            "cited_number": formatting.numbered,  # in a citation, whatever the language
            "written_day": written_day,
            "date_only": date_only,
            "capitalize_first": capitalize_first,
            "lower_first": lower_first,
            **_filters(FRENCH),
        }
    )
    templates.globals.update(
        {
            "words": sentences,
            "labels": labels,
            "looks": STATE_LOOKS,
            "version": version,
            "shown_max": SHOWN_MAX,
            "languages": tuple(LANGUAGES.values()),
            "has_translation": has_translation,
            # A new style sheet has a new address, so that browsers may cache the old one.
            "style_tag": sha256((STATIC / "style.css").read_bytes()).hexdigest()[:8],
            **_globals(FRENCH),
        }
    )
    _install(templates, _typeset_message)
    return templates


def _new_environment(*extensions: type[Extension]) -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, MACROS]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[*extensions, "jinja2.ext.i18n"],
    )
    templates.policies["ext.i18n.trimmed"] = True
    return templates


class LanguageTemplates:
    """The templates in every language. All have what is added to the French environment."""

    def __init__(self, french: jinja2.Environment) -> None:
        self._french = french
        self._others: dict[str, jinja2.Environment] = {}

    def get(self, name: str, language: Language) -> jinja2.Template:
        """Return a template in a language; its environment is made when first asked for."""
        if language is FRENCH:
            return self._french.get_template(name)
        if language.code not in self._others:
            self._others[language.code] = _translated(self._french, language)
        return self._others[language.code].get_template(name)


def _translated(french: jinja2.Environment, language: Language) -> jinja2.Environment:
    # French spaces are no other language's; and a message is looked up as it is written.
    templates = _new_environment()
    filters = ChainMap(_filters(language), french.filters)
    templates.filters = filters  # type: ignore[assignment]  # it is only looked up
    templates.globals = ChainMap(  # type: ignore[assignment]  # the same
        {
            "_": templates.globals["_"],  # of its own extension
            "words": SimpleNamespace(
                VERDICTS=language.words(sentences.VERDICTS),
                REASONS=language.words(sentences.REASONS),
            ),
            "labels": SimpleNamespace(
                NATURES=language.words(labels.NATURES), GAPS=language.words(labels.GAPS)
            ),
            **_globals(language),
        },
        french.globals,
    )
    _install(templates, language.message)
    return templates


def _install(templates: jinja2.Environment, message: Callable[[str], str]) -> None:
    def plural(one: str, several: str, number: int) -> str:
        # A sentence with a number has it by the filter `count`.
        raise NotImplementedError(f"use the filter count: {one}, {several}, {number}")

    templates.install_gettext_callables(  # type: ignore[attr-defined]  # of its extension
        message, plural, newstyle=True
    )


@lru_cache(maxsize=MOST_TYPESET)
def _typeset_message(message: str) -> str:
    return typeset_markup(message)


def _filters(language: Language) -> dict[str, Callable[..., Any]]:
    tags = TimeTags(language)
    return {
        "time": tags.whole,
        "moment": tags.moment,
        "exact": tags.exact,
        "short_duration": language.short_duration,
        "duration": lambda seconds, *, up=False: on_one_line(language.duration(seconds, up=up)),
        "spell": lambda seconds: on_one_line(language.spell(seconds)),
        "count": language.count,
        "numbered": language.numbered,
        "percent": language.percent,
        "foreign": lambda text: foreign_tag(text, language),
    }


def _globals(language: Language) -> Mapping[str, Any]:
    return {"language": language, "to": lambda address: link_attributes(address, language)}


def link_attributes(address: str, language: Language) -> Markup:
    """Return the attributes of a link to an address of ours: in this language, else in French.

    The style sheet says after a link that it leads to a page in French.
    """
    if language is FRENCH:
        return Markup('href="{}"').format(address)
    if has_translation(address):
        return Markup('href="{}{}"').format(language.prefix, address)
    return Markup('href="{}" hreflang="fr" data-tongue="{}"').format(
        address, language.text("en français")
    )


def foreign_tag(text: str, language: Language) -> str | Markup:
    """Return a French text for a page in another language: read aloud as French, set apart."""
    return text if language is FRENCH else Markup('<bdi lang="fr">{}</bdi>').format(text)


class Typesetting(Extension):
    """Typesets the texts that templates contain; what they show of values is left as it is."""

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        return self._typeset(stream)

    def _typeset(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            text = typeset_markup(token.value) if token.type == "data" else token.value
            yield Token(token.lineno, token.type, text)


class TimeTags:
    """Instants as `time` elements in one language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def whole(self, at: datetime) -> Markup:
        """Return the whole instant: in Paris and UTC."""
        return Markup('<time datetime="{}">{}</time>').format(_machine(at), self._whole(at))

    def moment(self, at: datetime, now: datetime, start: datetime | None = None) -> Markup:
        """Return the instant as it is spoken of, and its title whole.

        After a `start` of the same day, the day is not said again.
        """
        same_day = start is not None and _paris_day(start) == _paris_day(at)
        spoken = self._language.hour_minute(at) if same_day else self._language.short_when(at, now)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            _machine(at), self._whole(at), spoken
        )

    def exact(self, at: datetime) -> Markup:
        """Return the Paris time to the second, whoever reads it and when.

        Its title has UTC too, and so has a printed page.
        """
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            _machine(at), self._whole(at), self._language.to_the_second(at)
        )

    def _whole(self, at: datetime) -> str:
        whole = self._language.when(at)
        return whole.replace(" ;", f"{NBSP};").replace(" UTC", f"{NBSP}UTC")


def _paris_day(at: datetime) -> date:
    return at.astimezone(formatting.PARIS).date()


def _machine(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


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
