"""What a browser showed, as it is asked of the store."""

import asyncio
from dataclasses import replace

from monitor.core.model import Capture, CaptureReason
from monitor.store import Store
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.folds import Folds
from tests.support.outcomes import OK, SHOWN, answer, at, observation
from tests.support.service_days import TARGETS, open_store

__all__ = ["database_url", "postgres", "sqlite_template"]  # fixtures


def test_the_last_display_and_the_last_that_is_kept_are_found(database_url: str) -> None:
    folds = Folds(TARGETS)

    async def live(store: Store) -> None:
        for minute, kept in ((0, True), (1, False)):
            exchange = replace(answer(at(60 * minute)), rendering=SHOWN)
            outcome = folds.outcome(observation("accueil", at(60 * minute), OK, exchange=exchange))
            copy = Capture(
                target="accueil", point="local", at=outcome.check.at, file="jour.warc.gz",
                sha256="ab" * 32, why=(CaptureReason.DAILY,),
            )  # fmt: skip
            await store.record(replace(outcome, captures=(copy,) if kept else ()))

    with open_store(database_url) as store:
        asyncio.run(live(store))
        last = store.last_rendering("accueil")
        kept = store.last_rendering("accueil", kept_only=True)
        assert last is not None
        assert kept is not None
        assert (last.record.at, last.file) == (at(60), "")
        assert (kept.record.at, kept.file, kept.sha256) == (at(0), "jour.warc.gz", "ab" * 32)
        assert store.rendering(kept.number) == kept
        assert kept.record.shown == replace(
            SHOWN, tree="", text="", document="", console=(), picture=b""
        )
        assert {file.name for file in kept.record.files} == {
            *("console", "document", "picture", "text", "tree")
        }
        assert store.last_rendering("connexion") is None
        assert store.rendering(last.number + 1) is None
