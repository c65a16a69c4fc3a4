"""Send a message to oneself, and read in the DNS what its recipients will check."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import dkim
import dns.exception
import dns.resolver

from monitor.alerts.mime import DkimKey, Envelope, message_of, signed
from monitor.alerts.relay import RelaySession, RelayUnreachable, Result
from monitor.config import Config, Relay
from monitor.config.settings import Settings
from monitor.core.notices.letter import Letter, Tone

DNS_S = 10.0

Txt = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPoint:
    """One thing that was checked. `ok` None: only advice."""

    ok: bool | None
    text: str


def txt_records(name: str) -> list[str]:
    """Return the TXT records of a name; none when there are none, or nobody answers."""
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=DNS_S)
    except dns.exception.DNSException:
        return []
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


async def check_mail(
    config: Config, relay: Relay, settings: Settings, *, now: datetime, txt: Txt = txt_records
) -> list[CheckedPoint]:
    """Send one message to the contact, and check SPF, DKIM and DMARC of the sender's domain."""
    sender = config.mail.sender
    domain = sender.rpartition("@")[2]
    key = None
    if settings.dkim_key and relay.selector:
        key = DkimKey(selector=relay.selector, domain=domain, pem=settings.dkim_key)
    site = config.publisher.site.rstrip("/")
    envelope = Envelope(
        sender=sender,
        publisher=config.publisher.association,
        recipient=config.contact,
        name=f"essai-{int(now.timestamp())}",
        leave=f"{site}/abonnement",
        at=now,
    )
    letter = Letter(
        subject="Essai des courriels de Vigie ANEF",
        tone=Tone.PLAIN,
        lead="Ce courriel a été demandé par « vigie mail check ».",
    )
    data = signed(message_of(letter, envelope), key)
    points = [await _sent(relay, settings, config, data)]
    points += _of_domain(domain, txt)
    points += _of_signature(data, key, txt)
    return points


async def _sent(relay: Relay, settings: Settings, config: Config, data: bytes) -> CheckedPoint:
    where = f"{relay.host}:{relay.port}"
    try:
        async with RelaySession(relay, settings.mail_password, extra_ca=config.extra_ca) as session:
            attempt = await session.deliver(config.mail.sender, config.contact, data)
    except RelayUnreachable as why:
        return CheckedPoint(ok=False, text=f"{where} : le serveur n’a pas pu être joint ({why})")
    if attempt.result is Result.SENT:
        return CheckedPoint(ok=True, text=f"{where} : courriel accepté pour {config.contact}")
    return CheckedPoint(ok=False, text=f"{where} : courriel refusé ({attempt.why})")


def _of_domain(domain: str, txt: Txt) -> Iterator[CheckedPoint]:
    for name, start, what in (
        (domain, "v=spf1", "SPF"),
        (f"_dmarc.{domain}", "v=DMARC1", "DMARC"),
    ):
        records = [one for one in txt(name) if one.lower().startswith(start.lower())]
        if len(records) == 1:
            yield CheckedPoint(ok=True, text=f"{what}, {name} : {records[0]}")
        else:
            why = "aucun enregistrement" if not records else "plusieurs, donc aucun ne vaut"
            yield CheckedPoint(ok=False, text=f"{what}, {name} : {why}")


def _of_signature(data: bytes, key: DkimKey | None, txt: Txt) -> Iterator[CheckedPoint]:
    if key is None:
        text = (
            "DKIM : signature laissée au serveur ; lire dans le courriel reçu si elle couvre "
            "List-Unsubscribe et List-Unsubscribe-Post (« h= »), et si « d= » est ce domaine"
        )
        yield CheckedPoint(ok=None, text=text)
        return
    name = f"{key.selector}._domainkey.{key.domain}"

    def published(domain_name: bytes, timeout: int = 5) -> bytes:
        del domain_name, timeout
        return "".join(txt(name)[:1]).encode()

    try:
        valid = bool(dkim.verify(data, dnsfunc=published))
    except dkim.DKIMException:
        valid = False
    text = "la clé publiée vérifie notre signature" if valid else "absent, ou d’une autre clé"
    yield CheckedPoint(ok=valid, text=f"DKIM, {name} : {text}")
