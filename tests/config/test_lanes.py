"""Which platform a host belongs to."""

import pytest

from monitor.config.rules.lanes import lane_of, lanes_of
from monitor.core.model import Platform

LANES = lanes_of(
    [
        Platform(slug="anef", name="", spacing_s=1, hosts=("anef.interieur.gouv.fr",)),
        Platform(slug="ide", name="", spacing_s=1, hosts=(".ain.gouv.fr",)),
        Platform(slug="interieur", name="", spacing_s=1, hosts=(".interieur.gouv.fr",)),
        Platform(slug="rdv", name="", spacing_s=1, hosts=(".rdv.interieur.gouv.fr",)),
        Platform(slug="essai", name="", spacing_s=1, hosts=("127.0.0.1", "::1")),
    ]
)


@pytest.mark.parametrize(
    ("host", "lane"),
    [
        ("anef.interieur.gouv.fr", "anef"),  # its own name before any suffix
        ("www.interieur.gouv.fr", "interieur"),
        ("www.rdv.interieur.gouv.fr", "rdv"),  # the longest suffix
        ("ain.gouv.fr", "ide"),  # a suffix holds the name itself
        ("www.rdv.ain.gouv.fr", "ide"),
        ("WWW.Ain.Gouv.FR.", "ide"),  # names have no case, and may end with a dot
        ("villain.gouv.fr", None),  # a suffix begins at a dot
        ("sub.anef.interieur.gouv.fr", "interieur"),  # a whole name holds nothing below it
        ("ain.gouv.fr.evil.example", None),
        ("127.0.0.1", "essai"),
        ("::1", "essai"),
        ("", None),
    ],
)
def test_a_host_has_one_lane_or_none(host: str, lane: str | None) -> None:
    assert lane == lane_of(LANES, host)
