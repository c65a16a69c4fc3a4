"""What a survey found otherwise than configured, and the lines of configuration that say so."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.core.untrusted.printable import printable

LineValue = str | bool | Sequence[str]


class SurpriseKind(StrEnum):
    """What is otherwise than expected."""

    MOVED = "moved"  # served at another address
    GONE = "gone"  # nothing is at this address any more
    REFUSAL = "refusal"  # by a guard that no fingerprint knows
    SHELL = "shell"  # an application whose files or signs of life changed
    NOTICE = "notice"  # says that it is closed for now, in words that no fingerprint knows
    MARKER = "marker"  # none of its expected texts is in it
    ROBOTS = "robots"  # robots.txt asks us not to read it
    CERTIFICATE = "certificate"  # from an authority that is not trusted
    UNCLEAR = "unclear"  # an answer that no rule knows
    CONTROL = "control"
    RESOLVER = "resolver"
    CLOCK = "clock"
    STAMP = "stamp"
    PAGE = "page"  # a new page that `vigie discover` proposes


KIND_WORDS: Mapping[SurpriseKind, str] = {
    SurpriseKind.MOVED: "Adresse déplacée",
    SurpriseKind.GONE: "Page disparue",
    SurpriseKind.REFUSAL: "Refus d’une espèce inconnue",
    SurpriseKind.SHELL: "Application changée",
    SurpriseKind.NOTICE: "Texte de fermeture inconnu",
    SurpriseKind.MARKER: "Texte attendu absent",
    SurpriseKind.ROBOTS: "robots.txt demande de ne pas la lire",
    SurpriseKind.CERTIFICATE: "Autorité de certificat non reconnue",
    SurpriseKind.UNCLEAR: "Réponse qu’aucune règle ne connaît",
    SurpriseKind.CONTROL: "Témoin muet",
    SurpriseKind.RESOLVER: "Résolveur douteux",
    SurpriseKind.CLOCK: "Serveur de temps muet",
    SurpriseKind.STAMP: "Autorité d’horodatage à corriger",
    SurpriseKind.PAGE: "Page à suivre",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigEdit:
    """What is to be written in `local.toml`.

    Attributes:
        table: Dotted name of the table; `listed` when it is an entry of a list of tables.
        values: Its keys, in order.
        files: Files that it names, by their path from the folder of the configuration.

    """

    table: str
    listed: bool
    values: Mapping[str, LineValue]
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of TOML, as they are to be written."""
        head = f"[[{self.table}]]" if self.listed else f"[{self.table}]"
        return (head, *(f"{key} = {toml(value)}" for key, value in self.values.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise:
    """One thing that is otherwise than configured.

    Attributes:
        id: By which it is accepted: lower case, digits and hyphens.
        about: The slug of the target, or the name of what it is about.
        observed: What was observed, in French.
        advice: What a person must look at before deciding, in French.
        edit: What accepting it writes; None when only a person can know what is right.

    """

    id: str
    kind: SurpriseKind
    about: str
    observed: str
    advice: str
    edit: ConfigEdit | None = None

    def __post_init__(self) -> None:
        # What a site says stays within its line of a terminal, where questions are asked, and
        # hides nothing there or on a page.
        for name in ("about", "observed", "advice"):
            text = " ".join(getattr(self, name).splitlines())
            object.__setattr__(self, name, printable(text))


def toml(value: LineValue) -> str:
    """Encode a value; JSON strings, booleans and lists of strings are TOML too.

    Invisible characters are escaped, so that a person sees all that is to be written. Halves of
    pairs, which TOML cannot have, become question marks.
    """
    plain = value if isinstance(value, str | bool) else list(value)
    text = json.dumps(plain, ensure_ascii=False).encode(errors="replace").decode()
    return "".join(char if printable(char) == char else f"\\U{ord(char):08x}" for char in text)
