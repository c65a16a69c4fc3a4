"""The bundle as a numbered piece of a dossier: its name, and its own verification."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from monitor.attest.verification_stranger import ask_of_bundle
from monitor.core.french.formatting import PARIS
from monitor.dossier.bundle.bundle_writer import BundleQuestion, write_bundle
from monitor.dossier.bundle.point_bundles import POINTS, point_files
from monitor.dossier.dossier_question import DossierQuestion, DossierRefused
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.file_names import MOST, plain
from monitor.evidence.log.note import VerifierKey

_SHOWN: Final = 5  # faults


@dataclass(frozen=True, slots=True)
class DossierBundle:
    """Writes the bundle of a dossier; `key` is the journal's today. For `write_dossier`."""

    key: VerifierKey

    def __call__(self, record: DossierRecord, folder: Path, number: int) -> str:
        """Write it into `folder`, verify it as a stranger would, and return its name.

        Raises:
            DossierRefused: It cannot be made, or its verifier refuses it.
            OSError: A file cannot be read or written.

        """
        question, source = record.question, record.source
        name = bundle_name(number, question)
        of_dossier = BundleQuestion(
            targets=question.targets,
            since=question.since,
            until=question.until,
            code=record.code,
            title=question.title,
            checkpoint=record.checkpoint,
        )
        with TemporaryDirectory(dir=folder, prefix=".points-") as making:
            proofs = point_files(record.points, of_dossier, Path(making), source.config)
            write_bundle(
                folder / name,
                of_dossier,
                store=source.store,
                data=source.data,
                config=source.config,
                key=self.key,
                points=proofs,
            )
        opinion = ask_of_bundle(
            folder / name,
            key=self.key,
            roots=None,
            point_keys=[one.key for one in record.points if f"{POINTS}{one.name}.wacz" in proofs],
        )
        if opinion is not None and opinion.faults:
            faults = "\n".join(opinion.faults[:_SHOWN])
            raise DossierRefused(
                f"Le lot de preuves est refusé par son propre vérificateur :\n{faults}"
            )
        return name


def bundle_name(number: int, question: DossierQuestion) -> str:
    """Return a name such as "06-ANEF-2026-11-01_2026-11-30-preuves.wacz"."""
    last = (question.until - timedelta(microseconds=1)).astimezone(PARIS)
    days = f"{question.since.astimezone(PARIS):%Y-%m-%d}_{last:%Y-%m-%d}"
    head, tail = f"{number:02}-", f"-{days}-preuves.wacz"
    middle = plain(question.title)[: MOST - len(head) - len(tail)].strip("-")
    return f"{head}{middle or 'lot'}{tail}"
