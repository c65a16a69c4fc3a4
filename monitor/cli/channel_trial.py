"""`vigie channels`: the channels of the configuration, whether each is usable, and a trial."""

import asyncio
import os
from argparse import Namespace

from monitor.alerts.channel_sender import NEVER_ASKED, NO_ANSWER, ChannelSender
from monitor.alerts.relay import Result
from monitor.cli.parsing import CommandRefused, Commands, folders, require_identity
from monitor.config import Channel, Config, load
from monitor.config.settings import Settings, read_settings
from monitor.core.notices.alert_channels.channel_request import ChannelMessage
from monitor.core.notices.notice import SubscriberState
from monitor.core.notices.operator_letters import trial_letter
from monitor.runtime.clock import SystemClock
from monitor.store import Store
from monitor.store.writing import subscriber_writes

_WHY = {
    NEVER_ASKED: "adresse injoignable, ou qui n’est pas publique",
    NO_ANSWER: "pas de réponse à temps",
}


def add(commands: Commands) -> None:
    """Add the command."""
    channels = commands.add_parser(
        "channels", help="voir les canaux d’alerte, ou en essayer un",
        description="Montre les canaux de [[channel]]. Un canal qui n’a rien pris pendant deux "
        "jours est arrêté ; un essai qui réussit le remet en marche.",
    )  # fmt: skip
    folders(channels)
    channels.add_argument("--try", dest="trial", metavar="CANAL", help="y envoyer un message")
    channels.set_defaults(run=show_channels)


def show_channels(args: Namespace) -> int:
    """Show the channels, or try one; 1 when it does not take the message."""
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        if args.trial:
            return _try(store, config, settings, args.trial)
        standings = store.channel_standings()
    if not config.channels:
        print("Aucun canal : voir docs/canaux.md.")
    for channel in config.channels:
        standing = standings.get(channel.slug)
        state = "arrêté" if standing is SubscriberState.REFUSED else "en marche"
        state = "pas encore connu du service" if standing is None else state
        secret = "" if settings.secret_of_channel(channel.slug) else ", sans secret"
        print(f"{channel.slug}  {channel.kind}  {state}{secret}")
    return 0


def _try(store: Store, config: Config, settings: Settings, slug: str) -> int:
    require_identity(config)
    by_slug = {channel.slug: channel for channel in config.channels}
    if slug not in by_slug:
        raise CommandRefused(f"--try : {slug} : aucun canal de ce nom.")
    channel: Channel = by_slug[slug]
    now = SystemClock().now()
    message = ChannelMessage(
        name=f"msg_trial_{int(now.timestamp())}",
        kind="service.trial",
        at=now,
        letter=trial_letter(),
    )
    attempt = asyncio.run(ChannelSender(config, settings).send(channel, message, now))
    if attempt.result is not Result.SENT:
        print(f"{slug} : message refusé ({_WHY.get(attempt.why, attempt.why)}).")
        return 1
    store.write_apart(lambda c: subscriber_writes.set_standing(c, slug, SubscriberState.CONFIRMED))
    print(f"{slug} : message pris ({attempt.why}).")
    return 0
