"""Text that an XML document can hold, and that its reader shows as one line of bounded length."""

from monitor.core.untrusted.printable import is_control

_SURROGATES = range(0xD800, 0xE000)
_NOT_CHARACTERS = {0xFFFE, 0xFFFF}


def xml_line(text: str, most: int) -> str:
    """Return at most `most` characters, those that XML 1.0 forbids or that turn a line as spaces.

    What means something to XML is left to whatever writes the document.
    """
    cut = text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
    return "".join(char if _may_stand(char) else " " for char in cut).strip()


def _may_stand(char: str) -> bool:
    code = ord(char)
    return not (is_control(char) or code in _SURROGATES or code in _NOT_CHARACTERS)
