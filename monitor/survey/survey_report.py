"""What a survey says: from its folder to values, without network. The same for a replay.

Everything is worked out again from the kept answers, by the rules and the configuration of today.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor import __version__
from monitor.config import Config
from monitor.core.french.formatting import count
from monitor.core.french.sentences import REASONS, VERDICTS
from monitor.core.model import GapCause, Hop, Observation
from monitor.core.scheduling.robots_txt import RobotsFile, heed
from monitor.core.text.page import Page
from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.core.untrusted.printable import printable
from monitor.core.verdict.classify import ruleset
from monitor.evidence.captures.capture_metadata import CaptureMetadata
from monitor.survey.explored_page import UPKEEP
from monitor.survey.own_side import OwnSide, own_side
from monitor.survey.surprise import KIND_WORDS, Surprise, SurpriseKind
from monitor.survey.survey_folder import SurveyFolder
from monitor.survey.survey_index import origin_of
from monitor.survey.target_reading import TargetClass, TargetReading
from monitor.survey.target_surprises import SurpriseSearch

EXCERPT = 300  # characters of a page's text
MOST_ANNOUNCEMENTS = 3

CLASS_WORDS: Mapping[TargetClass, str] = {
    TargetClass.EXPECTED: "répond comme prévu",
    TargetClass.TO_CORRECT: "à corriger",
    TargetClass.REFUSED: "refuse la sonde",
    TargetClass.DOWN: "indisponible ce jour-là",
    TargetClass.UNKNOWN: "inconnue",
    TargetClass.NOT_ASKED: "pas encore demandée",
}
GAP_WORDS: Mapping[GapCause, str] = {
    GapCause.ROBOTS: "robots.txt demande de ne pas la lire",
    GapCause.REFUSED: "sa plateforme nous a refusés : à reprendre plus tard",
    GapCause.PAUSED: "sa plateforme est en pause",
    GapCause.NO_BROWSER: "elle se lit à l’écran, et il n’y a pas de navigateur",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetReport:
    """One target as the report shows it."""

    reading: TargetReading
    standing: TargetClass
    surprises: tuple[Surprise, ...]
    robots: str  # what robots.txt allows, in French

    @property
    def page(self) -> Page:
        return self.reading.page

    @property
    def excerpt(self) -> str:
        """The first words of the text that would be compared."""
        return (
            printable(self.page.text.replace("\n", " · "))[:EXCERPT] if self.reading.is_read else ""
        )

    @property
    def announcements(self) -> tuple[str, ...]:
        """What a good page says of a maintenance to come: for a person to read."""
        if not self.reading.is_read or self.standing is not TargetClass.EXPECTED:
            return ()
        return tuple(self.reading.explored.saying(UPKEEP)[:MOST_ANNOUNCEMENTS])

    @property
    def verdict(self) -> str:
        verdict = self.reading.verdict
        return VERDICTS[verdict] if verdict else CLASS_WORDS[self.standing]

    @property
    def reason(self) -> str:
        judgement = self.reading.judgement
        if judgement is None:
            return GAP_WORDS.get(self.reading.gap, "") if self.reading.gap else ""
        return REASONS[judgement.reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyReport:
    """A survey, read.

    Attributes:
        digest: SHA-256 of the index of the folder, which names every answer by its own.
        surprises: Those of our own side first.

    """

    begun_at: datetime
    version: str
    ruleset: str
    digest: str
    own_side: OwnSide
    targets: tuple[TargetReport, ...]
    surprises: tuple[Surprise, ...]

    @property
    def counts(self) -> Mapping[TargetClass, int]:
        counter = Counter(target.standing for target in self.targets)
        return {standing: counter[standing] for standing in TargetClass}

    @property
    def sum_sentence(self) -> str:
        """The whole in one sentence."""
        n = self.counts
        expected, refused = n[TargetClass.EXPECTED], n[TargetClass.REFUSED]
        parts = [
            f"{count(expected, 'cible')} {'répondent' if expected > 1 else 'répond'} comme prévu",
            f"{n[TargetClass.TO_CORRECT]} à corriger",
            f"{refused} {'refusent' if refused > 1 else 'refuse'} la sonde",
            count(n[TargetClass.UNKNOWN], "inconnue"),
        ]
        if down := n[TargetClass.DOWN]:
            parts.append(f"{count(down, 'indisponible')} ce jour-là")
        if waiting := n[TargetClass.NOT_ASKED]:
            parts.append(f"{waiting} pas encore {'demandées' if waiting > 1 else 'demandée'}")
        return ", ".join(parts) + "."

    @property
    def installation(self) -> str:
        """Whether the installation is right, for who made it."""
        own = self.own_side
        if own.faults:
            faults = " ; ".join(own.faults)
            return (
                f"Votre installation n’est pas encore prête : {faults}. Corrigez cela d’abord, "
                "puis relancez la même commande : rien de sûr ne peut être dit des sites avant."
            )
        text = (
            "Votre installation est correcte : cette machine accède à internet, et les sites "
            "savent qui les visite."
        )
        text += (
            " Son horloge est juste."
            if any(clock.works for clock in own.clocks)
            else " Son horloge n’a pu être comparée à aucun serveur de temps."
        )
        if own.surprises:
            text += (
                " Quelques points de son côté sont à corriger, ci-dessous ; rien n’empêche de "
                "commencer."
            )
        return text

    @property
    def next_step(self) -> str:
        """What to do now, and what to send to whom; "" while the installation is not right."""
        if self.own_side.faults:
            return ""
        if self.counts[TargetClass.NOT_ASKED]:
            return "Le relevé n’est pas fini : relancez la même commande, il reprend où il en est."
        if self.surprises:
            return (
                "Lisez ce qui n’est pas comme prévu, décidez de chaque proposition avec "
                "« vigie accept », puis envoyez ce dossier entier, compressé, à qui vous a remis "
                "Vigie : il ne contient que des pages publiques, et sert à corriger ce que tous "
                "utilisent."
            )
        return "Rien n’est à corriger : vous pouvez lancer le service."


def report_of(folder: SurveyFolder, config: Config) -> SurveyReport:
    """Read the folder of a survey. Raises SurveyError when it is damaged."""
    accounts: dict[str, tuple[CaptureMetadata, Observation]] = {
        digest: (account, observation) for digest, account, observation in folder.answers()
    }
    observations = {digest: observation for digest, (_, observation) in accounts.items()}
    readings = _readings(folder, config, accounts)
    search = SurpriseSearch(config=config, readings=readings)
    own = own_side(folder, config, observations)
    targets = [_target_report(folder, config, search, one) for one in readings]
    return SurveyReport(
        begun_at=folder.index.begun_at,
        version=__version__,
        ruleset=ruleset(config.fingerprints),
        digest=folder.digest(),
        own_side=own,
        targets=tuple(targets),
        surprises=(*own.surprises, *(s for target in targets for s in target.surprises)),
    )


def _readings(
    folder: SurveyFolder,
    config: Config,
    accounts: Mapping[str, tuple[CaptureMetadata, Observation]],
) -> Sequence[TargetReading]:
    """Return every target that is configured or was asked; the configured definition counts."""
    steps, lanes = folder.index.targets, folder.index.lanes
    readings: list[TargetReading] = []
    for slug, step in steps.items():
        account, observation = accounts.get(step.sha256, (None, None))
        target = config.by_slug.get(slug) or (account.target if account else None)
        if target is None:
            continue
        if account and account.target.url != target.url:  # its address was corrected since
            account, observation = None, None
        readings.append(
            TargetReading(
                target=target,
                config=config,
                account=account,
                observation=observation,
                gap=step.gap,
            )
        )
    for slug, target in config.by_slug.items():
        if slug not in steps:
            lane = lanes.get(target.platform)
            closed = lane is not None and (lane.blocked_until is not None or lane.paused)
            gap = (
                (GapCause.PAUSED if lane and lane.paused else GapCause.REFUSED) if closed else None
            )
            readings.append(TargetReading(target=target, config=config, gap=gap))
    order = {slug: number for number, slug in enumerate(config.by_slug)}
    return sorted(readings, key=lambda one: order.get(one.target.slug, len(order)))


def _target_report(
    folder: SurveyFolder, config: Config, search: SurpriseSearch, one: TargetReading
) -> TargetReport:
    surprises = tuple(search.of(one))
    return TargetReport(
        reading=one,
        standing=one.class_of(corrected=any(_ours(surprise) for surprise in surprises)),
        surprises=surprises,
        robots=_robots(folder, config, one.target.url),
    )


def _ours(surprise: Surprise) -> bool:
    """Return whether it is for us to correct: a certificate that nobody trusts is the site's."""
    return surprise.kind is not SurpriseKind.CERTIFICATE


