"""The phases of one check, in their order, each as long as it took."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from monitor.charts.drawing import WIDTH, ChartTable, Tick
from monitor.core.french.typesetting import on_one_line
from monitor.core.language import FRENCH, Language
from monitor.core.model import Phase

BAR: Final = 34
LEAST: Final = 2.0
_NUMBER_ROOM: Final = 22  # units that the number of a phase takes inside of its bar

PHASES: Final[Mapping[Phase, str]] = {
    Phase.RESOLVE: "recherche de l’adresse (DNS)",
    Phase.CONNECT: "connexion",
    Phase.TLS: "chiffrement (TLS)",
    Phase.PROCESSING: "attente de la réponse",
    Phase.TRANSFER: "transfert",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseBar:
    """A phase as it is drawn. `number` is 1 to 5; `roomy`: its number fits inside."""

    phase: Phase
    number: int
    x: float
    width: float
    roomy: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPhases:
    title: str
    description: str
    bars: tuple[PhaseBar, ...]
    ticks: tuple[Tick, ...]
    table: ChartTable


def check_phases(
    title: str, phases_us: Mapping[Phase, int], language: Language = FRENCH
) -> CheckPhases | None:
    """Draw the phases that were reached; None when none was."""
    names = language.words(PHASES)
    reached = [phase for phase in Phase if phases_us.get(phase, 0) > 0]
    whole_us = sum(phases_us[phase] for phase in reached)
    if not whole_us:
        return None
    bars: list[PhaseBar] = []
    x = 0.0
    for rank, phase in enumerate(Phase, start=1):
        if phase not in reached:
            continue
        width = WIDTH * phases_us[phase] / whole_us
        drawn = max(LEAST, width)
        bars.append(
            PhaseBar(
                phase=phase,
                number=rank,
                x=round(min(x, WIDTH - drawn), 2),
                width=round(drawn, 2),
                roomy=width >= _NUMBER_ROOM,
                words=f"{names[phase]} {milliseconds(phases_us[phase], language)}",
            )
        )
        x += width
    words = language.text(", ").join(bar.words for bar in bars)
    whole = milliseconds(whole_us, language)
    return CheckPhases(
        title=title,
        description=language.text(
            "%(phases)s ; en tout %(whole)s.", phases=f"{words[:1].upper()}{words[1:]}", whole=whole
        ),
        bars=tuple(bars),
        ticks=(
            Tick(x=0, text=milliseconds(0, language), anchor="start"),
            Tick(x=WIDTH, text=whole, anchor="end"),
        ),
        table=ChartTable(
            columns=(language.text("Phase"), language.text("Durée")),
            rows=tuple(
                (names[phase], milliseconds(phases_us[phase], language)) for phase in reached
            ),
            fields=("phase", "duration_us"),
            data=tuple((phase.value, phases_us[phase]) for phase in reached),
        ),
    )


def milliseconds(us: int, language: Language = FRENCH) -> str:
    """Return "1,2 ms" below ten milliseconds, "184 ms" below ten seconds, "12,4 s" above."""
    if us >= 10_000_000:  # noqa: PLR2004 -- ten seconds
        text = language.text("%(number)s s", number=language.decimal(f"{us / 1_000_000:.1f}"))
    elif us >= 10_000:  # noqa: PLR2004 -- ten milliseconds
        text = language.text("%(number)s ms", number=f"{us / 1000:.0f}")
    else:
        number = f"{us / 1000:.1f}".removesuffix(".0")
        text = language.text("%(number)s ms", number=language.decimal(number))
    return on_one_line(text)
