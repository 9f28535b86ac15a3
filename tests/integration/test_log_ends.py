"""What a slow copy keeps from being read: it has the broker's time already, so a deadline must wait for it."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiokafka import AIOKafkaProducer

from deploy.kafka import Brokers
from deploy.kafka.node import Node
from hub.bus.admin import connect
from hub.bus.source import KafkaSource
from hub.bus.topics import DEAD_LETTERS
from hub.engine.records import Record
from tests.conftest import Cluster

pytestmark = pytest.mark.kafka


@contextmanager
def still(nodes: list[Node]) -> Iterator[None]:
    """These nodes stand still, as under a long pause of their machines. With most of the quorum among them, nobody is declared
    out of sync, however long it takes."""
    pids = [node.pid for node in nodes if node.pid is not None]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def followers(cluster: Cluster, brokers: Brokers, topic: str) -> list[Node]:
    """The nodes that hold a copy of the topic's first partition and do not lead it."""
    leader = connect(cluster.admin).list_topics(topic, timeout=30).topics[topic].partitions[0].leader
    return [node for node in brokers.nodes if node.number != leader]


async def test_what_a_slow_copy_lacks_lies_before_the_end_of_the_log(secure: Cluster, brokers: Brokers) -> None:
    """On a topic of one partition: the others of three would be led by those that stand still."""
    topic = secure.prefix + DEAD_LETTERS
    place = topic, 0
    source = KafkaSource(secure.connection("hub"), "hub", [topic])
    slow = await asyncio.to_thread(followers, secure, brokers, topic)
    try:
        source.seek(await source.open())
        async with AIOKafkaProducer(**secure.connection("hub").options("hub"), acks=1) as producer:
            await producer.send_and_wait(topic, b"first", partition=0)
            got = await taken(source, 1)
            assert await source.log_ends() == {place: 1}
            with still(slow):
                sent = await producer.send_and_wait(topic, b"second", partition=0)
                assert await source.end_offsets() == {place: 1}, "nobody is given it yet"
                assert await source.log_ends() == {place: 2}
        got = await taken(source, 1)
        assert [(record.value, record.timestamp) for record in got] == [(b"second", sent.timestamp * 1000)], "it has the time of then"
        assert await source.end_offsets() == await source.log_ends() == {place: 2}
    finally:
        await source.close()


async def taken(source: KafkaSource, number: int) -> list[Record]:
    """The next records."""
    found: list[Record] = []
    async with asyncio.timeout(60):
        while len(found) < number:
            found += await source.take(10, 50)
    return found
