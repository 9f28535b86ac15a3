"""Who may read and write what, asked of a real broker with real clients. Each refusal stands beside what is allowed."""

from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError
from confluent_kafka.admin import NewTopic

from hub.bus.admin import connect, provision
from hub.bus.connection import BusError, Connection
from hub.bus.topics import CHECKPOINTS, DEAD_LETTERS, REPLIES, REQUESTS, Plan, results_topic, tasks_topic
from tests.conftest import COURTS, PARTNERS, Cluster

pytestmark = pytest.mark.kafka

EVERYONE = ("hub", *COURTS, *PARTNERS)

MAY_WRITE = [
    ("court-9901", REQUESTS),
    ("bank", REPLIES),
    ("hub", tasks_topic("", "vehicle")),
    ("hub", results_topic("", "court-9901")),
    ("hub", DEAD_LETTERS),
    ("hub", CHECKPOINTS),
]
MAY_NOT_WRITE = [
    ("bank", REQUESTS),
    ("bank", tasks_topic("", "bank")),
    ("bank", results_topic("", "court-9901")),
    ("bank", CHECKPOINTS),
    ("court-9901", REPLIES),
    ("court-9901", tasks_topic("", "bank")),
    ("court-9901", results_topic("", "court-9901")),
    ("court-9901", DEAD_LETTERS),
    ("hub", REQUESTS),
    ("hub", REPLIES),
]
MAY_READ = [
    ("bank", tasks_topic("", "bank")),
    ("vehicle", tasks_topic("", "vehicle")),
    ("court-9901", results_topic("", "court-9901")),
    ("hub", REQUESTS),
    ("hub", REPLIES),
    ("hub", DEAD_LETTERS),
    ("hub", tasks_topic("", "bank")),  # after a restore: what it has said itself
    ("hub", results_topic("", "court-9901")),
    *((party, CHECKPOINTS) for party in EVERYONE),
]
MAY_NOT_READ = [
    ("bank", tasks_topic("", "vehicle")),
    ("bank", tasks_topic("", "bank-two")),
    ("bank", results_topic("", "court-9901")),
    ("bank", REQUESTS),
    ("bank", REPLIES),
    ("bank", DEAD_LETTERS),
    ("court-9901", results_topic("", "court-9902")),
    ("court-9901", tasks_topic("", "bank")),
    ("court-9901", REQUESTS),
    ("court-9901", REPLIES),
]


async def write(connection: Connection, topic: str, value: bytes = b"word") -> None:
    producer = connection.producer("test")
    try:
        await producer.start()
        await producer.send_and_wait(connection.prefix + topic, value, partition=0)
    finally:
        await producer.stop()


async def end(connection: Connection, topic: str) -> int:
    """Where the topic's first partition ends."""
    lane = TopicPartition(connection.prefix + topic, 0)
    async with connection.consumer("test") as consumer:
        consumer.assign([lane])
        return int((await consumer.end_offsets([lane]))[lane])


async def read(connection: Connection, topic: str, group: str | None = None) -> bytes | None:
    """The topic's first record, subscribed to as a stock client does; in a group where one is named, and committing."""
    consumer = AIOKafkaConsumer(
        connection.prefix + topic, **connection.options("test"), group_id=group, auto_offset_reset="earliest",
        enable_auto_commit=False,
    )  # fmt: skip
    try:
        await consumer.start()
        value: bytes | None = (await consumer.getone()).value
        if group:
            await consumer.commit()
        return value
    finally:
        await consumer.stop()


async def test_each_party_writes_where_it_may(cluster: Cluster) -> None:
    for party, topic in MAY_WRITE:
        await write(cluster.connection(party), topic)
        assert await end(cluster.admin, topic) == 1, (party, topic)


async def test_no_party_writes_anywhere_else(cluster: Cluster) -> None:
    for party, topic in MAY_NOT_WRITE:
        with pytest.raises(TopicAuthorizationFailedError):
            await write(cluster.connection(party), topic)
        assert await end(cluster.admin, topic) == 0, (party, topic)


async def test_each_party_reads_what_is_its_own(cluster: Cluster) -> None:
    for topic in {topic for _, topic in MAY_READ}:
        await write(cluster.admin, topic, topic.encode())
    for party, topic in MAY_READ:
        assert await read(cluster.connection(party), topic) == topic.encode(), party


async def test_no_party_reads_anything_else(cluster: Cluster) -> None:
    for topic in {topic for _, topic in MAY_NOT_READ}:
        await write(cluster.admin, topic)
    for party, topic in MAY_NOT_READ:
        with pytest.raises(TopicAuthorizationFailedError):
            await read(cluster.connection(party), topic)


async def test_a_stock_consumer_in_its_own_group(cluster: Cluster) -> None:
    await write(cluster.connection("hub"), tasks_topic("", "bank-two"), b"a task")
    assert await read(cluster.connection("bank-two"), tasks_topic("", "bank-two"), "bank-two") == b"a task"


@pytest.mark.parametrize("group", ["vehicle", "hub", "anything"])
async def test_nobody_joins_the_group_of_another(cluster: Cluster, group: str) -> None:
    await write(cluster.connection("hub"), tasks_topic("", "bank"))
    with pytest.raises(GroupAuthorizationFailedError):
        await read(cluster.connection("bank"), tasks_topic("", "bank"), group)


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param({"password": "another"}, id="wrong-password"),
        pytest.param({"username": "stranger"}, id="unknown-user"),
        pytest.param({"protocol": "PLAINTEXT"}, id="no-credentials"),
    ],
)
async def test_who_does_not_log_in_gets_nowhere(cluster: Cluster, credentials: dict[str, Any]) -> None:
    bank = cluster.connection("bank")
    with pytest.raises(KafkaConnectionError, match="Unable to bootstrap"):
        await write(replace(bank, **credentials), REPLIES)
    await write(bank, REPLIES)
    assert await end(cluster.admin, REPLIES) == 1


def test_provisioning_again_changes_nothing(cluster: Cluster) -> None:
    def topics() -> dict[str, int]:
        found = connect(cluster.admin).list_topics(timeout=10).topics
        return {name: len(topic.partitions) for name, topic in found.items() if name.startswith(cluster.prefix)}

    before = topics()
    provision(cluster.admin, cluster.plan, cluster.passwords)
    assert topics() == before == {topic.name: topic.partitions for topic in cluster.plan.topics}


def test_a_topic_of_another_shape_is_not_passed_over(cluster: Cluster) -> None:
    other = Plan(("court-9901",), ("bank",), prefix=f"{cluster.prefix}other.")
    client = connect(cluster.admin)
    for creation in client.create_topics([NewTopic(other.prefix + REPLIES, 1, 1)]).values():
        creation.result(10)
    with pytest.raises(BusError, match="topic-partitions-differ"):
        provision(cluster.admin, other, {})


def test_only_an_administrator_provisions(cluster: Cluster) -> None:
    with pytest.raises(BusError, match="bus-not-allowed"):
        provision(cluster.connection("hub"), cluster.plan, {})
