"""Faults of our own side with real sockets: a probe, its router and an internet, each apart.

Needs root, or the right to make network namespaces, and iproute2. Where that is not to be had
the tests are skipped, but never by root in CI.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.probe.namespaces.places import ADDRESSES, HOSTS

ROOT = Path(__file__).parents[3]
FOUR, SIX = "203.0.113.0/24", "2001:db8:1::/64"
IN_CI = os.environ.get("CI") == "true" and os.geteuid() == 0
Said = dict[str, tuple[str, str]]


pytestmark = pytest.mark.timeout(600)


class Net:
    """Three namespaces in a row; `probe` asks, `internet` answers."""

    def __init__(self, folder: Path) -> None:
        tag = f"vigie-{os.getpid()}"
        self.names = {role: f"{tag}-{role}" for role in ("probe", "router", "internet")}
        self._running: list[subprocess.Popen[str]] = []
        for name in self.names.values():
            run("ip", "netns", "add", name)
        for role in self.names:
            self.do(role, "ip link set lo up")
        self._wire("probe", "router", 1)
        self._wire("router", "internet", 2)
        self.do("router", "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
        for address in ADDRESSES:
            bits = "128 nodad" if ":" in address else "32"
            self.do("internet", f"ip address add {address}/{bits} dev lo")
        self.do("probe", "ip route add default via 10.77.1.2")
        self.do("probe", "ip -6 route add default via fd77:1::2")
        self.do("internet", "ip route add default via 10.77.2.1")
        self.do("internet", "ip -6 route add default via fd77:2::1")
        self.mend()
        self._internet = self._start("internet", "tests.probe.namespaces.internet", folder)
        self._probe = self._start("probe", "tests.probe.namespaces.probe", folder / "racine.pem")

    def _wire(self, one: str, other: str, number: int) -> None:
        """Join two namespaces: the first gets .1, the second .2 of network `number`."""
        ends = [f"v{os.getpid()}{number}{side}" for side in "ab"]
        run("ip", "link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for role, end, last in ((one, ends[0], 1), (other, ends[1], 2)):
            run("ip", "link", "set", end, "netns", self.names[role], "name", f"to{number}")
            self.do(role, f"ip address add 10.77.{number}.{last}/24 dev to{number}")
            self.do(role, f"ip address add fd77:{number}::{last}/64 dev to{number} nodad")
            self.do(role, f"ip link set to{number} up")

    def do(self, role: str, command: str) -> None:
        run("ip", "netns", "exec", self.names[role], *command.split())

    def route(self, kind: str, *networks: str) -> None:
        """Make the router treat networks so: "blackhole", "unreachable", "prohibit"."""
        for network in networks:
            family = "-6" if ":" in network else "-4"
            self.do("router", f"ip {family} route replace {kind} {network}")

    def forget(self, *networks: str) -> None:
        for network in networks:
            with suppress(subprocess.CalledProcessError):  # it was not there
                self.do("router", f"ip -4 route del {network}")

    def mend(self) -> None:
        """Put all right again."""
        self.do("router", f"ip -4 route replace {FOUR} via 10.77.2.2")
        self.do("router", f"ip -6 route replace {SIX} via fd77:2::2")

    def play(self, **wanted: object) -> None:
        assert self.ask(self._internet, json.dumps(wanted)) == "done"

    def check(self, word: str = "check") -> Said:
        document = json.loads(self.ask(self._probe, word))
        return {slug: (verdict, reason) for slug, verdict, reason in document}

    def ask(self, process: subprocess.Popen[str], line: str) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    def _start(self, role: str, module: str, argument: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.names[role], sys.executable, "-m", module, argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        return process

    def close(self) -> None:
        for process in self._running:
            process.communicate()  # the end of its stdin is its end
        for name in self.names.values():
            run("ip", "netns", "delete", name)


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    try:
        run("ip", "netns", "add", f"vigie-try-{os.getpid()}")
        run("ip", "netns", "delete", f"vigie-try-{os.getpid()}")
    except (OSError, subprocess.CalledProcessError) as error:
        if IN_CI:
            raise
        pytest.skip(f"no network namespace can be made here: {error}")
    made = Net(tmp_path_factory.mktemp("internet"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def well(net: Net) -> Iterator[None]:
    """Begin and end each test with all well, and known to be so."""
    controls = net.check()
    assert controls == {"quatre": ("up", "ok"), "deux": ("up", "ok")}
    yield
    net.mend()
    net.play()


HOSTS_OF_FOUR = tuple(f"{found[0]}/32" for found in HOSTS.values())


@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
@pytest.mark.parametrize(
    ("networks", "both"),
    [((FOUR, SIX), True), (HOSTS_OF_FOUR, False), ((*HOSTS_OF_FOUR, SIX), True)],
    ids=["everything", "IPv4 but for names", "everything but names"],
)
def test_what_our_router_loses_or_refuses_is_ours(
    net: Net, kind: str, networks: tuple[str, ...], *, both: bool
) -> None:
    net.route(kind, *networks)
    controls = net.check()
    net.forget(*HOSTS_OF_FOUR)
    assert controls["quatre"][0] == "unknown", controls
    assert controls["deux"][0] == ("unknown" if both else "up"), controls


@pytest.mark.parametrize("cut_s", [0.5, 2.0, 4.0, 5.5])
def test_a_cut_of_some_seconds_is_ours(net: Net, cut_s: float) -> None:
    net.route("blackhole", *HOSTS_OF_FOUR, SIX)
    back = threading.Timer(cut_s, net.forget, HOSTS_OF_FOUR)
    also = threading.Timer(cut_s, net.mend)
    for each in (back, also):
        each.start()
    controls = net.check()
    for each in (back, also):
        each.join()
    assert {verdict for verdict, _ in controls.values()} <= {"up", "unknown"}, controls


@pytest.mark.parametrize("mute", [False, True], ids=["the other answers", "the other is closed"])
@pytest.mark.parametrize("lie", ["203.0.113.1", "203.0.113.77"], ids=["a page", "nobody"])
def test_a_resolver_that_lies_is_ours(net: Net, lie: str, *, mute: bool) -> None:
    net.play(lies={"quatre.test": lie, "deux.test": lie}, mute=mute)
    controls = net.check()
    assert controls["quatre"][0] == "unknown", controls
    assert controls["quatre"][1] in {"local_filter", "local_network"}, controls


@pytest.mark.parametrize("seconds", [3.0, 7.0])
def test_a_process_that_is_stopped_blames_nobody(net: Net, seconds: float) -> None:
    controls = net.check(f"freeze {seconds}")
    assert {verdict for verdict, _ in controls.values()} <= {"up", "unknown"}, controls


@pytest.mark.parametrize("dead", [["quatre.test"], ["quatre.test", "deux.test"]])
def test_a_site_that_is_down_is_down(net: Net, dead: list[str]) -> None:
    net.play(dead=dead)
    controls = net.check()
    wanted = dict.fromkeys(("quatre", "deux"), ("up", "ok"))
    wanted |= {host.partition(".")[0]: ("down", "connection_refused") for host in dead}
    assert controls == wanted


def test_a_site_that_is_silent_while_our_line_works_is_down(net: Net) -> None:
    net.route("blackhole", f"{HOSTS['quatre.test'][0]}/32")  # far away, for all that we can tell
    controls = net.check()
    net.forget(f"{HOSTS['quatre.test'][0]}/32")
    assert controls["quatre"][0] == "down", controls  # by one limit of ours or another
    assert controls["deux"] == ("up", "ok")


def test_an_icmp_error_names_who_sent_it(net: Net) -> None:
    """Our own router's is never the site's, even when all control hosts answer."""
    net.route("unreachable", f"{HOSTS['quatre.test'][0]}/32")
    controls = net.check()
    net.forget(f"{HOSTS['quatre.test'][0]}/32")
    assert controls["quatre"] == ("unknown", "local_network"), controls
