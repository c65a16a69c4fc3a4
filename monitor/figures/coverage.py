"""What part of a span the record can speak of."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.core.french.formatting import count, when
from monitor.figures.log_shapes import utc
from monitor.figures.recorded_targets import RecordedTargets


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What part of an asked span the record can speak of.

    Attributes:
        since, until: As asked; None for an open end.
        first_at, last_at: Of the checks of the chosen targets; None without any.
        before: The part of the span before the first check.
        after: The part after the last check has ceased to hold; it may be still to come.
        partial: Chosen targets of which the record lacks a part that it has of others.

    """

    since: datetime | None
    until: datetime | None
    first_at: datetime | None
    last_at: datetime | None
    before: tuple[datetime | None, datetime] | None
    after: tuple[datetime, datetime | None] | None
    partial: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        uncovered = {"before_first_check": self.before, "after_last_check": self.after}
        return {
            "from": utc(self.since),
            "to": utc(self.until),
            "first_check_at": utc(self.first_at),
            "last_check_at": utc(self.last_at),
            "not_covered": [
                {"from": utc(span[0]), "to": utc(span[1]), "why": why}
                for why, span in uncovered.items()
                if span
            ],
            "partly_covered_targets": list(self.partial),
        }

    def lines(self) -> Iterator[str]:
        """Yield a French sentence for each part that is not covered."""
        if self.first_at is None or self.last_at is None:
            yield "Aucun relevé n’a été fait de ce qui est demandé : le journal n’en dit rien."
            return
        if self.before:
            yield (
                f"Le premier relevé est du {when(self.first_at)} : "
                "rien n’est dit de la période qui précède."
            )
        if self.after:
            yield (
                f"Le dernier relevé est du {when(self.last_at)}, et vaut deux intervalles au "
                "plus : rien n’est dit de la période qui suit."
            )
        if self.partial:
            yield (
                f"{count(len(self.partial), 'cible')} : le registre ne couvre pas toute la "
                f"période ({', '.join(self.partial[:_NAMED])}"
                f"{', …' if len(self.partial) > _NAMED else ''})."
            )


_NAMED = 5  # targets, in one line


def coverage(
    since: datetime | None,
    until: datetime | None,
    watched: Mapping[str, tuple[datetime, datetime]],
    known: RecordedTargets,
) -> Coverage:
    """Return what the record has of some targets, in the span that the options give.

    Args:
        since: Start of the span; None where it is open.
        until: Its end, likewise.
        watched: When each chosen target was checked first, and last.
        known: For how long a check holds.

    """
    if not watched:
        return Coverage(
            since=since, until=until, first_at=None, last_at=None, before=None, after=None,
            partial=(),
        )  # fmt: skip
    first = min(start for start, _ in watched.values())
    last = max(end for _, end in watched.values())
    held_until = max(end + known.hold(slug, end) for slug, (_, end) in watched.items())
    partial = [
        slug
        for slug, (start, end) in watched.items()
        if (since and start > max(since, first + known.hold(slug, start)))
        or (until and end + known.hold(slug, end) < min(until, last))
    ]
    return Coverage(
        since=since,
        until=until,
        first_at=first,
        last_at=last,
        before=(since, min(first, until or first)) if (since or until or first) < first else None,
        after=(max(held_until, since or held_until), until)
        if (until or since or held_until) > held_until
        else None,
        partial=tuple(partial),
    )


def of_chosen(
    watched: Mapping[str, tuple[datetime, datetime]], slugs: Iterable[str]
) -> Mapping[str, tuple[datetime, datetime]]:
    """Return when each of these targets was checked first and last."""
    return {slug: watched[slug] for slug in slugs if slug in watched}
