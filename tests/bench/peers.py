"""Peers on FastStream, a framework that gives a handler each message, or each batch, and keeps nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from faststream.kafka import KafkaBroker, KafkaMessage, TopicPartition
from faststream.security import SASLScram512

from tests.bench.duty import Made, duty_of
from tests.bench.job import BATCH, Job


@asynccontextmanager
async def faststream_one(job: Job, go: asyncio.Event) -> AsyncIterator[None]:
    """FastStream with its usual subscriber, called with one message at a time.

    Confirmations are awaited 500 at a time: awaiting each would cost the linger time per message.
    """
    duty, broker = duty_of(job), _faststream(job)
    confirmations: list[Any] = []

    @broker.subscriber(**_subscription(job))  # type: ignore[untyped-decorator]  # FastStream is not checked
    async def handle(message: KafkaMessage) -> None:
        await go.wait()
        await _publish(broker, duty(message.raw_message), confirmations)
        if len(confirmations) >= BATCH:
            await asyncio.gather(*confirmations)
            confirmations.clear()

    async with broker:
        await broker.start()
        yield
        await asyncio.gather(*confirmations)


@asynccontextmanager
async def faststream_batch(job: Job, go: asyncio.Event) -> AsyncIterator[None]:
    """FastStream with a batch subscriber."""
    duty, broker = duty_of(job), _faststream(job)

    @broker.subscriber(batch=True, max_records=BATCH, **_subscription(job))  # type: ignore[untyped-decorator]  # likewise
    async def handle(message: KafkaMessage) -> None:
        await go.wait()
        confirmations: list[Any] = []
        for record in message.raw_message:
            await _publish(broker, duty(record), confirmations)
        await asyncio.gather(*confirmations)

    async with broker:
        await broker.start()
        yield


def _faststream(job: Job) -> KafkaBroker:
    """A FastStream broker with the hub's own producer options, but a linger, and without its log line per message."""
    connection = job.connection
    return KafkaBroker(
        connection.bootstrap_servers, security=SASLScram512(connection.username, connection.password), logger=None,
        # The linger does it good, one by one by a third; the hub and the bare loop, which await a batch's confirmations together, have none.
        acks="all", enable_idempotence=True, linger_ms=5, max_batch_size=256 * 1024, max_request_size=4 * 1024 * 1024,
        allow_auto_create_topics=False,
    )  # fmt: skip


def _subscription(job: Job) -> dict[str, Any]:
    """The hub's own consumer options; the record is not decoded, since the signature covers its bytes."""

    async def undecoded(message: Any) -> Any:
        return message.body

    return {
        "partitions": [TopicPartition(job.source, number, declare=False) for number in range(3)],
        "auto_offset_reset": "earliest", "fetch_max_wait_ms": 100, "decoder": undecoded,
        "max_partition_fetch_bytes": 4 * 1024 * 1024, "fetch_max_bytes": 64 * 1024 * 1024,
    }  # fmt: skip


async def _publish(broker: KafkaBroker, made: Iterable[Made], confirmations: list[Any]) -> None:
    for topic, key, value, headers in made:
        confirmations.append(await broker.publish(
            value, topic, key=key, headers={name: text.decode() for name, text in headers}, no_confirm=True
        ))  # fmt: skip
