"""A bus in memory: the engine's source and sink without a broker, which is not what conformance is about."""

import asyncio
from collections.abc import Mapping, Sequence

from hub.engine.clock import now_micros
from hub.engine.records import Outgoing, Place, Record


class Bus:
    """One topic of one partition to read, and all that was published, in order."""

    cluster = "memory"

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.published: list[Outgoing] = []
        self._records: list[Record] = []
        self._arrived = asyncio.Event()
        self._next = 0

    def put(self, value: bytes, jws: str) -> None:
        """Append a signed record, with the broker's time."""
        headers = (("jws", jws.encode()),)
        self._records.append(Record(self.topic, 0, len(self._records), now_micros(), None, value, headers))
        self._arrived.set()

    def wake(self) -> None:
        """Let a waiting `take` return."""
        self._arrived.set()

    # -- Source --------------------------------------------------------------------------------------------------------

    async def open(self) -> dict[Place, int]:
        return {(self.topic, 0): 0}

    def seek(self, positions: Mapping[Place, int]) -> None:
        self._next = positions.get((self.topic, 0), 0)

    async def take(self, most: int, timeout_ms: int) -> list[Record]:
        if self._next == len(self._records):
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), timeout_ms / 1000)
            except TimeoutError:
                return []
        taken = self._records[self._next : self._next + most]
        self._next += len(taken)
        return taken

    async def log_ends(self) -> dict[Place, int]:
        return {(self.topic, 0): len(self._records)}

    # -- Sink ----------------------------------------------------------------------------------------------------------

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        self.published += batch

    async def close(self) -> None:
        """Nothing to close, as source or as sink."""
