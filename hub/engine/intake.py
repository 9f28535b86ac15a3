"""Between reading and deciding: what was verified while the store was busy is decided on in one transaction, up to a bound.

A transaction costs several milliseconds whatever it holds, so that under load few large ones are sooner done than many small ones.
"""

import asyncio

from hub.engine.batches import BATCH_BYTES
from hub.engine.records import Inbound, Unfit


class Intake:
    """Holds at most `most` records, of at most so many bytes as one batch may have; whoever brings more waits."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: list[Inbound | Unfit] = []
        self._size = 0
        self._ended = False
        self._changed = asyncio.Condition()

    async def put(self, part: list[Inbound | Unfit]) -> None:
        """Add `part`, which is no more than a batch, in order; once there is room for all of it."""
        size = sum(len(item.record.value) for item in part)
        async with self._changed:
            await self._changed.wait_for(
                lambda: not self._held or (len(self._held) + len(part) <= self._most and self._size + size <= BATCH_BYTES)
            )
            self._held += part
            self._size += size
            self._changed.notify_all()

    async def take(self) -> list[Inbound | Unfit] | None:
        """All that is held, once there is anything; None when there will be nothing more."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._held) or self._ended)
            held, self._held, self._size = self._held, [], 0
            self._changed.notify_all()
            return held or None

    async def end(self) -> None:
        """There is no more to come."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()
