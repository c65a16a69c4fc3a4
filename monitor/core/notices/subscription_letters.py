"""The texts of what one person asked for: to confirm, to manage."""

from collections.abc import Sequence

from monitor.core.language import FRENCH, Language
from monitor.core.notices.letter import Letter, LetterLine, LetterSection, Tone, line, subject_of

CONFIRM_HOURS = 48  # within which a subscription is to be confirmed


def confirm_letter(
    link: str, choices: Sequence[str], *, association: str, language: Language = FRENCH
) -> Letter:
    """Return the request to confirm a new subscription."""
    text = language.text
    return Letter(
        language=language,
        subject=subject_of(text("Confirmez votre abonnement aux alertes de Vigie ANEF")),
        tone=Tone.PLAIN,
        lead=text("Quelqu’un, vous sans doute, a demandé que Vigie ANEF écrive à cette adresse."),
        actions=(line(text("Confirmer l’abonnement"), link),),
        sections=(
            LetterSection(
                title=text("Ce que vous recevrez"), lines=tuple(line(choice) for choice in choices)
            ),
            LetterSection(
                title=text("Si ce n’est pas vous"),
                lines=(
                    line(
                        text(
                            "Ne faites rien : sans confirmation, rien d’autre ne sera envoyé, et "
                            "cette adresse sera effacée dans %(hours)s heures.",
                            hours=CONFIRM_HOURS,
                        )
                    ),
                    line(
                        text(
                            "Responsable : %(association)s.",
                            association=language.foreign(association),
                        )
                    ),
                ),
            ),
        ),
    )


def renew_letter(link: str, language: Language = FRENCH) -> Letter:
    """Return the yearly question whether to go on."""
    text = language.text
    return Letter(
        language=language,
        subject=subject_of(text("Voulez-vous toujours recevoir les alertes de Vigie ANEF ?")),
        tone=Tone.PLAIN,
        lead=text("Votre abonnement a bientôt un an : il s’arrête si vous ne le confirmez pas."),
        actions=(line(text("Continuer l’abonnement"), link),),
        sections=(
            LetterSection(
                title=text("Sans réponse de votre part"),
                lines=(line(text("Votre adresse sera effacée un mois après ce message.")),),
            ),
        ),
    )


def manage_letter(link: str, language: Language = FRENCH) -> Letter:
    """Return the link to one's own choices."""
    text = language.text
    return Letter(
        language=language,
        subject=subject_of(text("Vos choix d’alertes de Vigie ANEF")),
        tone=Tone.PLAIN,
        lead=text("Cette adresse est déjà abonnée aux alertes de Vigie ANEF. Rien n’a été changé."),
        actions=(line(text("Voir ou changer vos choix"), link),),
        sections=(
            LetterSection(
                title=text("Si vous n’avez rien demandé"),
                lines=(line(text("Ne faites rien : votre abonnement reste comme il est.")),),
            ),
        ),
    )


def exits(manage: str, leave: str, language: Language = FRENCH) -> tuple[LetterLine, ...]:
    """Return how to change one's choices, and how to leave."""
    return (
        line(language.text("Changer ce que vous recevez"), manage),
        line(language.text("Ne plus rien recevoir (votre adresse est effacée)"), leave),
    )
