"""A hostile site and a hostile network around the real service, beside five healthy sites.

    python -m tests.fuzz.live --seconds 600 --seed 7

The service must live; no healthy site may ever be other than up, none of their checks over a
second late; its memory stays below 256 MB; and no fault of our own may be logged, since nothing
but data may come of what strangers send. The seed is printed: it makes the same bytes again.
Resolver and clock are attacked where their ports, 53 and 123, may be taken (root).
"""

import argparse
import json
import random
import secrets
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from monitor.core.model import GapCause, Reason, Verdict
from monitor.evidence.log.note import Algorithm, SignerKey
from monitor.runtime.clock import SystemClock
from monitor.store import Store
from tests.fuzz import hostile
from tests.support import certs
from tests.support import service as support
from tests.support.service import LocalSite, Service, running

HEALTHY = 5
HOSTILE = 4  # origins of each scheme
LATE_MAX_S = 1.0  # besides what the machine makes this very program late
BUSY_S = 0.5  # a machine that wakes this program so late says nothing of who froze the service
STARVED = 0.2  # nor does one that makes the service's loop wait so much of the time for a processor
MEMORY_MAX_BYTES = 256 << 20
# Of the hostile sites: each a platform of its own, so that they are asked side by side.
HEAVY = ["127.0.3.1", "127.0.3.2"]  # whole pages of 5 MB
PLAIN = [f"127.0.1.{number}" for number in range(1, HOSTILE + 1)]
SECURE = [f"127.0.2.{number}" for number in range(1, HOSTILE + 1)]
NETWORK = "127.0.0.4"  # where resolver and clock are attacked


@dataclass(slots=True, kw_only=True)
class Result:
    """What became of it; `wrong` says in words what may not be."""

    seed: int
    sent: int
    healthy: int
    verdicts: Counter[str] = field(default_factory=Counter)
    latest_s: float = 0.0
    our_own_s: float = 0.0  # how late the machine woke this program
    starved: float = 0.0  # share of the time that the service's loop was ready to run and did not
    memory_bytes: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def is_unsure(self) -> bool:
        """Whether the machine was too busy to tell by whose fault a check was late."""
        return self.our_own_s > BUSY_S or self.starved > STARVED


