"""`vigie compare`: what changed between two saved pages."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from monitor.cli.parsing import CommandRefused, Commands, folders, json_option, read_saved, say
from monitor.config.fingerprint_file import load_fingerprints
from monitor.core.changes.change import Edit, Op
from monitor.core.changes.compare_saved import Comparison, compare_saved, judge_with
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


def run(asked: Namespace) -> int:
    """Compare one pair, or each line of a file of pairs."""
    if (asked.pairs is None) == (asked.before is None or asked.after is None):
        raise CommandRefused("Donner deux pages, AVANT et APRÈS, ou bien --pairs FICHIER.")
    marks, problems = load_fingerprints(asked.config / "fingerprints.toml")
    if problems:
        raise CommandRefused("\n".join(map(str, problems)))
    if asked.pairs is not None:
        return _run_pairs(asked.pairs, marks)
    found = _compared(
        asked.before, asked.after, url=asked.url, content_type=asked.content_type, marks=marks
    )
    if asked.json:
        say(as_json(found) | {"edits": [_edit(edit) for edit in _edits(found)]})
    else:
        print("\n".join(told(found)))
    return 0


def _compared(
    before: Path, after: Path, *, url: str | None, content_type: str | None, marks: Sequence[Any]
) -> Comparison:
    return compare_saved(
        read_saved(before),
        read_saved(after),
        url=url,
        content_type=content_type,
        is_page=judge_with(marks, content_type=content_type),
    )


def _run_pairs(name: str, marks: Sequence[Any]) -> int:
    """Answer each pair with one JSON line, in order, as soon as it is known."""
    if name == "-":
        return _answer_all(sys.stdin, Path(), marks)
    try:
        with Path(name).open(encoding="utf-8") as file:
            return _answer_all(file, Path(name).parent, marks)
    except OSError as error:
        raise CommandRefused(f"{name} : illisible : {in_french(error)}") from None


def _answer_all(lines: TextIO, folder: Path, marks: Sequence[Any]) -> int:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            print(json.dumps(_answer(line, number, folder, marks), ensure_ascii=False), flush=True)
    return 0


def _answer(line: str, number: int, folder: Path, marks: Sequence[Any]) -> dict[str, Any]:
    pair: Any = {}
    try:
        pair = json.loads(line)
        found = _compared(
            _place(folder, pair["before"]),
            _place(folder, pair["after"]),
            url=pair.get("url"),
            content_type=pair.get("content_type"),
            marks=marks,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandRefused(
            f"--pairs : ligne {number} : pas un objet JSON avec before et after"
        ) from None
    except CommandRefused as refusal:  # one page that cannot be read spoils its own pair only
        return {"id": pair.get("id"), "changed": None, "kinds": [], "weight": None,
                "summary": str(refusal)}  # fmt: skip
    return {"id": pair.get("id")} | as_json(found)


def _place(folder: Path, name: str) -> Path:
    """Return a path of a pair: beside the file of pairs, or else from here."""
    beside = folder / name
    return beside if beside.exists() else Path(name)


def as_json(found: Comparison) -> dict[str, Any]:
    """Return what a line of `--pairs` says, but for its id."""
    return {
        "changed": found.changed,
        "kinds": [kind.value for kind in found.kinds],
        "weight": found.weight.value if found.weight else None,
        "summary": found.summary,
    }


def _edits(found: Comparison) -> Sequence[Edit]:
    return found.change.edits if found.change else ()


def _edit(edit: Edit) -> dict[str, Any]:
    return {
        "kinds": [kind.value for kind in edit.kinds],
        "pieces": [[piece.op.value, piece.text] for piece in edit.pieces],
    }


def told(found: Comparison) -> Iterator[str]:
    """Yield the answer for a person; the first line is one word, for scripts."""
    yield _WORDS[found.changed]
    yield found.summary
    if found.change is None:
        return
    kinds = ", ".join(KINDS[kind] for kind in found.kinds)
    yield f"Nature : {kinds} ; poids : {WEIGHTS[found.change.weight]}"
    for edit in found.change.edits:
        yield "  " + " ".join(_MARKS[piece.op].format(piece.text) for piece in edit.pieces)
    for link in found.change.links:
        yield f"  lien « {link.text} » : {link.before or '(absent)'} → {link.after or '(absent)'}"
