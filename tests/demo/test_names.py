"""The demo's name server, without a socket."""

import dns.message
import dns.rcode
import pytest

from monitor.demo.name_server import NameServer

SERVER = NameServer({"a.demo.test": ("127.86.0.9",)})


def test_a_name_is_found_whatever_its_case() -> None:
    wire = SERVER.answer(dns.message.make_query("A.Demo.Test", "A").to_wire())
    assert wire is not None
    assert dns.message.from_wire(wire).answer[0][0].to_text() == "127.86.0.9"


@pytest.mark.parametrize("noise", [b"", b"x", b"\x00" * 12, b"\xff" * 600])
def test_what_is_no_question_gets_no_answer(noise: bytes) -> None:
    assert SERVER.answer(noise) is None


def test_a_name_that_is_not_played_does_not_exist() -> None:
    wire = SERVER.answer(dns.message.make_query("administration.gouv.fr", "A").to_wire())
    assert wire is not None
    assert dns.message.from_wire(wire).rcode() == dns.rcode.NXDOMAIN