class Attacker:
    """Sockets that answer with hostile bytes, each from dice of its own."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.sent = 0
        self._stack = ExitStack()
        self._over = threading.Event()
        self._heavy = hostile.HeavyPages(random.Random(seed))  # noqa: S311 -- repeatable

    def close(self) -> None:
        self._over.set()
        self._stack.close()

    def web(
        self, host: str, *, tls: list[ssl.SSLContext] | None = None, heavy: bool = False
    ) -> int:
        """Serve hostile answers, or whole ones that cost much to read; return the port."""
        listener = self._stack.enter_context(socket.create_server((host, 0), backlog=64))
        port: int = listener.getsockname()[1]
        dice = random.Random(f"{self.seed} {host} {tls is None} {self.sent}")  # noqa: S311 -- repeatable
        self.sent += 1
        self._thread(lambda: self._serve(listener, dice, tls, heavy=heavy))
        return port

    def datagrams(self, port: int, say: Callable[[bytes, random.Random], bytes]) -> bool:
        """Answer datagrams; False where the port may not be taken."""
        sock = self._stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        dice = random.Random(f"{self.seed} {port}")  # noqa: S311 -- repeatable
        try:
            sock.bind((NETWORK, port))
        except OSError:
            return False

        def serve() -> None:
            while not self._over.is_set():
                with suppress(OSError, ValueError):
                    data, peer = sock.recvfrom(4096)
                    self.sent += 1
                    sock.sendto(say(data, dice), peer)

        self._thread(serve)
        return True

    def _serve(
        self,
        listener: socket.socket,
        dice: random.Random,
        tls: list[ssl.SSLContext] | None,
        *,
        heavy: bool,
    ) -> None:
        while not self._over.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError, ValueError, IndexError), peer:
                peer.settimeout(3)
                line = peer if tls is None else dice.choice(tls).wrap_socket(peer, server_side=True)
                with line:
                    path = line.recv(65_536).split(b" ", 2)[1].decode("latin-1")
                    elsewhere = f"http://{listener.getsockname()[0]}:{listener.getsockname()[1]}/x"
                    self.sent += 1
                    if heavy:
                        line.sendall(self._heavy.answer(dice, path))
                    else:
                        line.sendall(hostile.answer(dice, path, elsewhere))

    def _thread(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()


def configuration(folder: Path, attacker: Attacker, healthy: list[LocalSite]) -> Path:
    """Write what has all of the attacker's sockets asked, and the healthy sites beside them."""
    dice = random.Random(attacker.seed)  # noqa: S311 -- repeatable
    plain = [attacker.web(host) for host in PLAIN]
    aia = f"http://{PLAIN[0]}:{plain[0]}/aia"
    contexts = []
    for leaf in hostile.leaves(dice, SECURE, aia, 12):
        with suppress(ssl.SSLError):  # what OpenSSL would not even serve
            contexts.append(certs.server_context(leaf))
    secure = [attacker.web(host, tls=contexts) for host in SECURE]
    heavy = [attacker.web(host, heavy=True) for host in HEAVY]
    named = attacker.datagrams(53, lambda data, dice: hostile.dns_answer(data, dice, PLAIN[0]))
    clock = SystemClock()
    timed = attacker.datagrams(
        123, lambda data, dice: hostile.ntp_answer(data, dice, clock.now().timestamp())
    )
    urls = [f"http://{host}:{port}/p" for host, port in zip(PLAIN, plain, strict=True)]
    urls += [f"https://{host}:{port}/p" for host, port in zip(SECURE, secure, strict=True)]
    urls += [f"http://nom{n}.essai.fr:{port}/" for n, port in enumerate(plain)] if named else []
    urls += [f"http://{host}:{port}/p" for host, port in zip(HEAVY, heavy, strict=True)]
    witness = SignerKey("temoin.essai", Algorithm.COSIGNATURE, bytes(32)).verifier
    lines = [
        "[service]",
        'user_agent = "VigieANEF-essai (+https://vigie.invalid/robot; contact@vigie.invalid)"',
        'contact = "contact@vigie.invalid"',
        "allow_private = true",
        f'extra_ca = "{certs.root_file()}"',
        '[publisher]\nassociation = "Essai"\nsite = "https://vigie.invalid/"',
        '[journal]\norigin = "vigie.invalid/journal"',
        "[controls]\nneeded = 1\ninterval_s = 2",
        '[[controls.host]]\nslug = "temoin"\nname = "Témoin"\noperator = "Essai"',
        f'url = "http://127.0.0.1:{healthy[-1].port}/"',
        '[[controls.host]]\nslug = "hostile"\nname = "Témoin hostile"\noperator = "Autre"',
        f'url = "{urls[HOSTILE]}"',
        f'[resolver]\nservers = ["{NETWORK}"]' if named else "",
        f'[clock]\nntp_servers = ["{NETWORK}"]\nlimit_ms = 60000' if timed else "",
        "[stamps]\ninterval_s = 1",
        *(
            f'[[stamps.authority]]\nslug = "h{n}"\nname = "H"\nurl = "{urls[n]}"\noperator = "H{n}"'
            for n in (1, 3)
        ),
        f'[cosigning]\nneeded = 1\nwitness = [{{ key = "{witness}", url = "{urls[2]}" }}]',
        '[[platform]]\nslug = "bons"\nname = "Bons"\nspacing_s = 0.05\nhosts = ["127.0.0.1"]',
    ]
    lines += [
        f'[[platform]]\nslug = "{_platform(url)}"\nname = "M"\nspacing_s = 0.05\n'
        f'hosts = ["{urlsplit(url).hostname}"]'
        for url in urls
    ]
    (folder / "targets").mkdir(parents=True)
    (folder / "fingerprints.toml").write_text("")
    (folder / "milestones.toml").write_text("")
    (folder / "vigie.toml").write_text("\n".join(lines))
    blocks = [
        _target(f"bon-{n}", f"http://127.0.0.1:{site.port}/page/{n}", "bons", every_s=3)
        for n, site in enumerate(healthy[:-1])
    ]
    kinds = ("page", "api", "login", "home", "shell")
    blocks += [
        _target(f"mauvais-{n}", url, _platform(url), every_s=3, kind=kinds[n % len(kinds)])
        for n, url in enumerate(urls)
    ]
    (folder / "targets" / "essai.toml").write_text('group = "essai"\n' + "\n".join(blocks))
    return folder


def _platform(url: str) -> str:
    return "m-" + (urlsplit(url).hostname or "").replace(".", "-")


def _target(slug: str, url: str, platform: str, *, every_s: int, kind: str = "page") -> str:
    return (
        f'[[target]]\nslug = "{slug}"\nname = "{slug}"\nurl = "{url}"\nkind = "{kind}"\n'
        f'platform = "{platform}"\ninterval_s = {every_s}\ndeadline_s = {every_s - 1}.0\n'
        f'slow_s = {every_s - 1.1:.1f}\nsource = "essai"\nverified = "yes"\n'
    )


