"""The French texts of what one person asked for: to confirm, to manage."""

from collections.abc import Sequence

from monitor.core.notices.letter import Letter, LetterLine, LetterSection, Tone, line, subject_of

CONFIRM_HOURS = 48  # within which a subscription is to be confirmed


def confirm_letter(link: str, choices: Sequence[str], *, association: str) -> Letter:
    """Return the request to confirm a new subscription."""
    return Letter(
        subject=subject_of("Confirmez votre abonnement aux alertes de Vigie ANEF"),
        tone=Tone.PLAIN,
        lead="Quelqu’un, vous sans doute, a demandé que Vigie ANEF écrive à cette adresse.",
        actions=(line("Confirmer l’abonnement", link),),
        sections=(
            LetterSection(
                title="Ce que vous recevrez", lines=tuple(line(choice) for choice in choices)
            ),
            LetterSection(
                title="Si ce n’est pas vous",
                lines=(
                    line(
                        "Ne faites rien : sans confirmation, rien d’autre ne sera envoyé, et cette "
                        f"adresse sera effacée dans {CONFIRM_HOURS} heures."
                    ),
                    line(f"Responsable : {association}."),
                ),
            ),
        ),
    )


def renew_letter(link: str) -> Letter:
    """Return the yearly question whether to go on."""
    return Letter(
        subject=subject_of("Voulez-vous toujours recevoir les alertes de Vigie ANEF ?"),
        tone=Tone.PLAIN,
        lead="Votre abonnement a bientôt un an : il s’arrête si vous ne le confirmez pas.",
        actions=(line("Continuer l’abonnement", link),),
        sections=(
            LetterSection(
                title="Sans réponse de votre part",
                lines=(line("Votre adresse sera effacée un mois après ce message."),),
            ),
        ),
    )


def manage_letter(link: str) -> Letter:
    """Return the link to one's own choices."""
    return Letter(
        subject=subject_of("Vos choix d’alertes de Vigie ANEF"),
        tone=Tone.PLAIN,
        lead="Cette adresse est déjà abonnée aux alertes de Vigie ANEF. Rien n’a été changé.",
        actions=(line("Voir ou changer vos choix", link),),
        sections=(
            LetterSection(
                title="Si vous n’avez rien demandé",
                lines=(line("Ne faites rien : votre abonnement reste comme il est."),),
            ),
        ),
    )


def exits(manage: str, leave: str) -> tuple[LetterLine, ...]:
    """Return how to change one's choices, and how to leave."""
    return (
        line("Changer ce que vous recevez", manage),
        line("Ne plus rien recevoir (votre adresse est effacée)", leave),
    )
