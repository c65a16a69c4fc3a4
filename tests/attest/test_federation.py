"""Three points and a reader: the short form of `make federation`."""

from pathlib import Path

from monitor.core.french.point_sentences import common_word
from monitor.core.points.combine import Blindness
from tests.support.federation import Federation, Scene, rehearse

SAID = {
    "all is well": (
        "accessible pour tous les points qui peuvent le dire : 3 sur 3, de 3 exploitants"
    ),
    "the site is down": (
        "indisponible pour tous les points qui peuvent le dire : 3 sur 3, de 3 exploitants"
    ),
    "lyon lost its line": (
        "accessible pour tous les points qui peuvent le dire : 2 sur 3, de 2 exploitants"
    ),
    "only lille sees it down": "indisponible vu de 1 point sur 3, accessible de 2",
    "lyon signed two histories": (
        "indisponible pour tous les points qui peuvent le dire : 2 sur 3, de 2 exploitants"
    ),
    "paris was restored from a backup": "indisponible vu de 1 point sur 3, inconnu de 2",
    "nobody came by for a week": "indéterminé : aucun des 3 points de mesure ne peut le dire",
    "lille is back": "accessible vu de 1 point sur 3, inconnu de 2",
}
BLIND = {
    "lyon lost its line": {"lyon": Blindness.LINE},
    "lyon signed two histories": {"lyon": Blindness.UNHEARD},
    "paris was restored from a backup": {
        "lyon": Blindness.UNHEARD,
        "paris": Blindness.SILENT,
    },
}


def spoken(scene: Scene) -> str:
    return common_word(scene.word).replace("\u00a0", " ")


def test_what_a_reader_says_is_right_at_each_scene(tmp_path: Path) -> None:
    federation = Federation(tmp_path)
    scenes = {scene.name: scene for scene in rehearse(federation, tmp_path)}
    assert {name: spoken(scene) for name, scene in scenes.items()} == SAID
    for name, blind in BLIND.items():
        words = scenes[name].word.words
        assert {word.point: word.blind for word in words if word.blind} == blind
    assert "sauvegarde" in scenes["paris was restored from a backup"].why["paris"]
    assert not federation.restored_may_sign("paris")
