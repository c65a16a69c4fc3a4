"""The interface over HTTP: FastAPI reads the parameters, and describes them.

Answers are made in a thread of their own, once for all who ask, and kept (`answer_cache`): whoever
asks this much of us delays no page. An answer has a weak tag: of the question, of the last leaf
of the record, and of the present where the question depends on it.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any

import structlog
from fastapi import FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.attest.point_reader import PointReader
from monitor.config import Config
from monitor.runtime.clock import Clock
from monitor.store import StoreError
from monitor.web.api import models, problem_details, questions
from monitor.web.api.dossier_description import described_dossiers
from monitor.web.api.interface import PREFIX, Interface
from monitor.web.api.interface_reads import InterfaceReads
from monitor.web.api.point_answers import availability_answer, points_answer
from monitor.web.api.problem_details import QuestionFaults
from monitor.web.api.record_answers import Answers, named
from monitor.web.serving.answer_cache import AnswerCache, Busy, CachedAnswer, has_tag

FRESH_S = 60.0  # an answer is kept for so long: its name has the record's last leaf
MARK_S = 1.0  # the last leaf is looked for once in this time
PRESENT_S = 10  # "now" is the same for so long
BROWSER_S = 10
WAIT_S = 12.0  # the longest that an answer is waited for: a little more than one read may take
DAY_S = 86_400
DEPARTMENTS = "/departements.geojson"
POINTS = "/points"
METHODS = "GET, HEAD, OPTIONS"

log = structlog.get_logger(__name__)


def build_interface(  # noqa: PLR0913 -- keyword-only: what it answers from
    reads: InterfaceReads,
    *,
    config: Config,
    clock: Clock,
    version: str,
    dossiers: bool = False,
    points: PointReader | None = None,
) -> Interface:
    """Return the interface. It reads the record from a worker thread and writes nothing.

    `dossiers`: whether those are made for programs too, which the pages answer. `points` reads the
    records of other points; without any, nothing is at `/points`.
    """
    service = _RecordService(reads, config=config, clock=clock, version=version, points=points)
    app = FastAPI(
        title="Vigie ANEF",
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={
            RequestValidationError: _refuse_parameters,
            HTTPException: _refuse,
            QuestionFaults: _refuse_question,
            Exception: _fail,
        },
    )
    places = {**service.places(), **service.bare_places()}
    for path, place in places.items():
        app.add_api_route(
            path,
            place.endpoint,
            response_model=None,
            response_class=JSONResponse,
            responses={
                HTTPStatus.OK.value: {"model": place.model},
                "default": {"model": models.ProblemJson},
            },
            summary=place.summary,
            description=place.description,
            operation_id="departments" if path == DEPARTMENTS else path.removeprefix("/"),
        )
    described = _described(app)
    if dossiers:
        paths_of_dossiers, schemas = described_dossiers()
        described["paths"] |= paths_of_dossiers
        described["components"]["schemas"] |= schemas
    text = json.dumps(described, ensure_ascii=False).encode()
    tag = f'"{sha256(text).hexdigest()[:32]}"'

    async def describe(request: Request) -> Response:
        headers = {"Cache-Control": f"public, max-age={DAY_S}", "ETag": tag}
        _require_bare(request)
        if has_tag(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        return Response(text, headers=headers, media_type="application/json")

    app.add_route("/openapi.json", describe)
    paths = {*places, "/openapi.json"}
    return Interface(app=_Edge(app, paths, config.api_origin), description=described)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfacePlace:
    """What is at one path: its endpoint, the model of its answer, and what is said of it."""

    endpoint: Callable[..., Any]
    model: type[models.Exact]
    summary: str
    description: str


# By the name of the method of `_RecordService`, which is the path too.
_PLACES: Mapping[str, tuple[type[models.Exact], str, str]] = {
    "targets": (
        models.TargetsAnswerJson,
        "Les cibles et leur état",
        "Ce qui est surveillé, ou l’a été, avec le dernier état relevé.",
    ),
    "observations": (
        models.ObservationsAnswerJson,
        "Les relevés d’une cible",
        (
            "Un par un, avec verdict, raison, règle, durées par phase et numéro de feuille. Jamais "
            f"le contenu des pages. {questions.OBSERVED_DAYS} jours au plus par demande."
        ),
    ),
    "outages": (
        models.OutagesAnswerJson,
        "Les indisponibilités",
        (
            "Celles qui touchent la période, les plus récentes d’abord ; les mots sont ceux de "
            "« vigie outages »."
        ),
    ),
    "incidents": (
        models.IncidentsAnswerJson,
        "Les incidents",
        (
            "Les indisponibilités d’une même plateforme qui se recouvrent, réunies ; les mots sont "
            "ceux de « vigie incidents »."
        ),
    ),
    "availability": (
        models.AvailabilityAnswerJson,
        "Les taux de disponibilité",
        (
            "Avec leurs bornes et leur couverture : les mêmes chiffres que « vigie availability ». "
            "Chaque paramètre nomme un ensemble ; sans aucun : l’ANEF, ses composants et les "
            "préfectures."
        ),
    ),
    "changes": (
        models.ChangesAnswerJson,
        "Les modifications des pages",
        (
            "Les plus récentes d’abord ; les mots sont ceux de « vigie changes ». Une seule "
            "avec « number »."
        ),
    ),
    "at": (
        models.AtAnswerJson,
        "Une cible à un instant",
        (
            "Ce qui a été relevé de part et d’autre, et si l’on peut dire quelque chose de "
            "l’instant ; les mots sont ceux de « vigie at »."
        ),
    ),
    "gaps": (
        models.GapsAnswerJson,
        "Nos lacunes",
        ("Les relevés prévus et non faits, et pourquoi ; les mots sont ceux de « vigie gaps »."),
    ),
}


class _RecordService:
    """Answers each place of the interface."""

    def __init__(
        self,
        reads: InterfaceReads,
        *,
        config: Config,
        clock: Clock,
        version: str,
        points: PointReader | None,
    ) -> None:
        self._reads = reads
        self._points = points
        self._answers = Answers(reads, config)
        self._clock = clock
        self._kept = AnswerCache(clock.monotonic_us)
        # A thread of its own: who has an answer already waits behind no other.
        self._marks = AnswerCache(clock.monotonic_us)
        # What figures are made with is not in the digest of the configuration.
        self._made_with = f"{version} {config.sha256} {config.figures!r}"

    def places(self) -> Mapping[str, InterfacePlace]:
        """Return what is at each path."""
        return {
            f"/{name}": InterfacePlace(
                endpoint=getattr(self, name), model=model, summary=summary, description=description
            )
            for name, (model, summary, description) in _PLACES.items()
        }

    def bare_places(self) -> Mapping[str, InterfacePlace]:
        """Return what is at each path that takes no parameter."""
        places = {
            DEPARTMENTS: InterfacePlace(
                endpoint=self.map,
                model=models.DepartmentsJson,
                summary="La carte des départements",
                description="GeoJSON (RFC 7946) : contours et état le plus grave. Sans paramètre.",
            )
        }
        if self._points is not None:
            places[POINTS] = InterfacePlace(
                endpoint=self.points,
                model=models.PointsAnswerJson,
                summary="Ce que disent les points de mesure",
                description="Ceux que nous suivons, et l’état de chaque cible. Sans paramètre.",
            )
        return places

    async def targets(
        self, request: Request, question: Annotated[questions.TargetsQuestion, Query()]
    ) -> Response:
        return await self._answer(request, question, self._answers.targets)

    async def observations(
        self, request: Request, question: Annotated[questions.ObservationsQuestion, Query()]
    ) -> Response:
        return await self._answer(request, question, self._answers.observations)

    async def outages(
        self, request: Request, question: Annotated[questions.OutagesQuestion, Query()]
    ) -> Response:
        return await self._answer(request, question, self._answers.outages)

    async def incidents(
        self, request: Request, question: Annotated[questions.IncidentsQuestion, Query()]
    ) -> Response:
        return await self._answer(request, question, self._answers.incidents)

    async def availability(
        self, request: Request, question: Annotated[questions.AvailabilityQuestion, Query()]
    ) -> Response:
        answer = partial(availability_answer, self._points, self._answers)
        return await self._answer(request, question, answer)

    async def changes(
        self, request: Request, question: Annotated[questions.ChangesQuestion, Query()]
    ) -> Response:
        return await self._answer(request, question, self._answers.changes)

    async def at(
        self, request: Request, question: Annotated[questions.AtQuestion, Query()]
    ) -> Response:
        return await self._answer(request, question, self._answers.at)

    async def gaps(
        self, request: Request, question: Annotated[questions.GapsQuestion, Query()]
    ) -> Response:
        return await self._answer(request, question, self._answers.gaps)

    async def map(self, request: Request) -> Response:
        """Answer with the outlines of the departments, and what is known of each."""
        _require_bare(request)
        return await self._answer(request, questions.MapQuestion(), self._answers.map)

    async def points(self, request: Request) -> Response:
        _require_bare(request)
        answer = partial(points_answer, self._points, self._reads)
        return await self._answer(request, questions.PointsQuestion(), answer)

    async def _answer(
        self,
        request: Request,
        question: questions.InterfaceQuestion,
        make: Callable[[Any, datetime], dict[str, Any]],
    ) -> Response:
        _require_single(request)
        now = self._present()
        open_ended = question.needs_present(now)
        try:
            async with asyncio.timeout(WAIT_S):
                mark = await self._mark()
                name = f"{named(question)} {question.model_dump_json()} {mark} {self._made_with}"
                name += f" {now.isoformat()}" if open_ended else ""
                tag = f'W/"{sha256(name.encode()).hexdigest()[:32]}"'
                headers = {"Cache-Control": f"public, max-age={BROWSER_S}", "ETag": tag}
                if has_tag(request.headers.get("if-none-match", ""), tag.removeprefix("W/")):
                    return Response(status_code=304, headers=headers)
                answer = await self._kept.get(
                    name, lambda: _encoded(make(question, now)), fresh_s=FRESH_S
                )
        except TimeoutError:
            return problem_details.response(503, "La réponse est trop longue à établir.")
        except Busy:
            return problem_details.response(503)
        except StoreError as error:
            log.warning("interface without an answer", why=str(error))
            return problem_details.response(503, "Le registre ne répond pas, ou pas assez vite.")
        body, encoding = answer.encoded(request)
        return Response(body, headers=headers | encoding, media_type="application/json")

    async def _mark(self) -> str:
        """Return what changes whenever something is recorded."""
        answer: CachedAnswer = await self._marks.get(
            "mark", lambda: str(self._reads.leaf_count()).encode(), fresh_s=MARK_S
        )
        return (answer.body or b"").decode()

    def _present(self) -> datetime:
        now_s = int(self._clock.now().timestamp())
        return datetime.fromtimestamp(now_s - now_s % PRESENT_S, UTC)


def _encoded(answer: Mapping[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _require_bare(request: Request) -> None:
    """Raise QuestionFaults for any parameter."""
    _require_single(request)
    if request.query_params:
        raise QuestionFaults(HTTPStatus.BAD_REQUEST, "Cette adresse n’a aucun paramètre.")


def _require_single(request: Request) -> None:
    """Raise QuestionFaults for a parameter that is written twice."""
    if faults := questions.doubled(request.query_params.multi_items()):
        raise QuestionFaults(HTTPStatus.BAD_REQUEST, "", *faults)


async def _refuse_parameters(request: Request, error: Exception) -> Response:
    known = _known_parameters(request)
    errors = error.errors() if isinstance(error, RequestValidationError) else ()
    return problem_details.response(400, "", questions.faults(errors, known))


def _known_parameters(request: Request) -> list[str]:
    """Return the parameters of the place that was asked."""
    params = getattr(getattr(request.scope.get("route"), "dependant", None), "query_params", ())
    model = params[0].field_info.annotation if params else questions.InterfaceQuestion
    return [field.alias or name for name, field in model.model_fields.items()]


async def _refuse_question(_: Request, error: Exception) -> Response:
    if not isinstance(error, QuestionFaults):
        return problem_details.response(500)
    return problem_details.response(error.status, error.detail, error.faults)


async def _refuse(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return problem_details.response(status)


async def _fail(_: Request, __: Exception) -> Response:
    return problem_details.response(500)


def _described(app: FastAPI) -> dict[str, Any]:
    """Return the description of the interface: OpenAPI 3.1."""
    description: dict[str, Any] = get_openapi(
        title="Vigie ANEF",
        version=app.version,
        description="Le registre des indisponibilités, en lecture seule et sans compte.",
        routes=app.routes,
        servers=[{"url": PREFIX}],
    )
    for operations in description["paths"].values():
        answers = operations["get"]["responses"]
        problem = answers["default"]
        problem["description"] = "Problème (RFC 9457)"
        problem["content"] = {problem_details.MEDIA_TYPE: problem["content"]["application/json"]}
        answers["200"]["description"] = "Réponse"
        answers["304"] = {"description": "Inchangé depuis l’étiquette de « If-None-Match »"}
    return description


class _Edge:
    """What holds for every answer of the interface: its methods, and who may read it.

    HEAD is GET without its body. The header of CORS is the same whoever asks, so that no cache
    has to tell them apart.
    """

    def __init__(self, app: ASGIApp, paths: set[str], origin: str) -> None:
        self._app = app
        self._paths = paths
        self._shared = (
            {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Expose-Headers": "ETag, Retry-After",
                "Cross-Origin-Resource-Policy": "cross-origin",
            }
            if origin
            else {}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._shared)
                if message["status"] == HTTPStatus.METHOD_NOT_ALLOWED:
                    headers["Allow"] = METHODS
            elif head:
                message = {**message, "body": b""}
            await send(message)

        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if scope["method"] == "OPTIONS" and path in self._paths:
            await self._options()(scope, receive, sent)
            return
        await self._app({**scope, "method": "GET"} if head else scope, receive, sent)

    def _options(self) -> Response:
        allowed = {"Allow": METHODS, "Cache-Control": f"max-age={DAY_S}"}
        if self._shared:
            allowed |= {
                "Access-Control-Allow-Methods": METHODS,
                "Access-Control-Allow-Headers": "If-None-Match",
                "Access-Control-Max-Age": str(DAY_S),
            }
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=allowed)
