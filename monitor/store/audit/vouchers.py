"""What vouches for each column of each table.

The audit is made from this list, and `vigie verify` prints what nothing vouches for: a table or
a column without an entry fails a test. Files have theirs in `file_vouchers`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from monitor.core.journal import check_fields


class By(StrEnum):
    """What a value is compared with."""

    LEAF = "leaf"  # the content of the leaf that the row names
    FOLD = "fold"  # what follows from all leaves before, folded again
    SELF = "self"  # what is computed from another value, itself vouched for
    KEY = "key"  # a number that only names the row: its order, or references to it, are compared
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        of: The table whose row it names by its number; that row is compared, not the number.
        why: In French, why it is harmless that nothing vouches for it, or not exactly.

    """

    by: By
    of: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """One table.

    Attributes:
        key: Columns by which a person names a row.
        more: In French, why added rows are harmless; "" when they are refused.
        fewer: The same of deleted rows.
        lost: In French, what a rebuilt database has in place of what it could not restore.

    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    more: str = ""
    fewer: str = ""
    lost: str = ""

    @property
    def compared(self) -> frozenset[str]:
        """The columns that something vouches for, row by row."""
        unchecked = {By.NOTHING, By.KEY}
        return frozenset(
            name for name, column in self.columns.items() if column.by not in unchecked
        )


def _leaf(*names: str, **references: str) -> dict[str, Column]:
    return _all(By.LEAF, names, references)


def _fold(*names: str, **references: str) -> dict[str, Column]:
    return _all(By.FOLD, names, references)


def _self(*names: str, **references: str) -> dict[str, Column]:
    return _all(By.SELF, names, references)


def _key(*names: str) -> dict[str, Column]:
    return _all(By.KEY, names, {})


def _nothing(why: str, *names: str) -> dict[str, Column]:
    return {name: Column(By.NOTHING, why=why) for name in names}


def _all(by: By, names: tuple[str, ...], references: Mapping[str, str]) -> dict[str, Column]:
    plain = {name: Column(by) for name in names}
    return plain | {name: Column(by, of=of) for name, of in references.items()}


def _streak(name: str) -> tuple[str, ...]:
    return tuple(f"{name}_{part}" for part in ("first_at", "last_at", "count", "reason", "downs"))


_BUDGET = (
    "décide seulement quand la plateforme est interrogée de nouveau : tout relevé, et tout"
    " créneau sans relevé, est au journal"
)
_ROBOTS = "copie de ce que disait un robots.txt : rien n’en est publié ni prouvé"

_ASKED = (
    "une demande d’annotation qui attend ; rien n’en est montré avant qu’une feuille du journal la"
    " dise"
)

_ALERTS = (
    "à qui écrire, et ce qui l’est : rien n’en est publié ni prouvé, et le journal n’en contient"
    " rien"
)


_ORIGINALS = (
    "les empreintes des originaux remis, que la page « Vérifier » donne : ce qu’ils disent se"
    " vérifie par le journal, sans elles"
)


def _of_alerts(name: str, key: tuple[str, ...], *columns: str) -> Vouched:
    """Return an entry for a table that no leaf says anything of."""
    return Vouched(
        name=name, key=key, columns=_nothing(_ALERTS, *columns), more=_ALERTS, fewer=_ALERTS
    )


TABLES: Mapping[str, Vouched] = {
    table.name: table
    for table in (
        # What rows name, kept once.
        Vouched(
            name="subject", key=("target", "point"), columns=_key("id") | _leaf("target", "point")
        ),
        Vouched(
            name="judgement",
            key=("verdict", "reason", "rule", "ruleset"),
            columns=_key("id") | _leaf("ruleset", "verdict", "reason", "rule"),
        ),
        Vouched(name="config", key=("sha256",), columns=_key("id") | _leaf("sha256")),
        Vouched(
            name="content",
            key=("id",),
            columns=_key("id") | _self("sha256") | _leaf("text"),
            more="un texte qu’aucune ligne ne nomme n’est montré nulle part",
        ),
        Vouched(name="body", key=("id",), columns=_key("id") | _leaf("sha256", "size")),
        # What leaves say, row by row, in their order.
        Vouched(
            name="observation",
            key=("subject_id", "at"),
            columns=_key("id")
            | _leaf("at", "late_us", "leaf", "controls_age_us", *check_fields.NAMES)
            | _leaf("resolve_us", "connect_us", "tls_us", "processing_us", "transfer_us")
            | _leaf(subject_id="subject", judgement_id="judgement", config_id="config")
            | _leaf(conditions_id="content", controls_id="content", body_id="body"),
        ),
        Vouched(
            name="event",
            key=("subject_id", "at", "edge"),
            columns=_key("id")
            | _leaf("at", "edge", "leaf", *_streak("blip"))
            | _leaf(subject_id="subject", outage_id="outage"),
        ),
        Vouched(
            name="run",
            key=("point", "started_at"),
            columns=_key("id")
            | _leaf("point", "started_at", "stopped_at", "version", "config_sha256", "ruleset")
            | _leaf("leaf")
            | _fold("alive_at"),
        ),
        Vouched(
            name="round",
            key=("subject_id", "at"),
            columns=_key("id")
            | _leaf("at", "leaf", subject_id="subject")
            | _leaf(controls_id="content"),
        ),
        Vouched(
            name="clock_reading",
            key=("point", "at"),
            columns=_key("id")
            | _leaf("point", "at", "server", "offset_us", "dispersion_us", "stratum", "leaf"),
        ),
        Vouched(
            name="gap",
            key=("subject_id", "from_at"),
            columns=_key("id")
            | _leaf("from_at", "to_at", "slots", "cause", "leaf", subject_id="subject"),
        ),
        Vouched(
            name="capture",
            key=("subject_id", "at"),
            columns=_key("id") | _leaf("at", "file", "sha256", "why", "leaf", subject_id="subject"),
        ),
        Vouched(
            name="rendering",
            key=("subject_id", "at"),
            columns=_key("id") | _leaf("at", "text", "leaf", subject_id="subject"),
        ),
        Vouched(
            name="token",
            key=("authority", "asked_at"),
            columns=_key("id")
            | _leaf("size", "authority", "at", "sha256", "leaf")
            | _self("file")
            | _nothing(
                "l’heure à laquelle nous avons demandé ; celle du jeton fait foi", "asked_at"
            )
            | _nothing(
                "chaque jeton est jugé de nouveau à partir de son fichier", "status", "detail"
            ),
            more="une réponse refusée d’une autorité ne date rien",
        ),
        Vouched(
            name="page_change",
            key=("subject_id", "at", "edge"),
            columns=_key("id")
            | _leaf("at", "edge", "before_last_at", "weight", "kinds", "silent", "announced")
            | _leaf("leaf", subject_id="subject")
            | _leaf(before_id="page_version", after_id="page_version")
            | _nothing(
                "une phrase pour les listes : la page de la modification compare elle-même les"
                " deux textes",
                "summary",
            ),
        ),
        Vouched(
            name="announcement",
            key=("leaf",),
            columns=_key("id")
            | _leaf("at", "kind", "targets", "from_at", "to_at", "sha256", "url")
            | _leaf("change", "withdraws", "text", "leaf"),
        ),
        # What follows from leaves.
        Vouched(
            name="state",
            key=("subject_id",),
            columns=_fold("verdict", "reason", "since", "last_at", "last_ok_at")
            | _fold(*_streak("failing"), *_streak("recovering"), subject_id="subject"),
        ),
        Vouched(
            name="tally",
            key=("subject_id", "judgement_id"),
            columns=_fold("checks", subject_id="subject", judgement_id="judgement"),
        ),
        Vouched(
            name="definition",
            key=("subject_id", "from_at"),
            columns=_key("id") | _fold("from_at", "leaf", "text", subject_id="subject"),
            fewer="une base d’avant cette table n’a que les définitions suivies depuis ; les"
            " relevés plus anciens prennent la première",
        ),
        Vouched(
            name="outage",
            key=("subject_id", "first_fail_at"),
            columns=_key("id")
            | _fold("nature", "reason", "last_ok_at", "first_fail_at", "last_fail_at")
            | _fold("confirmed_at", "first_ok_at", "recovered_at", "checks", "relapses")
            | _fold(subject_id="subject"),
        ),
        Vouched(
            name="incident",
            key=("platform", "point", "opened_at"),
            columns=_key("id") | _fold("platform", "point", "opened_at", "closed_at"),
        ),
        Vouched(
            name="incident_outage",
            key=("outage_id",),
            columns=_fold(outage_id="outage", incident_id="incident"),
        ),
        Vouched(
            name="page_version",
            key=("subject_id", "first_at"),
            columns=_key("id")
            | _leaf("body_sha256", "first_at", subject_id="subject", text_id="page_text")
            | _fold("before_at", "url")
            | {
                "last_at": Column(
                    By.FOLD,
                    why="tant qu’un texte est affiché, un bon relevé entre le dernier qui avait le"
                    " même corps et le dernier de tous ; ensuite, ce que dit le journal",
                )
            }
            | _nothing(
                "combien de lectures ont donné ce texte ; elles sont au journal une à une",
                "checks",
            ),
        ),
        Vouched(
            name="page_text",
            key=("sha256",),
            columns=_key("id")
            | _leaf("sha256", "extraction_version")
            | _self("title", "updated_on", "page"),
            lost="seule son empreinte reste d’un texte qu’aucune copie ne donnait plus, ou que"
            " d’autres règles avaient lu ; la vérification compte et nomme ces textes, et refuse"
            " celui qu’une copie donne",
        ),
        Vouched(
            name="page_fact",
            key=("subject_id", "element", "value", "since"),
            columns=_key("id")
            | _self("element", "value", "negated", "extraction_version", "since", "until")
            | _self(subject_id="subject"),
        ),
        Vouched(
            name="dead_link",
            key=("subject_id", "address"),
            columns=_key("id")
            | _leaf("target", subject_id="subject")
            | _leaf(broken_id="page_change", ended_id="page_change")
            | _self("text", "address")
            | _fold("gone_at"),
        ),
        Vouched(
            name="rollup",
            key=("subject_id", "day", "verdict", "reason"),
            columns=_self("day", "verdict", "reason", "held_us", "doubt_us", "checks")
            | _self(subject_id="subject"),
            fewer="un jour sans sommes est compté de nouveau, relevé par relevé",
        ),
        # The journal's own end.
        Vouched(name="leaf", key=("idx",), columns=_leaf("idx", "entry")),
        Vouched(name="reference", key=("idx",), columns=_leaf("sha256", "idx")),
        Vouched(
            name="checkpoint",
            key=("size",),
            columns=_self("size", "root", "note")
            | _nothing("l’heure que nous avons notée ; rien ne s’y fie", "at"),
            fewer="un point de contrôle que rien n’atteste est oublié après un jour : tout plus"
            " récent en dit autant",
        ),
        Vouched(
            name="cosignature",
            key=("size", "witness"),
            columns=_self("size", "witness", "at")
            | _nothing(
                "seule sa forme est vérifiée : la signature l’est avec la clé du cosignataire,"
                " dans l’export et par qui la connaît",
                "line",
            ),
            fewer="une cosignature retirée n’atteste plus rien, et n’a rien changé d’autre",
        ),
        # What the journal does not say.
        Vouched(
            name="lane",
            key=("platform",),
            columns=_nothing(_BUDGET, "platform", "blocked_until", "strikes"),
            more=_BUDGET,
        ),
        Vouched(
            name="pause",
            key=("platform",),
            columns=_nothing(_BUDGET, "platform", "why"),
            more=_BUDGET,
        ),
        Vouched(
            name="annotation_request",
            key=("id",),
            columns=_key("id") | _nothing(_ASKED, "text"),
            more=_ASKED,
        ),
        Vouched(
            name="robots",
            key=("host", "fetched_at"),
            columns=_key("id")
            | _nothing(_ROBOTS, "host", "fetched_at", "status")
            | {"content_id": Column(By.NOTHING, of="content", why=_ROBOTS)},
            more=_ROBOTS,
        ),
        _of_alerts("alert_cursor", ("id",), "id", "leaf"),
        _of_alerts("alert_thread", ("number",), "number", "state"),
        _of_alerts(
            *("subscriber", ("id",), "id", "lookup", "address", "nonce", "standing", "pace"),
            *("rests", "language", "channel", "asked_at", "confirmed_at"),
        ),
        _of_alerts("subscription", ("subscriber_id", "topic"), "subscriber_id", "topic"),
        _of_alerts("suppression", ("lookup",), "lookup", "at", "why"),
        _of_alerts(
            *("notice", ("key",), "id", "key", "kind", "thread", "at", "numbers", "hours", "again"),
        ),
        _of_alerts(
            *("outbox", ("id",), "id", "notice_id", "subscriber_id", "thread", "state", "rank"),
            *("created_at", "due_at", "attempts", "unsure", "ended_at", "digest_id"),
        ),
        Vouched(
            name="dossier_file",
            key=("code", "sha256"),
            columns=_nothing(_ORIGINALS, "code", "sha256", "name", "size_bytes", "size", "root"),
            more=_ORIGINALS,
            fewer=_ORIGINALS,
        ),
    )
}
