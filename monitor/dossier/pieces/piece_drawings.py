"""The drawings of a piece: those of the pages, as SVG that needs no style sheet."""

from base64 import b64encode
from functools import cache
from typing import Final

import jinja2

from monitor.charts import MACROS
from monitor.charts.before_after import BeforeAfter
from monitor.charts.day_bars import DayBars
from monitor.charts.frieze import Frieze
from monitor.core.french.sentences import VERDICTS
from monitor.core.model import Verdict
from monitor.core.state_looks import STATE_LOOKS
from monitor.dossier.pdf.document_blocks import Block, drawing, note

MOST_PICTURE_BYTES: Final = 200_000  # of the picture of a window
MOST_PIXELS: Final = 4_000  # of one side of it
_PNG: Final = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_PNG_SIDES: Final = (16, 20)  # where the width and the height stand, four bytes each


def frieze_blocks(chart: Frieze, caption: str) -> list[Block]:
    """Return a frieze, and what its states are."""
    svg = _macro("frieze_svg", chart)
    return [drawing(svg, words=chart.description, caption=caption), _legend(chart.verdicts)]


def day_bars_blocks(chart: DayBars, caption: str) -> list[Block]:
    """Return bars of days, and what their states are."""
    svg = _macro("day_bars_svg", chart)
    verdicts = tuple(shape.verdict for shape in chart.shapes)
    return [drawing(svg, words=chart.description, caption=caption), _legend(verdicts)]


def before_after_block(chart: BeforeAfter, caption: str) -> Block:
    """Return rates beside each other."""
    svg = _macro("before_after_svg", chart)
    return drawing(svg, words=chart.description, caption=caption)


def screen_drawing(png: bytes, *, words: str, caption: str) -> Block | None:
    """Return the picture of a browser's window, as a drawing; None when it is too large.

    Up to `MOST_DETAILED` of them are in one file, which courts take up to 15 MB.
    """
    if len(png) > MOST_PICTURE_BYTES or not png.startswith(_PNG):
        return None
    width, height = (int.from_bytes(png[at : at + 4]) for at in _PNG_SIDES)
    if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
        return None
    margin = width // 4  # at each side: a drawing takes the width of the page
    view = f"{-margin} 0 {width + 2 * margin} {height}"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}">'
        f'<image width="{width}" height="{height}"'
        f' href="data:image/png;base64,{b64encode(png).decode()}"/></svg>'
    )
    return drawing(svg, words=words, caption=caption)


def _macro(name: str, chart: Frieze | DayBars | BeforeAfter) -> str:
    svg = str(getattr(_charts(), name)("d", chart))
    for verdict in (Verdict.UP, Verdict.DOWN):
        # A plain colour, not a pattern of one: printers leave lines between the tiles.
        svg = svg.replace(f"url(#d-{verdict.value})", STATE_LOOKS[verdict].color)
    return svg


@cache
def _charts() -> "jinja2.environment.TemplateModule":
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(MACROS), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.globals["looks"] = STATE_LOOKS
    return environment.get_template("charts.html").module


_HATCHES = {
    Verdict.UP: "plein, vert sombre",
    Verdict.DEGRADED: "rayures obliques, ocre",
    Verdict.DOWN: "plein, rouge sombre",
    Verdict.MAINTENANCE: "rayures verticales, bleu",
    Verdict.BLOCKED: "rayures horizontales, violet",
    Verdict.UNKNOWN: "hachures grises",
}


def _legend(verdicts: tuple[Verdict, ...]) -> Block:
    states = " ; ".join(f"{VERDICTS[verdict]} : {_HATCHES[verdict]}" for verdict in verdicts)
    return note(f"Légende – {states}.")
