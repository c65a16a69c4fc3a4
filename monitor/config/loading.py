"""From a folder of TOML files to a `Config`, or to every problem at once."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from monitor import __version__
from monitor.config.files.channel_tables import channels_of, check_channels
from monitor.config.files.evidence_tables import (
    check_evidence,
    cosigning,
    journaling,
    stamping,
    witnessing,
)
from monitor.config.files.figure_tables import check_figures, figures, read_milestones
from monitor.config.files.fingerprint_file import load_fingerprints
from monitor.config.files.local import LOCAL
from monitor.config.files.main_file import MainFile, platform_from, read_main
from monitor.config.files.target_files import policy_from, read_targets
from monitor.config.rules.target_rules import check_targets
from monitor.config.schema import MailEntry, PlatformEntry
from monitor.config.strict_toml.problems import ConfigError, Problem
from monitor.config.strict_toml.pydantic_french import EntryT
from monitor.config.values import (
    Config,
    ControlSettings,
    FigureSettings,
    Mail,
    Relay,
    ReturnedMail,
)
from monitor.core.model import Platform, Target
from monitor.core.scheduling.slots import Share
from monitor.core.verdict.fingerprints import Fingerprint

FINGERPRINTS = "fingerprints.toml"


def load(folder: Path) -> Config:
    """Read `vigie.toml`, `targets/`, `fingerprints.toml` and `milestones.toml`.

    `local.toml` is laid over them.

    Raises:
        ConfigError: With every problem of every file, in the order of the files.

    """
    main = read_main(folder)
    placed, files = read_targets(folder, main)
    check_targets(placed, main)
    check_evidence(main, folder)
    check_figures(main, files)
    check_channels(main, (placed_target.target for placed_target in placed))
    dates, milestones = read_milestones(folder, main.local)
    if not any(tables.raw.get("target") for tables in files):
        main.tables.problems.append(_NOTHING)
    elif not placed and not any(tables.problems for tables in files):
        main.local.problems.append(_ALL_DISABLED)
    fingerprints, fingerprint_problems = load_fingerprints(
        folder / FINGERPRINTS, main.local.fingerprints
    )
    problems = [p for tables in (main.tables, *files) for p in tables.problems]
    problems += [*fingerprint_problems, *dates.problems, *main.local.problems]
    if problems:
        raise ConfigError(problems)
    targets = (placed_target.target for placed_target in placed)
    return _config(main, targets, fingerprints, figures(main, milestones), folder)


_NOTHING = Problem(
    file="targets",
    key="target",
    value="(absente)",
    reason="aucune cible à surveiller",
    cure="en décrire une au moins sous [[target]], dans targets/ ou targets/prefectures/",
)

_ALL_DISABLED = Problem(
    file=LOCAL,
    key="target",
    value="enabled = false",
    reason="aucune cible à surveiller : toutes sont écartées",
    cure="en laisser une au moins",
)


def _config(
    main: MainFile,
    targets: Iterable[Target],
    fingerprints: Sequence[Fingerprint],
    figure_settings: FigureSettings,
    folder: Path,
) -> Config:
    """Build the configuration; called only when nothing was refused."""
    service, publisher = _sure(main.service), _sure(main.publisher)
    clock, resolver = _sure(main.clock), _sure(main.resolver)
    mail, share = _sure(main.mail), _share(main)
    return Config(
        targets=tuple(
            replace(target, interval_s=target.interval_s * share.of)
            for target in sorted(targets, key=lambda target: (target.department, target.slug))
        ),
        platforms={entry.slug: _shared(entry, share) for entry in main.platforms.values()},
        share=share,
        controls=_panel(main),
        policy=policy_from(main.policy),
        fingerprints=tuple(fingerprints),
        resolvers=tuple(resolver.servers),
        second_resolvers=tuple(resolver.second),
        ntp_servers=tuple(clock.ntp_servers),
        clock_limit_us=clock.limit_ms * 1_000,
        user_agent=service.user_agent or _user_agent(publisher.site, service.contact),
        contact=service.contact,
        publisher=publisher,
        mail=Mail(sender=mail.sender or service.contact, daily_cap=mail.daily_cap),
        retention=_sure(main.retention),
        journaling=journaling(main),
        stamping=stamping(main, folder),
        cosigning=cosigning(main),
        witnessing=witnessing(main),
        allow_private=service.allow_private,
        no_sandbox=service.no_sandbox,
        browser=_sure(main.browser),
        extra_ca=folder / service.extra_ca if service.extra_ca else None,
        figures=figure_settings,
        local=tuple(main.local.settings),
        api_origin=_sure(main.web).api_origin or "",
        legal=_sure(main.legal),
        relay=_relay(mail),
        channels=channels_of(main),
        returned=_returned(mail, mail.sender or service.contact),
        points=tuple(main.points.values()),
    )


def _share(main: MainFile) -> Share:
    entry = _sure(main.share)
    return Share(rank=entry.rank, of=entry.of)


def _shared(entry: PlatformEntry, share: Share) -> Platform:
    """Return a platform with our part of its budget: that of all points is what it was."""
    platform = platform_from(entry)
    return replace(platform, spacing_s=platform.spacing_s * share.of)


def _relay(mail: MailEntry) -> Relay | None:
    if mail.host is None:
        return None
    return Relay(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        user=mail.user or "",
        per_minute=mail.per_minute,
        person_cap=mail.person_cap,
        verp=mail.verp,
        selector=mail.dkim_selector or "",
    )


def _returned(mail: MailEntry, sender: str) -> ReturnedMail | None:
    if mail.imap_host is None:
        return None
    return ReturnedMail(host=mail.imap_host, port=mail.imap_port, user=mail.imap_user or sender)


def _user_agent(site: str, contact: str) -> str:
    """Return the User-Agent: the robot's name, the page on it, and the contact."""
    return f"VigieANEF/{__version__} (+{site.rstrip('/')}/robot; {contact})"


def _panel(main: MainFile) -> ControlSettings:
    controls = _sure(main.controls)
    return ControlSettings(
        hosts=tuple(main.hosts.values()), needed=controls.needed, interval_s=controls.interval_s
    )


def _sure(entry: EntryT | None) -> EntryT:
    if entry is None:
        raise AssertionError("an entry was refused without a problem")
    return entry
