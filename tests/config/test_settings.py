"""The environment: read once, refused with every fault at once."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.config.settings import Settings, SettingsError, read_settings, secrets_in


def test_an_empty_environment_gives_the_defaults(tmp_path: Path) -> None:
    assert Settings(
        host="127.0.0.1",
        port=8600,
        database_url=f"sqlite:///{tmp_path}/vigie.sqlite",
        point="local",
        log_level="INFO",
        data=tmp_path,
    ) == read_settings({}, data=tmp_path)


def test_a_relative_data_folder_gives_an_absolute_database() -> None:
    assert f"sqlite:///{Path.cwd()}/data/vigie.sqlite" == read_settings({}).database_url


def test_an_empty_variable_is_an_absent_one(tmp_path: Path) -> None:
    """Compose files pass variables that nobody set as empty ones."""
    environ = {"VIGIE_LISTEN": "", "VIGIE_DATABASE_URL": "", "VIGIE_POINT": ""}

    assert read_settings({}, data=tmp_path) == read_settings(environ, data=tmp_path)


def test_each_variable_is_read() -> None:
    settings = read_settings(
        {
            "VIGIE_LISTEN": "0.0.0.0:80",
            "VIGIE_DATABASE_URL": "postgresql://vigie@base/vigie",
            "VIGIE_POINT": "paris-1",
            "VIGIE_LOG_LEVEL": "debug",
            "PATH": "/bin",
        }
    )

    assert ("0.0.0.0", 80) == (settings.host, settings.port)  # noqa: S104 -- read, not bound
    assert "postgresql://vigie@base/vigie" == settings.database_url
    assert ("paris-1", "DEBUG") == (settings.point, settings.log_level)


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("[::1]:8600", "::1", 8600),
        ("localhost:0", "localhost", 0),
        ("10.0.0.1:65535", "10.0.0.1", 65535),
    ],
)
def test_an_address_to_listen_on(value: str, host: str, port: int) -> None:
    settings = read_settings({"VIGIE_LISTEN": value})

    assert (host, port) == (settings.host, settings.port)


KNOWN = (
    "VIGIE_LISTEN, VIGIE_DATABASE_URL, VIGIE_POINT, VIGIE_LOG_LEVEL, VIGIE_JOURNAL_KEY, "
    "VIGIE_MAIL_PASSWORD, VIGIE_MAIL_KEY, VIGIE_DKIM_KEY, VIGIE_IMAP_PASSWORD, "
    "VIGIE_CHANNEL_SECRETS, VIGIE_DEAD_MAN, "
    "VIGIE_CONFIG, VIGIE_DATA"
)
LISTEN = "adresse d’écoute mal écrite: écrire par exemple 127.0.0.1:8600, ou [::1]:8600"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        *(("VIGIE_LISTEN", v, LISTEN) for v in ("8600", "127.0.0.1", "127.0.0.1:99999", "vigie:1")),
        ("VIGIE_LISTEN", "256.0.0.1:80", LISTEN),
        (
            "VIGIE_POINT",
            "Paris 1",
            "nom de point de mesure mal écrit: minuscules, chiffres et tirets, 40 au plus",
        ),
        (
            "VIGIE_LOG_LEVEL",
            "BAVARD",
            "niveau inconnu: choisir DEBUG, INFO, WARNING, ERROR",
        ),
    ],
)
def test_a_bad_value_is_refused_with_its_cure(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({name: value})

    assert f"{name}: {value!r}: {says}" == str(caught.value)


def test_a_secret_address_that_is_no_address_is_refused_and_not_shown() -> None:
    with pytest.raises(SettingsError, match="VIGIE_DEAD_MAN") as caught:
        read_settings({"VIGIE_DEAD_MAN": "hc-ping.com/uuid-secret"})

    assert "uuid-secret" not in str(caught.value)


def test_every_fault_is_said_at_once_unknown_names_among_them() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"VIGIE_DATABSE_URL": "x", "VIGIE_TARTE": "pommes", "VIGIE_LISTEN": "x"})

    assert [
        "VIGIE_DATABSE_URL: (définie): variable inconnue: peut-être VIGIE_DATABASE_URL",
        f"VIGIE_TARTE: (définie): variable inconnue: connues : {KNOWN}",
        f"VIGIE_LISTEN: 'x': {LISTEN}",
    ] == str(caught.value).splitlines()


def test_what_kubernetes_sets_for_a_service_named_vigie_is_not_ours() -> None:
    """It would otherwise keep the program from starting there."""
    read_settings({"VIGIE_PORT": "tcp://10.0.0.1:8600", "VIGIE_SERVICE_HOST": "10.0.0.1"})


def test_a_password_is_never_shown() -> None:
    settings = read_settings({"VIGIE_DATABASE_URL": "postgresql://vigie:secret@base/vigie"})

    assert "secret" not in repr(settings)


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://vigie:mot@base/vigie\n")
    environ = {"VIGIE_DATABASE_URL_FILE": str(tmp_path / "url")}

    assert read_settings(environ).database_url == "postgresql://vigie:mot@base/vigie"
    assert "mot" in secrets_in(environ)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (Path.absolute, "secret illisible (introuvable)"),
        (lambda path: path.write_text("\n"), "fichier vide"),
        (lambda path: path.mkdir(), "secret illisible (ce n’est pas un fichier ordinaire)"),
        (os.mkfifo, "secret illisible (ce n’est pas un fichier ordinaire)"),
        (lambda path: path.write_bytes(b"\xff"), "secret illisible (n’est pas du texte UTF-8)"),
        (lambda path: path.write_text("a" * 10_001), "secret illisible (plus de 10000 octets)"),
    ],
    ids=["missing", "empty", "folder", "pipe", "bytes", "long"],
)
def test_a_file_that_holds_no_secret_is_named(
    make: Callable[[Path], object], fault: str, tmp_path: Path
) -> None:
    make(tmp_path / "url")

    with pytest.raises(SettingsError) as refused:
        read_settings({"VIGIE_DATABASE_URL_FILE": str(tmp_path / "url")})

    assert str(refused.value).startswith(f"VIGIE_DATABASE_URL_FILE: '{tmp_path / 'url'}': {fault}")


def test_a_secret_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a key")

    with pytest.raises(SettingsError, match="secret donné deux fois") as refused:
        read_settings({"VIGIE_JOURNAL_KEY": "b", "VIGIE_JOURNAL_KEY_FILE": str(tmp_path / "key")})

    assert "a key" not in str(refused.value)


def test_only_secrets_come_from_files() -> None:
    with pytest.raises(SettingsError, match=r"VIGIE_POINT_FILE: .*variable inconnue"):
        read_settings({"VIGIE_POINT_FILE": "x"})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:mot%2Fde@h/b",
        "postgresql://h/b?password=mot%2Fde",
        "postgresql://h/b?sslmode=require&sslpassword=mot%2Fde",
        "postgresql://u:mot/de@h/b",
    ],
)
def test_the_secrets_of_an_address_are_known_in_both_forms(url: str) -> None:
    assert "mot/de" in secrets_in({"VIGIE_DATABASE_URL": url})
