"""The map of the departments as paths: mainland, insets for Paris and for overseas. Pure.

Made once from the outlines of `api/departements.json`. Units are whole, the steps of a path
relative: the drawing is small enough to be a part of a page.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

from monitor.web.api.department_map import outlines

WIDTH, HEIGHT = 650, 600
_LABEL: Final = 13  # units from a shape to the base line of what is written below
Point = tuple[int, int]
Box = tuple[int, int, int, int]  # left, top, width, height
Ring = Sequence[Sequence[float]]  # longitude and latitude in degrees

_MAINLAND: Final[Box] = (40, 10, 590, 620)
_AROUND_PARIS: Final[Box] = (8, 8, 150, 118)
ENLARGED: Final = ("75", "92", "93", "94")  # too small on the mainland for a sign
# Each overseas department in a box of its own, at a scale of its own.
_OVERSEAS: Final[dict[str, Box]] = {
    "971": (8, 330, 62, 62),
    "972": (78, 330, 62, 62),
    "973": (8, 414, 62, 62),
    "974": (78, 414, 62, 62),
    "976": (8, 498, 62, 62),
}
# Territories without an outline, as squares.
_SQUARES: Final[dict[str, Box]] = {
    "975": (84, 500, 34, 24),
    "977-978": (126, 500, 62, 24),
    "986": (84, 546, 34, 24),
    "987": (126, 546, 34, 24),
    "988": (168, 546, 34, 24),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentShape:
    """One department as it is drawn, perhaps twice: on the mainland and enlarged.

    Attributes:
        path: The `d` of an SVG path.
        x: Where its sign stands.
        y: The middle of its sign.
        label: Written below an inset, at `label_y`; "" on the mainland.

    """

    code: str
    path: str
    x: int
    y: int
    label: str = ""
    label_y: int = 0


@cache
def department_shapes() -> tuple[DepartmentShape, ...]:
    """Return all that is drawn, in units of a picture of `WIDTH` by `HEIGHT`."""
    by_code = {str(outline["id"]): _rings(outline) for outline in outlines()}
    mainland = {code: rings for code, rings in by_code.items() if code not in _OVERSEAS}
    around = {code: by_code[code] for code in ENLARGED}
    return (
        *_fitted(mainland, _MAINLAND),
        *_fitted(around, _AROUND_PARIS, labelled=True),
        *(
            shape
            for code, box in _OVERSEAS.items()
            for shape in _fitted({code: by_code[code]}, box, labelled=True)
        ),
        *(_square(code, box) for code, box in _SQUARES.items()),
    )


def _rings(outline: Any) -> list[Ring]:
    """Return the outer rings of a department, the largest first; holes are other departments."""
    polygons = outline["geometry"]["coordinates"]
    return sorted((polygon[0] for polygon in polygons), key=len, reverse=True)


def _fitted(
    rings_by_code: dict[str, list[Ring]], box: Box, *, labelled: bool = False
) -> Iterator[DepartmentShape]:
    """Yield the departments as large as the box allows; degrees are narrower in the north."""
    points = [point for rings in rings_by_code.values() for ring in rings for point in ring]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    narrow = math.cos(math.radians((south + north) / 2))
    left, top, width, height = box
    scale = min(width / ((east - west) * narrow), height / (north - south))
    for code, rings in rings_by_code.items():
        drawn = [
            _thinned(
                (
                    round(left + (x - west) * narrow * scale),
                    round(top + (north - y) * scale),
                )
                for x, y in ring
            )
            for ring in rings
        ]
        areas = [ring for ring in drawn if len(ring) > 2]  # noqa: PLR2004 -- an area has three sides
        if areas:
            x, y = _middle(areas[0])
            label = code if labelled else ""
            below = top + height + _LABEL if len(rings_by_code) == 1 else y + _LABEL + 5
            yield DepartmentShape(
                code=code,
                path="".join(map(_path, areas)),
                x=left + width // 2 if len(rings_by_code) == 1 else x,
                y=y,
                label=label,
                label_y=below,
            )


def _thinned(points: Iterable[Point]) -> list[Point]:
    """Return the ring without points that repeat, or that lie on the line of their neighbours."""
    ring: list[Point] = []
    for point in points:
        if ring and ring[-1] == point:
            continue
        if len(ring) > 1 and _in_line(ring[-2], ring[-1], point):
            ring.pop()
        ring.append(point)
    return ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring


def _in_line(one: Point, two: Point, three: Point) -> bool:
    return (two[0] - one[0]) * (three[1] - one[1]) == (three[0] - one[0]) * (two[1] - one[1])


def _path(ring: Sequence[Point]) -> str:
    start = ring[0]
    steps = (
        f"{x - before_x} {y - before_y}".replace(" -", "-")
        for (before_x, before_y), (x, y) in pairwise(ring)
    )
    return f"M{start[0]} {start[1]}l{' '.join(steps).replace(' -', '-')}z"


def _middle(ring: Sequence[Point]) -> Point:
    """Return the middle of a ring's bounds."""
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    return (min(xs) + max(xs)) // 2, (min(ys) + max(ys)) // 2


def _square(code: str, box: Box) -> DepartmentShape:
    left, top, width, height = box
    return DepartmentShape(
        code=code,
        path=f"M{left} {top}h{width}v{height}h{-width}z",
        x=left + width // 2,
        y=top + height // 2,
        label=code,
        label_y=top + height + _LABEL,
    )
