"""Rehearse a federation: three points and a reader, on the loopback addresses of this machine.

The story of `tests/support/federation.py`, with each journal served as a service serves it, over
HTTP, and read by the program that `vigie follow` runs. Prints what the reader says at each scene;
the exit code is 1 when it is not what it should say.

    python -m bench.federation
"""

import asyncio
import socket
import sys
import tempfile
import threading
from pathlib import Path

from starlette.applications import Starlette

from monitor.core.french.point_sentences import common_word
from monitor.evidence.outbound_http import OutboundHttp
from monitor.runtime.clock import SystemClock
from monitor.web.journal_routes import journal_routes
from monitor.web.serving.answer_cache import AnswerCache
from monitor.web.serving.http_server import WebServer
from tests.attest.test_federation import SAID, spoken
from tests.support.federation import Federation, rehearse


def serve(name: str, journal: Path) -> str:
    """Serve a journal until this process ends; return its address."""
    del name
    files = AnswerCache(SystemClock().monotonic_us, compress=False)
    listening = socket.create_server(("127.0.0.1", 0))
    server = WebServer(Starlette(routes=journal_routes(journal, files)), listening)
    threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/journal"


def main() -> int:
    """Play the story."""
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        federation = Federation(
            folder,
            serve=serve,
            courier=lambda: OutboundHttp(
                user_agent="VigieANEF/essai", allow_private=True, ports=None, reuse=True
            ),
        )
        for scene in rehearse(federation, folder):
            right = spoken(scene) == SAID[scene.name]
            wrong += not right
            print(f"{'ok ' if right else 'NO '} {scene.name}: {common_word(scene.word)}")
            for point, why in scene.why.items():
                if why:
                    print(f"     {point}: {why}")
        refused = not federation.restored_may_sign("paris")
        print(f"{'ok ' if refused else 'NO '} restored from a backup, paris signs nothing more")
    return int(bool(wrong) or not refused)


if __name__ == "__main__":
    sys.exit(main())
