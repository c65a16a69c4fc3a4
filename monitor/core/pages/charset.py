"""Decode a body as browsers do, with only the encodings that the web uses."""

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_IN_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_IN_HEADER = re.compile(r"(?:^|charset\s*=)\s*[\"']?([\w.:-]{1,40})[\"']?\s*(?:;|$)", re.IGNORECASE)
_META_BYTES = 4096
# Python's codecs hold some (punycode, idna, escapes) that are slow or no charset at all.
_WEB = re.compile(
    r"utf-8|utf-16(-[lb]e)?|iso8859-\d+|cp(1250|1251|1252|1253|1254|1255|1256|1257|1258|866|874)"
    r"|koi8-[ru]|mac-roman|gbk|gb2312|gb18030|big5|euc_jp|shift_jis|euc_kr|ascii"
)


def decode(body: bytes, *, charset: str | None = None) -> str:
    """Return the text: byte-order mark, `charset`, `<meta>`, then UTF-8 or Windows-1252.

    `charset` is an encoding's name or a Content-Type value. What does not decode becomes
    replacement characters.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    if codec := _codec(_from_header(charset)) or _codec(_from_meta(body)):
        return body.decode(codec, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _from_header(charset: str | None) -> str:
    found = _IN_HEADER.search((charset or "")[:300])
    return found[1] if found else ""


def _from_meta(body: bytes) -> str:
    found = _IN_META.search(body, 0, _META_BYTES)
    return found[1].decode("ascii", "replace") if found else ""


def _codec(name: str) -> str:
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    if codec in {"iso8859-1", "ascii"}:
        return "cp1252"  # what the web means by them
    return codec if _WEB.fullmatch(codec) else ""
