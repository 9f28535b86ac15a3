"""The two measurements: how fast a backlog is worked off, and how long one request takes at a steady rate."""

import asyncio
import gc
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer, TopicPartition

from tests.bench.arena import LANES, Arena, BenchError, Ends, outputs
from tests.bench.child import Child, start
from tests.bench.job import Job
from tests.bench.workload import PARTNERS, Sent

SETTLE = 0.3
"""Seconds between `ready` and the start, so that every contestant has fetched its first records."""
RATE = 100
"""Requests a second in the latency runs."""
WARM_UP = RATE
"""Requests of a latency run that are not counted."""
_POLL = 0.05
_PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Throughput:
    """One run over a backlog of N requests; processor time is the process's own, user and system."""

    requests_per_s: float
    cpu_ms_per_request: float
    peak_rss_mib: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from when a request was due to be sent until the last of its messages was seen by a consumer."""

    p50_ms: float
    p99_ms: float
    peak_rss_mib: float


async def throughput(arena: Arena, job: Job, requests: int) -> Throughput:
    """Work off what stands in the topic. The clock runs from the start signal to the broker's time of the last output.

    Raises `BenchError` when the outputs are not exactly those that `requests` requests come to.
    """
    expected = outputs(job.half, job.prefix, requests)
    topics = list(expected)
    before = await arena.ends(topics)
    async with start(job) as child:
        await asyncio.sleep(SETTLE)
        began = time.time()
        child.go()
        await _all_out(arena, child, before, expected)
        used = await child.stop()
    after = await arena.ends(topics)
    made = {topic: after.counts[topic] - before.counts[topic] for topic in topics}
    if made != expected:
        raise BenchError(f"{job.contestant} published {made} instead of {expected}")
    return Throughput(requests / (after.newest - began), used["cpu_s"] * 1000 / requests, used["peak_rss_mib"])


async def _all_out(arena: Arena, child: Child, before: Ends, expected: dict[str, int]) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        now = await arena.ends(list(expected))
        if all(now.counts[topic] - before.counts[topic] >= count for topic, count in expected.items()):
            return
        if time.monotonic() > end or not child.alive():
            raise BenchError(f"a contestant came to a halt at {dict(now.counts)}")
        await asyncio.sleep(_POLL)


async def latency(arena: Arena, job: Job, groups: Sequence[Sequence[Sent]]) -> Latency:
    """Send one of `groups` (the records of one request) every 10 ms, whatever comes back (an open loop)."""
    due: dict[str, float] = {}
    async with start(job) as child:
        child.go()
        with _undisturbed():
            async with asyncio.TaskGroup() as both:
                watch = both.create_task(_watch(arena, job, len(groups)))
                await both.create_task(_send(arena, job.source, groups, due))
        used = await child.stop()
    seen = watch.result()
    counted = sorted((seen[group[0].request_id] - due[group[0].request_id]) * 1000 for group in groups[WARM_UP:])
    return Latency(_quantile(counted, 0.50), _quantile(counted, 0.99), used["peak_rss_mib"])


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without this process's own collector: with the messages of all runs in memory it stops the sender for a tenth of a second, which would
    count as the contestant's."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _send(arena: Arena, topic: str, groups: Sequence[Sequence[Sent]], due: dict[str, float]) -> None:
    options = arena.admin.options("bench-send")  # without linger, which would be the sender's and not the contestant's
    async with AIOKafkaProducer(**options, acks="all", enable_idempotence=True) as producer:
        confirmations = []
        began = time.monotonic() + 1  # the consumer is connected by then
        for number, group in enumerate(groups):
            at = due[group[0].request_id] = began + number / RATE
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            confirmations += [
                await producer.send(topic, key=record.key, value=record.value, headers=list(record.headers))
                for record in group
            ]
        await asyncio.gather(*confirmations)


async def _watch(arena: Arena, job: Job, requests: int) -> dict[str, float]:
    """Request → when the last of its tasks, or its conclusion, was seen."""
    seen: dict[str, float] = {}
    counts: Counter[str] = Counter()
    async with arena.admin.consumer("bench-watch") as consumer:
        consumer.assign(
            [TopicPartition(topic, lane) for topic in outputs(job.half, job.prefix, 0) for lane in range(LANES)]
        )
        await consumer.seek_to_beginning()
        end = time.monotonic() + _PATIENCE
        while len(seen) < requests:
            if time.monotonic() > end:
                raise BenchError(f"{job.contestant} finished {len(seen)} of {requests} requests in time")
            batches = await consumer.getmany(timeout_ms=200)
            now = time.monotonic()
            for record in (record for records in batches.values() for record in records):
                message = json.loads(record.value)
                request = message["correlationid"]
                counts[request] += message["type"].endswith(".task.v1")
                if counts[request] == len(PARTNERS) or message["type"].endswith(".conclusion.v1"):
                    seen[request] = now
    return seen


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
