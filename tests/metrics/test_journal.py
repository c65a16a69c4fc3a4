"""What Prometheus reads of the journal."""

from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from monitor.metrics import Exposition, JournalMetrics, MetricsState
from tests.support.clock import FakeClock

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def rendered(journal: JournalMetrics | None) -> dict[tuple[str, str], float]:
    board = MetricsState([])
    board.journal = journal
    page = Exposition(board, clock=FakeClock(), point="local", version="1", config_sha256="0")
    return {
        (sample.name, sample.labels.get("authority", "")): sample.value
        for family in text_string_to_metric_families(page.render().decode())
        for sample in family.samples
        if sample.name.startswith("anef_journal_")
    }


def test_the_journal_says_how_old_its_proofs_are() -> None:
    journal = JournalMetrics(
        size=70_000, sealed_at=AT, stamped_at={"une": AT, "deux": None}, cosignatures=2
    )

    assert {
        ("anef_journal_size", ""): 70_000,
        ("anef_journal_last_checkpoint_timestamp_seconds", ""): AT.timestamp(),
        ("anef_journal_cosignatures", ""): 2,
        ("anef_journal_last_stamp_timestamp_seconds", "une"): AT.timestamp(),
        ("anef_journal_last_stamp_timestamp_seconds", "deux"): 0,
    } == rendered(journal)


def test_nothing_is_said_before_the_first_checkpoint() -> None:
    assert {} == rendered(None)
    assert {} == rendered(JournalMetrics(stamped_at={"une": AT}))
