"""Publishing records: idempotent, every future awaited, and a producer that failed is thrown away.

After an out-of-order sequence, a fenced id or an unknown outcome an aiokafka producer stays dead, so the next call makes
a new one; the outbox sends again from its first unmarked row. So it is after a long time without an outcome: aiokafka tries
for ever while it believes to know a leader, even where it cannot connect any more, as with an authority that was replaced.
"""

import asyncio
from collections.abc import Sequence
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed

from hub.bus.connection import BusError, Connection
from hub.engine.records import Outgoing
from hub.engine.relay import PublishFailed

PATIENCE = 90.0
"""Longest time for one batch, in seconds; a request of aiokafka's takes up to 40."""


class KafkaSink:
    """A producer that starts when it is needed."""

    def __init__(self, connection: Connection, client_id: str) -> None:
        self._connection = connection
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def publish(self, batch: Sequence[Outgoing]) -> int | None:
        """Publish all of `batch`, in order, and return when the broker has them: its time of the newest. Raises `PublishFailed`."""
        newest: int | None = None
        producer = None
        futures: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(PATIENCE):
                producer = await self._ready()
                for item in batch:
                    futures.append(  # noqa: PERF401 - one that fails must not make us forget those before
                        await producer.send(item.topic, value=item.value, key=item.key, headers=list(item.headers))
                    )
                await producer.flush()
                for outcome in await asyncio.gather(*futures, return_exceptions=True):
                    if isinstance(outcome, BaseException):
                        raise outcome
                    newest = max(newest or 0, outcome.timestamp * 1000)
        except (BusError, KafkaError, OSError) as error:  # a timeout is an OSError
            if producer is not None and producer is self._producer:  # another caller may have replaced it already
                await self.close()
            await asyncio.gather(*futures, return_exceptions=True)
            raise PublishFailed(error.code if isinstance(error, BusError) else type(error).__name__) from error
        return newest

    async def _ready(self) -> AIOKafkaProducer:
        async with self._starting:  # two callers must not start two, of which one would be forgotten
            if self._producer is None:
                producer = self._connection.producer(self._client_id)
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def close(self) -> None:
        """What has no outcome yet is given up: it is in the outbox still."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _end(producer)


async def _end(producer: AIOKafkaProducer) -> None:
    """Stop it without waiting for what it cannot send, which `stop` alone would do, maybe for ever."""
    sending, unsent = producer._sender.sender_task, producer._message_accumulator
    sending.cancel()
    await asyncio.wait([sending])  # a request on its way has its own time limit
    unsent.fail_all(ProducerClosed())
    for part in chain.from_iterable(unsent._batches.values()):
        part._drain_waiter.exception()  # nobody else looks at it
    try:
        await producer.stop()
    except KafkaError:
        return
