"""`/abonnement…`: subscribe, confirm, choose and leave, without an account and without a script.

This process passes on what a visitor wrote; the service judges it. A GET changes nothing: programs
that open links before people do must neither confirm nor end a subscription.
"""

from collections.abc import Awaitable, Callable

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
from monitor.translations import language_of
from monitor.web.forms import client_address, form_fields
from monitor.web.templating import LanguageTemplates
from monitor.web.translated_pages import french_address, in_every_language, language_asked
from monitor.web.views.subscription import ChoicesView, choices_view

NO_STORE = {"Cache-Control": "no-store"}
POST = ("POST",)

Subscribe = Callable[[SubscriptionRequest], Awaitable[SubscriptionAnswer]]


class SubscriptionRoutes:
    """The pages of subscriptions. `ask` passes a request on to the service."""

    def __init__(self, ask: Subscribe, *, config: Config, templates: LanguageTemplates) -> None:
        self._ask = ask
        self._templates = templates
        self._targets, self._parts = config.targets, config.figures.components

    def routes(self) -> list[Route]:
        return [
            *in_every_language("/abonnement", self.form),
            *in_every_language("/abonnement", self.subscribe, methods=POST),
            *in_every_language("/abonnement/confirmer/{token}", self.confirmable),
            *in_every_language("/abonnement/confirmer/{token}", self.confirm, methods=POST),
            *in_every_language("/abonnement/choix/{token}", self.choices),
            *in_every_language("/abonnement/choix/{token}", self.choose, methods=POST),
            *in_every_language("/abonnement/quitter/{token}", self.leavable),
            *in_every_language("/abonnement/quitter/{token}", self.leave, methods=POST),
        ]

    async def form(self, request: Request) -> Response:
        """Serve the empty form."""
        view = self._view(request, {topics.ANEF, INCIDENT})
        return self._shown(request, "subscribe.html", view=view)

    async def subscribe(self, request: Request) -> Response:
        """Answer the same whether or not the address is known."""
        fields = await form_fields(request)
        wish = _wish(Wish.ASK, request, fields, network=network_of(client_address(request)))
        if wish is None:
            return self._again(request, fields)
        answer = await self._ask(wish)
        if answer.outcome == "invalid":
            return self._again(request, fields)
        if answer.outcome == "busy":
            return self._message(request, "trop", 429)
        return self._message(request, "envoye", 200)

    def _again(self, request: Request, fields: dict[str, list[str]]) -> Response:
        view = self._view(request, set(fields.get("sujet", ())))
        return self._shown(request, "subscribe.html", 422, view=view, wrong=True)

    async def confirmable(self, request: Request) -> Response:
        """Show the button that confirms."""
        return self._shown(request, "subscription_button.html", use="confirmer")

    async def confirm(self, request: Request) -> Response:
        answer = await self._ask(_with_token(Wish.CONFIRM, request))
        if answer.outcome != "done":
            return self._message(request, "lien", 410)
        return self._choices_page(request, answer, "confirme")

    async def choices(self, request: Request) -> Response:
        answer = await self._ask(_with_token(Wish.SHOW, request))
        if answer.outcome != "done":
            return self._message(request, "lien", 410)
        return self._choices_page(request, answer, "")

    async def choose(self, request: Request) -> Response:
        fields = await form_fields(request)
        wish = _wish(Wish.CHOOSE, request, fields, token=request.path_params["token"])
        answer = await self._ask(wish) if wish else None
        if answer is None or answer.outcome != "done":
            return self._message(request, "choix-refuses", 422)
        return self._message(request, "choix", 200)

    async def leavable(self, request: Request) -> Response:
        """Show the button that leaves."""
        return self._shown(request, "subscription_button.html", use="quitter")

    async def leave(self, request: Request) -> Response:
        """End a subscription, by the button or by a mailbox (RFC 8058): 200, also for who left.

        Nobody is told that they left by a link that a mail program cut.
        """
        answer = await self._ask(_with_token(Wish.LEAVE, request))
        if answer.outcome != "done":
            return self._message(request, "lien", 410)
        return self._message(request, "quitte", 200)

    def _choices_page(self, request: Request, answer: SubscriptionAnswer, news: str) -> Response:
        view = choices_view(
            self._places(request),
            set(answer.topics),
            answer.pace,
            rests=answer.rests,
            language=language_asked(request),
            letters=language_of(answer.language),
        )
        return self._shown(
            request, "subscription_choices.html", view=view, token=answer.token, news=news
        )

    def _view(self, request: Request, chosen: set[str]) -> ChoicesView:
        language = language_asked(request)
        return choices_view(
            self._places(request),
            chosen,
            Pace.AT_ONCE,
            rests=False,
            language=language,
            letters=language,
        )

    def _places(self, request: Request) -> dict[str, str]:
        return choices.places(self._targets, self._parts, language_asked(request))

    def _message(self, request: Request, what: str, status: int) -> Response:
        return self._shown(request, "subscription_message.html", status, what=what)

    def _shown(
        self, request: Request, template: str, status: int = 200, **values: object
    ) -> Response:
        address = french_address(request)
        shown = {"wrong": False, "address": address} | values
        page = self._templates.get(template, language_asked(request)).render(shown)
        return HTMLResponse(page, status, NO_STORE)


def _with_token(wish: Wish, request: Request) -> SubscriptionRequest:
    """Pass on a token; one that is too long for any of ours becomes none."""
    try:
        return SubscriptionRequest(wish=wish, token=request.path_params["token"])
    except ValidationError:
        return SubscriptionRequest(wish=wish)


def _wish(
    wish: Wish,
    request: Request,
    fields: dict[str, list[str]],
    *,
    token: str = "",
    network: str = "",
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
                "language": fields.get("langue", [language_asked(request).code])[0],
                "network": network,
            }
        )
    except ValidationError:
        return None
