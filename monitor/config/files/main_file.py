"""`vigie.toml`: the service, its limits, its control panel, its platforms."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from monitor.config import schema
from monitor.config.files.local import Local
from monitor.config.rules.lanes import lane_of, lanes_of
from monitor.config.strict_toml.toml_tables import Tables
from monitor.core.model import Platform

NAME = "vigie.toml"
HOSTS_MIN = 3  # of different operators, since the failure of one proves nothing of our line


@dataclass(frozen=True, slots=True, kw_only=True)
class MainFile:
    """The valid parts of the main file; what was refused is None or missing."""

    tables: Tables
    local: Local
    service: schema.ServiceEntry | None
    publisher: schema.Publisher | None
    web: schema.WebEntry | None
    legal: schema.LegalEntry | None
    probe: schema.ProbeEntry | None
    policy: schema.PolicyEntry | None
    clock: schema.ClockEntry | None
    resolver: schema.ResolverEntry | None
    retention: schema.Retention | None
    mail: schema.MailEntry | None
    channels: dict[int, schema.ChannelEntry]  # by position in the file
    controls: schema.ControlsEntry | None
    hosts: dict[int, schema.ControlHost]  # by position in the file
    platforms: dict[int, schema.PlatformEntry]  # by position in the file
    journal: schema.JournalEntry | None
    stamps: schema.StampsEntry | None
    authorities: dict[int, schema.StampAuthority]  # by position in the file
    browser: schema.BrowserSettings | None
    cosigning: schema.CosigningEntry | None
    cosigners: dict[int, schema.Cosigner]  # by position in the file
    witness: schema.WitnessEntry | None
    logs: dict[int, schema.LogEntry]  # by position in the file
    points: dict[int, schema.OtherPoint]  # by position in the file
    share: schema.ShareEntry | None
    figures: schema.FiguresEntry | None
    openings: dict[int, schema.OpeningEntry]  # by position in the file
    components: dict[int, schema.ComponentEntry]  # by position in the file

    @property
    def allow_private(self) -> bool:
        return self.tables.allow_private

    def platform(self, slug: str) -> schema.PlatformEntry | None:
        return {entry.slug: entry for entry in self.platforms.values()}.get(slug)

    def times(self, platform: schema.PlatformEntry | None) -> tuple[float, float]:
        """Return the deadline and the slow threshold of a platform's targets, in seconds."""
        usual = self.probe or schema.ProbeEntry()
        if platform is None:
            return usual.deadline_s, usual.slow_s
        return platform.deadline_s or usual.deadline_s, platform.slow_s or usual.slow_s

    def lanes(self) -> dict[str, str]:
        return lanes_of(map(platform_from, self.platforms.values()))


HERE = ("localhost", "127.0.0.1", "::1")  # this very machine


def platform_from(entry: schema.PlatformEntry) -> Platform:
    return Platform(
        slug=entry.slug, name=entry.name, spacing_s=entry.spacing_s, hosts=tuple(entry.hosts)
    )


def read_main(folder: Path) -> MainFile:
    """Read the main file and apply its rules; problems are in `tables.problems`."""
    local = Local(folder)
    tables = Tables(folder, NAME, under=local.over_main)
    tables.whole(schema.MainEntry)
    main = MainFile(
        tables=tables,
        local=local,
        service=tables.section(schema.ServiceEntry, "service"),
        publisher=tables.section(schema.Publisher, "publisher"),
        web=tables.section(schema.WebEntry, "web"),
        browser=tables.section(schema.BrowserSettings, "browser"),
        legal=tables.section(schema.LegalEntry, "legal"),
        probe=tables.section(schema.ProbeEntry, "probe"),
        policy=tables.section(schema.PolicyEntry, "policy"),
        clock=tables.section(schema.ClockEntry, "clock"),
        resolver=tables.section(schema.ResolverEntry, "resolver"),
        retention=tables.section(schema.Retention, "retention"),
        mail=tables.section(schema.MailEntry, "mail"),
        channels=tables.items(schema.ChannelEntry, "channel"),
        controls=tables.section(schema.ControlsEntry, "controls"),
        hosts=tables.items(schema.ControlHost, "controls", "host"),
        platforms=tables.items(schema.PlatformEntry, "platform"),
        journal=tables.section(schema.JournalEntry, "journal"),
        stamps=tables.section(schema.StampsEntry, "stamps"),
        authorities=tables.items(schema.StampAuthority, "stamps", "authority"),
        cosigning=tables.section(schema.CosigningEntry, "cosigning"),
        cosigners=tables.items(schema.Cosigner, "cosigning", "witness"),
        witness=tables.section(schema.WitnessEntry, "witness"),
        logs=tables.items(schema.LogEntry, "witness", "log"),
        points=tables.items(schema.OtherPoint, "points"),
        share=tables.section(schema.ShareEntry, "share"),
        figures=tables.section(schema.FiguresEntry, "figures"),
        openings=tables.items(schema.OpeningEntry, "figures", "opening"),
        components=tables.items(schema.ComponentEntry, "figures", "component"),
    )
    if tables.readable:
        _check_service(main, folder)
        _check_browser(main)
        _check_mail(main)
        _check_platforms(main)
        _check_controls(main)
    return main


