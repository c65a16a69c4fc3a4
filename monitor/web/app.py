"""The ASGI application: routes, and what each answers."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from monitor.clock import Clock
from monitor.config import Config
from monitor.evidence.mirror import verifier_sha256
from monitor.evidence.witness_files import Witness
from monitor.web.faces import Faces
from monitor.web.health import health
from monitor.web.journal import journal_routes
from monitor.web.overview import overview
from monitor.web.reads import Reads
from monitor.web.security import HEADERS, Guard
from monitor.web.templating import STATIC, environment
from monitor.web.witness import witness_routes

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
DAY_S = 86_400.0
NAME_MAX = 100  # characters of a target in a query

SHARE = 20  # a page is kept this many times as long as it took to make

log = structlog.get_logger()


def build(  # noqa: PLR0913 -- the seams of the application, named at the one call
    reads: Reads,
    *,
    config: Config,
    clock: Clock,
    point: str,
    metrics: Callable[[], bytes],
    probe: Callable[[str], bytes],
    version: str,
    journal: Path | None = None,
    journal_key: str = "",
    witness: Witness | None = None,
    window_s: float = DAY_S,
    fresh_s: float = 10.0,
) -> Starlette:
    """Return the application. It reads and never probes; what it writes is a witness's own.

    Args:
        reads: The record; called from worker threads.
        config: The effective configuration.
        clock: Where `now` comes from.
        point: Name of the point of measure, shown to readers.
        metrics: Renders `/metrics`; called from a worker thread.
        probe: Renders `/probe` for a target's slug; KeyError for an unknown one.
        version: Of the program, shown to readers.
        journal: Folder of the journal, served as it is; None serves none.
        journal_key: Its verifier key, shown to readers.
        witness: Cosigns the journals of others; None cosigns none.
        window_s: Length of the past shown by the first page, in seconds.
        fresh_s: Seconds during which the first page is served again without reading, at
            least; longer when reading takes long, so that visitors never burden the probes.

    """
    pages = _Pages(
        reads=reads,
        journal_key=journal_key,
        config=config,
        clock=clock,
        point=point,
        version=version,
        window_s=window_s,
        fresh_s=fresh_s,
    )
    return Starlette(
        routes=[
            Route("/", pages.home, name="home"),
            Route("/sante", pages.health),
            Route("/metrics", partial(_metrics, metrics=metrics)),
            Route("/probe", partial(_probe, probe=probe)),
            *(journal_routes(journal) if journal else ()),
            *(witness_routes(witness, clock.now) if witness else ()),
            *pages.faces.routes(),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={HTTPException: pages.refused, Exception: pages.failed},
    )


class _Pages:
    """The pages for people, and the health for supervisors."""

    def __init__(  # noqa: PLR0913 -- see `build`
        self,
        *,
        reads: Reads,
        config: Config,
        clock: Clock,
        point: str,
        version: str,
        journal_key: str,
        window_s: float,
        fresh_s: float,
    ) -> None:
        self._reads = reads
        self._config = config
        self._clock = clock
        self._window_s = window_s
        self._fresh_us = round(fresh_s * 1_000_000)
        self._templates = environment(version=version)
        self._templates.globals.update(
            config=config,
            point=point,
            journal_key=journal_key,
            verifier_sha256=verifier_sha256(),
        )
        self.faces = Faces(reads, config=config, clock=clock, templates=self._templates)
        self._busy = anyio.Lock()
        self._made: str | None = None
        self._stale_us = 0  # on the monotonic clock

    async def home(self, _: Request) -> Response:
        """Serve the state now. Many visitors at once cost one reading."""
        async with self._busy:
            begun_us = self._clock.monotonic_us()
            if self._made is None or begun_us >= self._stale_us:
                self._made = await anyio.to_thread.run_sync(self._home)
                made_us = self._clock.monotonic_us()
                self._stale_us = made_us + max(self._fresh_us, SHARE * (made_us - begun_us))
            left_s = max(0, self._stale_us - begun_us) // 1_000_000
            return HTMLResponse(self._made, headers={"Cache-Control": f"public, max-age={left_s}"})

    async def health(self, _: Request) -> Response:
        """Answer 200 or 503, and say why in JSON. Nothing of it is secret."""
        never = {"Cache-Control": "no-store"}
        judge = partial(health, self._reads, config=self._config, now=self._clock.now())
        try:
            found = await anyio.to_thread.run_sync(judge)
        except Exception:  # whatever the store raises, it cannot be read
            log.exception("health unreadable")
            unreadable = {"etat": "en défaut", "magasin": "illisible"}
            return JSONResponse(unreadable, status_code=503, headers=never)
        return JSONResponse(
            dict(found.as_json()), status_code=200 if found.ok else 503, headers=never
        )

    async def refused(self, _: Request, error: Exception) -> Response:
        """Serve 404 and the like."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        return HTMLResponse(self._error(status), status_code=status, headers=headers)

    async def failed(self, _: Request, __: Exception) -> Response:
        """Serve 500, from outside the middleware: the headers are put here."""
        headers = {**HEADERS, "Cache-Control": "no-store"}
        return HTMLResponse(self._error(500), status_code=500, headers=headers)

    def _home(self) -> str:
        view = overview(
            self._reads, config=self._config, now=self._clock.now(), window_s=self._window_s
        )
        return self._templates.get_template("home.html").render(view=view)

    def _error(self, status: int) -> str:
        return self._templates.get_template("error.html").render(status=status)


async def _metrics(_: Request, *, metrics: Callable[[], bytes]) -> Response:
    body = await anyio.to_thread.run_sync(metrics)
    return Response(body, media_type=EXPOSITION, headers={"Cache-Control": "no-store"})


async def _probe(request: Request, *, probe: Callable[[str], bytes]) -> Response:
    """Answer as blackbox_exporter does, from the last observation; `module` changes nothing."""
    target = request.query_params.get("target", "")
    never = {"Cache-Control": "no-store"}
    if not target or len(target) > NAME_MAX:
        text = f"target: requis, {NAME_MAX} caractères au plus\n"
        return Response(text, 400, never, "text/plain")
    try:
        body = probe(target)
    except KeyError:
        return Response("cible inconnue\n", 404, never, "text/plain")
    return Response(body, media_type=EXPOSITION, headers=never)
