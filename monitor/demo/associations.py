"""The other points of the demo: made-up associations that watch some of its pages too."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAssociation:
    """Who runs a point.

    Attributes:
        name: Of the point, and of its folder.
        operator: In French.
        site: Address of its pages, which are not served; its journal is named after it.

    """

    name: str
    operator: str
    site: str


OURS = DemoAssociation(name="", operator="Démonstration", site="https://demo.test/")
OTHERS = tuple(
    DemoAssociation(
        name=city.lower(),
        operator=f"Association d’essai de {city}",
        site=f"https://{city.lower()}.demo.test/",
    )
    for city in ("Lyon", "Lille")
)
# What the others watch, more slowly than we do: enough to agree, and to differ.
WATCHED = frozenset({"anef", "anef-connexion", "timbre-fiscal"})
INTERVAL_S = 6
CONTROLS_S = 5
