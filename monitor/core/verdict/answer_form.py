"""The form of an answer, from its first bytes: a page, data, text, code or a file."""

import re
from enum import StrEnum

_SAMPLE_BYTES = 2048
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_CODE_START = re.compile(rb"<\?(php|=)|<%[@!=\s]|#!\s?/|<jsp:|<cf[a-z]{2,12}[\s>]", re.IGNORECASE)
_TAG = re.compile(rb"<[a-zA-Z!/]")
_CODE_SIGNS = re.compile(rb"[{};]|=>|\bdef |\bimport |\breturn ")
_BLANK = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
_MARKUP = re.compile(rb"<(!doctype|!--|\?xml|[a-z])")
_BINARY = re.compile(r"(image|audio|video|font)/|application/(pdf|zip|octet)")


class Form(StrEnum):
    """What an answer is made of."""

    EMPTY = "empty"
    HTML = "html"
    JSON = "json"
    TEXT = "text"
    CODE = "code"  # of a program, a script, a style sheet
    BINARY = "binary"


def form_of(body: bytes, content_type: str) -> Form:
    """Determine the form of an answer."""
    if not body.strip(_BLANK):
        return Form.EMPTY
    if _is_no_text(body):
        return Form.BINARY
    return Form.CODE if _is_code(body) else _form_of_text(body, content_type)


def _form_of_text(body: bytes, content_type: str) -> Form:
    """Determine the form from the beginning of the body, as browsers do, then from the header."""
    start = body[:512].lstrip(_BLANK).lower()
    if _MARKUP.match(start) or b"<html" in body[:4096].lower():
        return Form.HTML
    if start.startswith((b"{", b"[")) or "json" in content_type:
        return Form.JSON
    if "html" in content_type:
        return Form.HTML
    wide = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    if (b"\x00" in body[:2048] and not wide) or _BINARY.match(content_type):
        return Form.BINARY
    return Form.TEXT


def _is_no_text(body: bytes) -> bool:
    """Return whether the first bytes are those of no encoding of a text: compressed, or a file."""
    start = body[:_SAMPLE_BYTES]
    wide = start.startswith((b"\xff\xfe", b"\xfe\xff")) or start.count(b"\x00") > len(start) // 4
    return not wide and len(_CONTROLS.findall(start)) > max(4, len(start) // 25)


def _is_code(body: bytes) -> bool:
    """Return whether a body is a program's source, a script or a style sheet."""
    start = body[:_SAMPLE_BYTES].lstrip(_BLANK)
    if _CODE_START.match(start):
        return True
    if _TAG.search(start) or start[:1] in (b"{", b"["):
        return False
    return len(_CODE_SIGNS.findall(start)) > max(4, len(start) // 50)
