"""Many requests under way at once, their results one by one to a caller that knows nothing of it.

The event loop lives in a thread of its own: requests go on while the caller writes to disk, and a
caller that runs in an event loop itself, as a notebook does, is not disturbed.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
Client = TypeVar("Client")

_JOIN_S = 5.0
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


class Streaming(Generic[Client, Job, Result]):
    """Does `work` on every job, `concurrency` of them at once, and yields what comes in the order it comes.

    Jobs are taken from their iterator when a place is free, and no more while twice as many results
    wait for the caller: memory does not grow with the number of jobs. One place at a time waits for
    the next job, where there is none yet. An error of one job ends all, after the results that were
    there before it.
    """

    def __init__(
        self,
        open_client: Callable[[], AbstractAsyncContextManager[Client]],
        work: Callable[[Client, Job], Awaitable[Result]],
        concurrency: int,
    ) -> None:
        self._open_client = open_client
        self._work = work
        self._concurrency = concurrency
        self._results: queue.SimpleQueue[Result | _End] = queue.SimpleQueue()

    def results(self, jobs: AsyncIterator[Job]) -> Iterator[Result]:
        """Yield one result a job; closing the iterator gives up what is under way."""
        loop = asyncio.new_event_loop()
        ready = threading.Event()
        task: list[asyncio.Task[None]] = []

        def run() -> None:
            task.append(loop.create_task(self._all(jobs)))
            ready.set()
            error: BaseException | None = None
            try:
                loop.run_until_complete(task[0])
            except BaseException as raised:
                error = raised
            finally:
                loop.close()
            self._results.put(_End(error))

        thread = threading.Thread(target=run, daemon=True, name="beyondbase-requests")
        thread.start()
        try:
            while not isinstance(result := self._results.get(), _End):
                yield result
            if result.error is not None:
                raise _first(result.error) from None
        finally:
            ready.wait()
            with suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(task[0].cancel)
            thread.join(_JOIN_S)

    async def _all(self, jobs: AsyncIterator[Job]) -> None:
        turn = asyncio.Lock()
        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(self._some(jobs, turn))

    async def _some(self, jobs: AsyncIterator[Job], turn: asyncio.Lock) -> None:
        # A client for each place: one for all would look through all its connections at every request.
        async with self._open_client() as client:
            while True:
                try:
                    async with turn:
                        job = await anext(jobs)
                except StopAsyncIteration:
                    return
                self._results.put(await self._work(client, job))
                while self._results.qsize() > 2 * self._concurrency:
                    await asyncio.sleep(_PAUSE_S)


def _first(error: BaseException) -> BaseException:
    """The error that ended a group, which raises it wrapped."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
