"""What the environment says: where to listen, where to keep, how we are called.

Secrets come only from here, never from `config/`, whose values are published by their digest.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from monitor.errors import VigieError

DATA = Path("data")  # default of --data

DEFAULTS = {
    "VIGIE_LISTEN": "127.0.0.1:8600",
    "VIGIE_DATABASE_URL": "",  # empty: a SQLite file in the data folder
    "VIGIE_POINT": "local",
    "VIGIE_LOG_LEVEL": "INFO",
    "VIGIE_JOURNAL_KEY": "",  # empty: data/journal.key, made at the first run
}
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_POINT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_POINT_MAX = 40  # characters: it is a metric label and part of keys
_LISTEN = re.compile(r"\[?(?P<host>[0-9a-fA-F.:]{1,45}|localhost)\]?:(?P<port>[0-9]{1,5})")
_PORT_MAX = 65_535
_KUBERNETES = re.compile(r"VIGIE_(SERVICE|PORT)(_.*)?")  # set by it for a service named "vigie"


def config_folder() -> Path:
    """Return the default of `--config`: `config/` here, or else the one beside the program."""
    here = Path("config")
    return here if here.is_dir() else Path(__file__).resolve().parent.parent / "config"


class SettingsError(VigieError):
    """The environment cannot be used. One line a fault: `variable: value: reason: cure`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The environment once read.

    Attributes:
        host: IP address, or "localhost", to listen on.
        port: 0 lets the system choose.
        database_url: As given (the store judges it); may hold a password, so never shown.
        point: Name of this point of measure, in every record.
        log_level: One of `LEVELS`.
        journal_key: The journal's private key as text, or "": a secret, never shown.
        data: Folder of all that the service writes.

    """

    host: str
    port: int
    database_url: str = field(repr=False)
    point: str
    log_level: str
    data: Path
    journal_key: str = field(default="", repr=False)


def read_settings(environ: Mapping[str, str], *, data: Path = DATA) -> Settings:
    """Read the `VIGIE_…` variables; one that is empty has its default.

    Raises:
        SettingsError: With every fault at once, unknown `VIGIE_…` names among them.

    """
    values = {name: environ.get(name) or default for name, default in DEFAULTS.items()}
    faults = [_unknown(name) for name in sorted(environ) if _is_unknown(name)]
    host, port = _listen(values["VIGIE_LISTEN"], faults)
    point, level = values["VIGIE_POINT"], values["VIGIE_LOG_LEVEL"].upper()
    if not _POINT.fullmatch(point) or len(point) > _POINT_MAX:
        cure = f"minuscules, chiffres et tirets, {_POINT_MAX} au plus"
        faults.append(f"VIGIE_POINT: {point!r}: nom de point de mesure mal écrit: {cure}")
    if level not in LEVELS:
        faults.append(f"VIGIE_LOG_LEVEL: {level!r}: niveau inconnu: choisir {', '.join(LEVELS)}")
    if faults:
        raise SettingsError("\n".join(faults))
    default_url = f"sqlite:///{data.absolute() / 'vigie.sqlite'}"
    return Settings(
        host=host,
        port=port,
        database_url=values["VIGIE_DATABASE_URL"] or default_url,
        point=point,
        log_level=level,
        data=data,
        journal_key=values["VIGIE_JOURNAL_KEY"],
    )


def _listen(value: str, faults: list[str]) -> tuple[str, int]:
    found = _LISTEN.fullmatch(value)
    if found and int(found["port"]) <= _PORT_MAX and _is_address(found["host"]):
        return found["host"], int(found["port"])
    cure = "écrire par exemple 127.0.0.1:8600, ou [::1]:8600"
    faults.append(f"VIGIE_LISTEN: {value!r}: adresse d'écoute mal écrite: {cure}")
    return "", 0


def _is_address(host: str) -> bool:
    try:
        return host == "localhost" or bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _is_unknown(name: str) -> bool:
    ours = name.startswith("VIGIE_") and not _KUBERNETES.fullmatch(name)
    return ours and name not in DEFAULTS


def _unknown(name: str) -> str:
    near = get_close_matches(name, DEFAULTS, n=1, cutoff=0.8)
    cure = f"peut-être {near[0]}" if near else f"connues : {', '.join(DEFAULTS)}"
    return f"{name}: (définie): variable inconnue: {cure}"
