"""What the description of the interface says of dossiers, which the pages answer themselves.

Its words and bounds are those of `DossierWish` and `DossierState`: what is described is what is
read and written.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from monitor.dossier.online.dossier_wishes import DossierState, DossierWish
from monitor.web.api.problem_details import MEDIA_TYPE

ASKED_PATH: Final = "/dossiers"
FOLLOWED_PATH: Final = "/dossiers/{token}"
# What the pages add to a request themselves, and what they keep of an answer.
_OURS: Final = ("wish", "token", "network")
_KEPT: Final = ("folder",)
_SCHEMAS: Final = "#/components/schemas/"


def described_dossiers() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the paths, and the schemas that they refer to."""
    schemas: dict[str, Any] = {}
    wish = _schema(DossierWish, schemas, without=_OURS)
    state = _schema(DossierState, schemas, without=_KEPT)
    file = schemas["MadeFile"]
    file["properties"]["url"] = {"type": "string"}
    file["required"] = [*file["required"], "url"]
    state["properties"]["url"] = {"type": "string"}
    state["properties"]["archive"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    state["required"] = list(state["properties"])
    schemas |= {"DossierWish": wish, "DossierState": state}
    return _paths(), schemas


def _schema(
    model: type[BaseModel], schemas: dict[str, Any], *, without: tuple[str, ...]
) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template=f"{_SCHEMAS}{{model}}")
    schemas |= schema.pop("$defs", {})
    schema.pop("description", None)  # it speaks to who reads the program
    schema["properties"] = {
        name: one for name, one in schema["properties"].items() if name not in without
    }
    schema["required"] = [name for name in schema.get("required", ()) if name not in without]
    return schema


def _paths() -> dict[str, Any]:
    answer = {"application/json": {"schema": {"$ref": f"{_SCHEMAS}DossierState"}}}
    token = {
        "name": "token",
        "in": "path",
        "required": True,
        "description": "La fin du lien que la demande a rendu ; il dure un jour",
        "schema": {"type": "string"},
    }
    return {
        ASKED_PATH: {
            "post": {
                "operationId": "ask_dossier",
                "summary": "Demander un dossier",
                "description": "Les pièces d’une période, faites à leur tour. La réponse dit où "
                "les suivre (« Location »). La date d’expiration n’est ni gardée ni journalisée.",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": f"{_SCHEMAS}DossierWish"}}},
                },
                "responses": {
                    "202": {"description": "Demande acceptée", "content": answer},
                    "422": _problem("Demande illisible"),
                    "429": _problem("Trop de demandes"),
                },
            }
        },
        FOLLOWED_PATH: {
            "get": {
                "operationId": "follow_dossier",
                "summary": "Suivre un dossier",
                "description": "Où en est un dossier ; une fois fait, ses fichiers, leurs "
                "empreintes et leur archive.",
                "parameters": [token],
                "responses": {
                    "200": {"description": "Réponse", "content": answer},
                    "410": _problem("Lien inconnu, ou dont la journée est finie"),
                },
            }
        },
    }


def _problem(description: str) -> Mapping[str, Any]:
    schema = {"$ref": f"{_SCHEMAS}ProblemJson"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}
