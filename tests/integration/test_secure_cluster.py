"""Three nodes with TLS: every agency on every topic, who is not trusted, and what three copies mean."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from confluent_kafka import Consumer, KafkaError
from confluent_kafka.admin import ConfigResource, ResourceType

from deploy.kafka import Brokers
from deploy.kafka.certificates import Authority
from hub.bus.admin import connect, provision
from hub.bus.connection import BusError, Connection
from hub.bus.topics import CHECKPOINTS, DEAD_LETTERS, REPLIES, REQUESTS, results_topic, tasks_topic
from tests.conftest import COURTS, PARTNERS, Cluster
from tests.integration.test_access_lists import end, write

pytestmark = pytest.mark.kafka

RESULTS = tuple(results_topic("", court) for court in COURTS)
TASKS = tuple(tasks_topic("", partner) for partner in PARTNERS)
EVERY_TOPIC = (REQUESTS, REPLIES, DEAD_LETTERS, CHECKPOINTS, *RESULTS, *TASKS)


def may_write(party: str) -> set[str]:
    if party == "hub":
        return {*RESULTS, *TASKS, DEAD_LETTERS, CHECKPOINTS}
    return {REQUESTS} if party in COURTS else {REPLIES}


def may_read(party: str) -> set[str]:
    if party == "hub":
        return {REQUESTS, REPLIES, DEAD_LETTERS, CHECKPOINTS, *(results_topic("", court) for court in COURTS),
                *(tasks_topic("", partner) for partner in PARTNERS)}  # fmt: skip
    return {CHECKPOINTS, results_topic("", party) if party in COURTS else tasks_topic("", party)}


async def written(connection: Connection, topics: tuple[str, ...]) -> set[str]:
    """Those that this user can write to."""
    found = set()
    async with connection.producer("test") as producer:
        for topic in topics:
            try:
                await producer.send_and_wait(connection.prefix + topic, b"word", partition=0)
                found.add(topic)
            except TopicAuthorizationFailedError:
                continue
    return found


def read(connection: Connection, topics: tuple[str, ...]) -> set[str]:
    """Those that this user can read the first record of; returns once each has given its record or its refusal."""
    settings = {"group.id": connection.username, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer(connection.admin_settings() | settings)
    found: set[str] = set()
    refused: set[str] = set()
    try:
        consumer.subscribe([connection.prefix + topic for topic in topics])
        while len(found | refused) < len(topics):
            record = consumer.poll(30)
            assert record is not None, f"no word on {set(topics) - found - refused}"
            error, topic = record.error(), str(record.topic()).removeprefix(connection.prefix)
            if error is None:
                found.add(topic)
            elif error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                refused.add(topic)
    finally:
        consumer.close()
    assert not found & refused
    return found


async def test_every_agency_on_every_topic(secure: Cluster) -> None:
    assert await written(secure.admin, EVERY_TOPIC) == set(EVERY_TOPIC)

    async def tried(party: str) -> None:
        connection = secure.connection(party)
        assert connection.protocol == "SASL_SSL"
        assert await written(connection, EVERY_TOPIC) == may_write(party), party
        assert await asyncio.to_thread(read, connection, EVERY_TOPIC) == may_read(party), party

    await asyncio.gather(*map(tried, ("hub", *COURTS, *PARTNERS)))


async def test_an_authority_that_did_not_sign_is_refused(secure: Cluster, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Authority().pem)
    bank = replace(secure.connection("bank"), ca_file=other)
    with pytest.raises(BusError, match=r"bus-not-trusted: 127\.0\.0\.1:\d+ shows a certificate that ca_file does not vouch for"):
        await asyncio.to_thread(bank.describe, [])
    with pytest.raises(BusError, match="bus-not-trusted"):
        await asyncio.to_thread(provision, replace(secure.admin, ca_file=other), secure.plan, {})
    with pytest.raises(KafkaConnectionError):
        await write(bank, REPLIES)
    assert await end(secure.admin, REPLIES) == 0


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT"])
async def test_a_client_without_tls_is_refused(secure: Cluster, protocol: str) -> None:
    bank = secure.connection("bank")
    with pytest.raises(KafkaConnectionError):
        await write(replace(bank, protocol=protocol), REPLIES)  # type: ignore[arg-type]  # mypy does not know the parameters' values
    await write(bank, REPLIES)
    assert await end(secure.admin, REPLIES) == 1


async def test_a_wrong_password_is_refused(secure: Cluster) -> None:
    with pytest.raises(KafkaConnectionError):
        await write(replace(secure.connection("bank"), password="another"), REPLIES)


def test_no_listener_is_plain(brokers: Brokers) -> None:
    for node in brokers.nodes:
        lines = dict(line.split("=", 1) for line in (node.folder / "server.properties").read_text("ascii").splitlines())
        protocols = {pair.split(":")[1] for pair in lines["listener.security.protocol.map"].split(",")}
        assert protocols == {"SASL_SSL"}
        for secret in ("server.properties", "node.pem"):
            assert (node.folder / secret).stat().st_mode & 0o077 == 0


def test_every_topic_has_three_copies_of_which_two_are_in_sync(secure: Cluster) -> None:
    client = connect(secure.admin)
    found = client.list_topics(timeout=30).topics
    for spec in secure.plan.topics:
        assert {len(partition.replicas) for partition in found[spec.name].partitions.values()} == {3}, spec.name
        (settings,) = client.describe_configs([ConfigResource(ResourceType.TOPIC, spec.name)]).values()
        assert settings.result(30)["min.insync.replicas"].value == "2", spec.name
