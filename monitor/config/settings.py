"""Settings from environment variables: address, database, name of the measuring point, secrets.

Secrets come only from here, never from `config/`, whose digest is published.
"""

import errno
import ipaddress
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import unquote, unquote_plus

from monitor.config.fields.urls import refuse_shape
from monitor.runtime.errors import VigieError, in_french

DATA = Path("data")

DEFAULTS = {
    "VIGIE_LISTEN": "127.0.0.1:8600",
    "VIGIE_DATABASE_URL": "",  # empty: a SQLite file in the data folder
    "VIGIE_POINT": "local",
    "VIGIE_LOG_LEVEL": "INFO",
    "VIGIE_JOURNAL_KEY": "",  # empty: data/journal.key, made at the first run
    "VIGIE_MAIL_PASSWORD": "",  # of the mail server
    "VIGIE_MAIL_KEY": "",  # empty: data/courriels.key, made when alerts first start
    "VIGIE_DKIM_KEY": "",  # empty: the mail server signs
    "VIGIE_IMAP_PASSWORD": "",  # of the mailbox that returned messages come to
    "VIGIE_CHANNEL_SECRETS": "",  # "name=secret" for each [[channel]], with spaces between
    "VIGIE_DEAD_MAN": "",  # an address that is told that all is well
    "VIGIE_CONFIG": "",  # default of --config; empty: see `config_folder`
    "VIGIE_DATA": "",  # default of --data; empty: data/ here
}
# Each may be in a file instead, named by a variable of the same name and `_FILE`.
SECRETS = (
    "VIGIE_DATABASE_URL",
    "VIGIE_JOURNAL_KEY",
    "VIGIE_MAIL_PASSWORD",
    "VIGIE_MAIL_KEY",
    "VIGIE_DKIM_KEY",
    "VIGIE_IMAP_PASSWORD",
    "VIGIE_CHANNEL_SECRETS",
    "VIGIE_DEAD_MAN",
)
_FILE = "_FILE"
_SECRET_MAX = 10_000  # bytes of a secret's file
_SECRET_MIN = 12  # characters of a part of a secret that is hidden by itself
_OPTIONS = re.compile(r"[?&][a-z]{0,20}pass[a-z]{0,20}=([^&#]{1,1000})", re.IGNORECASE)
_USER = re.compile(r"://[^:/@?#]{0,200}:(\S{1,1000})@")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_POINT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_POINT_MAX = 40  # characters: it is a metric label and part of keys
_LISTEN = re.compile(r"\[?(?P<host>[0-9a-fA-F.:]{1,45}|localhost)\]?:(?P<port>[0-9]{1,5})")
_PORT_MAX = 65_535
_KUBERNETES = re.compile(r"VIGIE_(SERVICE|PORT)(_.*)?")  # set by it for a service named "vigie"


def config_folder() -> Path:
    """Return the default of `--config`.

    VIGIE_CONFIG, or `config/` here, or else the one beside the program.
    """
    if named := os.environ.get("VIGIE_CONFIG"):
        return Path(named)
    here = Path("config")
    return here if here.is_dir() else Path(__file__).resolve().parents[2] / "config"


def data_folder() -> Path:
    """Return the default of `--data`: VIGIE_DATA, or else `data/` here."""
    return Path(os.environ.get("VIGIE_DATA") or DATA)


class SettingsError(VigieError):
    """Invalid environment variables. One line per fault: `variable: value: reason: cure`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings.

    Attributes:
        host: IP address, or "localhost", to listen on.
        port: 0 lets the system choose.
        database_url: As given (the store checks it); may have a password, so never shown.
        point: Name of this measuring point, in every record.
        log_level: One of `LEVELS`.
        journal_key: The journal's private key as text, or "": a secret, never shown.
        mail_password: Of the mail server; "" for none. `mail_key`: what addresses are encrypted
            with, or "". `dkim_key`: PEM of the key that signs messages, or "". All secrets.
        imap_password: Of the mailbox of returned messages. `channel_secrets`: see
            `secret_of_channel`. `dead_man`: an address. All secrets, "" for none.
        data: Folder of all that the service writes.

    """

    host: str
    port: int
    database_url: str = field(repr=False)
    point: str
    log_level: str
    data: Path
    journal_key: str = field(default="", repr=False)
    mail_password: str = field(default="", repr=False)
    mail_key: str = field(default="", repr=False)
    dkim_key: str = field(default="", repr=False)
    imap_password: str = field(default="", repr=False)
    channel_secrets: str = field(default="", repr=False)
    dead_man: str = field(default="", repr=False)

    @property
    def without_mail(self) -> "Settings":
        """The same without the secrets of alerts, for a process that strangers reach."""
        return replace(
            self,
            mail_password="",
            mail_key="",
            dkim_key="",
            imap_password="",
            channel_secrets="",
            dead_man="",
        )

    def secret_of_channel(self, slug: str) -> str:
        """Return the secret of a channel; "" for none."""
        pairs = (word.partition("=") for word in self.channel_secrets.split())
        return {name: secret for name, _, secret in pairs}.get(slug, "")


