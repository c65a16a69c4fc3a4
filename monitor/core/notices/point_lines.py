"""What the mail on an incident says of other points: the word of all of them, at this moment."""

from collections.abc import Iterator, Mapping, Sequence

from monitor.core.french import sentences
from monitor.core.language import Language
from monitor.core.model import Target
from monitor.core.notices.letter import LetterLine, line
from monitor.core.points.combine import Agreement, CommonWord


def point_lines(
    slugs: Sequence[str],
    common: Mapping[str, CommonWord],
    targets: Mapping[str, Target],
    language: Language,
) -> Iterator[LetterLine]:
    """Yield a line for each target of which more than one point can have a word."""
    for slug in slugs:
        word = common.get(slug)
        if word is None or word.agreement is Agreement.ALONE:
            continue
        yield line(
            language.text(
                "Nos points de mesure, %(name)s : %(word)s.",
                name=language.foreign(targets[slug].name),
                word=_in_words(word, language),
            )
        )


def _in_words(word: CommonWord, language: Language) -> str:
    total = len(word.words)
    if word.verdict is not None and word.agreement is Agreement.ALL:
        rest = language.text(
            "pour tous les points qui peuvent le dire, %(saying)s sur %(total)s, de deux "
            "exploitants au moins",
            saying=word.counts[word.verdict],
            total=total,
        )
        return f"{language.message(sentences.VERDICTS[word.verdict])} {rest}"
    if word.agreement is Agreement.NONE:
        return language.text("aucun point de mesure ne peut le dire")
    by_verdict = ", ".join(
        f"{language.message(sentences.VERDICTS[verdict])} "
        f"{language.text('vu de %(number)s sur %(total)s', number=number, total=total)}"
        for verdict, number in word.counts.most_common()
    )
    return f"{language.text('pas d’état commun :')} {by_verdict}"
