"""What a service manager does for a hub or a connector."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from deploy.demo.processes import Child


class Keeper:
    """Starts a process, and again whenever it ends, until told otherwise."""

    def __init__(self, start: Callable[[int], Coroutine[Any, Any, Child]]) -> None:
        self._start = start
        self._lives = 0
        self._task: asyncio.Task[None] | None = None
        self._ending = False
        self.child: Child | None = None
        self.killed = 0
        self.ended_itself: list[str] = []

    async def begin(self) -> None:
        """Start it for the first time, or again after `end`."""
        self._ending = False
        self.child = await self._start(self._lives)
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while self.child is not None:
            killed = self.killed
            await self.child.process.wait()
            if self._ending:
                return
            if killed == self.killed:
                self.ended_itself.append(f"{self.child.name} ended with {self.child.process.returncode}: see {self.child.log}")
                await asyncio.sleep(1)
            self._lives += 1
            self.child = await self._start(self._lives)

    def kill(self) -> None:
        """kill -9."""
        if self.child is not None and self.child.process.returncode is None:
            self.child.process.kill()
            self.killed += 1

    def signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.child is not None and self.child.process.returncode is None:
            self.child.process.send_signal(number)

    async def end(self) -> int | None:
        """SIGTERM, and its exit code; None when it does not end in time."""
        self._ending = True
        self._lives += 1
        if self.child is None or self._task is None:
            return 0
        self.signal(15)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._task), 60)
        if not self._task.done():
            self.child.process.kill()
            await self._task
            return None
        return self.child.process.returncode
