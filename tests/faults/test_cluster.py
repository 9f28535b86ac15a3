"""Three nodes with TLS, of which one, two and all are killed under a hub and a connector at work: nothing lost, nothing doubled."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.demo.follow import Follower, following
from deploy.demo.processes import Child
from deploy.kafka import Brokers
from deploy.kafka.node import Node
from hub.bus import source as bus_source
from hub.bus.admin import connect
from hub.bus.source import KafkaSource
from hub.bus.topics import DEAD_LETTERS, REPLIES, REQUESTS, tasks_topic
from hub.bus.watch import Watch
from tests.conftest import Cluster
from tests.faults import history
from tests.faults.cast import inquiries, shuffled
from tests.faults.logs import ended, logged
from tests.integration.test_access_lists import write
from tests.processes import Linkage, Voice, linkage, until
from tests.simulators import simulator

pytestmark = pytest.mark.kafka

COURT, BANK = "court-9901", "bank"
WAVE = 10
LONGER_THAN_A_REQUEST = 42.0
"""aiokafka gives up a request after 40 s, and with it whatever it believed of the producer's sequence."""


@dataclass
class Stage:
    """A court, a hub and a bank's connector in processes of their own, and a reader of everything."""

    linkage: Linkage
    follower: Follower
    court: Voice
    brokers: Brokers
    processes: list[Child]
    rng: Random = field(default_factory=lambda: Random(20261128))  # noqa: S311 - a seeded script, no secret
    asked: set[str] = field(default_factory=set)

    async def wave(self) -> None:
        """Some inquiries, a few of them twice; returns once Kafka has confirmed them."""
        made = inquiries(COURT, WAVE, BANK)
        self.asked |= made.keys()
        await self.court.say(self.linkage.topics.requests, *shuffled(list(made.values()), self.rng))

    async def tasked(self) -> None:
        """Return once the hub is in the middle of it: it has sent a task and not concluded all."""
        before = len(self._of("task"))
        await until(lambda: len(self._of("task")) > before, "the hub sends tasks")

    def _of(self, event: str) -> list[history.Said]:
        return history.of(history.read(self.follower.records, self.linkage.cluster.prefix), event)

    def leader(self, topic: str, partition: int = 0) -> Node:
        """The node that leads that partition now."""
        name = self.linkage.cluster.prefix + topic
        found = connect(self.linkage.cluster.admin).list_topics(name, timeout=30).topics[name]
        return self.brokers.nodes[found.partitions[partition].leader - 1]

    def authority(self) -> bytes:
        """What the clients trust."""
        return self.brokers.ca_file.read_bytes() if self.brokers.ca_file else b""

    async def verdict(self) -> list[str]:
        """Everything that is wrong, once every request is concluded and hub and connector have ended cleanly."""
        await until(lambda: {said.request for said in self._of("conclusion")} >= self.asked, "all is concluded")
        messages = await ended(self.linkage, self.follower, *reversed(self.processes))
        sent = {said.body["id"] for said in history.of(messages, "request")}
        silent = [f"{said.request}: the bank is called silent" for said in history.of(messages, "non-response")]
        return [*history.check(messages, logged(self.linkage.log)), *silent, *(f"{each}: lost" for each in self.asked ^ sent)]


