"""A page in memory between two readings: what each reading needs, and the rest compressed.

A page of 60 kB makes a megabyte of blocks, and two hundred of them are in memory at all times.
"""

import zlib
from dataclasses import dataclass
from typing import Self

from pydantic import TypeAdapter

from monitor.core.text.page import Page

PAGE = TypeAdapter(Page)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedPage:
    """A page without an obstacle. `data` is the compressed `page`, here and in the store.

    It is empty for a text of which only the digest is left: see `lost`.
    """

    extraction_version: str
    title: str
    updated_on: str
    data: bytes

    @classmethod
    def of(cls, page: Page) -> Self:
        return cls(
            extraction_version=page.extraction_version,
            title=page.title,
            updated_on=page.updated_on,
            data=zlib.compress(PAGE.dump_json(page, exclude_defaults=True)),
        )

    @classmethod
    def lost(cls, extraction_version: str) -> Self:
        """Return the placeholder of a text that a rebuilt database has no copy of."""
        return cls(extraction_version=extraction_version, title="", updated_on="", data=b"")

    @property
    def known(self) -> bool:
        """Whether there is a page."""
        return bool(self.data)

    @property
    def compared_permille(self) -> int | None:
        """How much of the page's prose is compared; None where it is not known."""
        return self.page.compared_permille if self.known else None

    @property
    def page(self) -> Page:
        """The page itself, decompressed at each call. Raises zlib.error for a lost one."""
        return unpacked(self.data)


def unpacked(data: bytes) -> Page:
    """Return the page in `PackedPage.data`."""
    return PAGE.validate_json(zlib.decompress(data))
