"""Threads for work on bytes from outside, separate from those that the record needs.

A hostile page may keep these busy for seconds; small work is done without them, so that an
ordinary page does not queue behind it.
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
    """Call `work` in one of the threads. It must be bounded, since no thread is ever stopped."""
    return await asyncio.get_running_loop().run_in_executor(_pool, partial(work, *args, **more))
