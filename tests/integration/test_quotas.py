"""One agency that floods does not slow the others: the broker's quotas, on a real Kafka."""

import asyncio
from dataclasses import replace

import pytest

from hub.bus.admin import provision
from hub.bus.quotas import limit, rate_of
from hub.bus.topics import QUOTA
from tests.conftest import Cluster

pytestmark = pytest.mark.kafka

FLOOD = 30
PIECE = bytes(32 * 1024)
RATE = 64 * 1024
"""Kafka counts over ten seconds and a piece of one: this many a second let about 22 pieces pass at once."""


async def test_provisioning_sets_the_quotas_of_the_agencies_and_takes_them_away_again(cluster: Cluster) -> None:
    users = ("court-9901", "bank", "hub")
    assert [await rate_of(cluster.admin, user) for user in users] == [QUOTA, QUOTA, None], "whoever provisions has them"
    for quota, rates in ((3_000_000, [3_000_000, 3_000_000, None]), (0, [None] * 3), (0, [None] * 3)):
        await asyncio.to_thread(provision, cluster.admin, replace(cluster.plan, quota=quota), {})
        assert [await rate_of(cluster.admin, user) for user in users] == rates


async def test_a_quota_stands_for_its_user_alone(cluster: Cluster) -> None:
    await limit(cluster.admin, {"court-9902": 3_000_000})
    assert await rate_of(cluster.admin, "court-9902") == 3_000_000
    assert await rate_of(cluster.admin, "hub") is None


async def test_a_court_over_its_quota_waits_and_another_does_not(cluster: Cluster) -> None:
    topic = f"{cluster.prefix}hub.requests.v1"
    await limit(cluster.admin, {"court-9902": RATE, "court-9901": 10_000_000})
    sent: list[str] = []

    async def flood(party: str, pieces: int) -> None:
        async with cluster.connection(party).producer(party) as producer:
            for _ in range(pieces):
                await producer.send_and_wait(topic, PIECE, partition=0)
                sent.append(party)

    async with asyncio.TaskGroup() as group:
        group.create_task(flood("court-9902", FLOOD))
        while sent.count("court-9902") < 24:  # noqa: ASYNC110 - by now it is over its quota
            await asyncio.sleep(0.01)
        group.create_task(flood("court-9901", FLOOD))
    last = {party: len(sent) - sent[::-1].index(party) for party in ("court-9901", "court-9902")}
    assert last["court-9901"] < last["court-9902"], "who came later and kept to the quota is done first"
