"""The web pages about the record itself: `/incidents`, `/lacunes`, `/verifier`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from monitor.attest.kept_answers import KeptAnswers, ShownAnswer
from monitor.attest.point_reader import PointReader
from monitor.charts.check_phases import PHASES
from monitor.config import Config
from monitor.core.changes.change_log import KeptCopy
from monitor.core.french.at_sentences import distance
from monitor.core.language import FRENCH, Language
from monitor.core.model import GapCause
from monitor.core.outages.announcements import AnnouncementStatus
from monitor.dossier.pieces.dossier_sentences import identifier_in
from monitor.dossier.pieces.person_sheets import DEMAND
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import TILE_WIDTH, ProofError
from monitor.runtime.clock import Clock
from monitor.web.path_numbers import number_asked
from monitor.web.record_reads import RecordReads
from monitor.web.serving.answer_cache import as_csv
from monitor.web.serving.cached_pages import FRESH_S, CachedPages
from monitor.web.translated_pages import in_every_language, language_asked
from monitor.web.views.gap_list import GapFilters, gap_listing
from monitor.web.views.incident_list import IncidentFilters, incident_listing
from monitor.web.views.incident_page import IncidentPage, incident_page
from monitor.web.views.verification_page import (
    VerificationQuestion,
    VerificationRefused,
    verification_page,
)

SETTLED_S = 3_600  # how long the cache has an incident that only a reply can change

ANNOUNCED = {
    AnnouncementStatus.COUNTED: "annoncée avant son début",
    AnnouncementStatus.LATE: "enregistrée après son début : elle ne change aucun chiffre",
    AnnouncementStatus.WITHDRAWN: "retirée depuis",
}


class RecordRoutes:
    """Serves these pages."""

    def __init__(  # noqa: PLR0913 -- keyword-only
        self,
        reads: RecordReads,
        *,
        config: Config,
        clock: Clock,
        pages: CachedPages,
        journal: Path | None = None,
        captures: Path | None = None,
        points: PointReader | None = None,
    ) -> None:
        """Serve nothing yet.

        Args:
            reads: The record.
            config: The effective configuration.
            clock: The source of `now`.
            pages: The templates with their cache.
            journal: Folder of the journal; None without one.
            captures: Folder of the bytes that were kept; None shows none of them.
            points: Reads the records of the other points; None without any.

        """
        self._points = points
        self._reads = reads
        self._config = config
        self._clock = clock
        self._pages = pages
        self._tiles = Tiles(journal) if journal else None
        self._answers = KeptAnswers(captures) if captures else None
        self._settled: set[int] = set()
        pages.templates.globals.update(
            phases=PHASES,
            distance=distance,
            gap_causes=tuple(GapCause),
            announced_words=ANNOUNCED,
            incident_demand=DEMAND,
            identifier_in=identifier_in,
        )

    def routes(self) -> list[Route]:
        return [
            Route("/incidents", self.incidents),
            Route("/incidents/{number}.csv", self.incident_data),
            Route("/incidents/{number}/fiche", self.incident_sheet),
            *in_every_language("/incidents/{number}", self.incident),
            Route("/lacunes", self.gaps),
            *in_every_language("/verifier", self.verify),
        ]

    async def incidents(self, request: Request) -> Response:
        """Serve one page of the list; 400 for an invalid filter."""
        try:
            filters = IncidentFilters.of(request.query_params, self._config)
        except ValueError as error:
            raise HTTPException(400) from error
        return await self._pages.serve(
            request,
            f"/incidents?{filters.query(filters.page)}",
            "incidents.html",
            lambda: incident_listing(self._reads, self._config, filters, now=self._clock.now()),
        )

    async def incident(self, request: Request) -> Response:
        """Serve one incident. Another of its numbers leads to the one that it is cited by."""
        number, language = number_asked(request), language_asked(request)
        settled = number in self._settled
        answer = await self._pages.get(
            f"{language.prefix}/incidents/{number}",
            lambda: self._incident(number, language),
            fresh_s=SETTLED_S if settled else FRESH_S,
        )
        if answer.body is not None and answer.body.startswith(_ELSEWHERE):
            return RedirectResponse(answer.body.removeprefix(_ELSEWHERE).decode(), 302)
        response = self._pages.response(request, answer)
        if number in self._settled:
            response.headers["Cache-Control"] = f"public, max-age={SETTLED_S}"
        return response

    async def incident_data(self, request: Request) -> Response:
        """Serve the stretches that the page of an incident draws, as CSV."""
        number = number_asked(request)
        answer = await self._pages.get(
            f"/incidents/{number}.csv",
            lambda: self._incident_data(number),
        )
        response = self._pages.response(request, answer)
        return as_csv(response, f"incident-{number}")

    async def incident_sheet(self, request: Request) -> Response:
        """Serve what a person sends, and fills in, about an incident: to be printed."""
        number = number_asked(request)
        answer = await self._pages.get(
            f"/incidents/{number}/fiche", lambda: self._incident_sheet(number)
        )
        return self._pages.response(request, answer)

    async def gaps(self, request: Request) -> Response:
        """Serve one page of our own gaps; 400 for an invalid filter."""
        try:
            filters = GapFilters.of(request.query_params)
        except ValueError as error:
            raise HTTPException(400) from error
        return await self._pages.serve(
            request,
            f"/lacunes?{filters.query(filters.page)}",
            "gaps.html",
            lambda: gap_listing(self._reads, self._config, filters, now=self._clock.now()),
        )

    async def verify(self, request: Request) -> Response:
        """Answer of a date, of an incident, of a leaf; 400 for what cannot be asked."""
        language = language_asked(request)
        try:
            question = VerificationQuestion.of(request.query_params, self._config)
        except VerificationRefused as error:
            raise HTTPException(400) from error
        return await self._pages.serve(
            request,
            f"/verifier{question.query}",
            "verify.html",
            lambda: verification_page(
                self._reads,
                self._config,
                question,
                now=self._clock.now(),
                read_leaf=self._leaf,
                language=language,
            ),
            language=language,
        )

    def _view(self, number: int, language: Language = FRENCH) -> IncidentPage | None:
        return incident_page(
            self._reads,
            self._config,
            number,
            now=self._clock.now(),
            read_answers=self._read_answers,
            language=language,
            points=self._points,
        )

    def _incident(self, number: int, language: Language) -> bytes | None:
        view = self._view(number, language)
        if view is None:
            return None
        if view.number != number:
            return _ELSEWHERE + f"{language.prefix}/incidents/{view.number}".encode()
        if view.settled:
            self._settled.add(number)
        return self._pages.render("incident.html", view, f"/incidents/{number}", language)

    def _incident_sheet(self, number: int) -> bytes | None:
        view = self._view(number)
        address = f"/incidents/{number}/fiche"
        return self._pages.render("incident_sheet.html", view, address) if view else None

    def _incident_data(self, number: int) -> bytes | None:
        view = self._view(number)
        return view.drawing.table.csv().encode() if view else None

    def _read_answers(self, copies: Iterable[KeptCopy]) -> Mapping[str, ShownAnswer]:
        return self._answers.read(copies) if self._answers else {}

    def _leaf(self, number: int) -> bytes | None:
        """Return a leaf from the record, else from the journal's files."""
        recent = self._reads.leaves(number, number + 1)
        if recent:
            return recent[0]
        if self._tiles is None:
            return None
        try:
            return self._tiles.entries(number // TILE_WIDTH)[number % TILE_WIDTH]
        except (ProofError, OSError, IndexError):
            return None


_ELSEWHERE = b"\x00"  # before an address: no page begins so
