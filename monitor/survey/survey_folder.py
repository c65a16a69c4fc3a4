"""The folder of a survey: every exact answer, and an index of what was asked.

    index.json          what was asked, when, and where its answer is
    answers/*.warc.gz   exact bytes of targets, controls and robots.txt, as captures are kept
    stamps/<authority>/ checkpoint  request.tsq  answer
    survey.html, survey.json

The index is written after each answer. One that a kill left out of it is noted by the next run, so
that what is in the folder is never asked for again. A folder may come from somebody else: all that
is read from it is bounded and checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from monitor import __version__
from monitor.core.model import (
    CaptureReason,
    Observation,
    Target,
)
from monitor.evidence import bounded, durable
from monitor.evidence.captures import capture_metadata, capture_records, day_files
from monitor.evidence.captures.capture_metadata import CaptureMetadata, hops, observation_from
from monitor.evidence.captures.warc import WarcError
from monitor.fetch.reparse import reread
from monitor.runtime.errors import VigieError, in_french
from monitor.survey.survey_index import (
    FORMAT,
    MAX_OFFSET_US,
    ROBOTS,
    StampStep,
    SurveyIndex,
    origin_of,
    plausible,
    robots_step,
    step_of,
)

INDEX = "index.json"
ANSWERS = "answers"
STAMPS = "stamps"
MAX_INDEX_BYTES = 20_000_000
MAX_FILES = 50  # of answers
MAX_BYTES = 200_000_000  # of all answers, packed and not: those of 190 sites are some 60 MB


class SurveyError(VigieError):
    """A folder that is no survey, or a damaged one. French, for the operator."""


_INDEX = TypeAdapter(SurveyIndex)


class SurveyFolder:
    """A survey on the disk, for the one process that writes there."""

    def __init__(self, path: Path, index: SurveyIndex, *, clock_limit_us: int = 0) -> None:
        self.path = path
        self.index = index
        self._clock_limit_us = clock_limit_us
        self._files = day_files.DayFiles(path / ANSWERS, software=f"vigie-anef {__version__}")

    @classmethod
    def read(cls, path: Path) -> "SurveyFolder":
        """Open a survey to read it.

        Raises:
            SurveyError: There is none, or it is not one of this format.

        """
        try:
            data = bounded.read(path / INDEX, MAX_INDEX_BYTES)
            index = _INDEX.validate_json(data)
        except OSError as error:
            raise SurveyError(f"{path} : aucun relevé lisible : {in_french(error)}") from None
        except ValidationError:
            raise SurveyError(f"{path}/{INDEX} : ce n’est pas un relevé de Vigie.") from None
        offsets = (one.offset_us or 0 for one in index.clocks.values())
        if any(abs(offset) > MAX_OFFSET_US for offset in offsets):
            raise SurveyError(f"{path}/{INDEX} : des horloges impossibles.")
        if index.format != FORMAT:
            raise SurveyError(f"{path}/{INDEX} : d’une autre version de Vigie.")
        return cls(path, index)

    @classmethod
    def open(
        cls, path: Path, *, at: datetime, point: str, config_sha256: str, clock_limit_us: int
    ) -> "SurveyFolder":
        """Continue the survey of a folder, or begin one. Raises as `read`."""
        if (path / INDEX).exists():
            index = cls.read(path).index
        else:
            index = SurveyIndex(begun_at=at, point=point, config_sha256=config_sha256)
        folder = cls(path, index, clock_limit_us=clock_limit_us)
        folder._note_kept()
        return folder

    def save(self) -> None:
        """Write the index durably. Raises SurveyError for a full disk too."""
        self.write(INDEX, _INDEX.dump_json(self.index, indent=1))

    def write(self, name: str, data: bytes) -> None:
        """Write a file of the folder durably."""
        try:
            durable.write(self.path / name, data)
        except OSError as error:
            raise SurveyError(f"{self.path} : {in_french(error)}") from None

    def keep(self, target: Target, observation: Observation) -> str:
        """Append the exact bytes of an answer; return the digest of its account."""
        package = capture_records.package(
            target, observation, known_good=True, clock_limit_us=self._clock_limit_us
        )
        records = package.whole(CaptureReason.DAILY)
        try:
            self._files.append(observation.at.date(), records)
        except OSError as error:
            raise SurveyError(f"{self.path} : {in_french(error)}") from None
        return records[-1].sha256

    def answers(self) -> Iterator[tuple[str, CaptureMetadata, Observation]]:
        """Yield every kept answer: the digest of its account, the account, and all of its bytes.

        Raises:
            SurveyError: A file is damaged.

        """
        digests, total = self._digests(), 0
        for path in sorted((self.path / ANSWERS).glob("*.warc.gz"))[:MAX_FILES]:
            try:
                for digest, kept_answer in day_files.accounts(path, digests):
                    observation = observation_from(*kept_answer)
                    plausible(observation.at)
                    total += sum(len(hop.response_bytes) for hop in hops(observation.exchange))
                    _check_total(self.path, total)  # before they are unpacked
                    exchange = reread(observation.exchange)
                    total += sum(len(part.body) for part in exchange.flat())
                    _check_total(self.path, total)
                    yield digest, kept_answer[0], replace(observation, exchange=exchange)
            except (OSError, ValueError, WarcError) as error:
                raise SurveyError(f"{path} : réponses illisibles : {error}") from None

    def _digests(self) -> set[str]:
        """Return the digests of the accounts that the report is made of."""
        index = self.index
        steps = (*index.controls.values(), *index.reserves.values(), *index.targets.values())
        return {step.sha256 for step in steps}

    def _note_kept(self) -> None:
        """Note in the index what was kept just before a kill, which nothing else refers to."""
        known = self._digests() | {step.sha256 for step in self.index.robots.values()}
        for path in day_files.files(self.path / ANSWERS):
            try:
                accounts = {
                    member.record.sha256: capture_metadata.read(member.record)
                    for member in day_files.members(path)
                }
                left_out = {
                    digest
                    for digest, account in accounts.items()
                    if account is not None and digest not in known and self._lacks(account)
                }
                for digest, kept_answer in day_files.accounts(path, left_out):
                    self._note(digest, kept_answer[0].target, observation_from(*kept_answer))
            except (OSError, WarcError) as error:
                raise SurveyError(f"{path} : réponses illisibles : {error}") from None

    def _lacks(self, account: CaptureMetadata) -> bool:
        """Return whether an answer is newer than what the index has of its target or site."""
        target, step = account.target, self.index.targets.get(account.target.slug)
        if target.slug == ROBOTS:
            return origin_of(target.url) not in self.index.robots
        return bool(target.platform) and (step is None or step.at < account.observation.at)

    def _note(self, digest: str, target: Target, observation: Observation) -> None:
        if target.slug == ROBOTS:
            exchange = reread(observation.exchange)
            self.index.robots[origin_of(target.url)] = robots_step(exchange, digest)
        else:
            self.index.targets[target.slug] = step_of(target, observation, digest)

    def keep_stamp(self, slug: str, files: Mapping[str, bytes], step: StampStep) -> None:
        """Keep the request to an authority, and its answer."""
        for name, data in files.items():
            self.write(f"{STAMPS}/{slug}/{name}", data)
        self.index.stamps[slug] = step
        self.save()

    def stamp_file(self, slug: str, name: str) -> bytes:
        """Return a file of an authority's; b"" when there is none."""
        try:
            return bounded.read(self.path / STAMPS / slug / name, MAX_INDEX_BYTES)
        except OSError:
            return b""

    def digest(self) -> str:
        """Return the SHA-256 of the index, which names every answer by its own."""
        return sha256(_INDEX.dump_json(self.index)).hexdigest()


def _check_total(path: Path, total: int) -> None:
    if total > MAX_BYTES:
        raise SurveyError(f"{path} : plus de {MAX_BYTES} octets de réponses.")
