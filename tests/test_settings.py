"""The environment: read once, refused with every fault at once."""

from pathlib import Path

import pytest

from monitor.settings import Settings, SettingsError, read_settings


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


KNOWN = "VIGIE_LISTEN, VIGIE_DATABASE_URL, VIGIE_POINT, VIGIE_LOG_LEVEL, VIGIE_JOURNAL_KEY"
LISTEN = "adresse d'écoute mal écrite: écrire par exemple 127.0.0.1:8600, ou [::1]:8600"


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
