"""Our own side: whether controls, resolvers, clocks and authorities work; if not, what to write."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.config import Config, ControlHost
from monitor.core.french.formatting import count
from monitor.core.model import Family, Observation, Resolution
from monitor.core.model.exchange import StatusClass, status_class
from monitor.core.untrusted.public_addresses import is_public
from monitor.fetch.resolve import system_servers
from monitor.survey.stamp_authorities import kept_stamps
from monitor.survey.surprise import ConfigEdit, Surprise, SurpriseKind
from monitor.survey.survey_folder import SurveyFolder

DIFFERENT_NAMES = 2  # for which a resolver must stand alone before it is doubted
RESOLVERS_MIN = 3  # of whom two agree against one
# Tiny public resources that may replace a control that does not answer, of other operators.
RESERVES: tuple[ControlHost, ...] = (
    ControlHost(
        slug="cloudflare",
        name="Cloudflare, essai de connexion",
        url="https://cp.cloudflare.com/",
        operator="Cloudflare",
    ),
    ControlHost(
        slug="gnome",
        name="GNOME, essai de connexion",
        url="https://nmcheck.gnome.org/check_network_status.txt",
        operator="GNOME",
    ),
    ControlHost(
        slug="apple",
        name="Apple, détection de portail",
        url="https://captive.apple.com/hotspot-detect.html",
        operator="Apple",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStatus:
    """One part of our own side: whether it works, and what shows it. French."""

    name: str
    works: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSide:
    """What a survey says of our own side.

    Attributes:
        right: Whether the service can work with it as it is: see `faults`.
        faults: What prevents it, in French.

    """

    controls: tuple[PartStatus, ...]
    resolvers: tuple[PartStatus, ...]
    clocks: tuple[PartStatus, ...]
    authorities: tuple[PartStatus, ...]
    faults: tuple[str, ...]
    surprises: tuple[Surprise, ...]

    @property
    def right(self) -> bool:
        return not self.faults


def reserves(config: Config) -> list[ControlHost]:
    """Return the hosts that may replace a control: their operators have none yet."""
    operators = {host.operator for host in config.controls.hosts}
    return [host for host in RESERVES if host.operator not in operators]


def resolvers(config: Config) -> tuple[str, ...]:
    """Return the resolvers that the service would ask, those of the machine included."""
    first = config.resolvers or system_servers()
    return tuple(dict.fromkeys((*first, *config.second_resolvers)))


def own_side(
    folder: SurveyFolder, config: Config, observations: Mapping[str, Observation]
) -> OwnSide:
    """Read what was asked of our own side. `observations` are by the digest of their account."""
    return _OwnSideReading(folder, config, observations).result()


class _OwnSideReading:
    def __init__(
        self, folder: SurveyFolder, config: Config, observations: Mapping[str, Observation]
    ) -> None:
        self._folder = folder
        self._index = folder.index
        self._config = config
        self._observations = observations
        self._surprises: list[Surprise] = []
        self._servers = resolvers(config)
        # Without configured ones, those of the machine that made the survey.
        self._resolutions = {
            server: resolutions
            for server, resolutions in folder.index.resolvers.items()
            if not config.resolvers or server in self._servers
        }
        self._faults: list[str] = []

    def result(self) -> OwnSide:
        controls, resolvers = tuple(self._controls()), tuple(self._resolvers())
        clocks, authorities = tuple(self._clocks()), tuple(self._authorities())
        needed = self._config.controls.needed
        working = sum(part.works for part in controls)
        if not working:  # what else is mute is so for the same cause
            self._surprises.clear()
        if working < needed:
            self._faults.append(
                f"témoins qui répondent : {working} sur {len(controls)}, il en faut {needed} : "
                "l’accès à internet de cette machine est coupé ou filtré"
            )
        if resolvers and not any(part.works for part in resolvers):
            self._faults.append("aucun résolveur ne répond")
        self._faults += [f"identité : {line}" for line in self._config.missing_identity]
        return OwnSide(
            controls=controls,
            resolvers=resolvers,
            clocks=clocks,
            authorities=authorities,
            faults=tuple(self._faults),
            surprises=tuple(self._surprises),
        )

    def _controls(self) -> Iterator[PartStatus]:
        spare = [host for host in reserves(self._config) if self._works(host)]
        for host in self._config.controls.hosts:
            steps = {family: self._index.controls.get(f"{host.slug}/{family}") for family in Family}
            if not any(steps.values()):
                continue
            outcomes = {
                family: self._outcome(step.sha256) for family, step in steps.items() if step
            }
            works = any(good for good, _ in outcomes.values())
            detail = ", ".join(f"{family} : {words}" for family, (_, words) in outcomes.items())
            yield PartStatus(name=host.name, works=works, detail=detail)
            if not works:
                self._surprises.append(_dead_control(host, detail, spare.pop(0) if spare else None))

    def _works(self, host: ControlHost) -> bool:
        step = self._index.reserves.get(host.slug)
        return step is not None and self._outcome(step.sha256)[0]

    def _outcome(self, digest: str) -> tuple[bool, str]:
        """Return whether an answer shows that our line works, and its words."""
        observation = self._observations.get(digest)
        if observation is None:
            return False, "rien"
        exchange = observation.exchange
        if exchange.status is None:
            return False, exchange.failure.value if exchange.failure else "rien"
        good = status_class(exchange.status) < StatusClass.SERVER_ERROR
        return good, f"{exchange.status} en {exchange.duration_us / 1e6:.2f} s"

    def _resolvers(self) -> Iterator[PartStatus]:
        answers = self._resolutions
        for server, resolutions in answers.items():
            given = sum(bool(resolution.addresses) for resolution in resolutions)
            odd = list(_odd(server, answers))
            detail = f"{count(given, 'nom résolu', 'noms résolus')} sur {len(resolutions)}"
            if odd:
                detail += f" ; autrement que les autres : {', '.join(odd[:5])}"
            lies = len(odd) >= min(DIFFERENT_NAMES, len(resolutions))
            works = bool(given) and not lies
            yield PartStatus(name=server, works=works, detail=detail)
            if not works:
                self._surprises.append(self._bad_resolver(server, detail, lies=lies))

    def _bad_resolver(self, server: str, detail: str, *, lies: bool) -> Surprise:
        answers = self._resolutions
        good = [
            other
            for other, resolutions in answers.items()
            if other != server
            and other in self._servers  # a folder of another machine's may name any
            and any(resolution.addresses for resolution in resolutions)
            and not list(_odd(other, answers))
        ]
        edit = None
        if len(good) > 1:
            values = {"servers": good[:1], "second": good[1:]}
            edit = ConfigEdit(table="resolver", listed=False, values=values)
        what = "donne des adresses que les autres ne donnent pas" if lies else "ne répond pas"
        return Surprise(
            id=f"resolveur-{server.replace('.', '-').replace(':', '-')}",
            kind=SurpriseKind.RESOLVER,
            about=server,
            observed=f"Le résolveur {server} {what} : {detail}",
            advice="S’il est celui de votre réseau, un filtre ou un portail peut s’y trouver. La "
            "ligne proposée n’interroge que ceux qui concordent.",
            edit=edit,
        )

    def _clocks(self) -> Iterator[PartStatus]:
        readings = {
            server: self._index.clocks[server]
            for server in self._config.ntp_servers
            if server in self._index.clocks
        }
        limit_us = self._config.clock_limit_us
        working = [server for server, one in readings.items() if one.offset_us is not None]
        for server, one in readings.items():
            if one.offset_us is None:
                yield PartStatus(name=server, works=False, detail="muet, ou sans l’heure")
                values = {"ntp_servers": working}
                self._surprises.append(
                    Surprise(
                        id=f"temps-{server.replace('.', '-')}",
                        kind=SurpriseKind.CLOCK,
                        about=server,
                        observed=f"Le serveur de temps {server} n’a rien répondu d’utilisable.",
                        advice="Le port UDP 123 est-il ouvert en sortie ? Si d’autres serveurs "
                        "répondent, il l’est.",
                        edit=ConfigEdit(table="clock", listed=False, values=values)
                        if working
                        else None,
                    )
                )
                continue
            late = abs(one.offset_us) > limit_us
            detail = f"écart de {one.offset_us / 1000:+.1f} ms"
            yield PartStatus(name=server, works=not late, detail=detail)
        offsets = sorted(one.offset_us for one in readings.values() if one.offset_us is not None)
        if offsets and abs(offsets[(len(offsets) - 1) // 2]) > limit_us:
            self._faults.append(
                "l’horloge de cette machine est fausse : installer chrony ou systemd-timesyncd"
            )

    def _authorities(self) -> Iterator[PartStatus]:
        for stamp in kept_stamps(self._folder, self._config):
            name = stamp.authority.name
            yield PartStatus(name=name, works=stamp.works, detail=stamp.detail)
            if not stamp.works:
                self._surprises.append(stamp.surprise)


def _odd(server: str, answers: Mapping[str, Sequence[Resolution]]) -> Iterator[str]:
    """Yield the names that a resolver answers otherwise than others who agree.

    Networks of delivery give each resolver other addresses: only what two others say alike, or an
    address that is nobody's on the internet, or a denial of what others resolve, tells against it.
    """
    for resolution in answers[server]:
        others = [
            set(one.addresses)
            for other, resolutions in answers.items()
            if other != server
            for one in resolutions
            if one.host == resolution.host and one.addresses
        ]
        if not others:
            continue
        own = set(resolution.addresses)
        shared = [
            address for address, n in Counter(a for one in others for a in one).items() if n > 1
        ]
        agree = len(answers) >= RESOLVERS_MIN and bool(shared)
        private = any(not is_public(address) for address in own - set().union(*others))
        if (agree and not own & set().union(*others)) or (own and private and agree):
            yield resolution.host


def _dead_control(host: ControlHost, detail: str, spare: ControlHost | None) -> Surprise:
    edit = None
    if spare is not None:
        values = {"name": spare.name, "url": spare.url, "operator": spare.operator}
        edit = ConfigEdit(table="controls.host", listed=True, values={"slug": host.slug, **values})
    return Surprise(
        id=f"temoin-{host.slug}",
        kind=SurpriseKind.CONTROL,
        about=host.name,
        observed=f"Le témoin {host.name} ne répond pas ({detail}).",
        advice=f"La ligne proposée met à sa place {spare.name}, qui vient de répondre."
        if spare
        else "Refaites le relevé dans une heure ; s’il se tait encore, remplacez-le dans "
        "local.toml par une petite page publique d’un autre exploitant.",
        edit=edit,
    )
