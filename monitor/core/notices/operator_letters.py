"""The French texts of what is sent to the operator about the service itself."""

from enum import StrEnum

from monitor.core.french.formatting import when
from monitor.core.french.typesetting import typeset
from monitor.core.notices.letter import Letter, LetterSection, Tone, line, subject_of
from monitor.core.notices.notice import Notice, NoticeKind


class ServiceWork(StrEnum):
    """What the service does all the time; the last part of the thread of its notices."""

    PROBING = "probing"
    SEALING = "sealing"
    DELIVERY = "delivery"
    POINTS = "points"


THREAD = "service/"
_NAMES = {
    ServiceWork.PROBING: "les relevés",
    ServiceWork.SEALING: "la signature du journal",
    ServiceWork.DELIVERY: "l’envoi des courriels",
    ServiceWork.POINTS: "l’écoute des autres points de mesure",
}
_SUBJECTS = {
    ServiceWork.PROBING: "aucun relevé",
    ServiceWork.SEALING: "journal non signé",
    ServiceWork.DELIVERY: "courriels en attente",
    ServiceWork.POINTS: "un point n’est plus écouté",
}
_CURES = {
    ServiceWork.PROBING: "Regarder /sante, le journal du système, l’accès à internet de la machine,"
    " « vigie pause » si une plateforme est suspendue.",
    ServiceWork.SEALING: "Regarder le journal du système, la place sur le disque, les droits du "
    "dossier du registre.",
    ServiceWork.DELIVERY: "Lancer « vigie mail check » et « vigie outbox » : serveur, mot de passe,"
    " quota du jour (daily_cap).",
    ServiceWork.POINTS: "Regarder /points : le journal d’un point est en faute, et la preuve en est"
    " gardée dans son dossier, sous points/. Prévenir son exploitant et les autres.",
}


def service_letter(notice: Notice) -> Letter:
    """Return the message on work of ours that stands still, or no longer does."""
    work = ServiceWork(notice.thread.removeprefix(THREAD))
    name = _NAMES[work]
    if notice.kind is NoticeKind.RUNS_AGAIN:
        return Letter(
            subject=subject_of(f"[Exploitation, rétabli] {name}"),
            tone=Tone.CLOSED,
            lead=typeset(f"Vigie ANEF : {name}, de nouveau depuis le {when(notice.at)}."),
        )
    return Letter(
        subject=subject_of(f"[Exploitation] {_SUBJECTS[work]}"),
        tone=Tone.OPEN,
        lead=typeset(f"Vigie ANEF : {name} n’avance plus, vu le {when(notice.at)}."),
        sections=(LetterSection(title="Que faire", lines=(line(_CURES[work]),)),),
    )


def trial_letter() -> Letter:
    """Return the message by which an operator tries a channel."""
    return Letter(
        subject="Essai d’un canal de Vigie ANEF",
        tone=Tone.PLAIN,
        lead=typeset("Ce message a été demandé par « vigie channels --try »."),
    )
