"""`vigie verify` of the bundle of a dossier; how a step is printed."""

from argparse import Namespace
from pathlib import Path

import certifi

from monitor.attest.verification_step import FaultList, VerificationStep
from monitor.attest.verification_stranger import Opinion, ask_of_bundle
from monitor.cli.parsing import CommandRefused, say
from monitor.dossier.bundle.bundle_check import bundle_steps
from monitor.evidence.log.note import NoteError, VerifierKey


def verify_bundle(args: Namespace) -> int:
    """Verify a bundle, and print each step."""
    try:
        key = VerifierKey.parse(args.key) if args.key else None
    except NoteError as error:
        raise CommandRefused(f"--key : clé illisible : {error}") from None
    try:
        point_keys = [VerifierKey.parse(text) for text in args.point_key]
    except NoteError as error:
        raise CommandRefused(f"--point-key : clé illisible : {error}") from None
    steps = []
    for step in bundle_steps(args.path):
        steps.append(step)
        if not args.json:
            print(described(len(steps), step))
    roots = [path.read_bytes() for path in (Path(certifi.where()), *args.roots)]
    opinion = ask_of_bundle(
        args.path,
        key=key,
        roots=b"\n".join(roots) if args.roots else None,
        point_keys=point_keys,
    )
    for step in told_steps(opinion) if opinion else ():
        steps.append(step)
        if not args.json:
            print(described(len(steps), step))
    good = all(step.ok for step in steps)
    if args.json:
        listed = [step_as_json(step) for step in steps]
        say({"ok": good, "steps": listed, "stranger": opinion.found if opinion else None})
        return 0 if good else 1
    if opinion:
        _print_opinion(opinion)
    print("Tout est vérifié." if good else "La vérification a échoué.")
    return 0 if good else 1


def _print_opinion(opinion: Opinion) -> None:
    remarks, in_all = opinion.found["remarks"], opinion.found["remarks_in_all"]
    headed = {
        "Ce que les relevés prouvent :": opinion.tables,
        "Ce que rien ici n’établit ni ne dément :": opinion.on_trust,
        "Pris dans le lot même, et cru sur parole :": opinion.found["taken_from_the_folder"],
        "À savoir :": FaultList(remarks, more=in_all - len(remarks)).shown(),
    }
    for title, lines in headed.items():
        if lines:
            print("\n".join([title, *(f"   {line}" for line in lines)]))
    print(opinion.found["verdict"])


def told_steps(opinion: Opinion) -> list[VerificationStep]:
    """Return the steps of the stand-alone verifier; faults are told with the last one."""
    steps = [
        VerificationStep(
            title=step["title"],
            done=step["found"] or "ne peut être vérifié",
            proves="rien de tel ici" if step["empty"] else step["proves"],
            leaves_open=step["leaves_open"],
        )
        for step in opinion.found["steps"]
        if step["ok"]
    ]
    if opinion.faults:
        steps.append(opinion.step())
    return steps


def described(number: int, step: VerificationStep) -> str:
    """Return the lines of a step."""
    lines_found = step.faults or (step.done,)
    lines = [f"{number}. {step.title} : {'bon' if step.ok else 'REFUSÉ'}"]
    lines += [f"   {line}" for line in lines_found]
    lines += [f"   Prouve : {step.proves}", f"   Ne prouve pas : {step.leaves_open}"]
    return "\n".join(lines)


def step_as_json(step: VerificationStep) -> dict[str, object]:
    """Return a step for --json."""
    return {
        "title": step.title,
        "ok": step.ok,
        "done": step.done,
        "faults": list(step.faults),
        "proves": step.proves,
        "leaves_open": step.leaves_open,
    }
