"""`vigie probe`: one check now, with all its facts and the rules that judged it."""

import asyncio
import os
from argparse import Namespace
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from monitor.app import App
from monitor.cli.offline import as_json, explained
from monitor.cli.parsing import (
    CommandRefused,
    Commands,
    folders,
    json_option,
    require_identity,
    say,
)
from monitor.config import Config, load
from monitor.config.settings import Settings, read_settings
from monitor.core.french.formatting import when
from monitor.core.french.labels import CONTROL_STATUSES, FAMILIES
from monitor.core.french.rendering_sentences import REFUSALS, RENDER_FAILURES
from monitor.core.french.sentences import VERDICTS
from monitor.core.journal.encode import panel_detail
from monitor.core.model import ControlAnswer, Exchange, Hop, Kind, Observation, Target
from monitor.core.model.rendering import Rendering, files_of
from monitor.core.scheduling.backoff import in_page_backoff
from monitor.probe.build import open_to_write
from monitor.probe.single_check import check_unrecorded
from monitor.runtime import logs
from monitor.runtime.clock import SystemClock
from monitor.store import Store, is_new

_TREE_LINES = 60  # of what the screen shows


def add(commands: Commands) -> None:
    """Add the command."""
    probe = commands.add_parser(
        "probe",
        help="faire un relevé maintenant, et tout en dire",
        description="Interroge une cible une fois, dans le respect de son robots.txt, et dit tout "
        "ce qui a été vu. N’enregistre rien sans --record.",
    )
    folders(probe)
    probe.add_argument(
        "target", metavar="CIBLE|ADRESSE",
        help="identifiant d’une cible de la configuration, ou adresse http(s)",
    )  # fmt: skip
    probe.add_argument(
        "--force", action="store_true",
        help="interroger même une plateforme en pause, ou qui nous a refusés",
    )  # fmt: skip
    probe.add_argument(
        "--record", action="store_true",
        help="l’ajouter au relevé (le service doit être arrêté)",
    )  # fmt: skip
    json_option(probe)
    probe.set_defaults(run=run_probe)


def run_probe(args: Namespace) -> int:
    """Probe once; 0 when the target is reachable, 1 when it is not or we do not know."""
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    logs.configure(level="ERROR")
    target = find(config, args.target)
    require_identity(config)
    if args.record and target.slug not in config.by_slug:
        raise CommandRefused("--record ne vaut que pour une cible de la configuration.")
    if args.record and args.force:
        raise CommandRefused("--force ne va pas avec --record : une pause vaut pour le registre.")
    if not args.force:
        refuse_closed(config, settings, target)
    if args.record:
        with open_to_write(config, settings) as store:
            observation = asyncio.run(
                App(config, settings, store, clock=SystemClock()).check_once(target)
            )
    else:
        observation = asyncio.run(check_unrecorded(config, settings, target))
    if observation is None:
        raise CommandRefused(
            "Relevé non fait : la plateforme est en pause, nous a refusés, ou son "
            "robots.txt l’interdit."
        )
    if args.json:
        say(facts(observation) | as_json(observation.judgement))
    else:
        print("\n".join(described(target, observation)))
        print(explained(observation.judgement))
    return 0 if observation.judgement.verdict in {"up", "degraded"} else 1


def refuse_closed(config: Config, settings: Settings, target: Target) -> None:
    """Raise CommandRefused when the platform is paused, or has refused us."""
    if is_new(settings.database_url):
        return
    now = SystemClock().now()
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        lane = next(
            (candidate for candidate in store.lanes() if candidate.platform == target.platform),
            None,
        )
        state = next(
            (candidate for candidate in store.states() if candidate.target == target.slug), None
        )
    name = config.platforms[target.platform].name if target.platform else target.name
    if lane is not None and lane.paused:
        why = f" ({lane.paused_why})" if lane.paused_why else ""
        reason = f"{name} est en pause{why}. « vigie resume {lane.platform} » y met fin"
    elif lane is not None and lane.blocked_until is not None and now < lane.blocked_until:
        reason = (
            f"{name} nous a refusés : rien ne lui est demandé avant le {when(lane.blocked_until)}"
        )
    elif state is not None and in_page_backoff(state, now):
        reason = f"{target.name} nous a refusés : la page est laissée en paix pour un temps"
    else:
        return
    raise CommandRefused(f"Relevé non fait : {reason}. Pour interroger quand même : --force.")


