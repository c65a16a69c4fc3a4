"""Rules between targets, and between targets and platforms."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from monitor.config.fields.urls import FRAGMENT
from monitor.config.files.main_file import MainFile, platform_from
from monitor.config.files.target_files import Placed
from monitor.config.rules.budgets import SHARE_MAX, load_of
from monitor.config.rules.lanes import lane_of
from monitor.core.model import Kind

RENDERED_FAILURES = 2  # displays that must agree before an outage rests on them


def check_targets(placed: Sequence[Placed], main: MainFile) -> None:
    """Add every problem to the tables of the files."""
    _check_unique(placed)
    lanes = main.lanes()
    for placed_target in placed:
        _check_times(placed_target, main)
        _check_kind(placed_target)
        _check_rendered(placed_target)
        _check_platform(placed_target, main, lanes)
    if main.platforms:
        _check_budget(placed, main)


def _check_unique(placed: Sequence[Placed]) -> None:
    slugs: dict[str, Placed] = {}
    urls: dict[tuple[str, bool], Placed] = {}  # and whether a browser shows it
    for placed_target in placed:
        first_target = slugs.setdefault(placed_target.target.slug, placed_target)
        if first_target is not placed_target:
            placed_target.refuse(
                "slug", value=placed_target.target.slug, reason="identifiant déjà pris",
                cure=f"en choisir un autre ; le premier est dans {first_target.tables.name}",
            )  # fmt: skip
        first_target = urls.setdefault(
            (placed_target.target.url, placed_target.target.kind is Kind.RENDERED), placed_target
        )
        if first_target is not placed_target:
            placed_target.refuse(
                "url", value=placed_target.target.url,
                reason=f"même requête que la cible {first_target.target.slug}",
                cure="n’en laisser qu’une",
            )  # fmt: skip


def _check_times(placed_target: Placed, main: MainFile) -> None:
    target = placed_target.target
    usual = main.times(main.platform(target.platform))
    own = (
        target.deadline_s,
        target.slow_s,
    ) != usual  # the defaults are refused where they are written
    if own and target.slow_s >= target.deadline_s:
        placed_target.refuse(
            "slow_s", value=target.slow_s, reason="le seuil de lenteur n’est jamais atteint",
            cure=f"moins de deadline_s ({target.deadline_s:g} s)",
        )  # fmt: skip
    if target.interval_s and target.deadline_s > target.interval_s:
        placed_target.refuse(
            "deadline_s", value=target.deadline_s,
            reason="un relevé peut durer plus que son intervalle",
            cure=f"au plus interval_s ({target.interval_s} s)",
        )  # fmt: skip


def _check_kind(placed_target: Placed) -> None:
    target = placed_target.target
    if target.signs_of_life and target.kind is not Kind.SHELL:
        placed_target.refuse(
            "signs_of_life", value=list(target.signs_of_life),
            reason=f"une cible « {target.kind} » n’a pas de signes de vie",
            cure='écrire kind = "shell", ou une cible « api » par adresse',
        )  # fmt: skip
    if target.expect_path and target.kind is not Kind.REDIRECT:
        placed_target.refuse(
            "expect_path", value=target.expect_path,
            reason=f"une cible « {target.kind} » n’a pas de destination",
            cure='écrire kind = "redirect", ou retirer cette clé',
        )  # fmt: skip


def _check_rendered(placed_target: Placed) -> None:
    target = placed_target.target
    if target.kind is not Kind.RENDERED:
        if "#" in target.url:
            placed_target.refuse(
                "url", value=target.url, reason=FRAGMENT.reason,
                cure=FRAGMENT.cure,
            )  # fmt: skip
        return
    if not target.markers:
        placed_target.refuse(
            "markers", value=[], reason="rien ne dit ce que l’écran doit montrer",
            cure="écrire un texte au moins que lit un visiteur servi",
        )  # fmt: skip
    if target.policy.failures < RENDERED_FAILURES:
        placed_target.refuse(
            "policy", "failures", value=target.policy.failures,
            reason="un seul affichage ne prouve pas une indisponibilité",
            cure=f"au moins {RENDERED_FAILURES}",
        )  # fmt: skip


def _check_platform(placed_target: Placed, main: MainFile, lanes: Mapping[str, str]) -> None:
    target = placed_target.target
    slugs = {platform.slug for platform in main.platforms.values()}
    doubtful = not slugs or len(main.platforms) < len(main.tables.raw["platform"])
    if doubtful or not (target.platform or placed_target.headed):
        return  # what it depends on was refused
    if target.platform not in slugs:
        placed_target.refuse(
            "platform", value=target.platform or None, reason="plateforme inconnue",
            cure=f"choisir parmi {', '.join(sorted(slugs))}",
        )  # fmt: skip
        return
    if not target.interval_s:
        placed_target.refuse(
            "interval_s", value=None, reason="aucun intervalle pour cette cible",
            cure=f"l’écrire ici, ou « {target.kind} » dans platform.interval_s",
        )  # fmt: skip
    for key, url in (("url", target.url), *(("signs_of_life", u) for u in target.signs_of_life)):
        host = urlsplit(url).hostname or ""
        if lane_of(lanes, host) != target.platform:
            placed_target.refuse(
                key, value=url, reason=f"hôte étranger à la plateforme {target.platform}",
                cure=f"ajouter {host} à ses hosts, ou changer de plateforme",
            )  # fmt: skip


def _check_budget(placed: Sequence[Placed], main: MainFile) -> None:
    targets = [placed_target.target for placed_target in placed if placed_target.target.interval_s]
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
