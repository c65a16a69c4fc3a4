"""One visit of one page: every request is answered by us, nothing is typed or clicked.

1. The browser starts, in a profile that is thrown away with it.
2. Every request that it would make, of the page, its frames and its workers, is intercepted and
   handed to `answer`; the browser never connects to anything.
3. The page is read again and again until one of the expected texts is in its accessibility tree
   and no request waits, or until its time is over.
4. What it shows is read: tree, text, document, picture. Then all its processes are killed.

What goes wrong inside is data: a `RenderFailure`. The time of a visit is what it spends without
waiting for its turn at the site; `WALL_S` bounds the whole.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from monitor.browser.accessibility_tree import as_text
from monitor.browser.chromium import HEIGHT, WIDTH, Chromium, Executable, running
from monitor.browser.devtools import (
    DevToolsError,
    DevToolsFloodError,
    DevToolsRefusalError,
    Parameters,
)
from monitor.browser.interception import BrowserAnswer, BrowserRequest, Interception, NoAnswer
from monitor.core.model.check import clean
from monitor.core.model.rendering import RefusalCause, RenderFailure, Rendering
from monitor.runtime.clock import Clock

WALL_S = 900.0  # the whole of a visit, whatever waits in it
START_S = 20.0
READ_S = 8.0  # to read what is shown, once its time is over
SETTLE_S = 3.0  # for requests that are under way when the expected text is there
LOOK_S = 0.3  # between two looks at the page
WATCH_S = 0.25  # between two looks at the memory
TEXT_CHARACTERS = 500_000
DOCUMENT_CHARACTERS = 2_000_000
CONSOLE_LINES = 50
CONSOLE_CHARACTERS = 500
PICTURE_BYTES = 8_000_000

_FONTS = Path("/usr/share/fonts")
_FONTS_MOST = 5_000
_TEXT = f"(document.body ? document.body.innerText : '').slice(0, {TEXT_CHARACTERS})"
_DOCUMENT = (
    "(document.documentElement ? document.documentElement.outerHTML : '')"
    f".slice(0, {DOCUMENT_CHARACTERS})"
)

#: Answers one request of the page; bounded in time by whoever gives it.
Answerer = Callable[[BrowserRequest], Awaitable[BrowserAnswer | NoAnswer | RefusalCause]]
#: Tells whether a text is what is expected.
Expected = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenPage:
    """What to visit.

    Attributes:
        url: With its fragment, which is for scripts only.
        deadline_s: For the visit, waits of the lane excluded.
        memory_bytes: That the browser may take for itself.
        user_agent: Added to the browser's own name.

    """

    url: str
    deadline_s: float
    memory_bytes: int
    user_agent: str


@dataclass(slots=True)
class Patience:
    """The time of a visit, without the waits that it is not to blame for."""

    clock: Clock
    limit_s: float
    _spent_us: int = 0
    _since_us: int | None = None
    _pauses: int = 0

    def begin(self) -> None:
        self._since_us = self.clock.monotonic_us()

    def pause(self) -> None:
        """Stop counting, until every pause has ended."""
        self._spent_us, self._since_us = self.spent_us, None
        self._pauses += 1

    def resume(self) -> None:
        self._pauses -= 1
        if not self._pauses:
            self.begin()

    @property
    def spent_us(self) -> int:
        running_us = 0 if self._since_us is None else self.clock.monotonic_us() - self._since_us
        return self._spent_us + running_us

    @property
    def left_s(self) -> float:
        return max(0.0, self.limit_s - self.spent_us / 1e6)


async def visit(
    page: ScreenPage,
    executable: Executable,
    *,
    answer: Answerer,
    expected: Expected,
    patience: Patience,
) -> Rendering:
    """Visit a page and return what it showed. Never raises for what the page or browser does."""
    result = Rendering(
        flags_sha256=sha256("\n".join(executable.flags).encode()).hexdigest(),
        fonts_sha256=await asyncio.to_thread(_fonts_sha256),
        sandbox=executable.sandbox,
    )
    opened = _OpenPage(page, answer, expected, patience)
    try:
        async with asyncio.timeout(WALL_S), running(executable, opened.on_event) as chromium:
            result = await opened.run(chromium, result)
    except TimeoutError:
        opened.failure = opened.failure or RenderFailure.BUSY
    except DevToolsFloodError:
        opened.failure = opened.failure or RenderFailure.UNREADABLE
    except DevToolsError:
        gone = RenderFailure.GONE if opened.browser else RenderFailure.START
        opened.failure = opened.failure or gone
    except OSError:
        opened.failure = opened.failure or RenderFailure.START
    return replace(
        result,
        browser=opened.browser,
        apart=opened.apart,
        failure=None if result.tree else opened.failure or RenderFailure.BUSY,
        duration_us=patience.spent_us,
        console=tuple(opened.console),
        refused=opened.interception.refused(),
    )


class _OpenPage:
    """The state of one visit."""

    def __init__(
        self, page: ScreenPage, answer: Answerer, expected: Expected, patience: Patience
    ) -> None:
        self._page = page
        self._expected = expected
        self._patience = patience
        self.interception = Interception(answer)
        self.console: list[str] = []
        self.failure: RenderFailure | None = None
        self.browser = ""
        self.apart = False
        self._chromium: Chromium | None = None
        self._target = self._session = ""
        self._loose: set[asyncio.Task[None]] = set()

    def on_event(self, method: str, parameters: Parameters) -> None:
        """Take one event of the browser. Raises KeyError and TypeError for another form."""
        match method:
            case "launcher":
                self.apart = parameters["apart"] is True
            case "Fetch.requestPaused":
                self._do(self.interception.paused(parameters, self._call))
            case "Page.javascriptDialogOpening":
                session = self._session
                self._do(self._call("Page.handleJavaScriptDialog", session=session, accept=False))
            case "Inspector.targetCrashed":
                self._fail(RenderFailure.GONE)
            case "Target.targetCreated":
                self._close_popup(parameters["targetInfo"])
            case "Runtime.exceptionThrown":
                self._note(_thrown(parameters["exceptionDetails"]))
            case "Log.entryAdded" if parameters["entry"].get("level") == "error":
                entry = parameters["entry"]
                self._note(f"{entry.get('text', '')} {entry.get('url', '')}")
            case "Runtime.consoleAPICalled" if parameters.get("type") in {"error", "assert"}:
                self._note(" ".join(map(_printed, parameters.get("args", ())[:10])))
            case _:
                pass

    async def run(self, chromium: Chromium, result: Rendering) -> Rendering:
        """Open the page, wait until it is shown, and read it. Raises DevToolsError."""
        self._chromium = chromium
        watcher = asyncio.create_task(self._watch_memory(chromium))
        try:
            async with asyncio.timeout(START_S):
                session = await self._open()
            self._patience.begin()
            with suppress(TimeoutError):
                async with asyncio.timeout(START_S):
                    await self._call("Page.navigate", session=session, url=self._page.url)
            tree = await self._until_shown(session)
            async with asyncio.timeout(READ_S):
                while True:
                    with suppress(DevToolsRefusalError):
                        return await self._read(session, result, tree)
                    await asyncio.sleep(LOOK_S)
        finally:
            self._patience.pause()
            watcher.cancel()
            for task in self._loose:
                task.cancel()

    async def _open(self) -> str:
        """Prepare a page and return its session."""
        version = await self._call("Browser.getVersion")
        self.browser = clean(str(version.get("product", "")))
        agent = f"{version.get('userAgent', '')} {self._page.user_agent}"
        # On the browser itself: frames, workers and what they start are intercepted too.
        await self._call("Fetch.enable", patterns=[{"urlPattern": "*"}])
        context = (await self._call("Target.createBrowserContext"))["browserContextId"]
        await self._call("Browser.setDownloadBehavior", behavior="deny", browserContextId=context)
        created = await self._call(
            "Target.createTarget",
            url="about:blank",
            browserContextId=context,
            width=WIDTH,
            height=HEIGHT,
        )
        self._target = created["targetId"]
        await self._call("Target.setDiscoverTargets", discover=True)
        attached = await self._call("Target.attachToTarget", targetId=self._target, flatten=True)
        session = self._session = str(attached["sessionId"])
        for method, parameters in _PREPARATION:
            await self._call(method, session=session, **parameters)
        await self._call("Emulation.setUserAgentOverride", session=session, userAgent=agent)
        return session

    async def _until_shown(self, session: str) -> str:
        """Look at the page until it shows what is expected or its time is over; return its tree.

        Raises TimeoutError when the page never answered: its scripts do not end.
        """
        tree: str | None = None
        while self._patience.left_s > 0:
            with suppress(TimeoutError, DevToolsRefusalError):  # it goes from one page to another
                async with asyncio.timeout(max(LOOK_S, self._patience.left_s)):
                    tree = await self._tree(session)
            if tree and self._expected(tree):
                with suppress(TimeoutError):
                    async with asyncio.timeout(SETTLE_S):
                        await self.interception.idle.wait()
                break
            await asyncio.sleep(LOOK_S)
        if tree is None:
            raise TimeoutError
        return tree

    async def _tree(self, session: str) -> str:
        nodes = (await self._call("Accessibility.getFullAXTree", session=session))["nodes"]
        return await asyncio.to_thread(as_text, nodes)

    async def _read(self, session: str, result: Rendering, tree: str) -> Rendering:
        """Read what is shown. The page's own scripts have no say in it: a world apart reads it."""
        frame = (await self._call("Page.getFrameTree", session=session))["frameTree"]["frame"]["id"]
        world = await self._call("Page.createIsolatedWorld", session=session, frameId=frame)
        context = world["executionContextId"]
        text = await self._evaluated(session, context, _TEXT)
        document = await self._evaluated(session, context, _DOCUMENT)
        shot = await self._call("Page.captureScreenshot", session=session, format="png")
        picture = base64.b64decode(shot["data"])
        return replace(
            result,
            tree=await self._tree(session) or tree,
            text=clean(text, TEXT_CHARACTERS),
            document=document[:DOCUMENT_CHARACTERS],
            picture=picture if len(picture) <= PICTURE_BYTES else b"",
        )

    async def _evaluated(self, session: str, context: int, expression: str) -> str:
        answer = await self._call(
            "Runtime.evaluate",
            session=session,
            expression=expression,
            contextId=context,
            returnByValue=True,
        )
        return str(answer["result"].get("value", ""))

    async def _watch_memory(self, chromium: Chromium) -> None:
        """End the browser when it takes more memory than it may."""
        while True:
            await asyncio.sleep(WATCH_S)
            if await asyncio.to_thread(chromium.own_bytes) > self._page.memory_bytes:
                self._fail(RenderFailure.MEMORY)

    async def _call(self, method: str, **parameters: Any) -> Parameters:
        if self._chromium is None:
            raise DevToolsError("not started")
        return await self._chromium.tools.call(method, **parameters)

    def _do(self, work: Awaitable[object]) -> None:
        """Do something without waiting for it; a browser that is gone says so elsewhere."""

        async def done() -> None:
            with suppress(DevToolsError, KeyError, TypeError, AttributeError):
                await work

        task = asyncio.create_task(done())
        self._loose.add(task)
        task.add_done_callback(self._loose.discard)

    def _fail(self, failure: RenderFailure) -> None:
        """End the browser: nothing can be read of it."""
        self.failure = self.failure or failure
        if self._chromium is not None:
            self._chromium.kill()

    def _close_popup(self, target: Mapping[str, Any]) -> None:
        if self._target and target["type"] == "page" and target["targetId"] != self._target:
            self._do(self._call("Target.closeTarget", targetId=target["targetId"]))

    def _note(self, text: str) -> None:
        if len(self.console) < CONSOLE_LINES:
            self.console.append(clean(text, CONSOLE_CHARACTERS))


_PREPARATION: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("Page.enable", {}),
    ("Runtime.enable", {}),
    ("Log.enable", {}),
    ("Accessibility.enable", {}),
    ("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Paris"}),
    ("Emulation.setLocaleOverride", {"locale": "fr-FR"}),
    ("Emulation.setFocusEmulationEnabled", {"enabled": True}),
)


def _thrown(details: Mapping[str, Any]) -> str:
    exception = details.get("exception") or {}
    text = exception.get("description") or details.get("text") or ""
    return f"{text} {details.get('url', '')}"


def _printed(argument: Mapping[str, Any]) -> str:
    return str(argument.get("value", argument.get("description", "")))


def _fonts_sha256() -> str:
    """Return the digest of the names and sizes of the fonts that pages are drawn with."""
    lines = sorted(
        f"{path.name} {path.stat().st_size}"
        for path, _ in zip(_FONTS.rglob("*.[ot]t[fc]"), range(_FONTS_MOST), strict=False)
    )
    return sha256("\n".join(lines).encode()).hexdigest()
