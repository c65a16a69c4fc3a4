"""`/releve…`: ask for the pieces of a dossier, follow their making, and take them.

The same as JSON: POST and GET `/api/v1/dossiers`. This process passes on what a visitor wrote; the
service judges it, makes the dossier in a process of low priority, and says which link is good.
"""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import jinja2
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from monitor.alerts.throttle import network_of
from monitor.config import Config
from monitor.dossier.online.dossier_wishes import DossierState, DossierWish
from monitor.web.api.interface import PREFIX
from monitor.web.forms import FORM_MAX, client_address, form_fields

NO_STORE: Final = {"Cache-Control": "no-store"}
REFRESH_S: Final = 5
TYPES: Final = {
    ".pdf": "application/pdf",
    ".txt": "text/plain; charset=utf-8",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".wacz": "application/wacz",
    ".zip": "application/zip",
}
API: Final = f"{PREFIX}/dossiers"

AskForDossier = Callable[[DossierWish], Awaitable[DossierState]]


class DossierRoutes:
    """The pages of dossiers. `ask` passes a request on to the service."""

    def __init__(
        self, ask: AskForDossier, *, config: Config, templates: jinja2.Environment, folder: Path
    ) -> None:
        self._ask = ask
        self._config = config
        self._templates = templates
        self._folder = folder

    def routes(self) -> list[Route]:
        return [
            Route("/releve", self.form),
            Route("/releve", self.make, methods=["POST"]),
            Route("/releve/{token}", self.follow),
            Route("/releve/{token}/{name}", self.file),
            Route(API, self.make_for_program, methods=["POST"]),
            Route(f"{API}/{{token}}", self.follow_for_program),
        ]

    async def form(self, _: Request) -> Response:
        """Serve the empty form."""
        return self._form({})

    async def make(self, request: Request) -> Response:
        """Ask for a dossier, then lead to the page that follows it."""
        fields = {name: values[0] for name, values in (await form_fields(request)).items()}
        wish = _wish(fields, network=network_of(client_address(request)))
        if wish is None:
            return self._form(fields, 422)
        state = await self._ask(wish)
        if state.outcome == "busy":
            return self._shown("dossier_message.html", 429, what="trop")
        return Response(None, 303, {**NO_STORE, "Location": f"/releve/{state.token}"})

    async def follow(self, request: Request) -> Response:
        """Show how far a dossier is; its files, once it is finished."""
        state = await self._look(request)
        if state.outcome == "gone":
            return self._shown("dossier_message.html", 410, what="lien")
        refresh = REFRESH_S if state.outcome in {"waiting", "working"} else 0
        return self._shown("dossier_progress.html", state=state, refresh=refresh)

    async def file(self, request: Request) -> Response:
        """Serve a file of a dossier, as long as its link is good."""
        state = await self._look(request)
        name = request.path_params["name"]
        names = {file.name for file in state.files} | {state.whole}
        path = self._folder / state.folder / name
        if state.outcome != "done" or name not in names or not path.is_file():
            return self._shown("dossier_message.html", 410, what="lien")
        headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}
        return FileResponse(path, headers=headers, media_type=TYPES.get(path.suffix))

    async def make_for_program(self, request: Request) -> Response:
        """Ask for a dossier in JSON; the answer says where to look."""
        try:
            fields = json.loads(await _body(request))
            wish = DossierWish.model_validate(
                {**fields, "wish": "make", "network": network_of(client_address(request))}
            )
        except (ValueError, TypeError, RecursionError):
            return _problem(422, "Demande illisible", "Voir docs/interroger.md, « Un dossier ».")
        state = await self._ask(wish)
        if state.outcome == "busy":
            return _problem(429, "Trop de demandes", "Recommencer dans une heure.")
        where = {"Location": f"{API}/{state.token}"}
        return JSONResponse(_shape(state), 202, {**NO_STORE, **where})

    async def follow_for_program(self, request: Request) -> Response:
        """Answer how far a dossier is, in JSON."""
        state = await self._look(request)
        if state.outcome == "gone":
            return _problem(
                410, "Lien inconnu", "Ce lien n’est pas d’ici, ou sa journée est finie."
            )
        return JSONResponse(_shape(state), headers=NO_STORE)

    async def _look(self, request: Request) -> DossierState:
        try:
            wish = DossierWish(wish="look", token=request.path_params["token"])
        except ValidationError:
            return DossierState(outcome="gone")
        return await self._ask(wish)

    def _form(self, fields: dict[str, str], status: int = 200) -> Response:
        typed = {name: fields.get(name, "") for name in ("quoi", "incident", "du", "au")}
        return self._shown("dossier_form.html", status, typed=typed, wrong=status != 200)  # noqa: PLR2004 -- as HTTP has it

    def _shown(self, template: str, status: int = 200, **values: object) -> Response:
        page = self._templates.get_template(template).render(**({"refresh": 0} | values))
        return HTMLResponse(page, status, NO_STORE)


def _wish(fields: dict[str, str], *, network: str) -> DossierWish | None:
    """Read a form; None for one that cannot be asked."""
    about, _, name = fields.get("quoi", "").partition(":")
    incident = fields.get("incident", "").strip()
    if incident:
        about, name = "incident", incident
    try:
        wish = DossierWish.model_validate(
            {
                "wish": "make",
                "about": about,
                "name": name,
                "since": fields.get("du", ""),
                "until": fields.get("au", ""),
                "expiry": fields.get("expiration", ""),
                "reader": fields.get("pour", "avocat"),
                "pages": "pages" in fields,
                "network": network,
            }
        )
    except ValidationError:
        return None
    return wish if wish.since or wish.about == "incident" else None


def _shape(state: DossierState) -> dict[str, Any]:
    """Return what a program is told."""
    shape = state.model_dump(mode="json", exclude={"folder"})
    base = f"/releve/{state.token}"
    for file in shape["files"]:
        file["url"] = f"{base}/{file['name']}"
    return {
        **shape,
        "url": f"{API}/{state.token}",
        "archive": f"{base}/{state.whole}" if state.whole else None,
    }


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > FORM_MAX:
                raise ValueError("too long")
    except ClientDisconnect:
        return b""
    return bytes(body)


def _problem(status: int, title: str, detail: str) -> Response:
    """Return an answer of RFC 9457."""
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(problem, status, NO_STORE, "application/problem+json")
