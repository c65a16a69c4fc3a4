"""The record: rows in SQLite or PostgreSQL, with core types as its interface."""

from monitor.store.anchor_rows import cosignature_work, stamp_work
from monitor.store.engine import SecondWriter, StoreError
from monitor.store.reads.service_reads import RobotsCopy
from monitor.store.store import Store
from monitor.store.upgrade import Migration, is_new, migrate

__all__ = [
    "Migration",
    "RobotsCopy",
    "SecondWriter",
    "Store",
    "StoreError",
    "cosignature_work",
    "is_new",
    "migrate",
    "stamp_work",
]
