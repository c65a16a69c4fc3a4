"""Collect the environment of the checks, which NF Z67-147 requires of an online record.

Every run records it in the journal, and every check refers to it. What is not known is recorded
as unknown: the address of an interface is not the one that a site sees.
"""

import platform
import re
import ssl
from pathlib import Path
from typing import Any

from monitor import __version__
from monitor.browser.executable import find_browser
from monitor.config import Config
from monitor.probe.renderer import rendered

UNKNOWN = "unknown"
_ROOT = Path(__file__).resolve().parents[2]
_COMMIT = re.compile(r"[0-9a-f]{40}")


def environment_of(config: Config) -> dict[str, Any]:
    """Return the facts, for `Store.open`."""
    return {
        "host": platform.node() or UNKNOWN,
        "system": platform.platform(),
        "python": platform.python_version(),
        "tls": ssl.OPENSSL_VERSION,
        "software": f"vigie-anef {__version__}",
        "commit": commit_of(_ROOT),
        "user_agent": config.user_agent,
        "public_ip": list(config.journaling.public_ip) or UNKNOWN,
        "resolvers": list(config.resolvers) or "those of the system",
        "proxy": "none",
        "cache": "none",
        "cookies": "those of one chain of redirects, sent along it only",
        "connection": "new for each request",
        **_browser(config),
    }


def _browser(config: Config) -> dict[str, Any]:
    """Return how pages are shown, if any are."""
    if not rendered(config):
        return {}
    browser = find_browser(config.browser, no_sandbox=config.no_sandbox)
    if isinstance(browser, str):
        return {"browser": "none"}
    return {"browser": {"executable": str(browser.path), "flags": list(browser.flags)}}


def commit_of(root: Path) -> str:
    """Return the commit of a checkout, or `UNKNOWN`; an installed package has none."""
    git = root / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="ascii").strip()
        if head.startswith("ref: "):
            head = _resolved(git, head.removeprefix("ref: "))
    except (OSError, UnicodeError):
        return UNKNOWN
    return head if _COMMIT.fullmatch(head) else UNKNOWN


def _resolved(git: Path, name: str) -> str:
    loose = git / name
    if loose.is_file():
        return loose.read_text(encoding="ascii").strip()
    lines = (git / "packed-refs").read_text(encoding="ascii").splitlines()
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), UNKNOWN)
