"""Commands that need neither the network nor the store: the configuration, saved answers."""

import json
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.cli.parsing import (
    INIT_HINT,
    CommandRefused,
    Commands,
    folders,
    json_option,
    read_saved,
    say,
)
from monitor.config import Config, ConfigError, Problem, budget, load
from monitor.config.files.fingerprint_file import load_fingerprints
from monitor.config.files.local import LOCAL, Local
from monitor.config.rules.legal import public_problems
from monitor.core.french.formatting import count
from monitor.core.french.sentences import REASONS, VERDICTS
from monitor.core.model import Confidence, Judgement, Target
from monitor.core.untrusted.numbers import whole
from monitor.core.verdict.classify import classify_saved
from monitor.runtime.errors import in_french

# Of an address: tried, or read where it is published.
_SURE = frozenset({Confidence.LIVE, Confidence.YES})


def add(commands: Commands) -> None:
    """Add `check-config` and `classify`."""
    check = commands.add_parser("check-config", help="vérifier la configuration")
    folders(check)
    json_option(check)
    check.add_argument(
        "--public",
        action="store_true",
        help="refuser aussi ce qui manque pour servir un site public : identité, mentions légales",
    )
    check.set_defaults(run=check_config)

    judge = commands.add_parser(
        "classify",
        help="juger une réponse enregistrée",
        description="Juge une réponse enregistrée : le verdict, la raison, les règles essayées.",
    )
    judge.add_argument("body", type=Path, metavar="FICHIER", help="corps de la réponse")
    judge.add_argument("--status", type=whole, required=True, metavar="N", help="code HTTP")
    judge.add_argument(
        "--headers", type=Path, metavar="FICHIER",
        help="en-têtes, en JSON (objet ou liste de paires) ou ligne à ligne",
    )  # fmt: skip
    judge.add_argument("--url", help="adresse demandée")
    judge.add_argument(
        "--control", choices=("ok", "failed"), default="ok",
        help="ce que disaient les témoins de notre ligne (par défaut : ok)",
    )  # fmt: skip
    folders(judge)
    json_option(judge)
    judge.set_defaults(run=classify)


def check_config(args: Namespace) -> int:
    """Check the whole configuration. `main` prints a ConfigError, which has every fault."""
    config = load(args.config)
    if args.public and (problems := public_problems(config)):
        raise ConfigError(problems)
    loads = budget(config)
    unconfirmed = [target for target in config.targets if target.verified not in _SURE]
    if args.json:
        say(
            {
                "public": not public_problems(config),
                "targets": len(config.targets),
                "sha256": config.sha256,
                "identified": config.identified,
                "reminders": list(config.reminders),
                "advice": list(config.advice),
                "unconfirmed": [
                    {"target": target.slug, "url": target.url, "source": target.source}
                    for target in unconfirmed
                ],
                "local": [
                    {"key": setting.key, "value": setting.value, "shipped": setting.shipped}
                    for setting in config.local
                ],
                "platforms": {
                    load_.platform: {
                        "planned_per_hour": load_.planned_per_hour,
                        "capacity_per_hour": load_.capacity_per_hour,
                        "share": load_.share,
                    }
                    for load_ in loads
                },
            }
        )
        return 0
    _print_config(config, unconfirmed, public=args.public)
    _print_local(config, args.config / LOCAL)
    print("\nDemandes par heure, et part de ce que permet l’espacement :")
    for load_ in loads:
        print(
            f"  {load_.platform:22} {load_.planned_per_hour:7.1f} sur "
            f"{load_.capacity_per_hour:7.1f}  {load_.share:4.0%}"
        )
    return 0


def _print_config(config: Config, unconfirmed: Sequence[Target], *, public: bool) -> None:
    print(f"Configuration valable : {count(len(config.targets), 'cible')}.")
    print(f"Empreinte : {config.sha256}")
    for reminder in config.reminders:
        print(f"À faire : {reminder}")
    for advice in config.advice:
        print(f"Conseil : {advice}")
    if not config.identified:
        print(f"Aucun site ne sera interrogé sans identité. {INIT_HINT}")
    if unconfirmed:
        print(
            f"Adresses à confirmer : {len(unconfirmed)}, dont "
            f"{unconfirmed[0].url} (lue dans : {unconfirmed[0].source}). "
            "Toutes : « vigie check-config --json »."
        )
    if public:
        print("Rien ne manque pour servir un site public.")


def _print_local(config: Config, path: Path) -> None:
    print(f"\nRéglages de {path}, par-dessus ceux qui sont livrés :")
    for setting in config.local:
        print(f"  {setting}")
    if not config.local:
        print("  aucun")


def classify(args: Namespace) -> int:
    """Judge one saved answer."""
    if not 100 <= args.status <= 999:  # noqa: PLR2004 -- what a status line can hold
        raise CommandRefused(f"--status : {args.status} : ce n’est pas un code HTTP (100 à 999)")
    fingerprints, problems = load_fingerprints(
        args.config / "fingerprints.toml", Local(args.config).fingerprints
    )
    if problems:
        raise CommandRefused(_listed(problems))
    try:
        headers = _headers(args.headers) if args.headers else []
    except OSError as error:
        raise CommandRefused(f"{error.filename} : illisible : {in_french(error)}") from None
    except ValueError as error:
        raise CommandRefused(f"{args.headers} : en-têtes illisibles : {error}") from None
    judgement = classify_saved(
        status=args.status,
        headers=headers,
        body=read_saved(args.body),
        url=args.url,
        controls_failed=args.control == "failed",
        fingerprints=fingerprints,
    )
    if args.json:
        say(as_json(judgement))
    else:
        print(explained(judgement))
    return 0


def _listed(problems: Sequence[Problem]) -> str:
    return "\n".join(map(str, problems))


def _headers(path: Path) -> list[tuple[str, str]]:
    """Read headers saved as a JSON object, a JSON list of pairs, or `Name: value` lines.

    Raises:
        ValueError: The file has none of these forms.

    """
    text = path.read_text(encoding="utf-8")
    if text.lstrip()[:1] in {"{", "["}:
        content: Any = json.loads(text)
        pairs = list(content.items()) if isinstance(content, dict) else content
        return [(str(name), str(value)) for name, value in pairs]
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("HTTP/")]
    if not all(":" in line for line in lines):
        raise ValueError("une ligne n’a pas la forme « Nom: valeur »")
    return [(name.strip(), value.strip()) for name, value in (ln.split(":", 1) for ln in lines)]


def as_json(judgement: Judgement) -> dict[str, Any]:
    """Return a judgement as JSON."""
    return {
        "verdict": judgement.verdict.value,
        "reason": judgement.reason.value,
        "rule": judgement.rule,
        "tried": [
            {"rule": trial.rule, "matched": trial.matched, "ground": trial.ground}
            for trial in judgement.tried
        ],
    }


def explained(judgement: Judgement) -> str:
    """Return a judgement for a person; its first word is the verdict, for scripts."""
    verdict, reason = judgement.verdict, judgement.reason
    lines = [
        f"{verdict.value} ({VERDICTS[verdict]}) : {REASONS[reason]} [{reason.value}]",
        f"Règle qui a décidé : {judgement.rule}",
        "Règles essayées, dans l’ordre :",
    ]
    lines += [
        f"  {'→' if trial.matched else '·'} {trial.rule:22} {trial.ground}".rstrip()
        for trial in judgement.tried
    ]
    return "\n".join(lines)
