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
from monitor.config import Problem, budget, load
from monitor.config.fingerprint_file import load_fingerprints
from monitor.config.local import LOCAL
from monitor.core.french.formatting import count
from monitor.core.french.sentences import REASONS, VERDICTS
from monitor.core.model import Judgement
from monitor.core.untrusted.numbers import whole
from monitor.core.verdict.classify import classify_saved
from monitor.runtime.errors import in_french


def add(commands: Commands) -> None:
    """Add `check-config` and `classify`."""
    check = commands.add_parser("check-config", help="vérifier la configuration")
    folders(check)
    json_option(check)
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


def check_config(asked: Namespace) -> int:
    """Read the whole configuration; ConfigError, which `main` prints, carries every fault."""
    config = load(asked.config)
    loads = budget(config)
    if asked.json:
        say(
            {
                "targets": len(config.targets),
                "sha256": config.sha256,
                "identified": config.identified,
                "reminders": list(config.reminders),
                "advice": list(config.advice),
                "local": [
                    {"key": one.key, "value": one.value, "shipped": one.shipped}
                    for one in config.local
                ],
                "platforms": {
                    each.platform: {
                        "planned_per_hour": each.planned_per_hour,
                        "capacity_per_hour": each.capacity_per_hour,
                        "share": each.share,
                    }
                    for each in loads
                },
            }
        )
        return 0
    print(f"Configuration valable : {count(len(config.targets), 'cible')}.")
    print(f"Empreinte : {config.sha256}")
    for reminder in config.reminders:
        print(f"À faire : {reminder}")
    for advice in config.advice:
        print(f"Conseil : {advice}")
    if not config.identified:
        print(f"Aucun site ne sera interrogé sans identité. {INIT_HINT}")
    print(f"\nRéglages de {asked.config / LOCAL}, par-dessus ceux qui sont livrés :")
    for setting in config.local:
        print(f"  {setting}")
    if not config.local:
        print("  aucun")
    print("\nDemandes par heure, et part de ce que permet l’espacement :")
    for each in loads:
        print(
            f"  {each.platform:22} {each.planned_per_hour:7.1f} sur "
            f"{each.capacity_per_hour:7.1f}  {each.share:4.0%}"
        )
    return 0


def classify(asked: Namespace) -> int:
    """Judge one saved answer."""
    if not 100 <= asked.status <= 999:  # noqa: PLR2004 -- what a status line can hold
        raise CommandRefused(f"--status : {asked.status} : ce n’est pas un code HTTP (100 à 999)")
    marks, problems = load_fingerprints(asked.config / "fingerprints.toml")
    if problems:
        raise CommandRefused(_listed(problems))
    try:
        headers = _headers(asked.headers) if asked.headers else []
    except OSError as error:
        raise CommandRefused(f"{error.filename} : illisible : {in_french(error)}") from None
    except ValueError as error:
        raise CommandRefused(f"{asked.headers} : en-têtes illisibles : {error}") from None
    judgement = classify_saved(
        status=asked.status,
        headers=headers,
        body=read_saved(asked.body),
        url=asked.url,
        controls_failed=asked.control == "failed",
        fingerprints=marks,
    )
    if asked.json:
        say(as_json(judgement))
    else:
        print(explained(judgement))
    return 0


def _listed(problems: Sequence[Problem]) -> str:
    return "\n".join(map(str, problems))


def _headers(path: Path) -> list[tuple[str, str]]:
    """Read headers saved as a JSON object, a JSON list of pairs, or `Name: value` lines.

    Raises:
        ValueError: neither of these.

    """
    text = path.read_text(encoding="utf-8")
    if text.lstrip()[:1] in {"{", "["}:
        found: Any = json.loads(text)
        pairs = list(found.items()) if isinstance(found, dict) else found
        return [(str(name), str(value)) for name, value in pairs]
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("HTTP/")]
    if not all(":" in line for line in lines):
        raise ValueError("une ligne n’a pas la forme « Nom: valeur »")
    return [(name.strip(), value.strip()) for name, value in (ln.split(":", 1) for ln in lines)]


def as_json(judgement: Judgement) -> dict[str, Any]:
    """Return what `--json` prints of a judgement."""
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
