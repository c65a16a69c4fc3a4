"""What the pages know of the interface: how it is called, and how it describes itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """The application that is mounted at `PREFIX`, and its description (OpenAPI)."""

    app: ASGIApp
    description: Mapping[str, Any]
