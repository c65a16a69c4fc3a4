"""Check time-stamps with `openssl` too: what it refuses is not stored as verified.

pyHanko decodes and verifies tokens; a court's expert will use openssl. Each parses DER in its own
way, and a token that only one of them accepts would not convince a court.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.evidence.timestamps.certificate_files import as_pem

_DEADLINE_S = 30.0
# None of the variables that would make it trust, load or obey something else.
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LC_ALL": "C",
    **dict.fromkeys(("OPENSSL_CONF", "SSL_CERT_FILE", "SSL_CERT_DIR"), os.devnull),
}


class OpenSSLMissingError(Exception):
    """There is no `openssl` command on this machine."""


def refusal(der: bytes, note: bytes, *, chain: Sequence[bytes], at: datetime) -> str | None:
    """Return why openssl refuses a token at the time `at`; None when it accepts it.

    Args:
        der: The TimeStampToken.
        note: The bytes that it should stamp.
        chain: DER certificates, the signer's first, a trusted root last.
        at: The time that the token states.

    Raises:
        OpenSSLMissingError: There is no `openssl` command.

    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = {
            "token": der, "note": note, "chain": as_pem(chain), "root": as_pem(chain[-1:]),
        }  # fmt: skip
        for file, data in files.items():
            (folder / file).write_bytes(data)
        when = ("-attime", str(int(at.timestamp())))
        trusted = ("-CAfile", "root", "-untrusted", "chain")
        return _run(
            folder, "ts", "-verify", "-token_in", "-in", "token", "-data", "note", *trusted, *when
        ) or _run(
            folder, "verify", "-purpose", "timestampsign", *when, *trusted, "-no-CApath", "chain"
        )


@cache
def _program() -> str:
    path = shutil.which("openssl", path=os.defpath) or shutil.which("openssl")
    if path is None:
        raise OpenSSLMissingError("openssl: command not found")
    return path


def _run(folder: Path, *words: str) -> str | None:
    try:
        process = subprocess.run(  # noqa: S603 -- a fixed program, on files of ours
            [_program(), *words],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=_ENVIRONMENT,
            timeout=_DEADLINE_S,
        )
    except subprocess.TimeoutExpired:
        return f"openssl said nothing in {_DEADLINE_S:g} s"
    return (
        None if process.returncode == 0 else f"openssl {words[0]}: {process.stderr.strip()[-400:]}"
    )
