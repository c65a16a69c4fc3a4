"""Read the instants that a person writes: in Paris time, unless they carry an offset."""

from datetime import UTC, datetime

from monitor.core.french.formatting import PARIS

_SHOWN = 40  # characters of a text that is refused


def instant_of(text: str) -> datetime:
    """Return, in UTC, the instant that "2026-11-23" or "2026-11-23T14:30[:00][+01:00]" names.

    A date is its midnight. An hour that Paris had twice, or never, names no instant.

    Raises:
        ValueError: It names none; the French message says what to write.

    """
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is not None:
            return read.astimezone(UTC)
        first, second = (read.replace(tzinfo=PARIS, fold=fold) for fold in (0, 1))
        instants = first.astimezone(UTC), second.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"« {text[:_SHOWN]} » n’est pas une date : écrire 2026-11-23, ou 2026-11-23T14:30"
        ) from None
    if instants[0] == instants[1]:
        return instants[0]
    written = read.isoformat(timespec="auto")
    choices = [f"{written}{_offset(one)}" for one in (first, second)]
    if instants[0] < instants[1]:
        raise ValueError(
            f"« {text[:_SHOWN]} » est passé deux fois à Paris, la nuit du passage à l’heure "
            f"d’hiver : écrire {choices[0]} (la première fois) ou {choices[1]} (la seconde)"
        )
    raise ValueError(
        f"« {text[:_SHOWN]} » n’existe pas à Paris, la nuit du passage à l’heure d’été : écrire "
        f"{_jumped(instants[0])}, ou un autre instant"
    )


def _offset(at: datetime) -> str:
    return at.isoformat()[-len("+00:00") :]


def _jumped(at: datetime) -> str:
    """Write what the clocks of Paris showed in place of an hour that they jumped over."""
    return at.astimezone(PARIS).replace(tzinfo=None).isoformat(timespec="auto")
