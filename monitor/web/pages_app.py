"""The ASGI application: routes and their answers.

Answers are made in a few threads, once for all who wait for them, and cached for a while
(`answer_cache`); `/sante` waits for none of these (`checkup`).
"""

from functools import partial
from pathlib import Path
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from monitor.attest.point_reader import PointReader
from monitor.config import Config
from monitor.core.language import Language
from monitor.evidence.log.mirror import verifier_sha256
from monitor.evidence.witness.witness_memory import Witness
from monitor.runtime.clock import Clock
from monitor.translations import LANGUAGES
from monitor.web.api.interface import PREFIX, Interface
from monitor.web.document_routes import document_routes
from monitor.web.dossier_routes import AskForDossier, DossierRoutes
from monitor.web.feed_routes import FeedRoutes
from monitor.web.journal_routes import journal_routes
from monitor.web.page_text_routes import PageTextRoutes
from monitor.web.place_routes import PlaceRoutes
from monitor.web.record_reads import RecordReads
from monitor.web.record_routes import RecordRoutes
from monitor.web.screen_routes import ScreenRoutes
from monitor.web.security import HEADERS, Guard
from monitor.web.serving.answer_cache import AnswerCache, CachedAnswer
from monitor.web.serving.cached_pages import CachedPages
from monitor.web.serving.checkup import Checkup
from monitor.web.subscription_routes import Subscribe, SubscriptionRoutes
from monitor.web.templating import STATIC, environment
from monitor.web.translated_pages import french_address, in_every_language, language_asked
from monitor.web.upload_routes import UploadRoutes
from monitor.web.views.health import Health, health
from monitor.web.views.interface_page import interface_view
from monitor.web.views.overview import overview
from monitor.web.views.rates import RatesRefused
from monitor.web.views.verification_page import VerificationRefused
from monitor.web.witness_routes import witness_routes

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
DAY_S = 86_400.0
NAME_MAX = 100  # characters of a target in a query
METRICS_S = 1.0  # how long the text is cached
FILES = 2  # threads that read files


class Metrics(Protocol):
    """The text for Prometheus, wherever it is rendered."""

    async def metrics(self) -> bytes:
        """Return the text of `/metrics`."""
        ...

    async def probe(self, slug: str) -> bytes:
        """Return blackbox_exporter's text for one target. Raises KeyError for an unknown one."""
        ...


