"""Keys of small order are known, every one, and no other."""

from itertools import product

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.untrusted.weak_keys import is_weak
from tests.support.hostile_files import weak_keys

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]


def plus(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P
    return x, y


def root(square: int) -> int | None:
    x = pow(square, (P + 3) // 8, P)
    for found in (x, x * pow(2, (P - 1) // 4, P) % P):
        if found * found % P == square % P:
            return found
    return None


def points(y: int) -> list[Point]:
    x = root((y * y - 1) * pow(D * y * y + 1, -1, P) % P)
    return [] if x is None else [(x, y), (-x % P, y)]


def test_the_points_that_are_refused_are_those_whose_eightfold_is_neutral() -> None:
    """By the curve's own arithmetic, which the code does without."""
    ys = {int.from_bytes(key, "little") % 2**255 for key in weak_keys().values()}
    found = {point for y in ys if y < P for point in points(y)}
    for point in found:
        twice = plus(point, point)
        four = plus(twice, twice)
        assert plus(four, four) == (0, 1)
    assert len(found) == 8
    for one, other in product(found, found):
        assert plus(one, other) in found


def test_each_writing_of_them_is_refused() -> None:
    assert all(is_weak(key) for key in weak_keys().values())


@given(st.binary(min_size=32, max_size=32))
def test_no_key_that_a_program_makes_is_refused(seed: bytes) -> None:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert not is_weak(public)
