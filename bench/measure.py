"""What the operating system and the database say of the service that ran."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from bench.local import now
from bench.plan import Plan

FIRST_CHECKS_S = 600.0  # in which every target must have been checked

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One moment of the service. `cpu_s` is user and system time; `stored_bytes` at rest."""

    cpu_s: float
    memory_bytes: int
    peak_bytes: int
    stored_bytes: int
    checks: int


def sample(*, pid: int, engine: Engine) -> Sample:
    """Read Linux's /proc and the database, as other processes may."""
    # After the name in parentheses: utime and stime are fields 14 and 15 of proc(5).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    with engine.connect() as connection:
        checks = connection.execute(text("SELECT count(*) FROM observation")).scalar_one()
        stored = connection.execute(text(_SIZE[engine.dialect.name])).scalar_one()
    return Sample(
        cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS_PER_S,
        memory_bytes=_kilobytes(status["VmRSS"]),
        peak_bytes=_kilobytes(status["VmHWM"]),
        stored_bytes=int(stored),
        checks=int(checks),
    )


def wait_until_checked(engine: Engine, plan: Plan) -> None:
    """Wait until every target was checked, then for one more turn of them all.

    A first check reads, encodes and keeps the whole page: it costs many times a later one.
    """
    until = now() + FIRST_CHECKS_S
    while now() < until and _targets_checked(engine) < plan.targets:
        time.sleep(1)
    time.sleep(plan.interval_s + 1)


def _targets_checked(engine: Engine) -> int:
    if not inspect(engine).has_table("observation"):  # it listens before it makes its database
        return 0
    with engine.connect() as connection:
        count = connection.execute(text("SELECT count(DISTINCT subject_id) FROM observation"))
        return int(count.scalar_one())


def lateness_ms(engine: Engine, *, after: int, count: int) -> list[float]:
    """Return how late `count` checks began, in milliseconds, sorted; the first ones left out."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT late_us FROM observation ORDER BY id LIMIT :count OFFSET :after"),
            {"after": after, "count": count},
        )
        return sorted(late_us / 1_000 for (late_us,) in rows)


def verdicts(engine: Engine, *, after: int, count: int) -> dict[str, int]:
    """Count the same checks by verdict."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT verdict, count(*) FROM"
                " (SELECT judgement_id FROM observation ORDER BY id LIMIT :count OFFSET :after)"
                " AS measured JOIN judgement ON judgement.id = judgement_id GROUP BY verdict"
            ),
            {"after": after, "count": count},
        )
        return {str(verdict): int(number) for verdict, number in rows}


_SIZE = {
    "sqlite": "SELECT (page_count - freelist_count) * page_size FROM"
    " pragma_page_count, pragma_freelist_count, pragma_page_size",
    "postgresql": "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
}


def _kilobytes(value: str) -> int:
    return int(value.split(maxsplit=1)[0]) * 1024
