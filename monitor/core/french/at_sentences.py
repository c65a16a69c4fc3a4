"""French sentences for what can be said of a target at one instant."""

from collections.abc import Mapping
from datetime import datetime

from monitor.core.french.formatting import apart, duration, spell, when
from monitor.core.french.labels import GAPS
from monitor.core.french.sentences import REASONS, VERDICTS
from monitor.core.model.check import Check
from monitor.core.outages.at import InstantAnswer, Relation, Silence
from monitor.core.outages.time_accounts import KNOWN

CANNOT = "Nous ne pouvons pas le dire"

RELATIONS: Mapping[Relation, str] = {
    Relation.WITHIN: "l’instant est entre son premier et son dernier relevé en échec",
    Relation.MAY_HAVE_BEGUN: "elle a pu commencer avant l’instant ou après : son premier relevé en "
    "échec est le suivant",
    Relation.MAY_HAVE_ENDED: "elle a pu finir avant l’instant ou après : il suit le dernier relevé "
    "en échec connu",
}


def sentence(answer: InstantAnswer) -> str:
    """Return what can be said, in one or two sentences, and never more than was seen."""
    before, telling = answer.around.before, answer.around.telling_after
    if answer.why is Silence.BETWEEN and before and telling:
        sides = f"{_seen(before.check, answer.at)}, {_seen(telling.check, answer.at)}"
        return f"{sides[0].upper()}{sides[1:]} : entre les deux, nous ne pouvons pas le dire."
    if answer.why is not None or before is None:
        return f"{CANNOT} : {_silence(answer)}"
    if before.check.at == answer.at:
        return f"{VERDICTS[before.check.verdict].capitalize()} au relevé de cet instant même."
    sentence = _seen(before.check, answer.at)
    return f"{sentence[0].upper()}{sentence[1:]}{_followed(answer)}"


def _followed(answer: InstantAnswer) -> str:
    """Return, in French, what followed the check that holds."""
    after, telling = answer.around.after, answer.around.telling_after
    if after is None:
        return ". Aucun relevé ne l’a encore suivi."
    if after.check.verdict in KNOWN:
        return f", {_seen(after.check, answer.at)}. Rien n’a été relevé entre les deux."
    then = f" ; ensuite : {_seen(telling.check, answer.at)}" if telling else ""
    return f". Le relevé suivant ne dit rien du site{then}."


def distance(at: datetime, instant: datetime) -> str:
    """Return how far a check is from an instant: "35 s avant", "2 min 05 s après"."""
    if at == instant:
        return "à cet instant même"
    first, last = sorted((at, instant))
    seconds = apart(first, last)
    length = duration(seconds) if seconds else "moins d’une seconde"
    return f"{length} {'avant' if at < instant else 'après'}"


def _seen(check: Check, instant: datetime) -> str:
    return f"{VERDICTS[check.verdict]} au relevé fait {distance(check.at, instant)}"


def _silence(answer: InstantAnswer) -> str:
    before, after = answer.around.before, answer.around.after
    text = "aucun relevé de cette cible n’est au registre."
    match answer.why:
        case Silence.FUTURE:
            text = "cet instant n’est pas encore passé."
        case Silence.GAP if answer.gap:
            text = f"aucun relevé ne vaut pour cet instant ({GAPS[answer.gap.cause]})."
        case Silence.NOT_RUNNING if answer.silent_since:
            text = (
                "le service de surveillance ne donnait plus signe de vie depuis le "
                f"{when(answer.silent_since)}."
            )
        case Silence.BEFORE_FIRST_CHECK if after:
            text = f"le premier relevé de cette cible est du {when(after.check.at)}."
        case Silence.NO_CHECK_HOLDS if before:
            text = (
                f"le dernier relevé, fait {distance(before.check.at, answer.at)}, ne vaut plus "
                f"pour cet instant (un relevé vaut {spell(answer.hold.total_seconds())} au plus)."
            )
        case Silence.BLOCKED if before:
            text = (
                "le site a refusé notre robot au relevé fait "
                f"{distance(before.check.at, answer.at)}, ce qui ne dit rien de ce que voyait un "
                "visiteur."
            )
        case Silence.OWN_SIDE if before:
            text = (
                f"le relevé fait {distance(before.check.at, answer.at)} ne prouve rien du site. "
                f"{REASONS[before.check.reason]}"
            )
    return text
