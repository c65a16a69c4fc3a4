"""`vigie subscribers`, `vigie outbox` and `vigie mail check`, as an operator uses them."""

import asyncio
import base64
import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from monitor.alerts.mail_check import check_mail
from monitor.alerts.planning import Planning
from monitor.alerts.vault import Vault
from monitor.cli import main
from monitor.core.notices.notice import MessageState, Pace
from monitor.runtime.clock import SystemClock
from monitor.store import Store
from tests.support.alerting import EVERYTHING, KEY, VAULT, closed, configured, opened, subscribe
from tests.support.clock import FakeClock
from tests.support.databases import sqlite_template
from tests.support.mail_server import MailServer, mailbox
from tests.support.outcomes import at
from tests.support.service import write_config

__all__ = ["sqlite_template"]
READER, OTHER = "lectrice@exemple.test", "autre@exemple.test"


@pytest.fixture
def data(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "vigie.sqlite").write_bytes(sqlite_template.read_bytes())
    monkeypatch.setenv("VIGIE_MAIL_KEY", KEY)
    return folder


def opened_store(data: Path, *, writer: bool = False) -> Store:
    return Store.open(f"sqlite:///{data / 'vigie.sqlite'}", point="local", writer=writer, rest_s=0)


def prepare(data: Path) -> None:
    """Two readers who confirmed, one who did not; an incident that began and ended today."""
    config = configured()
    assert config.relay is not None
    clock = FakeClock(SystemClock().now())
    second = (clock.now() - at(0)).total_seconds()

    async def story(store: Store) -> None:
        assert config.relay is not None
        planning = Planning(store=store, config=config, relay=config.relay, clock=clock)
        await planning.plan()
        await subscribe(store, READER, now=clock.now())
        await subscribe(store, OTHER, pace=Pace.DAILY, now=clock.now())
        await subscribe(store, "attente@exemple.test", now=clock.now(), confirmed=False)
        await store.record(opened("anef-usagers", second - 900))
        await planning.plan()
        await store.record(closed("anef-usagers", second - 300, second - 900))
        await planning.plan()

    with opened_store(data, writer=True) as store:
        asyncio.run(story(store))


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(list(words)) == code
    shown = capsys.readouterr()
    return shown.out + shown.err


def test_subscribers_are_counted_and_none_is_named(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(data)
    said = run(capsys, "subscribers", "--data", str(data))
    assert "Confirmés : 2" in said
    assert "En attente de confirmation : 1" in said
    assert "exemple.test" not in said


def test_one_person_is_exported_then_erased_with_every_message(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(data)
    where = ("--data", str(data))
    exported = json.loads(run(capsys, "subscribers", *where, "--export", READER.upper()))
    assert exported["address"] == READER
    assert exported["topics"] == sorted(EVERYTHING)
    assert exported["state"] == "confirmed"
    assert exported["confirmed_at"].endswith("+00:00")
    assert "Effacé" in run(capsys, "subscribers", *where, "--erase", READER)
    assert "Aucun abonné" in run(capsys, "subscribers", *where, "--export", READER, code=1)
    assert "Aucun abonné" in run(capsys, "subscribers", *where, "--erase", READER, code=1)
    assert "mal écrite" in run(capsys, "subscribers", *where, "--erase", "a@b@c", code=2)
    with opened_store(data) as store:
        assert store.recipient_of(VAULT.lookup(READER)) is None
        assert store.recipient_of(VAULT.lookup(OTHER)) is not None
        assert store.outbox_counts()[MessageState.WAITING] == 0


def test_addresses_are_encrypted_again_by_a_new_first_key(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(data)
    new = Fernet.generate_key().decode()
    monkeypatch.setenv("VIGIE_MAIL_KEY", f"{new}\n{KEY}")
    assert "3 adresses" in run(capsys, "subscribers", "--data", str(data), "--new-key")
    with opened_store(data) as store:
        person = store.recipient_of(VAULT.lookup(READER))
    assert person is not None
    assert Vault(new).decrypt(person.address) == READER


def test_a_key_that_fits_no_address_is_said_in_one_line(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(data)
    other = Fernet.generate_key().decode()
    monkeypatch.setenv("VIGIE_MAIL_KEY", f"{other}\n{other}")
    said = run(capsys, "subscribers", "--data", str(data), "--new-key", code=2)
    assert "aucune clé" in said
    assert "Traceback" not in said


def test_the_outbox_is_shown_tried_again_and_dropped(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(data)
    where = ("--data", str(data))
    said = run(capsys, "outbox", *where)
    assert "       2  à envoyer" in said
    assert "       2  gardés pour un récapitulatif" in said
    assert "Le plus ancien attend depuis" in said
    assert "exemple.test" not in said
    assert "2 courriels : essai dès maintenant." in run(capsys, "outbox", *where, "--retry")
    said = run(capsys, "outbox", *where, "--drop")
    assert "4 courriels : plus jamais envoyés." in said
    assert "       4  retirés" in said
    assert "attend depuis" not in said


def zone(key: rsa.RSAPrivateKey, *, policy: bool = True) -> dict[str, list[str]]:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    records = {
        "vigie.invalid": ["v=spf1 a -all", "something else"],
        "cle._domainkey.vigie.invalid": [f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"],
    }
    return records | ({"_dmarc.vigie.invalid": ["v=DMARC1; p=reject"]} if policy else {})


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2_048)


def mail_config(folder: Path, port: int) -> Path:
    config = write_config(folder, site=1, control=1)
    mail = f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\ndkim_selector = "cle"\n'
    (config / "local.toml").write_text(mail)
    return config


@pytest.mark.parametrize(
    ("policy", "answer", "code", "words"),
    [
        (True, "250 ok", 0, "oui DKIM"),
        (False, "250 ok", 1, "NON DMARC"),
        (True, "550 5.1.1 no", 1, "courriel refusé (550)"),
    ],
)
def test_a_check_of_mail_sends_one_and_reads_what_its_recipients_will(  # noqa: PLR0913
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    key: rsa.RSAPrivateKey,
    *,
    policy: bool,
    answer: str,
    code: int,
    words: str,
) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    monkeypatch.setenv("VIGIE_DKIM_KEY", pem.decode())
    records = zone(key, policy=policy)
    monkeypatch.setattr(check_mail, "__kwdefaults__", {"txt": lambda name: records.get(name, [])})
    server = MailServer(rcpt=lambda _: answer if answer.startswith("5") else "250 2.0.0 taken")
    with mailbox(server) as box:
        config = mail_config(tmp_path / "config", box.port)
        said = run(capsys, "mail", "check", "--config", str(config), code=code)
    assert words in said
    assert "oui SPF, vigie.invalid : v=spf1 a -all" in said
    taken = box.taken["contact@vigie.invalid"]
    assert len(taken) == int(code == 0 or not policy)
    assert all(b"DKIM-Signature:" in one for one in taken)


def test_without_a_server_the_check_says_which_key_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path / "config", site=1, control=1)
    said = run(capsys, "mail", "check", "--config", str(config), code=2)
    assert "écrire host sous [mail]" in said


def test_a_server_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_mail, "__kwdefaults__", {"txt": lambda _: []})
    with mailbox() as box:
        config = mail_config(tmp_path / "config", box.port)
    said = run(capsys, "mail", "check", "--config", str(config), code=1)
    assert "n’a pas pu être joint" in said
    assert "NON SPF, vigie.invalid : aucun enregistrement" in said
