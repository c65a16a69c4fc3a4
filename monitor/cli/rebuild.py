"""`vigie rebuild`: the database anew, from the journal and the files that were kept."""

import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import certifi

from monitor.attest.kept_files import STAMPS, KeptFiles, signed_from
from monitor.attest.sealing import KEY_FILE
from monitor.attest.verification import verify
from monitor.attest.verification_step import SHOWN
from monitor.cli.parsing import CommandRefused, Commands, folders
from monitor.cli.verify import own_key_of
from monitor.cli.verify_bundle import described
from monitor.config import load
from monitor.config.settings import Settings, read_settings
from monitor.evidence.captures.capture_policy import CAPTURES
from monitor.evidence.log.journal import FOLDER
from monitor.evidence.log.note import NoteError, SignerKey, VerifierKey
from monitor.evidence.log.reading import LogReading
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import TILE_WIDTH
from monitor.evidence.timestamps.certificate_files import certificates
from monitor.runtime.clock import SystemClock
from monitor.store import is_new
from monitor.store.engine import parse, sqlite_path
from monitor.store.rebuild.page_restore import Why
from monitor.store.rebuild.rebuilder import Rebuilt, rebuild


def add(commands: Commands) -> None:
    """Add the command."""
    again = commands.add_parser("rebuild", help="refaire la base depuis le journal")
    folders(again)
    again.set_defaults(run=run_rebuild)


def run_rebuild(args: Namespace) -> int:
    """Verify the journal, then rebuild the database from it."""
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    if not is_new(settings.database_url):
        aside = (
            "renommez la base, ou"
            if sqlite_path(parse(settings.database_url)) is None
            else "renommez le fichier, avec ses « -wal » et « -shm », ou"
        )
        raise CommandRefused(
            f"La base existe encore. Mettez-la de côté : {aside} donnez-en une vide"
            " (VIGIE_DATABASE_URL)."
        )
    folder = settings.data / FOLDER
    key = _key(settings, folder)
    for number, step in enumerate(verify(folder, key=key), start=1):
        print(described(number, step))
        if not step.ok:
            return 1
    tiles = Tiles(folder)
    last = signed_from(tiles.checkpoint() or b"", at=SystemClock().now())
    size = last.checkpoint.size
    public = certificates(Path(certifi.where()).read_bytes())
    files = KeptFiles(
        settings.data,
        captures=settings.data / CAPTURES,
        roots={
            authority.slug: certificates(authority.roots.encode())
            for authority in config.stamping.authorities
            if authority.roots
        },
        public=public,
    )
    rebuilt = rebuild(
        settings.database_url,
        LogReading(tiles, size),
        last=last,
        bundled=size - size % TILE_WIDTH,
        files=files,
    )
    print("\n".join(_described_rebuild(rebuilt)))
    return 0


def _key(settings: Settings, folder: Path) -> VerifierKey:
    """Return the key of a journal under the name that it bears, whatever the configuration says."""
    if settings.journal_key:
        try:
            return SignerKey.parse(settings.journal_key).verifier
        except NoteError as error:
            raise CommandRefused(f"VIGIE_JOURNAL_KEY : ce n’est pas une clé ({error}).") from None
    key = own_key_of(settings.data, folder)
    if key is None:
        raise CommandRefused(
            f"{settings.data} ne contient pas à la fois un journal lisible et sa clé ({KEY_FILE})."
            " Rendez-les depuis une sauvegarde."
        )
    return key


def _described_rebuild(rebuilt: Rebuilt) -> Iterator[str]:
    yield f"Base refaite : {rebuilt.leaves} feuilles."
    yield f"   textes de pages relus dans les copies : {rebuilt.texts}"
    for why, reason in _WHY.items():
        texts = [missing for missing in rebuilt.lost_texts if missing.why is why]
        if texts:
            yield f"   textes non restitués, {reason} : {len(texts)}"
            yield from (f"      {missing.target}, {missing.sha256}" for missing in texts[:SHOWN])
            if len(texts) > SHOWN:
                yield f"      … et {len(texts) - SHOWN} autres"
    yield f"   jetons : {rebuilt.tokens} ; cosignatures : {rebuilt.cosignatures}"
    if rebuilt.lost_tokens:
        yield f"   jetons sans fichier lisible : {len(rebuilt.lost_tokens)}"
        yield from (
            f"      {FOLDER}/{STAMPS.name}/{missing}" for missing in rebuilt.lost_tokens[:SHOWN]
        )
    yield (
        "N’y sont pas : ce qui n’était pas encore signé, les budgets et pauses des plateformes,"
        " les robots.txt, les réponses refusées des autorités."
    )


_WHY = {
    Why.RULES: "lus par d’autres règles que celles de ce programme",
    Why.COPY: "qu’aucune copie ne donne",
}
