"""What is watched, and with which rules."""

from dataclasses import dataclass, field

from monitor.core.model.vocabulary import Confidence, Kind

# Homes of prefectures turn over their news every day: their availability is followed, not
# their text (docs/decisions/0013).
FOLLOWED = frozenset({Kind.PAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When failures make an outage and successes end it. Data, printed in every report.

    Attributes:
        failures: Failing checks needed to confirm an outage. At least 1.
        failing_s: Seconds between the first and the last of them, at least. 0 or more.
        successes: Good checks needed to confirm the end. At least 1.
        recovering_s: Seconds between the first and the last of them, at least. 0 or more.
        recheck_s: Seconds from the beginning of a check in doubt to the next, budget allowing.
        silence_s: Seconds without a check that tells something, above which two failures are
            not one streak: they stay blips, since nobody saw what lay between.

    """

    failures: int = 3
    failing_s: int = 120
    successes: int = 2
    recovering_s: int = 60
    recheck_s: int = 60
    silence_s: int = 7200


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Sites that share machines or an anti-bot, hence one budget: a *lane*.

    Attributes:
        spacing_s: Seconds between the starts of two requests. More than 0.
        hosts: Host names, or suffixes beginning with a dot, that belong to it.

    """

    slug: str
    name: str
    spacing_s: float
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One watched address.

    Attributes:
        slug: Stable name: metric label, path, key. Lower case, digits and hyphens.
        interval_s: Seconds between two slots.
        deadline_s: Seconds allowed to the whole probe, waiting for the lane excluded.
        slow_s: Seconds above which an answer is `degraded: slow`.
        markers: Texts of which at least one must stand in a healthy answer. May be empty.
        expect_path: For a redirect, a prefix that the final URL must have. May be empty.
        signs_of_life: Anonymous URLs that a visitor's browser loads with a shell.
        department: "01" … "976", "2A"; empty for a national service.
        source: Where the address was read; shown to who checks the configuration.
        verified: How sure it is; the others are for the operator to confirm.

    """

    slug: str
    name: str
    url: str
    kind: Kind
    platform: str
    department: str = ""
    city: str = ""
    group: str = ""
    interval_s: int = 300
    deadline_s: float = 30.0
    slow_s: float = 10.0
    markers: tuple[str, ...] = ()
    expect_path: str = ""
    signs_of_life: tuple[str, ...] = ()
    policy: Policy = field(default_factory=Policy)
    source: str = ""
    verified: Confidence = Confidence.NO
