"""The pages: one ASGI application that reads and never writes, nor probes."""

from monitor.web.app import build

__all__ = ["build"]
