"""Publishing records: idempotent, every future awaited, and a producer that failed is thrown away.

After an out-of-order sequence, a fenced id or an unknown outcome an aiokafka producer stays dead, so the next call makes
a new one; the outbox sends again from its first unmarked row.
"""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from hub.bus.connection import Connection
from hub.engine.records import Outgoing
from hub.engine.relay import PublishFailed


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
        try:
            producer = await self._ready()
            futures = [
                await producer.send(item.topic, value=item.value, key=item.key, headers=list(item.headers))
                for item in batch
            ]
            await producer.flush()
            for outcome in await asyncio.gather(*futures, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
                newest = max(newest or 0, outcome.timestamp * 1000)
        except (KafkaError, OSError) as error:
            if producer is not None and producer is self._producer:  # another caller may have replaced it already
                await self.close()
            raise PublishFailed(type(error).__name__) from error
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
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await producer.stop()
            except KafkaError:
                return  # its records are in the outbox still
