"""A request to end that must not get lost."""

import asyncio


def heed_cancellation() -> None:
    """Raise CancelledError if this task was asked to end, and what it awaited hid that.

    A library may turn a cancellation into a fault of its own, or return as if there were none, as
    `asyncio.wait_for` of Python 3.11 does where both come at once. A loop that goes on then is
    waited for in vain, and a service that must stop never does. Whatever waits by the clock heeds
    it; an endless loop that waits for something else begins each round with this.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
