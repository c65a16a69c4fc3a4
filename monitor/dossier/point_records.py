"""What other points recorded of the pages of a dossier, as one checkpoint of each has it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from monitor.attest.point_reader import open_record
from monitor.config import Config, OtherPoint
from monitor.core.french.formatting import when
from monitor.core.model import Outage
from monitor.core.points.combine import CommonWord, PointWord, combine
from monitor.dossier.checkpointed_reads import CheckpointedReads
from monitor.dossier.dossier_question import DossierQuestion
from monitor.evidence.log.note import Note, VerifierKey
from monitor.evidence.other_points.point_folder import PointFolder
from monitor.figures.recorded_targets import RecordedTargets
from monitor.figures.settled import settlement
from monitor.figures.target_at_instant import answer_of
from monitor.figures.word_at_instant import middle_of, word_at
from monitor.store import Store
from monitor.store.reads.journal_reads import KeptCheckpoint

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRecord:
    """What there is of one point. Without `checkpoint`, `why` says why there is nothing.

    Attributes:
        name, operator, key: As configured.
        folder: Of its copy.
        heard: Whether its journal is without fault.
        targets: The pages of the question that it checks at the same address.
        until: The end of what it tells of the period; that of the question, unless it is silent.
        checkpoint: What it is told by: the first one that settles the period, or its newest.

    """

    name: str
    operator: str
    key: VerifierKey
    folder: PointFolder
    heard: bool
    targets: tuple[str, ...] = ()
    until: datetime
    checkpoint: KeptCheckpoint | None = None
    why: str = ""

    @property
    def printed(self) -> list[str | int]:
        """Return what the pieces depend on of it, for the code of the dossier."""
        checkpoint = self.checkpoint
        return [
            self.name, self.operator, str(self.key), self.why, self.until.isoformat(),
            checkpoint.size if checkpoint else 0, checkpoint.root.hex() if checkpoint else "",
        ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenByPoint:
    """What one point says of an outage of ours: its word, and the outages that it recorded then."""

    word: PointWord
    outages: tuple[Outage, ...]
    checkpoint: KeptCheckpoint | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenByAll:
    """What all points say of an outage, ours first; `at` is an instant in the middle of it."""

    at: datetime
    common: CommonWord
    points: tuple[SeenByPoint, ...]


def point_records(
    config: Config, data: Path, question: DossierQuestion, known: RecordedTargets
) -> tuple[PointRecord, ...]:
    """Return what there is of each other point of the configuration, in its order."""
    return tuple(_record_of(point, data, question, known) for point in config.points)


def _record_of(
    point: OtherPoint, data: Path, question: DossierQuestion, known: RecordedTargets
) -> PointRecord:
    folder, key = PointFolder(data, point.name), VerifierKey.parse(point.key)
    targets: tuple[str, ...] = ()
    until, checkpoint, why = question.until, None, ""
    faults = folder.faults()
    if faults:
        why = f"Ce point n’est plus écouté : {faults[0].text}"
    else:
        store = open_record(folder)
        if store is None:
            why = "Rien n’a encore été lu de ce point."
        else:
            with store:
                targets, until, checkpoint, why = _told(store, key, question, known)
    return PointRecord(
        name=point.name, operator=point.operator, key=key, folder=folder, heard=not faults,
        targets=targets, until=until, checkpoint=checkpoint, why=why,
    )  # fmt: skip


def _told(
    store: Store, key: VerifierKey, question: DossierQuestion, known: RecordedTargets
) -> tuple[tuple[str, ...], datetime, KeptCheckpoint | None, str]:
    """Return the pages, the end and the checkpoint by which a point tells of a question."""
    urls = {plan.target: plan.url for plan in store.definitions()}
    # The same name for another address is another page.
    same = tuple(slug for slug in question.targets if urls.get(slug) == known.of(slug).url)
    if not same:
        return (), question.until, None, "Ce point ne suit aucune de ces pages."
    watched = {slug: span for slug, span in store.watched().items() if slug in same}
    last_at = max((last for _, last in watched.values()), default=None)
    if last_at is None or last_at < question.since:
        last = f", le dernier le {when(last_at)}" if last_at else ""
        return same, question.until, None, f"Ce point n’a aucun relevé de cette période{last}."
    if min(first for first, _ in watched.values()) >= question.until:
        return same, question.until, None, "Ce point ne suivait pas encore ces pages."
    by = settlement(store, same, question.until, watched=same)
    settled = by.checkpoint if by.settled else None
    checkpoint = settled or store.checkpoint()
    if checkpoint is None or not Note.parse(checkpoint.note).verified_by((key,)):
        return same, question.until, None, "Rien n’en est signé par la clé que nous connaissons."
    until = question.until if settled else min(question.until, last_at + _MOMENT)
    return same, until, checkpoint, ""


def seen_by_all(  # noqa: PLR0913 -- an outage, and what is known of it where
    outages: Sequence[Outage],
    *,
    own: Store,
    operator: str,
    points: Sequence[PointRecord],
    known: RecordedTargets,
    checkpoint: KeptCheckpoint,
) -> Mapping[tuple[str, datetime], SeenByAll]:
    """Return what all points say of some outages of ours, by page and beginning.

    Args:
        outages: Of the record `own`.
        own: Our record.
        operator: Who runs our point.
        points: The others.
        known: The targets.
        checkpoint: What our record is told by.

    """
    if not points:
        return {}
    ours = _seen(own, own.point, operator, outages, known=known, checkpoint=checkpoint)
    by_outage: list[list[SeenByPoint]] = [[one] for one in ours]
    for point in points:
        store = open_record(point.folder) if point.checkpoint else None
        theirs = list(_seen_from(point, store, outages, known))
        if store is not None:
            store.close()
        for of_outage, one in zip(by_outage, theirs, strict=True):
            of_outage.append(one)
    return {
        (outage.target, outage.first_fail_at): SeenByAll(
            at=middle_of(outage),
            common=combine([one.word for one in of_outage]),
            points=tuple(of_outage),
        )
        for outage, of_outage in zip(outages, by_outage, strict=True)
    }


def _seen_from(
    point: PointRecord, store: Store | None, outages: Sequence[Outage], known: RecordedTargets
) -> Iterator[SeenByPoint]:
    if store is not None and point.checkpoint is not None:
        yield from _seen(
            store, point.name, point.operator, outages,
            known=known, checkpoint=point.checkpoint, targets=point.targets,
        )  # fmt: skip
        return
    word = word_at(None, point.name, point.operator, heard=point.heard)
    for _ in outages:
        yield SeenByPoint(word=word, outages=(), checkpoint=None, why=point.why)


def _seen(  # noqa: PLR0913 -- a point, and what is asked of it
    store: Store,
    name: str,
    operator: str,
    outages: Sequence[Outage],
    *,
    known: RecordedTargets,
    checkpoint: KeptCheckpoint,
    targets: Sequence[str] | None = None,
) -> Iterator[SeenByPoint]:
    reads = CheckpointedReads(store, checkpoint)
    for outage in outages:
        slug = outage.target
        if targets is not None and slug not in targets:
            word = word_at(None, name, operator)
            why = "Ce point ne suit pas cette page."
            yield SeenByPoint(word=word, outages=(), checkpoint=checkpoint, why=why)
            continue
        at = middle_of(outage)
        answer = answer_of(store, known, known.of(slug, at), at, now=checkpoint.at)
        end = outage.first_ok_at or outage.last_fail_at + _MOMENT
        yield SeenByPoint(
            word=word_at(answer, name, operator),
            outages=tuple(reads.outages([slug], outage.first_fail_at, end)),
            checkpoint=checkpoint,
        )
