"""What targets must hold among themselves and against their platform."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from monitor.config.budgets import SHARE_MAX, load_of
from monitor.config.lanes import lane_of
from monitor.config.main_file import MainFile, platform_from
from monitor.config.target_files import Placed
from monitor.core.model import Kind


def check_targets(placed: Sequence[Placed], main: MainFile) -> None:
    """Note every fault in the files' tables."""
    _check_unique(placed)
    lanes = main.lanes()
    for one in placed:
        _check_times(one, main)
        _check_kind(one)
        _check_platform(one, main, lanes)
    if main.platforms:
        _check_budget(placed, main)


def _check_unique(placed: Sequence[Placed]) -> None:
    slugs: dict[str, Placed] = {}
    urls: dict[str, Placed] = {}
    for one in placed:
        first = slugs.setdefault(one.target.slug, one)
        if first is not one:
            one.refuse(
                "slug", value=one.target.slug, reason="identifiant déjà pris",
                cure=f"en choisir un autre ; le premier est dans {first.tables.name}",
            )  # fmt: skip
        first = urls.setdefault(one.target.url, one)
        if first is not one:
            one.refuse(
                "url", value=one.target.url,
                reason=f"même requête que la cible {first.target.slug}",
                cure="la retirer, ou la nommer en [[target.route]] de cette cible",
            )  # fmt: skip


def _check_times(one: Placed, main: MainFile) -> None:
    target = one.target
    usual = main.times(main.platform(target.platform))
    own = (target.deadline_s, target.slow_s) != usual  # the usual ones are refused where they stand
    if own and target.slow_s >= target.deadline_s:
        one.refuse(
            "slow_s", value=target.slow_s, reason="le seuil de lenteur n'est jamais atteint",
            cure=f"moins de deadline_s ({target.deadline_s:g} s)",
        )  # fmt: skip
    if target.interval_s and target.deadline_s > target.interval_s:
        one.refuse(
            "deadline_s", value=target.deadline_s,
            reason="un relevé peut durer plus que son intervalle",
            cure=f"au plus interval_s ({target.interval_s} s)",
        )  # fmt: skip


def _check_kind(one: Placed) -> None:
    target = one.target
    if target.signs_of_life and target.kind is not Kind.SHELL:
        one.refuse(
            "signs_of_life", value=list(target.signs_of_life),
            reason=f"une cible « {target.kind} » n'a pas de signes de vie",
            cure='écrire kind = "shell", ou une cible « api » par adresse',
        )  # fmt: skip
    if target.expect_path and target.kind is not Kind.REDIRECT:
        one.refuse(
            "expect_path", value=target.expect_path,
            reason=f"une cible « {target.kind} » n'a pas de destination",
            cure='écrire kind = "redirect", ou retirer cette clé',
        )  # fmt: skip
    for index, route in enumerate(target.routes):
        if route.url.partition("#")[0] != target.url or "#" not in route.url:
            one.refuse(
                "route", index, "url", value=route.url,
                reason="ce n'est pas un écran de cette application",
                cure=f"écrire {target.url}#…",
            )  # fmt: skip


def _check_platform(one: Placed, main: MainFile, lanes: Mapping[str, str]) -> None:
    target = one.target
    known = {platform.slug for platform in main.platforms.values()}
    doubtful = not known or len(main.platforms) < len(main.tables.raw["platform"])
    if doubtful or not (target.platform or one.headed):
        return  # what it depends on was refused: nothing sure can be said of it
    if target.platform not in known:
        one.refuse(
            "platform", value=target.platform or None, reason="plateforme inconnue",
            cure=f"choisir parmi {', '.join(sorted(known))}",
        )  # fmt: skip
        return
    if not target.interval_s:
        one.refuse(
            "interval_s", value=None, reason="aucun intervalle pour cette cible",
            cure=f"l'écrire ici, ou « {target.kind} » dans platform.interval_s",
        )  # fmt: skip
    for key, url in (("url", target.url), *(("signs_of_life", u) for u in target.signs_of_life)):
        host = urlsplit(url).hostname or ""
        if lane_of(lanes, host) != target.platform:
            one.refuse(
                key, value=url, reason=f"hôte étranger à la plateforme {target.platform}",
                cure=f"ajouter {host} à ses hosts, ou changer de plateforme",
            )  # fmt: skip


def _check_budget(placed: Sequence[Placed], main: MainFile) -> None:
    targets = [one.target for one in placed if one.target.interval_s]
    for index, entry in main.platforms.items():
        load = load_of(platform_from(entry), targets)
        if not load.fits:
            excess = load.planned_per_hour - SHARE_MAX * load.capacity_per_hour
            main.tables.refuse(
                "platform", index, "spacing_s", value=entry.spacing_s,
                reason=(
                    f"plan trop chargé pour {entry.slug} : {load.planned_per_hour:.0f} requêtes "
                    f"par heure prévues, {load.capacity_per_hour:.0f} possibles à une toutes les "
                    f"{entry.spacing_s:g} s, soit {100 * load.share:.0f} % au lieu de "
                    f"{100 * SHARE_MAX:.0f} % au plus"
                ),
                cure=(
                    f"retirer {excess:.0f} requêtes par heure : moins de cibles, ou des "
                    "intervalles plus longs"
                ),
            )  # fmt: skip
