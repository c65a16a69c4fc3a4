"""What is otherwise than configured at a target, and the line that would make it right.

A line is proposed only when it was tried: with it, the same answer is judged as it should be, and
no good answer of the survey is judged otherwise than before.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

import certifi

from monitor.config import Config
from monitor.core.french.formatting import PARIS
from monitor.core.model import (
    Confidence,
    Failure,
    GapCause,
    Kind,
    Reason,
    Verdict,
)
from monitor.core.outages.fold import GOOD
from monitor.core.verdict.fingerprints import WORDS_MAX, Fingerprint, MarkPlace
from monitor.core.verdict.page_summary import fold
from monitor.survey.explored_page import GUARD, UPKEEP, PageLink, alike
from monitor.survey.proposed_address import may_replace, without_session
from monitor.survey.surprise import ConfigEdit, LineValue, Surprise, SurpriseKind
from monitor.survey.target_reading import TargetReading

PHRASE_MIN, PHRASE_MAX = 12, 200  # characters of a phrase that may be a fingerprint
SHORT_WORDS = 60  # a page of no more, and of no more links, may be a notice
FEW_LINKS = 2
MAX_APIS = 5
_SCRIPT_APIS = re.compile(r"[\"'`](/?api/[a-z0-9_/-]{3,80})[\"'`]", re.IGNORECASE)
_UNKNOWN_REFUSALS = frozenset({"refusal-status", "script-challenge", "accepted-only"})
_SHELL_RULES = frozenset({"dead-asset", "dead-sign-of-life", "empty-shell"})
_UNCLEAR_RULES = frozenset(
    {"client-error", "not-a-page", "json-error", "api-body", "empty-document", "empty-frame"}
)


@dataclass(frozen=True, kw_only=True)
class SurpriseSearch:
    """All readings of a survey, among which each is looked at."""

    config: Config
    readings: Sequence[TargetReading]

    def of(self, reading: TargetReading) -> Iterator[Surprise]:
        """Yield what is otherwise than configured at one target; at most one of each kind."""
        if reading.gap is GapCause.ROBOTS and reading.target.slug in self.config.by_slug:
            yield _forbidden(reading)
        exchange, judgement = reading.exchange, reading.judgement
        if exchange is None or judgement is None:
            return
        for look in _LOOKS:
            surprise = look(self, reading)
            if surprise is not None:
                # A target of another's survey that is none here has no line to correct.
                ours = reading.target.slug in self.config.by_slug
                yield surprise if ours else replace(surprise, edit=None)
                return

    def links_of_site(self, reading: TargetReading) -> Iterator[PageLink]:
        """Yield the links of an answer, then of the good answers of the same host."""
        yield from reading.explored.links
        host = urlsplit(reading.target.url).netloc
        for other in self.readings:
            answered = other is not reading and other.verdict in GOOD and other.exchange
            if answered and urlsplit(answered.final_url).netloc == host:
                yield from other.explored.links

    def harmless(self, draft: Fingerprint, reading: TargetReading) -> bool:
        """Return whether a draft changes the judgement of no good answer besides that of one."""
        marks = (*self.config.fingerprints, draft)
        return all(
            other.judged(other.target, marks) == other.judgement
            for other in self.readings
            if other is not reading and other.verdict in GOOD
        )


def dated(reading: TargetReading) -> str:
    """Return the source of what an answer shows: "relevé du …"."""
    at = reading.observation.at if reading.observation else None
    return source_at(at) if at else "relevé"


def source_at(at: datetime) -> str:
    """Return how configuration names an instant as its source."""
    return f"relevé du {at.astimezone(PARIS):%d/%m/%Y} (vigie survey)"


def _edit(reading: TargetReading, values: Mapping[str, LineValue]) -> ConfigEdit:
    """Return the lines that change a target, with their source."""
    return ConfigEdit(
        table="target",
        listed=True,
        values={
            "slug": reading.target.slug,
            **values,
            "source": dated(reading),
            "verified": Confidence.LIVE.value,
        },
    )


def _surprise(
    reading: TargetReading, kind: SurpriseKind, observed: str, advice: str, edit: ConfigEdit | None
) -> Surprise:
    slug = reading.target.slug
    return Surprise(
        id=f"{slug}-{kind.value}",
        kind=kind,
        about=slug,
        observed=observed,
        advice=advice,
        edit=edit,
    )


def _forbidden(reading: TargetReading) -> Surprise:
    edit = ConfigEdit(
        table="target", listed=True, values={"slug": reading.target.slug, "enabled": False}
    )
    return _surprise(
        reading,
        SurpriseKind.ROBOTS,
        "Le robots.txt du site demande de ne pas lire cette adresse. Elle n’a pas été demandée.",
        "Le service ne la lira pas non plus. La retirer évite une lacune permanente ; on peut "
        "aussi écrire au site pour demander l’autorisation.",
        edit,
    )


def _certificate(_: SurpriseSearch, reading: TargetReading) -> Surprise | None:
    exchange = reading.exchange
    if exchange is None or exchange.failure is not Failure.SSL_UNKNOWN_AUTHORITY:
        return None
    last = exchange.last
    issuer = last.certificate.issuer if last and last.certificate else "inconnu"
    return _surprise(
        reading,
        SurpriseKind.CERTIFICATE,
        "Le certificat du site vient d’une autorité qu’aucune liste publique de Vigie ne connaît : "
        f"{issuer[:200]}. Il est donc compté indisponible, comme pour qui le navigateur avertit.",
        "Aucune ligne n’est à écrire : Vigie ne fait confiance qu’aux autorités des navigateurs. "
        "Ouvrez la page dans un navigateur à jour. S’il avertit aussi, le site est bien en faute. "
        "S’il l’ouvre sans rien dire, cette autorité est nouvelle : mettez Vigie à jour (sa liste "
        f"est « certifi » {certifi.__version__}), relancez le relevé, qui le redemandera, et "
        "envoyez ce dossier. Si presque tous les sites sont dans ce cas, c’est un filtre de votre "
        "réseau qui ouvre les connexions : Vigie doit en être dispensée.",
        None,
    )


def _shell(_: SurpriseSearch, reading: TargetReading) -> Surprise | None:
    target, exchange = reading.target, reading.exchange
    if target.kind is not Kind.SHELL or exchange is None:
        return None
    scripts = [part for part in exchange.parts if part.url not in target.signs_of_life]
    gone = [
        part.url
        for part in exchange.parts
        if part.url in target.signs_of_life and (part.status in {404, 410} or _is_page(part.body))
    ]
    if gone and reading.rule in _SHELL_RULES:
        return _dead_sign(reading, gone)
    if reading.verdict in GOOD and not scripts and reading.summary.own_words:
        return _surprise(
            reading,
            SurpriseKind.SHELL,
            "La page ne nomme plus aucun script : ce n’est plus une application, mais une page de "
            f"{reading.summary.own_words} mots.",
            "Ouvrez-la dans un navigateur. Si elle se lit telle quelle, c’est une page.",
            _edit(reading, {"kind": Kind.PAGE.value, "signs_of_life": ()}),
        )
    if reading.rule in _SHELL_RULES:
        return _surprise(
            reading,
            SurpriseKind.SHELL,
            f"L’application n’est pas entière : {reading.ground}.",
            "Ouvrez-la dans un navigateur. Si elle y marche, envoyez ce dossier : nos règles sont "
            "à corriger.",
            None,
        )
    return None


def _dead_sign(reading: TargetReading, gone: Sequence[str]) -> Surprise:
    target, exchange = reading.target, reading.exchange
    rest = tuple(url for url in target.signs_of_life if url not in gone)
    names = dict.fromkeys(
        "/" + name.lstrip("/")
        for part in (exchange.parts if exchange else ())
        for name in _SCRIPT_APIS.findall(part.body[:2_000_000].decode("utf-8", "replace"))
    )
    named = ", ".join(list(names)[:MAX_APIS])
    hint = f" Ses scripts nomment : {named}." if named else ""
    return _surprise(
        reading,
        SurpriseKind.SHELL,
        f"Un signe de vie du serveur n’est plus à son adresse : {', '.join(gone)}",
        "La ligne proposée le retire. Mieux vaut le remplacer par une adresse que l’application "
        f"appelle sans être connecté (outils du navigateur, onglet Réseau).{hint}",
        _edit(reading, {"signs_of_life": rest}),
    )


def _is_page(body: bytes) -> bool:
    return body[:256].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _moved(search: SurpriseSearch, reading: TargetReading) -> Surprise | None:
    target, exchange = reading.target, reading.exchange
    if exchange is None or reading.judgement is None:
        return None
    final = without_session(exchange.final_url, target.url)
    there = urlsplit(final)
    if reading.rule == "unexpected-redirect":
        return _led_elsewhere(search, reading, final)
    if reading.judgement.reason is not Reason.MOVED or reading.rule != "moved":
        return None
    here = urlsplit(target.url)
    if there.path in {"", "/"} and here.path not in {"", "/"}:
        return _gone_surprise(search, reading, "L’adresse renvoie à l’accueil du site.")
    same_host = there.netloc == here.netloc
    if target.kind is Kind.LOGIN or (target.kind is Kind.HOME and same_host):
        return None  # as those do: the address to watch stays
    watched = may_replace(final, target, search.config)
    return _surprise(
        reading,
        SurpriseKind.MOVED,
        f"L’adresse renvoie à {final}"
        + ("" if same_host else f", sur un autre hôte que {here.netloc}"),
        "Ouvrez la nouvelle adresse : est-ce la même page ?"
        if watched
        else "Aucune ligne n’est proposée : ce nom d’hôte n’est d’aucune plateforme, ou d’une "
        "autre, ou cette adresse n’est pas de celles que Vigie demande. Envoyez ce dossier.",
        _edit(reading, {"url": final}) if watched else None,
    )


def _led_elsewhere(search: SurpriseSearch, reading: TargetReading, final: str) -> Surprise:
    """Return the surprise of a redirect; its line is proposed when it tells pages apart."""
    target, path = reading.target, urlsplit(final).path
    proposed = path not in {"", "/"} and may_replace(final, target, search.config)
    return _surprise(
        reading,
        SurpriseKind.MOVED,
        f"Le renvoi mène à {final}, et {target.expect_path} était attendu.",
        "Ouvrez l’adresse : arrivez-vous au bon endroit ?"
        if proposed
        else "Aucune ligne n’est proposée : il mène à l’accueil ou à un autre site. Ouvrez "
        "l’adresse, et envoyez ce dossier.",
        _edit(reading, {"expect_path": path}) if proposed else None,
    )


def _gone(search: SurpriseSearch, reading: TargetReading) -> Surprise | None:
    judgement = reading.judgement
    if judgement is None or judgement.reason is not Reason.GONE:
        return None
    return _gone_surprise(search, reading, f"Plus rien à cette adresse ({reading.ground}).")


def _gone_surprise(search: SurpriseSearch, reading: TargetReading, observed: str) -> Surprise:
    links = search.links_of_site(reading)
    own = (link for link in links if may_replace(link.url, reading.target, search.config))
    link = alike(reading.target, own)
    if reading.target.kind is Kind.API:
        link = None
    if link is None:
        advice = (
            "Aucun menu du site ne mène à une page de ce nom. Cherchez-la dans un navigateur, ou "
            "par « vigie discover » pour une préfecture ; sinon, « enabled = false » la retire."
        )
        return _surprise(reading, SurpriseKind.GONE, observed, advice, None)
    return _surprise(
        reading,
        SurpriseKind.GONE,
        f"{observed} Un menu du site mène à « {link.text} » : {link.url}",
        "Ouvrez ce lien : est-ce la page qui était suivie ?",
        _edit(reading, {"url": link.url}),
    )


def _refusal(search: SurpriseSearch, reading: TargetReading) -> Surprise | None:
    unknown = reading.verdict is Verdict.BLOCKED and reading.rule in _UNKNOWN_REFUSALS
    phrases = reading.explored.saying(GUARD)
    short = _is_short(reading) and reading.explored.headed(GUARD) and reading.verdict in GOOD
    if not (unknown or short):
        return None
    statements = dict.fromkeys((*phrases, *reading.explored.statements))
    edit = _draft(search, reading, statements, Verdict.BLOCKED, Reason.WAF)
    quoted = f" Elle dit : « {phrases[0]} »" if phrases else ""
    return _surprise(
        reading,
        SurpriseKind.REFUSAL,
        f"Une protection qu’aucune empreinte ne connaît écarte la sonde.{quoted}",
        "Ouvrez la page dans un navigateur : elle s’y ouvre ? C’est bien un refus à la sonde. Rien "
        "n’est à contourner. L’empreinte proposée fait nommer ce refus."
        if edit
        else "Rien n’est à contourner : le refus est compté comme tel. Envoyez ce dossier.",
        edit,
    )


def _notice(search: SurpriseSearch, reading: TargetReading) -> Surprise | None:
    phrases = reading.explored.saying(UPKEEP)
    unnamed = reading.rule in {"server-error", "own-statement"}
    short = _is_short(reading) and reading.explored.headed(UPKEEP) and reading.verdict in GOOD
    if not phrases or not (unnamed or short):
        return None
    edit = _draft(search, reading, phrases, Verdict.MAINTENANCE, Reason.MAINTENANCE_TEXT)
    return _surprise(
        reading,
        SurpriseKind.NOTICE,
        f"À la place de la page : « {phrases[0]} »",
        "Est-ce une fermeture que le site annonce ? L’empreinte proposée la fera reconnaître "
        "comme une maintenance."
        if edit
        else "Aucune phrase ne la distingue sûrement d’une page saine. Envoyez ce dossier.",
        edit,
    )


def _is_short(reading: TargetReading) -> bool:
    """Return whether an answer is a page of few words and links, and no form or application."""
    summary = reading.summary
    return (
        reading.target.kind in {Kind.PAGE, Kind.HOME, Kind.FORM}
        and 0 < summary.own_words <= SHORT_WORDS
        and not summary.fields
        and not summary.root
        and len(reading.explored.links) <= FEW_LINKS
        and not (reading.target.markers and reading.marker)
    )


def _draft(
    search: SurpriseSearch,
    reading: TargetReading,
    statements: Iterable[str],
    verdict: Verdict,
    reason: Reason,
) -> ConfigEdit | None:
    """Return a fingerprint of the first statement that recognises this answer, and no good one."""
    at = reading.observation.at if reading.observation else None
    if at is None:
        return None
    name = f"releve-{at.astimezone(PARIS):%Y%m%d}-{reading.target.slug}"
    for statement in statements:
        phrase = fold(statement)[:PHRASE_MAX].strip()
        if len(phrase) < PHRASE_MIN:
            continue
        for where in (MarkPlace.HEADLINE, MarkPlace.OWN, MarkPlace.TEXT):
            draft = Fingerprint(
                id=name,
                verdict=verdict,
                reason=reason,
                where=where,
                texts=(phrase,),
                words_max=WORDS_MAX[where],
                source=dated(reading),
                confidence=Confidence.LIVE,
            )
            marks = (*search.config.fingerprints, draft)
            judged = reading.judged(reading.target, marks)
            if judged and judged.verdict is verdict and search.harmless(draft, reading):
                return _fingerprint_edit(draft)
    return None


def _fingerprint_edit(draft: Fingerprint) -> ConfigEdit:
    return ConfigEdit(
        table="fingerprint",
        listed=True,
        values={
            "id": draft.id,
            "verdict": draft.verdict.value,
            "reason": draft.reason.value,
            "where": draft.where.value,
            "texts": draft.texts,
            "source_of": draft.source,
            "confidence": draft.confidence.value,
        },
    )


def _marker(search: SurpriseSearch, reading: TargetReading) -> Surprise | None:
    if reading.rule != "no-marker":
        return None
    target = reading.target
    for statement in reading.explored.statements:
        text = statement[:80].strip()
        if len(text) < PHRASE_MIN:
            continue
        markers = (*target.markers, text)
        judged = reading.judged(replace(target, markers=markers), search.config.fingerprints)
        if judged and judged.verdict in GOOD and judged.rule != "no-marker":
            return _surprise(
                reading,
                SurpriseKind.MARKER,
                f"Aucun des textes attendus n’est dans la page, qui dit « {text} ».",
                "Ouvrez la page : est-ce bien elle ? Le texte proposé s’ajoute à ceux attendus.",
                _edit(reading, {"markers": markers}),
            )
    return _surprise(
        reading,
        SurpriseKind.MARKER,
        "Aucun des textes attendus n’est dans la page.",
        "Ouvrez la page dans un navigateur, et envoyez ce dossier.",
        None,
    )


def _unclear(_: SurpriseSearch, reading: TargetReading) -> Surprise | None:
    if reading.rule not in _UNCLEAR_RULES:
        return None
    return _surprise(
        reading,
        SurpriseKind.UNCLEAR,
        f"Une réponse qu’aucune empreinte ne connaît ({reading.ground}).",
        "Ouvrez l’adresse dans un navigateur et notez ce que vous y voyez, puis envoyez ce "
        "dossier : une personne doit en juger.",
        None,
    )


# In order: the first that sees something has the word.
_LOOKS: tuple[Callable[[SurpriseSearch, TargetReading], Surprise | None], ...] = (
    _certificate,
    _gone,
    _moved,
    _refusal,
    _notice,
    _shell,
    _marker,
    _unclear,
)
