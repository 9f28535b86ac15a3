"""A peer without a framework and without promises."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import TopicPartition

from tests.bench.duty import duty_of
from tests.bench.job import BATCH, Job


@asynccontextmanager
async def bare(job: Job, go: asyncio.Event) -> AsyncIterator[None]:
    """A plain aiokafka loop: take a batch, do the bare work, send, await every confirmation."""
    duty = duty_of(job)
    consumer, producer = job.connection.consumer("bare"), job.connection.producer("bare")

    async def loop() -> None:
        await go.wait()
        while True:
            batches = await consumer.getmany(timeout_ms=200, max_records=BATCH)
            confirmations = [
                await producer.send(topic, key=key, value=value, headers=list(headers))
                for records in batches.values() for record in records
                for topic, key, value, headers in duty(record)
            ]  # fmt: skip
            await asyncio.gather(*confirmations)

    async with consumer, producer, asyncio.TaskGroup() as group:
        places = [TopicPartition(job.source, number) for number in range(3)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        work = group.create_task(loop())
        yield
        work.cancel()
