"""Check a bundle by making it again: what its own bytes lead to must be what it holds.

A second way beside verify/verifier.py, which reads the format by hand: the archive is read by
Python's zipfile and written again, its lists are made again from its captures. What the journal
proves is left to verifier.py.
"""

import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from monitor.attest.verification_step import FaultList, VerificationStep
from monitor.dossier.bundle import wacz_lists
from monitor.dossier.bundle.answer_files import AnswerFile, index_answers
from monitor.dossier.bundle.plain_archive import (
    MOST_BYTES,
    MOST_FILES,
    ArchiveTooLargeError,
    write_archive,
)
from monitor.dossier.bundle.point_bundles import POINTS
from monitor.evidence.captures.warc import WarcError

_DEPTH = 5
_PIECE = 1 << 20
_MOST_LIST_BYTES = 200_000_000  # of an index, or of a list of pages


def bundle_steps(path: Path, point: str = "") -> Iterator[VerificationStep]:
    """Yield the steps of a bundle; the first that fails is the last. Nothing is written.

    `point` is the point whose bundle it is, in that of another.
    """
    of_point = f" du point {point}" if point else ""
    with TemporaryDirectory() as name:
        folder = Path(name, "contenu")
        folder.mkdir()
        files: dict[str, Path] = {}
        faults = FaultList(_archive_faults(path, folder, files)).shown()
        yield VerificationStep(
            title=f"Archive{of_point}",
            done=f"{len(files)} fichiers, rangés dans l’unique forme d’un lot",
            proves="Deux programmes ne peuvent y lire deux contenus.",
            leaves_open="Qui l’a faite.",
            faults=faults,
        )
        if faults:
            return
        lists = _lists(path, files)
        yield replace(lists, title=f"{lists.title}{of_point}")
        if not point:
            yield from _points(path, files)


def _points(path: Path, files: dict[str, Path]) -> Iterator[VerificationStep]:
    """Yield the steps of the bundles of other points, under the names that they have in it."""
    for name, file in files.items():
        if name.startswith(POINTS) and name.endswith(".wacz"):
            for step in bundle_steps(file, name.removeprefix(POINTS).removesuffix(".wacz")):
                faults = (text.replace(str(file), f"{path}/{name}") for text in step.faults)
                yield replace(step, faults=tuple(faults))


def _archive_faults(path: Path, folder: Path, files: dict[str, Path]) -> Iterator[str]:
    try:
        if path.stat().st_size > MOST_BYTES:
            yield f"{path} : trop grand"
            return
        with zipfile.ZipFile(path) as archive:
            refused = [
                f"{path}/{_printable(entry.filename)} : {why}"
                for entry in archive.infolist()
                if (why := _refusal(entry))
            ]
            if refused or len(archive.infolist()) > MOST_FILES:
                yield from refused or [f"{path} : trop de fichiers"]
                return
            for entry in archive.infolist():
                place = folder / entry.filename
                place.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as data, place.open("xb") as out:
                    shutil.copyfileobj(data, out)
                files[entry.filename] = place
        again = folder.parent / "refait"
        write_archive(again, files)
        yield from _differences(path, again, files)
    except (OSError, zipfile.BadZipFile, ArchiveTooLargeError, NotImplementedError, EOFError,
            RuntimeError, ValueError) as error:  # fmt: skip
        last = next(reversed(files), "")
        yield f"{path} : archive refusée, après {last or 'rien'} ({_printable(str(error))[:200]})"


def _refusal(entry: zipfile.ZipInfo) -> str:
    """Return why an entry must not be unpacked, "" for none."""
    parts = PurePosixPath(entry.filename).parts
    if entry.is_dir() or not parts or len(parts) > _DEPTH or entry.filename != "/".join(parts):
        return "nom refusé"
    if any(part in {".", "..", "/"} or not part.isascii() or "\\" in part for part in parts):
        return "nom refusé"
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
        return "compressé ; un lot ne l’est pas"
    if entry.flag_bits or entry.extra or entry.comment:
        return "drapeaux, champ ou commentaire en plus"
    return ""


def _differences(path: Path, again: Path, files: dict[str, Path]) -> Iterator[str]:
    """Compare an archive with the same files written again; name the first that differs."""
    if path.stat().st_size == again.stat().st_size:
        with path.open("rb") as one, again.open("rb") as other:
            at = 0
            while data := one.read(_PIECE):
                if data != other.read(_PIECE):
                    break
                at += len(data)
            else:
                return
    with zipfile.ZipFile(path) as one, zipfile.ZipFile(again) as other:
        for name in files:
            if one.getinfo(name).header_offset != other.getinfo(name).header_offset:
                yield f"{path}/{name} : pas à sa place, ou des octets en plus devant lui"
                return
    yield f"{path} : des octets en plus, ou des en-têtes qui ne sont pas ceux d’un lot"


def _lists(path: Path, files: dict[str, Path]) -> VerificationStep:
    faults = FaultList()
    try:
        answers = _answers(path, files, faults)
        lists = {
            wacz_lists.INDEX: wacz_lists.index(line for one in answers for line in one.lines),
            wacz_lists.PAGES: wacz_lists.pages(page for one in answers for page in one.pages),
        }
        package = json.loads(_read(files, wacz_lists.DATAPACKAGE))
        others = {
            name: file
            for name, file in files.items()
            if name not in {wacz_lists.DATAPACKAGE, wacz_lists.DATAPACKAGE_DIGEST}
        }
        for one in package["resources"]:
            name = one["path"]
            if name in others and one != wacz_lists.resource(name, others[name]):
                faults.append(f"{path}/{name} : n’a pas l’empreinte que dit datapackage.json")
        lists |= wacz_lists.datapackage(
            others,
            title=str(package["title"]),
            description=str(package["description"]),
            at=datetime.fromisoformat(package["created"]),
        )
        for name, data in lists.items():
            if _read(files, name) != data:
                faults.append(f"{path}/{name} : ne dit pas ce que contient le lot")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError) as error:
        faults.append(f"{path} : listes illisibles ({_printable(repr(error))[:200]})")
    return VerificationStep(
        title="Listes",
        done="l’index, les pages et les empreintes, refaits, sont les mêmes",
        proves="Chaque réponse gardée est dans l’index, et chaque fichier a son empreinte.",
        leaves_open="Que ces réponses soient celles du journal : c’est l’étape des copies.",
        faults=faults.shown(),
    )


def _answers(path: Path, files: dict[str, Path], faults: FaultList) -> list[AnswerFile]:
    answers = []
    for name, file in files.items():
        if name.startswith("archive/"):
            try:
                answers.append(index_answers(file))
            except WarcError as error:
                faults.append(f"{path}/{name} : endommagé ({error})")
    return answers


def _read(files: dict[str, Path], name: str) -> bytes:
    if name not in files:
        return b""
    if files[name].stat().st_size > _MOST_LIST_BYTES:
        raise ValueError(f"{name} : trop long")
    return files[name].read_bytes()


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in text)
