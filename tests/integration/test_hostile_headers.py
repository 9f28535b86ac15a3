"""Kafka lets any writer send headers without a value, or with a name that is no text: neither may stop a partition."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from hub.bus.source import KafkaSource
from hub.bus.topics import Topics
from hub.engine.records import Record
from tests.conftest import Cluster

pytestmark = pytest.mark.kafka


class _Name(str):
    """A header's name whose bytes are no UTF-8."""

    def encode(self, *_: object, **__: object) -> bytes:
        return b"\xff\xfe"


@pytest_asyncio.fixture
async def court(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AIOKafkaProducer]:
    # The compiled builder would refuse such a name itself; other client libraries do not.
    for module in ("message_accumulator", "producer"):
        monkeypatch.setattr(f"aiokafka.producer.{module}.DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)  # as it was, afterwards
    producer = cluster.connection("court-9901").producer("court-9901")
    await producer.start()
    yield producer
    await producer.stop()


async def test_what_stands_beside_such_a_record_is_read(cluster: Cluster, court: AIOKafkaProducer) -> None:
    topic = Topics(cluster.prefix).requests
    futures = [
        await court.send(topic, value, partition=0, headers=headers)
        for value, headers in (
            (b"before", []), (b"null", [("jws", None)]), (b"name", [(_Name("x"), b"1")]), (b"after", [("jws", b"a")]),
        )
    ]  # fmt: skip
    await asyncio.gather(*futures)
    source = KafkaSource(cluster.connection("hub"), "hub", [topic])
    found: list[Record] = []
    try:
        source.seek(await source.open())
        async with asyncio.timeout(30):
            while len(found) < 4:
                found += await source.take(10, 200)
    finally:
        await source.close()
    assert [record.value for record in found] == [b"before", b"null", b"name", b"after"]
    assert found[1].headers == (("jws", b""),)
    assert [value for _, value in found[2].headers] == [b"1"]
