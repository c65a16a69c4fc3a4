"""Several points of measurement in the pieces: what each saw of an outage, and by which proof."""

from collections.abc import Iterator, Sequence

from monitor.core.french.figure_sentences import outage_bounds
from monitor.core.french.formatting import count, grouped, to_the_second, when
from monitor.core.french.point_sentences import BLIND, common_word
from monitor.core.french.sentences import VERDICTS
from monitor.core.points.combine import Agreement
from monitor.dossier.dossier_record import SHOWN_ROOT, DossierRecord
from monitor.dossier.pdf.document_blocks import (
    Block,
    Line,
    code,
    heading,
    note,
    paragraph,
    strong,
    table,
)
from monitor.dossier.pieces.outage_reading import ReadOutage
from monitor.dossier.point_records import SeenByAll, SeenByPoint
from monitor.store.reads.journal_reads import KeptCheckpoint


def seen_blocks(by_all: SeenByAll) -> Iterator[Block]:
    """Yield what all points say of one outage: the common word, and each one's own."""
    yield heading("Vu des autres points de mesure", level=3)
    instant, word = when(by_all.at), common_word(by_all.common)
    yield paragraph(f"Au milieu de l’indisponibilité, le {instant} : ", strong(word), ".")
    yield table(
        ("Point, exploitant", "À cet instant", "Dernier relevé", "Indisponibilité relevée",
         "Journal"),
        (_row(one) for one in by_all.points),
        widths=(2.4, 2.6, 2.2, 3.4, 2),
        about="Ce que chaque point de mesure a relevé",
        small=True,
    )  # fmt: skip


def summary_blocks(record: DossierRecord, read: Sequence[ReadOutage]) -> Iterator[Block]:
    """Yield one sentence for the first page: how many outages others recorded too, or did not."""
    words = [one.points.common for one in read if one.points is not None]
    if not words:
        return
    shared = sum(word.agreement is Agreement.ALL for word in words)
    others = [{one.verdict for one in word.words[1:] if one.blind is None} for word in words]
    alone = sum(not verdicts for verdicts in others)
    parts = (
        (shared, "dites par tous les points qui pouvaient le dire, de deux exploitants au moins"),
        (len(words) - shared - alone, "que les points n’ont pas toutes vues de même"),
        (alone, "dont aucun autre point ne peut rien dire"),
    )
    listed = " ; ".join(f"{grouped(number)} {text}" for number, text in parts if number)
    yield paragraph(
        f"Avec {count(len(record.points), 'autre point', 'autres points')} de mesure, au milieu de"
        f" chaque indisponibilité racontée ici : {listed}."
    )


def _row(one: SeenByPoint) -> tuple[Line, ...]:
    word = one.word
    state = one.why or (BLIND[word.blind] if word.blind else VERDICTS[word.verdict])
    outages = " ; ".join(
        f"depuis le {to_the_second(outage.first_fail_at)}, {outage_bounds(outage)}"
        for outage in one.outages
    )
    return (
        f"{word.point}, {word.operator}",
        state,
        to_the_second(word.at) if word.at else "–",
        outages or ("aucune à ces moments" if one.checkpoint else "–"),
        _place(one.checkpoint),
    )


def _place(checkpoint: KeptCheckpoint | None) -> str:
    if checkpoint is None:
        return "–"
    return f"{grouped(checkpoint.size)} feuilles, racine {checkpoint.root.hex()[:SHOWN_ROOT]}…"


def point_blocks(record: DossierRecord) -> Iterator[Block]:
    """Yield the other points, their keys and the state of their journals; nothing without any."""
    if not record.points:
        return
    yield heading("Les autres points de mesure")
    yield paragraph(
        "Chaque point est un registre entier, avec sa ligne, sa clé et son exploitant. Nous suivons"
        " le journal des autres et vérifions tout ce que nous en lisons. Un état n’est dit commun"
        " que si deux exploitants au moins le disent, et si aucun point qui peut le dire ne dit"
        " autre chose : ce n’est ni un vote, ni une moyenne. Un point muet ne dit rien."
    )
    yield table(
        ("Point", "Exploitant", "Ce qui en est ici", "Clé de son journal"),
        (
            (
                one.name,
                one.operator,
                one.why
                or (
                    f"{_place(one.checkpoint)}, lu le"
                    f" {when(one.checkpoint.at) if one.checkpoint else ''}"
                    + (
                        f" ; rien de lui après le {when(one.until)}"
                        if one.until < record.question.until
                        else ""
                    )
                ),
                [code(str(one.key))],
            )
            for one in record.points
        ),
        widths=(1.2, 2, 4, 4),
        about="Les autres points de mesure",
        small=True,
    )
    yield note(
        "Les chiffres du dossier restent ceux de notre point. Qui exploite un autre point, et que"
        " sa clé est la sienne, se vérifie auprès de lui. Le lot de preuves contient un lot par"
        " point, que le même programme vérifie avec la clé de ce point, ou dit pourquoi il manque."
    )
