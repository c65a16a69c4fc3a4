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
from monitor.attest.verification_stranger import ask_of_bundle
from monitor.config import Config
from monitor.core.journal.encode import instant
from monitor.dossier.bundle.bundle_writer import BundleQuestion, write_bundle
from monitor.dossier.dossier_question import DossierRefused
from monitor.dossier.point_records import PointRecord
from monitor.store.reads.journal_reads import KeptCheckpoint

POINTS = "points/"
MOST_FAULT = 300  # characters of one, of a journal that others wrote
LIST = f"{POINTS}points.json"


def point_files(
    points: Iterable[PointRecord], question: BundleQuestion, folder: Path, config: Config
) -> dict[str, Path | bytes]:
    """Write the bundles of points into `folder`; return them, and their list, by name in ours.

    Nothing without other points. A point whose proofs are damaged, or that verify/verifier.py
    refuses, is only listed, with why: no other point can prevent a dossier of ours.

    Raises:
        OSError: A file cannot be read or written.

    """
    files: dict[str, Path | bytes] = {}
    listed = []
    for point in points:
        path, why = folder / f"{point.name}.wacz", point.why
        if point.checkpoint is not None:
            why = _written(path, point, point.checkpoint, question, config)
            if not why:
                files[f"{POINTS}{path.name}"] = path
        listed.append(_described(replace(point, why=why), question))
    if listed:
        text = json.dumps({"v": 1, "points": listed}, ensure_ascii=False, indent=1, sort_keys=True)
        files[LIST] = text.encode() + b"\n"
    return files


def _written(
    path: Path,
    point: PointRecord,
    checkpoint: KeptCheckpoint,
    question: BundleQuestion,
    config: Config,
) -> str:
    """Write the bundle of a point; return why it cannot be believed, "" when it can."""
    store = open_record(point.folder)
    if store is None:
        return "Ce qui est suivi de ce point ne se lit plus."
    of_point = replace(
        question,
        targets=point.targets,
        until=point.until,
        title=f"{question.title}, vu du point « {point.name} » ({point.operator})",
        checkpoint=checkpoint,
        followed=True,
    )
    try:
        with store:
            write_bundle(
                path, of_point, store=store, data=point.folder.folder, config=config, key=point.key
            )
    except DossierRefused as error:
        return f"Ses preuves ne peuvent être jointes. {error}"
    opinion = ask_of_bundle(path, key=point.key, roots=None)
    if opinion is None or not opinion.faults:
        return ""
    first = opinion.faults[0].replace(str(path), path.name)[:MOST_FAULT]
    return f"Ses preuves sont refusées par le vérificateur : {first}"


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
