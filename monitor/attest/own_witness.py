"""Our own witness: the part of this installation that cosigns the journals of others."""

from pathlib import Path

from monitor.config import Config
from monitor.config.settings import Settings
from monitor.evidence.log.note import VerifierKey
from monitor.evidence.witness.witness_memory import Witness

WITNESS = "temoin"  # folder of data/


def build_witness(config: Config, settings: Settings) -> Witness | None:
    """Build our witness; None when it has no journal to cosign, or no name.

    Raises KeyFileError when its key cannot be used.
    """
    if not config.witnessing.logs or not config.identified:
        return None
    witness = witness_of(config, settings.data)
    _ = witness.key  # made, or refused, before anybody asks
    return witness


def witness_of(config: Config, data: Path) -> Witness:
    """Return the witness whose state is below `data`, with or without journals to cosign."""
    logs = [VerifierKey.parse(key) for key in config.witnessing.logs]
    return Witness(data / WITNESS, name=config.witnessing.name, logs=logs)
