"""Reading records by hand-assigned partitions, from positions that the store keeps."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.bus.batches import Unread, read_within_bounds
from hub.bus.connection import Connection
from hub.bus.lenient import read_leniently
from hub.engine.records import Place, Record

log = structlog.get_logger()


class KafkaSource:
    """A consumer of partitions of some topics, without a group and so without rebalances."""

    def __init__(self, connection: Connection, client_id: str, topics: Sequence[str]) -> None:
        self._connection = connection
        self._client_id = client_id
        self._topics = topics
        self._consumer: AIOKafkaConsumer | None = None
        self._places: list[TopicPartition] = []
        self._assigned: list[TopicPartition] = []
        self._taken: dict[Place, int] = {}
        self.cluster = ""

    @property
    def _live(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise RuntimeError("the source is not open")
        return self._consumer

    async def open(self) -> dict[Place, int]:
        """Connect. Returns the first offset that each partition still holds. Raises `BusError`."""
        self.cluster, counts = await asyncio.to_thread(self._connection.describe, self._topics)
        self._places = [TopicPartition(topic, n) for topic, count in counts.items() for n in range(count)]
        read_within_bounds()
        self._consumer = self._connection.consumer(self._client_id)
        await self._consumer.start()
        return self._offsets(await self._consumer.beginning_offsets(self._places))

    def seek(self, positions: Mapping[Place, int]) -> None:
        """Read these partitions and no others, on from these positions."""
        self._assigned = [TopicPartition(*place) for place in positions]
        if self._assigned:
            self._live.assign(self._assigned)
        for (topic, partition), offset in positions.items():
            self._taken[topic, partition] = offset
            self._live.seek(TopicPartition(topic, partition), offset)

    async def take(self, most: int, timeout_ms: int) -> list[Record]:
        """The next records, at most `most`, in order within each partition; empty after `timeout_ms` without any.

        Never cancel this: aiokafka then loses count of its calls.
        """
        try:
            batches = await self._live.getmany(timeout_ms=timeout_ms, max_records=most)
        except UnicodeDecodeError:
            await self._read_again_leniently()
            return []
        found = [
            Record(record.topic, record.partition, record.offset, record.timestamp * 1000, record.key,
                   bytes(record.value or b""), tuple((name, value or b"") for name, value in record.headers),
                   "batch-unreadable" if isinstance(record.value, Unread) else "")
            for records in batches.values() for record in records
        ]  # fmt: skip
        for record in found:
            self._taken[record.topic, record.partition] = record.offset + 1
        return found

    async def _read_again_leniently(self) -> None:
        """A header's name is not UTF-8: whatever was fetched with it is fetched again, from where we stand."""
        log.warning("bus.header-name-not-utf8", advice="reading with the slower, lenient parser from now on")
        read_leniently()
        for place in self._assigned:
            at = self._taken.get((place.topic, place.partition))
            self._live.seek(place, at if at is not None else await self._live.position(place))

    async def end_offsets(self) -> dict[Place, int]:
        """Where each partition ends now."""
        return self._offsets(await self._live.end_offsets(self._places))

    async def offsets_since(self, at: int) -> dict[Place, int]:
        """The first offset of each partition that the broker has had since `at` (µs); its end where there is none."""
        found = await self._live.offsets_for_times({place: at // 1000 for place in self._places})
        ends = await self._live.end_offsets(self._places)
        return self._offsets({place: ends[place] if (first := found[place]) is None else first.offset for place in self._places})

    async def close(self) -> None:
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None

    @staticmethod
    def _offsets(found: Mapping[TopicPartition, int]) -> dict[Place, int]:
        return {(place.topic, place.partition): at for place, at in found.items()}
