"""What stands in Kafka already: the last signed checkpoint, and everything that the hub has said since some time."""

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiokafka.errors import KafkaError

from hub.bus.connection import BusError, Connection
from hub.bus.source import KafkaSource
from hub.engine.records import Place, Record
from hub.trust.checkpoints import Checkpoint, open_checkpoint
from hub.trust.errors import NoteError
from hub.trust.notes import NoteVerifier
from schemas.base import micros

_BATCH = 2000
_PATIENCE = 30
"""Seconds without a record that must be there."""
_LAST = 20
"""So many of the newest records are looked at for a checkpoint of this log's: the topic may hold those of a key before."""


@asynccontextmanager
async def opened(connection: Connection, party: str, topics: Collection[str]) -> AsyncIterator[tuple[KafkaSource, dict[Place, int]]]:
    """A source of these topics, and the first offset of each partition. Raises `BusError`."""
    source = KafkaSource(connection, party, list(topics))
    try:
        yield source, await source.open()
    except KafkaError as error:
        raise BusError("bus-unreadable", f"{type(error).__name__} while reading {', '.join(topics)}; check Kafka, and the hub's "
                       "permissions with `liandong bus provision`") from error  # fmt: skip
    finally:
        await source.close()


async def read_on(source: KafkaSource, start: Mapping[Place, int]) -> AsyncGenerator[Record]:
    """Every record from `start` to where the partitions end now. Raises `BusError` when they do not come."""
    ends = await source.end_offsets()
    left = {place: offset for place, offset in start.items() if offset < ends[place]}
    source.seek(left)
    heard = time.monotonic()
    while left:
        records = await source.take(_BATCH, 500)
        if records:
            heard = time.monotonic()
        elif time.monotonic() - heard > _PATIENCE:
            raise BusError("bus-silent", f"Kafka does not give what stands in {', '.join(sorted({topic for topic, _ in left}))}")
        for record in records:
            yield record
            place = record.topic, record.partition
            if record.offset + 1 >= ends[place]:
                left.pop(place, None)


async def last_checkpoint(connection: Connection, party: str, topic: str, verifier: NoteVerifier) -> Checkpoint | None:
    """The newest checkpoint of this log in the topic."""
    found = None
    async with opened(connection, party, [topic]) as (source, first):
        ends = await source.end_offsets()
        async for record in read_on(source, {place: max(offset, ends[place] - _LAST) for place, offset in first.items()}):
            try:
                checkpoint = open_checkpoint(record.value, verifier)
            except NoteError:
                continue
            if found is None or checkpoint.size >= found.size:
                found = checkpoint
    return found


@dataclass(frozen=True, slots=True)
class Own:
    """What a message of the hub's own says of itself: its id, whose answer it is, and as of when (µs)."""

    id: str
    cause: str | None = None
    at: int | None = None


def own(record: Record) -> Own | None:
    """A message of the hub's own, or a dead letter by the place that it had; none for what is neither, or was replayed."""
    headers = dict(record.headers)
    if "hub-replay-id" in headers:
        return None
    if "kafka_dlt-original-topic" in headers:
        return Own("/".join(headers[f"kafka_dlt-original-{name}"].decode() for name in ("topic", "partition", "offset")))
    try:
        body = json.loads(record.value)
        return Own(str(body["id"]), body.get("causationid"), micros(datetime.fromisoformat(body["time"])))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
