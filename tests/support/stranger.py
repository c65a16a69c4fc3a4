"""`verify/verifier.py` in this process: a new one for each copy would cost ten times as much.

What only a process of its own shows (isolation, planted modules, memory, no network) is in
`test_verifier_place.py`, `test_verifier_files.py` and the first test of `test_verifier.py`.
"""

import os
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from io import BytesIO, TextIOWrapper
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

from tests.support.mirror import VERIFIER


def verifier() -> ModuleType:
    """Return the verifier as a module, at the time of day at which it would begin."""
    program = _loaded()
    vars(program)["NOW"] = int(time.time())  # noqa: TID251 -- as the program does
    return program


@cache
def _loaded() -> ModuleType:
    spec = spec_from_file_location("verifier_of_strangers", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    program = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


def run_verifier(folder: Path, *options: str | Path, place: Path = VERIFIER) -> tuple[int, str]:
    """Run its `main` as the program that lies at `place` would be, with no variable but PATH.

    Returns its exit code and all that it prints. Any exception of it comes out.
    """
    program = verifier()
    out = TextIOWrapper(BytesIO(), encoding="utf-8")
    argv = [str(place), str(folder), *map(str, options)]
    with (
        patch.object(program, "HERE", place.resolve()),
        # What a program of its own would begin with: nothing judged yet.
        patch.dict(program.GOOD_CHAINS, clear=True),
        patch.object(program, "GOOD_LISTS", set()),
        patch.object(program, "GOOD_SIGNATURES", set()),
        patch.object(sys, "argv", argv),
        patch.dict(os.environ, {"PATH": os.defpath}, clear=True),
        redirect_stdout(out),
        redirect_stderr(out),
    ):
        code: int = program.main()
    out.seek(0)
    return code, out.read()
