"""The schema of each type of leaf, and the check of a leaf against it: see docs/journal.md.

A field is `name: kind`; a "?" after the name marks one that is left out when unknown. An index
must be that of an earlier leaf, of the type that its kind names.
"""

from collections.abc import Callable, Mapping
from typing import Any

from monitor.core.changes.page_events import PageEdge
from monitor.core.journal import check_fields
from monitor.core.journal.decode import read_instant
from monitor.core.journal.encode import EDGES, VERSION
from monitor.core.model import GapCause, Kind

_WHERE = {"target": "text", "point": "text", "at": "instant"}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "origin": {"rows_before": "object"},
    "setup": {"point": "text", "config_sha256": "sha256", "ruleset": "text",
              "environment": "object"},
    "target": {"slug": "text", "name": "text", "url": "text", "kind": "text", "platform": "text",
               "department?": "text", "interval_s": "integer", "deadline_ms": "integer",
               "slow_ms": "integer", "markers": "list", "expect_path?": "text",
               "signs_of_life": "list", "policy": "object"},
    "conditions": {"met": "object"},
    "panel": {"ok": "integer", "asked": "integer", "needed": "integer", "answers": "object",
              "families?": "object", "witnesses?": "list"},
    "observation": {"target": "text", "at": "instant", "late_us": "integer", "verdict": "text",
                    "reason": "text", "rule": "text", "setup": "index of setup",
                    "plan?": "index of target", "conditions": "index of conditions",
                    "phases_us": "object", "body?": "object", "controls?": "object",
                    **check_fields.SCHEMA},
    "outage": {"edge": "text", **_WHERE, "observation": "index of observation", "nature": "text",
               "reason": "text", "last_ok_at?": "instant", "first_fail_at": "instant",
               "last_fail_at": "instant", "confirmed_at": "instant", "first_ok_at?": "instant",
               "recovered_at?": "instant", "checks": "integer", "relapses": "integer"},
    "blip": {**_WHERE, "observation": "index of observation", "first_at": "instant",
             "last_at": "instant", "count": "integer", "reason": "text", "downs": "integer"},
    "capture": {**_WHERE, "file": "text", "sha256": "sha256", "why": "list"},
    "change": {"edge": "text", **_WHERE, "observation": "index of observation", "kinds?": "list",
               "weight?": "text", "silent": "boolean", "announced": "boolean",
               "before?": "object", "after?": "object", "leads_to?": "list"},
    "rendering": {**_WHERE, "observation": "index of observation", "browser": "text",
                  "flags_sha256?": "sha256", "fonts_sha256?": "sha256", "apart": "boolean",
                  "sandbox": "boolean", "duration_us": "integer", "failure?": "text",
                  "refused": "list", "files": "object"},
    "plan": {"point": "text", "slots": "object"},
    "run": {"edge": "text", "at": "instant", "setup?": "index of setup", "version?": "text",
            "plans?": "list", "start?": "integer"},
    "round": {"at": "instant", "point": "text", "panel": "index of panel"},
    "clock": {"at": "instant", "point": "text", "server": "text", "offset_us?": "integer",
              "dispersion_us?": "integer", "stratum?": "integer"},
    "gap": {"target?": "text", "point": "text", "from_at": "instant", "to_at": "instant",
            "slots": "integer", "cause": "text"},
    "token": {"size": "integer", "authority": "text", "at": "instant", "sha256": "sha256"},
    "key": {"at": "instant", "old": "text", "new": "text"},
    "annotation": {"at": "instant", "kind": "text", "text": "text", "targets": "list",
                   "from_at?": "instant", "to_at?": "instant", "sha256?": "sha256",
                   "url?": "text", "change?": "index of change",
                   "withdraws?": "index of annotation"},
    "correction": {"at": "instant", "leaf": "integer", "text": "text"},
}  # fmt: skip

