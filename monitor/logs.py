"""Structured logs: one JSON line an event on stdout, readable text on a terminal.

Event names are short fixed phrases; data goes in keys. No address of a person, no token.
"""

import logging
import sys

import structlog
from structlog.typing import Processor


def configure(*, level: str = "INFO", json: bool | None = None) -> None:
    """Send structlog and the standard library through one formatter to stdout.

    `json=None` means JSON unless stdout is a terminal.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json = (not sys.stdout.isatty()) if json is None else json
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer()
    )
    trace: Processor = structlog.processors.dict_tracebacks
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([trace] if as_json else []),
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # One canonical line a probe is ours; a library speaks only when something is wrong.
    for name in ("httpx", "uvicorn", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # What it says of a token, we say ourselves; a chain without a root is no error.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    # It warns of each slot that is skipped: the schedule accounts for these itself.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
