"""A local page on which a person decides of each proposal, with both versions side by side.

It listens on 127.0.0.1 alone. Its address holds a secret, without which nothing is shown or
decided: neither another user of the machine nor a page of the web knows it. The host that a browser
names must be this machine: a name of somebody else's that leads here is refused (DNS rebinding).
"""

import asyncio
import secrets
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.core.french.formatting import count
from monitor.runtime.errors import VigieError
from monitor.survey.acceptance import NotWritten, ProposalChoice
from monitor.survey.decision_desk import DecisionDesk
from monitor.survey.proposal_comparison import ComparedLine
from monitor.survey.report_page import TEMPLATES
from monitor.survey.surprise import KIND_WORDS
from monitor.web.forms import form_fields
from monitor.web.security import Guard
from monitor.web.serving.http_server import WebServer

ADDRESS = "127.0.0.1"
VISITS = 16  # connections at once: one person's browser
TOKEN_BYTES = 24
LATER = "plus-tard"
_HERE = frozenset({ADDRESS, "localhost"})
_OWN = frozenset({"same-origin", "none"})  # of Sec-Fetch-Site
_CHOICES: Mapping[str, ProposalChoice] = {
    "oui": ProposalChoice.ACCEPTED,
    "non": ProposalChoice.REFUSED,
}
_DECIDED = {ProposalChoice.ACCEPTED: "acceptée", ProposalChoice.REFUSED: "refusée"}
# With "no-referrer", browsers would name no origin in the forms of this very page.
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}


class DecisionPage:
    """The page, and what was decided on it.

    Attributes:
        path: Of the page; it holds the secret.
        ended: Set when the person says that it is over.

    """

    def __init__(self, desk: DecisionDesk, *, token: str = "") -> None:
        token = token or secrets.token_urlsafe(TOKEN_BYTES)
        self.path = f"/{token}/"
        self.ended = asyncio.Event()
        self._desk = desk
        self._choices: dict[int, ProposalChoice] = {}  # by the number of the proposal
        self._deciding = asyncio.Lock()
        self.app = Starlette(
            routes=[
                Route("/{token}/", self._start),
                Route("/{token}/style.css", self._style),
                Route("/{token}/fin", self._end, methods=["POST"]),
                Route("/{token}/{number:int}", self._proposal),
                Route("/{token}/{number:int}", self._decide, methods=["POST"]),
            ],
            middleware=[Middleware(Guard), Middleware(LocalOnly, token=token)],
        )

    @property
    def left(self) -> int:
        """The number of proposals that nothing was decided of."""
        return len(self._desk.proposals) - len(self._choices)

    async def _start(self, _: Request) -> Response:
        return self._go_on(after=0)

    async def _style(self, _: Request) -> Response:
        text = TEMPLATES.get_template("survey.css").render()
        return Response(text, media_type="text/css", headers=_HEADERS)

    async def _proposal(self, request: Request) -> Response:
        return await self._shown(request.path_params["number"])

    async def _decide(self, request: Request) -> Response:
        number = request.path_params["number"]
        (word,) = (await form_fields(request)).get("choix", [""])[:1]
        if not 1 <= number <= len(self._desk.proposals):
            return _refusal(404)
        choice = _CHOICES.get(word)
        if choice is None and word != LATER:
            return _refusal(400)
        async with self._deciding:  # two clicks decide once
            before = self._choices.get(number)
            if choice is not None and before not in {None, choice}:
                fault = "Elle a été décidée autrement dans une autre fenêtre. Rien n’a été changé."
                return await self._shown(number, fault=fault)
            if choice is not None and before is None:
                surprise = self._desk.proposals[number - 1]
                try:
                    await asyncio.to_thread(self._desk.decide, surprise, choice)
                except NotWritten as error:
                    return await self._shown(number, fault=str(error))
                except VigieError as error:
                    self._choices[number] = choice
                    return await self._shown(number, fault=str(error))
                self._choices[number] = choice
        return self._go_on(after=number)

    async def _end(self, _: Request) -> Response:
        self.ended.set()
        return self._page("decisions_end.html")

    def _go_on(self, *, after: int) -> Response:
        """Lead to the next proposal that nothing was decided of, or to the last one."""
        total = len(self._desk.proposals)
        numbers = (*range(after + 1, total + 1), *range(1, after + 1))
        number = next((n for n in numbers if n not in self._choices), max(after, 1))
        return RedirectResponse(f"{self.path}{number}", 303, _HEADERS)

    async def _shown(self, number: int, *, fault: str = "") -> Response:
        proposals = self._desk.proposals
        if not 1 <= number <= len(proposals):
            return _refusal(404)
        surprise, lines = proposals[number - 1], tuple[ComparedLine, ...]()
        if number not in self._choices:
            try:
                lines = await asyncio.to_thread(self._desk.compared, surprise)
            except NotWritten as error:
                fault = fault or str(error)
        return self._page(
            "decisions.html",
            status=409 if fault else 200,
            number=number,
            surprise=surprise,
            lines=lines,
            target=self._desk.targets.get(surprise.id),
            fault=fault,
            choice=self._choices.get(number),
            choices=self._choices,
            decided=_DECIDED,
            proposals=proposals,
        )

    def _page(self, name: str, *, status: int = 200, **values: object) -> Response:
        text = TEMPLATES.get_template(name).render(
            path=self.path, kinds=KIND_WORDS, left_words=left_words(self.left), **values
        )
        return HTMLResponse(text, status, _HEADERS)


class LocalOnly:
    """Middleware that answers the person alone who was given the address."""

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            token = scope["path"].split("/")[1]
            if not secrets.compare_digest(token.encode(errors="replace"), self._token):
                return await _refusal(404)(scope, receive, send)
            if not _is_own(Request(scope)):
                return await _refusal(403)(scope, receive, send)
        return await self._app(scope, receive, send)


def _is_own(request: Request) -> bool:
    """Return whether a request names this machine, and comes from this page or from nowhere."""
    host = request.headers.get("host", "")
    try:
        here = urlsplit(f"//{host}").hostname in _HERE
    except ValueError:
        return False
    origin = request.headers.get("origin", f"http://{host}")
    return (
        here
        and origin == f"http://{host}"
        and request.headers.get("sec-fetch-site", "none") in _OWN
    )


def left_words(left: int) -> str:
    """Return how many proposals nothing was decided of, in French."""
    return f"{count(left, 'proposition')} à décider." if left else "Tout est décidé."


def _refusal(status: int) -> Response:
    words = {400: "Choix inconnu.", 403: "Refusé.", 404: "Rien à cette adresse."}
    return PlainTextResponse(f"{words[status]}\n", status, _HEADERS)


def listening() -> socket.socket:
    """Bind a port of this machine that is free. Raises OSError."""
    one = socket.socket()
    try:
        one.bind((ADDRESS, 0))
    except OSError:
        one.close()
        raise
    return one


async def serve(page: DecisionPage, bound: socket.socket, stop: asyncio.Event) -> None:
    """Serve the page until its person ends it, or until `stop`."""
    server = WebServer(page.app, bound, visits=VISITS)

    async def until_over() -> None:
        waits = {asyncio.create_task(event.wait()) for event in (page.ended, stop)}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        server.stop()

    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve())
        group.create_task(until_over())
