"""Run the stand-alone verifier on the same folder: `vigie verify` is never weaker than it.

`verify/verifier.py` is loaded here as it is given to others, except for Ed25519, which the library
does, since one process per signature would take minutes, and for the keys, which are passed to it.
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

from monitor.attest.verification_step import FaultList, VerificationStep
from monitor.evidence.log.journal import FOLDER, LOCK
from monitor.evidence.log.mirror import verifier_path
from monitor.evidence.log.note import VerifierKey

_NAME = "vigie_verifier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """Its results. `tables` are lines for a person, `found` is its --json output.

    `faults` are the first ones, `more_faults` is how many others there are.
    `on_trust` has a line, with a number, for each kind of thing that is neither proved nor refuted.
    """

    faults: tuple[str, ...]
    tables: tuple[str, ...] = ()
    on_trust: tuple[str, ...] = ()
    found: dict[str, Any] = field(default_factory=dict)
    more_faults: int = 0

    def step(self) -> VerificationStep:
        """Return its faults as a step of `vigie verify`."""
        return VerificationStep(
            title="Vérificateur remis aux tiers",
            done="",
            proves="Ce qu’un tiers trouverait avec verifier.py.",
            leaves_open="Rien de plus que les étapes précédentes.",
            faults=FaultList(self.faults, more=self.more_faults).shown(),
        )


def ask(
    folder: Path,
    *,
    key: VerifierKey,
    witnesses: Sequence[VerifierKey],
    roots: bytes,
    unknown: Callable[[], set[str]],
) -> Opinion | None:
    """Have the stand-alone verifier judge an export, the data of a service, or a journal alone.

    Args:
        folder: The folder with `journal/`, or the journal itself.
        key: The journal's key.
        witnesses: Their cosignatures must be right where there are any.
        roots: Certificates that time-stamps may lead to, as PEM.
        unknown: Returns the digests of the tokens that lead to none of them. It is called after
            all tokens that count are there, since a service may be adding to them.

    Returns:
        None when the verifier is not installed.

    """
    path = verifier_path()
    if not path.exists():
        return None
    program = _load(path)
    with TemporaryDirectory() as name:
        keys, trusted = Path(name, "cles.txt"), Path(name, "racines.pem")
        lines = [
            f"log {key}",
            *(f"witness {witness.name} {witness}" for witness in witnesses),
            "quorum none",
        ]
        keys.write_text("\n".join([*lines, ""]), encoding="utf-8")
        trusted.write_bytes(roots)
        copy, data = (folder / "cles.txt").exists(), folder
        if not (folder / FOLDER).is_dir():
            data, journal = folder.resolve().parent, folder.resolve()
            folder = Path(name, "seul")
            folder.mkdir()
            (folder / FOLDER).symlink_to(journal)
        arguments = Namespace(
            dossier=folder,
            cle=str(key) if copy else "",
            cles=None if copy else keys,
            racines=trusted,
            ancien=[],
            data=not copy,
            alive=not copy and _written_to(data),
            unknown=unknown,
            json=True,
            package=None,
            cle_point=[],
        )
        results: dict[str, Any] = program.judge(arguments, lambda _: None)
    return _opinion(results)


def ask_of_bundle(
    path: Path,
    *,
    key: VerifierKey | None,
    roots: bytes | None,
    point_keys: Sequence[VerifierKey] = (),
) -> Opinion | None:
    """Have the stand-alone verifier judge a bundle.

    Args:
        path: Of the WACZ file.
        key: The journal's key, None to take the one in the bundle on trust.
        roots: As for `ask`; None to take those in the bundle on trust.
        point_keys: Of other points, whose proofs must be in the bundle.

    """
    if not verifier_path().exists():
        return None
    program = _load(verifier_path())
    with TemporaryDirectory() as name:
        trusted = Path(name, "racines.pem")
        if roots is not None:
            trusted.write_bytes(roots)
        arguments = Namespace(
            dossier=path,
            cle=str(key) if key else "",
            cles=None,
            racines=None if roots is None else trusted,
            ancien=[],
            data=False,
            alive=False,
            unknown=set,
            json=True,
            package=None,
            cle_point=[str(each) for each in point_keys],
        )
        results: dict[str, Any] = program.judge_package(arguments, lambda _: None)
    return _opinion(results)


def _opinion(results: dict[str, Any]) -> Opinion:
    return Opinion(
        faults=tuple(results["faults"]),
        tables=tuple(results.pop("tables", ())),
        on_trust=tuple(results["on_trust"]),
        found=results,
        more_faults=results["faults_in_all"] - len(results["faults"]),
    )


def _load(path: Path) -> ModuleType:
    spec = spec_from_file_location(_NAME, path)
    assert spec is not None  # noqa: S101 -- a file that ends in .py
    assert spec.loader is not None  # noqa: S101 -- the same
    program = module_from_spec(spec)
    sys.modules[_NAME] = program  # its data classes look up their names there
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
    """Return whether a service has locked the journal: then it grows while it is read."""
    try:
        with (folder / LOCK).open("rb") as lock:
            flock(lock, LOCK_EX | LOCK_NB)
            flock(lock, LOCK_UN)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
