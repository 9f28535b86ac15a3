"""The one thread on which everything that has to do with the store happens, so that the event loop never waits for a disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class StoreThread:
    """Blocking work, one piece at a time, in the order in which it was given."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="store")

    async def do(self, function: Callable[..., T], *arguments: object) -> T:
        """What `function` gives."""
        job: Callable[[], T] = partial(function, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._executor, job)

    def close(self) -> None:
        """End it, once what it was given is done."""
        self._executor.shutdown()
