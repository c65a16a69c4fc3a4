"""Read a ruleset strictly: `config/rulesets/*.toml`, or a file of an association's own."""

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from monitor.config.fields.field_types import Slug, Text, refused
from monitor.config.schema import Entry
from monitor.config.strict_toml.problems import ConfigError
from monitor.config.strict_toml.toml_tables import Tables
from monitor.core.model import Reason, Verdict
from monitor.core.verdict.classify import DOUBTS, RULES
from monitor.core.verdict.rulesets import (
    MAY_COUNT_AS,
    OUR_FAULTS,
    Confirmation,
    Line,
    Ruleset,
    WithOwn,
)

RULESETS = "rulesets"  # the folder of those that come with the program
RULESETS_SHIPPED = ("strict", "lenient")
_BESIDE = Path(__file__).resolve().parents[3] / "config"  # where the program is
LINE, CONFIRMATION = "line", "confirmation"
_RULE_IDS = sorted({rule_id for rule_id, _ in (*RULES, *DOUBTS)})


def _member(kind: type[Verdict] | type[Reason] | type[WithOwn]) -> BeforeValidator:
    """Read a word of a closed list, which a strict schema does not do by itself."""

    def check(value: object) -> object:
        words = [word.value for word in kind]
        if value in words:
            return kind(str(value))
        near = difflib.get_close_matches(str(value)[:80], words, n=1)
        cure = f"peut-être « {near[0]} »" if near else f"un de : {', '.join(words)}"
        raise refused("mot inconnu", cure)

    return BeforeValidator(check)


def _rule_id(value: str) -> str:
    if value not in _RULE_IDS:
        near = difflib.get_close_matches(value[:80], _RULE_IDS, n=1)
        cure = f"peut-être « {near[0]} »" if near else "un identifiant de règle de vigie classify"
        raise refused("règle inconnue", cure)
    return value


def _status(value: int) -> int:
    if not (2 <= value <= 5 or 200 <= value <= 999):  # noqa: PLR2004 -- HTTP's own numbers
        raise refused("statut HTTP inconnu", "une classe (2 à 5) ou un statut (200 à 999)")
    return value


class LineEntry(Entry):
    """A [[line]]: which checks, and what they count as."""

    verdict: Annotated[Verdict, _member(Verdict)]
    reasons: Annotated[list[Annotated[Reason, _member(Reason)]], Field(min_length=1)] | None = None
    rules: Annotated[list[Annotated[str, AfterValidator(_rule_id)]], Field(min_length=1)] | None = (
        None
    )
    statuses: (
        Annotated[list[Annotated[int, AfterValidator(_status)]], Field(min_length=1)] | None
    ) = None
    over_s: Annotated[int, Field(ge=1, le=3_600)] | None = None
    vouched: bool = False
    announced: bool | None = None
    counts_as: Annotated[Verdict, _member(Verdict)]
    why: Text


class ConfirmationEntry(Entry):
    """`[confirmation]`: when failures make an outage, and successes end it."""

    with_own: Annotated[WithOwn, _member(WithOwn)]
    failures: Annotated[int, Field(ge=1, le=100)]
    failing_s: Annotated[int, Field(ge=0, le=86_400)]
    successes: Annotated[int, Field(ge=1, le=100)]
    recovering_s: Annotated[int, Field(ge=0, le=86_400)]
    silence_s: Annotated[int, Field(ge=60, le=172_800)]
    unconfirmed: Annotated[Verdict, _member(Verdict)] | None = None
    why: Text


class RulesetEntry(Entry):
    """The whole file; its lines are validated one by one."""

    slug: Slug
    version: Text
    name: Text
    summary: Text
    confirmation: Any
    line: Annotated[list[Any], Field(min_length=1, max_length=200)]  # of LineEntry


def published_ruleset(folder: Path, name: str) -> Path:
    """Return the file of a ruleset of `RULESETS_SHIPPED`.

    That of a folder of configuration, or else the one that came with the program: a folder of an
    association's own, or the demo's, need not have them.
    """
    file = Path(RULESETS, f"{name}.toml")
    return folder / file if (folder / file).is_file() else _BESIDE / file


def published_versions(folder: Path, name: str) -> tuple[Ruleset, ...]:
    """Return every version of a published ruleset that was kept, the oldest first.

    `strict.toml` is the newest; an older one is `strict-VERSION.toml` beside it. Raises
    ConfigError.
    """
    newest = published_ruleset(folder, name)
    paths = [newest, *newest.parent.glob(f"{name}-*.toml")]
    return tuple(sorted(map(load_ruleset, paths), key=_order))


