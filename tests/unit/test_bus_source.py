"""What is taken of aiokafka's consumer at once, and stopping it, which may raise what looks like a cancellation of ours."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition

from hub.bus.connection import Connection
from hub.bus.source import TAKEN, KafkaSource, _end
from hub.bus.topics import MESSAGE_LIMIT


class Consumer:
    """aiokafka's, so far as stopping goes: it awaits a fetch that it has just cancelled."""

    def __init__(self) -> None:
        self._client = self
        self.closed = False

    async def stop(self) -> None:
        fetch = asyncio.create_task(asyncio.sleep(3600))
        await asyncio.sleep(0)
        fetch.cancel()
        await fetch

    async def close(self) -> None:
        self.closed = True


async def test_who_stops_a_consumer_goes_on() -> None:
    consumer = Consumer()
    with pytest.raises(asyncio.CancelledError):
        await consumer.stop()
    await _end(consumer)
    assert consumer.closed, "its connections, too"


class Backlog:
    """aiokafka's consumer before a partition of many records of this size."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._next = 0

    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[SimpleNamespace]]:
        del timeout_ms
        numbers = range(self._next, self._next + max_records)
        self._next += max_records
        record = {"topic": "t", "partition": 0, "timestamp": 0, "key": None, "headers": ()}
        return {TopicPartition("t", 0): [SimpleNamespace(offset=at, value=bytes(self._size), **record) for at in numbers]}


@pytest.mark.parametrize(("size", "least"), [(MESSAGE_LIMIT, 16), (MESSAGE_LIMIT // 8, 100), (4000, 250)])
async def test_what_is_taken_at_once_is_bounded_by_bytes_and_by_count(monkeypatch: pytest.MonkeyPatch, size: int, least: int) -> None:
    source = KafkaSource(Connection("127.0.0.1:9"), "hub", ["t"])
    monkeypatch.setattr(source, "_consumer", Backlog(size))
    seen = 0
    for _ in range(3):
        taken = await source.take(250, 0)
        assert least <= len(taken) <= 250
        assert sum(len(record.value) for record in taken) <= TAKEN
        assert [record.offset for record in taken] == list(range(seen, seen + len(taken)))
        seen += len(taken)
