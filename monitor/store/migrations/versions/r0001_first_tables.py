"""Make the first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

VERDICTS = ("up", "degraded", "down", "maintenance", "blocked", "unknown")
REASONS = [
    "dns_nxdomain_error",
    "dns_no_answer",
    "dns_servfail_error",
    "dns_refused_error",
    "dns_bogon_error",
    "connection_refused",
    "connection_reset",
    "host_unreachable",
    "network_unreachable",
    "eof_error",
    "generic_timeout_error",
    "ssl_invalid_certificate",
    "ssl_invalid_hostname",
    "ssl_unknown_authority",
    "ssl_failed_handshake",
    "unknown_failure",
    "deadline",
    "truncated",
    "too_large",
    "invalid_response",
    "invalid_encoding",
    "redirect_loop",
    "redirect_refused",
    "ok",
    "moved",
    "slow",
    "tls_chain_incomplete",
    "asset_missing",
    "sign_of_life_missing",
    "marker_missing",
    "empty_shell",
    "error_text",
    "http_4xx",
    "http_5xx",
    "gone",
    "parked",
    "maintenance_text",
    "waf",
    "captcha",
    "rate_limited",
    "login_required",
    "robots",
    "local_network",
    "local_filter",
    "clock",
]
APPEND_ONLY = ("observation", "body", "content", "judgement", "subject", "config")

type_big_key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _record()
    _present()
    _service()
    for table in APPEND_ONLY:
        _guard(table)


def _record() -> None:
    op.create_table("subject", _key(), _text("target"), _text("point"), _once("target", "point"))
    op.create_table(
        "judgement",
        _key(),
        _text("ruleset"),
        _word("verdict"),
        _word("reason"),
        _text("rule"),
        _one_of("verdict", VERDICTS),
        _one_of("reason", REASONS),
        _once("ruleset", "verdict", "reason", "rule"),
    )
    op.create_table("config", _key(), _text("sha256"), _once("sha256"))
    op.create_table("content", _key(), _digest(), _text("text"), _once("sha256"))
    op.create_table("body", _key(), _digest(), _big("size"))
    op.create_table(
        "observation",
        _key(type_big_key),
        _ref("subject"),
        _big("at"),
        _big("late_us"),
        _ref("judgement"),
        _ref("config"),
        _ref("content", name="conditions_id"),
        _ref("body", null=True),
        _big("duration_us"),
        *(_big(f"{phase}_us", null=True) for phase in ("resolve", "connect", "tls")),
        *(_big(f"{phase}_us", null=True) for phase in ("processing", "transfer")),
        _ref("content", name="controls_id", null=True),
        _big("controls_age_us", null=True),
        _big("clock_offset_us", null=True),
        _big("server_offset_us", null=True),
        _text("detail", null=True),
        _once("subject_id", "at"),
    )


def _present() -> None:
    op.create_table(
        "state",
        _ref("subject", key=True),
        _word("verdict", null=True),
        _word("reason", null=True),
        *(_big(name, null=True) for name in ("since", "last_at", "last_ok_at")),
        *_streak("failing"),
        *_streak("recovering"),
    )
    op.create_table("tally", _ref("subject", key=True), _ref("judgement", key=True), _big("checks"))
    op.create_table(
        "outage",
        _key(),
        _ref("subject"),
        _word("nature"),
        _word("reason"),
        _big("last_ok_at", null=True),
        *(_big(name) for name in ("first_fail_at", "last_fail_at", "confirmed_at")),
        *(_big(name, null=True) for name in ("first_ok_at", "recovered_at")),
        _count("checks"),
        _count("relapses"),
        _one_of("nature", ("down", "maintenance")),
        _once("subject_id", "first_fail_at"),
    )
    still = sa.text("recovered_at IS NULL")
    op.create_index(
        "uq_outage_open",
        "outage",
        ["subject_id"],
        unique=True,
        sqlite_where=still,
        postgresql_where=still,
    )
    op.create_table(
        "event",
        _key(),
        _ref("subject"),
        _big("at", index=True),
        _word("edge"),
        _ref("outage", null=True),
        *_streak("blip"),
        _one_of("edge", ("outage_opened", "outage_closed", "blip")),
        _once("subject_id", "at", "edge"),
    )
    op.create_table(
        "incident",
        _key(),
        _text("platform"),
        _text("point"),
        _big("opened_at"),
        _big("closed_at", null=True),
        _once("platform", "point", "opened_at"),
    )
    op.create_table("incident_outage", _ref("outage", key=True), _ref("incident", index=True))


def _service() -> None:
    op.create_table(
        "run",
        _key(),
        _text("point"),
        _big("started_at"),
        _big("alive_at"),
        _big("stopped_at", null=True),
        *(_text(name) for name in ("version", "config_sha256", "ruleset")),
        _once("point", "started_at"),
    )
    op.create_table(
        "round",
        _key(type_big_key),
        _ref("subject"),
        _big("at"),
        _ref("content", name="controls_id"),
        _once("subject_id", "at"),
    )
    op.create_table(
        "clock_reading",
        _key(),
        _text("point"),
        _big("at"),
        _text("server"),
        _big("offset_us", null=True),
        _big("dispersion_us", null=True),
        _count("stratum", null=True),
        _once("point", "at"),
    )
    op.create_table(
        "gap",
        _key(),
        _ref("subject"),
        _big("from_at"),
        _big("to_at", index=True),
        _count("slots"),
        _word("cause"),
        _one_of("cause", ("stopped", "overrun", "paused", "refused", "robots")),
    )
    op.create_table(
        "lane", _text("platform", key=True), _big("blocked_until", null=True), _count("strikes")
    )
    op.create_table("pause", _text("platform", key=True), _text("why"))
    op.create_table(
        "robots",
        _key(),
        _text("host"),
        _big("fetched_at"),
        _count("status", null=True),
        _ref("content", null=True),
        _once("host", "fetched_at"),
    )


def _guard(table: str) -> None:
    """Refuse UPDATE and DELETE: a guard against accidents. The journal is the proof."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _key(kind: Any = None) -> sa.Column[Any]:
    return sa.Column("id", kind or sa.Integer(), primary_key=True)


def _ref(
    table: str, *, name: str = "", null: bool = False, key: bool = False, index: bool = False
) -> sa.Column[Any]:
    return sa.Column(
        name or f"{table}_id",
        sa.Integer(),
        sa.ForeignKey(f"{table}.id"),
        nullable=null,
        primary_key=key,
        index=index,
        autoincrement=False,
    )


def _big(name: str, *, null: bool = False, index: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=null, index=index)


def _count(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=null)


def _text(name: str, *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=null, primary_key=key)


def _word(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(40), nullable=null)


def _digest() -> sa.Column[Any]:
    return sa.Column("sha256", sa.LargeBinary(), nullable=False)


def _streak(name: str) -> list[sa.Column[Any]]:
    return [
        _big(f"{name}_first_at", null=True),
        _big(f"{name}_last_at", null=True),
        _count(f"{name}_count", null=True),
        _word(f"{name}_reason", null=True),
        _count(f"{name}_downs", null=True),
    ]


def _once(*columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns)


def _one_of(column: str, words: tuple[str, ...] | list[str]) -> sa.CheckConstraint:
    allowed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({allowed})", name=column)
