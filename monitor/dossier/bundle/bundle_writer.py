"""Write the bundle of a dossier: the same question at the same checkpoint gives the same bytes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from monitor.attest.key_changes import key_changes, signer_at
from monitor.attest.verification import size_of
from monitor.config import Config
from monitor.dossier.bundle import wacz_lists
from monitor.dossier.bundle.answer_files import AnswerFile, copy_answers
from monitor.dossier.bundle.extract_file import (
    DESCRIPTION,
    EXTRACT,
    described,
    proof_of,
    write_extract,
)
from monitor.dossier.bundle.leaf_choice import ExtractSpan, LeafChoice, LeafChooser
from monitor.dossier.bundle.plain_archive import ArchiveTooLargeError, write_archive
from monitor.dossier.bundle.proof_files import (
    ChosenStamps,
    ProofFiles,
    cosigned,
)
from monitor.dossier.bundle.reading_notes import BundleFacts, reading_notes
from monitor.dossier.bundle.signed_leaves import SignedLeaves
from monitor.dossier.dossier_question import DossierRefused
from monitor.evidence import bounded
from monitor.evidence.announced import ANNOUNCED, MAX_BYTES
from monitor.evidence.captures.capture_policy import CAPTURES
from monitor.evidence.captures.warc import WarcError
from monitor.evidence.log import mirror
from monitor.evidence.log.journal import FOLDER
from monitor.evidence.log.note import NoteError, VerifierKey
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import ProofError
from monitor.store import Store
from monitor.store.reads.journal_reads import KeptCheckpoint

PROOF = "preuve/"
ARCHIVE = "archive/"

Progress = Callable[[str], None]  # told in French what is being done


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleQuestion:
    """What a bundle is about.

    Attributes:
        targets: Slugs.
        since, until: The span, aware.
        code: Of the dossier.
        title: Of the dossier, in French.
        checkpoint: Whose tree the leaves are proved in; it covers the span.
        followed: Whether the record is another point's, whose checkpoint has the time of reading.

    """

    targets: tuple[str, ...]
    since: datetime
    until: datetime
    code: str
    title: str
    checkpoint: KeptCheckpoint
    followed: bool = False


def write_bundle(  # noqa: PLR0913 -- keyword-only: what it is made of
    out: Path,
    question: BundleQuestion,
    *,
    store: Store,
    data: Path,
    config: Config,
    key: VerifierKey,
    points: Mapping[str, Path | bytes] = MappingProxyType({}),
    progress: Progress = lambda what: None,  # noqa: ARG005 -- silent
) -> None:
    """Write the bundle of a question to `out`.

    Args:
        out: Path of the file, which must not exist.
        question: What it is about.
        store: The record.
        data: Folder of all that the service writes.
        config: Whose witnesses and authorities are believed.
        key: The journal's key today.
        points: The proofs of other points, by name: see `point_bundles`.
        progress: Is told what is being done.

    Raises:
        DossierRefused: The journal or a file of copies is damaged, or the bundle is too large.
        OSError: A file cannot be read or written.

    """
    with TemporaryDirectory(dir=out.parent, prefix=".lot-") as name:
        try:
            maker = _BundleMaker(Path(name), question, store, data, config)
            files = maker.make(key, points, progress)
            progress("écriture du lot de preuves")
            making = Path(name) / "lot"
            write_archive(making, files)
        except (ProofError, NoteError, WarcError) as error:
            raise DossierRefused(
                f"Lot de preuves : journal ou copies endommagés ({error})."
            ) from None
        except ArchiveTooLargeError as error:
            raise DossierRefused(
                f"Lot de preuves trop volumineux ({error}) : choisir une période plus courte."
            ) from None
        making.rename(out)


class _BundleMaker:
    """Makes the files of one bundle in a folder of its own."""

    def __init__(
        self, folder: Path, question: BundleQuestion, store: Store, data: Path, config: Config
    ) -> None:
        self._folder, self._question, self._store = folder, question, store
        self._data, self._config = data, config
        self._tiles = Tiles(data / FOLDER)
        self._leaves = SignedLeaves(self._tiles, question.checkpoint.size)
        self._span = ExtractSpan(
            targets=question.targets, since=question.since, until=question.until
        )

    def make(
        self, key: VerifierKey, points: Mapping[str, Path | bytes], progress: Progress
    ) -> dict[str, Path | bytes]:
        """Return the files of the bundle, by name."""
        question, store = self._question, self._store
        progress("lecture du journal")
        changes = key_changes(self._tiles, size=size_of(self._tiles.folder))
        signer = signer_at(key, changes, size=self._leaves.size)
        choice = LeafChooser(self._leaves, self._span).choose(store)
        choice.add(change.leaf for change in changes)
        note = cosigned(store, question.checkpoint)
        proofs = ProofFiles(self._data, self._config, signer)
        proofs.add_checkpoint(note, self._tiles, question.checkpoint.size)
        stamps = [
            token
            for token in ChosenStamps(store.verified_tokens(self._leaves.size)).over(
                choice.edges, choice.end
            )
            if proofs.add_stamp(token)
        ]
        proofs.add_roots()
        choice.add(token.leaf for token in stamps)
        progress("extrait du journal")
        extract = self._folder / EXTRACT
        write_extract(extract, self._leaves, choice.numbers, proofs.sizes)
        answers = list(self._answers(choice, progress))
        preuve: dict[str, Path | bytes] = {
            **proofs.files,
            EXTRACT: extract,
            DESCRIPTION: described(
                self._span,
                choice,
                absent=[*choice.copies.keys() - {one.path.name for one in answers}],
            ),
            **dict(self._proofs(choice, note)),
            **dict(self._announcements(choice)),
            "verifier.py": mirror.verifier(),
        }
        facts = BundleFacts(
            code=question.code, title=question.title, since=question.since, until=question.until,
            origin=signer.name, key=str(signer), size=question.checkpoint.size,
            signed_at=question.checkpoint.at, sha256=mirror.verifier_sha256(), choice=choice,
            stamps=len(stamps), files=len(answers), points=bool(points),
            followed=question.followed,
        )  # fmt: skip
        preuve |= reading_notes(facts)
        return self._whole(preuve, points, answers)

    def _whole(
        self,
        preuve: Mapping[str, Path | bytes],
        points: Mapping[str, Path | bytes],
        answers: list[AnswerFile],
    ) -> dict[str, Path | bytes]:
        """Add to the proofs what makes a WACZ file of them."""
        question = self._question
        files: dict[str, Path | bytes] = {f"{PROOF}{name}": file for name, file in preuve.items()}
        files |= points
        files |= {f"{ARCHIVE}{one.path.name}": one.path for one in answers}
        files[wacz_lists.INDEX] = wacz_lists.index(line for one in answers for line in one.lines)
        files[wacz_lists.PAGES] = wacz_lists.pages(page for one in answers for page in one.pages)
        return files | wacz_lists.datapackage(
            files,
            title=f"Lot de preuves du dossier {question.code}",
            description=question.title,
            at=question.checkpoint.at,
        )

    def _answers(self, choice: LeafChoice, progress: Progress) -> Iterator[AnswerFile]:
        folder = self._folder / "archive"
        folder.mkdir()
        for name, digests in sorted(choice.copies.items()):
            progress(f"copies du {name.removesuffix('.warc.gz')}")
            source = self._data / CAPTURES / name
            if source.name == name and source.is_file():
                answer = copy_answers(source, folder / name, digests)
                if answer is not None:
                    yield answer

    def _proofs(self, choice: LeafChoice, note: bytes) -> Iterator[tuple[str, bytes]]:
        for number in sorted(choice.proved):
            yield f"{number}.feuille", self._leaves[number]
            yield f"{number}.tlog-proof", proof_of(self._leaves, number, note)

    def _announcements(self, choice: LeafChoice) -> Iterator[tuple[str, bytes]]:
        for sha256 in sorted(choice.announcements):
            path = self._data / ANNOUNCED / sha256
            if path.is_file():
                yield f"{ANNOUNCED}/{sha256}", bounded.read(path, MAX_BYTES)
