"""`vigie follow`: read the journals of other points, verify them, import their leaves."""

import asyncio
import os
import re
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.attest.follower_child import configured_points, courier_of, watch
from monitor.attest.following import FollowedPoint, PointFollower
from monitor.cli.parsing import CommandRefused, Commands, ProgressLine, folders, json_option, say
from monitor.config import Config, load
from monitor.config.fields.urls import refuse_url
from monitor.config.fields.verifier_keys import LOG, refuse_key
from monitor.config.settings import read_settings
from monitor.core.french.formatting import count
from monitor.evidence.log.note import VerifierKey
from monitor.evidence.other_points.point_folder import FollowState
from monitor.runtime import logs
from monitor.runtime.clock import SystemClock

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)
_STRANGE = re.compile(r"[^a-z0-9]{1,100}")  # what a folder's name has a hyphen for


def add(commands: Commands) -> None:
    """Add the command."""
    follow = commands.add_parser("follow", help="suivre le journal d’un autre point de mesure")
    folders(follow)
    follow.add_argument(
        "key", nargs="?", metavar="CLÉ",
        help="clé publique de ce journal (sans elle : les points de [[points]])",
    )  # fmt: skip
    follow.add_argument(
        "url", nargs="?", metavar="ADRESSE", help="de son journal, ou un dossier qu’on a apporté"
    )
    follow.add_argument("--name", metavar="NOM", help="de son dossier sous points/")
    follow.add_argument(
        "--watch", action="store_true", help="revenir chaque minute ; le service le fait lui-même"
    )
    json_option(follow)
    follow.set_defaults(run=run_follow)


def run_follow(args: Namespace) -> int:
    """Follow one point, or those of the configuration; exit code 1 unless all were read."""
    config = load(args.config)
    points = [_given(args, config)] if args.key else configured_points(config)
    if args.watch:
        logs.configure(level=read_settings(os.environ, data=args.data).log_level)
        asyncio.run(watch(points, config, args.data, clock=SystemClock()))
        return 0
    if not points:
        print("Aucun point à suivre : donnez une clé et une adresse, ou écrivez [[points]].")
        return 1
    with ProgressLine() as progress:
        results = asyncio.run(_visits(points, config, args.data, progress))
    faults = {
        name: [fault.text for fault in follower.place.faults()] for name, follower, _ in results
    }
    if args.json:
        say([_as_json(name, state, faults[name]) for name, _, state in results])
    else:
        for name, _, state in results:
            _print(name, state, faults[name])
    return int(any(state.why or faults[name] for name, _, state in results))


async def _visits(
    points: Sequence[FollowedPoint], config: Config, data: Path, progress: ProgressLine
) -> list[tuple[str, PointFollower, FollowState]]:
    results = []
    for point in points:
        courier = courier_of(config, point)
        follower = PointFollower(
            point, data, clock=SystemClock(), courier=courier, progress=progress
        )
        try:
            results.append((point.name, follower, await follower.visit()))
        finally:
            await courier.aclose()
    return results


def _given(args: Namespace, config: Config) -> FollowedPoint:
    """Return the point of the command line. Raises CommandRefused."""
    if args.url is None:
        raise CommandRefused("Donnez la clé du journal, puis son adresse ou son dossier.")
    refusal = refuse_key(args.key, LOG)
    if refusal is not None:
        raise CommandRefused(f"{refusal.reason} ; {refusal.cure}")
    key = VerifierKey.parse(args.key)
    if args.url.startswith(("http://", "https://")):
        refusal = refuse_url(args.url, allow_private=config.allow_private)
        if refusal is not None:
            raise CommandRefused(f"{args.url[:200]} : {refusal.reason} ; {refusal.cure}")
        url = args.url
    else:
        url = str(Path(args.url).absolute())
        if not Path(url).is_dir():
            raise CommandRefused(f"{url} : ce n’est ni une adresse https://… ni un dossier.")
    name = args.name or _name_of(key)
    if not _NAME.fullmatch(name):
        raise CommandRefused(f"--name {name[:80]} : lettres minuscules, chiffres et tirets.")
    return FollowedPoint(name=name, key=key, url=url)


def _name_of(key: VerifierKey) -> str:
    """Return the host of a journal's name, and its key id: two journals never share a folder."""
    host = _STRANGE.sub("-", key.name.partition("/")[0].lower()).strip("-")[:40]
    return f"{host or 'point'}-{key.key_id.hex()}"


def _as_json(name: str, state: FollowState, faults: list[str]) -> dict[str, Any]:
    return {
        "point": name,
        "asked_at": state.asked_at.isoformat() if state.asked_at else None,
        "heard_at": state.heard_at.isoformat() if state.heard_at else None,
        "signed_leaves": state.size,
        "imported_leaves": state.leaves,
        "silent_because": state.why,
        "faults": faults,
    }


def _print(name: str, state: FollowState, faults: list[str]) -> None:
    print(f"{name} : {count(state.leaves, 'feuille')} sur {state.size} signées.")
    if state.why and state.why not in faults:
        print(f"   muet : {state.why}", file=sys.stderr)
    for fault in faults:
        print(f"   FAUTE, ce point n’est plus écouté : {fault}", file=sys.stderr)
