"""Write the configuration folder for the demo's sites."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from monitor.config import OtherPoint
from monitor.core.model import Platform, Target
from monitor.demo import sites
from monitor.demo.associations import CONTROLS_S, INTERVAL_S, OURS, WATCHED, DemoAssociation

Value = str | int | float | bool | Sequence[str]


COMPONENTS = (
    ("application", "Application des usagers", "anef"),
    ("connexion", "Page de connexion", "anef-connexion"),
)
# Where the prefectures are: a spectator looks for a city.
CITIES = {
    "01": "Bourg-en-Bresse",
    "06": "Nice",
    "13": "Marseille",
    "31": "Toulouse",
    "33": "Bordeaux",
    "34": "Montpellier",
    "38": "Grenoble",
    "44": "Nantes",
    "59": "Lille",
    "67": "Strasbourg",
    "69": "Lyon",
    "75": "Paris",
    "76": "Rouen",
    "93": "Bobigny",
}


def write(  # noqa: PLR0913 -- keyword-only: what the files say
    folder: Path,
    association: DemoAssociation = OURS,
    *,
    port: int,
    ca_path: Path,
    fingerprints: Path,
    mail_port: int = 0,
    pace: int = 1,
    browser: bool = False,
) -> None:
    """Write `vigie.toml`, `targets/` and a copy of the shipped fingerprints under `folder`.

    They are those of the point of `association`. `mail_port` is that of the mail server on
    loopback, 0 for none. `pace` multiplies every duration. With a `browser`, it shows one of the
    pages.
    """
    prefectures = folder / "targets" / "prefectures"
    prefectures.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(fingerprints, folder / "fingerprints.toml")
    _save(folder / "milestones.toml", _milestones())
    targets = _followed(sites.targets(port=port, pace=pace, browser=browser), association, pace)
    platforms = {target.platform for target in targets}
    lines = _service(association, platforms, ca_path=ca_path, port=port, pace=pace)
    _save(folder / "vigie.toml", [*lines, *(_mail(mail_port) if mail_port else [])])
    national = [target for target in targets if not target.department]
    _save(folder / "targets" / "anef.toml", ['group = "anef"', *_targets(national)])
    for code in {target.department for target in targets if target.department}:
        in_department = [target for target in targets if target.department == code]
        head = _lines(
            {
                "department": code,
                "city": CITIES[code],
                "platform": in_department[0].platform,
            }
        )
        _save(prefectures / f"{code}.toml", [*head, *_targets(in_department)])


def follow(folder: Path, points: Iterable[OtherPoint]) -> None:
    """Write the other points to the folder's `local.toml`."""
    lines: list[str] = []
    for point in points:
        values: dict[str, Value] = {
            "name": point.name,
            "operator": point.operator,
            "key": point.key,
            "url": point.url,
        }
        lines += _table("[[points]]", values)
    _save(folder / "local.toml", lines)


def _followed(
    targets: Iterable[Target], association: DemoAssociation, pace: int
) -> tuple[Target, ...]:
    """Return the targets of the point of an association."""
    if association is OURS:
        return tuple(targets)
    return tuple(
        replace(target, interval_s=INTERVAL_S * pace)
        for target in targets
        if target.slug in WATCHED
    )


def _milestones() -> list[str]:
    """Return the date that a dashboard compares both sides of: in an hour's play, by coverage."""
    milestone: dict[str, Value] = {
        "slug": "fin-des-six-mois",
        "name": "Fin des six mois donnés à l’État",
        "source": "démonstration",
        "sure": "deduced",
    }
    return [*_table("[[milestone]]", milestone), "date = 2026-11-05"]


def _service(
    association: DemoAssociation, platforms: set[str], *, ca_path: Path, port: int, pace: int
) -> list[str]:
    policy = sites.slowed(sites.POLICY, pace)
    controls_s = 1 if association is OURS else CONTROLS_S
    lines = [
        *_table(
            "[service]",
            {
                "user_agent": f"VigieANEF-demonstration (+{association.site}robot)",
                "contact": "demonstration@demo.test",
                "allow_private": True,
                "extra_ca": str(ca_path),
            },
        ),
        *_table("[publisher]", {"association": association.operator, "site": association.site}),
        *_table("[probe]", {"deadline_s": sites.DEADLINE_S * pace, "slow_s": sites.SLOW_S * pace}),
        *_table(
            "[policy]",
            {
                "failures": policy.failures,
                "failing_s": policy.failing_s,
                "successes": policy.successes,
                "recovering_s": policy.recovering_s,
                "recheck_s": policy.recheck_s,
            },
        ),
        *_table(
            "[controls]",
            {"needed": 1, "interval_s": controls_s * pace},
        ),
    ]
    for number, host in enumerate(sites.CONTROLS, start=1):
        control: dict[str, Value] = {
            "slug": f"temoin-{number}",
            "name": f"Témoin {number}",
            "url": f"https://{host}:{port}/",
            "operator": f"Opérateur d’essai {number}",
        }
        lines += _table("[[controls.host]]", control)
    for platform in sites.PLATFORMS:
        if platform.slug in platforms:
            lines += _platform(platform)
    for slug, name, target in COMPONENTS:
        component: dict[str, Value] = {
            "slug": slug,
            "name": name,
            "targets": [target],
            "necessary": True,
            "why": "sans elle, personne ne peut déposer ni suivre une demande",
        }
        lines += _table("[[figures.component]]", component)
    return lines


def _mail(port: int) -> list[str]:
    return _table(
        "[mail]",
        {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "per_minute": 300,
            "person_cap": 100,
        },
    )


def _platform(platform: Platform) -> list[str]:
    return _table(
        "[[platform]]",
        {
            "slug": platform.slug,
            "name": platform.name,
            "spacing_s": platform.spacing_s,
            "hosts": platform.hosts,
        },
    )


def _targets(targets: Iterable[Target]) -> list[str]:
    lines: list[str] = []
    for target in targets:
        values: dict[str, Value] = {
            "slug": target.slug,
            "name": target.name,
            "url": target.url,
            "kind": target.kind.value,
            "platform": target.platform,
            "interval_s": target.interval_s,
            "deadline_s": target.deadline_s,
            "slow_s": target.slow_s,
            "markers": target.markers,
            "signs_of_life": target.signs_of_life,
            "source": target.source,
            "verified": target.verified.value,
        }
        lines += _table("[[target]]", values)
    return lines


def _table(title: str, values: Mapping[str, Value]) -> list[str]:
    return ["", title, *_lines(values)]


def _lines(values: Mapping[str, Value]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in values.items()]


def _toml(value: Value) -> str:
    """Encode a value; JSON strings, numbers and lists are TOML too."""
    if isinstance(value, str | bool | int | float):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(list(value), ensure_ascii=False)


def _save(path: Path, lines: Iterable[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
