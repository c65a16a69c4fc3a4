"""The character set of a body, determined as browsers do, and its text.

HTML standard, "determining the character encoding". The fallback of a French browser is
windows-1252. Nothing here raises for what a site sends.
"""

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PRESCAN_BYTES = 1024  # "prescan a byte stream to determine its encoding"
MOST_BROKEN_SHARE = 4  # good sequences of bytes for one that is broken
PDF_START_BYTES = 64  # white space may stand before a file
_OTHER_FILES = (
    *(
        b"%PDF-",
        b"PK\x03\x04",
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"\x1f\x8b",
        b"\xd0\xcf\x11\xe0",
    ),
    *(b"{\\rtf", b"RIFF", b"OggS", b"ID3", b"7z\xbc\xaf", b"Rar!"),
)
_TEXT_TYPES = frozenset({"html", "xml", "json", "javascript", "ecmascript", "x-javascript"})
_IN_HEADER = re.compile(r";\s{0,20}charset\s{0,20}=\s{0,20}[\"']?([^\s\"';]+)", re.IGNORECASE)
_IN_META = re.compile(
    rb"<meta\b[^>]{0,1000}?\bcharset\s{0,20}=[\s\"']{0,20}([^\s\"'/>;]+)", re.IGNORECASE
)
_IN_XML = re.compile(
    rb"\s*<\?xml\b[^>]{0,1000}?\bencoding\s{0,20}=\s{0,20}[\"']([^\"'>]+)", re.IGNORECASE
)

# Python has codecs that are no character sets (rot13, idna) or are a risk (utf-7): the list
# is the Encoding standard's, less what no French site sends.
_CODECS = frozenset(
    {"utf-8", "utf-16-le", "utf-16-be", "iso8859-2", "iso8859-15", "iso8859-16"}
    | {"cp1250", "cp1251", "cp1252", "cp1254", "cp1256", "mac-roman", "koi8-r"}
    | {"gbk", "gb18030", "big5", "euc_jp", "shift_jis", "euc_kr"}
)
_WEB_NAMES = {  # codec: what browsers mean by it
    "ascii": "windows-1252",
    "iso8859-1": "windows-1252",
    "cp1252": "windows-1252",
    "utf-16": "utf-16-le",
    "gb2312": "gbk",
}


def charset_of(body: bytes, content_type: str) -> str:
    """Find the encoding: byte-order mark, HTTP, the page's declaration, then UTF-8 if it decodes.

    Returns a name that Python decodes, or "" for a binary or empty body.
    """
    if not body or not _is_text(body, content_type):
        return ""
    in_header = _IN_HEADER.search(content_type)
    return _encoding_of(body, in_header[1] if in_header else "")


def decode(body: bytes, charset: str | None = None) -> str:
    """Return the text, without byte-order mark; what does not decode becomes U+FFFD.

    `charset` is an encoding's name or a Content-Type value; a byte-order mark wins over it.
    """
    label = charset or ""
    in_header = _IN_HEADER.search(label)
    name = _encoding_of(body, in_header[1] if in_header else label)
    return body.decode(name, "replace").removeprefix("\ufeff")


def _encoding_of(body: bytes, label: str) -> str:
    for mark, name in _BOMS:
        if body.startswith(mark):
            return name
    if name := _codec(label):
        return name
    head = body[:_PRESCAN_BYTES]
    declaration = _IN_XML.match(head) or _IN_META.search(_without_comments(head))
    if declaration and (name := _codec(declaration[1].decode("ascii", "replace"))):
        return "utf-8" if name.startswith("utf-16") else name  # it was read as ASCII
    return "utf-8" if _is_utf8(body) else "windows-1252"


def _codec(label: str) -> str:
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):  # ValueError: a null character
        return ""
    return _WEB_NAMES.get(name) or (name if name in _CODECS else "")


def _is_text(body: bytes, content_type: str) -> bool:
    kind = content_type.split(";", 1)[0].strip().lower()
    if not kind:
        return b"\0" not in body[:_PRESCAN_BYTES] or body[:2] in {b"\xff\xfe", b"\xfe\xff"}
    _, form, last = kind.replace("+", "/").rpartition("/")
    return kind.startswith("text/") or bool(form and last in _TEXT_TYPES)


def _without_comments(head: bytes) -> bytes:
    parts = []
    while (start := head.find(b"<!--")) >= 0:
        parts.append(head[:start])
        _, _, head = head[start + 4 :].partition(b"-->")
    return b"".join([*parts, head])


def _is_utf8(body: bytes) -> bool:
    """Return whether bytes are UTF-8; a few that are broken do not make it another encoding."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        good = len(body) - len(text)  # at least one more byte for each character that is no ASCII
        return good > MOST_BROKEN_SHARE * broken
    return True


def is_xml(content_type: str) -> bool:
    """Return whether a Content-Type value says that a page is XML."""
    kind = content_type.split(";", 1)[0].strip().lower()
    return kind.endswith("+xml") or kind in {"text/xml", "application/xml"}


def is_other_file(body: bytes) -> bool:
    """Return whether a body is a file of another kind than text, by its first bytes."""
    return body[:PDF_START_BYTES].lstrip().startswith(_OTHER_FILES)
