"""A writer who compresses: gzip is read; what would take all memory, or cannot be decompressed, stops nobody else."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from deploy.demo.follow import following
from hub.engine.work import signed_headers
from hub.trust import keys
from hub.trust.jws import Signer
from tests.conftest import Cluster
from tests.faults.logs import entries
from tests.integration.test_bad_input import COURT, dead_letters, events, original, request
from tests.processes import linkage, until

pytestmark = pytest.mark.kafka

BOMB = 64 * 1024 * 1024


def write(cluster: Cluster, topic: str, codec: str, signer: Signer, *values: bytes) -> None:
    """As one batch to the first partition, by a client library of others."""
    producer = Producer(cluster.connection(COURT).admin_settings() | {
        "compression.type": codec, "linger.ms": 200, "message.max.bytes": 2 * BOMB, "acks": "all",
    })  # fmt: skip
    for value in values:
        headers: list[Any] = list(signed_headers(signer.sign(value)))
        producer.produce(topic, value, headers=headers, partition=0)
    assert producer.flush(30) == 0


async def test_a_hostile_batch_is_one_dead_letter_and_the_next_request_is_served(cluster: Cluster, tmp_path: Path) -> None:
    async with linkage(tmp_path, cluster) as made:
        court = Signer(keys.load(made.world.key(COURT)))
        topic = made.topics.requests
        good = [request() for _ in range(6)]
        hostile = [request() + b" " * 5000 for _ in range(3)]  # blanks, so that it is worth compressing
        async with following(cluster.admin, made.topic_names) as follower, made.hub_here():
            def send() -> None:
                write(cluster, topic, "gzip", court, good[0], good[1])
                for codec, value, after in zip(("lz4", "zstd", "snappy"), hostile, good[2:], strict=False):
                    write(cluster, topic, codec, court, value)
                    write(cluster, topic, "none", court, after)
                write(cluster, topic, "gzip", court, bytes(BOMB))
                write(cluster, topic, "none", court, good[5])

            await asyncio.to_thread(send)
            await until(lambda: len(events(follower, "acceptance")) == 6, "every good request is accepted")
            await until(lambda: len(dead_letters(follower)) == 4, "every hostile batch is set aside")
            await follower.caught_up()
    assert [said["correlationid"] for said in events(follower, "acceptance")] == [json.loads(value)["id"] for value in good]
    dead = dead_letters(follower)
    assert {dict(record.headers)["kafka_dlt-exception-fqcn"] for record in dead} == {b"batch-unreadable"}
    assert [original(record)[2] for record in dead] == [2, 4, 6, 8]
    assert max(len(record.value) for record in dead) < 100_000, "as it was sent, not as it would be"
    rejected = [entry for entry in entries(made.log) if entry["kind"] == "message.rejected"]
    assert [entry["code"] for entry in rejected] == ["batch-unreadable"] * 4