def attack(seconds: float, seed: int) -> Result:
    """Run it all, then read the record."""
    support.PATIENT_S = 120.0  # until the pages answer, on a machine that does much else
    attacker, healthy = Attacker(seed), [LocalSite() for _ in range(HEALTHY + 1)]
    with tempfile.TemporaryDirectory(prefix="vigie-fuzz-") as name:
        folder = Path(name)
        config, data = configuration(folder / "config", attacker, healthy), folder / "data"
        begun = attacker.sent
        result = Result(seed=seed, sent=0, healthy=0)
        try:
            with running(config, data) as service:
                _watch(service, seconds, result)
                lived = service.process.poll() is None
                ended_at = SystemClock().now()
                code = service.stop() if lived else service.process.returncode
        finally:
            attacker.close()
            for site in healthy:
                site.stop()
        result.sent = attacker.sent - begun
        if not lived or code:
            result.wrong.append(f"the service ended with {code}: {_end_of(service.log)}")
        _judge(data, service.log, result, ended_at)
    return result


def _watch(service: Service, seconds: float, result: Result) -> None:
    end = time.monotonic() + seconds  # noqa: TID251 -- a service outside is waited for
    while time.monotonic() < end and service.process.poll() is None:  # noqa: TID251 -- the same
        with suppress(OSError):
            status = Path(f"/proc/{service.process.pid}/status").read_text()
            peak = status.partition("VmHWM:")[2].split()
            result.memory_bytes = int(peak[0]) * 1024 if peak else result.memory_bytes
        before = time.monotonic()  # noqa: TID251 -- the same
        time.sleep(0.1)
        woken_s = time.monotonic() - before - 0.1  # noqa: TID251 -- the same
        result.our_own_s = max(result.our_own_s, woken_s)
        with suppress(OSError):
            pid = service.process.pid
            waited_ns = int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1])
            result.starved = waited_ns / 1e9 / seconds
    if result.memory_bytes > MEMORY_MAX_BYTES:
        result.wrong.append(f"{result.memory_bytes >> 20} MB of memory")


def _judge(data: Path, log: Path, result: Result, ended_at: datetime) -> None:
    now = SystemClock().now() + timedelta(minutes=1)
    busy = result.is_unsure
    with Store.open(f"sqlite:///{data / 'vigie.sqlite'}", point="local", writer=False) as store:
        for number in range(HEALTHY):
            slug = f"bon-{number}"
            for check in store.observations(slug, now - timedelta(days=1), now):
                result.healthy += 1
                late_s = (check.at - check.slot_at).total_seconds()
                result.latest_s = max(result.latest_s, late_s)
                frozen = check.reason is Reason.LOCAL_PROCESS
                if check.verdict is not Verdict.UP and not (frozen and busy):
                    result.wrong.append(f"{slug}: {check.verdict.value}, {check.reason.value}")
                if late_s > LATE_MAX_S + result.our_own_s and not busy:
                    result.wrong.append(f"{slug}: {late_s:.2f} s late")
        lost = store.gaps(now - timedelta(days=1), now)
        result.wrong += [
            f"{gap.target}: a slot lost, {gap.cause.value}"
            for gap in lost
            if gap.target.startswith("bon-")
            # Told to stop, it begins no check that waits for its turn.
            and not (gap.cause is GapCause.STOPPED and gap.to_at > ended_at)
            and not (busy and gap.cause is GapCause.OVERRUN)
        ]
    if not result.healthy:
        result.wrong.append("no healthy site was checked")
    for line in log.read_text(errors="replace").splitlines():
        with suppress(ValueError):
            document = json.loads(line)
            if document.get("event") == "probe":
                result.verdicts[document["reason"]] += 1
            if document.get("event") == "fault of our own":
                result.wrong.append(f"fault: {document}")


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-3_000:]


def main() -> int:
    """Attack for a while; 1 when something was wrong."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=600)
    asked.add_argument("--seed", type=int, default=secrets.randbits(32))
    found = asked.parse_args()
    print(f"seed {found.seed}, {found.seconds:g} s", flush=True)
    result = attack(found.seconds, found.seed)
    print(f"{result.sent} hostile answers; reasons: {dict(result.verdicts.most_common())}")
    print(
        f"{result.healthy} checks of healthy sites, the latest {result.latest_s:.3f} s late"
        f" (this program {result.our_own_s:.3f} s, its loop without a processor"
        f" {result.starved:.0%} of the time); {result.memory_bytes >> 20} MB at most"
    )
    for one in result.wrong[:50]:
        print(f"WRONG: {one}")
    if result.is_unsure:
        print("the machine was too busy to tell whether a check was late by our fault")
    print("well" if not result.wrong else f"{len(result.wrong)} faults, seed {result.seed}")
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
