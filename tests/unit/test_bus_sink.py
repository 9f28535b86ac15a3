"""A producer that gets nowhere is given up, and the next batch has a new one."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from hub.bus import sink as bus_sink
from hub.bus.connection import BusError
from hub.bus.sink import KafkaSink
from hub.engine.records import Outgoing
from hub.engine.relay import PublishFailed

BATCH = [Outgoing(1, "topic", None, b"one", ()), Outgoing(2, "topic", None, b"two", ())]


class Producer:
    """aiokafka's, so far as the sink uses it. One that `hangs` neither confirms nor refuses."""

    def __init__(self, *, hangs: bool) -> None:
        self._hangs = hangs
        self._futures: list[asyncio.Future[Any]] = []
        self._message_accumulator = self._sender = self
        self._batches: dict[str, list[object]] = {}
        self.sender_task = asyncio.get_running_loop().create_future()
        self.flushing = asyncio.Event()
        self.stopped = False

    async def start(self) -> None: ...

    async def send(self, *_: object, **__: object) -> "asyncio.Future[Any]":
        future = asyncio.get_running_loop().create_future()
        if not self._hangs:
            future.set_result(SimpleNamespace(timestamp=1_000))
        self._futures.append(future)
        return future

    async def flush(self) -> None:
        self.flushing.set()
        await asyncio.wait(self._futures)

    async def stop(self) -> None:
        await self.flush()
        self.stopped = True

    def fail_all(self, error: Exception) -> None:
        for future in self._futures:
            if not future.done():
                future.set_exception(error)


@dataclass
class Made:
    """A connection that hands these out; what is no producer, it raises."""

    waiting: list[Producer | BusError]
    given: list[Producer] = field(default_factory=list)

    def producer(self, _: str) -> Producer:
        made = self.waiting.pop(0)
        if isinstance(made, BusError):
            raise made
        self.given.append(made)
        return made


def sink(*producers: Producer | BusError) -> tuple[KafkaSink, Made]:
    made: Any = Made(list(producers))
    return KafkaSink(made, "test"), made


async def test_one_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_sink, "PATIENCE", 0.05)
    out, made = sink(Producer(hangs=True), Producer(hangs=False))
    with pytest.raises(PublishFailed, match="TimeoutError"):
        await out.publish(BATCH)
    assert made.given[0].stopped
    await out.publish(BATCH)
    assert not made.given[1].stopped
    await out.close()
    assert made.given[1].stopped


async def test_closing_does_not_wait_for_one_that_hangs() -> None:
    hanging = Producer(hangs=True)
    out, _ = sink(hanging)
    publishing = asyncio.create_task(out.publish(BATCH))
    await hanging.flushing.wait()
    await out.close()
    with pytest.raises(PublishFailed, match="ProducerClosed"):
        await publishing


async def test_a_ca_file_of_no_use_for_a_moment_is_no_end() -> None:
    out, _ = sink(BusError("ca-missing", "ca.pem cannot be read"), Producer(hangs=False))
    with pytest.raises(PublishFailed, match="ca-missing"):
        await out.publish(BATCH)
    await out.publish(BATCH)
    await out.close()
