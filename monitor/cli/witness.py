"""`vigie witness`: cosign the journals of others and have ours cosigned, by hand, as files.

What a server does by itself (docs/temoins.md) an association without one does by mail:
a request comes as a file, a line goes back.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path

from monitor.attest.own_witness import witness_of
from monitor.cli.parsing import CommandRefused, Commands, folders
from monitor.config import Config, load
from monitor.config.settings import read_settings
from monitor.core.french.formatting import count, when
from monitor.core.model.anchors import Cosignature
from monitor.core.untrusted.numbers import whole
from monitor.evidence.log import tlog
from monitor.evidence.log.journal import FOLDER
from monitor.evidence.log.note import Checkpoint, Note, Signature, VerifierKey, cosigned_at
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import ProofError
from monitor.evidence.witness.cosigning import quorum
from monitor.evidence.witness.witness_memory import Witness, hash_of
from monitor.evidence.witness.witness_protocol import (
    EARLIEST,
    MAX_REQUEST_BYTES,
    CosignatureError,
    Request,
    accept,
    with_signatures,
)
from monitor.runtime.clock import SystemClock
from monitor.store import Store

RECENT = 5_000  # checkpoints that a line may belong to: seventeen days of them
MAX_BEHIND_S = 300  # of a witness's clock, which may be that of a laptop
_REFUSALS = {
    HTTPStatus.BAD_REQUEST: "Demande illisible ({why}). Demandez-la à nouveau, en pièce jointe.",
    HTTPStatus.FORBIDDEN: "La signature du journal manque, ou elle est fausse ({why}).",
    HTTPStatus.NOT_FOUND: (
        "Ce journal n’est pas de ceux que nous cosignons. Si vous connaissez sa clé publique, "
        "ajoutez-la à [witness] dans vigie.toml."
    ),
    HTTPStatus.CONFLICT: (
        "La demande ne part pas de notre dernière cosignature. Répondez : « refaites la demande "
        "avec --old {why} »."
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        "REFUSÉ : rien ne montre que ce point de contrôle prolonge celui que nous avons cosigné "
        "({why}). Les deux sont gardés : voir « vigie witness status »."
    ),
}


def add(commands: Commands) -> None:
    """Add the command and its actions."""
    top = commands.add_parser("witness", help="cosigner un journal, faire cosigner le nôtre")
    actions = top.add_subparsers(metavar="ACTION", required=True, title="actions")

    def action(name: str, text: str) -> ArgumentParser:
        subparser = actions.add_parser(name, help=text)
        folders(subparser)
        return subparser

    show = action("show-key", "notre clé publique de cosignataire, à donner aux autres")
    show.set_defaults(run=show_key)
    sign = action("cosign", "cosigner la demande d’un autre journal")
    sign.add_argument("file", type=Path, metavar="DEMANDE", help="fichier reçu")
    sign.set_defaults(run=cosign)
    ask = action("request", "écrire une demande de cosignature pour notre journal")
    ask.add_argument("witness", metavar="NOM", help="nom du cosignataire, comme dans sa clé")
    ask.add_argument("--old", type=whole, metavar="N", help="feuilles qu’il dit avoir cosignées")
    ask.set_defaults(run=request)
    take = action("add", "ajouter une cosignature reçue pour notre journal")
    take.add_argument("file", type=Path, metavar="COSIGNATURE", help="fichier reçu")
    take.set_defaults(run=add_line)
    status = action("status", "qui nous a cosignés, qui nous cosignons, les fautes gardées")
    status.set_defaults(run=show_status)


def show_key(args: Namespace) -> int:
    """Print our verifier key, which is made at first use."""
    print(_witness(args).key.verifier)
    return 0


def cosign(args: Namespace) -> int:
    """Print the cosignature of a request, or the reason for a refusal."""
    at = int(SystemClock().now().timestamp())
    answer = _witness(args).add_checkpoint(_file(args.file), at=at)
    text = answer.body.decode("utf-8", "replace").strip()
    if answer.status is HTTPStatus.OK:
        print(text)
        return 0
    print(_REFUSALS[answer.status].format(why=text), file=sys.stderr)
    return 1


def request(args: Namespace) -> int:
    """Print a request for one witness, from the last checkpoint of ours that it cosigned."""
    _cosigner(load(args.config), args.witness)
    with _store(args) as store:
        newest, last = store.checkpoint(), store.last_cosignatures().get(args.witness)
    if newest is None:
        raise CommandRefused("Le journal n’a encore aucun point de contrôle.")
    old = args.old if args.old is not None else last.size if last else 0
    if not 0 <= old <= newest.size:
        raise CommandRefused(f"--old : {old} : notre journal a {count(newest.size, 'feuille')}.")
    nodes = tlog.nodes_from_tiles(cache(Tiles(args.data / FOLDER).tile), newest.size)
    try:
        proof = tlog.prove_consistency(nodes, old, newest.size) if old else []
    except ProofError as error:
        raise CommandRefused(f"Journal {args.data / FOLDER} : fichier abîmé ({error}).") from error
    note = Note.parse(newest.note)
    sys.stdout.write(bytes(Request(old=old, proof=tuple(proof), note=note)).decode())
    return 0


def add_line(args: Namespace) -> int:
    """Check a cosignature that was sent by mail, and store it."""
    lines = "".join(
        f"{line}\n" for line in _file(args.file).decode("utf-8", "replace").split("\n")
        if line.startswith("— ")
    ).encode()  # fmt: skip
    keys = [VerifierKey.parse(witness.key) for witness in load(args.config).cosigning.witnesses]
    with _store(args) as store:
        for data, signed_at in store.recent_notes(RECENT):
            accepted = _accepted(lines, Note.parse(data), keys, signed_at)
            for cosignature in accepted:
                store.add_cosignature(cosignature)
                print(
                    f"{cosignature.witness} : {count(cosignature.size, 'feuille')}, "
                    f"le {when(cosignature.at)}."
                )
            if accepted:
                return 0
    print(
        "Aucune cosignature valable d’un cosignataire connu, pour un de nos derniers points de "
        "contrôle. Sa clé est-elle dans [cosigning] ?",
        file=sys.stderr,
    )
    return 1


def show_status(args: Namespace) -> int:
    """Print our cosigners, the journals that we cosign, and their recorded faults."""
    config = load(args.config)
    with _store(args) as store:
        newest, last = store.checkpoint(), store.last_cosignatures()
        lines = store.cosignatures(newest.size) if newest else ()
    if newest is None:
        print("Notre journal n’a encore aucun point de contrôle.")
    else:
        note = with_signatures(
            Note.parse(newest.note), [Signature.parse(cosignature.line) for cosignature in lines]
        )
        signatures = quorum(note, config.cosigning)
        print(
            f"Notre journal : {count(newest.size, 'feuille')} ; dernier point de contrôle cosigné "
            f"{len(signatures.signed)} fois, {signatures.needed} demandées."
        )
        for name in signatures.asked:
            cosignature = last.get(name)
            last_text = (
                f"{count(cosignature.size, 'feuille')}, le {when(cosignature.at)}"
                if cosignature
                else "jamais"
            )
            print(f"  {name} : {last_text}")
    faults = sum(_show_log(_witness(args), key.name) for key in _witness(args).logs)
    return 1 if faults else 0


def _show_log(witness: Witness, origin: str) -> int:
    """Print the state of a journal that we cosign; return how many forks of it are proved."""
    note = witness.checkpoint(hash_of(origin))
    size = Checkpoint.parse(Note.parse(note).text).size if note else 0
    print(f"Nous cosignons {origin} : {count(size, 'feuille')}")
    forks = 0
    for fault in witness.faults(origin):
        forks += fault.forked
        what = (
            "deux histoires de même taille, signées toutes deux : la preuve est complète"
            if fault.forked
            else "point de contrôle sans preuve de continuité (n’accuse pas à lui seul)"
        )
        print(f"  {count(fault.received.size, 'feuille')} : {what} ; {fault.folder}")
    return forks


def _accepted(
    lines: bytes, note: Note, keys: list[VerifierKey], signed_at: datetime
) -> list[Cosignature]:
    """Return the valid cosignatures of a note among some lines.

    None can be older than the note, except by `MAX_BEHIND_S`, for clocks that differ.
    """
    now = int(SystemClock().now().timestamp())
    since = max(EARLIEST, int(signed_at.timestamp()) - MAX_BEHIND_S)
    accepted = []
    for key in keys:
        try:
            signature = accept(lines, note, key, now=now, since=since)
        except CosignatureError:
            continue
        at = datetime.fromtimestamp(cosigned_at(signature), UTC)
        size = Checkpoint.parse(note.text).size
        accepted.append(Cosignature(size=size, witness=key.name, at=at, line=str(signature)))
    return accepted


def _witness(args: Namespace) -> Witness:
    return witness_of(load(args.config), args.data)


def _cosigner(config: Config, name: str) -> None:
    names = [VerifierKey.parse(cosigner.key).name for cosigner in config.cosigning.witnesses]
    if name not in names:
        listed = ", ".join(names) or "aucun"
        raise CommandRefused(f"{name} : cosignataire inconnu ; connus : {listed} ([cosigning]).")


@contextmanager
def _store(args: Namespace) -> Iterator[Store]:
    settings = read_settings(os.environ, data=args.data)
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        yield store


def _file(path: Path) -> bytes:
    """Read a file that was sent by mail, with the line ends of any system."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_REQUEST_BYTES + 1).replace(b"\r\n", b"\n")
    except OSError as error:
        raise CommandRefused(f"{path} : illisible : {error.strerror}") from None
