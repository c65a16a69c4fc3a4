"""`/abonnement…`: subscribe, confirm, choose and leave, without an account and without a script.

This process passes on what a visitor wrote; the service judges it. A GET changes nothing: programs
that open links before people do must neither confirm nor end a subscription.
"""

from collections.abc import Awaitable, Callable

import jinja2
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from monitor.alerts.requests import SubscriptionAnswer, SubscriptionRequest, Wish
from monitor.alerts.throttle import network_of
from monitor.config import Config
from monitor.core.notices import choices, topics
from monitor.core.notices.notice import Pace
from monitor.core.notices.topics import INCIDENT
from monitor.web.forms import client_address, form_fields
from monitor.web.views.subscription import ChoicesView, choices_view

NO_STORE = {"Cache-Control": "no-store"}

Subscribe = Callable[[SubscriptionRequest], Awaitable[SubscriptionAnswer]]


class SubscriptionRoutes:
    """The pages of subscriptions. `ask` passes a request on to the service."""

    def __init__(self, ask: Subscribe, *, config: Config, templates: jinja2.Environment) -> None:
        self._ask = ask
        self._templates = templates
        parts = config.figures.components
        self._places = choices.places(config.targets, parts)

    def routes(self) -> list[Route]:
        return [
            Route("/abonnement", self.form),
            Route("/abonnement", self.subscribe, methods=["POST"]),
            Route("/abonnement/confirmer/{token}", self.confirmable),
            Route("/abonnement/confirmer/{token}", self.confirm, methods=["POST"]),
            Route("/abonnement/choix/{token}", self.choices),
            Route("/abonnement/choix/{token}", self.choose, methods=["POST"]),
            Route("/abonnement/quitter/{token}", self.leavable),
            Route("/abonnement/quitter/{token}", self.leave, methods=["POST"]),
        ]

    async def form(self, _: Request) -> Response:
        """Serve the empty form."""
        return self._shown("subscribe.html", view=self._view({topics.ANEF, INCIDENT}))

    async def subscribe(self, request: Request) -> Response:
        """Answer the same whether or not the address is known."""
        fields = await form_fields(request)
        wish = _wish(Wish.ASK, fields, network=network_of(client_address(request)))
        if wish is None:
            return self._again(fields)
        answer = await self._ask(wish)
        if answer.outcome == "invalid":
            return self._again(fields)
        if answer.outcome == "busy":
            return self._message("trop", 429)
        return self._message("envoye", 200)

    def _again(self, fields: dict[str, list[str]]) -> Response:
        view = self._view(set(fields.get("sujet", ())))
        return self._shown("subscribe.html", 422, view=view, wrong=True)

    async def confirmable(self, _: Request) -> Response:
        """Show the button that confirms."""
        return self._shown("subscription_button.html", use="confirmer")

    async def confirm(self, request: Request) -> Response:
        answer = await self._ask(_with_token(Wish.CONFIRM, request))
        if answer.outcome != "done":
            return self._message("lien", 410)
        return self._choices_page(answer, "confirme")

    async def choices(self, request: Request) -> Response:
        answer = await self._ask(_with_token(Wish.SHOW, request))
        if answer.outcome != "done":
            return self._message("lien", 410)
        return self._choices_page(answer, "")

    async def choose(self, request: Request) -> Response:
        fields = await form_fields(request)
        wish = _wish(Wish.CHOOSE, fields, token=request.path_params["token"])
        answer = await self._ask(wish) if wish else None
        if answer is None or answer.outcome != "done":
            return self._message("choix-refuses", 422)
        return self._message("choix", 200)

    async def leavable(self, _: Request) -> Response:
        """Show the button that leaves."""
        return self._shown("subscription_button.html", use="quitter")

    async def leave(self, request: Request) -> Response:
        """End a subscription, by the button or by a mailbox (RFC 8058): 200 in any case."""
        await self._ask(_with_token(Wish.LEAVE, request))
        return self._message("quitte", 200)

    def _choices_page(self, answer: SubscriptionAnswer, news: str) -> Response:
        view = self._view(set(answer.topics), answer.pace, rests=answer.rests)
        return self._shown("subscription_choices.html", view=view, token=answer.token, news=news)

    def _view(
        self, chosen: set[str], pace: Pace = Pace.AT_ONCE, *, rests: bool = False
    ) -> ChoicesView:
        return choices_view(self._places, chosen, pace, rests=rests)

    def _message(self, what: str, status: int) -> Response:
        return self._shown("subscription_message.html", status, what=what)

    def _shown(self, template: str, status: int = 200, **values: object) -> Response:
        page = self._templates.get_template(template).render(**({"wrong": False} | values))
        return HTMLResponse(page, status, NO_STORE)


def _with_token(wish: Wish, request: Request) -> SubscriptionRequest:
    """Pass on a token; one that is too long for any of ours becomes none."""
    try:
        return SubscriptionRequest(wish=wish, token=request.path_params["token"])
    except ValidationError:
        return SubscriptionRequest(wish=wish)


def _wish(
    wish: Wish, fields: dict[str, list[str]], *, token: str = "", network: str = ""
) -> SubscriptionRequest | None:
    """Read a form; None for one that ours cannot have sent."""
    try:
        return SubscriptionRequest.model_validate(
            {
                "wish": wish,
                "address": fields.get("courriel", [""])[0].strip(),
                "token": token,
                "topics": fields.get("sujet", []),
                "pace": fields.get("rythme", [Pace.AT_ONCE])[0],
                "rests": "repos" in fields,
                "network": network,
            }
        )
    except ValidationError:
        return None
