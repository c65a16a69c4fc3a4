"""Threads for work on bytes from outside, apart from those that the record needs.

A hostile page may keep these busy for seconds; what is small is done at once, without them, so
that an honest page does not queue behind it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

WORKERS = 2

P = ParamSpec("P")
T = TypeVar("T")

_pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="foreign")


async def apart(work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Call `work` in one of the threads; its work must be bounded, since no thread is ended."""
    return await asyncio.get_running_loop().run_in_executor(_pool, partial(work, *args, **more))
