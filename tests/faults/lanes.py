"""A bus in memory that can be seen to lag, to refuse, and to be away: the engine's source and sink."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hub.engine.records import Outgoing, Place, Record
from hub.engine.relay import PublishFailed


class Lanes:
    """Some topics of one partition each. `shown` is how many records of a topic can be read, where not all can; `uncopied`, how
    many more its leader alone has."""

    cluster = "memory"

    def __init__(self, *topics: str) -> None:
        self._lanes: dict[str, list[Record]] = {topic: [] for topic in topics}
        self._next: dict[Place, int] = {}
        self.published: list[Outgoing] = []
        self.shown: dict[str, int] = {}
        self.uncopied: dict[str, int] = {}
        self.away = False
        self.refuses = False
        self.asked = 0

    def put(self, *records: Record) -> None:
        """Append, at the next offset of their topic."""
        for record in records:
            lane = self._lanes[record.topic]
            lane.append(replace(record, offset=len(lane)))

    # -- Source --------------------------------------------------------------------------------------------------------

    async def open(self) -> dict[Place, int]:
        return {(topic, 0): 0 for topic in self._lanes}

    def seek(self, positions: Mapping[Place, int]) -> None:
        self._next = dict(positions)

    async def take(self, most: int, timeout_ms: int) -> list[Record]:
        places = self._next.items()
        taken = [record for (topic, _), at in places for record in self._lanes[topic][at : self.shown.get(topic)]][:most]
        for record in taken:
            self._next[record.topic, 0] = record.offset + 1
        if not taken:
            await asyncio.sleep(min(timeout_ms, 10) / 1000)
        return taken

    async def log_ends(self) -> dict[Place, int]:
        self.asked += 1
        if self.away:
            raise TimeoutError
        return {(topic, 0): len(lane) + self.uncopied.get(topic, 0) for topic, lane in self._lanes.items()}

    # -- Sink ----------------------------------------------------------------------------------------------------------

    async def end_offsets(self) -> dict[Place, int]:
        """Up to what all copies have."""
        return {(topic, 0): len(lane) for topic, lane in self._lanes.items()}

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        if self.refuses:
            raise PublishFailed("refused")
        self.published += batch

    async def close(self) -> None:
        """Nothing to close, as source or as sink."""
