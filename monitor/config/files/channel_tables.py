"""`[[channel]]`: where notices go besides mailboxes."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from monitor.config.files.figure_tables import component_from
from monitor.config.files.main_file import MainFile
from monitor.config.values import Channel
from monitor.core.model import Target
from monitor.core.notices import topics
from monitor.core.notices.alert_channels import CHANNELS


def check_channels(main: MainFile, targets: Iterable[Target]) -> None:
    """Add every problem of these tables."""
    refuse = main.tables.refuse
    slugs: set[str] = {topics.OPERATOR}  # of the operator's own mailbox
    parts = tuple(map(component_from, main.components.values()))
    known = {*topics.known_topics(targets, parts), topics.OPERATOR}
    for index, channel in main.channels.items():
        if channel.slug in slugs:
            refuse(
                "channel", index, "slug", value=channel.slug, reason="identifiant déjà pris",
                cure="en choisir un autre",
            )  # fmt: skip
        slugs.add(channel.slug)
        for key in CHANNELS[channel.kind].needs:
            if not getattr(channel, key):
                refuse(
                    "channel", index, key, value="(absente)",
                    reason=f"clé nécessaire à un canal « {channel.kind} »", cure="l’écrire",
                )  # fmt: skip
        if channel.url and urlsplit(channel.url).scheme != "https" and not main.allow_private:
            refuse(
                "channel", index, "url", value=channel.url,
                reason="un jeton ou une signature passerait en clair", cure="écrire https://",
            )  # fmt: skip
        for position, topic in enumerate(channel.topics):
            if topic not in known:
                refuse(
                    "channel", index, "topics", position, value=topic, reason="sujet inconnu",
                    cure="voir docs/canaux.md, par exemple « tout » et « incident »",
                )  # fmt: skip
        if not topics.usable(frozenset(channel.topics)):
            refuse(
                "channel", index, "topics", value=channel.topics,
                reason="rien ne serait jamais envoyé",
                cure="un lieu (« tout », « anef »…) et un événement (« incident »…)",
            )  # fmt: skip


def channels_of(main: MainFile) -> tuple[Channel, ...]:
    """Return the channels; called only when nothing was refused."""
    return tuple(
        Channel(
            slug=entry.slug,
            kind=entry.kind,
            topics=frozenset(entry.topics),
            url=entry.url or "",
            room=entry.room or "",
        )
        for entry in main.channels.values()
    )
