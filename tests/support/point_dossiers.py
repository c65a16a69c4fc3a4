"""Three associations that follow each other, and the dossier that one of them makes."""

from dataclasses import dataclass, replace
from pathlib import Path

from monitor.config import Config, OtherPoint
from monitor.core.model import Platform
from monitor.dossier.bundle import DossierBundle
from monitor.dossier.dossier_question import DossierQuestion
from monitor.dossier.dossier_record import DossierSource
from monitor.store import Store
from tests.support.points import WATCHED, LivingPoint, instant, visited
from tests.support.reads import config as config_of

OPERATORS = {"paris": "Association A", "lyon": "Association B", "lille": "Association C"}
LIFE = range(78)  # an hour after the period: nothing in it can change then
DOWN = range(6, 10)  # at paris and at lyon; lille sees the page up
QUESTION = DossierQuestion(
    scope=None,
    targets=("accueil", "connexion"),
    since=instant(4),
    until=instant(14),
    title="Deux pages",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Associations:
    """Three points by name. The first one makes dossiers."""

    points: dict[str, LivingPoint]
    config: Config

    @property
    def own(self) -> LivingPoint:
        return self.points["paris"]

    @property
    def others(self) -> list[LivingPoint]:
        return [point for name, point in self.points.items() if name != "paris"]

    def open(self) -> Store:
        return Store.open(self.own.url, point="local", writer=False)

    def source(self, store: Store) -> DossierSource:
        return DossierSource(store=store, config=self.config, data=self.own.data)

    def bundle(self, folder: Path, question: DossierQuestion = QUESTION) -> Path:
        """Write the bundle of a question into a folder."""
        with self.open() as store:
            record = self.source(store).at(question)
            return folder / DossierBundle(self.own.key.verifier)(record, folder, 4)

    def follow(self, minute: int) -> None:
        """Have the first point follow the others."""
        for point in self.others:
            _, state = visited(point, self.own.data, now=instant(minute))
            assert not state.why


def associations(folder: Path) -> Associations:
    """Have three points live, and the first follow the others."""
    points = {
        name: LivingPoint(folder / name, name, clock_s=20.0 * rank)
        for rank, name in enumerate(OPERATORS)
    }
    for name, point in points.items():
        point.live(LIFE, failing=DOWN if name != "lille" else ())
    some = config_of(WATCHED.values(), [Platform(slug="anef", name="ANEF", spacing_s=1, hosts=())])
    config = replace(
        some,
        publisher=some.publisher.model_copy(update={"association": OPERATORS["paris"]}),
        points=tuple(
            OtherPoint(
                name=name,
                operator=OPERATORS[name],
                key=str(point.key.verifier),
                url=str(point.journal),
            )
            for name, point in points.items()
            if name != "paris"
        ),
    )
    made = Associations(points=points, config=config)
    made.follow(LIFE.stop)
    return made


__all__ = ["DOWN", "LIFE", "OPERATORS", "QUESTION", "Associations", "associations"]
