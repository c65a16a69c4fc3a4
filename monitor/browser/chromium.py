"""One Chromium for one visit: started, watched and ended, with all its processes."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from monitor.browser.devtools import DevTools, Event

WIDTH, HEIGHT = 1280, 800
SCRIPT_MEGABYTES = 192  # of the page's own objects, by the engine's own limit

_LAUNCHER = Path(__file__).with_name("launcher.py")
_UNUSED_FEATURES = (
    "AutofillServerCommunication,CertificateTransparencyComponentUpdater,DialMediaRouteProvider,"
    "InterestFeedContentSuggestions,MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,"
    "Prerender2,SpareRendererForSitePerProcess,Translate,WebRtcHideLocalIpsWithMdns"
)
# Every request of a page is intercepted before it leaves the browser. These are for what is no
# request of a page (sockets, WebRTC, names looked up in advance), and for the browser itself.
FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=socks5://nowhere.invalid:9",
    "--proxy-bypass-list=<-loopback>",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # chromium-headless-shell
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",  # chromium
    "--disable-quic",
    "--dns-prefetch-disable",
    "--no-pings",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-client-side-phishing-detection",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-breakpad",
    "--disable-crash-reporter",
    f"--disable-features={_UNUSED_FEATURES}",
    "--no-first-run",
    "--no-default-browser-check",
    "--deny-permission-prompts",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disk-cache-size=1",
    "--mute-audio",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--lang=fr-FR",
    f"--window-size={WIDTH},{HEIGHT}",
    "--block-new-web-contents",
    "--renderer-process-limit=1",
    f"--js-flags=--max-old-space-size={SCRIPT_MEGABYTES}",
)
NO_SANDBOX = "--no-sandbox"
_SESSION_FIELD = 3  # of /proc/PID/stat, after the name: state, parent, group, session
_PAGE_KEYS = ("RssAnon:", "RssShmem:")
_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Executable:
    """A browser that may be run. `sandbox` is False for tests alone, and so is `apart`.

    `apart`: it leaves the network, where the system lets it.
    """

    path: Path
    sandbox: bool = True
    apart: bool = True

    @property
    def flags(self) -> tuple[str, ...]:
        return FLAGS if self.sandbox else (*FLAGS, NO_SANDBOX)


class Chromium:
    """A running browser. `session` is that of its processes, which all end with it."""

    def __init__(self, session: int, tools: DevTools) -> None:
        self._session = session
        self.tools = tools

    def own_bytes(self) -> int:
        """Return the memory that is the browser's alone, all processes together.

        What is mapped from files is shared with others, or can be read again, and not counted.
        """
        return sum(map(_own_bytes, _processes(self._session)))

    def kill(self) -> None:
        """End all its processes at once."""
        for process in (self._session, *_processes(self._session)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


@asynccontextmanager
async def running(executable: Executable, on_event: Event) -> AsyncGenerator[Chromium]:
    """Run a browser; when the block ends, all of its processes and files are gone.

    Raises:
        OSError: It cannot be started.

    """
    network = "none" if executable.apart else "shared"
    folder = tempfile.mkdtemp(prefix="vigie-browser-")
    tools = DevTools(on_event)
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    try:
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(_LAUNCHER), str(theirs_in), str(theirs_out), network),
                *(str(executable.path), *executable.flags, f"--user-data-dir={folder}"),
                "about:blank",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs_in, theirs_out),
                start_new_session=True,
                env=_environment(folder),
                cwd=folder,
            )
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        browser = Chromium(process.pid, tools)
        try:
            await tools.open(ours_in, ours_out)
            yield browser
        finally:
            browser.kill()
            await tools.close()
            await process.wait()
            browser.kill()  # what was started meanwhile
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _environment(folder: str) -> dict[str, str]:
    """Return all that the browser is told: nothing of ours, no secret, no other folder."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": folder,
        "TMPDIR": folder,
        "XDG_CONFIG_HOME": folder,
        "XDG_CACHE_HOME": folder,
        "LANG": "C.UTF-8",
        "LANGUAGE": "fr",
        "TZ": "Europe/Paris",
    }


def _processes(session: int) -> Iterator[int]:
    """Yield the processes of a session."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                text = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
                if int(text.rpartition(")")[2].split()[_SESSION_FIELD]) == session:
                    yield int(entry.name)


def _own_bytes(process: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace")
        lines = (line.split() for line in status.splitlines() if line.startswith(_PAGE_KEYS))
        return _KIBIBYTE * sum(int(line[1]) for line in lines)
    return 0