def _order(ruleset: Ruleset) -> tuple[str, int, str]:
    """Sort a version of a date after those before it on that date: `.10` after `.2`."""
    return ruleset.version[:10], len(ruleset.version), ruleset.version


def in_force(versions: Sequence[Ruleset], day: date) -> Ruleset:
    """Return the newest version of a day, by the date that a version begins with.

    The oldest one for a day before all of them.
    """
    of_day = [one for one in versions if one.version[:10] <= day.isoformat()]
    return (of_day or [versions[0]])[-1]


def load_ruleset(path: Path) -> Ruleset:
    """Read a ruleset.

    Raises:
        ConfigError: With every problem of the file: its name, key, value, and what to do.

    """
    tables = Tables(path.parent, path.name, allow_private=False)
    whole = tables.whole(RulesetEntry)
    confirmation = tables.section(ConfirmationEntry, CONFIRMATION) if whole else None
    entries = tables.items(LineEntry, LINE)
    lines = {index: _line(entry) for index, entry in entries.items()}
    _check_lines(tables, lines)
    if confirmation is not None:
        _check_unconfirmed(tables, confirmation)
    listed = tables.raw.get(LINE)
    if isinstance(listed, list) and len(lines) == len(listed):
        _check_last(tables, lines)
    if tables.problems or whole is None or confirmation is None:
        raise ConfigError(tables.problems)
    return Ruleset(
        slug=whole.slug,
        version=whole.version,
        name=whole.name,
        summary=whole.summary,
        lines=tuple(lines.values()),
        confirmation=Confirmation(**dict(confirmation)),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _line(entry: LineEntry) -> Line:
    return Line(
        verdict=entry.verdict,
        counts_as=entry.counts_as,
        why=entry.why,
        reasons=frozenset(entry.reasons or ()),
        rules=frozenset(entry.rules or ()),
        statuses=frozenset(entry.statuses or ()),
        over_s=entry.over_s,
        vouched=entry.vouched,
        announced=entry.announced,
    )


def _check_lines(tables: Tables, lines: Mapping[int, Line]) -> None:
    """Refuse what would count against the site what does not accuse it."""
    for index, line in lines.items():
        allowed = MAY_COUNT_AS[line.verdict]
        ours = sorted(line.reasons & OUR_FAULTS)
        if line.counts_as not in allowed:
            tables.refuse(
                LINE, index, "counts_as", value=line.counts_as,
                reason=f"un relevé « {line.verdict} » ne peut être compté ainsi",
                cure=f"un de : {', '.join(sorted(allowed))}",
            )  # fmt: skip
        elif ours and line.counts_as is not Verdict.UNKNOWN:
            tables.refuse(
                LINE, index, "reasons", value=ours[0].value,
                reason="un défaut de notre côté ne prouve rien du site",
                cure='la retirer, ou écrire counts_as = "unknown"',
            )  # fmt: skip


def _check_unconfirmed(tables: Tables, entry: ConfirmationEntry) -> None:
    allowed = {Verdict.UP, Verdict.UNKNOWN}
    if entry.unconfirmed is not None and entry.unconfirmed not in allowed:
        tables.refuse(
            CONFIRMATION, "unconfirmed", value=entry.unconfirmed,
            reason="un échec non confirmé ne peut être compté ainsi",
            cure="up ou unknown ; retirer la clé pour le compter comme sa ligne le dit",
        )  # fmt: skip


def _check_last(tables: Tables, lines: Mapping[int, Line]) -> None:
    """Require of each verdict one line without conditions, after which no other is tried."""
    last: dict[Verdict, int] = {}
    for index, line in lines.items():
        if line.verdict in last:
            tables.refuse(
                LINE, index, "verdict", value=line.verdict,
                reason="ligne jamais atteinte",
                cure=f"la mettre avant {LINE}[{last[line.verdict] + 1}], qui prend tout le reste",
            )  # fmt: skip
        elif line.is_last:
            last[line.verdict] = index
    missing = [verdict.value for verdict in Verdict if verdict not in last]
    if missing:
        tables.refuse(
            LINE, value=missing[0],
            reason="ce verdict n’a pas de dernière ligne, sans condition",
            cure=f"ajouter [[{LINE}]] avec seulement verdict, counts_as et why",
        )  # fmt: skip
