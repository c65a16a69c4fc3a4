"""The proofs of other points in a bundle: each has a bundle of its own, made as ours is.

points/points.json      every point that we follow, those of which nothing is there too, with why
points/NAME.wacz        what the point recorded of the same pages: an extract of its journal

Both are read by `OtherPoints` of verify/verifier.py.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from monitor.attest.point_reader import open_record
from monitor.config import Config
from monitor.core.journal.encode import instant
from monitor.dossier.bundle.bundle_writer import BundleQuestion, write_bundle
from monitor.dossier.dossier_question import DossierRefused
from monitor.dossier.point_records import PointRecord

POINTS = "points/"
LIST = f"{POINTS}points.json"


def point_files(
    points: Iterable[PointRecord], question: BundleQuestion, folder: Path, config: Config
) -> dict[str, Path | bytes]:
    """Write the bundles of points into `folder`; return them, and their list, by name in ours.

    Nothing without other points. Raises as `write_bundle`.
    """
    files: dict[str, Path | bytes] = {}
    listed = []
    for point in points:
        listed.append(_described(point, question))
        if point.checkpoint is None:
            continue
        store = open_record(point.folder)
        if store is None:
            raise DossierRefused(f"Ce qui est suivi du point « {point.name} » ne se lit plus.")
        path = folder / f"{point.name}.wacz"
        of_point = replace(
            question,
            targets=point.targets,
            until=point.until,
            title=f"{question.title}, vu du point « {point.name} » ({point.operator})",
            checkpoint=point.checkpoint,
            followed=True,
        )
        with store:
            write_bundle(
                path, of_point, store=store, data=point.folder.folder, config=config, key=point.key
            )
        files[f"{POINTS}{path.name}"] = path
    if listed:
        text = json.dumps({"v": 1, "points": listed}, ensure_ascii=False, indent=1, sort_keys=True)
        files[LIST] = text.encode() + b"\n"
    return files


def _described(point: PointRecord, question: BundleQuestion) -> dict[str, object]:
    return {
        "name": point.name,
        "operator": point.operator,
        "key": str(point.key),
        "pages": list(point.targets),
        "from": instant(question.since),
        "to": instant(point.until),
        "why": point.why,
    }
