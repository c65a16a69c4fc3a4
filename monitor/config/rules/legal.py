"""What the law asks a public site to say of its publisher and of its host.

Law of 21 June 2004, article 1-1: see docs/reglages.md.
"""

from collections.abc import Mapping
from typing import Final

from monitor.config.files.local import LOCAL
from monitor.config.schema import LegalEntry
from monitor.config.strict_toml.problems import Problem, shown
from monitor.config.values import Config

# What each key is, as an operator is asked for it.
FACTS: Final[Mapping[str, str]] = {
    "address": "l’adresse du siège de l’association",
    "phone": "le numéro de téléphone de l’association",
    "director": "le nom du directeur ou de la directrice de la publication",
    "host": "le nom de l’hébergeur de ces pages",
    "host_address": "l’adresse de l’hébergeur",
    "host_phone": "le numéro de téléphone de l’hébergeur",
}


def missing_facts(legal: LegalEntry) -> tuple[str, ...]:
    """Return the keys of `[legal]` that a public site needs and that are not given."""
    return tuple(key for key in FACTS if getattr(legal, key) is None)


def public_problems(config: Config) -> tuple[Problem, ...]:
    """Return why these pages may not be served to the public; none when they may."""
    identity = {
        "publisher.association": config.publisher.association,
        "publisher.site": config.publisher.site,
        "service.contact": config.contact,
    }
    problems = [
        Problem(
            file=LOCAL,
            key=key,
            value=shown(value),
            reason="ce n’est qu’un exemple, et la loi veut qu’un site public dise qui le publie",
            cure="donner la vôtre par « vigie init »",
        )
        for key, value in identity.items()
        if any(line.startswith(f"{key}:") for line in config.missing_identity)
    ]
    problems += [
        Problem(
            file=LOCAL,
            key=f"legal.{key}",
            value=shown(None),
            reason="un site public doit le dire (loi du 21 juin 2004, article 1-1)",
            cure=f"écrire {FACTS[key]}",
        )
        for key in missing_facts(config.legal)
    ]
    return tuple(problems)
