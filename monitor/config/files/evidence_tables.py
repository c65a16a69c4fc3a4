"""`[journal]`, `[stamps]`, `[cosigning]`, `[witness]`, `[[points]]` and `[share]`.

Our journal, its authorities and witnesses, the journals that we cosign, and those that we follow.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from monitor.config.files.main_file import MainFile
from monitor.config.schema import Cosigner, LogEntry, StampAuthority
from monitor.config.strict_toml.toml_files import SIZE_MAX
from monitor.config.values import (
    Cosigning,
    Journaling,
    Stamping,
    Witnessing,
)
from monitor.core.untrusted.library_errors import Unreadable, reading

OPERATORS_MIN = 2  # a time that one operator states rests on that operator alone


def check_evidence(main: MainFile, folder: Path) -> None:
    """Add the problems between the keys of these sections to `main.tables`."""
    if not main.tables.readable:
        return
    _check_authorities(main, folder)
    _check_keys(main, main.cosigners, "cosigning", "witness")
    _check_keys(main, main.logs, "witness", "log")
    _check_points(main)
    if main.cosigning and main.cosigning.needed > len(main.cosigning.witness):
        main.tables.refuse(
            "cosigning", "needed", value=main.cosigning.needed,
            reason="plus de cosignataires exigés qu’il n’y en a",
            cure=f"au plus {len(main.cosigning.witness)}",
        )  # fmt: skip


def _check_authorities(main: MainFile, folder: Path) -> None:
    refuse = main.tables.refuse
    slugs: set[str] = set()
    for index, authority in main.authorities.items():
        if authority.slug in slugs:
            refuse(
                "stamps", "authority", index, "slug", value=authority.slug,
                reason="identifiant déjà pris", cure="en choisir un autre",
            )  # fmt: skip
        slugs.add(authority.slug)
        if authority.roots and not _certificates(folder / authority.roots):
            refuse(
                "stamps", "authority", index, "roots", value=authority.roots,
                reason="fichier introuvable, ou sans certificat au format PEM",
                cure="donner un chemin depuis le dossier de configuration",
            )  # fmt: skip
    operators = {authority.operator for authority in main.authorities.values()}
    whole = main.stamps is not None and len(main.authorities) == len(main.stamps.authority)
    if whole and main.authorities and len(operators) < OPERATORS_MIN:
        refuse(
            "stamps", "authority", value=sorted(operators),
            reason="trop peu d’exploitants différents parmi les autorités d’horodatage",
            cure=f"au moins {OPERATORS_MIN}, ou aucune",
        )  # fmt: skip


def _check_points(main: MainFile) -> None:
    if main.share and main.share.rank > main.share.of:
        main.tables.refuse(
            "share", "rank", value=main.share.rank,
            reason="rang au-delà du nombre de points", cure=f"de 1 à {main.share.of}",
        )  # fmt: skip
    names: set[str] = set()
    publics: set[str] = set()
    own = journaling(main).origin
    for index, point in main.points.items():
        journal, _, rest = point.key.partition("+")
        public = rest.partition("+")[2]
        if journal == own or public in publics:
            main.tables.refuse(
                "points", index, "key", value=point.key,
                reason="notre propre journal" if journal == own else "clé déjà donnée",
                cure="un point est un autre journal, d’une autre clé",
            )  # fmt: skip
        publics.add(public)
        if point.name in names:
            main.tables.refuse(
                "points", index, "name", value=point.name,
                reason="nom déjà pris", cure="en choisir un autre",
            )  # fmt: skip
        names.add(point.name)


def _check_keys(main: MainFile, entries: Mapping[int, Cosigner | LogEntry], *keys: str) -> None:
    keys_seen: set[str] = set()
    for index, entry in entries.items():
        if entry.key in keys_seen:
            main.tables.refuse(
                *keys, index, "key", value=entry.key,
                reason="clé déjà donnée", cure="ne la laisser qu’une fois",
            )  # fmt: skip
        keys_seen.add(entry.key)


def _certificates(path: Path) -> str:
    """Return the text of a PEM file; "" when it cannot be read or has no certificate."""
    try:
        with path.open(encoding="ascii") as file:
            text = file.read(SIZE_MAX)
    except (OSError, UnicodeError):
        return ""
    try:
        with reading("certificates"):
            return text if x509.load_pem_x509_certificates(text.encode()) else ""
    except Unreadable:
        return ""


def journaling(main: MainFile) -> Journaling:
    """Return the valid settings; the journal's default name comes from the address of our pages."""
    origin = main.journal.origin if main.journal else None
    public_ip = tuple(main.journal.public_ip) if main.journal else ()
    return Journaling(origin=origin or f"{_own_address(main)}/journal", public_ip=public_ip)


def stamping(main: MainFile, folder: Path) -> Stamping:
    """Return what was found good."""
    interval_s = main.stamps.interval_s if main.stamps else Stamping().interval_s
    authorities = (_authority(entry, folder) for entry in main.authorities.values())
    return Stamping(authorities=tuple(authorities), interval_s=interval_s)


def _authority(entry: StampAuthority, folder: Path) -> StampAuthority:
    """Return an authority with the text of its roots in place of their path."""
    text = _certificates(folder / entry.roots) if entry.roots else ""
    return entry.model_copy(update={"roots": text})


def cosigning(main: MainFile) -> Cosigning:
    """Return what was found good."""
    witnesses = tuple(main.cosigners.values())
    return Cosigning(witnesses=witnesses, needed=main.cosigning.needed if main.cosigning else 0)


def witnessing(main: MainFile) -> Witnessing:
    """Return the valid settings; our default name comes from the address of our pages."""
    name = main.witness.name if main.witness else None
    logs = tuple(entry.key for entry in main.logs.values())
    return Witnessing(name=name or f"{_own_address(main)}/temoin", logs=logs)


def _own_address(main: MainFile) -> str:
    site = urlsplit(main.publisher.site if main.publisher else "")
    return f"{site.netloc}{site.path.rstrip('/')}"
