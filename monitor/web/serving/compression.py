"""gzip: answers are compressed once when they are made, not for each reader.

No page has a secret, so that its compressed length tells nothing (the attack BREACH).
"""

import gzip

LEVEL = 3  # of 9: more costs several times the processor time for a few percent
LEAST_BYTES = 1_000  # a shorter answer is one packet anyway


def compressed(body: bytes | None) -> bytes | None:
    """Return a body as gzip, the same bytes each time; None where that would gain nothing."""
    if body is None or len(body) < LEAST_BYTES:
        return None
    packed = gzip.compress(body, LEVEL, mtime=0)
    return packed if len(packed) < len(body) else None


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether a header names gzip, and does not refuse it by a weight of zero."""
    for part in accept_encoding.split(","):
        coding, *parameters = (text.strip().lower() for text in part.split(";"))
        if coding == "gzip":
            return not any(_is_zero(parameter) for parameter in parameters)
    return False


def _is_zero(parameter: str) -> bool:
    return parameter.startswith("q=") and not parameter[2:].strip("0.")
