"""What a stranger's verifier says of the same folder: `vigie verify` is never weaker than it.

`verify/verifier.py` is loaded here as it is given away, with two things lent to it: Ed25519 by
the library, since a program for each signature would take minutes, and the keys.
"""

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from monitor.evidence.log.journal import FOLDER, LOCK
from monitor.evidence.log.mirror import verifier_path
from monitor.evidence.log.note import VerifierKey

_NAME = "vigie_verifier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What it found. `tables` are lines for a person, `found` the same as its --json gives it.

    `on_trust` says, with its number, each kind of thing that nothing proves nor denies.
    """

    faults: tuple[str, ...]
    tables: tuple[str, ...] = ()
    on_trust: tuple[str, ...] = ()
    found: dict[str, Any] = field(default_factory=dict)


def ask(
    folder: Path,
    *,
    key: VerifierKey,
    witnesses: Sequence[VerifierKey],
    roots: bytes,
    unknown: Callable[[], set[str]],
) -> Opinion | None:
    """Have the stranger's verifier judge an export, the data of a service, or a journal alone.

    Args:
        folder: Holds `journal/`, or is what would be there.
        key: The journal's key.
        witnesses: Those whose cosignatures must be right where they stand.
        roots: Certificates that time-stamps may lead to, as PEM.
        unknown: Returns the digests of the tokens that lead to none of them. It is called once
            all tokens that count are there: a service may be adding to them.

    Returns:
        None when the program was installed without it.

    """
    path = verifier_path()
    if not path.exists():
        return None
    program = _load(path)
    with TemporaryDirectory() as name:
        keys, trusted = Path(name, "cles.txt"), Path(name, "racines.pem")
        lines = [f"log {key}", *(f"witness {one.name} {one}" for one in witnesses), "quorum none"]
        keys.write_text("\n".join([*lines, ""]), encoding="utf-8")
        trusted.write_bytes(roots)
        copy, held = (folder / "cles.txt").exists(), folder
        if not (folder / FOLDER).is_dir():
            held, journal = folder.resolve().parent, folder.resolve()
            folder = Path(name, "seul")
            folder.mkdir()
            (folder / FOLDER).symlink_to(journal)
        asked = Namespace(
            dossier=folder,
            cle=str(key) if copy else "",
            cles=None if copy else keys,
            racines=trusted,
            ancien=[],
            data=not copy,
            alive=not copy and _written_to(held),
            unknown=unknown,
            json=True,
        )
        found: dict[str, Any] = program.judge(asked, lambda _: None)
    return Opinion(
        faults=tuple(found["faults"]),
        tables=tuple(found.pop("tables", ())),
        on_trust=tuple(found["on_trust"]),
        found=found,
    )


def _load(path: Path) -> ModuleType:
    spec = spec_from_file_location(_NAME, path)
    assert spec is not None  # noqa: S101 -- a file that ends in .py
    assert spec.loader is not None  # noqa: S101 -- the same
    program = module_from_spec(spec)
    sys.modules[_NAME] = program  # where its data classes look for their names
    spec.loader.exec_module(program)
    program.verifies = _verifies  # type: ignore[attr-defined] # for its own of the same name
    return program


def _verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _written_to(folder: Path) -> bool:
    """Return whether a service holds the journal: then it grows while it is read."""
    try:
        with (folder / LOCK).open("rb") as lock:
            flock(lock, LOCK_EX | LOCK_NB)
            flock(lock, LOCK_UN)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
