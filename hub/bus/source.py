"""Reading records by hand-assigned partitions, from positions that the store keeps."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from hub.bus.batches import Unread, read_within_bounds
from hub.bus.connection import BusError, Connection
from hub.bus.ends import log_ends
from hub.bus.lenient import read_leniently
from hub.bus.topics import MESSAGE_LIMIT
from hub.bus.watch import Watch
from hub.engine.records import Place, Record

log = structlog.get_logger()

TAKEN = 32 * 1024 * 1024
"""Most bytes of values taken at once: what was compressed takes no more room in Kafka's answer than it had on the line."""
LOOK = 2.0
"""Seconds between two looks at whether the consumer is stuck."""


class KafkaSource:
    """A consumer of partitions of some topics, without a group and so without rebalances.

    A consumer that is stuck is replaced by a new one at the same positions; nothing of it is seen but a line in the log.
    """

    def __init__(self, connection: Connection, client_id: str, topics: Sequence[str]) -> None:
        self._connection = connection
        self._client_id = client_id
        self._topics = topics
        self._consumer: AIOKafkaConsumer | None = None
        self._places: list[TopicPartition] = []
        self._assigned: list[TopicPartition] = []
        self._taken: dict[Place, int] = {}
        self._watch = Watch(0)
        self._watching: asyncio.Task[None] | None = None
        self._spare: AIOKafkaConsumer | None = None
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
        try:
            self._consumer = await self._connect()
            first = self._offsets(await self._consumer.beginning_offsets(self._places))
        except KafkaError as error:
            servers = self._connection.bootstrap_servers
            raise BusError("bus-unreachable", f"Kafka at {servers} went away: {type(error).__name__}") from error
        self._watch = Watch(asyncio.get_running_loop().time())
        self._watching = asyncio.create_task(self._watch_forever())
        return first

    async def _connect(self) -> AIOKafkaConsumer:
        consumer = self._connection.consumer(self._client_id)
        try:
            await consumer.start()
            await consumer._client.set_topics(self._topics)  # else each is asked for when first met, a backoff later
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    def seek(self, positions: Mapping[Place, int]) -> None:
        """Read these partitions and no others, on from these positions."""
        self._assigned = [TopicPartition(*place) for place in positions]
        if self._assigned:
            self._live.assign(self._assigned)
        self._taken = dict(positions)
        for (topic, partition), offset in positions.items():
            self._live.seek(TopicPartition(topic, partition), offset)

    async def take(self, most: int, timeout_ms: int) -> list[Record]:
        """The next records, at most `most` and not more than memory should hold, in order within each partition; empty after
        `timeout_ms` without any.

        Never cancel this: aiokafka then loses count of its calls.
        """
        if self._spare is not None:
            await self._replace()
        found: list[Record] = []
        held = 0
        while (count := min(most - len(found), (TAKEN - held) // MESSAGE_LIMIT)) > 0:
            piece = await self._take(count, 0 if found else timeout_ms)
            found += piece
            held += sum(len(record.value) for record in piece)
            if len(piece) < count:
                self._watch.drained()
                break
        return found

    async def _take(self, most: int, timeout_ms: int) -> list[Record]:
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
        """Where each partition ends now for whoever reads it: all copies in sync have it so far."""
        return self._offsets(await self._live.end_offsets(self._places))

    async def log_ends(self) -> dict[Place, int]:
        """Where each partition's log ends now, what cannot be read yet included."""
        return self._offsets(await log_ends(self._live, self._places))

    async def offsets_since(self, at: int) -> dict[Place, int]:
        """The first offset of each partition that the broker has had since `at` (µs); its end where there is none."""
        found = await self._live.offsets_for_times({place: at // 1000 for place in self._places})
        ends = await self._live.end_offsets(self._places)
        return self._offsets({place: ends[place] if (first := found[place]) is None else first.offset for place in self._places})

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
            self._watching = None
        for consumer in (self._consumer, self._spare):
            if consumer is not None:
                await _end(consumer)
        self._consumer = self._spare = None

    # -- replacing a stuck consumer ------------------------------------------------------------------------------------

    async def _watch_forever(self) -> None:
        """Look whether the consumer is stuck, and have another ready for the next `take`, which alone may replace it."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                ends = await self.end_offsets()
            except Exception:  # noqa: BLE001 - whatever hides the broker, it has not answered
                ends = None
            if self._spare is None and self._watch.is_stuck(ends, self._taken, asyncio.get_running_loop().time()):
                try:
                    self._spare = await self._connect()
                except Exception as error:  # noqa: BLE001 - likewise: the old consumer stays
                    log.warning("bus.no-new-consumer", reason=error.code if isinstance(error, BusError) else type(error).__name__)

    async def _replace(self) -> None:
        """Read on with the spare consumer, from where we stand."""
        stuck, self._consumer, self._spare = self._live, self._spare, None
        log.warning("bus.consumer-replaced", topics=list(self._topics), advice="it was stuck; reading on from the same positions")
        self.seek(self._taken)
        await _end(stuck)

    @staticmethod
    def _offsets(found: Mapping[TopicPartition, int]) -> dict[Place, int]:
        return {(place.topic, place.partition): at for place, at in found.items()}


async def _end(consumer: AIOKafkaConsumer) -> None:
    """Stop it. With fetches on their way `stop` raises their CancelledError, which must not be taken for one of ours: the
    reader would end without a word. What it then leaves open is closed here."""
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait([stopping])
    if stopping.cancelled() or stopping.exception() is not None:
        await consumer._client.close()
