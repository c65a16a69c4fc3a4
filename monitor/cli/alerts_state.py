"""`vigie subscribers` and `vigie outbox`: who is written to, what waits. None is named."""

import os
from argparse import Namespace
from datetime import datetime

from monitor.alerts.vault import Vault, open_vault
from monitor.cli.parsing import CommandRefused, Commands, folders, say
from monitor.config.settings import Settings, read_settings
from monitor.core.french.formatting import count, duration
from monitor.core.notices.notice import MessageState, SubscriberState
from monitor.core.untrusted.mail_addresses import normalized
from monitor.runtime.clock import SystemClock
from monitor.store import Store
from monitor.store.reads.alert_reads import Recipient
from monitor.store.writing import outbox_writes, subscriber_writes

_STATES = {
    MessageState.WAITING: "à envoyer",
    MessageState.HELD: "gardés pour un récapitulatif",
    MessageState.CLAIMED: "en cours d’envoi",
    MessageState.SENT: "remis au serveur",
    MessageState.DIGESTED: "dans un récapitulatif",
    MessageState.REFUSED: "refusés par le serveur",
    MessageState.EXPIRED: "abandonnés après deux jours",
    MessageState.UNSURE: "sans réponse du serveur, deux fois",
    MessageState.DROPPED: "retirés",
}


def add(commands: Commands) -> None:
    """Add both commands."""
    people = commands.add_parser(
        "subscribers", help="compter les abonnés aux courriels, exporter ou effacer l’un d’eux"
    )
    folders(people)
    one = people.add_mutually_exclusive_group()
    one.add_argument("--export", metavar="ADRESSE", help="montrer tout ce qui est gardé d’elle")
    one.add_argument("--erase", metavar="ADRESSE", help="l’effacer, comme elle le ferait")
    one.add_argument(
        "--new-key",
        action="store_true",
        help="chiffrer de nouveau les adresses par la première clé de courriels.key",
    )
    people.set_defaults(run=show_subscribers)

    box = commands.add_parser("outbox", help="voir les courriels qui attendent")
    folders(box)
    act = box.add_mutually_exclusive_group()
    act.add_argument("--retry", action="store_true", help="essayer de nouveau sans attendre")
    act.add_argument("--drop", action="store_true", help="retirer tout ce qui attend")
    box.set_defaults(run=show_outbox)


def show_subscribers(args: Namespace) -> int:
    """Count subscribers, or deal with one of them; 1 when that one is not known."""
    settings = read_settings(os.environ, data=args.data)
    with _opened(settings) as store:
        if args.new_key:
            vault = open_vault(settings.data, settings.mail_key)
            number = store.write_apart(
                lambda c: subscriber_writes.encrypt_again(
                    c, lambda data: vault.encrypt(vault.decrypt(data))
                )
            )
            print(f"{count(number, 'adresse')} : chiffrées par la première clé.")
            return 0
        if args.export or args.erase:
            return _one_person(store, settings, args)
        counts = store.subscriber_counts()
    print(f"Confirmés : {counts[SubscriberState.CONFIRMED]}")
    print(f"En attente de confirmation : {counts[SubscriberState.PENDING]}")
    print(f"Boîtes qui n’existent plus : {counts[SubscriberState.REFUSED]}")
    return 0


def _one_person(store: Store, settings: Settings, args: Namespace) -> int:
    vault = open_vault(settings.data, settings.mail_key)
    address = normalized(args.export or args.erase, allow_private=True)
    if address is None:
        raise CommandRefused("Adresse de courriel mal écrite.")
    person = store.recipient_of(vault.lookup(address))
    if person is None:
        print("Aucun abonné n’a cette adresse.")
        return 1
    if args.erase:
        now = SystemClock().now()
        number, nonce = person.number, person.nonce
        store.write_apart(lambda c: subscriber_writes.remove(c, number, nonce, now))
        print("Effacé. Il n’en reste qu’une empreinte.")
        return 0
    say(_exported(person, vault))
    return 0


def _exported(person: Recipient, vault: Vault) -> dict[str, object]:
    def instant(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return {
        "address": vault.decrypt(person.address),
        "state": person.standing.value,
        "topics": sorted(person.topics),
        "pace": person.pace.value,
        "rests": person.rests,
        "language": person.language,
        "asked_at": instant(person.asked_at),
        "confirmed_at": instant(person.confirmed_at),
    }


def show_outbox(args: Namespace) -> int:
    """Show what waits, have it tried again, or drop it."""
    settings = read_settings(os.environ, data=args.data)
    now = SystemClock().now()
    with _opened(settings) as store:
        if args.retry:
            number = store.write_apart(lambda c: outbox_writes.retry_open(c, now))
            print(f"{count(number, 'courriel')} : essai dès maintenant.")
        if args.drop:
            number = store.write_apart(lambda c: outbox_writes.drop_open(c, now))
            print(f"{count(number, 'courriel')} : plus jamais envoyés.")
        counts = store.outbox_counts()
        oldest = store.oldest_due(now)
    for state, name in _STATES.items():
        print(f"{counts[state]:>8}  {name}")
    if oldest is not None:
        waited = max(0.0, (now - oldest).total_seconds())
        print(f"Le plus ancien attend depuis {duration(waited)}.")
    return 0


def _opened(settings: Settings) -> Store:
    return Store.open(settings.database_url, point=settings.point, writer=False)
