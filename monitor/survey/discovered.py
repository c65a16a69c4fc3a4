"""The pages that `vigie discover` proposes, as entries of `local.toml` to accept one by one."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from monitor.config import Config
from monitor.core.model import Kind
from monitor.core.text.page_candidates import folded
from monitor.evidence import bounded
from monitor.survey.surprise import ConfigEdit, Surprise, SurpriseKind

MAX_BYTES = 1_000_000
MAX_FILES = 200
_SLUG = re.compile(r"[a-z0-9-]{1,100}")
_KEYS = ("slug", "name", "url", "kind", "source", "verified")


def discovered(folder: Path, config: Config) -> Iterator[Surprise]:
    """Yield the proposals in the files of a folder that are no targets yet."""
    watched = {folded(target.url) for target in config.targets}
    for path in sorted(folder.glob("*.toml"))[:MAX_FILES]:
        try:
            entries = tomllib.loads(bounded.read(path, MAX_BYTES).decode()).get("target", [])
        except (OSError, ValueError, RecursionError):
            continue  # `vigie discover` writes it again
        for entry in entries if isinstance(entries, list) else ():
            new = _is_page(entry) and folded(entry["url"]) not in watched
            if new and entry["slug"] not in config.by_slug:
                yield _proposal(entry, config, department=path.stem)


def _is_page(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and all(isinstance(entry.get(key), str) for key in _KEYS)
        and _SLUG.fullmatch(entry["slug"]) is not None
    )


def _proposal(entry: Mapping[str, Any], config: Config, *, department: str) -> Surprise:
    home = next(
        (t for t in config.targets if t.department == department and t.kind is Kind.HOME), None
    )
    place = {}
    if home is not None:
        place = {"platform": home.platform, "department": home.department, "city": home.city}
        place["group"] = home.group
    values = {key: entry[key] for key in _KEYS} | place
    return Surprise(
        id=entry["slug"],
        kind=SurpriseKind.PAGE,
        about=entry["name"],
        observed=f"« vigie discover » a lu cette page : {entry['url']}",
        advice="Ouvrez-la : parle-t-elle bien des démarches des étrangers ?",
        edit=ConfigEdit(table="target", listed=True, values=values),
    )
