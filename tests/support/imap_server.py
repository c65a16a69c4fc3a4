"""An IMAP server over TLS that knows just what a reader of one mailbox asks."""

import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer


@dataclass(kw_only=True)
class ImapServer:
    """Its mails, by number, and what became of them.

    Attributes:
        refuses: Whether a login is refused.
        literal: What the server claims as the length of a mail; None for the truth.
        cut_at: The number of the mail at which it ends the connection.

    """

    mails: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    logins: list[str] = field(default_factory=list)
    refuses: bool = False
    literal: int | None = None
    cut_at: int = 0
    port: int = 0


_FETCH = re.compile(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)")
_STORE = re.compile(r"UID STORE (\d+) \+FLAGS\.SILENT \(\\Seen\)")


class _Conversation:
    """One connection, whose commands are answered in order."""

    def __init__(self, server: ImapServer, secure: ssl.SSLSocket) -> None:
        self._server = server
        self._secure = secure

    def hold(self) -> None:
        self._send("* OK ready")
        with self._secure.makefile("rb") as lines:
            for line in lines:
                tag, _, words = line.decode().strip().partition(" ")
                if not self._answer(tag, words):
                    return

    def _send(self, text: str) -> None:
        self._secure.sendall(f"{text}\r\n".encode())

    def _answer(self, tag: str, words: str) -> bool:
        server, name = self._server, words.partition(" ")[0].upper()
        if match := _FETCH.fullmatch(words):
            return self._fetch(tag, int(match[1]), int(match[2]))
        if match := _STORE.fullmatch(words):
            server.seen.add(int(match[1]))
        elif name == "LOGIN":
            server.logins.append(words)
            self._send(f"{tag} {'NO' if server.refuses else 'OK'} login")
            return True
        elif name == "CAPABILITY":
            self._send("* CAPABILITY IMAP4rev1")
        elif name == "SELECT":
            self._send(f"* {len(server.mails)} EXISTS")
        elif words.upper() == "UID SEARCH UNSEEN":
            unseen = " ".join(str(n) for n in sorted(server.mails) if n not in server.seen)
            self._send(f"* SEARCH {unseen}")
        else:
            self._send(f"{tag} BAD {words}")
            return True
        self._send(f"{tag} OK done")
        return True

    def _fetch(self, tag: str, number: int, most: int) -> bool:
        if number == self._server.cut_at:
            return False
        data = self._server.mails[number][:most]
        length = len(data) if self._server.literal is None else self._server.literal
        head = f"* {number} FETCH (UID {number} BODY[]<0> {{{length}}}\r\n"
        self._secure.sendall(head.encode() + data + b")\r\n")
        self._send(f"{tag} OK done")
        return True


@contextmanager
def imap_server(server: ImapServer, tls: ssl.SSLContext) -> Iterator[ImapServer]:
    """Serve on a free port of loopback."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            # A reader that turns away is no failure of a test.
            with suppress(OSError), tls.wrap_socket(self.request, server_side=True) as secure:
                _Conversation(server, secure).hold()

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        server.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
