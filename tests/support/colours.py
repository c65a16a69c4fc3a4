"""Colours as eyes see them: contrasts of WCAG 2.2, and distances over four kinds of vision."""

import math
from collections.abc import Sequence
from itertools import combinations

Triple = tuple[float, float, float]
# In linear RGB, whole deficiencies: Machado, Oliveira and Fernandes, 2009.
VISIONS: dict[str, tuple[Triple, Triple, Triple]] = {
    "common": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE = (0.95047, 1.0, 1.08883)
_CUBE_FROM = 0.008856  # below, CIELAB is linear


def contrast(one: str, other: str) -> float:
    """Return the ratio that WCAG 2 defines, of two colours as "#rrggbb"."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def smallest_distance(colours: Sequence[str]) -> float:
    """Return the smallest distance (CIE 1976) of two of the colours, over the four visions."""
    return min(
        math.dist(_lab(one, vision), _lab(other, vision))
        for vision in VISIONS.values()
        for one, other in combinations(colours, 2)
    )


def _linear(colour: str) -> Triple:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return _opened(red), _opened(green), _opened(blue)


def _opened(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _times(matrix: tuple[Triple, Triple, Triple], vector: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def _lab(colour: str, vision: tuple[Triple, Triple, Triple]) -> Triple:
    red, green, blue = (min(1.0, max(0.0, part)) for part in _times(vision, _linear(colour)))
    x, y, z = (
        part / white for part, white in zip(_times(_XYZ, (red, green, blue)), _WHITE, strict=True)
    )
    fx, fy, fz = _root(x), _root(y), _root(z)
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _root(part: float) -> float:
    return part ** (1 / 3) if part > _CUBE_FROM else 7.787 * part + 16 / 116
