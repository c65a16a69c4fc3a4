"""What the form of choices shows."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from monitor.core.language import Language
from monitor.core.notices import choices
from monitor.core.notices.notice import Pace
from monitor.core.notices.topics import DEPARTMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    value: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesView:
    """The fields of the form, what is chosen already marked.

    Attributes:
        services: ANEF, its components, everything.
        departments: Those that have a page that is watched.
        kinds: Of changes of pages, for who does not want all of them.
        language: Of the mails.

    """

    services: tuple[Choice, ...]
    departments: tuple[Choice, ...]
    interests: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    paces: tuple[Choice, ...]
    rests: bool
    language: Language


def choices_view(  # noqa: PLR0913 -- keyword-only
    places: Mapping[str, str],
    chosen: AbstractSet[str],
    pace: Pace,
    *,
    rests: bool,
    language: Language,
    letters: Language,
) -> ChoicesView:
    """Return the form with these choices, in a language; `letters` is that of the mails."""
    every_place = _choices(places, chosen)
    return ChoicesView(
        services=tuple(one for one in every_place if not one.value.startswith(DEPARTMENT)),
        departments=tuple(one for one in every_place if one.value.startswith(DEPARTMENT)),
        interests=_choices(language.words(choices.INTERESTS), chosen),
        kinds=_choices(choices.kinds_of_changes(language), chosen),
        paces=tuple(
            Choice(value=one.value, name=name, chosen=one is pace)
            for one, name in language.words(choices.PACES).items()
        ),
        rests=rests,
        language=letters,
    )


def _choices(names: Mapping[str, str], chosen: AbstractSet[str]) -> tuple[Choice, ...]:
    return tuple(
        Choice(value=value, name=name, chosen=value in chosen) for value, name in names.items()
    )