def build(  # noqa: PLR0913 -- the seams of the application, named at the one call
    reads: RecordReads,
    *,
    config: Config,
    clock: Clock,
    point: str,
    metrics: Metrics,
    version: str,
    journal: Path | None = None,
    captures: Path | None = None,
    journal_key: str = "",
    witness: Witness | None = None,
    interface: Interface | None = None,
    subscriptions: Subscribe | None = None,
    dossiers: AskForDossier | None = None,
    made_dossiers: Path | None = None,
    points: PointReader | None = None,
    window_s: float = DAY_S,
    fresh_s: float = 10.0,
) -> Starlette:
    """Return the application. It never probes, and writes only the state of the witness.

    Args:
        reads: The record; called from worker threads.
        config: The effective configuration.
        clock: The source of `now`.
        point: Name of the point of measure, shown to readers.
        metrics: Renders `/metrics` and `/probe`.
        version: Of the program, shown to readers.
        journal: Folder of the journal, served unchanged; None serves none.
        captures: Folder of the bytes that were kept, of which pages quote a few words; None: none.
        journal_key: Its verifier key, shown to readers.
        witness: Cosigns the journals of others; None cosigns none.
        interface: The programming interface, for `/api/v1/`; None serves none.
        subscriptions: Passes on what visitors ask of alerts; None serves none of their pages.
        dossiers: Passes on what visitors ask of dossiers; None serves none of their pages.
        made_dossiers: Folder of the dossiers that were made for visitors.
        points: Reads the records of the other points; None when there are none.
        window_s: Length of the period shown by the first page, in seconds.
        fresh_s: Seconds during which the first page is served from the cache, at least; longer
            when it takes long to make, so that visitors never slow down the probes.

    """
    pages = _Pages(
        reads=reads,
        journal=journal,
        captures=captures,
        journal_key=journal_key,
        config=config,
        clock=clock,
        point=point,
        version=version,
        interface=interface,
        subscriptions=subscriptions,
        dossiers=dossiers,
        window_s=window_s,
        fresh_s=fresh_s,
        points=points,
    )
    texts = AnswerCache(clock.monotonic_us)
    files = AnswerCache(clock.monotonic_us, makers=FILES, compress=False)
    releve = (
        DossierRoutes(
            dossiers, config=config, templates=pages.templates, folder=made_dossiers
        ).routes()
        if dossiers and made_dossiers
        else []
    )
    app = Starlette(
        routes=[
            *in_every_language("/", pages.home),
            *(Route(f"/{code}", pages.lead_home) for code in LANGUAGES),
            Route("/sante", pages.health),
            Route("/metrics", partial(_metrics, metrics=metrics, texts=texts)),
            Route("/probe", partial(_probe, metrics=metrics, texts=texts, config=config)),
            *(journal_routes(journal, files) if journal else ()),
            *(witness_routes(witness, clock.now, files) if witness else ()),
            *pages.places.routes(),
            *pages.faces.routes(),
            *pages.screens.routes(),
            *pages.records.routes(),
            *pages.feeds.routes(),
            *pages.documents,
            *releve,
            *UploadRoutes(reads, templates=pages.templates, journal_key=journal_key).routes(),
            *pages.interface_routes(),
            *pages.subscription_routes(),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={HTTPException: pages.refused, Exception: pages.failed},
    )
    # Starlette's redirections are absolute, to whatever host the request names.
    app.router.redirect_slashes = False
    return app


class _Pages:
    """The pages for people, and the health for supervisors."""

    def __init__(  # noqa: PLR0913 -- see `build`
        self,
        *,
        reads: RecordReads,
        config: Config,
        clock: Clock,
        point: str,
        version: str,
        journal: Path | None,
        captures: Path | None,
        journal_key: str,
        interface: Interface | None,
        subscriptions: Subscribe | None,
        dossiers: AskForDossier | None,
        window_s: float,
        fresh_s: float,
        points: PointReader | None,
    ) -> None:
        self._reads = reads
        self._config = config
        self._clock = clock
        self._window_s = window_s
        self._fresh_s = fresh_s
        self._points = points
        self.templates = environment(version=version)
        self.templates.globals.update(
            config=config,
            point=point,
            journal_key=journal_key,
            verifier_sha256=verifier_sha256(),
            interface=interface is not None,
            alerts=subscriptions is not None,
            dossiers=dossiers is not None,
            several_points=points is not None,
        )
        self._subscriptions = subscriptions
        self._interface = interface
        self._cache = AnswerCache(clock.monotonic_us)
        self._checkup = Checkup(self._health, clock.monotonic_us)
        self._pages = pages = CachedPages(self.templates, self._cache, keep=bool(fresh_s))
        self.places = PlaceRoutes(reads, config=config, clock=clock, pages=pages)
        self.faces = PageTextRoutes(reads, config=config, clock=clock, pages=pages, points=points)
        self.records = RecordRoutes(
            reads, config=config, clock=clock, pages=pages, journal=journal, captures=captures,
            points=points,
        )  # fmt: skip
        self.screens = ScreenRoutes(reads, captures=captures, pages=pages)
        self.feeds = FeedRoutes(reads, config=config, pages=pages)
        self.documents = document_routes(
            pages.translated, config=config, journal=journal is not None
        )

    def interface_routes(self) -> list[BaseRoute]:
        """Return the routes of the programming interface: its page, then all that it answers."""
        if self._interface is None:
            return []
        page = self.templates.get_template("interface.html").render(
            view=interface_view(self._interface.description, self._config.publisher.site),
            address=f"{PREFIX}/",
        )
        headers = {"Cache-Control": "public, max-age=3600"}

        async def show(_: Request) -> Response:
            return HTMLResponse(page, headers=headers)

        async def lead(_: Request) -> Response:
            # Relative: nothing of an answer comes from the host that a request names.
            return Response(status_code=308, headers={**headers, "Location": f"{PREFIX}/"})

        return [
            Route(PREFIX, lead),
            Route(f"{PREFIX}/", show),
            Mount(PREFIX, app=self._interface.app),
        ]

    def subscription_routes(self) -> list[Route]:
        """Return the pages of subscriptions; none without a mail server."""
        if self._subscriptions is None:
            return []
        return SubscriptionRoutes(
            self._subscriptions, config=self._config, templates=self._pages.translated
        ).routes()

    async def home(self, request: Request) -> Response:
        """Serve the current state, rendered once for all visitors of a language."""
        language = language_asked(request)
        answer = await self._pages.get(
            f"{language.prefix}/", lambda: self._home(language), fresh_s=self._fresh_s
        )
        return self._pages.response(request, answer, browser_s=0)

    async def lead_home(self, request: Request) -> Response:
        """Lead from the code of a language to the first page in it."""
        # Relative: nothing of an answer comes from the host that a request names.
        return Response(status_code=308, headers={"Location": f"{language_asked(request).prefix}/"})

    async def health(self, _: Request) -> Response:
        """Answer 200 or 503, with the reason in JSON. Nothing in it is secret."""
        status, details = await self._checkup.latest()
        return JSONResponse(details, status_code=status, headers={"Cache-Control": "no-store"})

    async def refused(self, request: Request, error: Exception) -> Response:
        """Serve an error page, such as 404."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        cause = error.__cause__
        why = str(cause) if isinstance(cause, RatesRefused | VerificationRefused) else ""
        return HTMLResponse(self._error(request, status, why), status_code=status, headers=headers)

    async def failed(self, request: Request, _: Exception) -> Response:
        """Serve 500, outside the middleware, hence with its headers."""
        headers = {**HEADERS, "Cache-Control": "no-store"}
        return HTMLResponse(self._error(request, 500), status_code=500, headers=headers)

    def _health(self) -> Health:
        return health(self._reads, config=self._config, now=self._clock.now())

    def _home(self, language: Language) -> bytes:
        view = overview(
            self._reads,
            config=self._config,
            now=self._clock.now(),
            window_s=self._window_s,
            language=language,
            points=self._points,
        )
        return self._pages.render("home.html", view, "/", language)

    def _error(self, request: Request, status: int, why: str = "") -> str:
        template = self._pages.translated.get("error.html", language_asked(request))
        return template.render(status=status, why=why, french=french_address(request), address="")


async def _metrics(request: Request, *, metrics: Metrics, texts: AnswerCache) -> Response:
    answer = await texts.ask("metrics", metrics.metrics, fresh_s=METRICS_S)
    return _exposed(request, answer)


async def _probe(
    request: Request, *, metrics: Metrics, texts: AnswerCache, config: Config
) -> Response:
    """Answer as blackbox_exporter does, from the last observation; `module` changes nothing."""
    target = request.query_params.get("target", "")
    no_store = {"Cache-Control": "no-store"}
    if not target or len(target) > NAME_MAX:
        text = f"target: requis, {NAME_MAX} caractères au plus\n"
        return Response(text, 400, no_store, "text/plain")
    if target not in config.by_slug:
        return Response("cible inconnue\n", 404, no_store, "text/plain")
    answer = await texts.ask(f"probe {target}", partial(metrics.probe, target), fresh_s=METRICS_S)
    return _exposed(request, answer)


def _exposed(request: Request, answer: CachedAnswer) -> Response:
    body, encoding = answer.encoded(request)
    headers = {"Cache-Control": "no-store", **encoding}
    return Response(body, media_type=EXPOSITION, headers=headers)
