"""`vigie compare`: what changed between two saved pages."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from monitor.cli.parsing import CommandRefused, Commands, folders, json_option, read_saved, say
from monitor.config.files.fingerprint_file import load_fingerprints
from monitor.config.files.local import Local
from monitor.core.changes.change import Edit, Op
from monitor.core.changes.compare_saved import Comparison, compare_saved, judge_with
from monitor.core.french import change_sentences
from monitor.core.french.change_sentences import KINDS, WEIGHTS
from monitor.runtime.errors import in_french

_WORDS = {True: "changed", False: "unchanged", None: "incomparable"}
_MARKS = {Op.SAME: "{}", Op.REMOVED: "[-{}-]", Op.ADDED: "{{+{}+}}"}


def add(commands: Commands) -> None:
    """Add the command."""
    comparing = commands.add_parser(
        "compare",
        help="comparer deux pages enregistrées",
        description="Dit si une page a changé pour qui la lit, en quoi, et avec quel poids. "
        "Le premier mot est changed, unchanged ou incomparable.",
    )
    comparing.add_argument("before", type=Path, nargs="?", metavar="AVANT", help="page d’avant")
    comparing.add_argument("after", type=Path, nargs="?", metavar="APRÈS", help="page d’après")
    comparing.add_argument("--url", help="adresse de la page")
    comparing.add_argument("--content-type", help="en-tête content-type des deux réponses")
    comparing.add_argument(
        "--pairs", metavar="FICHIER",
        help="un objet JSON par ligne : before, after, et url, id au besoin ; « - » : entrée",
    )  # fmt: skip
    folders(comparing)
    json_option(comparing)
    comparing.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Compare one pair, or each line of a file of pairs."""
    if (args.pairs is None) == (args.before is None or args.after is None):
        raise CommandRefused("Donner deux pages, AVANT et APRÈS, ou bien --pairs FICHIER.")
    fingerprints, problems = load_fingerprints(
        args.config / "fingerprints.toml", Local(args.config).fingerprints
    )
    if problems:
        raise CommandRefused("\n".join(map(str, problems)))
    if args.pairs is not None:
        return _run_pairs(args.pairs, fingerprints)
    comparison = _compared(
        args.before,
        args.after,
        url=args.url,
        content_type=args.content_type,
        fingerprints=fingerprints,
    )
    if args.json:
        say(as_json(comparison) | {"edits": [_edit(edit) for edit in _edits(comparison)]})
    else:
        print("\n".join(explained(comparison)))
    return 0


def _compared(
    before: Path,
    after: Path,
    *,
    url: str | None,
    content_type: str | None,
    fingerprints: Sequence[Any],
) -> Comparison:
    return compare_saved(
        read_saved(before),
        read_saved(after),
        url=url,
        content_type=content_type,
        is_page=judge_with(fingerprints, content_type=content_type),
    )


def _run_pairs(name: str, fingerprints: Sequence[Any]) -> int:
    """Answer each pair with one JSON line, in order, as soon as it is compared."""
    if name == "-":
        return _answer_all(sys.stdin, Path(), fingerprints)
    try:
        with Path(name).open(encoding="utf-8") as file:
            return _answer_all(file, Path(name).parent, fingerprints)
    except OSError as error:
        raise CommandRefused(f"{name} : illisible : {in_french(error)}") from None


def _answer_all(lines: TextIO, folder: Path, fingerprints: Sequence[Any]) -> int:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            print(
                json.dumps(_answer(line, number, folder, fingerprints), ensure_ascii=False),
                flush=True,
            )
    return 0


def _answer(line: str, number: int, folder: Path, fingerprints: Sequence[Any]) -> dict[str, Any]:
    pair: Any = {}
    try:
        pair = json.loads(line)
        comparison = _compared(
            _place(folder, pair["before"]),
            _place(folder, pair["after"]),
            url=pair.get("url"),
            content_type=pair.get("content_type"),
            fingerprints=fingerprints,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandRefused(
            f"--pairs : ligne {number} : pas un objet JSON avec before et after"
        ) from None
    except CommandRefused as refusal:  # a page that cannot be read affects only its own pair
        return {"id": pair.get("id"), "changed": None, "kinds": [], "weight": None,
                "summary": str(refusal)}  # fmt: skip
    return {"id": pair.get("id")} | as_json(comparison)


def _place(folder: Path, name: str) -> Path:
    """Return a path of a pair: relative to the file of pairs, or else to the current folder."""
    sibling = folder / name
    return sibling if sibling.exists() else Path(name)


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as in a line of `--pairs`, without its id."""
    return {
        "changed": comparison.changed,
        "kinds": [kind.value for kind in comparison.kinds],
        "weight": comparison.weight.value if comparison.weight else None,
        "summary": comparison.summary,
        "compared": list(comparison.compared_permille),
    }


def _edits(comparison: Comparison) -> Sequence[Edit]:
    return comparison.change.edits if comparison.change else ()


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "kinds": [kind.value for kind in edit.kinds],
        "pieces": [[piece.op.value, piece.text] for piece in edit.pieces],
    }


def explained(comparison: Comparison) -> Iterator[str]:
    """Yield the answer for a person; the first line is one word, for scripts."""
    yield _WORDS[comparison.changed]
    yield comparison.summary
    yield change_sentences.compared_shares(comparison.compared_permille)
    if comparison.change is None:
        return
    kinds = ", ".join(KINDS[kind] for kind in comparison.kinds)
    yield f"Nature : {kinds} ; poids : {WEIGHTS[comparison.change.weight]}"
    for edit in comparison.change.edits:
        yield "  " + " ".join(_MARKS[piece.op].format(piece.text) for piece in edit.pieces)
    for link in comparison.change.links:
        yield f"  lien « {link.text} » : {link.before or '(absent)'} → {link.after or '(absent)'}"