def _robots(folder: SurveyFolder, config: Config, url: str) -> str:
    """Return what robots.txt says of an address, in French; "" when it was not asked."""
    origin = origin_of(url)
    step = folder.index.robots.get(origin)
    if step is None:
        return ""
    if step.status is None:
        return "sans réponse"
    file = RobotsFile(origin=origin, fetched_at=step.at, status=step.status, text=step.text)
    try:
        with reading("robots.txt"):
            robots = heed(file, config.user_agent)
    except Unreadable:
        robots = None
    if robots is None:
        return f"statut {step.status} : aucune règle lisible"
    words = "autorise" if robots.allows(url) else "interdit"
    delay = f", {robots.crawl_delay_s:g} s entre deux demandes" if robots.crawl_delay_s else ""
    return f"{words} ({count(len(robots.rules), 'règle')}{delay})"


def as_json(report: SurveyReport) -> dict[str, Any]:
    """Return the report as JSON, for programs."""
    own = report.own_side
    return {
        "format": "vigie-survey-report/1",
        "version": report.version,
        "begun_at": report.begun_at.isoformat(),
        "ruleset": report.ruleset,
        "index_sha256": report.digest,
        "summary": report.sum_sentence,
        "installation": {"right": own.right, "text": report.installation},
        "next_step": report.next_step,
        "counts": {standing.value: number for standing, number in report.counts.items()},
        "own_side": {
            name: [
                {"name": part.name, "works": part.works, "detail": part.detail} for part in parts
            ]
            for name, parts in (
                ("controls", own.controls),
                ("resolvers", own.resolvers),
                ("clocks", own.clocks),
                ("authorities", own.authorities),
            )
        },
        "surprises": [surprise_json(surprise) for surprise in report.surprises],
        "targets": [_target_json(target) for target in report.targets],
    }


