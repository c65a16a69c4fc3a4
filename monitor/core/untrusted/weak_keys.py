"""Ed25519 public keys under which a signature proves nothing (RFC 8032; Chalkias et al., 2020)."""

_PRIME = 2**255 - 19
_ORDER_8 = int.from_bytes(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
)
_SMALL = frozenset({0, 1, _PRIME - 1, _ORDER_8, _PRIME - _ORDER_8})  # y of the 8 points


def is_weak(public: bytes) -> bool:
    """Return whether 32 bytes encode a point of small order, or encode one not canonically.

    Under a point of small order one signature is good for many texts, or for all.
    """
    y = int.from_bytes(public, "little") % 2**255
    return y >= _PRIME or y in _SMALL
