"""A password or a key that was given to the service is in no line of any failure."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from monitor.cli import main
from monitor.store import migrate
from tests.support.postgres import find_postgres, running_postgres
from tests.support.service import LocalSite, running, vigie, wait_until, write_config

PASSWORD = "pl4nted/s3cret @é+"  # noqa: S105 -- planted, to be looked for
ENCODED = quote(PASSWORD, safe="")
KEY = "PRIVATE+KEY+essai+00000000+UGxhbnRlZEpvdXJuYWxTZWNyZXQ="


def assert_says_no_secret(text: str) -> None:
    assert text.strip(), "it said nothing at all"
    forms = (PASSWORD, ENCODED, quote(PASSWORD), quote_plus(PASSWORD), "pl4nted", "s3cret")
    for form in (*forms, "UGxhbnRlZEpvdXJuYWxTZWNyZXQ"):
        assert form not in text
    assert "locals" not in text


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    site, control = LocalSite(), LocalSite()
    yield write_config(tmp_path / "config", site=site.port, control=control.port)
    site.stop()
    control.stop()


@pytest.mark.parametrize("command", ["run", "migrate", "outages", "verify"])
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://vigie:{ENCODED}@127.0.0.1:1/vigie",
        f"postgresql://127.0.0.1:1/vigie?user=vigie&password={ENCODED}",
        f"postgresql://127.0.0.1:1/vigie?password={quote_plus(PASSWORD)}&sslpassword={ENCODED}",
        f"postgresql://nowhere.invalid/vigie?password={ENCODED}",
        f"postgresql://127.0.0.1:1/vigie?password={ENCODED}&nonsense=1",
        f"mysql://vigie:{ENCODED}@127.0.0.1/vigie?password={ENCODED}",
        "postgresql://vigie:pl4nted@s3cret@127.0.0.1:1/vigie",
        "postgresql://vigie:pl4nted-s3cret/vigie",
        "nonsense://vigie:pl4nted-s3cret@",
        "pl4nted s3cret",
    ],
)
def test_no_command_says_the_password_of_a_database_that_fails(  # noqa: PLR0913, PLR0917 -- fixtures
    command: str,
    url: str,
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words: list[str | Path] = [command]
    if command in {"run", "outages"}:
        words += ["--config", config]
    words += [tmp_path] if command == "verify" else ["--data", tmp_path]
    (tmp_path / "journal").mkdir()

    for name in ("VIGIE_LISTEN", "VIGIE_DATABASE_URL"):
        monkeypatch.setenv(name, {"VIGIE_LISTEN": "127.0.0.1:0"}.get(name, url))

    code = main(list(map(str, words)))

    output = capsys.readouterr()
    assert code == 2
    assert_says_no_secret(output.out + output.err)


def test_no_command_says_a_key_that_it_refuses(config: Path, tmp_path: Path) -> None:
    ended = vigie(
        *("run", "--config", config, "--data", tmp_path / "data"),
        extra={"VIGIE_JOURNAL_KEY": KEY},
    )
    assert ended.returncode == 2
    assert_says_no_secret(ended.stdout + ended.stderr)


@pytest.mark.timeout(400)
def test_a_database_that_stops_while_pages_are_read_says_no_password(
    config: Path, tmp_path: Path
) -> None:
    programs = find_postgres()
    if programs is None:
        pytest.skip("no PostgreSQL server here (Debian: apt install postgresql)")
    server = running_postgres(programs)
    postgres = server.__enter__()
    try:
        folder = postgres.url("x").partition("host=")[2]
        url = f"postgresql://vigie:{ENCODED}@/{postgres.create()}?host={folder}&password={ENCODED}"
        migrate(url)
        environ = {"VIGIE_DATABASE_URL": url, "VIGIE_LOG_LEVEL": "DEBUG"}
        with running(config, tmp_path / "data", environ) as service:
            wait_until(lambda: b"Cible 0" in service.get("/"))
            server.__exit__(None, None, None)
            for path in ("/", "/cible/cible-0", "/metrics", "/modifications", "/sante") * 3:
                with suppress(OSError):
                    service.get(path)
            wait_until(lambda: service.process.poll() is not None)
            said = service.log.read_text()
    finally:
        server.__exit__(None, None, None)

    assert_says_no_secret(said)


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text(f"postgresql://vigie:{ENCODED}@127.0.0.1:1/vigie\n")

    ended = vigie("migrate", "--data", tmp_path, extra={"VIGIE_DATABASE_URL_FILE": str(secret)})

    assert "postgresql+psycopg://vigie:***@127.0.0.1:1/vigie" in ended.stderr
    assert_says_no_secret(ended.stderr)


def test_a_secret_that_others_may_read_is_said(config: Path, tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text(f"postgresql://vigie:{ENCODED}@127.0.0.1:1/vigie\n")
    environ = {"VIGIE_DATABASE_URL_FILE": str(secret)}
    said = {}
    for mode in (0o644, 0o600):
        os.chmod(secret, mode)  # noqa: PTH101 -- as it is said
        ended = vigie("run", "--config", config, "--data", tmp_path / "data", extra=environ)
        said[mode] = "lisible par tous" in ended.stderr

    assert said == {0o644: True, 0o600: False}
