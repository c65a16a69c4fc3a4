"""Sentences for what can be said of a target at one instant."""

from collections.abc import Mapping
from datetime import datetime

from monitor.core.french.formatting import apart
from monitor.core.french.labels import GAPS
from monitor.core.french.sentences import REASONS, VERDICTS
from monitor.core.language import FRENCH, Language
from monitor.core.model.check import Check
from monitor.core.outages.at import InstantAnswer, Relation, Silence
from monitor.core.outages.time_accounts import KNOWN

RELATIONS: Mapping[Relation, str] = {
    Relation.WITHIN: "l’instant est entre son premier et son dernier relevé en échec",
    Relation.MAY_HAVE_BEGUN: "elle a pu commencer avant l’instant ou après : son premier relevé en "
    "échec est le suivant",
    Relation.MAY_HAVE_ENDED: "elle a pu finir avant l’instant ou après : il suit le dernier relevé "
    "en échec connu",
}


def sentence(answer: InstantAnswer, language: Language = FRENCH) -> str:
    """Return what can be said, in one or two sentences, and never more than was seen."""
    return _Sentences(language).whole(answer)


def distance(at: datetime, instant: datetime, language: Language = FRENCH) -> str:
    """Return how far a check is from an instant: "35 s avant", "2 min 05 s après"."""
    if at == instant:
        return language.text("à cet instant même")
    first, last = sorted((at, instant))
    seconds = apart(first, last)
    length = language.duration(seconds) if seconds else language.text("moins d’une seconde")
    if at < instant:
        return language.text("%(length)s avant", length=length)
    return language.text("%(length)s après", length=length)


class _Sentences:
    """The sentences of one language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def whole(self, answer: InstantAnswer) -> str:
        text = self._language.text
        before, telling = answer.around.before, answer.around.telling_after
        if answer.why is Silence.BETWEEN and before and telling:
            return text(
                "%(before)s, %(after)s : entre les deux, nous ne pouvons pas le dire.",
                before=_capital(self._check(before.check, answer.at)),
                after=self._check(telling.check, answer.at),
            )
        if answer.why is not None or before is None:
            return text("Nous ne pouvons pas le dire : %(why)s", why=self._silence(answer))
        if before.check.at == answer.at:
            verdict = self._language.message(VERDICTS[before.check.verdict])
            return text("%(verdict)s au relevé de cet instant même.", verdict=_capital(verdict))
        return self._followed(answer, _capital(self._check(before.check, answer.at)))

    def _followed(self, answer: InstantAnswer, before: str) -> str:
        """Return the check that holds, and what followed it."""
        text = self._language.text
        after, telling = answer.around.after, answer.around.telling_after
        if after is None:
            return text("%(before)s. Aucun relevé ne l’a encore suivi.", before=before)
        if after.check.verdict in KNOWN:
            return text(
                "%(before)s, %(after)s. Rien n’a été relevé entre les deux.",
                before=before,
                after=self._check(after.check, answer.at),
            )
        if telling is None:
            return text("%(before)s. Le relevé suivant ne dit rien du site.", before=before)
        return text(
            "%(before)s. Le relevé suivant ne dit rien du site ; ensuite : %(telling)s.",
            before=before,
            telling=self._check(telling.check, answer.at),
        )

    def _check(self, check: Check, instant: datetime) -> str:
        return self._language.text(
            "%(verdict)s au relevé fait %(distance)s",
            verdict=self._language.message(VERDICTS[check.verdict]),
            distance=distance(check.at, instant, self._language),
        )

    def _silence(self, answer: InstantAnswer) -> str:  # noqa: PLR0911 -- one each
        language, text = self._language, self._language.text
        before, after = answer.around.before, answer.around.after
        apart_by = distance(before.check.at, answer.at, language) if before else ""
        match answer.why:
            case Silence.FUTURE:
                return text("cet instant n’est pas encore passé.")
            case Silence.GAP if answer.gap:
                return text(
                    "aucun relevé ne vaut pour cet instant (%(cause)s).",
                    cause=language.message(GAPS[answer.gap.cause]),
                )
            case Silence.NOT_RUNNING if answer.silent_since:
                return text(
                    "le service de surveillance ne donnait plus signe de vie depuis le %(since)s.",
                    since=language.when(answer.silent_since),
                )
            case Silence.BEFORE_FIRST_CHECK if after:
                return text(
                    "le premier relevé de cette cible est du %(at)s.",
                    at=language.when(after.check.at),
                )
            case Silence.NO_CHECK_HOLDS if before:
                return text(
                    "le dernier relevé, fait %(distance)s, ne vaut plus pour cet instant (un relevé"
                    " vaut %(hold)s au plus).",
                    distance=apart_by,
                    hold=language.spell(answer.hold.total_seconds()),
                )
            case Silence.BLOCKED if before:
                return text(
                    "le site a refusé notre robot au relevé fait %(distance)s, ce qui ne dit rien "
                    "de ce que voyait un visiteur.",
                    distance=apart_by,
                )
            case Silence.OWN_SIDE if before:
                return text(
                    "le relevé fait %(distance)s ne prouve rien du site. %(reason)s",
                    distance=apart_by,
                    reason=language.message(REASONS[before.check.reason]),
                )
        return text("aucun relevé de cette cible n’est au registre.")


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