@asynccontextmanager
async def stage(cluster: Cluster, brokers: Brokers, folder: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(linkage(folder, cluster))
        follower = await stack.enter_async_context(following(cluster.admin, made.topic_names))
        court = await stack.enter_async_context(made.voice(COURT))
        address = stack.enter_context(simulator(BANK))
        hub = await made.hub()
        connector = await made.connector(BANK, {"base_url": address})
        yield Stage(made, follower, court, brokers, [hub, connector])


async def start(nodes: Iterable[Node]) -> None:
    """Start those again that do not run; together, as they may be each other's quorum."""
    await asyncio.gather(*(node.start() for node in nodes if node.pid is None))


async def confirmed(cluster: Cluster, topic: str) -> bool:
    """Whether Kafka confirms one record to a producer of little patience; one of ours would wait."""
    producer = AIOKafkaProducer(**cluster.connection("hub").options("impatient"), acks="all", request_timeout_ms=4000)
    try:
        await producer.start()
        await producer.send_and_wait(cluster.prefix + topic, b"{}")
    except KafkaError:
        return False
    finally:
        await producer.stop()
    return True


@pytest.mark.faults
@pytest.mark.parametrize("topic", [REQUESTS, REPLIES])
async def test_a_leader_is_killed_and_then_two_nodes_at_once(
    secure: Cluster, brokers: Brokers, tmp_path: Path, topic: str
) -> None:
    async with stage(secure, brokers, tmp_path) as play:
        sending = asyncio.create_task(play.wave())
        await play.tasked()
        leader = await asyncio.to_thread(play.leader, topic)
        leader.kill()
        await sending
        await play.wave()
        await start([leader])
        survivor = await asyncio.to_thread(play.leader, DEAD_LETTERS)
        for node in brokers.nodes:
            if node is not survivor:
                node.kill()
        sending = asyncio.create_task(play.wave())
        assert not await confirmed(secure, DEAD_LETTERS), "one copy alone is no success, though its leader lives"
        assert not sending.done()
        await start(brokers.nodes)
        await sending
        assert await play.verdict() == []
    assert await confirmed(secure, DEAD_LETTERS)


@pytest.mark.faults
async def test_all_nodes_are_away_for_longer_than_a_request_and_come_back_with_another_authority(
    secure: Cluster, brokers: Brokers, tmp_path: Path
) -> None:
    async with stage(secure, brokers, tmp_path) as play:
        sending = asyncio.create_task(play.wave())
        await play.tasked()
        brokers.kill()
        more = asyncio.create_task(play.wave())
        await asyncio.sleep(LONGER_THAN_A_REQUEST)  # the outage itself, and not luck, is what the test is about
        assert not more.done()
        before = await asyncio.to_thread(play.authority)
        await brokers.start()
        assert secure.bootstrap_servers == brokers.bootstrap_servers
        assert await asyncio.to_thread(play.authority) != before
        await asyncio.gather(sending, more)
        await play.wave()
        assert await play.verdict() == []


async def test_a_consumer_that_is_stuck_after_a_restart_is_replaced(
    secure: Cluster, brokers: Brokers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some partitions give nothing more, without an error: what aiokafka's issues 1154 and 625 look like from outside."""
    monkeypatch.setattr(bus_source, "LOOK", 0.1)
    monkeypatch.setattr(bus_source, "Watch", lambda now: Watch(now, patience=1))
    topic = tasks_topic("", BANK)
    source = KafkaSource(secure.connection(BANK), BANK, [secure.prefix + topic])
    try:
        source.seek(await source.open())
        sent = [f"task {number}".encode() for number in range(4)]
        await write(secure.connection("hub"), topic, sent[0])
        got = await taken(source, 1)
        first = source._live
        (leader,) = {node for node in brokers.nodes if node.number == 1}
        leader.kill()
        first.pause(*first.assignment())
        await start([leader])
        for value in sent[1:]:
            await write(secure.connection("hub"), topic, value)
        got += await taken(source, 3)
        assert [record.decode() for record in got] == [value.decode() for value in sent]
        assert source._live is not first
        second = source._live
        await write(secure.connection("hub"), topic, b"one more")
        assert await taken(source, 1) == [b"one more"]
        assert source._live is second, "one that works is kept"
    finally:
        await source.close()


async def taken(source: KafkaSource, number: int) -> list[bytes]:
    """The next records' values."""
    found: list[bytes] = []
    async with asyncio.timeout(60):
        while len(found) < number:
            found += [record.value for record in await source.take(100, 50)]
    return found
