"""Group commit: one thread, one transaction for all that waits, an answer when it is durable."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Generic, TypeVar

from sqlalchemy import Connection

from monitor.store.engine import StoreError, explain

T = TypeVar("T")
MAX_GROUP = 500  # items of one transaction


class Writer(Generic[T]):
    """Writes items in order. The first error is final: nothing is written after it.

    A supervisor restarts the process; going on after a lost write would leave a record that
    contradicts what the process believes.
    """

    def __init__(
        self,
        connection: Connection,
        apply: Callable[[Connection, Sequence[T]], None],
        *,
        where: str,
        rest_s: float,
    ) -> None:
        """Start the thread, to which the connection belongs from now on.

        Args:
            connection: Open, without a transaction.
            apply: Executes what a group of items needs.
            where: Name of the database in messages.
            rest_s: Least time between two transactions: what comes meanwhile shares the next.

        """
        self._connection = connection
        self._apply = apply
        self._where = where
        self._rest_s = rest_s
        self._queue: SimpleQueue[tuple[T, asyncio.Future[None]] | None] = SimpleQueue()
        self._closing = Event()
        self._broken: StoreError | None = None
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def write(self, item: T) -> None:
        """Return when the item is on the disk. Raises StoreError, and again on every later call.

        A caller that is cancelled does not call its item back.
        """
        if self._closing.is_set():
            raise StoreError(f"Base {self._where} : elle est déjà refermée.")
        done = asyncio.get_running_loop().create_future()
        self._queue.put((item, done))
        await done

    def close(self) -> None:
        """Write what waits, then end. Safe to call twice."""
        if not self._closing.is_set():
            self._closing.set()
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        more = True
        while more:
            group, more = self._next_group()
            if group:
                self._commit([item for item, _ in group])
                self._answer([done for _, done in group])
                self._closing.wait(self._rest_s)

    def _next_group(self) -> tuple[list[tuple[T, asyncio.Future[None]]], bool]:
        """Wait for an item, then take all that is there. False: nothing comes after."""
        first = self._queue.get()
        if first is None:
            return [], False
        group = [first]
        while len(group) < MAX_GROUP:
            try:
                following = self._queue.get_nowait()
            except Empty:
                break
            if following is None:
                return group, False
            group.append(following)
        return group, True

    def _commit(self, items: Sequence[T]) -> None:
        if self._broken:
            return
        try:
            with self._connection.begin():
                self._apply(self._connection, items)
        except Exception as error:  # noqa: BLE001 -- whatever it is, nothing may be written after
            self._broken = StoreError(explain(error, self._where))
            self._broken.__cause__ = error

    def _answer(self, futures: Sequence[asyncio.Future[None]]) -> None:
        loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = defaultdict(list)
        for future in futures:
            loops[future.get_loop()].append(future)
        for loop, waiting in loops.items():
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, waiting, self._broken)


def _settle(futures: Sequence[asyncio.Future[None]], broken: StoreError | None) -> None:
    for future in futures:
        if future.done():
            continue
        if broken is None:
            future.set_result(None)
        else:
            error = StoreError(*broken.args)
            error.__cause__ = broken.__cause__
            future.set_exception(error)
