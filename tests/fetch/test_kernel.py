"""What the kernel really says of a connection."""

import select
import socket
import sys
from contextlib import ExitStack

import pytest

from monitor.fetch import kernel

PATIENT = 300  # waits of a tenth of a second each; a SYN is sent again after one second


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_INFO is Linux's")
def test_a_syn_that_is_sent_again_is_counted() -> None:
    """A server whose queue is full drops what comes: the kernel then sends it again."""
    with ExitStack() as held:
        server = held.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        for _ in range(4):  # the queue holds one or two
            one = held.enter_context(socket.socket())
            one.settimeout(0)
            assert one.connect_ex(server.getsockname()) != 0
            waiting.append(one)
        last = waiting[-1]
        assert kernel.retransmits(last) == 0

        for _ in range(PATIENT):
            if kernel.retransmits(last):
                break
            assert not select.select([], [last], [], 0.1)[1], "it was let in: the queue is longer"

        assert kernel.retransmits(last) in {1, 2, 3, 4, 5}
        assert kernel.retransmits(waiting[0]) == 0
