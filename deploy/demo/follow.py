"""Watching a run as it goes: an administrator's reader of every topic."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from hub.bus.connection import Connection
from hub.bus.source import KafkaSource
from hub.engine.records import Record


class Follower:
    """Collects every record of some topics while it is open."""

    def __init__(self, source: KafkaSource) -> None:
        self._source = source
        self.records: list[Record] = []

    async def run(self) -> None:
        """Collect, for ever; cancelled between two reads."""
        while True:
            self.records += await self._source.take(500, 200)
            await asyncio.sleep(0)

    async def caught_up(self) -> None:
        """Return once everything that stands in the topics now has been collected."""
        ends = await self._source.end_offsets()
        while True:
            have = dict.fromkeys(ends, 0)
            for record in self.records:
                place = record.topic, record.partition
                have[place] = max(have[place], record.offset + 1)
            if all(have[place] >= end for place, end in ends.items()):
                return
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def following(connection: Connection, topics: Sequence[str]) -> AsyncIterator[Follower]:
    """A follower that reads these topics from their beginning, in the background."""
    source = KafkaSource(connection, "demo", topics)
    try:
        source.seek(await source.open())
        follower = Follower(source)
        task = asyncio.create_task(follower.run())
        try:
            yield follower
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    finally:
        await source.close()
