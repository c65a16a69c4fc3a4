"""The real service, a real mail server: from the form to the last mail, and out."""

import email
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from tests.support.mail_server import MailServer, mailbox
from tests.support.service import (
    PATIENT_S,
    LocalSite,
    Service,
    running,
    values,
    vigie,
    wait_until,
    write_config,
)

READER = "lectrice@exemple.test"
PEOPLE = "SELECT id FROM subscriber WHERE channel = ''"  # the operator's mailbox is another


@contextmanager
def served(tmp_path: Path) -> Iterator[tuple[Service, MailServer, LocalSite]]:
    site, control = LocalSite(), LocalSite()
    with mailbox() as box:
        config = write_config(tmp_path / "config", site=site.port, control=control.port)
        main = config / "vigie.toml"
        mail = f'[mail]\nhost = "127.0.0.1"\nport = {box.port}\nsecurity = "none"\n'
        main.write_text(f"{main.read_text()}\n{mail}per_minute = 300\n")
        data = tmp_path / "data"
        assert vigie("migrate", "--data", data).returncode == 0
        try:
            with running(config, data) as service:
                yield service, box, site
        finally:
            site.stop()
            control.stop()


def post(service: Service, path: str, **fields: str | list[str]) -> tuple[int, str]:
    data = urllib.parse.urlencode(fields, doseq=True).encode()
    url = f"http://127.0.0.1:{service.port}{path}"
    try:
        with urllib.request.urlopen(url, data, timeout=PATIENT_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def taken(box: MailServer, number: int) -> EmailMessage:
    """Wait for a mail to the reader, by its place."""
    wait_until(lambda: len(box.taken[READER]) > number)
    message = email.message_from_bytes(box.taken[READER][number], policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link(message: EmailMessage, place: str) -> str:
    match = re.search(rf"https://vigie\.invalid(/abonnement/{place}/\S+)", text_of(message))
    assert match is not None
    return match[1]


@pytest.mark.timeout(280)
def test_from_the_form_to_the_exit(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with served(tmp_path) as (service, box, site):
        assert 'name="courriel"' in service.get("/abonnement").decode()
        form: dict[str, str | list[str]] = {
            "courriel": READER,
            "sujet": ["tout", "incident"],
            "rythme": "at_once",
        }
        status, first_answer = post(service, "/abonnement", **form)
        assert status == 200
        asked = taken(box, 0)
        assert asked["List-Unsubscribe"] is None
        confirm = link(asked, "confirmer")
        assert "<button" in service.get(confirm).decode()
        assert post(service, confirm)[0] == 200
        status, second_answer = post(service, "/abonnement", **form)
        assert (status, second_answer) == (200, first_answer), "known or not, the same words"
        assert "déjà abonnée" in text_of(taken(box, 1))
        site.status = 500
        opened = taken(box, 2)
        assert opened["Subject"].startswith("[Indisponible")
        site.status = 200
        wait_until(lambda: any("Rétabli" in subject(one) for one in box.taken[READER]))
        leave = urllib.parse.urlsplit(opened["List-Unsubscribe"].strip("<>")).path
        assert "<button" in service.get(leave).decode()
        assert values(data, PEOPLE)
        assert post(service, leave, **{"List-Unsubscribe": "One-Click"})[0] == 200
        assert values(data, PEOPLE) == []
        assert post(service, leave, **{"List-Unsubscribe": "One-Click"})[0] == 200
        assert post(service, confirm)[0] == 410, "replayed"
        exposed = service.get("/metrics").decode()
        assert 'anef_notifications_total{point="local",result="sent"}' in exposed
        assert service.stop() == 0
    whole = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert READER.encode() not in whole, "neither in the database, nor in a log, nor in the journal"
    assert b"lectrice" not in whole


def subject(data: bytes) -> str:
    return str(email.message_from_bytes(data, policy=SMTP)["Subject"])
