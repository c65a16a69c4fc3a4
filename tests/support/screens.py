"""A browser for tests, and sites that it visits without a network."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitor.browser.chromium import Executable
from monitor.browser.interception import BrowserAnswer, BrowserRequest, NoAnswer
from monitor.browser.visit import Patience, ScreenPage, visit
from monitor.core.model.rendering import RefusalCause, Rendering
from monitor.runtime.clock import SystemClock

HOST = "https://anef.example"
PATIENT_S = 60.0  # longer than a busy machine needs; a test that waits so long has failed
MEMORY_BYTES = 1_500_000_000


def browser(*, apart: bool = True) -> Executable:
    """Return the browser of this machine; as root, which no sandbox holds, without one."""
    path = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium"))))
    return Executable(path=Path(path), sandbox=os.geteuid() != 0, apart=apart)


@dataclass(slots=True)
class PaperSite:
    """A site whose answers are written here. `asked` is every request for it, in order."""

    pages: Mapping[str, BrowserAnswer]
    asked: list[BrowserRequest] = field(default_factory=list)

    async def answer(self, asked: BrowserRequest) -> BrowserAnswer | NoAnswer | RefusalCause:
        if not asked.url.startswith(f"{HOST}/"):
            return RefusalCause.THIRD_PARTY
        self.asked.append(asked)
        path = asked.url.removeprefix(HOST).partition("#")[0]
        return self.pages.get(path, BrowserAnswer(status=404, headers=(), body=b""))


def given(
    body: str, kind: str = "text/html; charset=utf-8", *headers: tuple[str, str]
) -> BrowserAnswer:
    return BrowserAnswer(status=200, headers=(("content-type", kind), *headers), body=body.encode())


async def shown(
    site: PaperSite,
    *,
    expected: Callable[[str], bool] = lambda tree: "Commencer" in tree,
    deadline_s: float = PATIENT_S,
    memory_bytes: int = MEMORY_BYTES,
    executable: Executable | None = None,
) -> Rendering:
    """Visit a site's home page."""
    return await visit(
        ScreenPage(
            url=f"{HOST}/",
            deadline_s=deadline_s,
            memory_bytes=memory_bytes,
            user_agent="VigieANEF-test/1",
        ),
        executable or browser(),
        answer=site.answer,
        expected=expected,
        patience=Patience(SystemClock(), deadline_s),
    )