def surprise_json(surprise: Surprise) -> dict[str, Any]:
    """Return a surprise as JSON."""
    return {
        "id": surprise.id,
        "kind": surprise.kind.value,
        "title": KIND_WORDS[surprise.kind],
        "about": surprise.about,
        "observed": surprise.observed,
        "advice": surprise.advice,
        "lines": list(surprise.edit.lines) if surprise.edit else [],
    }


def _target_json(target: TargetReport) -> dict[str, Any]:
    one = target.reading
    exchange, judgement = one.exchange, one.judgement
    return {
        "slug": one.target.slug,
        "name": one.target.name,
        "url": one.target.url,
        "platform": one.target.platform,
        "standing": target.standing.value,
        "gap": one.gap.value if one.gap else None,
        "verdict": judgement.verdict.value if judgement else None,
        "reason": judgement.reason.value if judgement else None,
        "rule": one.rule,
        "ground": one.ground,
        "status": exchange.status if exchange else None,
        "failure": exchange.failure.value if exchange and exchange.failure else None,
        "duration_us": exchange.duration_us if exchange else None,
        "hops": [_hop_json(hop) for hop in exchange.hops] if exchange else [],
        "markers": list(one.target.markers),
        "marker": one.marker,
        "robots": target.robots,
        "compared_permille": target.page.compared_permille if one.is_read else None,
        "obstacle": target.page.obstacle.value if one.is_read and target.page.obstacle else None,
        "excerpt": target.excerpt,
        "announcements": list(target.announcements),
        "surprises": [surprise.id for surprise in target.surprises],
    }


def _hop_json(hop: Hop) -> dict[str, Any]:
    certificate = hop.certificate
    return {
        "url": hop.url,
        "status": hop.status,
        "address": hop.address,
        "resolver": hop.resolution.server if hop.resolution else None,
        "certificate": None
        if certificate is None
        else {
            "sha256": certificate.sha256,
            "issuer": certificate.issuer,
            "not_after": certificate.not_after.isoformat(),
            "chain_length": certificate.chain_length,
            "verified": certificate.verified,
            "completed": certificate.completed,
        },
    }