def read_settings(environ: Mapping[str, str], *, data: Path = DATA) -> Settings:
    """Read the `VIGIE_…` variables; one that is empty has its default.

    Raises:
        SettingsError: With every fault at once, unknown `VIGIE_…` names among them.

    """
    faults = [_unknown(name) for name in sorted(environ) if _is_unknown(name)]
    all_values = dict(environ) | _from_files(environ, faults)
    values = {name: all_values.get(name) or default for name, default in DEFAULTS.items()}
    host, port = _listen(values["VIGIE_LISTEN"], faults)
    point, level = values["VIGIE_POINT"], values["VIGIE_LOG_LEVEL"].upper()
    if not _POINT.fullmatch(point) or len(point) > _POINT_MAX:
        cure = f"minuscules, chiffres et tirets, {_POINT_MAX} au plus"
        faults.append(f"VIGIE_POINT: {point!r}: nom de point de mesure mal écrit: {cure}")
    if level not in LEVELS:
        faults.append(f"VIGIE_LOG_LEVEL: {level!r}: niveau inconnu: choisir {', '.join(LEVELS)}")
    if values["VIGIE_DEAD_MAN"] and refuse_shape(values["VIGIE_DEAD_MAN"]):
        cure = "écrire toute l’adresse, https://… (elle n’est pas montrée : c’est un secret)"
        faults.append(f"VIGIE_DEAD_MAN: (définie): adresse mal écrite: {cure}")
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
        mail_password=values["VIGIE_MAIL_PASSWORD"],
        mail_key=values["VIGIE_MAIL_KEY"],
        dkim_key=values["VIGIE_DKIM_KEY"],
        imap_password=values["VIGIE_IMAP_PASSWORD"],
        channel_secrets=values["VIGIE_CHANNEL_SECRETS"],
        dead_man=values["VIGIE_DEAD_MAN"],
    )


def secrets_in(environ: Mapping[str, str]) -> list[str]:
    """Return the texts that must never be shown: passwords and keys, as far as readable."""
    all_values = dict(environ) | _from_files(environ, [])
    secrets = [environ.get("PGPASSWORD", "")]
    for name in SECRETS:
        value = all_values.get(name, "")
        if name.endswith("_URL"):
            passwords = [*_USER.findall(value), *_OPTIONS.findall(value)]
            secrets += [*passwords, *map(unquote_plus, passwords), *map(unquote, passwords)]
        else:  # the words of "BEGIN PRIVATE KEY" are no secrets
            words = value.split()
            words += [word.partition("=")[2] for word in words]  # of "name=secret"
            secrets += [value, *(word for word in words if len(word) >= _SECRET_MIN)]
    return [secret for secret in secrets if secret]


def secrets_of(settings: Settings) -> list[str]:
    """Return the same for settings."""
    values = (
        settings.database_url,
        settings.journal_key,
        settings.mail_password,
        settings.mail_key,
        settings.dkim_key,
        settings.imap_password,
        settings.channel_secrets,
        settings.dead_man,
    )
    return secrets_in(dict(zip(SECRETS, values, strict=True)))


def _from_files(environ: Mapping[str, str], faults: list[str]) -> dict[str, str]:
    """Read the secrets in files, as containers and systemd provide them."""
    secrets = {}
    for name in SECRETS:
        variable = name + _FILE
        if not (path := environ.get(variable)):
            continue
        if environ.get(name):
            cure = f"ne garder que l’une des deux variables, {name} ou {variable}"
            faults.append(f"{variable}: {path!r}: secret donné deux fois: {cure}")
            continue
        try:
            text = _secret(Path(path))
        except (OSError, UnicodeDecodeError) as error:
            why = in_french(error) if isinstance(error, OSError) else "n’est pas du texte UTF-8"
            cure = "donner un fichier lisible par le compte du service"
            faults.append(f"{variable}: {path!r}: secret illisible ({why}): {cure}")
            continue
        if not text:
            faults.append(f"{variable}: {path!r}: fichier vide: y écrire le secret, seul")
        secrets[name] = text
    return secrets


def _secret(path: Path) -> str:
    """Read a small regular file; surrounding white space is not part of the secret."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "ce n’est pas un fichier ordinaire")
        data = os.read(file, _SECRET_MAX + 1)
    finally:
        os.close(file)
    if len(data) > _SECRET_MAX:
        raise OSError(errno.EFBIG, f"plus de {_SECRET_MAX} octets")
    return data.decode().strip()


def open_files(environ: Mapping[str, str]) -> list[str]:
    """Return the files of secrets that other accounts of this machine may read."""
    paths = []
    for name in SECRETS:
        path = environ.get(name + _FILE)
        if not path or path.startswith("/run/"):  # where containers and systemd put theirs
            continue
        if Path(path).is_file() and Path(path).stat().st_mode & stat.S_IROTH:
            paths.append(path)
    return paths


def _listen(value: str, faults: list[str]) -> tuple[str, int]:
    match = _LISTEN.fullmatch(value)
    if match and int(match["port"]) <= _PORT_MAX and _is_address(match["host"]):
        return match["host"], int(match["port"])
    cure = "écrire par exemple 127.0.0.1:8600, ou [::1]:8600"
    faults.append(f"VIGIE_LISTEN: {value!r}: adresse d’écoute mal écrite: {cure}")
    return "", 0


def _is_address(host: str) -> bool:
    try:
        return host == "localhost" or bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _is_unknown(name: str) -> bool:
    ours = name.startswith("VIGIE_") and not _KUBERNETES.fullmatch(name)
    return ours and name.removesuffix(_FILE) not in (SECRETS if name.endswith(_FILE) else DEFAULTS)


def _unknown(name: str) -> str:
    near = get_close_matches(name, DEFAULTS, n=1, cutoff=0.8)
    cure = f"peut-être {near[0]}" if near else f"connues : {', '.join(DEFAULTS)}"
    return f"{name}: (définie): variable inconnue: {cure}"