def find(config: Config, name: str) -> Target:
    """Return the target of a slug or an address, or a temporary one for another address.

    Raises:
        CommandRefused: It is neither a known slug nor an http(s) address.

    """
    if name in config.by_slug:
        return config.by_slug[name]
    parts = urlsplit(name)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CommandRefused(f"{name} : ni une cible de la configuration, ni une adresse http(s)")
    existing = next((target for target in config.targets if target.url == name), None)
    platform = config.lane_of(parts.hostname) or ""
    return existing or Target(
        slug="adresse", name=name, url=name, kind=Kind.PAGE, platform=platform
    )


def facts(observation: Observation) -> dict[str, Any]:
    """Return an observation as JSON, without the bytes."""
    exchange, controls = observation.exchange, observation.controls
    return {
        "target": observation.target,
        "point": observation.point,
        "at": observation.at.isoformat(),
        "exchange": _exchange(exchange),
        "controls": None
        if controls is None
        else {
            "at": controls.at.isoformat(),
            "ok": controls.ok,
            "asked": controls.asked,
            "answers": dict(controls.answers),
            **panel_detail(controls),
        },
        "clock_offset_us": observation.clock_offset_us,
        "config_sha256": observation.config_sha256,
        "ruleset": observation.ruleset,
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "url": exchange.url,
        "final_url": exchange.final_url,
        "status": exchange.status,
        "failure": exchange.failure,
        "phase": exchange.phase,
        "detail": exchange.detail,
        "duration_us": exchange.duration_us,
        "body_bytes": len(exchange.body),
        "body_sha256": sha256(exchange.body).hexdigest(),
        "charset": exchange.charset,
        "server_offset_us": exchange.server_offset_us,
        "stalled_us": exchange.stalled_us,
        "second": None
        if exchange.second is None
        else {
            "resolver": exchange.second.resolver,
            "addresses": list(exchange.second.addresses),
            "verdict": exchange.second.verdict,
            "reason": exchange.second.reason,
        },
        "rendering": exchange.rendering and _rendering(exchange.rendering),
        "hops": [_hop(hop) for hop in exchange.hops],
        "parts": [_exchange(part) for part in exchange.parts],
    }


