"""Read `config/fingerprints.toml` strictly; report every problem at once."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.config.fields.regexes import LENGTH_MAX, check_regex
from monitor.config.files.local import LOCAL
from monitor.config.strict_toml.problems import Problem, shown
from monitor.config.strict_toml.toml_files import read_toml
from monitor.core.model import Confidence, Reason, Verdict
from monitor.core.verdict.fingerprints import CHARS_MAX, WORDS_MAX, Fingerprint, MarkPlace
from monitor.core.verdict.page_summary import fold

TABLE = "fingerprint"
WORDS = "words"
KEYS = {
    "id": str,
    "verdict": str,
    "reason": str,
    "where": str,
    "texts": list,
    "regexes": list,
    "also": list,
    "unless": list,
    "header": str,
    "statuses": list,
    "words_max": int,
    "source_of": str,
    "confidence": str,
}
NEEDED = ("id", "verdict", "reason", "where", "source_of", "confidence")
_REASONS = {
    Verdict.UNKNOWN: {Reason.LOCAL_FILTER},
    Verdict.BLOCKED: {Reason.WAF, Reason.CAPTCHA, Reason.RATE_LIMITED, Reason.LOGIN_REQUIRED},
    Verdict.MAINTENANCE: {Reason.MAINTENANCE_TEXT},
    Verdict.DOWN: {
        Reason.ERROR_TEXT,
        Reason.OVERLOADED,
        Reason.GONE,
        Reason.PARKED,
        Reason.HTTP_5XX,
    },
}
_WORD = re.compile(r"\{([a-z_]{2,20})\}")
_FAMILY = re.compile(r"[a-z_]{2,20}")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_OWN_LENGTH_MAX = 2_000  # families of words are long, and the text that they meet is short
_TEXT_MIN, _TEXT_MAX = 3, 200
_WORDS_LIMIT = 2000
_FRENCH = {str: "un texte", list: "une liste", int: "un nombre entier"}
_FOLDED = frozenset({MarkPlace.HEADLINE, MarkPlace.OPENING, MarkPlace.OWN, MarkPlace.TEXT})


class _FingerprintTable:
    """One table of the file, with its problems."""

    def __init__(self, file: str, number: int, table: Any, words: Mapping[str, str]) -> None:
        self.file = file
        self.words = words
        self.key = f"{TABLE}[{number}]"
        self.table: Mapping[str, Any] = table if isinstance(table, dict) else {}
        self.problems: list[Problem] = []
        if not isinstance(table, dict):
            self.refuse("", table, "n’est pas une table", f"écrire [[{TABLE}]]")

    def refuse(self, key: str, value: object, reason: str, cure: str) -> None:
        where = f"{self.key}.{key}" if key else self.key
        self.problems.append(
            Problem(file=self.file, key=where, value=shown(value), reason=reason, cure=cure)
        )

    def check_shape(self) -> None:
        for key in self.table.keys() - KEYS.keys():
            known = ", ".join(KEYS)
            self.refuse(key, self.table[key], "clé inconnue", f"clés connues : {known}")
        for key in NEEDED:
            if key not in self.table:
                self.refuse(key, "", "clé absente", "l’ajouter")
        for key, kind in KEYS.items():
            value = self.table.get(key)
            if value is None:
                continue
            if not isinstance(value, kind) or isinstance(value, bool):
                self.refuse(key, value, "mauvais type", f"écrire {_FRENCH[kind]}")
            elif isinstance(value, str) and not value.strip():
                self.refuse(key, value, "texte vide", "l’écrire, ou retirer la clé")

    def one_of(self, key: str, words: type[Verdict | Reason | MarkPlace | Confidence]) -> Any:
        value: str = self.table[key]
        try:
            return words(value)
        except ValueError:
            allowed = ", ".join(word.value for word in words)
            self.refuse(key, value, "mot inconnu", f"un de : {allowed}")
            return None


def load_fingerprints(
    path: Path, local: object = ()
) -> tuple[tuple[Fingerprint, ...], tuple[Problem, ...]]:
    """Return the valid fingerprints, and every problem of the others.

    `local` are the tables of `local.toml`, which come after the shipped ones.
    """
    data, problems = read_toml(path.parent, path.name)
    if data is None:
        return (), problems
    all_problems: list[Problem] = list(problems)
    fingerprints: dict[str, Fingerprint] = {}
    all_problems += (
        _problem(path.name, key, data[key], "clé inconnue", f"[{WORDS}] et des [[{TABLE}]]")
        for key in data.keys() - {TABLE, WORDS}
    )
    words, problems_of_words = _words(path.name, data.get(WORDS, {}))
    all_problems += problems_of_words
    tables = data.get(TABLE, [])
    if not isinstance(tables, list):
        all_problems.append(
            _problem(path.name, TABLE, tables, "mauvais type", f"écrire [[{TABLE}]]")
        )
        tables = []
    own = local if isinstance(local, list | tuple) else [local]
    numbered = [
        *((path.name, number, table) for number, table in enumerate(tables, start=1)),
        *((LOCAL, number, table) for number, table in enumerate(own, start=1)),
    ]
    for file, number, table in numbered:
        entry = _FingerprintTable(file, number, table, words)
        fingerprint = _read(entry)
        if fingerprint is not None and fingerprint.id in fingerprints:
            entry.refuse("id", fingerprint.id, "identifiant en double", "en choisir un autre")
        all_problems += entry.problems
        if fingerprint is not None and not entry.problems:
            fingerprints[fingerprint.id] = fingerprint
    return tuple(fingerprints.values()), tuple(all_problems)


def _words(file: str, table: object) -> tuple[dict[str, str], list[Problem]]:
    """Return the families of words that `{name}` in a regex stands for."""
    entries = table if isinstance(table, dict) else {}
    cure = f'[{WORDS}], puis nom = "un|autre", nom en minuscules'
    problems = [
        _problem(file, f"{WORDS}.{name}", value, "famille de mots mal écrite", cure)
        for name, value in entries.items()
        if not (isinstance(value, str) and _FAMILY.fullmatch(name))
    ]
    if not isinstance(table, dict):
        problems.append(_problem(file, WORDS, table, "mauvais type", cure))
    words = {name: f"(?:{value})" for name, value in entries.items() if isinstance(value, str)}
    return words, problems


def _problem(file: str, key: str, value: object, reason: str, cure: str) -> Problem:
    return Problem(file=file, key=key, value=shown(value), reason=reason, cure=cure)


def _read(entry: _FingerprintTable) -> Fingerprint | None:
    entry.check_shape()
    if entry.problems:
        return None
    where = entry.one_of("where", MarkPlace)
    verdict = entry.one_of("verdict", Verdict)
    reason = entry.one_of("reason", Reason)
    confidence = entry.one_of("confidence", Confidence)
    _check_id(entry)
    _check_meaning(entry, verdict, reason)
    if not entry.table.get("texts") and not entry.table.get("regexes"):
        entry.refuse("texts", "", "ni texts ni regexes", "écrire au moins l’un des deux")
    texts = _texts(entry, "texts", folded=where in _FOLDED)
    patterns = _patterns(entry, "regexes", where)
    unless = _patterns(entry, "unless", where)
    also = _texts(entry, "also", folded=True)
    statuses = _statuses(entry)
    words_max = _words_max(entry, where)
    if entry.problems:
        return None
    return Fingerprint(
        id=entry.table["id"],
        verdict=verdict,
        reason=reason,
        where=where,
        words_max=words_max,
        texts=texts,
        patterns=patterns,
        also=also,
        unless=unless,
        header=entry.table.get("header", ""),
        statuses=statuses,
        source=entry.table["source_of"],
        confidence=confidence,
    )


def _check_id(entry: _FingerprintTable) -> None:
    if not _ID.fullmatch(entry.table["id"]):
        cure = "minuscules, chiffres et tirets"
        entry.refuse("id", entry.table["id"], "identifiant mal écrit", cure)


def _check_meaning(
    entry: _FingerprintTable, verdict: Verdict | None, reason: Reason | None
) -> None:
    if verdict is None or reason is None:
        return
    allowed = _REASONS.get(verdict)
    if allowed is None:
        cure = "un de : " + ", ".join(_REASONS)
        entry.refuse("verdict", verdict, "une empreinte ne peut rendre ce verdict", cure)
    elif reason not in allowed:
        cure = "un de : " + ", ".join(sorted(allowed))
        entry.refuse("reason", reason, f"motif étranger au verdict {verdict}", cure)


def _texts(entry: _FingerprintTable, key: str, *, folded: bool) -> tuple[str, ...]:
    """Fold the texts as pages are folded; those for the markup are only put in lower case."""
    texts = []
    for text in entry.table.get(key, ()):
        if not isinstance(text, str) or not _TEXT_MIN <= len(text) <= _TEXT_MAX:
            cure = f"un texte de {_TEXT_MIN} à {_TEXT_MAX} caractères"
            entry.refuse(key, text, "texte trop court, trop long ou d’un autre type", cure)
        else:
            texts.append(fold(text) if folded else text.lower())
    return tuple(texts)


def _patterns(
    entry: _FingerprintTable, key: str, where: MarkPlace | None
) -> tuple[re.Pattern[str], ...]:
    patterns = []
    text_max = CHARS_MAX[where] if where else 1
    for regex in entry.table.get(key, ()):
        is_text = isinstance(regex, str)
        whole = _WORD.sub(lambda word: entry.words.get(word[1], word[0]), regex) if is_text else ""
        fault = (
            check_regex(
                whole,
                text_max=text_max,
                length_max=_OWN_LENGTH_MAX if where is MarkPlace.OWN else LENGTH_MAX,
            )
            if is_text
            else "n’est pas un texte"
        )
        if fault:
            entry.refuse(key, regex, fault, "borner chaque répétition, par exemple {0,80}")
        else:
            patterns.append(re.compile(whole))
    return tuple(patterns)


def _statuses(entry: _FingerprintTable) -> frozenset[int]:
    statuses = set()
    for status in entry.table.get("statuses", ()):
        whole = isinstance(status, int) and not isinstance(status, bool)
        if whole and (2 <= status <= 5 or 200 <= status <= 999):  # noqa: PLR2004 -- statuses
            statuses.add(status)
        else:
            cure = "une classe (2 à 5) ou un statut (200 à 999)"
            entry.refuse("statuses", status, "statut HTTP inconnu", cure)
    return frozenset(statuses)


def _words_max(entry: _FingerprintTable, where: MarkPlace | None) -> int:
    if (where is MarkPlace.HEADER) != ("header" in entry.table):
        cure = 'header = "nom-en-minuscules" avec where = "header", et seulement alors'
        entry.refuse("header", entry.table.get("header", ""), "clé mal placée", cure)
    limit: int = entry.table.get("words_max", WORDS_MAX[where] if where else 0)
    if not 0 <= limit <= _WORDS_LIMIT:
        entry.refuse("words_max", limit, "hors bornes", f"de 0 à {_WORDS_LIMIT}")
    return limit
