"""`vigie seal`: sign what was recorded while the service is stopped, or change the key."""

import asyncio
import os
import sys
from argparse import Namespace
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from monitor.attest.anchoring import open_journal
from monitor.attest.sealing import KEY_FILE, Sealer, journal_key, require_journal
from monitor.cli.parsing import (
    CommandRefused,
    Commands,
    folders,
    require_identity,
)
from monitor.config import Config, load
from monitor.config.settings import Settings, read_settings
from monitor.core.journal import encode
from monitor.evidence import durable
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.note import (
    Algorithm,
    SignerKey,
)
from monitor.probe.build import open_to_write
from monitor.runtime.clock import SystemClock
from monitor.store import Store, is_new, migrate
from monitor.store.writing.intern_tables import InternTables


def add(commands: Commands) -> None:
    """Add the command."""
    seal = commands.add_parser("seal", help="signer ce qui a été enregistré")
    folders(seal)
    seal.add_argument(
        "--new-key", action="store_true", help="changer de clé : l’ancienne signe la nouvelle"
    )
    seal.add_argument(
        "--new-journal", action="store_true",
        help="commencer un journal avec une clé qui n’a jamais servi",
    )  # fmt: skip
    seal.set_defaults(run=run_seal)


def run_seal(args: Namespace) -> int:
    """Seal the journal while the service is stopped."""
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    require_identity(config)
    if args.new_journal and is_new(settings.database_url):
        print(migrate(settings.database_url), file=sys.stderr)
    with open_to_write(config, settings) as store:
        if not args.new_journal:
            require_journal(settings.data, store, text=settings.journal_key)
        print(asyncio.run(_seal(config, settings, store, new_key=args.new_key)))
    return 0


async def _seal(config: Config, settings: Settings, store: Store, *, new_key: bool) -> str:
    origin, clock = config.journaling.origin, SystemClock()
    if new_key and settings.journal_key:
        raise CommandRefused(
            "La clé est dans VIGIE_JOURNAL_KEY : « --new-key » ne change qu’un fichier."
        )
    key = journal_key(settings.data, origin=origin, text=settings.journal_key)
    next_path = settings.data / f"{KEY_FILE}.new"
    with closing(Sealer(store, settings.data, key, clock=clock)) as sealer:
        await open_journal(sealer, config)
        following: SignerKey | None = None
        if new_key:
            following = own_key(next_path, name=origin, algorithm=Algorithm.ED25519)
            old, new = str(key.verifier), str(following.verifier)
            key_leaf = encode.new_key(clock.now(), old=old, new=new)

            def append(connection: Connection, interned: InternTables) -> None:
                interned.scribe.ledger.append(connection, key_leaf)

            await store.write(append)
        signed = await sealer.seal(also=following)
        if following is not None:
            _change_keys(settings.data, key, next_path)
            return f"Nouvelle clé : {following.verifier}\nElle signe désormais ; publiez-la."
    if signed is None:
        return "Rien de nouveau à signer."
    return f"{signed.size} feuilles signées par {key.verifier}"


def _change_keys(data: Path, old: SignerKey, following: Path) -> None:
    """Install the new key; the old one is kept beside it."""
    old_path = data / f"{KEY_FILE}.{old.verifier.key_id.hex()}"
    durable.write(old_path, f"{old}\n".encode(), mode=0o600)
    following.replace(data / KEY_FILE)
    durable.sync_folder(data)
