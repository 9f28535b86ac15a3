"""Everybody around a hub that is started and killed: a court that asks all the time, five partners that answer, and who looks on."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.demo.processes import Child
from hub.bus.topics import Topics
from tests.bench.arena import LANES, Arena, BenchError
from tests.bench.workload import COURT, PARTNERS, inquiries, replies

PREFIX = "startup."
RATE = 20
"""Requests a second; each makes five tasks, five replies, five results and a conclusion."""
_PATIENCE = 120.0


class Said(NamedTuple):
    """A message of the hub's: when it was seen (monotonic), when the broker had it (since 1970), its event, and of which request."""

    seen: float
    appended: float
    event: str
    request: str


class Scene:
    """The court that asks, the partners that answer, and a reader of all that the hub says."""

    def __init__(self, place: Arena, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        self._consumer = consumer
        self._producer = producer
        self._court = place.signer(COURT)
        self._signers = {partner: place.signer(partner) for partner in PARTNERS}
        self._topics = Topics(PREFIX)
        self._numbers = count()
        self.asked: list[str] = []
        self.said: list[Said] = []

    async def ask(self) -> str:
        """Put one more request onto its topic; its id."""
        (request,) = inquiries(1, self._court, next(self._numbers))
        await self._producer.send_and_wait(self._topics.requests, key=request.key, value=request.value, headers=list(request.headers))
        self.asked.append(request.request_id)
        return request.request_id

    async def ask_on(self) -> None:
        """Steadily, until cancelled."""
        due = time.monotonic()
        while True:
            await self.ask()
            due += 1 / RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def listen(self) -> None:
        """Note what the hub says, and answer its tasks, until cancelled."""
        while True:
            batches = await self._consumer.getmany(timeout_ms=200)
            now = time.monotonic()
            records = [record for found in batches.values() for record in found]
            tasks = []
            for record in records:
                message = json.loads(record.value)
                event = message["type"].split(".")[2]
                self.said.append(Said(now, record.timestamp / 1000, event, message["correlationid"]))
                if event == "task":
                    tasks.append(record.value)
            for answer in replies(tasks, self._signers):
                await self._producer.send(self._topics.replies, key=answer.key, value=answer.value, headers=list(answer.headers))

    async def seen(self, hub: Child, what: Callable[[], float | None]) -> float:
        """When (monotonic) that was seen, which `what` looks for. Raises `BenchError` when it does not come, or the hub ends."""
        end = time.monotonic() + _PATIENCE
        while (at := what()) is None:
            if time.monotonic() > end or hub.process.returncode is not None:
                raise BenchError(f"a hub came to a halt; its last words:\n{hub.log.read_text('utf-8', 'replace')[-3000:]}")
            await asyncio.sleep(0.01)
        return at

    def asked_of_all(self, request: str) -> float | None:
        """When the last of the five tasks of this request was seen."""
        tasks = [said.seen for said in self.said if said.request == request and said.event == "task"]
        return tasks[-1] if len(tasks) >= len(PARTNERS) else None

    def anything_since(self, appended: float) -> float | None:
        """When something was seen that the broker has had since then."""
        return next((said.seen for said in self.said if said.appended > appended), None)

    def concluded(self, requests: Sequence[str]) -> float | None:
        """When the last conclusion of these requests was seen."""
        found = {said.request: said.seen for said in reversed(self.said) if said.event == "conclusion"}
        return max(found[request] for request in requests) if found.keys() >= set(requests) else None


@asynccontextmanager
async def scene(place: Arena) -> AsyncIterator[Scene]:
    """Everybody but the hub, at work."""
    topics = [*map(Topics(PREFIX).tasks, PARTNERS), Topics(PREFIX).results(COURT)]
    options = place.admin.options("bench-parties")  # without linger, which would be the sender's and not the hub's
    async with place.admin.consumer("bench-watch") as consumer, AIOKafkaProducer(**options, acks="all") as producer:
        consumer.assign([TopicPartition(topic, lane) for topic in topics for lane in range(LANES)])
        await consumer.seek_to_beginning()
        made = Scene(place, consumer, producer)
        async with running(made.listen()):
            yield made


@asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    """`work` at work, inside the context."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
