"""The only HTTP client for probes: from a target to what came over the wire."""

from monitor.fetch.bodies import text
from monitor.fetch.budget import Limits
from monitor.fetch.connection import SILENT_S
from monitor.fetch.fetcher import Fetcher, Gate, GateClosed
from monitor.fetch.resolve import Resolver
from monitor.fetch.shell import is_service

__all__ = ["SILENT_S", "Fetcher", "Gate", "GateClosed", "Limits", "Resolver", "is_service", "text"]
