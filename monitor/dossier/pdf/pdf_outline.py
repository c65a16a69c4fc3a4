"""Read back a PDF that we set: how many pages it has, and where its headings are."""

import io
from collections.abc import Iterator, Mapping
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader


def page_count(pdf: bytes) -> int:
    """Return the number of pages."""
    return int(PdfFileReader(io.BytesIO(pdf)).root["/Pages"]["/Count"])


def pages_of_headings(pdf: bytes) -> Mapping[str, int]:
    """Return the page of each bookmark, by its title; the first one of a title that comes twice."""
    reader = PdfFileReader(io.BytesIO(pdf))
    root = reader.root
    numbers = {
        reference.idnum: rank for rank, reference in enumerate(_pages(root.raw_get("/Pages")), 1)
    }
    places: dict[str, int] = {}
    for item in _items(_child(root, "/Outlines") or {}):
        destination = item["/Dest"] if "/Dest" in item else item["/A"]["/D"]
        number = numbers.get(destination.raw_get(0).idnum)
        if number is not None:
            places.setdefault(str(item["/Title"]), number)
    return places


def _pages(node: Any) -> Iterator[Any]:
    """Yield the references of the pages under a node, in order."""
    tree = node.get_object()
    if "/Kids" not in tree:
        yield node
        return
    kids = tree["/Kids"]
    for index in range(len(kids)):
        yield from _pages(kids.raw_get(index))


def _items(parent: Any) -> Iterator[Any]:
    item = _child(parent, "/First")
    while item is not None:
        yield item
        yield from _items(item)
        item = _child(item, "/Next")


def _child(node: Any, name: str) -> Any:
    """Return an entry as what it leads to: `get` would give the reference. None without it."""
    try:
        return node[name]
    except KeyError:
        return None
