"""Structured logs: one JSON line per event on stdout, readable text on a terminal.

Event names are short fixed phrases; data goes in keys. No address of a person, no token, no value
of a variable: a traceback has the places, and what was raised. As a second line of defence the
secrets of the process (`hide`) are masked in each line.
"""

import logging
import sys
from json import dumps as json_text
from typing import Any
from urllib.parse import quote, quote_plus

import structlog
from structlog.typing import EventDict, Processor

from monitor.core.untrusted.printable import printable

_MASK = "***"
_LEAST = 4  # characters; a shorter secret would mask other text
_hidden: set[str] = set()


def hide(*secrets: str) -> None:
    """Mask these texts, and their forms in a URL or in JSON, in all later log lines."""
    for secret in secrets:
        for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret)):
            escaped = json_text(form)[1:-1]
            _hidden.update(
                variant for variant in (form, escaped, repr(form)[1:-1]) if len(variant) >= _LEAST
            )


def without_secrets(text: str) -> str:
    """Return a text with each hidden secret masked."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return text


def _masked(_logger: Any, _name: str, line: Any) -> str:
    return without_secrets(str(line))


def _printable(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """Escape what a terminal would interpret, before the colours are added."""
    return {key: _shown(value) for key, value in event.items()}


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return printable(value if isinstance(value, str) else repr(value))


def configure(*, level: str = "INFO", json: bool | None = None) -> None:
    """Send the logs of structlog and of the standard library through one formatter to stdout.

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
        structlog.processors.JSONRenderer(ensure_ascii=True)
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    trace: Processor = structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )
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
                *([trace] if as_json else [structlog.processors.format_exc_info, _printable]),
                last,
                _masked,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # One line per probe is ours; libraries log only when something is wrong.
    for name in ("httpx", "uvicorn", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # We log what matters of a token ourselves; a chain without a root is no error.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    # It warns of each slot that is skipped: the schedule accounts for these itself.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
