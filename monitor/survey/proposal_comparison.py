"""A proposal beside what is configured now: line by line, and what the kept answer is judged."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from monitor.config import Config
from monitor.core.french.sentences import VERDICTS
from monitor.core.model import Target
from monitor.evidence.timestamps.certificate_files import certificates
from monitor.survey.proposed_address import without_session
from monitor.survey.surprise import ConfigEdit, LineValue, Surprise, toml
from monitor.survey.target_reading import TargetReading

ABSENT = "–"
PUBLICROOTS = "les racines publiques"
ROOTS = "roots"  # of which a configuration holds the certificates, not the path
_ENABLED = "enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedLine:
    """One thing in both versions. `name` is that of a key, or French words."""

    name: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


def comparison(
    surprise: Surprise, reading: TargetReading | None, *, before: Config, after: Config
) -> tuple[ComparedLine, ...]:
    """Return both versions of a proposal.

    Args:
        surprise: The proposal.
        reading: The answer that it is about; None when it is about none.
        before: The configuration as it is.
        after: The same with the proposal, as `tried` returns it.

    """
    lines = list(_keys(surprise.edit, before, after)) if surprise.edit else []
    if reading is not None and reading.exchange is not None:
        lines.append(
            ComparedLine(
                name="Verdict de la réponse gardée",
                before=_judged(reading, before),
                after=_judged(reading, after),
            )
        )
    return tuple(lines)


def _keys(edit: ConfigEdit, before: Config, after: Config) -> Iterator[ComparedLine]:
    old, new = configured(edit, before), configured(edit, after)
    for key in edit.values:
        yield ComparedLine(name=key, before=old.get(key, ABSENT), after=new.get(key, ABSENT))


def configured(edit: ConfigEdit, config: Config) -> Mapping[str, str]:
    """Return what a configuration has for the keys of an edit, encoded."""
    if not edit.listed:
        return {key: toml(value) for key, value in _SECTIONS[edit.table](config).items()}
    name, value = next(iter(edit.values.items()))
    entries = (one for one in _LISTS[edit.table](config) if getattr(one, name) == value)
    entry = next(entries, None)
    if entry is None:
        return {_ENABLED: toml(value=False)}
    return {_ENABLED: toml(value=True), **_attributes(entry, edit.values)}


_LISTS: Mapping[str, Callable[[Config], Sequence[object]]] = {
    "target": lambda config: config.targets,
    "fingerprint": lambda config: config.fingerprints,
    "controls.host": lambda config: config.controls.hosts,
    "stamps.authority": lambda config: config.stamping.authorities,
}
_SECTIONS: Mapping[str, Callable[[Config], Mapping[str, LineValue]]] = {
    "resolver": lambda config: {"servers": config.resolvers, "second": config.second_resolvers},
    "clock": lambda config: {"ntp_servers": config.ntp_servers},
}
_ATTRIBUTES = {"source_of": "source"}  # by key, where their names differ


def _attributes(entry: object, keys: Iterable[str]) -> Mapping[str, str]:
    values = {key: getattr(entry, _ATTRIBUTES.get(key, key), None) for key in keys}
    return {
        key: _roots(value) if key == ROOTS else toml(value)
        for key, value in values.items()
        if value is not None
    }


def _roots(pem: str) -> str:
    digests = [sha256(der).hexdigest() for der in certificates(pem.encode())] if pem else []
    return ", ".join(f"empreinte {digest}" for digest in digests) or PUBLICROOTS


def _judged(reading: TargetReading, config: Config) -> str:
    """Return the verdict of an answer by a configuration, in French."""
    target = config.by_slug.get(reading.target.slug)
    if target is None:
        return "n’est plus relevée"
    observation = reading.observation
    if observation is not None and target.url != reading.target.url:
        if not _leads_to(reading, target):
            return "à demander : le relevé suivant le dira"
        # Without the redirects, which a request to the new address does not meet.
        hops = observation.exchange.hops[-1:]
        exchange = replace(observation.exchange, url=target.url, hops=hops)
        observation = replace(observation, exchange=exchange)
    judgement = replace(reading, target=target, config=config, observation=observation).judgement
    return f"{VERDICTS[judgement.verdict]} (règle {judgement.rule})" if judgement else ABSENT


def _leads_to(reading: TargetReading, target: Target) -> bool:
    """Return whether the redirects of the kept answer end at the address of a target."""
    final = reading.exchange.final_url if reading.exchange else ""
    return target.url == without_session(final, reading.target.url)
