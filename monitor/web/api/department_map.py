"""The outlines of the departments with the state of their prefecture's pages: GeoJSON, RFC 7946.

The outlines are made by `scripts/departements` from Natural Earth, which is in the public domain.
Five territories that have a prefecture have no outline there: 975, 977-978, 986, 987, 988.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from monitor.config import Config
from monitor.core.french.sentences import VERDICTS
from monitor.core.model import State, Target, Verdict
from monitor.core.outages.worst import worst
from monitor.figures.log_shapes import utc
from monitor.metrics.target_families import STALE_INTERVALS


@cache
def outlines() -> Any:
    """Return the features of the file, by department."""
    return json.loads(files(__package__).joinpath("departements.json").read_bytes())["features"]


def department_map(states: Mapping[str, State], config: Config, now: datetime) -> dict[str, Any]:
    """Return the collection. `states` is by target; without a recent check, one is unknown."""
    targets: dict[str, list[Target]] = {}
    for target in config.targets:
        targets.setdefault(target.department, []).append(target)
    return {
        "type": "FeatureCollection",
        "features": [
            outline
            | {
                "properties": outline["properties"]
                | _state(targets.get(outline["id"], ()), states, now)
            }
            for outline in outlines()
        ],
    }


def _state(targets: Sequence[Target], states: Mapping[str, State], now: datetime) -> dict[str, Any]:
    known = [states.get(target.slug) for target in targets]
    verdict = worst(
        _verdict(target, state, now) for target, state in zip(targets, known, strict=True)
    )
    checked = [state.last_at for state in known if state is not None and state.last_at is not None]
    return {
        "state": verdict.value,
        "words": VERDICTS[verdict],
        "targets": len(targets),
        "last_at": utc(max(checked)) if checked else None,
    }


def _verdict(target: Target, state: State | None, now: datetime) -> Verdict:
    if state is None or state.verdict is None or state.last_at is None:
        return Verdict.UNKNOWN
    age_s = (now - state.last_at).total_seconds()
    return Verdict.UNKNOWN if age_s > STALE_INTERVALS * target.interval_s else state.verdict
