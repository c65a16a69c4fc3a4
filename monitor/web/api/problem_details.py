"""What is wrong with a question, as RFC 9457 has it: in French, with the cure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from monitor.core.model.check import clean

MEDIA_TYPE = "application/problem+json"
SHOWN = 60  # characters of a value that is refused
# By status: the anchor of its explanation on the page of the interface, and its title.
KINDS: Mapping[int, tuple[str, str]] = {
    400: ("demande-refusee", "Demande refusée"),
    404: ("introuvable", "Rien de ce nom"),
    405: ("lecture-seule", "Lecture seule"),
    414: ("adresse-trop-longue", "Adresse trop longue"),
    500: ("defaut", "Défaut de notre programme"),
    503: ("occupe", "Réponse impossible pour le moment"),
}
EXPLAINED: Mapping[int, str] = {
    400: "Un paramètre est inconnu, écrit deux fois, ou sa valeur est refusée : « errors » dit "
    "lequel, pourquoi, et quoi écrire.",
    404: "L’adresse, la cible, la plateforme, le département, le composant ou le numéro n’existe "
    "pas.",
    405: "L’interface ne fait que lire : GET, HEAD et OPTIONS.",
    414: "L’adresse demandée, paramètres compris, dépasse 1 000 octets.",
    500: "La faute est la nôtre. Elle ne dit rien des sites surveillés.",
    503: "Trop de demandes, ou une réponse trop longue à établir : redemander après le délai de "
    "« Retry-After », ou une période plus courte. Cela ne dit rien des sites surveillés.",
}
AGAIN_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one parameter; `value` is shown cut and without control characters."""

    parameter: str
    value: str
    reason: str
    cure: str

    def as_json(self) -> dict[str, Any]:
        return {
            "parameter": clean(self.parameter, SHOWN),
            "value": clean(self.value, SHOWN),
            "reason": self.reason,
            "cure": self.cure,
        }


class QuestionFaults(Exception):  # noqa: N818 -- the answer to what was asked
    """A question without an answer; `faults` say which parameters are why."""

    def __init__(self, status: int, detail: str, *faults: Fault) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = faults


def body(status: int, detail: str = "", faults: Sequence[Fault] = ()) -> dict[str, Any]:
    """Return the members of a problem. `type` is a place on the page of the interface."""
    anchor, title = KINDS.get(status, ("demande-refusee", HTTPStatus(status).phrase))
    return {
        "type": f"/api/v1/#{anchor}",
        "title": title,
        "status": status,
        "detail": detail or EXPLAINED.get(status, title),
        "errors": [fault.as_json() for fault in faults],
    }


def response(
    status: int,
    detail: str = "",
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return a problem as HTTP, kept by nobody."""
    always = {"Cache-Control": "no-store"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        always["Retry-After"] = str(AGAIN_S)
    return JSONResponse(
        body(status, detail, faults), status, {**always, **(headers or {})}, MEDIA_TYPE
    )
