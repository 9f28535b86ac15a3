"""Stopping aiokafka's consumer, which may raise what looks like a cancellation of ours."""

import asyncio

import pytest

from hub.bus.source import _end


class Consumer:
    """aiokafka's, so far as stopping goes: it awaits a fetch that it has just cancelled."""

    def __init__(self) -> None:
        self._client = self
        self.closed = False

    async def stop(self) -> None:
        fetch = asyncio.create_task(asyncio.sleep(3600))
        await asyncio.sleep(0)
        fetch.cancel()
        await fetch

    async def close(self) -> None:
        self.closed = True


async def test_who_stops_a_consumer_goes_on() -> None:
    consumer = Consumer()
    with pytest.raises(asyncio.CancelledError):
        await consumer.stop()
    await _end(consumer)
    assert consumer.closed, "its connections, too"