def _check_service(main: MainFile, folder: Path) -> None:
    refuse, service = main.tables.refuse, main.service
    if main.probe and main.probe.slow_s >= main.probe.deadline_s:
        refuse(
            "probe", "slow_s", value=main.probe.slow_s,
            reason="le seuil de lenteur n’est jamais atteint",
            cure=f"moins de deadline_s ({main.probe.deadline_s:g} s)",
        )  # fmt: skip
    if service is None:
        return
    names = (service.contact, *([main.publisher.site] if main.publisher else []))
    agent = service.user_agent
    if agent is not None and not (agent.isascii() and any(name in agent for name in names)):
        refuse(
            "service", "user_agent", value=agent,
            reason="le robot doit dire qui l’envoie, en ASCII",
            cure=f"y écrire {' ou '.join(names)}, ou retirer cette clé",
        )  # fmt: skip
    if service.extra_ca and not service.allow_private:
        refuse(
            "service", "extra_ca", value=service.extra_ca,
            reason="une autorité ajoutée fausserait les relevés de certificats",
            cure="retirer cette clé ; elle n’est que pour les essais, avec allow_private",
        )  # fmt: skip
    elif service.extra_ca and not (folder / service.extra_ca).is_file():
        refuse(
            "service", "extra_ca", value=service.extra_ca, reason="fichier introuvable",
            cure="donner un chemin depuis le dossier de configuration",
        )  # fmt: skip


def _check_browser(main: MainFile) -> None:
    if main.service is not None and main.service.no_sandbox and not main.allow_private:
        main.tables.refuse(
            "service", "no_sandbox", value=True,
            reason="une page hostile tiendrait le compte du service",
            cure="retirer cette clé ; elle n’est que pour les essais, avec allow_private",
        )  # fmt: skip
    path = main.browser.executable if main.browser else ""
    if path and not Path(path).is_absolute():
        main.tables.refuse(
            "browser", "executable", value=path, reason="ce n’est pas un chemin absolu",
            cure="écrire par exemple /usr/bin/chromium-headless-shell, ou retirer cette clé",
        )  # fmt: skip


def _check_mail(main: MainFile) -> None:
    mail, service = main.mail, main.service
    if mail is None or mail.security is not schema.Security.NONE or mail.host in (None, *HERE):
        return
    if service is None or not service.allow_private:
        main.tables.refuse(
            "mail", "security", value=mail.security.value,
            reason="les adresses des abonnés passeraient en clair sur le réseau",
            cure="« starttls » ou « tls » ; « none » n’est que pour un serveur de cette machine",
        )  # fmt: skip


def _check_platforms(main: MainFile) -> None:
    refuse = main.tables.refuse
    slugs: dict[str, int] = {}
    owners: dict[str, str] = {}
    if not main.tables.raw.get("platform"):
        refuse(
            "platform", value=[], reason="aucune plateforme",
            cure="en décrire une au moins sous [[platform]]",
        )  # fmt: skip
    for index, platform in main.platforms.items():
        deadline_s, slow_s = main.times(platform)
        if slow_s >= deadline_s and (platform.deadline_s or platform.slow_s):
            refuse(
                "platform", index, "slow_s", value=slow_s,
                reason="le seuil de lenteur n’est jamais atteint",
                cure=f"moins de deadline_s ({deadline_s:g} s)",
            )  # fmt: skip
        if slugs.setdefault(platform.slug, index) != index:
            refuse(
                "platform", index, "slug", value=platform.slug, reason="identifiant déjà pris",
                cure=f"en choisir un autre que celui de platform[{slugs[platform.slug] + 1}]",
            )  # fmt: skip
        for position, host in enumerate(platform.hosts):
            owner = owners.setdefault(host, platform.slug)
            if owner != platform.slug:
                refuse(
                    "platform", index, "hosts", position, value=host,
                    reason=f"hôte déjà compté dans la plateforme {owner}",
                    cure="ne le laisser que dans une plateforme",
                )  # fmt: skip


def _check_controls(main: MainFile) -> None:
    controls, refuse = main.controls, main.tables.refuse
    if controls is None:
        return
    if controls.needed > len(controls.host):
        refuse(
            "controls", "needed", value=controls.needed,
            reason="plus de témoins exigés qu’il n’y en a",
            cure=f"au plus {len(controls.host)}",
        )  # fmt: skip
    if main.allow_private:
        return
    operators = {host.operator for host in main.hosts.values()}
    if len(operators) < HOSTS_MIN and len(main.hosts) == len(controls.host):
        refuse(
            "controls", "host", value=sorted(operators),
            reason="trop peu d’exploitants différents parmi les témoins",
            cure=f"au moins {HOSTS_MIN}, pour que la panne de l’un n’accuse pas notre ligne",
        )  # fmt: skip
    _check_hosts(main)


def _check_hosts(main: MainFile) -> None:
    refuse, lanes = main.tables.refuse, main.lanes()
    slugs: set[str] = set()
    for index, host in main.hosts.items():
        parts = urlsplit(host.url)
        lane = lane_of(lanes, parts.hostname or "")
        if host.slug in slugs:
            refuse(
                "controls", "host", index, "slug", value=host.slug,
                reason="identifiant déjà pris", cure="en choisir un autre",
            )  # fmt: skip
        slugs.add(host.slug)
        if parts.scheme != "https":
            refuse(
                "controls", "host", index, "url", value=host.url,
                reason="un témoin en clair peut être joué par un portail captif",
                cure="écrire une adresse en https",
            )  # fmt: skip
        if lane is not None:
            refuse(
                "controls", "host", index, "url", value=host.url,
                reason=f"témoin placé sur la plateforme surveillée {lane}",
                cure="choisir un hôte indépendant des sites surveillés",
            )  # fmt: skip