def _rendering(rendering: Rendering) -> dict[str, Any]:
    return {
        "browser": rendering.browser,
        "apart": rendering.apart,
        "sandbox": rendering.sandbox,
        "duration_us": rendering.duration_us,
        "failure": rendering.failure,
        "tree": rendering.tree,
        "text": rendering.text,
        "console": list(rendering.console),
        "refused": [
            {"origin": refused.origin, "cause": refused.cause, "count": refused.count}
            for refused in rendering.refused
        ],
        "files": {
            name: {"sha256": sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in files_of(rendering).items()
        },
    }


def _hop(hop: Hop) -> dict[str, Any]:
    resolution, certificate = hop.resolution, hop.certificate
    return {
        "url": hop.url,
        "status": hop.status,
        "http_version": hop.http_version,
        "address": hop.address,
        "resolver": resolution.server if resolution else None,
        "answers": list(resolution.addresses) if resolution else [],
        "second": resolution.second if resolution else None,
        "retransmits": hop.retransmits,
        "attempts": [
            {"address": a.address, "failure": a.failure, "offender": a.offender}
            for a in hop.attempts
        ],
        "tls_version": hop.tls_version,
        "tls_cipher": hop.tls_cipher,
        "certificate": None
        if certificate is None
        else {
            "sha256": certificate.sha256,
            "subject": certificate.subject,
            "issuer": certificate.issuer,
            "not_before": certificate.not_before.isoformat(),
            "not_after": certificate.not_after.isoformat(),
            "names": list(certificate.names),
            "chain_length": certificate.chain_length,
            "verified": certificate.verified,
            "completed": certificate.completed,
        },
        "phases_us": {phase.value: elapsed for phase, elapsed in hop.phases_us.items()},
        "headers": [list(pair) for pair in hop.headers],
        "request_bytes": len(hop.request_bytes),
        "response_bytes": len(hop.response_bytes),
    }


def described(target: Target, observation: Observation) -> Iterator[str]:
    """Yield the facts for a person, in French."""
    exchange, controls = observation.exchange, observation.controls
    yield f"{target.name}"
    yield f"Relevé du {when(observation.at)}, point de mesure « {observation.point} »"
    for number, hop in enumerate(exchange.hops, start=1):
        yield f"Demande {number} : {hop.url}"
        yield from _told_hop(hop)
    if exchange.failure is not None:
        phase = f" ({exchange.phase.value})" if exchange.phase else ""
        yield f"Échec : {exchange.failure.value}{phase} : {exchange.detail}"
    yield f"Durée : {exchange.duration_us / 1000:.0f} ms ; corps : {len(exchange.body)} octets"
    if exchange.body:
        yield f"Empreinte du corps (SHA-256) : {sha256(exchange.body).hexdigest()}"
    for part in exchange.parts:
        outcome = part.failure.value if part.failure else part.status
        yield f"Élément de la page : {part.url} : {outcome}"
    if exchange.rendering is not None:
        yield from _told_rendering(exchange.rendering)
    if controls is not None:
        silent = ", ".join(slug for slug, ok in controls.answers.items() if not ok) or "aucun"
        yield f"Témoins : {controls.ok} sur {controls.asked} répondent (muets : {silent})"
        yield from map(_told_witness, controls.witnesses)
    if exchange.second is not None:
        second = exchange.second
        by = f" par {second.resolver}" if second.resolver else ""
        yield f"Demande refaite{by} : {VERDICTS[second.verdict]} ({second.reason.value})"
    if exchange.stalled_us:
        yield f"Notre processus est resté arrêté {exchange.stalled_us / 1e6:.1f} s"
    offset = observation.clock_offset_us
    yield f"Horloge : {'écart inconnu' if offset is None else f'écart de {offset / 1000:.1f} ms'}"
    yield ""


def _told_rendering(rendering: Rendering) -> Iterator[str]:
    """Yield what a browser showed, in French."""
    seconds = rendering.duration_us / 1e6
    yield f"À l’écran, en {seconds:.1f} s ({rendering.browser or 'navigateur non démarré'}) :"
    if rendering.failure is not None:
        yield f"  {RENDER_FAILURES[rendering.failure]}"
    yield from (f"  | {line}" for line in rendering.tree.splitlines()[:_TREE_LINES])
    yield from (f"  erreur affichée par la page : {line}" for line in rendering.console[:10])
    for refused in rendering.refused:
        cause = REFUSALS[refused.cause]
        yield f"  demande non faite : {refused.origin}, {refused.count} fois ({cause})"


def _told_witness(witness: ControlAnswer) -> str:
    """Return the answer of one control host over one family, in French."""
    seconds = witness.duration_us / 1e6
    facts = [f"{seconds:.2f} s"]
    if witness.address:
        facts.append(witness.address)
    if witness.retransmits:
        facts.append(f"premier paquet renvoyé {witness.retransmits} fois")
    status = f"{FAMILIES[witness.family]} : {CONTROL_STATUSES[witness.said]}"
    return f"  {witness.slug}, {status} ({', '.join(facts)})"


def _told_hop(hop: Hop) -> Iterator[str]:
    if hop.resolution is not None:
        resolution = hop.resolution
        answers = ", ".join(resolution.addresses) or (
            resolution.failure.value if resolution.failure else "rien"
        )
        second = f" (aussi : {resolution.second})" if resolution.second else ""
        yield f"  nom résolu par {resolution.server}{second} : {answers}"
    for attempt in hop.attempts:
        if attempt.failure is not None:
            yield f"  {attempt.address} : {attempt.failure.value}"
    if hop.address is not None:
        tls = f", {hop.tls_version}" if hop.tls_version else ""
        yield f"  adresse {hop.address}{tls}"
    if hop.certificate is not None:
        sure = "vérifié" if hop.certificate.verified else "non vérifié"
        yield f"  certificat {sure}, valable jusqu’au {when(hop.certificate.not_after)}"
    if hop.phases_us:
        phases = ", ".join(f"{p.value} {us / 1000:.1f} ms" for p, us in hop.phases_us.items())
        yield f"  {phases}"
    if hop.status is not None:
        yield f"  réponse {hop.status} ({hop.http_version})"