# The words that a field may have, where nothing else would stumble over another one.
WORDS: Mapping[tuple[str, str], frozenset[str]] = {
    ("run", "edge"): frozenset({"start", "stop"}),
    ("outage", "edge"): frozenset(EDGES.values()),
    ("change", "edge"): frozenset(PageEdge),
    ("target", "kind"): frozenset(Kind),
    ("gap", "cause"): frozenset(GapCause),
}
# What a leaf of each edge has, where it is not the same for all: fields that the others lack.
OF_EDGE: Mapping[str, frozenset[str]] = {
    "start": frozenset({"setup", "version"}),
    "stop": frozenset({"start"}),
}
_ALWAYS = frozenset({"v", "type"})
_NAMED = {
    kind: {name.rstrip("?"): wanted for name, wanted in fields.items()}
    for kind, fields in FIELDS.items()
}
_REQUIRED = {
    kind: frozenset(name for name in fields if not name.endswith("?"))
    for kind, fields in FIELDS.items()
}
_WORDS_OF = {
    kind: tuple((name, words) for (of, name), words in WORDS.items() if of == kind)
    for kind, _ in WORDS
}
_FRENCH = {"text": "un texte", "integer": "un nombre entier", "boolean": "un booléen",
           "list": "une liste", "object": "un objet", "sha256": "une empreinte SHA-256",
           "instant": "un instant du journal"}  # fmt: skip

_INDEX = "index of "
_HEX = frozenset("0123456789abcdef")


def refusal(leaf: Any, *, idx: int, kind_of: Callable[[int], str | None]) -> str | None:
    """Return, in French, how a leaf violates the schema; None when it does not.

    Args:
        leaf: As `json.loads` returned it.
        idx: Its index.
        kind_of: Returns the type of an earlier leaf that others may refer to; None for any other.

    """
    if not isinstance(leaf, dict) or leaf.get("v") != VERSION:
        return "ce n’est pas une feuille de cette version"
    kind_of_leaf = leaf.get("type", "")
    fields = _NAMED.get(kind_of_leaf) if isinstance(kind_of_leaf, str) else None
    if fields is None:
        return f"type inconnu : {kind_of_leaf!r}"
    required = _REQUIRED[kind_of_leaf]
    if not (required <= leaf.keys() <= fields.keys() | _ALWAYS):
        wrong = (leaf.keys() - fields.keys() - _ALWAYS) | (required - leaf.keys())
        return f"champs inconnus ou absents : {', '.join(sorted(wrong))}"
    for name, value in leaf.items():
        if name in _ALWAYS or value is None:
            continue
        kind = fields[name]
        is_right = _IS.get(kind)
        if is_right is None:
            if not _names(value, kind.removeprefix(_INDEX), idx=idx, kind_of=kind_of):
                return f"{name} : il faut {_in_french(kind)}"
        elif not is_right(value):
            return f"{name} : il faut {_in_french(kind)}"
    return _other_words(leaf)


def _names(value: Any, kind: str, *, idx: int, kind_of: Callable[[int], str | None]) -> bool:
    return _integer(value) and 0 <= value < idx and kind_of(value) in {kind, None}


def _other_words(leaf: Mapping[str, Any]) -> str | None:
    for name, words in _WORDS_OF.get(leaf["type"], ()):
        if leaf[name] not in words:
            return f"{name} : mot inconnu, {leaf[name]!r}"
    if leaf["type"] == "run":
        ought = OF_EDGE[leaf["edge"]]
        more = frozenset[str]().union(*OF_EDGE.values()) - ought
        if not ought <= leaf.keys() or more & leaf.keys():
            return f"ce ne sont pas les champs d’une feuille {leaf['edge']!r}"
    return None


def _in_french(kind: str) -> str:
    if kind.startswith(_INDEX):
        return f"le numéro d’une feuille antérieure de type {kind.removeprefix(_INDEX)}"
    return _FRENCH[kind]


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _instant(text: str) -> bool:
    try:
        read_instant(text)
    except ValueError:
        return False
    return True


def _sha256(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and _HEX.issuperset(value)  # noqa: PLR2004 -- hex


_IS: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "integer": _integer,
    "boolean": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "sha256": _sha256,
    "instant": lambda value: isinstance(value, str) and _instant(value),
}
